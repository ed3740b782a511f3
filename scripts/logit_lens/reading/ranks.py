"""The largest logits of a row, and how many logits are larger than a given one.

Both are exact over the whole vocabulary, and both know nothing of models or probabilities. They
have a file of their own because the plain ways (``topk`` over the row, a sum of booleans per token)
are what makes a lens slow: see ``largest`` and ``ranks``.

>>> largest(torch.tensor([[1.0, 3.0, 3.0, 2.0]]), 3)
tensor([[1, 2, 3]])
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

BLOCK = 96  # words whose maximum stands for them all
# So many words are compared one by one on a CPU; more are looked up in a sorted row. Sorting one
# takes as long as 130 comparisons on an AMD Zen 4, whose vector stores suit it badly.
COMPARED = 64
LANES = 32  # threads of an accelerator that run in step


def on_cpu(tensor: Tensor) -> bool:
    """Whether to use the methods that suit a CPU; tests switch to the others through here."""
    return tensor.device.type == "cpu"


def largest(logits: Tensor, k: int) -> Tensor:
    """The indices of the k largest logits of every row: descending, ties lowest index first.

    The k largest lie in the k blocks of ``BLOCK`` words with the largest maxima, so only the
    maxima and k blocks are ranked. On one core with 32,064 words this takes a third of the time of
    ``topk`` over the row, and unlike ``topk`` it says which of two equal logits comes first.

    Args:
        logits: (row, vocab), float32. NaN counts as larger than everything.
        k: at most vocab.

    Returns:
        (row, k) int64.
    """
    rows, vocab = logits.shape
    whole = vocab // BLOCK
    if whole < 2 * k:
        return _largest(logits, k)
    maxima = logits[:, : whole * BLOCK].view(rows, whole, BLOCK).amax(-1)  # (row, block)
    if vocab % BLOCK:
        rest = logits[:, whole * BLOCK :].amax(-1, keepdim=True)
        maxima = torch.cat((maxima, rest), -1)
    blocks = _largest(maxima, k).sort().values  # ascending, so that ties stay in index order
    words = torch.arange(BLOCK, device=logits.device)
    ids = (blocks[:, :, None] * BLOCK + words).flatten(1)  # (row, k * BLOCK)
    candidates = logits.gather(1, ids.clamp(max=vocab - 1))
    # the last block may reach over the edge; k real candidates always come before its padding
    candidates.masked_fill_(ids >= vocab, -torch.inf)
    return ids.gather(1, _largest(candidates, k))


def _largest(values: Tensor, k: int) -> Tensor:
    """``largest`` for rows of a few thousand values at most."""
    if not on_cpu(values):
        return values.sort(dim=-1, descending=True, stable=True).indices[:, :k]
    # A stable sort of 960 values takes 20 times as long here as topk of whole numbers that order
    # like (value, then lowest index): float32 bits in the upper half, made to ascend, and the
    # complement of the index in the lower. Adding 0 makes -0 equal to 0.
    bits = (values + 0.0).view(torch.int32).to(torch.int64)
    ascending = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    index = torch.arange(values.shape[-1])
    keys = (ascending << 32) | (0xFFFFFFFF - index)
    return keys.topk(k).indices


def ranks(logits: Tensor, ids: Tensor) -> Tensor:
    """How many logits of the row are strictly greater than that of each id.

    Args:
        logits: (row, vocab), float32. NaN counts as larger than everything, and as equal to NaN.
        ids: (n,) word ids.

    Returns:
        (row, n) int64: 0 for the largest. Equal logits have equal ranks.
    """
    wanted = logits[:, ids]  # (row, n)
    if not on_cpu(logits):
        found = _place_and_count(logits, wanted)
    elif len(ids) <= COMPARED:
        found = _compare(logits, wanted)
    else:
        found = _sort(logits, wanted)
    return found.masked_fill_(wanted.isnan(), 0)


def _compare(logits: Tensor, wanted: Tensor) -> Tensor:
    """One comparison per word. Its truth is written as float32, whose sums are fast and exact."""
    vocab = logits.shape[-1]
    truth = torch.empty_like(logits)
    counts = [torch.le(logits, value[:, None], out=truth).sum(-1) for value in wanted.unbind(-1)]
    return vocab - torch.stack(counts, -1).to(torch.int64)


def _sort(logits: Tensor, wanted: Tensor) -> Tensor:
    """Every row sorted, and the words looked up in it: their number hardly matters."""
    result = np.empty(wanted.shape, np.int64)

    def look_up(row: np.ndarray, values: np.ndarray, out: np.ndarray) -> None:
        out[:] = len(row) - np.sort(row).searchsorted(values, side="right")

    # NumPy gives the lock back while it sorts
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        list(pool.map(look_up, logits.numpy(), wanted.numpy(), result))
    return torch.from_numpy(result)


def _place_and_count(logits: Tensor, wanted: Tensor) -> Tensor:
    """One pass: every logit placed among the row's wanted values, then each place counted.

    Comparing once per word would read all logits as many times. Each of 32 lanes counts for itself,
    so that the threads of a warp, which mostly find the same place, write side by side.
    """
    rows, vocab = logits.shape
    values, order = wanted.nan_to_num(torch.inf, torch.inf, -torch.inf).sort(-1)
    place = torch.searchsorted(values, logits)  # (row, vocab): how many wanted are smaller
    counts = place.new_zeros((rows, wanted.shape[-1] + 1, LANES), dtype=torch.int32)
    one = counts.new_ones(())
    whole = vocab - vocab % LANES
    in_lanes = place[:, :whole].unflatten(-1, (vocab // LANES, LANES))
    for part in (in_lanes, place[:, None, whole:]):
        counts.scatter_add_(1, part, one.expand_as(part))
    not_greater = counts.sum(-1).cumsum(-1)[:, :-1]  # (row, n), in the order of the values
    return torch.empty_like(order).scatter_(-1, order, vocab - not_greater)
