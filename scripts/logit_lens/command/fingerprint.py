"""What makes two runs the same: the image's bytes, the model, the options, the code that reads.

Decided by content, never by dates. Does not import torch and does not load anything.

>>> settings = settings_of(arguments, model_identity(arguments.model))
>>> fingerprint(file_hash(Path("dog.jpg")), settings)
'9f2c…'
"""

import functools
import hashlib
import importlib.metadata
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import LensError, __version__
from ..model.checkpoint import find_checkpoint
from ..model.weight_files import read_json
from ..reading.lenses.places import is_local
from ..resources import TEMPLATES
from .against import Against
from .arguments import Arguments

_PAGES = ("*.py", "comparing/*.py", "page/*.py")
_READING = ("model", "patches", "comparing", "reading")
_WHOLE = 64 * 2**20  # files up to this size are hashed whole
_STRIDE, _BLOCK = 2**20, 4096  # of larger ones, a block of every megabyte


def fingerprint(image: str, settings: dict[str, Any]) -> str:
    """The hash of an image's hash and the settings."""
    text = json.dumps([image, settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def report_mark(data: str) -> str:
    """What a report depends on: the hash of its record's file, and the code that renders it."""
    return hashlib.sha256(f"{data} {_page_code()}".encode()).hexdigest()[:16]


def bytes_hash(data: bytes) -> str:
    """The hash of what a file holds or will hold."""
    return hashlib.sha256(data).hexdigest()


def file_hash(path: Path) -> str:
    """The hash of a file's bytes, read piece by piece."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def settings_of(arguments: Arguments, model: str | None) -> dict[str, Any]:
    """What a record depends on, beside the image.

    Where it is computed does not count (--device, --device-map): the record is the same up to
    rounding.
    """
    return {
        "model": model,
        "reading": asdict(arguments.reading),
        "lenses": [_lens_hash(source) for source in arguments.lenses],
        "vector": _vector_hash(arguments.ablate_with),
        "adapter": arguments.adapter and model_identity(arguments.adapter),
        "against": _against_identity(arguments.against),
        "chat_template": _template_identity(arguments.chat_template),
        "dtype": arguments.dtype,
        "quantize": arguments.quantize,
        "version": __version__,
        "code": _reading_code(),
    }


def _against_identity(against: Against | None) -> list[str | None] | None:
    """What is compared with; of a file or a model, its contents."""
    if against is None:
        return None
    path = Path(against.value)
    if against.kind == "image" and path.is_file():
        return [against.kind, file_hash(path)]
    model = model_identity(against.value) if against.kind == "model" else None
    return [against.kind, model or against.value]


def _vector_hash(ablate_with: str) -> str:
    """The contents of the file that --ablate-with names; empty where it is a word."""
    path = Path(ablate_with)
    return file_hash(path) if ablate_with not in ("mean", "zero") and path.is_file() else ""


def _lens_hash(source: str) -> str:
    """The contents of what --lens names; of what is on the hub, its name."""
    path = Path(source).expanduser()
    if not is_local(source):
        return source
    return _folder_hash(path) if path.is_dir() else file_hash(path)


def model_identity(name: str, besides: str | None = None) -> str | None:
    """What says which weights a model name stands for: a hub commit, or a hash of a folder.

    Args:
        name: a hub id, a folder, a file.
        besides: how the names of files begin that are written beside the model, and not of it.

    Returns:
        None where that cannot be known without the network: nothing is cached.
    """
    try:
        place = find_checkpoint(name)
    except LensError:
        return None  # loading it says why
    if place.gguf_file:
        return f"{place.name}@{file_hash(Path(place.source, place.gguf_file))}"
    if place.folder is not None:
        own = _folder_hash(place.folder, besides)
        base = read_json(place.folder / "adapter_config.json").get("base_model_name_or_path")
        return f"{own} on {model_identity(base)}" if base and base != name else own
    try:
        commit = _hub_cache() / f"models--{name.replace('/', '--')}" / "refs" / "main"
        return f"{name}@{commit.read_text(encoding='utf-8').strip()}"
    except OSError:
        return None


def _template_identity(chosen: str | None) -> str | None:
    """The name of a chat template, or the hash of the file that it is in."""
    path = Path(chosen or "")
    return file_hash(path) if chosen and path.is_file() else chosen


def _hub_cache() -> Path:
    # as huggingface_hub has it, without the second that importing it takes
    home = os.environ.get("HF_HOME") or Path(
        os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface"
    )
    cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return Path(cache or Path(home, "hub")).expanduser()


def _folder_hash(folder: Path, besides: str | None = None) -> str:
    """A hash of names and contents; of files above 64 MB, a block of every megabyte.

    Training, merging and converting change all of a weight file; a change that falls between all
    blocks (one row of one matrix) goes unseen: make such a model a folder of another name.
    """
    digest = hashlib.sha256()
    inside = [*folder.iterdir(), *folder.glob("additional_chat_templates/*")]
    for path in sorted(path for path in inside if path.is_file()):
        if besides and path.name.lstrip(".").startswith(besides):
            continue
        size = path.stat().st_size
        digest.update(f"{path.name}\0{size}\0".encode("utf-8", "surrogateescape"))
        with path.open("rb") as file:
            if size <= _WHOLE:
                digest.update(file.read())
                continue
            for start in range(0, size, _STRIDE):
                file.seek(start)
                digest.update(file.read(_BLOCK))
    return f"{folder.resolve().name}@{digest.hexdigest()}"


@functools.cache
def _page_code() -> str:
    """A hash of all that makes a page of a record: our own source and the templates."""
    package, digest = Path(__file__).resolve().parents[1], hashlib.sha256()
    sources = [path for pattern in _PAGES for path in package.glob(pattern)]
    for path in [*sorted(sources), *sorted(TEMPLATES.rglob("*.*"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


@functools.cache
def _reading_code() -> str:
    """A hash of all that makes a record: our own source, torch and transformers.

    Our source is the rooms that read, with the ground they stand on (the modules that lie directly
    in the package).
    """
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for folder in (package, *(package / room for room in _READING)):
        inside = folder.glob("*.py") if folder == package else folder.rglob("*.py")
        for path in sorted(inside):
            digest.update(path.read_bytes())
    for name in ("torch", "transformers"):
        digest.update(f"{name} {importlib.metadata.version(name)}".encode())
    return digest.hexdigest()[:16]
