"""Families that lay their tokens out as a better-known one does."""

from typing import Any

from logit_lens.model.processor import processor_class

from . import llava, qwen
from .base import CLIP, text, tf, vision
from .twin import Family

MOE = dict(
    num_experts=4,
    num_experts_per_tok=2,
    moe_intermediate_size=16,
    shared_expert_intermediate_size=16,
)
TOWER = dict(depth=2, hidden_size=32, out_hidden_size=32, num_heads=4, intermediate_size=48)


def qwen3_vl_moe(ids: Any, vocab: int) -> Any:
    rope = qwen.qwen_rope(mrope_interleaved=True)
    return tf.Qwen3VLMoeConfig(
        text_config=text("qwen3_vl_moe_text", vocab, rope_parameters=rope, **MOE),
        vision_config={**TOWER, "deepstack_visual_indexes": [0]},
        **qwen.qwen_ids(ids),
    )


def qwen3_5_moe(ids: Any, vocab: int) -> Any:
    linear = dict(
        linear_key_head_dim=8,
        linear_value_head_dim=8,
        linear_num_key_heads=2,
        linear_num_value_heads=4,
        layer_types=["linear_attention", "full_attention", "linear_attention"],
    )
    return tf.Qwen3_5MoeConfig(
        text_config=text("qwen3_5_moe_text", vocab, **linear, **MOE),
        vision_config=TOWER,
        **qwen.qwen_ids(ids),
    )


def glm46v(ids: Any, vocab: int) -> Any:
    small = qwen.glm4v(ids, vocab)
    return tf.Glm46VConfig(
        text_config=small.text_config,
        vision_config=small.vision_config,
        image_token_id=small.image_token_id,
        video_token_id=small.video_token_id,
        image_start_token_id=small.image_start_token_id,
        image_end_token_id=small.image_end_token_id,
        video_start_token_id=small.video_start_token_id,
        video_end_token_id=small.video_end_token_id,
    )


def lighton_ocr(ids: Any, vocab: int) -> Any:
    return tf.LightOnOcrConfig(
        vision_config=vision("pixtral", 1540, 14, head_dim=8),
        text_config=text("qwen3", vocab),
        image_token_id=ids["<|image_pad|>"],
        spatial_merge_size=2,
    )


def lighton_ocr_processor(tokenizer: Any) -> Any:
    return processor_class("LightOnOcrProcessor")(
        image_processor=tf.PixtralImageProcessorPil(
            size={"longest_edge": 1540}, patch_size={"height": 14, "width": 14}
        ),
        tokenizer=tokenizer,
        patch_size=14,
        spatial_merge_size=2,
    )


LIGHTON_TOKENS = {
    "image_token": "<|image_pad|>",
    "image_break_token": "<|vision_pad|>",
    "image_end_token": "<|vision_end|>",
}


def llava_next_video(ids: Any, vocab: int) -> Any:
    return tf.LlavaNextVideoConfig(
        vision_config=vision("clip_vision_model", 336, 14),
        text_config=text("llama", vocab),
        image_token_index=ids["<image>"],
        video_token_index=ids["<video>"],
        image_grid_pinpoints=llava.PINPOINTS,
    )


def llava_next_video_processor(tokenizer: Any) -> Any:
    return processor_class("LlavaNextVideoProcessor")(
        video_processor=None,
        image_processor=tf.LlavaNextImageProcessorPil(image_grid_pinpoints=llava.PINPOINTS, **CLIP),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )


def _qwen(name: str, config: Any, deepstack: bool = False) -> Family:
    make = qwen.qwen_processor("Qwen3VLProcessor", "Qwen2VLImageProcessorPil", patch_size=16)
    tokens = qwen.QWEN_TOKENS
    return Family(name, config, make, tokens, holder=qwen.QWEN_HOLDER, deepstack=deepstack)


FAMILIES = [
    _qwen("qwen3_vl_moe", qwen3_vl_moe, deepstack=True),
    _qwen("qwen3_5_moe", qwen3_5_moe),
    Family(
        "glm46v",
        glm46v,
        qwen.qwen_processor("Glm46VProcessor", "Glm46VImageProcessorPil"),
        qwen.GLM_TOKENS,
        qwen.GLM_EXTRA,
        holder="<|begin_of_image|><|image|><|end_of_image|>",
    ),
    Family(
        "lighton_ocr",
        lighton_ocr,
        lighton_ocr_processor,
        LIGHTON_TOKENS,
        holder="<|image_pad|>",
    ),
    Family(
        "llava_next_video",
        llava_next_video,
        llava_next_video_processor,
        {"image_token": "<image>", "video_token": "<video>"},
    ),
]
