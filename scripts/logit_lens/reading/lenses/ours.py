"""Our own lens file: safetensors, with what it was fitted on in its metadata.

Tensors of layer l are ``l.weight`` (d_model, d_model), or ``l.down`` (rank, d_model) and ``l.up``
(d_model, rank), and ``l.bias`` (d_model): the state becomes ``h + weight h + bias``, a Jacobian
lens's too (its weight is J − 1). A layer without tensors is not translated. Metadata ``lens`` is
JSON: kind, model, revision, d_model, n_layers, unembedding, and what is known of the fit.

>>> path.write_bytes(lens_bytes("tuned", {1: Translator((matrix,), bias)}, about))
>>> read_ours(path).kind
'tuned'
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from .files import LensFile, check_shape, lens_error
from .lens import Translator

FORMAT = "logit-lens-translators/1"
_KINDS = ("tuned", "jacobian")


def lens_bytes(kind: str, translators: Mapping[int, Translator], about: dict[str, Any]) -> bytes:
    """The file: the same translators and words give the same bytes.

    Args:
        kind: "tuned" or "jacobian".
        translators: by layer number; residual ones.
        about: model, revision, d_model, n_layers, unembedding, and what is known of the fit.
    """
    tensors: dict[str, Tensor] = {}
    for layer, translator in translators.items():
        names = ("weight",) if len(translator.factors) == 1 else ("down", "up")
        for name, factor in zip(names, translator.factors, strict=True):
            tensors[f"{layer}.{name}"] = factor.contiguous()
        if translator.bias is not None:
            tensors[f"{layer}.bias"] = translator.bias.contiguous()
    words = json.dumps({"format": FORMAT, "kind": kind} | about, sort_keys=True)
    return bytes(save(tensors, {"lens": words}))  # of several keys the order would be chance


def read_ours(path: Path) -> LensFile:
    """Read such a file.

    Raises:
        LensError: it is damaged, or some other safetensors file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            said = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise lens_error(path, f"cannot be read ({str(error).splitlines()[0][:80]})") from error
    about = _about(path, said)
    parts: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        layer, _, part = name.partition(".")
        if not layer.isdecimal() or part not in ("weight", "down", "up", "bias"):
            raise lens_error(path, f"holds {name[:40]!r}, which no lens has")
        parts.setdefault(int(layer), {})[part] = tensor
    found = {n: _translator(path, n, parts[n], about["d_model"]) for n in sorted(parts)}
    n_layers, model = about.pop("n_layers"), about.pop("model")
    kind, unembedding = about.pop("kind"), about.pop("unembedding", "")
    return LensFile(kind, path.name, found, n_layers, model, unembedding, ours=True, about=about)


def _about(path: Path, said: Mapping[str, str]) -> dict[str, Any]:
    try:
        about = json.loads(said.get("lens", "null"))
    except ValueError as error:
        raise lens_error(path, "has metadata that are not JSON") from error
    if not isinstance(about, dict) or about.pop("format", None) != FORMAT:
        raise lens_error(path, f"is no lens of this program (its metadata lack {FORMAT})")
    types = {"kind": str, "model": str, "d_model": int, "n_layers": int}
    for key, kind in types.items():
        if not isinstance(about.get(key), kind):
            raise lens_error(path, f"has metadata that lack {key}")
    if about["kind"] not in _KINDS:
        raise lens_error(path, f"is a lens of kind {about['kind'][:40]!r}; {_KINDS} are known")
    return about


def _translator(path: Path, layer: int, parts: dict[str, Tensor], width: int) -> Translator:
    bias = parts.get("bias")
    if bias is not None:
        check_shape(path, layer, bias, (width,))
    if "weight" in parts:
        check_shape(path, layer, parts["weight"], (width, width))
        return Translator((parts["weight"],), bias)
    down, up = parts.get("down"), parts.get("up")
    rank = len(down) if down is not None and down.ndim == 2 else 0
    check_shape(path, layer, down, (rank, width))
    check_shape(path, layer, up, (width, rank))
    assert down is not None and up is not None
    return Translator((down, up), bias)
