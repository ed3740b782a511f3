"""Which image files a command is about: files as named, folders searched to the bottom.

Does not open them, and does not know reports.

>>> [name for file, name, root in find_images([Path("photos")])]
['photos/dog.jpg', 'photos/more/cat.png']
"""

import os
from collections.abc import Iterator
from pathlib import Path

from .. import LensError
from ..files import is_folder

IMAGE_SUFFIXES = tuple(
    f".{kind}"
    for kind in (
        *("apng", "avif", "bmp", "dib", "gif", "heic", "heif", "ico", "jfif", "jp2", "jpe"),
        *("jpeg", "jpg", "pbm", "pgm", "png", "pnm", "ppm", "tga", "tif", "tiff", "webp"),
    )
)


def find_images(paths: list[Path]) -> Iterator[tuple[Path, str, Path]]:
    """(file, name in reports, root) of every image, each once, in an order that never varies."""
    seen = set()
    for root in paths:
        files = _walk(root) if is_folder(root) else [root]
        if not files:
            raise LensError(
                f"there is no image in the folder {root}: no file ends in .jpg, .png, .webp, …"
            )
        for file in files:
            if (key := os.path.abspath(file)) not in seen:  # noqa: PTH100 (resolves no link)
                seen.add(key)
                inside = Path(root.resolve().name) / file.relative_to(root) if file != root else ""
                yield file, display_path(inside or file.name), root


def _walk(root: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise LensError(f"cannot read {error.filename}: {error.strerror}") from error

    found = []
    for folder, inner, files in os.walk(root, onerror=refuse):
        inner[:] = [name for name in inner if not name.startswith(".")]
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
