"""The measures of measure.py, against their definitions written out loop by loop."""

from collections.abc import Iterable

import numpy as np
import pytest

from measuring.metrics import auroc, average_precision, interval, overlaps, pointing


def scored(seed: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties, and which of them are positive."""
    rng = np.random.default_rng(seed)
    positive = rng.random(60) < 0.3
    return (rng.integers(levels, size=60) + positive * rng.integers(3, size=60)) / levels, positive


@pytest.mark.parametrize("levels", [2, 7, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_auroc_is_the_chance_that_a_positive_scores_above_a_negative(
    seed: int, levels: int
) -> None:
    scores, positive = scored(seed, levels)
    won = [(p > n) + 0.5 * (p == n) for p in scores[positive] for n in scores[~positive]]
    assert auroc(scores, positive) == pytest.approx(sum(won) / len(won), abs=1e-12)


@pytest.mark.parametrize("levels", [2, 7, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_average_precision_sums_precision_where_recall_grows(seed: int, levels: int) -> None:
    scores, positive = scored(seed, levels)
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        taken = [p for s, p in zip(scores, positive, strict=True) if s >= threshold]
        recall, precision = sum(taken) / positive.sum(), sum(taken) / len(taken)
        total += (recall - recall_before) * precision
        recall_before = recall
    assert average_precision(scores, positive) == pytest.approx(total, abs=1e-12)


def test_a_perfect_score_a_reversed_one_and_a_constant_one() -> None:
    positive = np.array([True, True, False, False, False])
    perfect = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    assert (auroc(perfect, positive), average_precision(perfect, positive)) == (1.0, 1.0)
    assert auroc(-perfect, positive) == 0.0
    same = np.zeros(5)
    assert (auroc(same, positive), average_precision(same, positive)) == (0.5, 0.4)


def test_one_side_alone_has_no_area() -> None:
    assert np.isnan(auroc(np.arange(3.0), np.ones(3, bool)))
    assert np.isnan(average_precision(np.arange(3.0), np.zeros(3, bool)))


def test_a_maximum_counts_by_its_share_on_the_object() -> None:
    mask = np.array([False, True, True, False])
    assert pointing(np.array([0.1, 0.9, 0.2, 0.3]), mask) == 1
    assert pointing(np.array([0.9, 0.1, 0.2, 0.3]), mask) == 0
    assert pointing(np.array([0.9, 0.9, 0.2, 0.9]), mask) == pytest.approx(1 / 3)
    assert pointing(np.zeros(4), mask) == 0.5  # a map that says nothing points anywhere


@pytest.mark.parametrize("seed", range(5))
def test_iou_is_the_shared_part_of_what_either_holds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, mask = rng.normal(size=30).round(1), rng.random(30) < 0.3
    shares = np.array([0.05, 0.5, 0.95])
    for share, found in zip(shares, overlaps(values, mask, shares), strict=True):
        cut = share * values.max()
        predicted = {n for n in range(30) if values[n] >= cut and values[n] > 0}
        true = {n for n in range(30) if mask[n]}
        assert found == pytest.approx(len(predicted & true) / len(predicted | true))


def test_a_map_without_anything_above_zero_overlaps_nothing() -> None:
    assert overlaps(np.array([-1.0, 0.0]), np.array([True, False]), np.array([0.5])).tolist() == [0]


def mean_interval(values: np.ndarray, groups: Iterable[int]) -> tuple[float, float]:
    return interval(lambda at: float(values[at].mean()), np.array(list(groups)), draws=2000)


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(1).normal(3, 2, 400)
    low, high = mean_interval(values, range(400))
    error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.25 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.25 * error)


def test_more_words_of_the_same_pictures_do_not_narrow_the_interval() -> None:
    values = np.random.default_rng(2).normal(0, 1, 50)
    once = mean_interval(values, range(50))
    often = mean_interval(np.tile(values, 6), list(range(50)) * 6)
    assert often == pytest.approx(once)
    as_if_independent = mean_interval(np.tile(values, 6), range(300))
    assert np.ptp(as_if_independent) < 0.6 * np.ptp(once)


def test_an_interval_may_end_at_infinity_and_ignores_draws_without_a_value() -> None:
    def ratio(at: np.ndarray) -> float:
        return float("inf") if at.min() > 2 else float("nan") if at.max() < 2 else float(at.min())

    low, high = interval(ratio, np.arange(6), draws=500)
    assert low == 0 and high <= 2
    assert interval(lambda at: float("inf"), np.arange(3), draws=20) == (np.inf, np.inf)
