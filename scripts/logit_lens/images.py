"""A picture from a file or from bytes: upright, RGB, with the copy that a report embeds.

What its numbers become is ``pixels.py``'s. Does not know models, patches, pages or the network.

>>> picture = open_picture(Path("images/demo_scene.png"))
>>> picture.image.size
(672, 504)
"""

import ctypes
import functools
import io
import logging
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from . import LensError
from .pixels import is_deep, to_eight_bits, to_rgb

MAX_PIXELS = 100_000_000
EMBEDDED_SIDE = 1024  # longest side of the copy in record and report, pixels
_PNG_BYTES = 400_000  # a drawing stays exact up to this size; larger ones become JPEG
_HEAD = 64  # bytes that say what kind of image it is
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_AVIF = {b"avif", b"avis"}  # a relative, which Pillow reads itself
logging.getLogger("PIL").addHandler(logging.NullHandler())  # or Python prints its errors
_ONE_AT_A_TIME = threading.Lock()  # the filters of warnings belong to all threads


@dataclass(frozen=True)
class Picture:
    """An upright RGB image.

    Attributes:
        name: what reports call it.
        image: its pixels.
        source: the address that it came from; empty for a file.
    """

    name: str
    image: Image.Image
    source: str = ""

    def embedded(self) -> bytes:
        """A PNG or JPEG file of the picture, at most 1024 px on the long side, without metadata."""
        small = self.image.copy()
        small.thumbnail((EMBEDDED_SIDE, EMBEDDED_SIDE), Image.Resampling.LANCZOS)
        png, jpeg = io.BytesIO(), io.BytesIO()
        small.save(png, "PNG")  # optimize=True takes seven times as long for a twentieth less
        if png.tell() <= _PNG_BYTES:
            return png.getvalue()
        small.save(jpeg, "JPEG", quality=90)
        return jpeg.getvalue()


def open_picture(path: Path, data: bytes | None = None) -> Picture:
    """Open an image file of any kind that Pillow reads; an animation gives its first frame.

    Args:
        path: the file.
        data: its bytes, where they were read already.

    Raises:
        LensError: no such file, a folder, not an image, damaged, unreadable, or too large.
    """
    _refuse_other_than_files(path)
    try:
        with path.open("rb") if data is None else io.BytesIO(data) as file:
            return Picture(_file_name(path), _decode(file))
    except LensError as error:
        raise LensError(f"cannot read {path}: {error}") from error
    except OSError as error:
        reason = (
            "no permission to read it" if isinstance(error, PermissionError) else error.strerror
        )
        raise LensError(f"cannot read {path}: {reason or error}") from error


def decode_picture(data: bytes, name: str, source: str = "") -> Picture:
    """The same of an image that is in memory; its errors do not name it.

    Raises:
        LensError: not an image, damaged, or too large.
    """
    return Picture(name, _decode(io.BytesIO(data)), source)


def embedded_size(data: bytes) -> tuple[int, int]:
    """Width and height of the picture that a record brings; nothing of it is decoded.

    Raises:
        LensError: it is neither PNG nor JPEG, or too large.
    """
    try:
        with _without_warnings(), Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            size = image.size
    except Image.DecompressionBombError as error:
        raise LensError(f"image {_too_large(None)}") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise LensError("image is neither a PNG nor a JPEG file") from error
    if size[0] * size[1] > MAX_PIXELS:
        raise LensError(f"image {_too_large(size)}")
    return size


def kind_of(head: bytes) -> str:
    """What kind of image begins with these bytes; empty where Pillow knows none.

    >>> kind_of(b"GIF89a")
    'GIF'
    """
    if _is_heif(head):
        return "HEIC"
    Image.init()
    head = head.ljust(_HEAD, b"\0")  # some of Pillow's tests unpack more than there is
    kinds = (kind for kind, (_, accepts) in Image.OPEN.items() if accepts and accepts(head))
    return next(kinds, "")


def _decode(file: BinaryIO) -> Image.Image:
    head = file.read(_HEAD)
    file.seek(0)
    if _is_heif(head):
        _learn_heif()
    _quiet_libtiff()
    try:
        with _without_warnings(), Image.open(file) as image:
            if image.size[0] * image.size[1] > MAX_PIXELS:
                raise LensError(_refusal(image.size))
            deep = is_deep(image)
            image.load()
            upright = ImageOps.exif_transpose(image)
            return to_rgb(to_eight_bits(upright) if deep else upright)
    except LensError:
        raise
    except Image.DecompressionBombError as error:
        raise LensError(_refusal(None)) from error
    except UnidentifiedImageError as error:
        raise LensError(_not_an_image(head)) from error
    except MemoryError as error:
        raise LensError("too little memory; make the image smaller") from error
    except OSError as error:
        if error.errno:  # of the disk, not of the image
            raise
        raise LensError(f"the image is damaged ({error})") from error
    except Exception as error:  # Pillow's decoders raise anything on files that are damaged inside
        raise LensError(f"the image is damaged ({error})") from error


def _is_heif(head: bytes) -> bool:
    """Whether it is HEIC by its own word; a file's ending says nothing."""
    if head[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, end - 3, 4)}
    return bool(brands & _HEIF) and not brands & _AVIF


def _learn_heif() -> None:
    try:
        import pillow_heif  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise LensError(
            "it is a HEIC image: pip install pillow-heif to read it, or save it as JPEG"
        ) from error
    pillow_heif.register_heif_opener()


@functools.cache
def _quiet_libtiff() -> None:
    """Keep libtiff from printing what its exception says; where it is out of reach, it may."""
    with suppress(AttributeError, OSError):
        set_handler = ctypes.CDLL(Image.core.__file__).TIFFSetErrorHandler
        set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
        set_handler(None)


def _not_an_image(head: bytes) -> str:
    if not head:
        return "the file is empty"
    kind = kind_of(head)
    if not kind:
        return "it is not an image"
    return f"it is a damaged {kind} image, or of a kind that cannot be read; save it as PNG"


def _refuse_other_than_files(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LensError(f"cannot read {path}: there is no such file") from error
    except OSError as error:
        raise LensError(f"cannot read {path}: {error.strerror or error}") from error
    if stat.S_ISDIR(mode):
        raise LensError(f"cannot read {path}: it is a folder, not an image")
    if not stat.S_ISREG(mode):  # a pipe without a writer would be waited for without end
        raise LensError(f"cannot read {path}: it is not a regular file")


def _refusal(size: tuple[int, int] | None) -> str:
    return (
        f"it {_too_large(size)}; make it smaller (models see less than one megapixel of it anyway)"
    )


def _too_large(size: tuple[int, int] | None) -> str:
    detail = f"{size[0] * size[1] / 1e6:.0f}" if size else "far more than 100"
    return f"has {detail} megapixels, 100 are the limit"


def _file_name(path: Path) -> str:
    # names need not be UTF-8; a record and a page must be
    return os.fsencode(path.name).decode("utf-8", "replace")


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Inside, libraries keep their warnings: what matters of an image is said as an error."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
