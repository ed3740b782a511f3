"""What the twins share: sizes of their towers, in the words of their configs."""

from typing import Any

import transformers

tf: Any = transformers  # its classes are untyped

TEXT: dict[str, Any] = dict(
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=8,
    max_position_embeddings=8192,
    pad_token_id=0,
    bos_token_id=1,
    eos_token_id=2,
    tie_word_embeddings=False,
)
VISION: dict[str, Any] = dict(
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
)
CLIP: dict[str, Any] = dict(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336})


def text(model_type: str, vocab: int, **more: Any) -> dict[str, Any]:
    return {"model_type": model_type, "vocab_size": vocab, **TEXT, **more}


def vision(model_type: str, image_size: Any, patch_size: Any, **more: Any) -> dict[str, Any]:
    sizes = {"image_size": image_size, "patch_size": patch_size}
    return {"model_type": model_type, **sizes, **VISION, **more}
