"""What the numbers of a picture become: RGB of 8 bits, by one rule.

8 bits per channel are taken as they are. Pictures of 16 bits, integers or floats are stretched: 0
(or the least value, where that is negative) becomes black and the greatest white. NaN is black.
Transparency lies on white. Does not know files.

>>> to_eight_bits(Image.fromarray(np.array([[0, 4095]], np.uint16))).getpixel((1, 0))
255
"""

import numpy as np
from PIL import Image, ImageFile

_ROWS = 64  # stretched at a time: the numbers' float64 copies stay small


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether a picture that was opened, but not loaded, has more than 8 bits per channel.

    Of colours of 16 bits Pillow keeps the upper 8 and says so nowhere but in how it unpacks them.
    """
    return image.mode[0] in "IF" or any(";16" in str(tile[3]) for tile in image.tile)


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Its numbers as 8 bits, by the rule above; all colours by one factor, and no transparency."""
    numbers = np.atleast_3d(np.asarray(image))  # (row, column, channel)
    colours = numbers[..., :-1] if image.getbands()[-1] == "A" else numbers
    finite = np.isfinite(colours)
    least = colours.min(where=finite, initial=0)
    greatest = colours.max(where=finite, initial=least)
    span = float(greatest) - float(least) or 1.0
    bits = np.empty(numbers.shape, np.uint8)
    for row in range(0, len(numbers), _ROWS):
        rows = slice(row, row + _ROWS)
        with np.errstate(all="ignore"):  # NaN and infinity are expected
            part = (colours[rows].astype(np.float64) - float(least)) / span
            part = np.nan_to_num(part * 255, nan=0, posinf=255, neginf=0)
        bits[rows, :, : colours.shape[2]] = part.clip(0, 255).round()
    if colours is not numbers:
        bits[..., -1] = numbers[..., -1]
    return Image.fromarray(bits[..., 0] if numbers.shape[2] == 1 else bits)


def to_rgb(image: Image.Image) -> Image.Image:
    """RGB, with transparency on white."""
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
