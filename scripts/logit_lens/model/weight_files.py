"""Files of a checkpoint: those of weights by name, which a folder lacks, which JSON is damaged.

Does not import torch.

>>> has_weights(["config.json", "model-00001-of-00003.safetensors"])
True
"""

import fnmatch
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .. import LensError

# model.safetensors, pytorch_model-00001-of-00002.bin, model.fp16.safetensors; group 1: fp16
_WEIGHTS = re.compile(
    r"(?:model|pytorch_model)(?:\.(?!safetensors|bin)(\w+))?(?:-\d+-of-\d+)?\.(?:safetensors|bin)"
)
_INDEX = re.compile(r"(?:model\.safetensors|pytorch_model\.bin)\.index(?:\.\w+)?\.json")
_SETTINGS = (
    *("config.json", "preprocessor_config.json", "processor_config.json", "chat_template.json"),
    *("tokenizer.json", "tokenizer_config.json"),
)
_LARGE = 2**20  # bytes; what is longer is not parsed twice
_VARIANTS = ("fp32", "bf16", "fp16")  # what is read of several


def weights_variant(folder: Path) -> str:
    """The word in the names of a folder's weights, fp16 in ``model.fp16.safetensors``.

    Empty where there are weights by the usual names.
    """
    found = {m[1] for m in map(_WEIGHTS.fullmatch, (p.name for p in folder.iterdir())) if m}
    if not found or None in found:
        return ""
    return next((word for word in _VARIANTS if word in found), min(found))


def is_weights(name: str) -> bool:
    """Whether transformers takes a file of that name for weights."""
    return _WEIGHTS.fullmatch(name) is not None


def has_weights(names: Iterable[str]) -> bool:
    """Whether there are weights by names that transformers knows."""
    return any(is_weights(name) or _INDEX.fullmatch(name) for name in names)


def refuse_without_weights(folder: Path, said: str) -> None:
    """Say of a folder with a configuration that its weights are not there.

    Raises:
        LensError: they are not.
    """
    names = [path.name for path in folder.iterdir()]
    if has_weights(names):
        return
    if other := matching_names(names, ("*.safetensors", "*.bin", "*.pt", "*.pth")):
        raise LensError(
            f"{said} has no weights by a name that transformers knows, but {other[0]}; if that is "
            f"the whole model, call it model{Path(other[0]).suffix}"
        )
    raise LensError(
        f"{said} has a configuration but no weights (model.safetensors); download it again, or "
        "name the folder where they are"
    )


def refuse_missing_shards(folder: Path, names: Sequence[str], said: str) -> None:
    """Say which of the files that an index lists are not there.

    Raises:
        LensError: some are not.
    """
    for index in filter(_INDEX.fullmatch, names):
        shards = set((read_json(folder / index).get("weight_map") or {}).values())
        if missing := sorted(shards - set(names)):
            raise LensError(
                f"{said} lacks {len(missing)} of its {len(shards)} files of weights "
                f"({missing[0]}{', …' if len(missing) > 1 else ''}); download it again"
            )


def tensor_names(path: Path) -> set[str]:
    """The names of a safetensors file's tensors, from its header; empty where that is damaged."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            return set(json.loads(file.read(size))) if size < 2**27 else set()
    except (OSError, ValueError):
        return set()  # loading says so


def matching_names(names: Sequence[str], patterns: Iterable[str]) -> list[str]:
    """Those of the names that match a pattern, in their order."""
    return [name for name in names if any(fnmatch.fnmatchcase(name, p) for p in patterns)]


def refuse_damaged_json(folder: Path, said: str) -> None:
    """Let a folder pass whose settings are JSON.

    Args:
        folder: where to look.
        said: what the user called it.

    Raises:
        LensError: one of them was cut off or edited wrongly.
    """
    for path in filter(Path.is_file, (folder / name for name in _SETTINGS)):
        text = path.read_bytes()
        try:
            if len(text) < _LARGE:
                json.loads(text)
            elif not text.rstrip().endswith(b"}"):
                raise ValueError("it ends in the middle")  # noqa: TRY301 (as json would)
        except ValueError as error:
            raise LensError(
                f"{path.name} of {said} is no valid JSON ({error}): it was cut off or edited; "
                "download it again, or mend it"
            ) from error


def read_json(path: Path) -> dict[str, Any]:
    """The object that a file holds; empty where it holds none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # loading says so
    return found if isinstance(found, dict) else {}
