"""PaliGemma, Gemma 3 and 4."""

from typing import Any

from logit_lens.model.processor import processor_class

from .base import VISION, text, tf, vision
from .twin import Family

GEMMA_TOKENS = {
    "image_token": "<image_soft_token>",
    "boi_token": "<start_of_image>",
    "eoi_token": "<end_of_image>",
}


def gemma3(ids: dict[str, int], vocab: int) -> Any:
    return tf.Gemma3Config(
        text_config=text("gemma3_text", vocab, tie_word_embeddings=True),
        vision_config=vision("siglip_vision_model", 896, 14, vision_use_head=False),
        mm_tokens_per_image=256,
        image_token_index=ids["<image_soft_token>"],
        boi_token_index=ids["<start_of_image>"],
        eoi_token_index=ids["<end_of_image>"],
    )


def gemma3_processor() -> Any:
    def make(tokenizer: Any) -> Any:
        images = tf.Gemma3ImageProcessorPil(size={"height": 896, "width": 896})
        return tf.Gemma3Processor(image_processor=images, tokenizer=tokenizer)

    return make


def gemma4(ids: dict[str, int], vocab: int) -> Any:
    return tf.Gemma4Config(
        text_config=text(
            "gemma4_text",
            vocab,
            global_head_dim=8,
            hidden_size_per_layer_input=8,
            vocab_size_per_layer_input=vocab,
            final_logit_softcapping=3.0,
            tie_word_embeddings=True,
        ),
        vision_config=dict(
            **VISION, num_key_value_heads=4, head_dim=8, position_embedding_size=256
        ),
        audio_config=None,
        image_token_id=ids["<|image|>"],
        video_token_id=ids["<|video|>"],
        boi_token_id=ids["<|image>"],
        eoi_token_id=ids["<image|>"],
        audio_token_id=ids["<|audio|>"],
    )


def gemma4_processor(tokenizer: Any) -> Any:
    return processor_class("Gemma4Processor")(
        feature_extractor=None,
        image_processor=tf.Gemma4ImageProcessorPil(),
        tokenizer=tokenizer,
        video_processor=None,
    )


def paligemma(text_type: str, **more: Any) -> Any:
    def make(ids: dict[str, int], vocab: int) -> Any:
        return tf.PaliGemmaConfig(
            vision_config=vision("siglip_vision_model", 224, 14, vision_use_head=False),
            text_config=text(text_type, vocab, tie_word_embeddings=True, **more),
            image_token_index=ids["<image>"],
            projection_dim=32,
            hidden_size=32,
            vocab_size=vocab,
        )

    return make


def paligemma_processor(tokenizer: Any) -> Any:
    images = tf.SiglipImageProcessorPil(size={"height": 224, "width": 224})
    images.image_seq_length = 256
    return tf.PaliGemmaProcessor(image_processor=images, tokenizer=tokenizer)


IMAGE = {"image_token": "<image>"}
GEMMA4_TOKENS = {
    "image_token": "<|image|>",
    "boi_token": "<|image>",
    "eoi_token": "<image|>",
    "audio_token": "<|audio|>",
    "boa_token": "<|audio>",
    "eoa_token": "<audio|>",
    "video_token": "<|video|>",
}

FAMILIES = [
    Family(
        "gemma3",
        gemma3,
        gemma3_processor(),
        GEMMA_TOKENS,
        holder="<start_of_image>",
        sizes=((120, 80), (72, 112)),
        slow_wiring=True,
    ),
    Family(
        "gemma3-pan-and-scan",
        gemma3,
        gemma3_processor(),
        GEMMA_TOKENS,
        holder="<start_of_image>",
        options={"images_kwargs": {"do_pan_and_scan": True, "pan_and_scan_min_crop_size": 60}},
        sizes=((252, 100), (90, 290)),
        slow_wiring=True,
    ),
    Family("gemma4", gemma4, gemma4_processor, GEMMA4_TOKENS, holder="<|image|>", tail="replay"),
    Family("paligemma", paligemma("gemma"), paligemma_processor, IMAGE, holder=""),
    Family(
        "paligemma2",
        paligemma("gemma2", final_logit_softcapping=3.0),
        paligemma_processor,
        IMAGE,
        holder="",
        tail="replay",
    ),
]
