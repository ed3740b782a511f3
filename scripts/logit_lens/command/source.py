"""One image that was named: a file, an address or standard input, and how its bytes are had.

Does not know reports, and does not import torch.

>>> content = load(Source(Path("dog.jpg")), quiet=True)
>>> content.digest, content.picture().image.size
('9f2c…', (640, 480))
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from .. import LensError
from ..address import identity_of, is_address, name_of, shown_address
from ..fetch import MAX_BYTES, fetch_image, picture_of
from ..images import Picture, decode_picture, open_picture
from .fingerprint import bytes_hash, file_hash
from .patterns import STDIN

_HELD_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Source:
    """Where an image comes from.

    Attributes:
        text: a path, an address, or ``-``.
    """

    text: str

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""
        return None if self.text == STDIN or is_address(self.text) else Path(self.text)

    @property
    def label(self) -> str:
        """What messages call it."""
        if is_address(self.text):
            return shown_address(self.text)
        return "standard input" if self.text == STDIN else self.text

    @property
    def name(self) -> str:
        """What it is called by itself."""
        if is_address(self.text):
            return name_of(self.text)
        return "stdin" if self.text == STDIN else Path(self.text).name

    @property
    def identity(self) -> str:
        """What two sources share that are the same; the bytes may change nonetheless."""
        if self.path is None:
            return identity_of(self.text)
        return os.path.abspath(self.path)  # noqa: PTH100 (resolves no link)


@dataclass(frozen=True)
class Content:
    """An image's bytes, not decoded yet.

    Attributes:
        digest: their hash; empty where they could not be read.
        picture: decodes them, or says why it cannot.
    """

    digest: str
    picture: Callable[[], Picture]


def load(source: Source, quiet: bool) -> Content:
    """Read the bytes of an image, with a bar on a terminal where that may take a while.

    Raises:
        LensError: an address cannot be fetched, or nothing comes on standard input.
    """
    if source.path is not None:
        return _of_file(source.path)
    if source.text == STDIN:
        data = _read_stdin()
        return Content(bytes_hash(data), lambda: _picture_from_stdin(data))
    data = _fetch(source, quiet)
    return Content(bytes_hash(data), lambda: picture_of(source.text, data))


def _of_file(path: Path) -> Content:
    """Read once, for hash and picture, unless it is too large to be held beside its pixels."""
    try:
        if not path.is_file():
            return Content("", lambda: open_picture(path))
        if path.stat().st_size > _HELD_BYTES:
            return Content(file_hash(path), lambda: open_picture(path))
        data = path.read_bytes()
    except OSError:  # opening it as a picture says why
        return Content("", lambda: open_picture(path))
    return Content(bytes_hash(data), lambda: open_picture(path, data))


def _fetch(source: Source, quiet: bool) -> bytes:
    # without a terminal there is no bar; a short one would only flicker
    with tqdm(
        desc=source.name[-30:],
        unit="B",
        unit_scale=True,
        disable=True if quiet else None,
        leave=False,
        delay=0.5,
    ) as bar:

        def advance(here: int, of: int) -> None:
            bar.total = of or None
            bar.update(here - bar.n)

        return fetch_image(source.text, advance)


def _picture_from_stdin(data: bytes) -> Picture:
    try:
        return decode_picture(data, "stdin")
    except LensError as error:
        raise LensError(f"cannot read standard input: {error}") from error


def _read_stdin() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise LensError(
            "cannot read standard input: it is a terminal; send an image: … --image - < dog.jpg"
        )
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
    except OSError as error:
        raise LensError(f"cannot read standard input: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise LensError(f"cannot read standard input: it has more than {MAX_BYTES / 1e6:.0f} MB")
    return data
