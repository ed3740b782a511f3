"""The lens: every state of the residual stream read as a distribution over the vocabulary.

Top-k tokens, entropy, KL to the final layer, and probability and rank of chosen tokens, for every
(layer, position), in memory that grows neither with the sequence nor with the layers. What turns a
state into logits is the caller's (``Tail``), so this module does not know models.

>>> reading = read_lens(lambda h, at: head(norm(h[at])), resid, n_positions=593, top_k=10)
>>> reading.top_ids[-1, -1, 0]      # what the model says next
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from .. import LensError
from .cells import Cells, Reading, Watch, Watched
from .ranks import largest, on_cpu, ranks

Tail = Callable[[Tensor, Any], Tensor]
"""(state of one layer, positions as a slice or an index tensor) -> logits (position, vocab), in the
model's dtype.

For a plain model ``head(norm(state[positions]))``. A state is (position, d_model); some families
carry several streams, (4, position, d_model), so only the tail may index it. A tail also moves the
state to where its modules are.
"""


@runtime_checkable
class Reusable(Protocol):
    """A tail whose memory can be used again."""

    def reusing(self) -> Tail:
        """The same tail, every call of which may write over the logits of the call before.

        To touch fresh memory for the first time takes a CPU a tenth of the time of the product
        that fills it.
        """
        ...


Translate = Callable[[int, Tensor], Tensor]
"""(row of ``states``, (position, d_model)) -> what the tail reads in its place: a further lens."""

# How many positions one product takes on a CPU. On one core, products over 200 are as fast as over
# the whole sequence. Cores share the positions among them, and each reads all weights: on two cores
# products over 300 take 1.05 times as long as over 600, over 200 1.15 times, over 100 1.35 times.
CPU_POSITIONS = 300
# Logits of one chunk at most, in elements: 134 MB in float32. With the final layer's probabilities
# beside them and two more of the size for a tail that caps its logits, that is 512 MB.
CHUNK_ELEMENTS = 2**25
# Statistics read the logits several times, in float32 and with temporaries of the same size. On a
# CPU they do so in slices that stay in its caches: softmax over 32 rows of 32,064 words at a time
# takes a fifth of the time it takes over 593. With smaller slices, several threads wait for each
# other too often. An accelerator is better served by few and large operations: its slices only keep
# the temporaries below a chunk.
CACHED_ELEMENTS = 2**20
ACCELERATOR_ELEMENTS = 2**23


@torch.no_grad()
def read_lens(
    tail: Tail,
    states: Sequence[Tensor],
    n_positions: int,
    *,
    top_k: int,
    tracked_ids: Sequence[int] = (),
    statistics: bool = True,
    watch: Watch | None = None,
    chunk: int | None = None,
    on_progress: Callable[[int], object] | None = None,
    on_final: Callable[[Tensor, slice], object] | None = None,
    translate: Translate | None = None,
) -> Reading:
    """Read every state through the lens.

    Args:
        tail: final norm and unembedding, and whatever the family does to its logits.
        states: the residual stream, one tensor per layer that is to be read; the last one is layer
            N, to which ``kl`` compares.
        n_positions: how many positions a state has.
        top_k: how many tokens to keep of every cell.
        tracked_ids: tokens whose probability and rank are recorded in every cell.
        statistics: whether to compute entropy and KL.
        watch: tokens of which only the largest probability over some positions is kept.
        chunk: how many positions to work at a time; memory grows with it. Left out, as many as make
            products fast and ``CHUNK_ELEMENTS`` allows.
        on_progress: called with the number of cells (layer, position) just finished.
        on_final: called with the last layer's logits (position, vocab), chunk by chunk, and of
            which positions they are. It should not wait for the device, nor keep the logits.
        translate: changes states before the tail reads them.

    Raises:
        LensError: ``top_k`` or a tracked id does not fit the vocabulary.
    """
    probe = tail(states[-1], slice(0, 1))  # (1, vocab)
    vocab, device = probe.shape[-1], probe.device
    tail = tail.reusing() if isinstance(tail, Reusable) else tail
    _check(top_k, [*tracked_ids, *(watch.ids if watch else ())], vocab)
    watched = Watched.empty(watch, len(states), n_positions, device)
    out = Cells.empty(len(states), n_positions, top_k, len(tracked_ids), device)
    tracked = torch.tensor(list(tracked_ids), dtype=torch.int64, device=device)
    size = min(n_positions, chunk or _chunk_for(probe))
    room = torch.empty((size, vocab), dtype=torch.float32, device=device) if statistics else None
    for at in _chunks(n_positions, size):
        final = None if room is None else room[: at.stop - at.start]  # p_N of this chunk
        # the final layer first: the others are compared with it
        for layer in reversed(range(len(states))):
            logits = _logits(tail, states, layer, at, translate)
            is_final = layer == len(states) - 1
            if is_final and on_final is not None:
                on_final(logits, at)
            cells, seen = out.at(layer, at), watched.at(layer, at)
            _read_logits(logits, cells, tracked, seen, final, is_final)
            del logits  # or two layers' logits are in memory at a time
            if on_progress is not None:
                on_progress(at.stop - at.start)
    if statistics:
        _finish_kl(out)
    return out.numpy(watched)


def _finish_kl(cells: Cells) -> None:
    """From the cross entropies that ``_read_rows`` leaves to KL."""
    cells.kl.sub_(cells.entropy[-1]).clamp_(min=0)  # rounding can take it below 0
    cells.kl.masked_fill_(cells.kl > 1e30, torch.inf)  # where it met the clamp's number for -inf


def _logits(
    tail: Tail, states: Sequence[Tensor], layer: int, at: slice, translate: Translate | None
) -> Tensor:
    state = states[layer]
    if translate is None:
        return tail(state, at)
    if state.ndim != 2:  # several streams: only the tail may index them
        return tail(translate(layer, state), at)
    return tail(translate(layer, state[at]), slice(None))


def _check(top_k: int, tracked_ids: Sequence[int], vocab: int) -> None:
    if not 1 <= top_k <= vocab:
        raise LensError(f"cannot keep the top {top_k} of {vocab:,} tokens: use 1 to {vocab:,}")
    for token_id in tracked_ids:
        if not 0 <= token_id < vocab:
            raise LensError(f"cannot track token {token_id}: the ids are 0 to {vocab - 1:,}")


def _chunk_for(logits: Tensor) -> int:
    most = max(1, CHUNK_ELEMENTS // logits.shape[-1])
    return min(most, CPU_POSITIONS) if on_cpu(logits) else most


def _chunks(total: int, largest_chunk: int) -> Iterator[slice]:
    """Slices of at most that size, as even as can be."""
    count = -(-total // largest_chunk)
    edges = [total * i // count for i in range(count + 1)]
    return map(slice, edges[:-1], edges[1:])


def _read_logits(
    logits: Tensor,
    cells: Cells,
    tracked: Tensor,
    watched: Watched,
    final: Tensor | None,
    is_final: bool,
) -> None:
    """Read the logits (position, vocab) of one layer and chunk into its cells."""
    most = CACHED_ELEMENTS if on_cpu(logits) else ACCELERATOR_ELEMENTS
    rows = max(1, most // logits.shape[-1])
    for at in _chunks(len(logits), rows):
        final_rows = None if final is None else final[at]
        seen = watched.rows(at)
        _read_rows(logits[at].float(), cells.at(at), tracked, seen, final_rows, is_final)


def _read_rows(
    logits: Tensor,
    cells: Cells,
    tracked: Tensor,
    watched: Watched,
    final: Tensor | None,
    is_final: bool,
) -> None:
    """Read float32 logits (position, vocab) into their cells, and p_N into ``final`` at layer N.

    ``cells.kl`` is left holding the cross entropy H(p_N, p_l), which is KL + H(p_N).
    """
    if len(tracked):  # first, while nothing else of the logits' size is in memory
        cells.tracked_ranks.copy_(ranks(logits, tracked))
    ids = largest(logits, cells.top_ids.shape[-1])  # (position, rank)
    top = ids[:, :1]
    # Centred, so that offsets cost no precision. The clamp makes -inf, the logit of a token that
    # cannot be, a number: its probability is still 0, and 0 times it is 0.
    z = (logits - logits.gather(1, top)).clamp_(min=torch.finfo(torch.float32).min)
    p = z.softmax(-1)
    cells.top_ids.copy_(ids)
    cells.top_probs.copy_(p.gather(1, ids))
    if len(tracked):
        cells.tracked_probs.copy_(p[:, tracked])
    if len(watched.ids):
        watched.see(p)
    if final is None:
        return
    log_sum = -p.gather(1, top)[:, 0].log()  # log Σ exp(z), since z is 0 at the top
    cells.entropy.copy_(log_sum - _dot(p, z))
    if is_final:
        final.copy_(p)
        cells.kl.copy_(cells.entropy)
    else:
        cells.kl.copy_(log_sum - _dot(final, z))


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Row by row: (row, vocab), (row, vocab) -> (row)."""
    if on_cpu(a):
        return torch.linalg.vecdot(a, b)  # needs no temporary
    return (a * b).sum(-1)  # vecdot is a matrix product there, which a user may have set to TF32
