"""Draws the pictures in images/: scenes like the training ones, four times as large.

    cd scripts && python -m demo_model.pictures

They are wider or taller than the model's square view, and one is stored turned, as phones do.

>>> scene = draw(PICTURES["demo_scene.png"])  # 672 x 504
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .scenes import Scene, Thing, paint

IMAGES = Path(__file__).resolve().parent.parent.parent / "images"
ORIENTATION = 0x0112  # the EXIF tag; 6 means: turn clockwise to see it upright


@dataclass(frozen=True)
class Picture:
    """What is drawn; places and radii of (shape, colour, x, y, radius, turn) in pixels."""

    size: tuple[int, int]
    backgrounds: tuple[str, ...]
    horizon: float
    things: tuple[tuple[str, str, float, float, float, float], ...]
    turned: bool = False  # store it lying on its side, with an EXIF note


PICTURES = {
    "demo_scene.png": Picture(
        (672, 504),
        ("sky", "grass"),
        0.55,
        (
            ("star", "yellow", 195, 130, 92, -0.15),
            ("circle", "red", 340, 345, 100, 0.0),
            ("square", "blue", 480, 165, 88, 0.2),
        ),
    ),
    "night_portrait.png": Picture(
        (504, 672),
        ("night", "snow"),
        0.6,
        (("moon", "yellow", 345, 230, 105, -0.4), ("heart", "red", 180, 445, 98, 0.1)),
    ),
    "rotated_photo.jpg": Picture(
        (504, 672),
        ("sunset", "sea"),
        0.5,
        (("triangle", "green", 150, 440, 92, 0.1), ("cross", "white", 340, 245, 100, 0.1)),
        turned=True,
    ),
    "brick_wall.png": Picture(
        (504, 504),
        ("bricks",),
        0.5,
        (
            ("rectangle", "black", 130, 130, 85, 0.2),
            ("moon", "green", 250, 370, 92, 0.3),
            ("star", "white", 385, 150, 90, 0.3),
        ),
    ),
}


def draw(picture: Picture) -> Scene:
    """The upright scene, with all that is known about it."""
    things = [Thing(*thing) for thing in picture.things]
    rng = np.random.default_rng(0)
    return paint(rng, picture.size, picture.backgrounds, picture.horizon, things)


def main() -> None:
    """Write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        image, exif = Image.fromarray(draw(picture).image), Image.Exif()
        if picture.turned:
            exif[ORIENTATION] = 6
            image = image.transpose(Image.Transpose.ROTATE_90)
        image.save(IMAGES / name, exif=exif, quality=92, optimize=True)


if __name__ == "__main__":
    main()
