"""Two records → which layers and which positions belong together. Never by index.

Layers meet by their number, or by relative depth where the models have other numbers of layers.
Patches meet where they show the same place, text where it is the same token in the same order.
What has no partner is left alone. Does not know how far apart two cells are.

>>> together = align(load_record(Path("a.npz")), load_record(Path("b.npz")))
>>> together.layers[:2].tolist(), together.positions.shape
([[0, 0], [1, 1]], (593, 2))
"""

from dataclasses import dataclass

import numpy as np

from .. import LensError
from ..record import ANSWER, IMAGE, LensRecord
from .sequence import common_tokens

_SAME_PLACE = 0.5  # of two patches: what both cover, as a share of what either covers
_ROWS = 512  # patches that are measured against all others at a time


@dataclass(frozen=True)
class Alignment:
    """Which layers and positions of two records belong together.

    Attributes:
        layers: (layer pair, 2) rows of either record's layer axis, ascending.
        positions: (position pair, 2) positions of either record, in the order of the first one.
        notes: what a reader should know of how they were found.
    """

    layers: np.ndarray
    positions: np.ndarray
    notes: tuple[str, ...] = ()

    def rows(self, n_first: int, n_second: int) -> np.ndarray:
        """Every position of both records once, in the order of the sequences.

        Args:
            n_first: how many positions the first record has.
            n_second: and the second.

        Returns:
            int64 (row, 2): position in either record, −1 where it has no partner.
        """
        partner = dict(self.positions.tolist())
        taken = set(partner.values())
        alone = iter([j for j in range(n_second) if j not in taken])
        rows, waiting = [], next(alone, None)
        for i in range(n_first):
            while i in partner and waiting is not None and waiting < partner[i]:
                rows.append((-1, waiting))
                waiting = next(alone, None)
            rows.append((i, partner.get(i, -1)))
        while waiting is not None:
            rows.append((-1, waiting))
            waiting = next(alone, None)
        return np.array(rows, np.int64).reshape(-1, 2)


def align(a: LensRecord, b: LensRecord) -> Alignment:
    """Find what belongs together.

    Raises:
        LensError: their vocabularies differ, or they have no layer in common.
    """
    refuse_unlike_vocabularies(a, b)
    layers, notes = _pair_layers(a.layers, b.layers)
    patches, more = _pair_patches(a, b)
    positions = np.concatenate([patches, _pair_text(a, b)])
    return Alignment(layers, positions[np.argsort(positions[:, 0])], (*notes, *more))


def refuse_unlike_vocabularies(a: LensRecord, b: LensRecord) -> None:
    """Refuse two records in which one id stands for different tokens.

    Raises:
        LensError: naming such an id.
    """
    _, in_a, in_b = np.intersect1d(a.token_ids, b.token_ids, return_indices=True)
    unlike = np.flatnonzero(a.token_text[in_a] != b.token_text[in_b])
    if len(unlike):
        first = unlike[0]
        texts = [str(r.token_text[n[first]])[:40] for r, n in ((a, in_a), (b, in_b))]
        raise LensError(
            f"they have different vocabularies: id {a.token_ids[in_a[first]]} is {texts[0]!r} in "
            f"one and {texts[1]!r} in the other; compare models that share a tokenizer"
        )


def _pair_layers(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Rows of two lists of layer numbers that belong together; the last of each is its N."""
    n_a, n_b = int(a[-1]), int(b[-1])
    if n_a == n_b:
        _, in_a, in_b = np.intersect1d(a, b, return_indices=True)
        if len(in_a) == 1 and min(len(a), len(b)) > 1:
            raise LensError(
                f"they have no layer in common but the last, {n_a}; read both with the same "
                "--layers"
            )
        return np.stack([in_a, in_b], -1), []
    # depth times both layer counts: whole numbers, so that ties are ties
    apart = np.abs(a.astype(np.int64)[:, None] * n_b - b.astype(np.int64)[None] * n_a)
    note = f"A has {n_a} layers and B has {n_b}: layers are paired by relative depth"
    return _mutual(apart.argmin(1), apart.argmin(0)), [note]


def _mutual(best_of_a: np.ndarray, best_of_b: np.ndarray) -> np.ndarray:
    """Pairs that are each other's best."""
    i = np.flatnonzero(best_of_b[best_of_a] == np.arange(len(best_of_a)))
    return np.stack([i, best_of_a[i]], -1)


def _pair_patches(a: LensRecord, b: LensRecord) -> tuple[np.ndarray, list[str]]:
    """Image positions: those with a box by it, those without one by their order."""
    placed_a, placed_b = (_placed(record) for record in (a, b))
    unscaled = a.meta["image"]["width"], a.meta["image"]["height"]
    same_size = unscaled == (b.meta["image"]["width"], b.meta["image"]["height"])
    boxes = [r.patch_boxes.astype(np.float64) if same_size else _in_crop(r) for r in (a, b)]
    found, notes = [np.zeros((0, 2), np.int64)], []
    for view in np.intersect1d(a.patch_view[placed_a], b.patch_view[placed_b]):
        at = [np.flatnonzero(p & (r.patch_view == view)) for r, p in ((a, placed_a), (b, placed_b))]
        pairs = _same_boxes(boxes[0][at[0]], boxes[1][at[1]])
        found.append(np.stack([at[0][pairs[:, 0]], at[1][pairs[:, 1]]], -1))
    if not same_size and placed_a.any() and placed_b.any():
        notes.append("the pictures differ in size: patches meet by their place in what was seen")
    rest = [
        np.flatnonzero((r.position_kind == IMAGE) & ~p) for r, p in ((a, placed_a), (b, placed_b))
    ]
    if len(rest[0]) == len(rest[1]):
        found.append(np.stack(rest, -1))
    elif min(map(len, rest)):
        notes.append(
            f"image positions without a place are left alone: {len(rest[0])} in A, {len(rest[1])} "
            "in B"
        )
    return np.concatenate(found), notes


def _placed(record: LensRecord) -> np.ndarray:
    """(position,) image positions that have a box."""
    return (record.position_kind == IMAGE) & ~np.isnan(record.patch_boxes).any(1)


def _in_crop(record: LensRecord) -> np.ndarray:
    """Boxes as shares of the part of the picture that the model saw."""
    image = record.meta["image"]
    crop = record.meta.get("crop") or [0, 0, image["width"], image["height"]]
    left, top, right, bottom = map(float, crop)
    size = np.array([right - left, bottom - top] * 2)
    return (record.patch_boxes - np.array([left, top] * 2)) / np.where(size, size, 1)


def _same_boxes(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pairs of boxes that overlap most, each with the other, by half at least."""
    best_of_a, share_of_a = _best_overlap(a, b)
    best_of_b, _ = _best_overlap(b, a)
    pairs = _mutual(best_of_a, best_of_b)
    return pairs[share_of_a[pairs[:, 0]] >= _SAME_PLACE]


def _best_overlap(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each box of ``a``: which one of ``b`` covers most of the same, and which share."""
    best, share = np.zeros(len(a), np.int64), np.zeros(len(a))
    area = np.prod(b[:, 2:] - b[:, :2], 1)
    for at in range(0, len(a), _ROWS):
        some = a[at : at + _ROWS]
        sides = np.minimum(some[:, None, 2:], b[None, :, 2:]) - np.maximum(
            some[:, None, :2], b[None, :, :2]
        )
        both = np.prod(np.maximum(sides, 0), -1)  # (some, b)
        either = np.prod(some[:, 2:] - some[:, :2], 1)[:, None] + area - both
        shares = both / np.where(either > 0, either, 1)
        best[at : at + _ROWS] = shares.argmax(1)
        share[at : at + _ROWS] = shares.max(1)
    return best, share


def _pair_text(a: LensRecord, b: LensRecord) -> np.ndarray:
    """Text positions by their tokens, part by part."""
    images = [bool((record.position_kind == IMAGE).any()) for record in (a, b)]
    found = [np.zeros((0, 2), np.int64)]
    for at_a, at_b in zip(*(_text_parts(r, split=all(images)) for r in (a, b)), strict=True):
        pairs = common_tokens(a.input_ids[at_a].tolist(), b.input_ids[at_b].tolist())
        found.append(np.stack([at_a[pairs[:, 0]], at_b[pairs[:, 1]]], -1))
    return np.concatenate(found)


def _text_parts(record: LensRecord, split: bool) -> list[np.ndarray]:
    """Positions of the text before the image, after it, and of the answer.

    Text of one part never meets text of another. Without ``split`` all of the prompt is the first.
    """
    kind = record.position_kind
    first = int(np.argmax(kind == IMAGE)) if split else len(kind)
    at = np.arange(len(kind))
    prompt, answer = ~np.isin(kind, (IMAGE, ANSWER)), kind == ANSWER
    return [np.flatnonzero(part) for part in (prompt & (at < first), prompt & (at > first), answer)]
