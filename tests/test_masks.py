"""Masks of COCO's two kinds, and what share of a patch they fill."""

import itertools
from typing import Any

import numpy as np
import pytest

from demo_model.scenes import random_scene
from demo_model.seen import patch_cover
from measuring.cases import covered
from measuring.masks import decode, unpacked


def inside(x: float, y: float, corners: list[tuple[float, float]]) -> bool:
    """Even–odd, by a ray to the right (Shimrat, CACM 5, 1962)."""
    odd = False
    for (x1, y1), (x2, y2) in itertools.pairwise([*corners, corners[0]]):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            odd = not odd
    return odd


@pytest.mark.parametrize("seed", range(6))
def test_a_polygon_holds_the_pixels_whose_centres_it_surrounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(-3, 20, size=(int(rng.integers(3, 9)), 2))  # some outside the picture
    mask = decode([corners.ravel().tolist()], height=14, width=17)
    expected = [[inside(x + 0.5, y + 0.5, corners.tolist()) for x in range(17)] for y in range(14)]
    assert mask.tolist() == expected


def test_several_polygons_are_one_mask() -> None:
    left, right = [0, 0, 2, 0, 2, 2, 0, 2], [1, 0, 4, 0, 4, 1, 1, 1]
    mask = decode([left, right], height=2, width=5)
    assert mask.astype(int).tolist() == [[1, 1, 1, 1, 0], [1, 1, 0, 0, 0]]


# pairs of another implementation's tests, which agrees with pycocotools
@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ([0, 6, 1, 3], "061M"),
        ([0, 6, 1], "061"),
        ([0, 6, 1, 1], "061K"),
        ([0, 6, 1, 5], "061O"),
        ([0, 6, 1, 6], "0610"),
        ([0, 1, 1, 2, 1, 3, 1, 4, 1], "011101010"),
        ([0, 1024], "0PP1"),
    ],
)
def test_packed_run_lengths_are_those_of_coco(counts: list[int], text: str) -> None:
    assert unpacked(text) == counts


def packed(counts: list[int]) -> str:
    """COCO's string, written from its description the other way round."""
    text = ""
    for n, count in enumerate(counts):
        value = count - counts[n - 2] if n > 2 else count
        while True:
            bits, value = value & 31, value >> 5
            done = value == (-1 if bits & 16 else 0)
            text += chr(48 + bits + (0 if done else 32))
            if done:
                break
    return text


def runs(mask: np.ndarray) -> list[int]:
    """Lengths of equal values, column by column, the first of them of False."""
    found = [0]
    value = False
    for pixel in mask.T.ravel():
        if pixel != value:
            found.append(0)
            value = pixel
        found[-1] += 1
    return found


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("begins", [False, True])
def test_run_lengths_go_down_the_columns(as_text: bool, begins: bool) -> None:
    mask = np.random.default_rng(3).random((23, 31)) < 0.4
    mask[:, 10:25] = True
    mask[:5, 0] = begins  # a first run of 0, or not
    counts = runs(mask)
    segmentation = {"size": [23, 31], "counts": packed(counts) if as_text else counts}
    np.testing.assert_array_equal(decode(segmentation, 23, 31), mask)


@pytest.mark.parametrize(
    "segmentation",
    [{"size": [2, 3], "counts": [1, 4]}, {"size": [3, 2], "counts": [0, 6]}, "061", None],
)
def test_a_mask_of_another_size_or_kind_is_refused(segmentation: Any) -> None:
    with pytest.raises(ValueError, match="mask"):
        decode(segmentation, 2, 3)


def test_a_box_is_covered_by_its_share_of_set_pixels_between_pixels_too() -> None:
    rng = np.random.default_rng(4)
    mask = rng.random((9, 12)) < 0.5
    boxes = np.array([[0, 0, 12, 9], [1.25, 2.5, 4.75, 8.25], [10.5, 7.5, 12, 9], [3, 3, 4, 4]])
    fine = np.kron(mask, np.ones((4, 4)))  # quarter pixels
    expected = [
        fine[int(4 * t) : int(4 * b), int(4 * x) : int(4 * r)].mean() for x, t, r, b in boxes
    ]
    np.testing.assert_allclose(covered(mask, boxes), expected)
    assert covered(mask, np.full((1, 4), np.nan)).tolist() == [0]


def test_patches_are_covered_as_the_demo_scenes_say() -> None:
    scene = random_scene(5, "test", (168, 168))
    edge = np.arange(144) % 12 * 14, np.arange(144) // 12 * 14
    boxes = np.stack([edge[0], edge[1], edge[0] + 14, edge[1] + 14], -1)
    mask = scene.owner == 0
    np.testing.assert_allclose(covered(mask, boxes), patch_cover(mask), atol=1e-6)
