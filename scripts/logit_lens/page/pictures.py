"""Small pictures for an index of many reports: of the whole image, and cut around a patch.

All come from the picture that a record brings, once, when its report is written. Does not know
statistics or pages.

>>> picture = opened(record.image)
>>> thumbnail(picture)[:22]
'data:image/jpeg;base64'
"""

import base64
import io

import numpy as np
from PIL import Image, features

from .. import LensError
from ..images import embedded_size

THUMBNAIL = 96  # pixels of the longer side
SMALL, SMALL_BYTES = 56, 440  # the same where there are thousands: no larger than so many bytes
CROP, CROP_BYTES = 64, 900  # pixels of its sides; bytes that are enough for it
_PIXELS = 16_000_000  # a record's picture has a million, one from elsewhere may not
_PATCHES, _SHARE = 3, 0.25  # a crop shows so many patches, or so much of the picture
Box = tuple[float, float, float, float]


def opened(image: np.ndarray) -> Image.Image | None:
    """A record's picture; None without one, or with one that Pillow refuses."""
    data = image.tobytes()
    try:
        width, height = embedded_size(data)
        if width * height > _PIXELS:
            return None
        with Image.open(io.BytesIO(data)) as picture:
            return picture.convert("RGB")
    except (LensError, OSError, ValueError, SyntaxError):
        return None


def thumbnail(picture: Image.Image | None) -> str:
    """A data: URI of a few kilobytes; empty without a picture."""
    if picture is None:
        return ""
    small = picture.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=72, optimize=True)
    return _uri("jpeg", buffer.getvalue())


def small_thumbnail(picture: Image.Image | None) -> str:
    """A data: URI of at most ``SMALL_BYTES`` bytes, before they become base64."""
    if picture is None:
        return ""
    side, uri, data = SMALL, "", b""
    for quality in (40, 20, 5, 5, 5):
        small = picture.copy()
        small.thumbnail((side, side), reducing_gap=2.0)
        kind, data = _packed(small, quality)
        uri = _uri(kind, data)
        if len(data) <= SMALL_BYTES:
            break
        side = side if quality > 5 else side // 2
    return uri if len(data) <= SMALL_BYTES else ""


def patch_crop(picture: Image.Image, patch: Box) -> tuple[str, Box]:
    """A patch with what lies around it.

    Args:
        picture: the whole.
        patch: left, top, right, bottom, as shares of the picture's width and height.

    Returns:
        a data: URI, and where the patch lies in it, as shares of its sides.
    """
    width, height = picture.size
    left, top, right, bottom = np.multiply(patch, (width, height, width, height))
    side = max(_PATCHES * max(right - left, bottom - top), _SHARE * max(width, height))
    side = max(1.0, min(side, width, height))
    x = min(max((left + right - side) / 2, 0), width - side)
    y = min(max((top + bottom - side) / 2, 0), height - side)
    crop = picture.resize((CROP, CROP), box=(x, y, x + side, y + side), reducing_gap=2.0)
    place = ((left - x) / side, (top - y) / side, (right - x) / side, (bottom - y) / side)
    kind, data = _packed(crop, 40)
    if len(data) > CROP_BYTES:
        kind, data = _packed(crop, 10)
    return _uri(kind, data), place


def _packed(picture: Image.Image, quality: int) -> tuple[str, bytes]:
    """Kind and bytes: WebP is the smaller, but not every Pillow has it."""
    kind = "webp" if features.check("webp") else "jpeg"
    buffer = io.BytesIO()
    picture.save(buffer, kind, quality=quality)
    return kind, buffer.getvalue()


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
