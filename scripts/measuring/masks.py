"""COCO's two ways to write a mask, polygons and run lengths, as pixels.

Written from the format's description (cocodataset/cocoapi, ``maskApi.h``), so that nothing has to
be installed. Knows numbers and strings; does not know files, pictures or words.

>>> decode([[0, 0, 2, 0, 2, 1, 0, 1]], height=2, width=3)
array([[ True,  True, False],
       [False, False, False]])
"""

from typing import Any

import numpy as np


def decode(segmentation: Any, height: int, width: int) -> np.ndarray:
    """The pixels of an annotation's ``segmentation``, bool (height, width).

    Args:
        segmentation: a list of polygons, or run lengths, as numbers or packed into a string.
        height: of the picture.
        width: of the picture.

    Raises:
        ValueError: it is neither, or of another size.
    """
    if isinstance(segmentation, list):
        mask = np.zeros((height, width), bool)
        for polygon in segmentation:
            mask |= _inside(np.asarray(polygon, float).reshape(-1, 2), height, width)
        return mask
    if not isinstance(segmentation, dict):
        raise ValueError("a mask is neither polygons nor run lengths")
    counts = segmentation["counts"]
    if isinstance(counts, str):
        counts = unpacked(counts)
    runs = np.asarray(counts, np.int64)
    if list(segmentation["size"]) != [height, width] or runs.sum() != height * width:
        raise ValueError(f"a mask of run lengths does not have {height} x {width} pixels")
    values = np.arange(len(runs)) % 2 == 1  # the first run is of pixels that are not in the mask
    return np.repeat(values, runs).reshape(width, height).T  # column by column


def _inside(corners: np.ndarray, height: int, width: int) -> np.ndarray:
    """The pixels whose centre lies inside a polygon (corner, xy), by the even–odd rule."""
    crossings = np.zeros((height, width + 1), np.int64)
    middle = np.arange(height) + 0.5
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        rows = np.flatnonzero((y1 <= middle) != (y2 <= middle))
        x = x1 + (middle[rows] - y1) * (x2 - x1) / (y2 - y1)
        # the first pixel whose centre lies right of the edge
        np.add.at(crossings, (rows, np.clip(np.ceil(x - 0.5), 0, width).astype(int)), 1)
    inside: np.ndarray = crossings.cumsum(1)[:, :width] % 2 == 1
    return inside


def unpacked(text: str) -> list[int]:
    """Run lengths from COCO's string: five bits a letter, and from the fourth on differences.

    >>> unpacked("061M")
    [0, 6, 1, 3]
    """
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:  # more to come
            continue
        if bits & 16:  # negative
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts
