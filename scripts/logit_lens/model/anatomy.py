"""Where a model keeps what the lens needs: decoder layers, final norm, unembedding.

One rule for every family that transformers maps to image-text-to-text, and for text-only language
models: walk down from the decoder until a list of layers turns up. Families that hide their
unembedding are the short table ``_HIDDEN_HEADS``. Knows names of modules; does not know what a
layer returns, nor whether ``head(norm(h))`` is all that a family does to its logits (``tail.py``).

>>> anatomy = find_anatomy(model)
>>> len(anatomy.layers), type(anatomy.norm).__name__
(32, 'LlamaRMSNorm')
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from .. import LensError

_LAYERS = ("layers", "layer", "h", "block", "blocks")
_NORMS = (
    "norm",
    "final_layernorm",
    "final_layer_norm",
    "embedding_norm",
    "layer_norm",
    "ln_f",
    "norm_f",
)
_INNER = ("model", "decoder", "transformer", "bert", "encoder", "language_model", "text_model")
# families whose get_output_embeddings() finds nothing, and where their unembedding is
_HIDDEN_HEADS = ("text_decoder.cls", "language_model.lm_head", "lm_head", "output")


@dataclass(frozen=True)
class Anatomy:
    """The modules that the lens reads.

    Attributes:
        layers: the decoder layers, in order.
        norm: the final norm; None where a family has none (Florence-2, GIT).
        head: the unembedding.
    """

    layers: nn.ModuleList
    norm: nn.Module | None
    head: nn.Module


def find_anatomy(model: Any) -> Anatomy:
    """Find decoder layers, final norm and unembedding of a language or vision-language model.

    Raises:
        LensError: there are no decoder layers or no unembedding; names what was looked for.
    """
    family = model.config.model_type
    for module in _inward(model):
        layers = _first(module, _LAYERS, nn.ModuleList)
        if layers is not None and len(layers):
            break
    else:
        raise LensError(
            f"cannot find the decoder layers of a {family!r} model: no module list named "
            f"{', '.join(_LAYERS)} in its decoder; this family cannot be read"
        )
    head = model.get_output_embeddings() or _hidden_head(model)
    if head is None:
        raise LensError(
            f"cannot find the unembedding of a {family!r} model: get_output_embeddings() gives "
            f"nothing and there is no {', '.join(_HIDDEN_HEADS)}; a model that writes no text "
            "cannot be read"
        )
    return Anatomy(layers, _first(module, _NORMS, nn.Module), head)


def find_image_token_id(config: Any, processor: Any) -> int | None:
    """The id that stands for a piece of the image in ``input_ids``; None where there is none.

    The config's word comes first: the model itself puts image features at that id.
    """
    for name in ("image_token_id", "image_token_index", "media_placeholder_token_id"):
        token_id = getattr(config, name, None)
        if isinstance(token_id, int):
            return token_id
    token_id = getattr(processor, "image_token_id", None)
    return token_id if isinstance(token_id, int) else None


def input_device(model: Any) -> torch.device:
    """Where token ids go: to the embeddings; accelerate knows where they are when elsewhere."""
    embeddings = model.get_input_embeddings()
    elsewhere = getattr(getattr(embeddings, "_hf_hook", None), "execution_device", None)
    if elsewhere is not None:
        return torch.device(elsewhere)
    where: torch.device = embeddings.weight.device
    return torch.device("cpu") if where.type == "meta" else where


def _inward(model: Any) -> Iterator[nn.Module]:
    """The model's decoder and what lies within it, breadth first."""
    todo, seen = [model.get_decoder(), model], set()
    while todo:
        module = todo.pop(0)
        if id(module) in seen or not isinstance(module, nn.Module):
            continue
        seen.add(id(module))
        yield module
        todo += [getattr(module, name, None) for name in _INNER]


def _first(module: nn.Module, names: tuple[str, ...], kind: type) -> Any:
    found = (getattr(module, name, None) for name in names)
    return next((part for part in found if isinstance(part, kind)), None)


def _hidden_head(model: nn.Module) -> nn.Module | None:
    for path in _HIDDEN_HEADS:
        try:
            return model.get_submodule(path)
        except AttributeError:
            continue
    return None
