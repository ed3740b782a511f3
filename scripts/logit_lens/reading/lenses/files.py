"""Lens files of other programs and our own, told apart and read; what is no lens is refused.

Known are the folders of the package tuned-lens (``config.json`` and ``params.pt``), Jacobian files
(a torch file of ``{"J": {block: matrix}}``) and ours (``ours.py``). Torch files are read with
``weights_only=True``: a pickle may hold a program. Does not know models; see ``load.py``.

>>> read_lens_file(Path("lens/llama-7b")).kind
'tuned'
"""

import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ... import LensError
from ...model.weight_files import read_json
from .lens import Translator

CONFIG, PARAMS = "config.json", "params.pt"
_TUNED = re.compile(r"(\d+)\.(weight|bias)")


@dataclass(frozen=True, eq=False)
class LensFile:
    """What a file holds.

    Attributes:
        kind: "tuned" or "jacobian".
        file: what reports call the file.
        translators: by our layer number, 0 the embeddings.
        n_layers: of the model that it was fitted on; None where the file does not say.
        model: what that model is called; empty where the file does not say.
        unembedding: the hash of its unembedding; empty where the file does not say.
        ours: whether this program wrote it.
        about: what else it says of itself.
    """

    kind: str
    file: str
    translators: dict[int, Translator]
    n_layers: int | None = None
    model: str = ""
    unembedding: str = ""
    ours: bool = False
    about: dict[str, Any] = field(default_factory=dict)


def read_lens_file(path: Path) -> LensFile:
    """Read a file or a folder.

    Raises:
        LensError: it is none of the known forms, damaged, or holds numbers that are not finite.
    """
    from .ours import read_ours  # it builds on this module

    path = _chosen(path)
    if path.is_dir() or path.name == PARAMS:
        found = _read_tuned(path if path.is_dir() else path.parent)
    elif path.suffix == ".safetensors":
        found = read_ours(path)
    else:
        found = _read_jacobian(path)
    for layer, translator in found.translators.items():
        if not all(bool(tensor.isfinite().all()) for tensor in translator.tensors):
            raise lens_error(path, f"holds numbers that are not finite (of layer {layer})")
    return found


def lens_error(path: Path, problem: str) -> LensError:
    """The one line for a file that cannot be used; every other image would fail with it too."""
    return LensError(f"--lens: {path} {problem}", for_all=True)


def _chosen(path: Path) -> Path:
    """The one lens that a folder holds; the folder itself where that is how it is kept."""
    if not path.is_dir() or {CONFIG, PARAMS} <= {inside.name for inside in path.iterdir()}:
        return path
    held = sorted(inside for inside in path.iterdir() if inside.suffix in (".safetensors", ".pt"))
    if len(held) != 1:
        several = f"holds {len(held)} files that could be one" if held else f"has no {PARAMS}"
        raise lens_error(path, f"is no lens: it {several}; name the lens's file")
    return held[0]


def _read_tuned(folder: Path) -> LensFile:
    config = read_json(folder / CONFIG)
    width, n_layers = config.get("d_model"), config.get("num_hidden_layers")
    if not isinstance(width, int) or not isinstance(n_layers, int):
        raise lens_error(
            folder, f"is no tuned lens: its {CONFIG} lacks d_model or num_hidden_layers"
        )
    kind = str(config.get("lens_type", "linear_tuned_lens"))
    if kind != "linear_tuned_lens":
        raise lens_error(folder, f"is a {kind[:40]!r}; only linear tuned lenses are known")
    state = _load(folder / PARAMS)
    parts: dict[int, dict[str, Tensor]] = {}
    for name, tensor in state.items() if isinstance(state, dict) else ():
        match = _TUNED.fullmatch(str(name))
        if match is None or not isinstance(tensor, Tensor):
            raise lens_error(folder / PARAMS, f"holds {str(name)[:40]!r}, which no tuned lens has")
        parts.setdefault(int(match[1]), {})[match[2]] = tensor
    if sorted(parts) != list(range(n_layers)):
        raise lens_error(folder, f"should translate {n_layers} layers, but has {len(parts)}")
    translators = {}
    for number, part in parts.items():
        check_shape(folder, number, part.get("weight"), (width, width))
        if "bias" in part:
            check_shape(folder, number, part["bias"], (width,))
        translators[number] = Translator((part["weight"],), part.get("bias"))
    return LensFile(
        "tuned",
        folder.resolve().name,
        translators,
        n_layers,
        str(config.get("base_model_name_or_path") or ""),
        str(config.get("unembed_hash") or ""),
        about={"revision": config.get("base_model_revision")},
    )


def _read_jacobian(path: Path) -> LensFile:
    state = _load(path)
    matrices = state.get("J") if isinstance(state, dict) else None
    if not isinstance(matrices, dict) or not matrices:
        raise lens_error(
            path,
            'is no lens: a torch file should hold {"J": {block: matrix}}, or lie beside a '
            f"{CONFIG} as {PARAMS}",
        )
    try:
        # the output of block l, counted from 0, is what this program calls layer l + 1
        numbered = {int(block) + 1: matrix for block, matrix in matrices.items()}
    except (TypeError, ValueError) as error:
        raise lens_error(path, "numbers its blocks with something else than numbers") from error
    width = next(iter(numbered.values()))
    size = len(width) if isinstance(width, Tensor) and width.ndim else 0
    for number, matrix in numbered.items():
        check_shape(path, number, matrix, (size, size))
    translators = {n: Translator((matrix,), residual=False) for n, matrix in numbered.items()}
    known = ("n_prompts", "source_layers", "d_model")
    said = {key: state[key] for key in known if isinstance(state.get(key), int | str)}
    return LensFile("jacobian", path.name, dict(sorted(translators.items())), about=said)


def check_shape(path: Path, layer: int, tensor: Any, shape: tuple[int, ...]) -> None:
    """Refuse a tensor of another shape, or of whole numbers."""
    if not isinstance(tensor, Tensor) or not tensor.is_floating_point() or tensor.shape != shape:
        found = tuple(tensor.shape) if isinstance(tensor, Tensor) else type(tensor).__name__
        raise lens_error(path, f"should hold {shape} numbers for layer {layer}, not {found}")


def _load(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it has some to say of foreign pickles
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise lens_error(path, "is not there") from error
    except Exception as error:  # torch, zipfile and pickle raise anything on foreign files
        raise lens_error(
            path,
            f"holds more than tensors, or is damaged ({type(error).__name__}); a pickle may run "
            "any code and is not loaded",
        ) from error
