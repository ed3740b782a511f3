"""Image position → box on the original image, for every family whose layout is known.

A family's layout is a list of views in the order of its tokens (``patch_families.py``): view 0 is
the whole image, tiles are 1, 2, …; every view is a grid of cells over a region of the original, and
some end each row with a separator that has no place. The number of cells must be the number of
image tokens: where it is not, or where a layout is not known, there is no overlay and a note that
says why. Never a guessed square. One image per prompt.

Does not import torch: it works on the processor, the config and NumPy arrays.

>>> placement = place_patches(processor, config, encoded, ids == 32000, (640, 480))
>>> placement.boxes[image_positions][0], placement.crop
(array([80., 0., 100., 20.], dtype=float32), [80.0, 0.0, 560.0, 480.0])
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .families import LAYOUTS, WITHOUT_GEOMETRY
from .views import Prepared, View

NO_PLACE = -1  # the view of a position that has no box


@dataclass(frozen=True, eq=False)
class Placement:
    """Where every position lies on the image.

    Attributes:
        boxes: float32 (position, 4) left, top, right, bottom in pixels of the upright original;
            NaN where a position has no place.
        view: int16 (position,) 0 the whole image, 1.. its tiles, −1 none.
        crop: [left, top, right, bottom], the part of the original that the model saw; None when
            that is everything, or not known.
        note: why there is no overlay; empty when there is one, or no image.
    """

    boxes: np.ndarray
    view: np.ndarray
    crop: list[float] | None
    note: str


def place_patches(
    processor: Any,
    config: Any,
    encoded: Mapping[str, Any],
    image_positions: np.ndarray,
    image_size: tuple[int, int],
) -> Placement:
    """Place every image position of a prompt with one image.

    Args:
        processor: the processor that made ``encoded``.
        config: the model's config.
        encoded: what the processor returned, as NumPy arrays.
        image_positions: bool (position,), True where a position stands for a piece of the image.
        image_size: width and height of the upright original; (0, 0) without an image.
    """
    nowhere = _nowhere(len(image_positions))
    if not all(image_size):
        return nowhere
    family = config.model_type
    n_tokens = int(image_positions.sum())
    if family in WITHOUT_GEOMETRY:
        return _nowhere(len(image_positions), WITHOUT_GEOMETRY[family])
    if n_tokens == 0:
        return _nowhere(len(image_positions), "no position of the sequence stands for the image")
    if family not in LAYOUTS:
        return _nowhere(len(image_positions), f"the patch layout of {family} models is not known")
    try:
        views = LAYOUTS[family](Prepared(processor, config, encoded, image_size))
    except (KeyError, AttributeError, TypeError, ValueError, IndexError) as error:
        reason = f"the patch layout of this {family} model cannot be computed ({error})"
        return _nowhere(len(image_positions), reason)
    n_cells = sum(view.n_tokens for view in views)
    if n_cells != n_tokens:
        reason = f"the layout of {family} gives {n_cells} patches, the prompt has {n_tokens}"
        return _nowhere(len(image_positions), reason)
    cells = np.concatenate([view.boxes(image_size) for view in views])  # (image token, 4)
    numbers = np.concatenate([np.full(view.n_tokens, view.number) for view in views])
    placed = nowhere
    placed.boxes[image_positions] = cells
    placed.view[image_positions] = np.where(np.isnan(cells[:, 0]), NO_PLACE, numbers)
    return Placement(placed.boxes, placed.view, _seen(cells, image_size), "")


def _nowhere(n_positions: int, reason: str = "") -> Placement:
    return Placement(
        boxes=np.full((n_positions, 4), np.nan, np.float32),
        view=np.full(n_positions, NO_PLACE, np.int16),
        crop=None,
        note=f"no overlay: {reason}" if reason else "",
    )


def _seen(cells: np.ndarray, image_size: tuple[int, int]) -> list[float] | None:
    """The region that all boxes cover together; None when it is the whole image."""
    low, high = np.nanmin(cells[:, :2], axis=0), np.nanmax(cells[:, 2:], axis=0)
    if (low < 0.5).all() and (high > np.array(image_size) - 0.5).all():
        return None
    return [float(low[0]), float(low[1]), float(high[0]), float(high[1])]


__all__ = ["Placement", "Prepared", "View", "place_patches"]
