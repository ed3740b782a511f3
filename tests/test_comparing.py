"""Two records side by side: what meets, what stays alone, and how far apart it is."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from records import make_record

from logit_lens import LensError
from logit_lens.comparing.align import align
from logit_lens.comparing.carried import carried, carries_another, carry
from logit_lens.comparing.difference import Comparison, Exact, compare, least_variation
from logit_lens.comparing.sequence import common_tokens
from logit_lens.record import ANSWER, IMAGE, LensRecord, load_record


def two(**options: Any) -> tuple[LensRecord, LensRecord]:
    """Records of one text that read different things at every cell."""
    a, b = make_record(seed=1, **options), make_record(seed=2, **options)
    return a, replace(b, input_ids=a.input_ids)


def by_position(found: Comparison, order: int) -> tuple[np.ndarray, ...]:
    """All numbers of the pairs, sorted by the positions of one record."""
    at = np.argsort(found.alignment.positions[:, order])
    cells = found.cells
    arrays = (cells.flip, cells.shared, cells.variation, cells.entropy, cells.probs, cells.ranks)
    return tuple(array[:, at] for array in arrays)


def test_a_record_against_itself_is_zero_everywhere_and_nothing_flips() -> None:
    record = make_record(layers=6, grid=(5, 5))
    found = compare(record, record)
    cells = found.cells
    assert cells.flip.shape == record.entropy.shape and not cells.flip.any()
    np.testing.assert_array_equal(cells.shared, 1)
    for name in ("entropy", "variation", "probs", "ranks"):
        assert not getattr(cells, name).any(), name
    assert (found.parting() == -1).all()
    positions = np.arange(len(record.input_ids))
    np.testing.assert_array_equal(
        found.alignment.rows(len(positions), len(positions)).T, [positions] * 2
    )


@pytest.mark.parametrize("layers", [5, 9])
def test_the_other_way_round_signs_turn_and_distances_stay(layers: int) -> None:
    a, b = make_record(seed=1), make_record(seed=2, layers=layers)
    forth, back = by_position(compare(a, b), 0), by_position(compare(b, a), 1)
    for there, here in zip(forth[:3], back[:3], strict=True):
        np.testing.assert_array_equal(there, here)
    for there, here in zip(forth[3:], back[3:], strict=True):
        np.testing.assert_array_equal(there, -here)
    assert forth[2].max() > 0.3 and abs(forth[3]).max() > 1  # there was something to turn


def test_every_number_is_that_of_the_two_cells() -> None:
    a, b = two(layers=4, grid=(3, 3), answer=2)
    found = compare(a, b)
    for (row_a, row_b), n in zip(found.alignment.layers, range(4), strict=True):
        for m, (i, j) in enumerate(found.alignment.positions):
            top_a, top_b = a.top_ids[row_a, i], b.top_ids[row_b, j]
            assert found.cells.flip[n, m] == (top_a[0] != top_b[0])
            assert found.cells.shared[n, m] == pytest.approx(len({*top_a} & {*top_b}) / len(top_a))
            assert found.cells.entropy[n, m] == b.entropy[row_b, j] - a.entropy[row_a, i]
            change = b.tracked_probs[row_b, j] - a.tracked_probs[row_a, i]
            np.testing.assert_array_equal(found.cells.probs[n, m], change)
            moved = b.tracked_ranks[row_b, j] - a.tracked_ranks[row_a, i]
            np.testing.assert_array_equal(found.cells.ranks[n, m], moved)


def test_only_tokens_that_both_track_are_compared_by_id_not_by_slot() -> None:
    a = make_record()
    turned = replace(
        a,
        tracked_ids=np.array([2, 7, 0], np.int32),
        tracked_probs=a.tracked_probs[..., [2, 1, 0]],
        tracked_ranks=a.tracked_ranks[..., [2, 1, 0]],
    )
    cells = compare(a, turned).cells
    assert cells.tracked_ids.tolist() == [0, 2]
    assert not cells.probs.any() and not cells.ranks.any()


def test_the_bound_is_never_above_the_total_variation_and_near_it_with_many_tokens() -> None:
    random = np.random.default_rng(0)
    vocabulary, cells = 60, 400
    sharpness = random.uniform(0.3, 3, (2, cells, 1))
    logits = random.normal(0, 1, (2, cells, vocabulary)) * sharpness
    logits[1, ::2] = logits[0, ::2] + random.normal(0, 0.3, (cells // 2, vocabulary))
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    true = abs(p[0] - p[1]).sum(-1) / 2

    def bound(k: int) -> np.ndarray:
        ids = np.argsort(-p, -1, kind="stable")[..., :k]
        probs = np.take_along_axis(p, ids, -1)
        return least_variation(ids[0], probs[0], ids[1], probs[1])

    shares = []
    for k in (1, 3, 10, 30, vocabulary):
        assert (bound(k) <= true + 1e-12).all(), k
        shares.append(float((bound(k) / true).mean()))
    assert shares == sorted(shares) and shares[2] > 0.5
    np.testing.assert_allclose(bound(vocabulary), true, atol=1e-12)


def test_the_bound_holds_for_the_worst_distributions_that_could_be_behind_the_top_k() -> None:
    # A says x with 0.6; B's top 2 lack x, whose last has 0.3 and which leave 0.1
    ids, probs = np.array([[0, 1]]), np.array([[0.6, 0.3]])
    others, other_probs = np.array([[2, 3]]), np.array([[0.6, 0.3]])
    # x and y together have 0.9 in A and at most the 0.1 that is left in B
    assert least_variation(ids, probs, others, other_probs)[0] == pytest.approx(0.8)


def test_layers_meet_by_number_never_by_index() -> None:
    whole = make_record(layers=7)
    some = replace(
        whole,
        layers=whole.layers[[1, 4, 6]],
        **{
            name: getattr(whole, name)[[1, 4, 6]]
            for name in ("top_ids", "top_probs", "entropy", "kl", "tracked_probs", "tracked_ranks")
        },
    )
    found = compare(whole, some)
    assert found.alignment.layers.tolist() == [[1, 0], [4, 1], [6, 2]]
    assert not found.cells.flip.any() and not found.cells.entropy.any()


def test_other_layer_counts_meet_by_relative_depth_and_that_is_said() -> None:
    found = align(make_record(layers=5), make_record(layers=9))
    assert found.layers.tolist() == [[0, 0], [1, 2], [2, 4], [3, 6], [4, 8]]
    assert found.notes == ("A has 4 layers and B has 8: layers are paired by relative depth",)


def test_records_without_a_common_layer_are_refused() -> None:
    def only(record: LensRecord, rows: list[int]) -> LensRecord:
        names = ("top_ids", "top_probs", "entropy", "kl", "tracked_probs", "tracked_ranks")
        kept = {name: getattr(record, name)[rows] for name in ("layers", *names)}
        return replace(record, **kept)

    record = make_record(layers=6)
    with pytest.raises(LensError, match="no layer in common but the last, 5"):
        align(only(record, [0, 2, 5]), only(record, [1, 3, 5]))
    assert align(only(record, [5]), record).layers.tolist() == [[0, 5]]


def test_one_id_with_two_texts_is_refused_and_named() -> None:
    a = make_record()
    texts = a.token_text.copy()
    texts[3] = "▁other"
    with pytest.raises(LensError, match="id 3 is '▁word3' in one and '▁other' in the other"):
        align(a, replace(a, token_text=texts))


def test_patches_meet_by_their_boxes_in_whatever_order_they_come() -> None:
    a = make_record(grid=(4, 4))
    turned = a.patch_boxes.copy()
    image = np.flatnonzero(a.position_kind == IMAGE)
    turned[image] = turned[image[::-1]]
    pairs = align(a, replace(a, patch_boxes=turned)).positions
    of_image = {int(i): int(j) for i, j in pairs if i in image}
    assert of_image == dict(zip(image.tolist(), image[::-1].tolist(), strict=True))


def test_patches_of_another_grid_meet_where_they_cover_the_same_by_half() -> None:
    a, b = make_record(grid=(4, 4)), make_record(grid=(5, 4))
    found = align(a, b)
    pairs = [(i, j) for i, j in found.positions if a.position_kind[i] == IMAGE]
    assert pairs

    def share(i: int, j: int) -> float:
        p, q = a.patch_boxes[i], b.patch_boxes[j]
        sides = np.minimum(p[2:], q[2:]) - np.maximum(p[:2], q[:2])
        both = float(np.prod(np.maximum(sides, 0)))
        return both / float(np.prod(p[2:] - p[:2]) + np.prod(q[2:] - q[:2]) - both)

    assert all(share(i, j) >= 0.5 for i, j in pairs)
    alone = found.rows(len(a.input_ids), len(b.input_ids))
    assert ((alone[:, 0] < 0) & (b.position_kind[alone[:, 1]] == IMAGE)).sum() == 20 - len(pairs)


@pytest.mark.parametrize(("moved", "meets"), [(0.3, True), (0.4, False)])
def test_a_patch_that_lies_elsewhere_by_too_much_is_alone(moved: float, meets: bool) -> None:
    a = make_record(grid=(1, 1))
    boxes = a.patch_boxes.copy()
    patch = int(np.flatnonzero(a.position_kind == IMAGE)[0])
    side = boxes[patch, 2] - boxes[patch, 0]
    boxes[patch, [0, 2]] -= moved * side / 2
    boxes[patch, [1, 3]] -= moved * side / 2
    # both cover (1 - moved/2)² of a patch: 0.7225 and 0.64, of 1.2775 and 1.36
    pairs = align(a, replace(a, patch_boxes=boxes)).positions
    assert ((patch, patch) in {tuple(pair) for pair in pairs}) is meets


def test_text_before_the_image_never_meets_text_after_it() -> None:
    def with_text(before: list[int], after: list[int]) -> LensRecord:
        made = make_record(text=len(before) + len(after), answer=0, grid=(1, 1))
        kind = np.array([0] * len(before) + [IMAGE] + [0] * len(after), np.uint8)
        boxes = np.full_like(made.patch_boxes, np.nan)
        boxes[kind == IMAGE] = made.patch_boxes[made.position_kind == IMAGE]
        view = np.where(kind == IMAGE, 0, -1).astype(np.int16)
        ids = np.array([*before, 9, *after], np.int64)
        return replace(made, input_ids=ids, position_kind=kind, patch_boxes=boxes, patch_view=view)

    pairs = align(with_text([1, 2], [3, 4]), with_text([3], [1, 2, 4])).positions
    assert pairs.tolist() == [[2, 1], [4, 4]]  # the image, and the 4 after it


def test_text_meets_also_where_only_one_has_an_image() -> None:
    seen = make_record(text=6, answer=2, grid=(2, 2))
    alone = make_record(text=6, answer=2, grid=(0, 0))
    text = np.flatnonzero(seen.position_kind != IMAGE)
    pairs = align(seen, replace(alone, input_ids=seen.input_ids[text])).positions
    assert pairs.tolist() == [[int(t), n] for n, t in enumerate(text)]


def test_pictures_of_other_sizes_meet_by_the_place_in_what_was_seen() -> None:
    a, b = make_record(picture_size=(160, 120)), make_record(picture_size=(90, 300))
    found = align(a, b)
    image = np.flatnonzero(a.position_kind == IMAGE)
    assert {(i, i) for i in image} <= {tuple(pair) for pair in found.positions}
    assert "differ in size" in found.notes[0]


def test_text_meets_by_its_tokens_on_its_own_side_of_the_image() -> None:
    a = make_record(text=6, answer=2, grid=(2, 2))  # 3 before, 4 patches, 3 after, 2 answer

    def with_text(before: list[int], after: list[int], answer: list[int]) -> LensRecord:
        made = make_record(text=6, answer=len(answer), grid=(2, 2))
        return replace(made, input_ids=np.array([*before, 9, 9, 9, 9, *after, *answer], np.int64))

    a = with_text([1, 2, 3], [4, 5, 6], [7, 8])
    b = with_text([2, 3, 1], [5, 1, 6], [8, 7])
    pairs = {tuple(pair) for pair in align(a, b).positions.tolist()}
    assert {p for p in pairs if p[0] < 3} == {(1, 0), (2, 1)}  # 1 moved: it has no partner
    assert {p for p in pairs if p[0] in (7, 8, 9)} == {(8, 7), (9, 9)}
    assert len({p for p in pairs if p[0] >= 10}) == 1  # 7 and 8 changed places
    rows = align(a, b).rows(12, 12)
    assert sorted(rows[rows[:, 0] >= 0, 0]) == sorted(rows[rows[:, 1] >= 0, 1]) == list(range(12))
    assert (-1, 2) in {tuple(row) for row in rows.tolist()}


def longest_by_brute_force(a: list[int], b: list[int]) -> int:
    for size in range(min(len(a), len(b)), 0, -1):
        other = {tuple(part) for part in combinations(b, size)}
        if any(tuple(part) in other for part in combinations(a, size)):
            return size
    return 0


def test_common_tokens_are_the_longest_there_are_and_the_same_both_ways() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        a, b = (random.integers(0, 4, random.integers(0, 9)).tolist() for _ in range(2))
        pairs = common_tokens(a, b)
        assert all(a[i] == b[j] for i, j in pairs)
        assert (np.diff(pairs, axis=0) > 0).all()
        assert len(pairs) == longest_by_brute_force(a, b)
        np.testing.assert_array_equal(common_tokens(b, a), pairs[:, ::-1])


def exact_of(a: LensRecord) -> Exact:
    random = np.random.default_rng(5)
    shape = a.entropy.shape
    return Exact(random.exponential(1, shape).astype("f"), random.uniform(0, 1, shape).astype("f"))


def test_a_comparison_survives_its_file(tmp_path: Any) -> None:
    a, b = two(layers=6)
    b = replace(b, meta=b.meta | {"model": "another"})
    exact = exact_of(a)
    carry(a, b, exact).save(tmp_path / "both.npz")
    record = load_record(tmp_path / "both.npz")
    assert carries_another(record) and not carries_another(a)
    found = carried(record)
    assert found.cells.exact and found.b.meta == b.meta and found.a.meta == a.meta
    np.testing.assert_array_equal(found.cells.kl, exact.kl)
    np.testing.assert_array_equal(found.cells.variation, exact.variation)
    np.testing.assert_array_equal(found.b.top_ids, b.top_ids)
    first = np.where((exact.variation > 0.5).any(0), (exact.variation > 0.5).argmax(0), -1)
    np.testing.assert_array_equal(found.parting(), first)


def test_a_damaged_second_record_is_one_line(tmp_path: Any) -> None:
    a, b = two()
    whole = carry(a, b, exact_of(a))
    less = {name: array for name, array in whole.extra.items() if name != "other_top_ids"}
    with pytest.raises(LensError, match="lacks other_top_ids"):
        carried(replace(whole, extra=less))
    wrong = {**whole.extra, "other_top_ids": np.full_like(b.top_ids, 9999)}
    with pytest.raises(LensError, match="malformed: top_ids holds an id that token_ids lacks"):
        carried(replace(whole, extra=wrong))
    with pytest.raises(LensError, match="lacks meta"):
        carried(replace(whole, meta={k: v for k, v in whole.meta.items() if k != "other"}))


def test_answer_words_that_only_one_record_has_are_alone() -> None:
    a, b = make_record(answer=3), make_record(answer=5)
    b = replace(b, input_ids=np.concatenate([a.input_ids, [100, 101]]))
    rows = align(a, b).rows(len(a.input_ids), len(b.input_ids))
    alone = rows[rows[:, 0] < 0]
    assert alone[:, 1].tolist() == [len(a.input_ids), len(a.input_ids) + 1]
    assert (b.position_kind[alone[:, 1]] == ANSWER).all()
