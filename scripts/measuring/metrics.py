"""How well a score separates, how well a map points: five definitions, in NumPy alone.

Each is a few lines with its definition and its source. Knows arrays; does not know words, maps of
which kind, models or files.

>>> auroc(np.array([0.9, 0.2, 0.4]), np.array([True, False, False]))
1.0
"""

from collections.abc import Callable

import numpy as np


def auroc(scores: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve.

    The chance that a positive scores above a negative, ties counting half: the Mann–Whitney U
    statistic over the number of pairs (Hanley and McNeil, Radiology 143, 1982).

    Args:
        scores: (item,) larger means more likely positive.
        positive: bool (item,).

    Returns:
        0 to 1; NaN where one of the two sides is empty.
    """
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return float("nan")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(count) - (count - 1) / 2  # ties share the mean of their ranks, from 1
    rank_sum = mean_rank[place][positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def average_precision(scores: np.ndarray, positive: np.ndarray) -> float:
    """Average precision, the area under the precision–recall curve without interpolation.

    ``Σ (R_k − R_{k−1}) P_k`` over the thresholds k from the highest score down; items that tie
    share a threshold (Manning, Raghavan and Schütze, Introduction to Information Retrieval, 8.4).

    Args:
        scores: (item,) larger means more likely positive.
        positive: bool (item,).

    Returns:
        0 to 1, for a useless score the share of positives; NaN without positives.
    """
    if not positive.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    hits = np.cumsum(positive[order])[last_of_tie]
    taken = np.flatnonzero(last_of_tie) + 1
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / taken).sum() / positive.sum())


def pointing(values: np.ndarray, mask: np.ndarray) -> float:
    """The pointing game for one map: is its maximum on the object?

    A map with several maxima counts by the share of them that are on it, which is what choosing one
    at random gives on average (Zhang et al., Top-down Neural Attention, ECCV 2016, section 4.1;
    their 15 pixels of tolerance are up to the mask).

    Args:
        values: (patch,) the map.
        mask: bool (patch,) the object.
    """
    return float(mask[values == values.max()].mean())


def overlaps(values: np.ndarray, mask: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Intersection over union with the object, for the map cut at shares of its maximum.

    (Jaccard index; the cut as in Zhou et al., Learning Deep Features for Discriminative
    Localization, CVPR 2016, section 3.)

    Args:
        values: (patch,) the map; what is below 0 is never predicted.
        mask: bool (patch,) the object.
        shares: (cut,) above 0, up to 1; what reaches that share of the maximum is the prediction.

    Returns:
        (cut,) 0 to 1; all 0 where nothing is above 0.
    """
    top = values.max()
    if top <= 0:
        return np.zeros(len(shares))
    predicted = values >= shares[:, None] * top  # (cut, patch)
    return (predicted & mask).sum(1) / (predicted | mask).sum(1)


def interval(
    statistic: Callable[[np.ndarray], float],
    groups: np.ndarray,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """A bootstrap interval by percentiles, in which whole groups are drawn.

    Words of one picture are not independent, pictures are: so pictures are drawn, with replacement
    (Efron and Tibshirani, An Introduction to the Bootstrap, chapters 8 and 13).

    Args:
        statistic: of the indices of items that were drawn, with repetitions.
        groups: (item,) to which group each item belongs.
        draws: how often to draw.
        seed: of the draws.
        level: how much of the distribution lies inside.
    """
    _, group = np.unique(groups, return_inverse=True)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    rng = np.random.default_rng(seed)
    found = np.empty(draws)
    for n in range(draws):
        drawn = rng.integers(len(members), size=len(members))
        found[n] = statistic(np.concatenate([members[i] for i in drawn]))
    # ends that were drawn, not means of two: infinity is a value here
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.nanquantile(found, ends, method="inverted_cdf")
    return float(low), float(high)
