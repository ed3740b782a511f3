"""The report on paper: printed pages and exported figures, in a real browser."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from browsing import Open, may_stall, two_frames, written_on
from playwright.sync_api import Page
from records import hostile_record, make_record

pytestmark = may_stall

PLACES = """() => Object.fromEntries(
    [".image-frame", "#picture", ".image-patches", ".image-marks", ".strip-sheet canvas", "svg",
     ".grid-canvas", ".pin-table", "#legend", "#answer-table"].map((name) => {
        const { left, top, width, height } = document.querySelector(name).getBoundingClientRect();
        const sides = [left - document.querySelector("#panes").offsetLeft, top, width, height];
        return [name, sides.map((side) => Math.round(10 * side) / 10)];
    }))"""


def printing(page: Page, on: bool = True) -> None:
    """As the browser does it: the event, then at once the paper's layout."""
    page.evaluate(f"dispatchEvent(new Event('{'before' if on else 'after'}print'))")


def places(page: Page) -> dict[str, list[float]]:
    found: dict[str, list[float]] = page.evaluate(PLACES)
    return found


@pytest.mark.parametrize("size", [(1280, 800), (2560, 1440), (600, 900)])
@pytest.mark.parametrize("zoomed", [False, True])
def test_paper_looks_the_same_from_every_window(
    open_report: Open, size: tuple[int, int], zoomed: bool
) -> None:
    page = open_report(make_record(layers=33), hash="#pins=2.5,3.8&theme=dark&layer=9", size=size)
    page.wait_for_selector("#answer-table tbody tr")
    if zoomed:
        page.locator(".image-zoom [name=in]").click()
        two_frames(page)
    screen = places(page)
    view = page.locator(".image-frame").evaluate("(frame) => ({...frame.dataset})")
    printing(page)
    paper = places(page)
    frame, picture = paper[".image-frame"], paper["#picture"]
    assert frame[2:] == pytest.approx([560, 420], abs=1)  # the record's picture is 160 × 120
    assert paper[".image-patches"] == paper[".image-marks"] == frame
    if not zoomed:
        assert picture[0] >= frame[0] and picture[2] <= frame[2] and picture[3] <= frame[3]
    for name, (left, _, width, _) in paper.items():
        assert left >= 0 or name == "#picture" and zoomed, name
        assert left + width <= 701 or name == "#picture" and zoomed, name
    assert page.locator("#layer-strip").get_attribute("data-painted") == "33"
    assert page.evaluate(
        "[...document.querySelectorAll('#layer-strip, #answer-chips, #answer-table, #pinned-body')]"
        ".every((box) => getComputedStyle(box).overflowY === 'visible' || !box.clientHeight)"
    )
    printing(page, on=False)
    two_frames(page)
    assert places(page) == screen
    after = page.locator(".image-frame").evaluate("(frame) => ({...frame.dataset})")
    for side in ("scale", "x", "y"):
        assert float(after[side]) == pytest.approx(float(view[side]), abs=0.5)


def test_paper_shows_what_was_made_and_no_tools(open_report: Open) -> None:
    page = open_report(make_record())
    page.wait_for_selector("#answer-table tbody tr")
    page.keyboard.press("?")
    printing(page)
    page.emulate_media(media="print")
    for name in (".actions", ".toolbar", ".tour", "dialog", ".player-slider", "#tooltip"):
        assert not page.locator(name).first.is_visible(), name
    for name in ("#header h1", ".chip", ".image-frame", "#legend", "#layer-strip", ".grid-canvas"):
        assert page.locator(name).first.is_visible(), name
    assert page.locator("#answer-table tbody tr").last.is_visible()
    exact = "(e) => getComputedStyle(e).printColorAdjust"
    for name in (".legend-bar", ".chip", ".grid-canvas"):
        assert page.locator(name).first.evaluate(exact) == "exact", name


def test_the_grid_on_paper_begins_with_a_whole_cell_and_shows_the_layer(open_report: Open) -> None:
    page = open_report(make_record(layers=40, grid=(8, 8)), hash="#layer=37")
    scroller = page.locator(".grid-scroller")
    scroller.evaluate("(e) => { e.scrollTop = 301; }")
    two_frames(page)
    at = "(e) => [e.scrollLeft, e.scrollTop]"
    before = scroller.evaluate(at)
    printing(page)
    left, top = scroller.evaluate(at)
    wide = page.locator(".grid-view").evaluate(
        "(e) => parseFloat(e.style.getPropertyValue('--column'))"
    )
    assert (left % wide, top % 24) == (0, 0)
    assert 0 <= 37 * wide - left <= 596 - wide
    printing(page, on=False)
    assert scroller.evaluate(at) == before


@pytest.mark.parametrize("landscape", [False, True])
def test_an_answer_a_picture_and_two_charts_fill_few_sheets(
    open_report: Open, landscape: bool
) -> None:
    page = open_report(make_record(layers=33, grid=(24, 24)), hash="#pins=2.5,3.8")
    page.wait_for_selector("#answer-table tbody tr")
    printed = page.pdf(format="A4", landscape=landscape)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == (3 if landscape else 2)


def test_nothing_is_erased_on_paper(open_report: Open) -> None:
    """Chrome prints the strokes of a canvas one by one: what erases would be white paint."""
    page = open_report(make_record(), hash="#pins=2.5")
    erased: Any = page.evaluate(
        """() => {
            const erased = [];
            const clear = CanvasRenderingContext2D.prototype.clearRect;
            CanvasRenderingContext2D.prototype.clearRect = function (...box) {
                erased.push(this.canvas.className);
                clear.apply(this, box);
            };
            dispatchEvent(new Event("beforeprint"));
            return erased;
        }"""
    )
    assert not [name for name in erased if name.startswith("image-")]


SVG = "{http://www.w3.org/2000/svg}"


def figure(page: Page, item: str) -> bytes:
    page.locator("#figure-menu .menu-button").click()
    with page.expect_download() as waiting:
        page.locator("#figure-menu .menu-item").filter(
            has=page.locator(f"span:text-is('{item}')")
        ).click()
    return Path(waiting.value.path()).read_bytes()


def written(root: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def test_a_figure_is_cropped_to_what_the_model_saw(open_report: Open) -> None:
    record = make_record(meta={"crop": [40, 0, 120, 120]}, picture_size=(160, 120))
    page = open_report(record, hash="#layer=2")
    for item, width in (("SVG, page", 661), ("SVG, column", 321)):
        root = ElementTree.fromstring(figure(page, item))
        assert abs(float(root.get("width", "").removesuffix("mm")) - width / 96 * 25.4) < 0.01
        drawn = min(width, 831 * 80 / 120)  # 80 × 120 pixels, at most 220 mm high
        image = next(root.iter(f"{SVG}image"))
        sides = [float(image.get(k, "0")) for k in ("x", "y", "width", "height")]
        assert np.allclose(sides, [-drawn / 2, 0, 2 * drawn, 1.5 * drawn])
        frame = next(root.iter(f"{SVG}clipPath"))[0]
        assert np.allclose(
            [float(frame.get(k, "0")) for k in ("width", "height")], [drawn, 1.5 * drawn]
        )
    assert "cropped to what the model saw" in " ".join(written(root))


@pytest.mark.parametrize("item", ["SVG, page", "SVG, column"])
def test_words_on_a_figure_are_whole_and_can_be_read(open_report: Open, item: str) -> None:
    record = make_record(
        grid=(24, 24), texts=["▁leaves", "▁streetlights"], vocabulary=2, k=2, tracked=0
    )
    page = open_report(record, hash="#layer=2")
    root = ElementTree.fromstring(figure(page, item))
    words = [group for group in root.iter(f"{SVG}g") if group.get("class") == "word"]
    assert 0 < len(words) <= 20
    for word in words:
        assert word[1].text in ("leaves", "streetlights")
        assert float(word[1].get("font-size", "0")) >= 8 * 96 / 72, "8 points"
    for text in root.iter(f"{SVG}text"):
        assert float(text.get("font-size", "9.5")) >= 7 * 96 / 72


def sides(element: ElementTree.Element) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a rectangle."""
    x, y, width, height = (float(element.get(k, "0")) for k in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


@pytest.mark.parametrize("item", ["SVG, page", "SVG, column"])
def test_a_figure_says_the_words_of_the_page_and_no_number_covers_one(
    open_report: Open, item: str
) -> None:
    record = make_record(grid=(24, 24), vocabulary=30, tracked=0, seed=4)
    record.top_probs[:] = np.minimum(record.top_probs * 4, 0.9)
    first = int(np.flatnonzero(record.position_kind == 1)[0])
    pins = ",".join(f"2.{first + n}" for n in range(0, 576, 25))
    page = open_report(record, hash=f"#layer=2&pins={pins}")
    root = ElementTree.fromstring(figure(page, item))
    groups = {
        name: [g for g in root.iter(f"{SVG}g") if g.get("class") == name]
        for name in ("word", "pin", "contour")
    }
    assert [word[1].text for word in groups["word"]] == written_on(page)
    assert len(groups["contour"]) >= len(groups["word"]) > 3
    words = [sides(word[0]) for word in groups["word"]]
    badges = [sides(pin[2]) for pin in groups["pin"]]
    assert len(badges) == 24
    for n, (left, top, right, bottom) in enumerate(badges):
        for other in [*words, *badges[:n]]:
            assert left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= bottom
    look = page.locator("[name=words]")
    look.click()
    root = ElementTree.fromstring(figure(page, item))
    assert not [g for g in root.iter(f"{SVG}g") if g.get("class") == "word"], "as it is seen"


def test_a_figure_of_a_zoomed_picture_is_the_part_in_sight(open_report: Open) -> None:
    record = make_record(grid=(12, 12), meta={"crop": [0, 0, 160, 160]}, picture_size=(160, 160))
    page = open_report(record, hash="#layer=2")
    page.locator("[name=in]").click(click_count=4)
    two_frames(page)
    frame = page.locator(".image-frame").evaluate(
        "(e) => [e.clientWidth, e.clientHeight, ...['x', 'y', 'scale'].map((k) => +e.dataset[k])]"
    )
    wide, tall, x, y, scale = frame
    seen = [
        max(0, -x / scale),
        max(0, -y / scale),
        min(160, (wide - x) / scale),
        min(160, (tall - y) / scale),
    ]
    root = ElementTree.fromstring(figure(page, "SVG, page"))
    image = next(root.iter(f"{SVG}image"))
    drawn = float(image.get("width", "0")) / 160
    assert np.allclose([-float(image.get(k, "0")) / drawn for k in ("x", "y")], seen[:2], atol=0.5)
    frame = next(root.iter(f"{SVG}clipPath"))[0]
    assert float(frame.get("width", "0")) / drawn == pytest.approx(seen[2] - seen[0], abs=0.5)
    assert "a part of the picture" in " ".join(written(root))


def test_pins_are_numbered_on_the_figure_and_in_its_charts(open_report: Open) -> None:
    record = make_record()
    page = open_report(record, hash="#pins=2.5,3.8,1.0&tokens=1,2")
    root = ElementTree.fromstring(figure(page, "SVG, page"))
    pins = [group for group in root.iter(f"{SVG}g") if group.get("class") == "pin"]
    assert [pin[3].text for pin in pins] == ["1", "2"]  # the third is no patch
    assert "Pinned 1: patch 2, 2: patch 5." in written(root)
    charts = figure(page, "Trajectories, SVG")
    assert b"currentColor" not in charts and b"var(--" not in charts
    root = ElementTree.fromstring(charts)
    texts = written(root)
    titles = [text.split("row")[0] for text in texts if re.match(r"\d: patch", text)]
    assert titles == ["1: patch 2", "2: patch 5"]
    assert len([g for g in root.iter(f"{SVG}g") if g.get("class") == "card"]) == 3
    assert texts.count("sum") == 3
    for part in ("tests/tiny-llava", "0123abc", "scene.png", "self-check passed", "Probability of"):
        assert any(part in text for text in texts), part


def test_hostile_texts_stay_text_in_the_charts(open_report: Open) -> None:
    record = hostile_record()
    pins = ",".join(f"2.{t}" for t in range(len(record.input_ids)))
    page = open_report(record, hash=f"#pins={pins}&tokens=0,1,2")
    root = ElementTree.fromstring(figure(page, "Trajectories, SVG"))
    known = {"svg", "g", "rect", "text", "tspan", "path", "line", "circle", "title"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= known
