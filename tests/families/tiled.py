"""Families that cut an image into tiles, and those that pad it to a square."""

from typing import Any

from logit_lens.model.processor import processor_class

from .base import text, tf, vision
from .twin import Family


def idefics3(config: Any, tower: str, image_size: int, patch_size: int, scale: int) -> Any:
    return lambda ids, vocab: config(
        vision_config=vision(tower, image_size, patch_size),
        text_config=text("llama", vocab),
        image_token_id=ids["<image>"],
        scale_factor=scale,
        pad_token_id=0,
    )


def idefics3_processor(name: str, images: str, tile: int, longest: int, tokens: int) -> Any:
    def make(tokenizer: Any) -> Any:
        cls = processor_class(name)
        parts = {"video_processor": None} if "video_processor" in cls.get_attributes() else {}
        return cls(
            image_processor=getattr(tf, images)(
                size={"longest_edge": longest}, max_image_size={"longest_edge": tile}
            ),
            tokenizer=tokenizer,
            image_seq_len=tokens,
            **parts,
        )

    return make


IDEFICS3_EXTRA = [
    *(f"<row_{r}_col_{c}>" for r in range(1, 7) for c in range(1, 7)),
    "<global-img>",
    "<fake_token_around_image>",
    "<end_of_utterance>",
    "<image>",
    "<video>",
]


def internvl(ids: dict[str, int], vocab: int) -> Any:
    return tf.InternVLConfig(
        vision_config=vision("internvl_vision", [448, 448], [14, 14]),
        text_config=text("qwen2", vocab),
        image_token_id=ids["<IMG_CONTEXT>"],
    )


def internvl_processor(tokenizer: Any) -> Any:
    return processor_class("InternVLProcessor")(
        image_processor=tf.GotOcr2ImageProcessorPil(
            size={"height": 448, "width": 448}, crop_to_patches=True
        ),
        tokenizer=tokenizer,
        video_processor=None,
    )


INTERNVL_TOKENS = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}


def aya(ids: dict[str, int], vocab: int) -> Any:
    return tf.AyaVisionConfig(
        vision_config=vision("siglip_vision_model", 364, 14, vision_use_head=False),
        text_config=text("cohere2", vocab, logit_scale=0.0625),
        image_token_index=ids["<|IMG_PATCH|>"],
    )


def aya_processor(tokenizer: Any) -> Any:
    return tf.AyaVisionProcessor(
        image_processor=tf.GotOcr2ImageProcessorPil(
            size={"height": 364, "width": 364}, crop_to_patches=True
        ),
        tokenizer=tokenizer,
        patch_size=14,
        img_size=364,
        downsample_factor=2,
    )


AYA_EXTRA = [
    "<image>",
    "<|START_OF_IMG|>",
    "<|END_OF_IMG|>",
    "<|IMG_PATCH|>",
    "<|IMG_LINE_BREAK|>",
    "TILE_GLOBAL",
    *(f"TILE_{i}" for i in range(1, 13)),
]


def deepseek_vl(ids: dict[str, int], vocab: int) -> Any:
    return tf.DeepseekVLConfig(
        vision_config=vision("siglip_vision_model", 384, 16, vision_use_head=False),
        text_config=text("llama", vocab),
        image_token_id=ids["<image_placeholder>"],
    )


def deepseek_vl_processor(tokenizer: Any) -> Any:
    return tf.DeepseekVLProcessor(
        image_processor=tf.DeepseekVLImageProcessorPil(size={"height": 384, "width": 384}),
        tokenizer=tokenizer,
        num_image_tokens=576,
    )


def janus(ids: dict[str, int], vocab: int) -> Any:
    return tf.JanusConfig(
        vision_config=vision("janus_vision_model", 384, 16, projection_dim=32, mlp_ratio=2.0),
        text_config=text("llama", vocab),
        vq_config=dict(
            embed_dim=8,
            num_embeddings=16,
            latent_channels=32,
            base_channels=32,
            num_res_blocks=1,
            num_patches=24,
            projection_dim=32,
            image_token_embed_dim=32,
        ),
        image_token_id=ids["<image_placeholder>"],
    )


def janus_processor(tokenizer: Any) -> Any:
    return tf.JanusProcessor(
        image_processor=tf.JanusImageProcessorPil(size={"height": 384, "width": 384}),
        tokenizer=tokenizer,
        num_image_tokens=576,
    )


JANUS_TOKENS = {
    "image_token": "<image_placeholder>",
    "boi_token": "<begin_of_image>",
    "eoi_token": "<end_of_image>",
}

FAMILIES = [
    Family(
        "idefics3",
        idefics3(tf.Idefics3Config, "idefics3_vision", 364, 14, 2),
        idefics3_processor("Idefics3Processor", "Idefics3ImageProcessorPil", 364, 1456, 169),
        extra=IDEFICS3_EXTRA,
        slow=True,
    ),
    Family(
        "smolvlm",
        idefics3(tf.SmolVLMConfig, "smolvlm_vision", 512, 16, 4),
        idefics3_processor("SmolVLMProcessor", "SmolVLMImageProcessorPil", 512, 1536, 64),
        extra=IDEFICS3_EXTRA,
        sizes=((160, 96), (100, 180)),
        slow=True,
    ),
    Family(
        "internvl",
        internvl,
        internvl_processor,
        INTERNVL_TOKENS,
        holder="<IMG_CONTEXT>",
        slow_wiring=True,
    ),
    Family(
        "aya_vision",
        aya,
        aya_processor,
        extra=AYA_EXTRA,
        slow_wiring=True,
    ),
    Family(
        "deepseek_vl",
        deepseek_vl,
        deepseek_vl_processor,
        JANUS_TOKENS,
        holder="<image_placeholder>",
    ),
    Family("janus", janus, janus_processor, JANUS_TOKENS, holder="<image_placeholder>"),
]
