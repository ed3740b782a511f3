"""Families whose image has no place in the sequence, or whose tokens have none on the image."""

from typing import Any

from logit_lens.model.processor import processor_class

from .base import VISION, text, tf, vision
from .twin import Family


def idefics2(ids: Any, vocab: int) -> Any:
    return tf.Idefics2Config(
        vision_config=vision("idefics2_vision", 980, 14),
        perceiver_config=dict(
            hidden_size=32,
            resampler_n_latents=64,
            resampler_depth=1,
            resampler_n_heads=4,
            resampler_head_dim=8,
            num_key_value_heads=2,
        ),
        text_config=text("mistral", vocab),
        image_token_id=ids["<image>"],
    )


def idefics2_processor(tokenizer: Any) -> Any:
    images = tf.Idefics2ImageProcessorPil(do_image_splitting=False)
    return tf.Idefics2Processor(image_processor=images, tokenizer=tokenizer, image_seq_len=64)


def blip2(config: Any, prefix: str) -> Any:
    qformer = {**VISION, "encoder_hidden_size": 32, "vocab_size": 300}
    opt = dict(
        model_type="opt",
        word_embed_proj_dim=32,
        ffn_dim=48,
        dropout=0.0,
        **{k: v for k, v in text("opt", 0).items() if k not in ("model_type", "vocab_size")},
    )
    return lambda ids, vocab: config(
        vision_config=dict(**VISION, image_size=224, patch_size=14),
        qformer_config=qformer,
        text_config={**opt, "vocab_size": vocab},
        num_query_tokens=32,
        image_token_index=ids["<image>"],
    )


def blip2_processor(tokenizer: Any) -> Any:
    images = tf.BlipImageProcessorPil(size={"height": 224, "width": 224})
    return tf.Blip2Processor(image_processor=images, tokenizer=tokenizer, num_query_tokens=32)


def mllama(ids: Any, vocab: int) -> Any:
    return tf.MllamaConfig(
        vision_config=dict(
            hidden_size=32,
            num_hidden_layers=2,
            num_global_layers=1,
            attention_heads=4,
            intermediate_size=48,
            vision_output_dim=64,
            image_size=112,
            patch_size=14,
            intermediate_layers_indices=[0],
        ),
        text_config={
            **text("mllama_text_model", vocab),
            "cross_attention_layers": [1],
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4},
        },
        image_token_index=ids["<|image|>"],
    )


def mllama_processor(tokenizer: Any) -> Any:
    images = tf.MllamaImageProcessorPil(size={"height": 112, "width": 112})
    return tf.MllamaProcessor(image_processor=images, tokenizer=tokenizer)


def florence2(ids: Any, vocab: int) -> Any:
    return tf.Florence2Config(
        vision_config=dict(
            depths=[1, 1, 1, 1],
            embed_dim=[16, 16, 32, 32],
            num_heads=[2, 2, 4, 4],
            num_groups=[2, 2, 4, 4],
            projection_dim=32,
            drop_path_rate=0.0,
        ),
        text_config=dict(
            model_type="bart",
            vocab_size=vocab,
            d_model=32,
            encoder_layers=2,
            decoder_layers=3,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=48,
            decoder_ffn_dim=48,
            dropout=0.0,
            max_position_embeddings=2048,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=2,
        ),
        image_token_id=ids["<image>"],
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
    )


def florence2_processor(tokenizer: Any) -> Any:
    images = tf.CLIPImageProcessorPil(
        size={"height": 768, "width": 768}, do_center_crop=False, do_resize=True
    )
    images.image_seq_length = 577
    return processor_class("Florence2Processor")(image_processor=images, tokenizer=tokenizer)


FAMILIES = [
    Family(
        "idefics2",
        idefics2,
        idefics2_processor,
        {"image_token": "<image>", "image_boundary_token": "<fake_token_around_image>"},
        ["<end_of_utterance>"],
        overlay="resampler",
    ),
    Family(
        "blip-2",
        blip2(tf.Blip2Config, "blip_2"),
        blip2_processor,
        extra=["<image>"],
        holder="",
        overlay="Q-Former",
    ),
    Family(
        "mllama",
        mllama,
        mllama_processor,
        {"image_token": "<|image|>"},
        holder="<|image|>",
        overlay="cross-attention",
    ),
    Family(
        "florence2",
        florence2,
        florence2_processor,
        {"image_token": "<image>"},
        holder="",
        overlay="encoder",
    ),
]
