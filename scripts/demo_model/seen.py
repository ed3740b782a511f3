"""What the model sees of a scene, and the truth about each of its patches.

>>> view = look(random_scene(seed=7, split="test"))
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .drawing import BACKGROUNDS
from .scenes import FINE, GRID, PATCH, SIDE, Scene, canvas_box


@dataclass
class View:
    """What the model sees of a scene, and the truth per patch, row by row."""

    pixels: np.ndarray  # (168, 168, 3) uint8
    centres: list[tuple[float, float]]  # of every thing, in pixels of the view
    radii: list[float]
    thing: np.ndarray  # (144) int: the thing that covers at least half the patch, else -1
    share: np.ndarray  # (144, 9) float32: share of each background word where it counts, else 0
    outline: np.ndarray  # (144, 49) float32: covered share of each of 7 x 7 cells of the patch


def patch_cover(mask: np.ndarray) -> np.ndarray:
    """The share of each of the model's patches that a pixel mask of any size fills, (144)."""
    return _per_patch(mask, canvas_box(mask.shape[1], mask.shape[0]))


def look(scene: Scene) -> View:
    """What the processor shows the model of a scene, with the truth per patch."""
    height, width = scene.owner.shape
    box = canvas_box(width, height)
    scale = SIDE / (box[2] - box[0])
    pixels = scene.image
    if (height, width) != (SIDE, SIDE):
        small = (
            max(SIDE, int(SIDE * width / min(width, height))),
            max(SIDE, int(SIDE * height / min(width, height))),
        )
        shrunk = np.asarray(Image.fromarray(pixels).resize(small, Image.Resampling.BICUBIC))
        top, left = (small[1] - SIDE) // 2, (small[0] - SIDE) // 2
        pixels = shrunk[top : top + SIDE, left : left + SIDE]
    cover = np.stack([_per_patch(scene.owner == i, box) for i in range(len(scene.things))])
    covered = cover.sum(0)
    words = [BACKGROUNDS.index(word) for word in scene.backgrounds]
    share = np.zeros((GRID * GRID, len(BACKGROUNDS)), np.float32)
    for word in words:
        share[:, word] = _per_patch((scene.ground == word) & (scene.owner < 0), box)
    clean = covered < 0.15  # patches between the two limits are nobody's: they teach nothing
    share = np.where(clean[:, None], share / np.maximum(share.sum(1, keepdims=True), 1e-6), 0)
    return View(
        pixels=pixels,
        centres=[((t.x - box[0]) * scale, (t.y - box[1]) * scale) for t in scene.things],
        radii=[t.radius * scale for t in scene.things],
        thing=np.where(cover.max(0) >= 0.5, cover.argmax(0), -1),
        share=share.astype(np.float32),
        outline=_per_cell(scene.owner >= 0, box),
    )


def _per_patch(mask: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """The share of each patch that a pixel mask fills, (144) float32, row by row."""
    if mask.shape == (SIDE, SIDE):
        return mask.reshape(GRID, PATCH, GRID, PATCH).mean((1, 3), dtype=np.float32).ravel()
    image = Image.fromarray(mask.astype(np.float32))
    return np.asarray(image.resize((GRID, GRID), Image.Resampling.BOX, box=box)).ravel()


def _per_cell(mask: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """The same for the FINE x FINE cells of each patch, (144, 49) float32."""
    side = GRID * FINE
    if mask.shape == (SIDE, SIDE):
        cells = mask.reshape(side, SIDE // side, side, SIDE // side).mean((1, 3), dtype=np.float32)
    else:
        image = Image.fromarray(mask.astype(np.float32))
        cells = np.asarray(image.resize((side, side), Image.Resampling.BOX, box=box))
    return cells.reshape(GRID, FINE, GRID, FINE).transpose(0, 2, 1, 3).reshape(GRID**2, FINE**2)
