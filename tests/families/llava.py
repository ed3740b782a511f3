"""LLaVA and its descendants."""

from typing import Any

from logit_lens.model.processor import processor_class

from .base import CLIP, text, tf, vision
from .twin import Family

PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]

ANYRES = [[a, b] for a in (384, 768, 1152) for b in (384, 768, 1152)]


def llava(ids: dict[str, int], vocab: int) -> Any:
    return tf.LlavaConfig(
        vision_config=vision("clip_vision_model", 336, 14),
        text_config=text("llama", vocab),
        image_token_index=ids["<image>"],
    )


def llava_processor(images: Any, **more: Any) -> Any:
    return lambda tokenizer: processor_class("LlavaProcessor")(
        image_processor=images(),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        **more,
    )


def vipllava(ids: dict[str, int], vocab: int) -> Any:
    return tf.VipLlavaConfig(
        vision_config=vision("clip_vision_model", 336, 14),
        text_config=text("llama", vocab),
        image_token_index=ids["<image>"],
        vision_feature_layers=[-2, -1],
    )


def llava_next(ids: dict[str, int], vocab: int) -> Any:
    return tf.LlavaNextConfig(
        vision_config=vision("clip_vision_model", 336, 14),
        text_config=text("mistral", vocab),
        image_token_index=ids["<image>"],
        image_grid_pinpoints=PINPOINTS,
    )


def llava_next_processor(tokenizer: Any) -> Any:
    return tf.LlavaNextProcessor(
        image_processor=tf.LlavaNextImageProcessorPil(image_grid_pinpoints=PINPOINTS, **CLIP),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )


def onevision(ids: dict[str, int], vocab: int) -> Any:
    return tf.LlavaOnevisionConfig(
        vision_config=vision("siglip_vision_model", 384, 14, vision_use_head=False),
        text_config=text("qwen2", vocab),
        image_token_index=ids["<image>"],
        video_token_index=ids["<video>"],
        image_grid_pinpoints=[[a, b] for a in (384, 768, 1152) for b in (384, 768, 1152)],
    )


def onevision_processor(tokenizer: Any) -> Any:
    pinpoints = [[a, b] for a in (384, 768, 1152) for b in (384, 768, 1152)]
    return processor_class("LlavaOnevisionProcessor")(
        image_processor=tf.LlavaOnevisionImageProcessorPil(image_grid_pinpoints=pinpoints),
        tokenizer=tokenizer,
        video_processor=None,
        num_image_tokens=729,
        vision_feature_select_strategy="full",
    )


FAMILIES = [
    Family(
        "llava", llava, llava_processor(lambda: tf.CLIPImageProcessorPil(**CLIP)), extra=["<image>"]
    ),
    Family(
        "llava-pad",
        llava,
        llava_processor(lambda: tf.LlavaImageProcessorPil(do_pad=True, **CLIP)),
        extra=["<image>"],
    ),
    Family(
        "vipllava",
        vipllava,
        llava_processor(lambda: tf.CLIPImageProcessorPil(**CLIP)),
        extra=["<image>"],
    ),
    Family("llava_next", llava_next, llava_next_processor, {"image_token": "<image>"}),
    Family(
        "llava_onevision",
        onevision,
        onevision_processor,
        {"image_token": "<image>", "video_token": "<video>"},
    ),
]
