"""Where every image position lies, by ground truth: paint the image, see which positions change."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from families import FAMILIES, Family, build
from families.twin import noise
from families.wiring import STRIPE, regions

from logit_lens.model.anatomy import find_image_token_id
from logit_lens.patches.place import Placement, place_patches
from logit_lens.patches.views import View, even

PLACED = [f for f in FAMILIES if not f.overlay]
# the first size of the quick families always, all else with tests/run.sh --all
WIRED = [
    pytest.param(
        f, size, id=f"{f.name}-{size[0]}x{size[1]}",
        marks=[pytest.mark.slow] if f.slow or f.slow_wiring or size != f.sizes[0] else [],
    )
    for f in PLACED
    for size in f.sizes
]  # fmt: skip
EACH = [
    pytest.param(f, id=f.name, marks=[pytest.mark.slow] if f.slow or f.slow_wiring else [])
    for f in PLACED
]


def place(twin: Any, size: tuple[int, int]) -> tuple[Placement, np.ndarray]:
    """A twin's placement for a picture of that size, and which positions are the image's."""
    inputs = twin.encode(noise(size))
    arrays = {k: v.numpy() for k, v in inputs.items() if hasattr(v, "numpy")}
    token_id = find_image_token_id(twin.model.config, twin.processor)
    on_image = arrays["input_ids"][0] == token_id
    return place_patches(twin.processor, twin.model.config, arrays, on_image, size), on_image


@pytest.mark.parametrize(("family", "size"), WIRED)
def test_every_token_sees_the_piece_of_the_image_that_its_box_says(
    family: Family, size: tuple[int, int]
) -> None:
    twin = build(family)
    placement, on_image = place(twin, size)
    assert placement.note == ""
    boxes = placement.boxes[on_image]
    seen = regions(twin, size, find_image_token_id(twin.model.config, twin.processor) or 0)
    assert np.array_equal(np.isnan(seen), np.isnan(boxes))
    assert np.nanmax(np.abs(seen - boxes)) <= STRIPE + 1e-3


@pytest.mark.parametrize("family", EACH)
def test_boxes_lie_in_the_image_and_tile_each_view_without_overlap(family: Family) -> None:
    twin = build(family)
    for size in ((64, 40), (131, 133), (97, 440)):
        placement, on_image = place(twin, size)
        assert placement.note == ""
        boxes, views = placement.boxes[on_image], placement.view[on_image]
        assert np.isnan(placement.boxes[~on_image]).all()
        assert (placement.view[~on_image] == -1).all()
        assert np.array_equal(np.isnan(boxes[:, 0]), views == -1)
        placed = boxes[views >= 0]
        assert (placed >= 0).all()
        assert (placed[:, 2:] <= size).all()
        assert (placed[:, 2:] > placed[:, :2]).all()
        left, top, right, bottom = placement.crop or [0, 0, *size]
        if (views == 0).any():  # the whole image's boxes cover it exactly once
            whole = boxes[views == 0].astype(np.float64)
            area = ((whole[:, 2] - whole[:, 0]) * (whole[:, 3] - whole[:, 1])).sum()
            seen = (whole[:, 2].max() - whole[:, 0].min()) * (whole[:, 3].max() - whole[:, 1].min())
            assert area == pytest.approx(seen, rel=1e-4)
            assert whole[:, 0].min() >= left - 1e-3
            assert whole[:, 3].max() <= bottom + 1e-3


def llava_parts(**settings: Any) -> tuple[Any, Any]:
    images = SimpleNamespace(
        **{"do_pad": False, "do_resize": True, "do_center_crop": True, **settings},
        size={"shortest_edge": 336},
        crop_size={"height": 336, "width": 336},
    )
    vision = SimpleNamespace(model_type="clip_vision_model", image_size=336, patch_size=14)
    config = SimpleNamespace(model_type="llava", vision_config=vision)
    return SimpleNamespace(image_processor=images), config


def on(n_image: int) -> np.ndarray:
    return np.array([False, *[True] * n_image, False])


def test_a_centre_crop_leaves_the_sides_of_a_landscape_out() -> None:
    placement = place_patches(*llava_parts(), {}, on(576), (640, 480))
    assert placement.crop == pytest.approx([80, 0, 560, 480])
    assert placement.boxes[1].tolist() == pytest.approx([80, 0, 100, 20])
    assert placement.boxes[576].tolist() == pytest.approx([540, 460, 560, 480])


def test_the_top_and_bottom_of_a_portrait_are_left_out() -> None:
    placement = place_patches(*llava_parts(), {}, on(576), (480, 640))
    assert placement.crop == pytest.approx([0, 80, 480, 560])


def test_padding_has_no_place_and_nothing_is_cropped() -> None:
    placement = place_patches(*llava_parts(do_pad=True), {}, on(576), (672, 336))
    assert placement.crop is None
    rows = placement.boxes[1:-1].reshape(24, 24, 4)
    assert np.isnan(rows[:6]).all()
    assert np.isnan(rows[18:]).all()
    assert not np.isnan(rows[6:18]).any()


def test_another_number_of_tokens_than_cells_gives_no_overlay_and_says_so() -> None:
    placement = place_patches(*llava_parts(), {}, on(575), (640, 480))
    assert "gives 576 patches, the prompt has 575" in placement.note
    assert np.isnan(placement.boxes).all()
    assert (placement.view == -1).all()


def test_an_unknown_family_gets_no_guessed_square() -> None:
    config = SimpleNamespace(model_type="brand_new_vl")
    placement = place_patches(None, config, {}, on(576), (640, 480))
    assert "brand_new_vl" in placement.note
    assert np.isnan(placement.boxes).all()


def test_a_layout_that_fails_says_why() -> None:
    config = SimpleNamespace(model_type="qwen2_vl")
    placement = place_patches(SimpleNamespace(), config, {}, on(4), (64, 64))
    assert "image_grid_thw" in placement.note


def test_without_an_image_there_is_nothing_to_say() -> None:
    placement = place_patches(None, SimpleNamespace(model_type="llama"), {}, on(0), (0, 0))
    assert placement.note == ""
    assert placement.crop is None


def test_a_view_ends_its_rows_with_tokens_that_have_no_place() -> None:
    view = View.over(2, 3, (0, 0, 30, 20), number=1, row_end=1, end=1)
    boxes = view.boxes((30, 20))
    assert view.n_tokens == len(boxes) == 9
    assert np.isnan(boxes[[3, 7, 8]]).all()
    assert boxes[4].tolist() == [0, 10, 10, 20]
    assert even(0, 3, 3) == [(0, 1), (1, 2), (2, 3)]
