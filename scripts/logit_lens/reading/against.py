"""Two readings, both states alive → how far apart they are, exactly, in every pair of cells.

A record keeps k tokens of a cell; while the residual streams are there, each goes through its own
tail once more, and the whole distributions are compared. Does not know how the second reading came
about: another picture, another question, another model.

>>> a, b = read_alive(vlm, picture, options), read_alive(vlm, blurred, options)
>>> record = read_difference(a, b)       # the first record, which carries the second
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import LensError
from ..comparing.align import Alignment, align
from ..comparing.carried import carry
from ..comparing.difference import Exact
from ..contract import OPTIONAL
from ..images import Picture
from ..model.vlm import VLM
from ..record import LensRecord
from .lens import (
    ACCELERATOR_ELEMENTS,
    CACHED_ELEMENTS,
    CHUNK_ELEMENTS,
    CPU_POSITIONS,
    Tail,
    read_lens,
)
from .options import ReadOptions
from .pipeline import make_record
from .ranks import on_cpu

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Alive:
    """A record, and what it was read from.

    Attributes:
        record: what the lens read.
        tail: states → logits.
        states: the residual stream, a state per layer of the record.
    """

    record: LensRecord
    tail: Tail
    states: Sequence[Tensor]


def read_alive(
    vlm: VLM,
    picture: Picture | None,
    options: ReadOptions,
    run: Mapping[str, Any] | None = None,
    on_progress: Progress | None = None,
    to_cpu: bool = False,
) -> Alive:
    """Read one image as ``make_record`` does, and keep the states.

    Args:
        vlm: the model.
        picture: the image, or None.
        options: the question and what to keep; experiments are left out.
        run: as in ``make_record``.
        on_progress: as in ``make_record``.
        to_cpu: move the states there, where another model needs the room.
    """
    kept: list[tuple[Tail, list[Tensor]]] = []

    def keep(tail: Tail, states: Sequence[Tensor]) -> None:
        kept.append((tail, [state.cpu() if to_cpu else state for state in states]))

    record = make_record(vlm, picture, options, run, on_progress, on_states=keep)
    return Alive(record, *kept[0])


@torch.inference_mode()
def read_difference(a: Alive, b: Alive, on_progress: Progress | None = None) -> LensRecord:
    """The first record, with the second one and their exact distances in it.

    What one of them tracks is tracked in the other too.

    Raises:
        LensError: their vocabularies differ, or they have no layer in common.
    """
    record_a, record_b = track_too(a, b.record), track_too(b, a.record)
    alignment = align(record_a, record_b)
    return carry(record_a, record_b, exact_distances(a, b, alignment, on_progress))


def exact_distances(
    a: Alive, b: Alive, alignment: Alignment, on_progress: Progress | None = None
) -> Exact:
    """KL(A ‖ B) and total variation of every pair of cells, on the axes of the first record.

    Raises:
        LensError: the models' vocabularies differ in size.
    """
    probes = [alive.tail(alive.states[-1], slice(0, 1)) for alive in (a, b)]
    sizes = [probe.shape[-1] for probe in probes]
    if sizes[0] != sizes[1]:
        raise LensError(
            f"the vocabularies have {sizes[0]:,} and {sizes[1]:,} tokens; their distributions "
            "cannot be compared"
        )
    kl, variation = (np.full(a.record.entropy.shape, np.nan, np.float32) for _ in range(2))
    n_cells = len(alignment.layers) * len(alignment.positions)
    most = max(1, CHUNK_ELEMENTS // (2 * sizes[0]))  # logits of both are there at once
    chunk = min(most, CPU_POSITIONS) if on_cpu(probes[0]) else most
    for at in torch.from_numpy(alignment.positions).split(chunk):
        for row_a, row_b in alignment.layers.tolist():
            logits = a.tail(a.states[row_a], at[:, 0])
            other = b.tail(b.states[row_b], at[:, 1]).to(logits.device)
            found = _distances(logits, other)
            kl[row_a, at[:, 0]], variation[row_a, at[:, 0]] = (one.cpu().numpy() for one in found)
            if on_progress is not None:
                on_progress("difference", len(at), n_cells)
    return Exact(kl, variation)


def _distances(logits: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """KL(A ‖ B) and total variation of logits (position, vocab), in slices that stay in caches."""
    most = CACHED_ELEMENTS if on_cpu(logits) else ACCELERATOR_ELEMENTS
    rows = max(1, most // logits.shape[-1])
    parts = [
        _distances_of_rows(one.float().log_softmax(-1), two.float().log_softmax(-1))
        for one, two in zip(logits.split(rows), other.split(rows), strict=True)
    ]
    kl, variation = zip(*parts, strict=True)
    return torch.cat(kl), torch.cat(variation)


def _distances_of_rows(log_p: Tensor, log_q: Tensor) -> tuple[Tensor, Tensor]:
    p, q = log_p.exp(), log_q.exp()
    least = torch.finfo(torch.float32).min  # a number for -inf: 0 times it is 0
    ratio = log_p.clamp_(min=least).sub_(log_q.clamp_(min=least))
    kl = (p * ratio).sum(-1).clamp_(min=0)  # rounding can take it below 0
    kl.masked_fill_(kl > 1e30, torch.inf)  # B gives no chance to what A gives some
    return kl, p.sub_(q).abs_().sum(-1) / 2


def track_too(alive: Alive, like: LensRecord) -> LensRecord:
    """The record, with the tokens that another one tracks in every cell too."""
    record = alive.record
    more = [int(i) for i in like.tracked_ids if i not in record.tracked_ids]
    by_token = any("n" in OPTIONAL[name][1] for name in record.extra)  # would lack the new ones
    if not more or by_token:
        return record
    n_positions = len(record.input_ids)
    reading = read_lens(
        alive.tail, alive.states, n_positions, top_k=1, tracked_ids=more, statistics=False
    )
    token_ids = np.union1d(record.token_ids, np.array(more, np.int32))
    known = set(record.token_ids.tolist())
    texts = [record.token(i) if i in known else like.token(i) for i in token_ids.tolist()]
    return replace(
        record,
        tracked_ids=np.concatenate([record.tracked_ids, np.array(more, np.int32)]),
        tracked_probs=np.concatenate([record.tracked_probs, reading.tracked_probs], -1),
        tracked_ranks=np.concatenate([record.tracked_ranks, reading.tracked_ranks], -1),
        token_ids=token_ids.astype(np.int32),
        token_text=np.array(texts, dtype=np.str_),
    )
