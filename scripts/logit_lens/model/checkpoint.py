"""What ``--model`` stands for, told from its name and its files before anything is loaded.

A hub id, a folder, a folder of the hub's cache, a GGUF file. What is none of these is said in one
line, with what to use instead; what a folder holds that is no checkpoint is ``foreign.py``'s. Does
not import torch and does not ask the network.

>>> find_checkpoint("~/.cache/huggingface/hub/models--llava-hf--llava-1.5-7b-hf").name
'llava-hf/llava-1.5-7b-hf'
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import LensError
from ..files import is_folder
from .foreign import foreign_file, refuse_foreign_folder
from .weight_files import weights_variant

_CACHED = "models--"
_HUB_ID = re.compile(r"[\w][\w.-]*(/[\w][\w.-]*)?", re.ASCII)
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+]*://|git@|www\.|(?:hf\.co|huggingface\.co)/)", re.I)
_HUB_ADDRESS = re.compile(
    r"(?:(?:[a-z+]+://|git@)?(?:www\.)?(?:hf\.co|huggingface\.co|hf-mirror\.com)[/:]|hf://)"
    r"(?:models/)?([\w.-]+/[\w.-]+?)(?:\.git)?(?:[/?#].*)?",
    re.I,
)


@dataclass(frozen=True)
class Checkpoint:
    """Where a model is loaded from, and what it is called.

    Attributes:
        source: what ``from_pretrained`` is given: a hub id or a folder.
        name: what reports call it: a folder's place on this machine is nobody else's business.
        revision: its commit, where the folder is a snapshot of the hub's cache; else empty.
        variant: the word in the names of its weight files ("fp16"); empty for the usual names.
        gguf_file: the GGUF file in the folder; empty for any other kind.
    """

    source: str
    name: str
    revision: str = ""
    variant: str = ""
    gguf_file: str = ""

    @property
    def folder(self) -> Path | None:
        """Its folder; None for a hub id."""
        return Path(self.source) if is_folder(self.source) else None

    @property
    def gguf(self) -> dict[str, Any]:
        """What config, tokenizer and model need to be told of a GGUF file."""
        return {"gguf_file": self.gguf_file} if self.gguf_file else {}

    @property
    def weights(self) -> dict[str, Any]:
        """What the model needs to be told of its weight files."""
        return self.gguf | ({"variant": self.variant} if self.variant else {})


def find_checkpoint(name: str) -> Checkpoint:
    """What a name stands for.

    Raises:
        LensError: an address, a path that leads nowhere, or something that is no checkpoint.
    """
    name = str(name)  # notebooks may give a Path
    path = Path(name).expanduser()
    if is_folder(path):
        return _in_folder(path, name)
    if os.path.isfile(path):  # noqa: PTH113 (a name may be too long for a path: then it is none)
        return _in_file(path, name)
    if hub := _HUB_ADDRESS.fullmatch(name):
        raise LensError(f"{name} is an address; write the model's id: --model {hub[1]}")
    if _ADDRESS.match(name):
        raise LensError(
            f"{name} is an address, and no model is loaded from one; name a hub id such as "
            "llava-hf/llava-1.5-7b-hf, or download it and name its folder"
        )
    if not _HUB_ID.fullmatch(name):
        raise LensError(
            f"there is no folder {name}, and it is no hub id (owner/name) either; check the path, "
            "or name a model such as llava-hf/llava-1.5-7b-hf"
        )
    return Checkpoint(name, name)


def short_name(name: str) -> str:
    """What a model is called in file names: the last part of its hub id, or its folder's name."""
    try:
        return find_checkpoint(name).name.rpartition("/")[2]
    except LensError:  # said when it is to be loaded
        return Path(name).name


def _in_folder(path: Path, said: str) -> Checkpoint:
    folder, name, revision = _cached_snapshot(path.resolve()) or (path, path.resolve().name, "")
    gguf_file = refuse_foreign_folder(folder, said)
    if gguf_file:
        return Checkpoint(str(folder), Path(gguf_file).stem, revision, gguf_file=gguf_file)
    return Checkpoint(str(folder), name, revision, variant=weights_variant(folder))


def _in_file(path: Path, said: str) -> Checkpoint:
    foreign_file(path, said)
    return Checkpoint(str(path.parent), path.stem, gguf_file=path.name)


def _cached_snapshot(folder: Path) -> tuple[Path, str, str] | None:
    """A snapshot of the hub's cache, its hub id and commit; None for any other folder.

    ``models--a--b`` and its ``snapshots`` stand for the commit that ``refs/main`` names, or else
    the newest one.
    """
    places = (folder, folder.parent, folder.parent.parent)
    cache = next((place for place in places if place.name.startswith(_CACHED)), None)
    if cache is None or not is_folder(cache / "snapshots"):
        return None
    name = cache.name.removeprefix(_CACHED).replace("--", "/")
    if folder.parent == cache / "snapshots":
        return folder, name, folder.name
    main = cache / "refs" / "main"
    if main.is_file() and is_folder(cache / "snapshots" / main.read_text("utf-8").strip()):
        commit = main.read_text("utf-8").strip()
        return cache / "snapshots" / commit, name, commit
    found = sorted((p for p in (cache / "snapshots").iterdir() if p.is_dir()), key=_age)
    if not found:
        raise LensError(
            f"{folder} is the hub's cache of {name}, but nothing of it was downloaded; get it with "
            f"`hf download {name}`"
        )
    return found[-1], name, found[-1].name


def _age(folder: Path) -> float:
    return folder.stat().st_mtime
