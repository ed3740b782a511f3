"""Two aligned records → how far apart every pair of cells is.

From what records hold: k tokens of each cell and some statistics. The distributions themselves are
not in a record, so their distance is only bounded from below here; where both models were alive,
``exact`` brings it. Differences are B − A. Does not know files or pages.

>>> found = compare(load_record(Path("a.npz")), load_record(Path("b.npz")))
>>> found.cells.flip.mean()      # share of cells whose top token differs
0.31
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..record import LensRecord
from .align import Alignment, align

PARTED = 0.5  # total variation above which two cells count as parted


@dataclass(frozen=True, eq=False)
class PairCells:
    """How far apart the pairs of cells are, axes (layer pair, position pair) first.

    Attributes:
        flip: bool, whether the top tokens differ.
        shared: float32 0..1, the share of the top k that both hold.
        entropy: float32, nats, B − A; NaN where either did not record it.
        variation: float32 0..1, total variation, or what it is at least.
        kl: float32, KL(A ‖ B) in nats; None where only a bound is known.
        tracked_ids: int32 (tracked,) tokens that both recorded in every cell.
        probs: float32 (…, tracked) change of their probability, B − A.
        ranks: int32 (…, tracked) change of their rank, B − A.
    """

    flip: np.ndarray
    shared: np.ndarray
    entropy: np.ndarray
    variation: np.ndarray
    kl: np.ndarray | None
    tracked_ids: np.ndarray
    probs: np.ndarray
    ranks: np.ndarray

    @property
    def exact(self) -> bool:
        """Whether the total variation is known, and not only bounded from below."""
        return self.kl is not None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two records, which cells belong together, and how far apart they are."""

    a: LensRecord
    b: LensRecord
    alignment: Alignment
    cells: PairCells

    def parting(self) -> np.ndarray:
        """(position pair,) the first layer pair at which they have parted; −1 for none.

        Where only a bound is known, they may have parted before.
        """
        parted = self.cells.variation > PARTED
        return np.where(parted.any(0), parted.argmax(0), -1)


@dataclass(frozen=True, eq=False)
class Exact:
    """What two live models know of the pairs of cells, in the axes of the first record.

    Attributes:
        kl: float32 (layer, position), KL(A ‖ B) in nats; NaN where there is no partner.
        variation: float32 (layer, position), total variation; NaN where there is no partner.
    """

    kl: np.ndarray
    variation: np.ndarray


def compare(a: LensRecord, b: LensRecord, exact: Exact | None = None) -> Comparison:
    """Align two records and measure how far apart they are.

    Raises:
        LensError: their vocabularies differ, or they have no layer in common.
    """
    alignment = align(a, b)
    return Comparison(a, b, alignment, _cells(a, b, alignment, exact))


def _cells(a: LensRecord, b: LensRecord, alignment: Alignment, exact: Exact | None) -> PairCells:
    in_a, in_b = (np.ix_(alignment.layers[:, n], alignment.positions[:, n]) for n in (0, 1))
    ids = a.top_ids[in_a], b.top_ids[in_b]
    probs = a.top_probs[in_a], b.top_probs[in_b]
    tracked, slots_a, slots_b = np.intersect1d(a.tracked_ids, b.tracked_ids, return_indices=True)
    order = np.argsort(slots_a)  # as the first record has them: the answer's words in their order
    tracked, slots_a, slots_b = tracked[order], slots_a[order], slots_b[order]
    return PairCells(
        flip=ids[0][..., 0] != ids[1][..., 0],
        shared=_by_layer(shared_share, *ids),
        entropy=b.entropy[in_b] - a.entropy[in_a],
        variation=(
            _by_layer(least_variation, ids[0], probs[0], ids[1], probs[1])
            if exact is None
            else exact.variation[in_a]
        ),
        kl=None if exact is None else exact.kl[in_a],
        tracked_ids=tracked.astype(np.int32),
        probs=b.tracked_probs[in_b][..., slots_b] - a.tracked_probs[in_a][..., slots_a],
        ranks=b.tracked_ranks[in_b][..., slots_b] - a.tracked_ranks[in_a][..., slots_a],
    )


def _by_layer(function: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
    """One layer at a time: comparing k tokens with k takes k times the memory."""
    return np.stack([function(*layer) for layer in zip(*arrays, strict=True)]).astype(np.float32)


def shared_share(ids_a: np.ndarray, ids_b: np.ndarray) -> np.ndarray:
    """The share of the top k that both hold, k being the smaller one: (position,)."""
    k = min(ids_a.shape[-1], ids_b.shape[-1])
    same = ids_a[:, :k, None] == ids_b[:, None, :k]
    return np.asarray(same.any(-1).mean(-1))


def least_variation(
    ids_a: np.ndarray, probs_a: np.ndarray, ids_b: np.ndarray, probs_b: np.ndarray
) -> np.ndarray:
    """What the total variation is at least, from the top k and the rest: (position,).

    Total variation is the most by which the two can differ about any set of tokens. Two sets are
    tried: what A has more of, and what B has more of.

    Args:
        ids_a: (position, rank) tokens of A, most likely first.
        probs_a: (position, rank) their probabilities.
        ids_b: (position, rank) of B.
        probs_b: (position, rank) of B.
    """
    same = ids_a[:, :, None] == ids_b[:, None, :]
    p, q = probs_a.astype(np.float64), probs_b.astype(np.float64)
    more_in_a = _excess(p, q, same)
    more_in_b = _excess(q, p, same.transpose(0, 2, 1))
    return np.clip(np.maximum(more_in_a, more_in_b), 0, 1)


def _excess(p: np.ndarray, q: np.ndarray, same: np.ndarray) -> np.ndarray:
    """How much more p holds of some tokens than q can: (position,).

    A token that q's top k lacks is no likelier there than its last one, and all of these together
    have no more than what the top k leaves.
    """
    shared = same.any(-1)  # (position, rank of p)
    known = np.where(shared, np.maximum(p - (same * q[:, None, :]).sum(-1), 0), 0).sum(-1)
    own = np.where(shared, 0, p).cumsum(-1)  # the likeliest first
    each = (~shared).cumsum(-1) * q[:, -1:]
    left = np.maximum(0, 1 - q.sum(-1, keepdims=True))
    return np.asarray(known + np.maximum((own - np.minimum(each, left)).max(-1), 0))
