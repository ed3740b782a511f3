"""What ``--image`` named: paths, addresses, ``-``, and patterns that the shell did not open.

A shell on Windows opens none, and no shell opens those in quotes. Does not open images, and imports
next to nothing.

>>> named_images(["photos/*.jpg", "https://example.org/dog.jpg", "-"])
['photos/a.jpg', 'photos/b.jpg', 'https://example.org/dog.jpg', '-']
"""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from .. import LensError
from ..address import is_address, path_of, scheme_of

STDIN = "-"


def named_images(texts: Sequence[str]) -> list[str]:
    """Paths, web addresses and ``-``, in the order in which they were named.

    Raises:
        LensError: a pattern matches nothing, or an address is of a kind that is not fetched.
    """
    return [found for text in texts for found in _open(text)]


def _open(text: str) -> Iterator[str]:
    scheme = scheme_of(text)
    if text == STDIN or is_address(text):
        yield text
    elif scheme == "file":
        yield path_of(text)
    elif scheme:
        raise LensError(
            f"cannot read {text[:80]}: {scheme}: is not fetched, only http and https are; "
            "download it and name the file",
            exit_code=2,
        )
    elif glob.has_magic(text):
        yield from _matches(text)
    else:
        yield text


def _matches(pattern: str) -> list[str]:
    """What a pattern stands for; where its beginning is there by name, the name is meant."""
    path = PurePath(pattern)
    there = next((p for p in (path, *path.parents) if os.path.lexists(p)), PurePath())
    if there == path:
        return [pattern]  # names may hold brackets
    rest = str(path.relative_to(there)) + (os.sep if pattern.endswith(("/", os.sep)) else "")
    found = sorted(glob.glob(rest, root_dir=there, recursive=True))  # noqa: PTH207 (takes no **)
    if not found:
        raise LensError(f"no file matches the pattern {pattern}")
    return [os.path.join(there, name) if there.parts else name for name in found]  # noqa: PTH118
