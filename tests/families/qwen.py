"""Qwen-VL, GLM-4V and others whose grid has the image's own shape."""

from typing import Any

from logit_lens.model.processor import processor_class

from .base import text, tf, vision
from .twin import Family

QWEN_TOKENS = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_start_token": "<|vision_start|>",
    "vision_end_token": "<|vision_end|>",
}
QWEN_HOLDER = "<|vision_start|><|image_pad|><|vision_end|>"
GLM_TOKENS = {"image_token": "<|image|>", "video_token": "<|video|>"}
GLM_EXTRA = ["<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>"]


def qwen_ids(ids: dict[str, int]) -> dict[str, int]:
    return {f"{name}_id": ids[text] for name, text in QWEN_TOKENS.items()}


def qwen_rope(**more: Any) -> dict[str, Any]:
    return {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e4, **more}


def qwen2_vl(ids: dict[str, int], vocab: int) -> Any:
    return tf.Qwen2VLConfig(
        text_config=text("qwen2_vl_text", vocab, rope_parameters=qwen_rope()),
        vision_config=dict(depth=2, embed_dim=32, hidden_size=32, num_heads=4, mlp_ratio=2),
        **qwen_ids(ids),
    )


def qwen2_5_vl(ids: dict[str, int], vocab: int) -> Any:
    tower = dict(depth=2, hidden_size=32, out_hidden_size=32, num_heads=4, intermediate_size=48)
    return tf.Qwen2_5_VLConfig(
        text_config=text("qwen2_5_vl_text", vocab, rope_parameters=qwen_rope()),
        vision_config={**tower, "fullatt_block_indexes": [1]},
        **qwen_ids(ids),
    )


def qwen3_vl(ids: dict[str, int], vocab: int) -> Any:
    tower = dict(depth=2, hidden_size=32, out_hidden_size=32, num_heads=4, intermediate_size=48)
    return tf.Qwen3VLConfig(
        text_config=text("qwen3_vl_text", vocab, rope_parameters=qwen_rope(mrope_interleaved=True)),
        vision_config={**tower, "deepstack_visual_indexes": [0]},
        **qwen_ids(ids),
    )


def qwen3_5(ids: dict[str, int], vocab: int) -> Any:
    tower = dict(depth=2, hidden_size=32, out_hidden_size=32, num_heads=4, intermediate_size=48)
    linear = dict(
        linear_key_head_dim=8,
        linear_value_head_dim=8,
        linear_num_key_heads=2,
        linear_num_value_heads=4,
        layer_types=["linear_attention", "full_attention", "linear_attention"],
    )
    return tf.Qwen3_5Config(
        text_config=text("qwen3_5_text", vocab, **linear),
        vision_config=tower,
        **qwen_ids(ids),
    )


def qwen_processor(name: str, images: str, **settings: Any) -> Any:
    return lambda tokenizer: processor_class(name)(
        image_processor=getattr(tf, images)(**settings),
        tokenizer=tokenizer,
        video_processor=None,
    )


def glm4v(ids: dict[str, int], vocab: int) -> Any:
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "partial_rotary_factor": 1.0}
    return tf.Glm4vConfig(
        text_config=text("glm4v_text", vocab, rope_parameters={**rope, "rope_theta": 1e4}),
        vision_config=dict(
            depth=2, hidden_size=32, out_hidden_size=32, num_heads=4, intermediate_size=48
        ),
        image_token_id=ids["<|image|>"],
        video_token_id=ids["<|video|>"],
        image_start_token_id=ids["<|begin_of_image|>"],
        image_end_token_id=ids["<|end_of_image|>"],
        video_start_token_id=ids["<|begin_of_video|>"],
        video_end_token_id=ids["<|end_of_video|>"],
    )


def pixtral_text(vocab: int) -> dict[str, Any]:
    return text("mistral", vocab, sliding_window=None)


def mistral3(ids: dict[str, int], vocab: int) -> Any:
    return tf.Mistral3Config(
        vision_config=vision("pixtral", 1540, 14, head_dim=8),
        text_config=pixtral_text(vocab),
        image_token_index=ids["[IMG]"],
        spatial_merge_size=2,
        vision_feature_layer=-1,
    )


def pixtral(ids: dict[str, int], vocab: int) -> Any:
    return tf.LlavaConfig(
        vision_config=vision("pixtral", 1024, 16, head_dim=8),
        text_config=pixtral_text(vocab),
        image_token_index=ids["[IMG]"],
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
    )


def pixtral_processor(edge: int, patch: int, merge: int) -> Any:
    return lambda tokenizer: processor_class("PixtralProcessor")(
        image_processor=tf.PixtralImageProcessorPil(
            size={"longest_edge": edge}, patch_size={"height": patch, "width": patch}
        ),
        tokenizer=tokenizer,
        patch_size=patch,
        spatial_merge_size=merge,
    )


PIXTRAL_EXTRA = ["[IMG]", "[IMG_BREAK]", "[IMG_END]"]


def _qwen(
    name: str, config: Any, processor: str, deepstack: bool = False, **settings: Any
) -> Family:
    make = qwen_processor(processor, "Qwen2VLImageProcessorPil", **settings)
    return Family(name, config, make, QWEN_TOKENS, holder=QWEN_HOLDER, deepstack=deepstack)


FAMILIES = [
    _qwen("qwen2_vl", qwen2_vl, "Qwen2VLProcessor"),
    _qwen("qwen2_5_vl", qwen2_5_vl, "Qwen2_5_VLProcessor"),
    _qwen("qwen3_vl", qwen3_vl, "Qwen3VLProcessor", deepstack=True, patch_size=16),
    _qwen("qwen3_5", qwen3_5, "Qwen3VLProcessor", patch_size=16),
    Family(
        "glm4v",
        glm4v,
        qwen_processor("Glm4vProcessor", "Glm4vImageProcessorPil"),
        GLM_TOKENS,
        GLM_EXTRA,
        holder="<|begin_of_image|><|image|><|end_of_image|>",
    ),
    Family(
        "mistral3", mistral3, pixtral_processor(1540, 14, 2), extra=PIXTRAL_EXTRA, holder="[IMG]"
    ),
    Family("pixtral", pixtral, pixtral_processor(1024, 16, 1), extra=PIXTRAL_EXTRA, holder="[IMG]"),
]
