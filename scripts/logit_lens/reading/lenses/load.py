"""Lenses for a model: named, read, and refused where they belong to another.

A lens of another width or number of layers cannot be used. One whose unembedding differs can (a
language model's lens on the vision-language model that grew out of it), and a note says so.

>>> [lens.name for lens in load_lenses(vlm, ["models/demo/lens.safetensors"])]
['tuned']
"""

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from torch import Tensor, nn

from ...model.vlm import VLM
from .files import LensFile, lens_error, read_lens_file
from .lens import Lens
from .places import find_lens

_hashes: WeakKeyDictionary[nn.Module, str] = WeakKeyDictionary()


def load_lenses(vlm: VLM, sources: Sequence[str]) -> list[Lens]:
    """The lenses of these sources, in their order.

    Files are read once for all images of a run, and again when they change.

    Raises:
        LensError: one cannot be found, is no lens, or is another model's.
    """
    paths = [find_lens(source) for source in sources]
    files = [_read(path, _stamp(path)) for path in paths]
    for path, file in zip(paths, files, strict=True):
        _refuse_another_models(path, file, vlm)
    return [
        Lens(name, file.kind, file.translators, _about(file, name, note_on_model(file, vlm)))
        for name, file in zip(_names(files), files, strict=True)
    ]


def note_on_model(file: LensFile, vlm: VLM) -> str:
    """What a reader should know where a lens may be another model's; else empty."""
    same = file.model and _short(file.model) == _short(vlm.name)
    if not file.model and not file.unembedding:
        return f"lens {file.file} does not say which model it was fitted on"
    own = unembedding_hash(vlm.anatomy.head)
    if file.unembedding and own:
        if file.unembedding == own:
            return "" if same else f"lens {file.file} was fitted on {file.model or 'another model'}"
        return (
            f"lens {file.file} was fitted with another unembedding, that of "
            f"{file.model or 'another model'}; how well it reads {vlm.name} is not known"
        )
    return "" if same else f"lens {file.file} was fitted on {file.model}, not on {vlm.name}"


def unembedding_hash(head: nn.Module) -> str:
    """What tells one unembedding from another, as the package tuned-lens has it.

    Rounded, so that it does not depend on the dtype. Empty where the weights lie elsewhere or are
    packed.
    """
    if head not in _hashes:
        weight: Any = getattr(head, "weight", None)
        known = isinstance(weight, Tensor) and weight.device.type != "meta"
        found = ""
        if known and weight.is_floating_point() and not hasattr(head, "_hf_hook"):
            matrix = weight.detach().cpu().float().numpy()
            with np.printoptions(threshold=1000, edgeitems=3, linewidth=75):
                found = hashlib.sha256(np.array_str(matrix, precision=1).encode()).hexdigest()
        _hashes[head] = found
    return _hashes[head]


def width_of(vlm: VLM) -> int:
    """The size of a state."""
    return int(vlm.model.config.get_text_config(decoder=True).hidden_size)


@functools.lru_cache(maxsize=4)
def _read(path: Path, stamp: tuple[tuple[str, int, int], ...]) -> LensFile:
    return read_lens_file(path)


def _stamp(path: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when the files do."""
    found = [path, *(sorted(path.iterdir()) if path.is_dir() else ())]
    stats = [(p.name, p.stat()) for p in found]
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def _refuse_another_models(path: Path, file: LensFile, vlm: VLM) -> None:
    width = width_of(vlm)
    found = next((t.factors[0].shape[-1] for t in file.translators.values()), width)
    if found != width:
        raise lens_error(
            path, f"translates states of {found} numbers, but those of {vlm.name} have {width}"
        )
    last = max(file.translators, default=0)
    if file.n_layers not in (None, vlm.n_layers) or last > vlm.n_layers:
        raise lens_error(
            path,
            f"is of a model with {file.n_layers or f'at least {last}'} layers, but {vlm.name} has "
            f"{vlm.n_layers}",
        )
    if file.ours and _short(file.model) != _short(vlm.name):
        own = unembedding_hash(vlm.anatomy.head)
        if not own or file.unembedding != own:
            raise lens_error(path, f"was fitted on {file.model}, and this is {vlm.name}")


def _about(file: LensFile, name: str, note: str) -> dict[str, Any]:
    said = {"name": name, "kind": file.kind, "file": file.file, "model": file.model}
    said |= {key: value for key, value in file.about.items() if key != "settings"}
    return said | ({"note": note} if note else {})


def _names(files: Sequence[LensFile]) -> list[str]:
    """The kind, with the file's name where several are of one kind, and a number if need be."""
    kinds = [file.kind for file in files]
    names: list[str] = []
    for file in files:
        several = kinds.count(file.kind) > 1
        plain = f"{file.kind} {Path(file.file).stem}" if several else file.kind
        name, number = plain, 2
        while name in names:
            name, number = f"{plain} {number}", number + 1
        names.append(name)
    return names


def _short(name: str) -> str:
    return name.rpartition("/")[2].casefold()
