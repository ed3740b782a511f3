"""Any family's model at toy size, from its default config alone: text in, logits out.

``build`` of ``twin.py`` makes a checkpoint with a processor, field by field; this makes only a
model, by shrinking every size that a config names. Good for where layers, norm and head are, and
for what happens after the last layer. Not every family's config lets itself be shrunk so.
"""

from typing import Any

import pytest
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

from .twin import randomise

WIDTH, INNER, HEADS, HEAD, VOCAB, LAYERS = 32, 48, 4, 8, 300, 3
# in the release for Python 3.10 its sizes do not shrink together
NOT_SHRUNK = {"cohere_compass"} if transformers.__version__ < "5.23" else set()


def each(names: str, value: Any) -> dict[str, Any]:
    """The value under every one of the names."""
    return dict.fromkeys(names.split(), value)


SIZES: dict[str, int] = {
    **each("hidden_size d_model dim embed_dim word_embed_proj_dim out_hidden_size", WIDTH),
    **each("projection_dim vision_output_dim encoder_hidden_size text_hidden_size", WIDTH),
    **each("vision_hidden_size image_token_embed_dim base_channels latent_channels", WIDTH),
    **each("intermediate_size ffn_dim encoder_ffn_dim decoder_ffn_dim d_ff", INNER),
    **each("num_attention_heads num_heads encoder_attention_heads attention_heads", HEADS),
    **each("decoder_attention_heads num_experts num_local_experts n_routed_experts", HEADS),
    **each("moe_num_experts linear_num_value_heads index_kpool linear_num_heads", HEADS),
    **each("head_dim d_kv linear_key_head_dim linear_value_head_dim qk_nope_head_dim", HEAD),
    **each("v_head_dim qk_rope_head_dim index_topk hidden_size_per_layer_input", HEAD),
    **each("global_head_dim laurel_rank linear_head_dim", HEAD),
    **each("vocab_size vocab_size_per_layer_input", VOCAB),
    **each("num_hidden_layers num_layers decoder_layers num_decoder_layers", LAYERS),
    **each("num_key_value_heads num_experts_per_tok moe_k linear_num_key_heads", 2),
    **each("index_n_heads depth encoder_layers num_global_key_value_heads mlp_ratio", 2),
    **each("top_k_experts", 2),
    **each("n_shared_experts n_group topk_group num_res_blocks", 1),
    **each("moe_intermediate_size shared_expert_intermediate_size q_lora_rank", 16),
    **each("kv_lora_rank qk_head_dim num_embeddings index_head_dim", 16),
    **each("sliding_window num_position_embeddings position_embedding_size", 64),
    **each("max_position_embeddings n_positions", 256),
    "image_size": 56,
    "patch_size": 14,
    "num_kv_shared_layers": 0,
}
# what a family does to its logits, at strengths that show
STRENGTHS: dict[str, Any] = {
    "final_logit_softcapping": 3.0,
    "logits_scaling": 4.0,
    "logit_scale": 0.0625,
    "output_multiplier": 0.5,
}
OTHERS: dict[str, Any] = {
    **each("layer_types mlp_layer_types layers_block_type no_rope_layers", None),
    "intermediate_layers_indices": None,
    "vision_feature_layer": -1,
    "deepstack_visual_indexes": [0],
    "fullatt_block_indexes": [1],
    "cross_attention_layers": [1],
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_ROPE = {"rope_type": "default", "rope_theta": 1e4}
EXCEPTIONS: dict[str, dict[str, Any]] = {
    "cohere_compass_text": {
        "layer_types": ["full_attention"] * LAYERS,
        "rope_parameters": {"full_attention": _ROPE, "sliding_attention": _ROPE},
    },
    "glm5_next_text": {"num_key_value_heads": HEADS, "qk_rope_head_dim": 0, "qk_head_dim": 8},
    "granite4_vision": {
        "deepstack_layer_map": [[-1, 0]],
        "downsample_rate": "1/2",
        # its Q-Former has a head for every 64 of width
        "vision_config": {
            "model_type": "siglip_vision_model",
            "hidden_size": 64,
            "intermediate_size": INNER,
            "num_hidden_layers": 2,
            "num_attention_heads": HEADS,
        },
    },
    "granite4_vision_text": {"hidden_size": 64},
    "kimi_k25_text": {"num_key_value_heads": HEADS},
    "gemma3n_text": {
        "layer_types": ["full_attention"] * LAYERS,
        "activation_sparsity_pattern": [0.0] * LAYERS,
        "intermediate_size": INNER,
    },
}


def shrunk_config(cls: Any) -> Any:
    """A config class's default with every size small."""
    default = cls()
    known = default.to_dict()
    chosen: dict[str, Any] = {}
    next_id = 10  # ids of special tokens, one each
    for name, value in known.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in OTHERS:
            chosen[name] = OTHERS[name]
        elif name in STRENGTHS:
            chosen[name] = STRENGTHS[name]
        elif name in SIZES and number:
            chosen[name] = type(value)(SIZES[name])
        elif name.endswith(("token_id", "token_index")) and isinstance(value, int):
            chosen[name], next_id = next_id, next_id + 1
        elif name == "head_dim" and value is None:
            chosen[name] = HEAD
        elif name == "rope_parameters" and "mrope_section" in (value or {}):
            chosen[name] = {**value, "mrope_section": [1, 1, 2], "partial_rotary_factor": 1.0}
    if "kv_lora_rank" in known:
        chosen["num_key_value_heads"] = HEADS
    for name in getattr(cls, "sub_configs", {}):
        part = getattr(default, name, None)
        if part is not None:
            chosen[name] = shrunk_config(type(part))
    return cls(**chosen | EXCEPTIONS.get(cls.model_type, {}))


def build_shrunk(model_type: str, seed: int = 0) -> Any:
    """A family's model at toy size with random weights."""
    if model_type not in transformers.CONFIG_MAPPING or model_type in NOT_SHRUNK:
        pytest.skip(f"transformers {transformers.__version__} does not make a small {model_type}")
    config = shrunk_config(transformers.CONFIG_MAPPING[model_type])
    by_image = type(config) in AutoModelForImageTextToText._model_mapping
    auto = AutoModelForImageTextToText if by_image else AutoModelForCausalLM
    model = auto.from_config(config).eval()
    randomise(model, seed)
    return model


def read_text(model: Any, n_positions: int = 12) -> dict[str, torch.Tensor]:
    """Inputs of ``n_positions`` of text; for the decoder, where there is an encoder too."""
    ids = torch.arange(40, 40 + n_positions)[None]
    decoder = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
    return {"input_ids": ids, **decoder}
