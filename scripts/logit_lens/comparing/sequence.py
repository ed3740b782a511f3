"""Two sequences of tokens → which of them are the same: a longest common subsequence.

Does not know records. The result does not depend on which sequence is named first.

>>> common_tokens([5, 6, 7, 9], [5, 7, 8, 9]).tolist()
[[0, 0], [2, 1], [3, 3]]
"""

from collections.abc import Sequence

import numpy as np

MOST_CELLS = 4_000_000  # of the table; longer middles are compared at their ends alone


def common_tokens(a: Sequence[int], b: Sequence[int]) -> np.ndarray:
    """Pairs of places that hold the same token, both ascending.

    Args:
        a: one sequence.
        b: the other.

    Returns:
        int64 (pair, 2): place in ``a``, place in ``b``.
    """
    if list(b) < list(a):  # one order for both calls: ties fall the same way
        return common_tokens(b, a)[:, ::-1]
    head = _shared_length(a, b)
    tail = _shared_length(a[head:][::-1], b[head:][::-1])
    middle = _longest(a[head : len(a) - tail], b[head : len(b) - tail])
    pairs = [
        *((n, n) for n in range(head)),
        *((head + i, head + j) for i, j in middle),
        *((len(a) - n, len(b) - n) for n in range(tail, 0, -1)),
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _shared_length(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens both begin with."""
    pairs = enumerate(zip(a, b, strict=False))
    return next((n for n, (x, y) in pairs if x != y), min(len(a), len(b)))


def _longest(a: Sequence[int], b: Sequence[int]) -> list[tuple[int, int]]:
    if len(a) * len(b) > MOST_CELLS or not a or not b:
        return []
    # length[i, j]: of the longest common subsequence of a[i:] and b[j:]
    length = np.zeros((len(a) + 1, len(b) + 1), np.int32)
    other = np.asarray(b)
    for i in range(len(a) - 1, -1, -1):
        candidates = np.maximum(length[i + 1, :-1], (length[i + 1, 1:] + 1) * (other == a[i]))
        length[i, :-1] = np.maximum.accumulate(candidates[::-1])[::-1]
    pairs, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif length[i + 1, j] >= length[i, j + 1]:
            i += 1
        else:
            j += 1
    return pairs
