"""What the lens reads, cell by cell: the arrays while they are filled, and when they are done.

Knows shapes and devices; does not know how anything is computed.

>>> cells = Cells.empty(33, 593, k=10, n=4, device=torch.device("cpu"))
>>> cells.at(32, slice(0, 256)).top_ids.shape
torch.Size([256, 10])
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Reading:
    """What the lens read, as NumPy.

    Attributes:
        top_ids: int32 (layer, position, rank) token ids, most likely first, ties lowest id first.
        top_probs: float32 (layer, position, rank) their probabilities.
        entropy: float32 (layer, position) of p_l, in nats; NaN where not asked for.
        kl: float32 (layer, position) KL(p_N ‖ p_l) in nats; NaN where not asked for, +inf where
            the layer gives no chance at all to a token that the final layer gives some.
        tracked_probs: float32 (layer, position, tracked).
        tracked_ranks: int32 (layer, position, tracked) number of tokens with a strictly greater
            logit, in the whole vocabulary. Equal logits share the rank of the first of them, so
            the rank of ``top_ids[l, t, r]`` is r, or less where it ties with the one before.
        watched: float32 (layer, watched) largest probability over the positions to watch.

    Where the model's logits hold NaN or +inf (float16 that overflowed), the cell's probabilities
    and statistics are NaN, its ids mean nothing, and NaN has the first rank.
    """

    top_ids: np.ndarray
    top_probs: np.ndarray
    entropy: np.ndarray
    kl: np.ndarray
    tracked_probs: np.ndarray
    tracked_ranks: np.ndarray
    watched: np.ndarray


class Watch(NamedTuple):
    """Tokens of which only the largest probability over some positions is kept, layer by layer.

    Attributes:
        ids: the tokens.
        positions: bool (position,) where to look.
    """

    ids: Sequence[int]
    positions: np.ndarray


class Cells(NamedTuple):
    """A Reading that is being filled, on the device of the logits: nothing waits for a copy."""

    top_ids: Tensor
    top_probs: Tensor
    entropy: Tensor
    kl: Tensor
    tracked_probs: Tensor
    tracked_ranks: Tensor

    @classmethod
    def empty(cls, layers: int, positions: int, k: int, n: int, device: torch.device) -> "Cells":
        """Room for every cell; what is not filled stays NaN."""

        def nan(*ranks: int) -> Tensor:
            shape = (layers, positions, *ranks)
            return torch.full(shape, torch.nan, dtype=torch.float32, device=device)

        def whole(*ranks: int) -> Tensor:
            return torch.zeros((layers, positions, *ranks), dtype=torch.int32, device=device)

        return cls(whole(k), nan(k), nan(), nan(), nan(n), whole(n))

    def at(self, *index: int | slice) -> "Cells":
        """Some of the cells: a layer, then positions; what is written there is written here."""
        return Cells(*(values[index] for values in self))

    def numpy(self, watched: "Watched") -> Reading:
        """All of them, on the CPU."""
        return Reading(*(values.cpu().numpy() for values in (*self, watched.best)))


class Watched(NamedTuple):
    """What a Watch has seen so far."""

    ids: Tensor  # (watched,)
    mask: Tensor  # (position,) bool
    best: Tensor  # (layer, watched), or (watched,) of one layer

    @classmethod
    def empty(
        cls, watch: Watch | None, layers: int, positions: int, device: torch.device
    ) -> "Watched":
        """Nothing seen yet."""
        ids, mask = watch if watch else ((), np.zeros(positions, bool))
        return cls(
            torch.tensor(list(ids), dtype=torch.int64, device=device),
            torch.from_numpy(np.asarray(mask, bool)).to(device),
            torch.zeros((layers, len(ids)), dtype=torch.float32, device=device),
        )

    def at(self, layer: int, positions: slice) -> "Watched":
        """Of one layer and some positions."""
        return Watched(self.ids, self.mask[positions], self.best[layer])

    def rows(self, at: slice) -> "Watched":
        """Some positions of these."""
        return Watched(self.ids, self.mask[at], self.best)

    def see(self, p: Tensor) -> None:
        """Look at probabilities (position, vocab)."""
        here = p[:, self.ids].masked_fill_(~self.mask[:, None], 0).amax(0)
        torch.fmax(self.best, here, out=self.best)
