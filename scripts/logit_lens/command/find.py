"""Which images a command is about: files and addresses as named, folders searched to the bottom.

Does not open them, and does not know reports.

>>> [name for source, name, named in find_images(["photos"])]
['photos/dog.jpg', 'photos/more/cat.png']
"""

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from .. import LensError
from ..files import is_folder
from .source import Source

IMAGE_SUFFIXES = tuple(
    f".{kind}"
    for kind in (
        *("apng", "avif", "bmp", "dib", "gif", "heic", "heif", "ico", "jfif", "jp2", "jpe"),
        *("jpeg", "jpg", "pbm", "pgm", "png", "pnm", "ppm", "tga", "tif", "tiff", "webp"),
    )
)


def find_images(texts: list[str]) -> Iterator[tuple[Source, str, Source]]:
    """(image, name in reports, what was named) of every image, each once, in a fixed order."""
    seen = set()
    for text in texts:
        named = Source(text)
        root = named.path if named.path is not None and is_folder(named.path) else None
        sources = [Source(str(path)) for path in _walk(root)] if root else [named]
        if not sources:
            raise LensError(
                f"there is no image in the folder {root}: no file ends in .jpg, .png, .webp, …"
            )
        for source in sources:
            if source.identity not in seen:
                seen.add(source.identity)
                yield source, _name_in_reports(source, root), named


def _name_in_reports(source: Source, root: Path | None) -> str:
    if source.path is None:
        return source.label
    if root is None:
        return display_path(source.path.name)
    return display_path(Path(root.resolve().name) / source.path.relative_to(root))


def _walk(root: Path) -> list[Path]:
    """All images below a folder, and below those it links to: each folder once."""

    def refuse(error: OSError) -> None:
        raise LensError(f"cannot read {error.filename}: {error.strerror}") from error

    found, been, pending = [], set(), deque([str(root)])
    while pending:
        for folder, inner, files in os.walk(pending.popleft(), onerror=refuse):
            here = os.stat(folder)  # noqa: PTH116
            if (here.st_dev, here.st_ino) in been:  # a link to where we were: a loop, maybe
                inner.clear()
                continue
            been.add((here.st_dev, here.st_ino))
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            pending += [path for name in inner if os.path.islink(path := f"{folder}/{name}")]  # noqa: PTH114
            found += [
                Path(folder, name)
                for name in files
                if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES
            ]
    # a link that leads nowhere is named when its turn comes; pipes and the like are no files
    return sorted(path for path in found if path.is_file() or not path.exists())


def display_path(path: Path | str) -> str:
    """A path as text: names need not be UTF-8, but records and pages must be."""
    return os.fsencode(path).decode("utf-8", "replace")
