"""A picture, changed: what a reading of the original is compared with.

Does not know models or readings.

>>> edited(open_picture(Path("images/demo_scene.png")), "blur").name
'demo_scene.png, blurred'
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .images import Picture

_SOFT = 1 / 32  # radius of the blur, of the longer side: shapes are gone, colours and places stay
EDITS = {"blur": "blurred", "grey": "without colours"}


def edited(picture: "Picture", edit: str) -> "Picture":
    """The picture, blurred or without its colours.

    Args:
        picture: the original.
        edit: one of ``EDITS``.
    """
    from PIL import (  # arguments are checked by EDITS before anything is loaded
        ImageFilter,
        ImageOps,
    )

    from .images import Picture

    image = picture.image
    if edit == "blur":
        image = image.filter(ImageFilter.GaussianBlur(max(image.size) * _SOFT))
    else:
        image = ImageOps.grayscale(image).convert("RGB")
    return Picture(f"{picture.name}, {EDITS[edit]}", image, picture.source)
