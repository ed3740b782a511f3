"""The image pane in a real browser: what is painted, clicked, zoomed and marked is the record's."""

import functools
import re
from dataclasses import replace

import numpy as np
import pytest
from browsing import every_browser, may_stall, scales, shown, two_frames, written_on
from playwright.sync_api import Page
from records import make_record

from logit_lens.record import LensRecord

pytestmark = may_stall

PIXEL = """([name, points]) => {
    const canvas = document.querySelector(name);
    const edge = canvas.getBoundingClientRect();
    const ratio = canvas.width / edge.width;
    const copy = Object.assign(document.createElement("canvas"),
        { width: canvas.width, height: canvas.height });
    const pen = copy.getContext("2d", { willReadFrequently: true });
    pen.drawImage(canvas, 0, 0);
    return points.map(([x, y]) => [...pen.getImageData(
        Math.floor((x - edge.left) * ratio), Math.floor((y - edge.top) * ratio), 1, 1).data]);
}"""


def point_on(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the original is in the window."""
    return tuple(
        page.evaluate(
            """([x, y]) => {
                const frame = document.querySelector(".image-frame");
                const edge = frame.getBoundingClientRect();
                const at = Object.fromEntries(Object.entries(frame.dataset)
                    .map(([k, v]) => [k, Number(v)]));
                return [edge.left + at.x + x * at.scale, edge.top + at.y + y * at.scale];
            }""",
            [float(x), float(y)],
        )
    )


def middle_of(page: Page, record: LensRecord, position: int) -> tuple[float, float]:
    left, top, right, bottom = record.patch_boxes[position].tolist()
    return point_on(page, (left + right) / 2, (top + bottom) / 2)


def pixels(page: Page, canvas: str, points: list[tuple[float, float]]) -> list[list[int]]:
    return page.evaluate(PIXEL, [canvas, points])


def bare(page: Page) -> None:
    """Opaque colours without words, so that a pixel is a colour of the scale."""
    page.locator("[name=words]").click()
    page.locator("[name=look]").select_option("colour")
    page.locator("[name=strength]").fill("1")
    page.mouse.move(2, 2)
    two_frames(page)


def patches(record: LensRecord, view: int = 0) -> np.ndarray:
    return np.flatnonzero(record.patch_view == view)


def hash_of(page: Page, *parts: str) -> str:
    """The address, once it holds these parts: it follows the state a quarter of a second later."""
    if parts:
        page.wait_for_function(
            "(parts) => parts.every((part) => location.hash.includes(part))", arg=list(parts)
        )
    else:
        page.wait_for_timeout(600)
    return str(page.evaluate("location.hash"))


all_scales = functools.cache(scales)


def fill_of(shade: float, theme: str = "light") -> list[int]:
    """The colour of a shade, as colour.js has it."""
    return [int(n) for n in re.findall(r"\d+", all_scales()[theme][int(shade * 255 + 0.5)])]


def rounded(values: np.ndarray) -> np.ndarray:
    return np.array([float(f"{v:.2e}") for v in values.ravel()]).reshape(values.shape)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["prob", "entropy", "kl"])
def test_patches_have_the_colour_of_their_value_at_the_layer(open_report, theme, colour):
    record = make_record(layers=4, grid=(7, 9), seed=3)
    values = {"prob": record.top_probs[:, :, 0], "entropy": record.entropy, "kl": record.kl}
    values = rounded(values[colour])
    most = 1 if colour == "prob" else values.max()
    for layer in (0, 3):
        page = open_report(record, f"#layer={layer}&colour={colour}&theme={theme}")
        bare(page)
        some = patches(record)[::5]
        points = [middle_of(page, record, t) for t in some]
        for t, found in zip(some, pixels(page, ".image-patches", points), strict=True):
            shade = min(1, values[layer, t] / most)
            expected = fill_of(shade, theme)
            assert np.abs(np.array(found[:3]) - expected).max() <= 2, (t, found, expected)
            assert found[3] == 255


def test_where_a_token_is_below_the_top_k_the_patch_is_hatched_not_coloured(open_report):
    record = make_record(layers=3, grid=(6, 6), tracked=0, vocabulary=20, seed=5)
    layer, token = 2, 7
    page = open_report(record, f"#layer={layer}&tokens={token}")
    bare(page)
    fills = {tuple(fill_of(n / 255)) for n in range(256)}
    for t in patches(record):
        left, top, right, bottom = record.patch_boxes[t].tolist()
        points = [
            point_on(page, left + (right - left) * f, top + (bottom - top) / 2)
            for f in np.linspace(0.2, 0.8, 80)  # a line is one pixel wide
        ]
        found = {tuple(p[:3]) for p in pixels(page, ".image-patches", points)}
        if token in record.top_ids[layer, t]:
            assert len(found) == 1 and found <= fills
        else:
            assert len(found) == 2, "ground and lines"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_is_clear_where_the_model_is_sure_and_fades_where_it_is_not(open_report, theme):
    record = make_record(layers=3, grid=(6, 6), seed=2)
    page = open_report(record, f"#layer=1&words=0&theme={theme}")
    page.mouse.move(2, 2)
    two_frames(page)
    some = patches(record)
    points = [middle_of(page, record, t) for t in some]
    veils = [found[3] / 255 for found in pixels(page, ".image-patches", points)]
    sure = rounded(record.top_probs[1, some, 0])
    assert np.corrcoef(veils, np.sqrt(sure))[0, 1] < -0.999
    assert max(veils) < 0.75, "what fades can still be seen"
    page.locator("[name=strength]").fill("0")
    two_frames(page)
    assert not any(found[3] for found in pixels(page, ".image-patches", points))


@every_browser
def test_the_same_words_are_written_in_windows_of_any_width(open_report):
    record = make_record(grid=(24, 24), vocabulary=30, tracked=0, seed=4)
    record.top_probs[:] *= 4
    np.minimum(record.top_probs, 0.9, out=record.top_probs)
    seen = []
    for size in ((1100, 760), (1280, 800), (1440, 900), (1920, 1080), (2560, 1440)):
        page = open_report(record, "#layer=2", size=size)
        seen.append(written_on(page))
    assert len(seen[0]) > 4
    assert all(words == seen[0] for words in seen)


def test_words_at_chance_are_not_written_and_the_range_can_be_that_of_the_report(open_report):
    record = make_record(layers=3, grid=(6, 6), tracked=0, seed=6)
    places = patches(record)
    record.top_probs[:, places] *= 0.01
    page = open_report(record, "#layer=1")
    assert written_on(page) == []
    ranges = page.locator(".legend-ranges button")
    assert [b.get_attribute("aria-pressed") for b in ranges.all()] == ["false", "true", "false"]
    most = rounded(record.top_probs[:, places, 0]).max()
    assert page.locator(".legend-ticks .last").inner_text() == f"≥ {shown(most)}"
    bare(page)
    some = places[::5]
    points = [middle_of(page, record, t) for t in some]
    for choice, shade in (
        ("report", lambda p: p / most),
        ("unit", lambda p: p),
        ("log", None),
    ):
        page.locator(f"[data-range={choice}]").click()
        hash_of(page, f"range={choice}")
        two_frames(page)
        found = pixels(page, ".image-patches", points)
        if shade is None:
            high = np.ceil(np.log10(most))
            low = max(-8, np.floor(np.log10(record.top_probs[:, places, 0].min())))

            def shade(p, low=low, high=high):
                return max(0, (np.log10(p) - low) / (high - low))

        for t, pixel in zip(some, found, strict=True):
            p = float(f"{record.top_probs[1, t, 0]:.2e}")
            assert np.abs(np.array(pixel[:3]) - fill_of(min(1, shade(p)))).max() <= 3, (choice, t)


def test_without_a_colour_the_picture_is_bare_and_what_the_model_did_not_see_is_dimmed(
    open_report,
):
    record = make_record(grid=(4, 4), picture_size=(160, 120))
    page = open_report(record, "#colour=none")
    bare(page)
    inside, left, right = pixels(
        page,
        ".image-patches",
        [point_on(page, 80, 60), point_on(page, 5, 60), point_on(page, 155, 60)],
    )
    assert inside[3] == 0
    assert left[3] > 150 and right[3] > 150
    assert "not seen" in page.locator(".image-note").inner_text()


@every_browser
def test_hovering_and_clicking_a_patch_selects_its_position_at_any_zoom(open_report):
    record = make_record(layers=4, grid=(8, 8), seed=1)
    page = open_report(record, "#layer=2")
    chosen = patches(record)
    for step, t in enumerate(chosen[[9, 27, 36, 28]]):
        x, y = middle_of(page, record, int(t))
        page.mouse.move(x, y)
        two_frames(page)
        tip = page.locator("#tooltip")
        assert f"position {t}" in tip.inner_text() and "layer 2" in tip.inner_text()
        page.mouse.click(x, y)
        hash_of(page, f"cell=2.{t}")
        pins = re.search(r"pins=([^&]*)", hash_of(page, "pins="))
        assert pins and f"2.{t}" in pins[1].split(",")
        if step < 3:  # closer every time, at the pointer
            before = float(page.locator(".image-frame").get_attribute("data-scale"))
            page.mouse.wheel(0, -120)
            two_frames(page)
            assert float(page.locator(".image-frame").get_attribute("data-scale")) > before * 1.2
            again = middle_of(page, record, int(t))
            assert np.hypot(again[0] - x, again[1] - y) < 60
    page.keyboard.press("Escape")


def test_dragging_pans_and_selects_nothing(open_report):
    record = make_record(layers=4, grid=(8, 8), seed=1)
    page = open_report(record)
    frame = page.locator(".image-frame")
    x, y = middle_of(page, record, int(patches(record)[27]))
    page.mouse.dblclick(x, y)
    two_frames(page)
    scale, at = frame.get_attribute("data-scale"), middle_of(page, record, int(patches(record)[27]))
    assert "pins" not in hash_of(page), "a double-click zooms, it does not pin"
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 20, y - 10)
    page.mouse.move(x - 30, y - 15)
    page.mouse.up()
    two_frames(page)
    moved = middle_of(page, record, int(patches(record)[27]))
    assert (moved[0] - at[0], moved[1] - at[1]) == pytest.approx((-30, -15), abs=0.6)
    assert frame.get_attribute("data-scale") == scale
    assert "cell" not in hash_of(page)
    page.mouse.dblclick(*moved)
    two_frames(page)
    assert float(frame.get_attribute("data-scale")) < float(scale)
    assert page.locator("[name=whole]").is_disabled()


def expected_region(record: LensRecord, layer: int, positions: np.ndarray, k: int):
    """Tokens of a region with the bounds of their mean probability, best lower bound first."""
    probs = rounded(record.top_probs[layer, positions])
    tracked = {int(i): n for n, i in enumerate(record.tracked_ids)}
    found = []
    for token in np.unique(record.top_ids[layer, positions]):
        there = record.top_ids[layer, positions] == token
        low = high = 0.0
        for n in range(len(positions)):
            if there[n].any():
                p = probs[n][there[n]][0]
                low, high = low + p, high + p
            else:
                high += probs[n][-1]
        if int(token) in tracked:
            exact = rounded(record.tracked_probs[layer, positions, tracked[int(token)]])
            low = high = exact.sum()
        found.append((low / len(positions), high / len(positions), int(token)))
    return sorted(found, key=lambda one: -one[0])[:k]


def written(low: float, high: float) -> str:
    bounds = shown(low), shown(high)
    return bounds[0] if bounds[0] == bounds[1] else "–".join(bounds)


def test_a_dragged_region_shows_the_mean_probabilities_that_numpy_finds(open_report):
    record = make_record(layers=5, grid=(8, 8), vocabulary=12, k=4, tracked=2, seed=2)
    page = open_report(record, "#layer=3")
    all_ = patches(record)
    corner, opposite = int(all_[8 * 2 + 1]), int(all_[8 * 4 + 5])
    page.keyboard.down("Shift")
    page.mouse.move(*middle_of(page, record, corner))
    page.mouse.down()
    page.mouse.move(*middle_of(page, record, int(all_[8 * 3 + 3])))
    page.mouse.move(*middle_of(page, record, opposite))
    page.mouse.up()
    page.keyboard.up("Shift")
    two_frames(page)
    region = np.array([int(all_[8 * row + column]) for row in (2, 3, 4) for column in range(1, 6)])
    marked = re.search(r"region=([^&]*)", hash_of(page, "region="))
    assert marked
    spans = [part.split("-") for part in marked[1].split(",")]
    assert [t for a, *b in spans for t in range(int(a), int((b or [a])[0]) + 1)] == region.tolist()
    assert "15 patches" in page.locator("#region-panel h2").inner_text()

    names = {int(i): str(t) for i, t in zip(record.token_ids, record.token_text, strict=True)}
    rows = page.locator(".region-tokens li").all()
    best = expected_region(record, 3, region, len(rows))
    assert len(rows) == 8
    for row, (low, high, token) in zip(rows, best, strict=True):
        assert row.locator(".number").text_content() == written(low, high)
        assert row.locator(".token").text_content() == names[token]
    for layer, row in enumerate(page.locator(".region-layers tbody tr").all()):
        [(low, high, token)] = expected_region(record, layer, region, 1)
        assert row.locator("td.token").text_content() == names[token]
        assert row.locator("td.number").text_content() == written(low, high)

    # one patch out by Shift and click, the layer by its row, a token mapped, all gone by "clear"
    page.keyboard.down("Shift")
    page.mouse.click(*middle_of(page, record, corner))
    page.keyboard.up("Shift")
    two_frames(page)
    assert "14 patches" in page.locator("#region-panel h2").inner_text()
    page.locator(".region-layers tbody tr").nth(1).locator("button").click()
    page.locator(".region-tokens button").first.click()
    hash_of(page, "layer=1", "tokens=")
    page.locator("#region-panel [name=clear]").click()
    two_frames(page)
    assert page.locator("#region-panel").is_hidden()
    assert "region" not in hash_of(page)


def test_tiles_are_shown_one_by_one_or_side_by_side_never_over_the_whole(open_report):
    record = make_record(grid=(4, 4), views=5, seed=4)
    page = open_report(record, "#layer=1")
    bare(page)
    switch = page.locator("[name=view]")
    assert switch.locator("option").all_inner_texts() == [
        "whole image",
        *(f"tile {n}" for n in (1, 2, 3, 4)),
        "all tiles",
    ]
    for wanted, views in (("0", [0]), ("3", [3]), ("-1", [1, 2, 3, 4])):
        switch.select_option(wanted)
        two_frames(page)
        assert page.locator(".image-frame").get_attribute("data-view") == wanted
        some = np.flatnonzero(np.isin(record.patch_view, views))
        points = [middle_of(page, record, int(t)) for t in some]
        for t, found in zip(some, pixels(page, ".image-patches", points), strict=True):
            shade = rounded(record.top_probs[1, t, :1])[0]
            expected = fill_of(shade)
            assert np.abs(np.array(found[:3]) - expected).max() <= 2
    switch.select_option("2")
    two_frames(page)
    t = int(patches(record, 2)[5])
    page.mouse.click(*middle_of(page, record, t))
    hash_of(page, f".{t}", "view=2")


def test_the_picture_is_worked_by_keys_alone(open_report):
    record = make_record(layers=4, grid=(5, 5), seed=6)
    page = open_report(record, "#layer=1")
    all_ = patches(record)
    page.locator(".image-zoom [name=in]").focus()
    page.keyboard.press("Tab")
    frame = page.locator(".image-frame")
    assert frame.evaluate("(e) => e === document.activeElement")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    two_frames(page)
    t = int(all_[5 + 2])
    names = dict(zip(record.token_ids.tolist(), record.token_text.tolist(), strict=True))
    label = page.locator(f"#{frame.get_attribute('aria-activedescendant')}")
    top = f"{names[int(record.top_ids[1, t, 0])]} {shown(record.top_probs[1, t, 0])}"
    assert label.get_attribute("aria-label") == f"patch row 1 column 2: {top}"
    assert f"position {t}" in page.locator("#tooltip").inner_text()
    page.keyboard.press("]")
    two_frames(page)
    assert shown(record.top_probs[2, t, 0]) in label.get_attribute("aria-label")
    page.keyboard.press("Enter")
    hash_of(page, f"cell=2.{t}")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    hash_of(page, f"region={t}-{t + 1},{t + 5}-{t + 6}")
    page.keyboard.press("+")
    two_frames(page)
    assert page.locator("[name=whole]").is_enabled()
    page.keyboard.press("0")
    two_frames(page)
    assert page.locator("[name=whole]").is_disabled()


def test_a_finger_taps_a_patch_and_marks_a_region(open_report):
    record = make_record(layers=4, grid=(5, 5), seed=6)
    page = open_report(record, size=(390, 800), has_touch=True, is_mobile=True)
    t = int(patches(record)[12])
    page.touchscreen.tap(*middle_of(page, record, t))
    hash_of(page, f".{t}")
    page.locator("[name=marking]").tap()
    for n in (6, 7):
        page.touchscreen.tap(*middle_of(page, record, int(patches(record)[n])))
    first = int(patches(record)[6])
    hash_of(page, f"region={first}-{first + 1}")


def test_the_strip_has_a_true_map_of_every_layer_and_a_click_shows_it(open_report):
    for layers in (9, 100):
        record = make_record(layers=layers, grid=(4, 4), seed=7)
        page = open_report(record, "#layer=0")
        page.wait_for_function(
            f"() => document.getElementById('layer-strip').dataset.painted === '{layers}'"
        )
        strip = page.locator("#layer-strip")
        canvas = page.locator("#layer-strip canvas")
        columns, width, height, step_x, step_y = (
            float(strip.get_attribute(f"data-{name}"))
            for name in ("columns", "width", "height", "step-x", "step-y")
        )
        for layer in (1, layers // 2, layers - 1):
            x0, y0 = layer % columns * step_x, layer // columns * step_y
            canvas.evaluate("(e, y) => { e.closest('#layer-strip').scrollTop = y }", y0)
            edge = canvas.bounding_box()
            points = [
                (edge["x"] + x0 + width * (c + 0.5) / 4, edge["y"] + y0 + height * (r + 0.5) / 4)
                for r in range(4)
                for c in range(4)
            ]
            found = pixels(page, "#layer-strip canvas", points)
            for t, pixel in zip(patches(record), found, strict=True):
                shade = rounded(record.top_probs[layer, t, :1])[0]
                assert pixel[:3] == fill_of(shade)
            page.mouse.click(*points[5])
            hash_of(page, f"layer={layer}")
            two_frames(page)
            mark = page.locator(".strip-current").bounding_box()
            edge = canvas.bounding_box()
            assert mark["x"] - edge["x"] == pytest.approx(x0, abs=1)
            assert mark["y"] - edge["y"] == pytest.approx(y0, abs=1)


@every_browser
def test_the_player_steps_through_the_layers_and_stops_at_the_end(open_report):
    record = make_record(layers=5, grid=(3, 3))
    page = open_report(record, "#layer=2")
    mean = rounded(record.top_probs[2, patches(record), 0]).mean()
    assert page.locator(".player-mean").inner_text() == f"mean {shown(mean)}"
    slider = page.locator(".player-slider")
    assert slider.get_attribute("aria-valuetext") == "layer 2"
    page.locator(".player-speed select").select_option("16")
    page.locator(".player-play").click()
    page.wait_for_function("() => document.querySelector('.player-slider').value === '4'")
    page.wait_for_function(
        "() => document.querySelector('.player-play').getAttribute('aria-pressed') === 'false'"
    )
    slider.fill("0")
    two_frames(page)
    assert page.locator(".player-layer").inner_text() == "layer 0 (embeddings)"
    assert page.locator(".image-frame").get_attribute("data-layer") == "0"


def test_a_picture_whose_patches_have_no_place_says_why(open_report):
    record = make_record()
    record = replace(
        record,
        patch_boxes=np.full_like(record.patch_boxes, np.nan),
        patch_view=np.full_like(record.patch_view, -1),
        meta=record.meta | {"note": "no overlay: this family resamples its tokens"},
    )
    page = open_report(record)
    assert "resamples its tokens" in page.locator(".image-note").inner_text()
    assert page.locator("#picture").is_visible()
    assert page.locator("#layer-strip").is_hidden()
    frame = page.locator(".image-frame").bounding_box()
    page.mouse.click(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    assert "cell" not in hash_of(page)


def test_without_a_picture_the_patches_still_have_their_map(open_report):
    record = replace(make_record(seed=8), image=np.zeros(0, np.uint8))
    page = open_report(record, "#layer=2")
    t = int(patches(record)[6])
    page.mouse.click(*middle_of(page, record, t))
    hash_of(page, f"cell=2.{t}")


@pytest.mark.parametrize("size", [(1, 1), (10000, 100), (40, 3000)])
@pytest.mark.parametrize("window", [(1280, 800), (320, 640), (3840, 2160)])
def test_pictures_of_any_shape_lie_whole_in_windows_of_any_size(open_report, size, window):
    record = make_record(grid=(3, 3), picture_size=size)
    page = open_report(record, size=window)
    frame, picture = (page.locator(name).bounding_box() for name in (".image-frame", "#picture"))
    assert frame["width"] >= 200 and frame["height"] >= 100
    for start, length in (("x", "width"), ("y", "height")):
        assert picture[start] >= frame[start] - 0.5
        assert picture[start] + picture[length] <= frame[start] + frame[length] + 0.5
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    t = int(patches(record)[4])
    part = page.locator("[name=seen]")  # the model saw the middle square
    (part if part.is_visible() else page.locator("[name=in]")).click()
    two_frames(page)
    page.mouse.click(*middle_of(page, record, t))
    hash_of(page, f".{t}")


def test_the_picture_stays_where_it_is_while_regions_are_marked_on_it(open_report):
    record = make_record(layers=33, grid=(24, 24), k=2, picture_size=(640, 480))
    page = open_report(record)
    before = page.locator(".image-frame").bounding_box()
    some = patches(record)[100:110]
    page.evaluate(f"location.hash = 'region={some[0]}-{some[-1]}'")
    page.locator("#region-panel").wait_for()
    two_frames(page)
    assert page.locator(".image-frame").bounding_box() == before
    panel, pane = (page.locator(name).bounding_box() for name in ("#region-panel", "#image-pane"))
    assert panel["y"] + panel["height"] <= pane["y"] + pane["height"] + 1
