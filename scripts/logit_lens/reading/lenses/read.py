"""The states read through further lenses, as the arrays of a record.

Does not know where lenses come from.

>>> read_lenses(tail, lenses, recorded, 601, top_k=10, tracked=[4]).keys()
dict_keys(['lens_names', 'lens_top_ids', …])
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from ..lens import Tail, read_lens
from ..recording import Recorded
from .lens import LOGIT, Lens

_FIELDS = ("top_ids", "top_probs", "entropy", "kl", "tracked_probs", "tracked_ranks")


def read_lenses(
    tail: Tail,
    lenses: Sequence[Lens],
    recorded: Recorded,
    n_positions: int,
    top_k: int,
    tracked: Sequence[int],
    on_progress: Callable[[int], object] | None = None,
) -> dict[str, np.ndarray]:
    """Read every state through every lens.

    Args:
        tail: the model's own reading of a state.
        lenses: none for no arrays.
        recorded: the residual stream. The last layer's state is never translated, so ``lens_kl``
            compares with the model's output, as ``kl`` does.
        n_positions: how many positions a state has.
        top_k: how many tokens to keep of every cell.
        tracked: tokens whose probability and rank are recorded in every cell.
        on_progress: called with the number of cells just finished.

    Returns:
        by the names of the contract, (lens, layer, position, …); ``lens_names`` begins with the
        logit lens, which is the record's own arrays.
    """
    if not lenses:
        return {}
    readings = []
    for lens in lenses:
        readings.append(
            read_lens(
                tail,
                recorded.states,
                n_positions,
                top_k=top_k,
                tracked_ids=tracked,
                on_progress=on_progress,
                translate=partial(_translate, lens, recorded.numbers),
            )
        )
    arrays = {f"lens_{f}": np.stack([getattr(r, f) for r in readings]) for f in _FIELDS}
    return {"lens_names": np.array([LOGIT, *(lens.name for lens in lenses)])} | arrays


def _translate(lens: Lens, numbers: list[int], row: int, state: torch.Tensor) -> torch.Tensor:
    last = row == len(numbers) - 1
    return state if last else lens.translate(numbers[row], state)
