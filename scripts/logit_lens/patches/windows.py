"""Windows over patches: which image positions are replaced together.

Knows boxes and views; does not know families, models or torch.

>>> windows(record.patch_boxes[image], record.patch_view[image], size=3, stride=2).shape
(144, 576)
"""

import numpy as np


def windows(
    boxes: np.ndarray, view: np.ndarray, size: int = 3, stride: int = 2, past_edge: bool = False
) -> np.ndarray:
    """Square windows that cover every patch, each view (tile) by its own rows and columns.

    A view that is smaller than a window is one window. The last window of a row or column is moved
    back so that it stays inside, unless windows may reach past the edge. Positions without a place
    (row ends, resampled tokens) are taken in runs of as many positions as a window has patches, in
    the order of the sequence.

    Args:
        boxes: (image position, 4) left, top, right, bottom; NaN where there is no place.
        view: (image position,) the tile that a position belongs to; negative where there is none.
        size: patches along a window's side.
        stride: patches from one window to the next.
        past_edge: let windows begin before a view and end after it. Patches at its edge then lie in
            as many windows as those in the middle; with a stride of 1, all lie in the same number.

    Returns:
        bool (window, image position).
    """
    found: list[np.ndarray] = []
    placed = ~np.isnan(boxes[:, 0]) & (view >= 0)
    for number in np.unique(view[placed]):
        members = np.flatnonzero(placed & (view == number))
        rows, columns = (_places(boxes[members, axis]) for axis in (1, 0))
        for top in _starts(int(rows.max()) + 1, size, stride, past_edge):
            for left in _starts(int(columns.max()) + 1, size, stride, past_edge):
                inside = (rows >= top) & (rows < top + size)
                inside &= (columns >= left) & (columns < left + size)
                found.append(_mask(members[inside], len(boxes)))
    nowhere = np.flatnonzero(~placed) if not placed.any() else np.zeros(0, np.int64)
    for start in range(0, len(nowhere), size * size):
        found.append(_mask(nowhere[start : start + size * size], len(boxes)))
    kept = [window for window in found if window.any()]
    return np.array(kept, bool).reshape(len(kept), len(boxes))


def random_sets(candidates: np.ndarray, size: int, count: int, seed: int = 0) -> np.ndarray:
    """Random sets of ``size`` positions each, to compare windows with.

    Args:
        candidates: bool (image position,) what may be drawn.
        size: positions in a set, or all candidates where there are fewer.
        count: how many sets.
        seed: of the draw; the same seed gives the same sets.

    Returns:
        bool (set, image position).
    """
    rng = np.random.default_rng(seed)
    places = np.flatnonzero(candidates)
    drawn = [rng.choice(places, min(size, len(places)), replace=False) for _ in range(count)]
    return np.array([_mask(members, len(candidates)) for members in drawn]).reshape(count, -1)


def _places(edges: np.ndarray) -> np.ndarray:
    """Which row (or column) each box lies in, from its top (or left) edge."""
    # clipped boxes of one row share their edge to within rounding
    order = np.unique(edges.round(2))
    return np.searchsorted(order, edges.round(2))


def _starts(count: int, size: int, stride: int, past_edge: bool) -> list[int]:
    if past_edge:
        return list(range(1 - size, count, stride))
    last = max(count - size, 0)
    starts = list(range(0, last + 1, stride))
    return starts if starts[-1] == last else [*starts, last]


def _mask(members: np.ndarray, length: int) -> np.ndarray:
    mask = np.zeros(length, bool)
    mask[members] = True
    return mask
