"""A picture from a file: upright, RGB, with the copy that a report embeds.

Does not know models, patches or pages.

>>> picture = open_picture(Path("images/demo_scene.png"))
>>> picture.image.size
(672, 504)
"""

import io
import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from . import LensError

MAX_PIXELS = 100_000_000
EMBEDDED_SIDE = 1024  # longest side of the copy in record and report, pixels
_PNG_BYTES = 400_000  # a drawing stays exact up to this size; larger ones become JPEG


@dataclass(frozen=True)
class Picture:
    """An upright RGB image and its name."""

    name: str
    image: Image.Image

    def embedded(self) -> bytes:
        """A PNG or JPEG file of the picture, at most 1024 px on the long side, without metadata."""
        small = self.image.copy()
        small.thumbnail((EMBEDDED_SIDE, EMBEDDED_SIDE), Image.Resampling.LANCZOS)
        png, jpeg = io.BytesIO(), io.BytesIO()
        small.save(png, "PNG", optimize=True)
        if png.tell() <= _PNG_BYTES:
            return png.getvalue()
        small.save(jpeg, "JPEG", quality=90)
        return jpeg.getvalue()


def open_picture(path: Path) -> Picture:
    """Open an image file of any kind that Pillow reads; an animation gives its first frame.

    Raises:
        LensError: no such file, a folder, not an image, damaged, unreadable, or too large.
    """
    try:
        _refuse_other_than_files(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                _refuse_huge(path, image.size)
                image.load()
                upright = ImageOps.exif_transpose(image)
                return Picture(_file_name(path), _to_rgb(upright))
    except Image.DecompressionBombError:
        _refuse_huge(path, None)
        raise
    except UnidentifiedImageError as error:
        reason = "the file is empty" if path.stat().st_size == 0 else "it is not an image"
        if path.suffix.lower() in (".heic", ".heif"):
            reason = "HEIC needs a codec that Pillow lacks; save it as JPEG first"
        raise LensError(f"cannot read {path}: {reason}") from error
    except MemoryError as error:
        raise LensError(f"cannot read {path}: too little memory; make the image smaller") from error
    except OSError as error:
        raise LensError(f"cannot read {path}: {_reason(error)}") from error
    except (ValueError, SyntaxError, EOFError, IndexError, TypeError) as error:
        # what Pillow's decoders raise on files that are damaged inside
        raise LensError(f"cannot read {path}: the image is damaged ({error})") from error


def embedded_size(data: bytes) -> tuple[int, int]:
    """Width and height of the picture that a record brings; nothing of it is decoded.

    Raises:
        LensError: it is neither PNG nor JPEG, or too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                size = image.size
    except Image.DecompressionBombError as error:
        raise LensError(f"image {_too_large(None)}") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise LensError("image is neither a PNG nor a JPEG file") from error
    if size[0] * size[1] > MAX_PIXELS:
        raise LensError(f"image {_too_large(size)}")
    return size


def _refuse_other_than_files(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LensError(f"cannot read {path}: there is no such file") from error
    if stat.S_ISDIR(mode):
        raise LensError(f"cannot read {path}: it is a folder, not an image")
    if not stat.S_ISREG(mode):  # a pipe without a writer would be waited for without end
        raise LensError(f"cannot read {path}: it is not a regular file")


def _refuse_huge(path: Path, size: tuple[int, int] | None) -> None:
    if size is None or size[0] * size[1] > MAX_PIXELS:
        raise LensError(
            f"cannot read {path}: it {_too_large(size)}; make it smaller "
            "(models see less than one megapixel of it anyway)"
        )


def _too_large(size: tuple[int, int] | None) -> str:
    detail = f"{size[0] * size[1] / 1e6:.0f}" if size else "far more than 100"
    return f"has {detail} megapixels, 100 are the limit"


def _reason(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return error.strerror or f"the image is damaged ({error})"


def _file_name(path: Path) -> str:
    # names need not be UTF-8; a record and a page must be
    return os.fsencode(path.name).decode("utf-8", "replace")


def _to_rgb(image: Image.Image) -> Image.Image:
    """RGB with transparency on white; 16-bit and float greys scaled to 8 bits, not clipped."""
    if image.mode.startswith(("I", "F")):
        grey = np.asarray(image).astype(np.float64)
        top = 65535.0 if image.mode.startswith("I;16") or 255 < grey.max() <= 65535 else grey.max()
        scaled = np.clip(grey / max(top, 1.0), 0, 1) * 255
        return Image.fromarray(scaled.round().astype(np.uint8)).convert("RGB")
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
