"""Families whose images go through torchvision alone: built and painted where it is installed."""

from typing import Any

from .base import VISION, text, tf, vision
from .twin import Family


def llama4(ids: Any, vocab: int) -> Any:
    return tf.Llama4Config(
        vision_config=dict(
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            vision_output_dim=32,
            projector_input_dim=32,
            projector_output_dim=32,
            image_size=336,
            patch_size=14,
        ),
        text_config=text(
            "llama4_text", vocab, intermediate_size_mlp=48, num_local_experts=2, layer_types=None
        ),
        image_token_index=ids["<|patch|>"],
        boi_token_index=ids["<|image_start|>"],
        eoi_token_index=ids["<|image_end|>"],
    )


def llama4_processor(tokenizer: Any) -> Any:
    return tf.Llama4Processor(image_processor=tf.Llama4ImageProcessor(), tokenizer=tokenizer)


LLAMA4_EXTRA = [
    "<|image|>",
    "<|image_start|>",
    "<|image_end|>",
    "<|patch|>",
    "<|tile_x_separator|>",
    "<|tile_y_separator|>",
]


def cohere2_vision(ids: Any, vocab: int) -> Any:
    return tf.Cohere2VisionConfig(
        vision_config=vision("siglip_vision_model", 512, 16, vision_use_head=False),
        text_config=text("cohere2", vocab, logit_scale=0.0625),
        image_token_id=ids["<|IMG_PATCH|>"],
        alignment_intermediate_size=64,
    )


def cohere2_vision_processor(tokenizer: Any) -> Any:
    images = tf.Cohere2VisionImageProcessor(size={"height": 512, "width": 512})
    return tf.Cohere2VisionProcessor(image_processor=images, tokenizer=tokenizer)


COHERE2_TOKENS = {
    "boi_token": "<|START_OF_IMG|>",
    "eoi_token": "<|END_OF_IMG|>",
    "image_token": "<|IMG_PATCH|>",
    "img_line_break_token": "<|IMG_LINE_BREAK|>",
}


def lfm2_vl(ids: Any, vocab: int) -> Any:
    layers = ["conv", "full_attention", "conv"]
    return tf.Lfm2VlConfig(
        vision_config=dict(
            model_type="siglip2_vision_model", **VISION, patch_size=16, num_patches=256,
            vision_use_head=False,
        ),
        text_config=text("lfm2", vocab, layer_types=layers, conv_L_cache=3, block_multiple_of=8),
        image_token_id=ids["<image>"],
        projector_hidden_size=32,
    )  # fmt: skip


def lfm2_vl_processor(tokenizer: Any) -> Any:
    return tf.Lfm2VlProcessor(image_processor=tf.Lfm2VlImageProcessor(), tokenizer=tokenizer)


LFM2_TOKENS = {
    "image_token": "<image>",
    "image_start_token": "<|image_start|>",
    "image_end_token": "<|image_end|>",
    "image_thumbnail": "<|img_thumbnail|>",
    "image_thumbnail_token": "<|img_thumbnail|>",
}
LFM2_EXTRA = [f"<|img_row_{r}_col_{c}|>" for r in range(1, 6) for c in range(1, 6)]


def molmo2(ids: Any, vocab: int) -> Any:
    heads = dict(num_attention_heads=4, num_key_value_heads=4, head_dim=8)
    return tf.Molmo2Config(
        vision_config=dict(
            hidden_size=32, intermediate_size=48, num_hidden_layers=2, patch_size=14,
            image_size=[378, 378], num_position_embeddings=729, **heads,
        ),
        adapter_config=dict(
            hidden_size=32, intermediate_size=48, text_hidden_size=32,
            vision_feature_layer=[-1, -2], **heads,
        ),
        text_config=dict(
            vocab_size=vocab, additional_vocab_size=8, hidden_size=32, intermediate_size=48,
            num_hidden_layers=3, rope_scaling_layers=None, pad_token_id=0, **heads,
        ),
        image_start_token_id=ids["<im_start>"],
        low_res_image_start_token_id=ids["<low_res_im_start>"],
        image_end_token_id=ids["<im_end>"],
        image_patch_id=ids["<im_patch>"],
        frame_start_token_id=ids["<frame_start>"],
        frame_end_token_id=ids["<frame_end>"],
    )  # fmt: skip


def molmo2_processor(tokenizer: Any) -> Any:
    return tf.Molmo2Processor(
        image_processor=tf.Molmo2ImageProcessor(),
        video_processor=tf.Molmo2VideoProcessor(),
        tokenizer=tokenizer,
    )


MOLMO2_EXTRA = [
    "<im_patch>", "<im_col>", "<im_start>", "<low_res_im_start>", "<frame_start>", "<im_end>",
    "<frame_end>", "<im_low>", "<|image|>", "<|video|>",
]  # fmt: skip

FAMILIES = [
    Family(
        "llama4",
        llama4,
        llama4_processor,
        extra=LLAMA4_EXTRA,
        holder="<|image|>",
        sizes=((500, 300), (260, 420)),
        torchvision=True,
    ),
    Family(
        "cohere2_vision",
        cohere2_vision,
        cohere2_vision_processor,
        COHERE2_TOKENS,
        holder="<|IMG_PATCH|>",
        sizes=((600, 300), (260, 420)),
        torchvision=True,
    ),
    Family(
        "lfm2_vl",
        lfm2_vl,
        lfm2_vl_processor,
        LFM2_TOKENS,
        LFM2_EXTRA,
        sizes=((300, 180), (1100, 540)),
        slow_wiring=True,
        torchvision=True,
    ),
    Family(
        "molmo2",
        molmo2,
        molmo2_processor,
        {"image_token": "<|image|>", "video_token": "<|video|>"},
        MOLMO2_EXTRA,
        holder="<|image|>",
        torchvision=True,
    ),
]
