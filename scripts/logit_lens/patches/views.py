"""A view: a grid of image tokens over a region of the original image.

Knows rectangles; does not know families, processors' settings or torch.

>>> View.over(2, 2, (0, 0, 100, 50)).boxes((100, 50))[0]
array([ 0.,  0., 50., 25.], dtype=float32)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Prepared:
    """One image as a processor prepared it, and all that a layout may ask.

    Attributes:
        processor: the processor.
        config: the model's config.
        encoded: the processor's outputs, as NumPy arrays.
        size: width and height of the original, in pixels.
        index: which of the prompt's images it is.
    """

    processor: Any
    config: Any
    encoded: Mapping[str, Any]
    size: tuple[int, int]
    index: int = 0

    @property
    def images(self) -> Any:
        """The image processor."""
        return self.processor.image_processor

    @property
    def whole(self) -> tuple[float, float, float, float]:
        """The whole image as a region."""
        return (0, 0, *self.size)


@dataclass(frozen=True)
class View:
    """A grid of tokens, row by row, in the order of the sequence.

    Attributes:
        columns: (left, right) of every column, in pixels of the original; may reach outside it
            (padding).
        rows: (top, bottom) of every row.
        number: 0 the whole image, 1.. tiles.
        row_end: tokens after each row that stand for no part of the image.
        end: such tokens after the last row.
    """

    columns: Sequence[tuple[float, float]]
    rows: Sequence[tuple[float, float]]
    number: int = 0
    row_end: int = 0
    end: int = 0

    @classmethod
    def over(
        cls, n_rows: int, n_columns: int, region: Sequence[float], number: int = 0, **ends: int
    ) -> "View":
        """Even cells over a region (left, top, right, bottom)."""
        left, top, right, bottom = region
        return cls(even(left, right, n_columns), even(top, bottom, n_rows), number=number, **ends)

    @property
    def n_tokens(self) -> int:
        """How many tokens of the sequence the view takes."""
        return len(self.rows) * (len(self.columns) + self.row_end) + self.end

    def boxes(self, image_size: tuple[int, int]) -> np.ndarray:
        """Every token's box, clipped to the image.

        Returns:
            float32 (token, 4); NaN for separators and for cells that show padding only.
        """
        limits = np.array([*image_size, *image_size], np.float64)
        boxes = [
            box
            for top, bottom in self.rows
            for box in (
                *((left, top, right, bottom) for left, right in self.columns),
                *[(np.nan,) * 4] * self.row_end,
            )
        ]
        boxes += [(np.nan,) * 4] * self.end
        clipped = np.clip(np.array(boxes, np.float64).reshape(-1, 4), 0, limits)
        empty = ~((clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1]))
        clipped[empty] = np.nan
        return clipped.astype(np.float32)


def even(start: float, stop: float, n: int) -> list[tuple[float, float]]:
    """``n`` intervals of one length from ``start`` to ``stop``."""
    edges = np.linspace(start, stop, n + 1)
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def tiles(region: Sequence[float], n_rows: int, n_columns: int, n: int) -> list[View]:
    """Tiles of ``n`` × ``n`` tokens over a region, row by row, numbered from 1."""
    left, top, right, bottom = region
    places = [
        (x0, y0, x1, y1)
        for y0, y1 in even(top, bottom, n_rows)
        for x0, x1 in even(left, right, n_columns)
    ]
    return [View.over(n, n, place, number) for number, place in enumerate(places, start=1)]
