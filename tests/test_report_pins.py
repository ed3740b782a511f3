"""Pinned positions in a real browser: several in one chart, and one token over all positions."""

import re
from dataclasses import replace

import numpy as np
import pytest
from browsing import Open, every_browser, may_stall, shown, two_frames
from playwright.sync_api import Page
from records import make_record
from test_report_panels import answered_record, expected_reading

from logit_lens.record import IMAGE

pytestmark = may_stall


def table(page: Page) -> dict[int, list[str]]:
    """Token id → its value at each pin, as the chart's table says."""
    rows = {}
    for row in page.locator(".pin-table tbody tr").all():
        title = row.locator(".chart-label").get_attribute("title") or ""
        token = int(re.findall(r"\(id (\d+)\)", title)[0])
        rows[token] = row.locator("td").all_text_contents()
    return rows


@every_browser
@pytest.mark.parametrize("scale", ["prob", "log", "rank"])
def test_several_pins_share_one_chart_that_reads_the_record(open_report: Open, scale: str) -> None:
    record = answered_record()
    page = open_report(record, hash=f"#pins=2.5,5.9&scale={scale}&layer=0")
    assert page.locator(".plot").count() == 1
    page.locator(".plot").focus()
    page.keyboard.press("Home")
    for layer in range(len(record.layers)):
        if layer:
            page.keyboard.press("ArrowRight")
        two_frames(page)
        rows = table(page)
        assert len(rows) >= 4
        for token, values in rows.items():
            assert values == [expected_reading(record, layer, t, token, scale) for t in (5, 9)]
        name = f"layer {layer}" if layer else "layer 0 (embeddings)"
        assert page.locator(".pin-layer").text_content() == name
    # what was pinned is among the tokens
    assert {int(record.top_ids[2, 5, 0]), int(record.top_ids[5, 9, 0])} <= set(rows)


@every_browser
def test_two_steps_compare_two_patches(open_report: Open) -> None:
    """A click on each; one chart then says both."""
    record = make_record(layers=6, tracked=0, answer=0)
    page = open_report(record, hash="#layer=4")
    frame = page.locator(".image-frame").bounding_box()
    assert frame
    first = int(np.flatnonzero(record.position_kind == IMAGE)[0])
    patches = (first + 1, first + 10)
    for t in patches:
        left, top, right, bottom = record.patch_boxes[t].tolist()
        where = page.locator(".image-frame").evaluate(
            "(e) => ['scale', 'x', 'y'].map((name) => Number(e.dataset[name]))"
        )
        page.mouse.click(
            frame["x"] + (left + right) / 2 * where[0] + where[1],
            frame["y"] + (top + bottom) / 2 * where[0] + where[2],
        )
        two_frames(page)
    page.mouse.move(5, 5)
    two_frames(page)
    for token, values in table(page).items():
        assert values == [expected_reading(record, 4, t, token, "prob") for t in patches]
    listed = page.locator(".pin-list li").all()
    numbers = [line.locator(".pin-badge").text_content() for line in listed]
    names = [line.locator("strong").text_content() for line in listed]
    assert (numbers, names) == (["1", "2"], ["patch 1", "patch 10"])


@every_browser
def test_a_pin_has_one_number_and_a_token_one_colour_everywhere(open_report: Open) -> None:
    record = answered_record()
    page = open_report(record, hash="#pins=2.5,5.9,1.7")
    colours: dict[str, set[str]] = {}
    for charts in ("one", "each"):
        page.locator("#pinned-toolbar select").select_option(charts)
        two_frames(page)
        for label in page.locator(".chart-label").all():
            swatch = label.locator("i").evaluate("(e) => e.style.background")
            colours.setdefault(label.get_attribute("data-index") or "", set()).add(swatch)
        if charts == "one":
            drawn = page.locator(".chart-number text").all_text_contents()
            assert set(drawn) <= {"1", "2", "3"} and len(set(drawn)) >= 2
            listed = page.locator(".pin-list li")
            positions = [line.get_attribute("data-position") for line in listed.all()]
            assert positions == ["5", "9", "7"]
        else:
            cards = {
                card.get_attribute("data-position"): card.locator(".pin-badge").text_content()
                for card in page.locator(".card").all()
            }
            assert cards == {"5": "1", "9": "2", "7": "3"}
    assert all(len(swatches) == 1 for swatches in colours.values())


def test_a_pinned_patch_has_its_number_on_the_picture(open_report: Open) -> None:
    record = make_record(layers=4, answer=0)
    first = int(np.flatnonzero(record.position_kind == IMAGE)[0])
    ink = """(boxes) => {
        const find = (name) => document.querySelector(name);
        const [canvas, frame] = [find(".image-marks"), find(".image-frame")];
        const [scale, x, y] = ["scale", "x", "y"].map((name) => Number(frame.dataset[name]));
        const density = canvas.width / frame.clientWidth;
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return boxes.map(([left, top]) => {
            const across = Math.round((left * scale + x - 7) * density);
            const at = 4 * (Math.round((top * scale + y) * density) * canvas.width + across);
            return [...data.slice(at, at + 4)];
        });
    }"""
    page = open_report(record, hash=f"#pins=2.{first + 5}")
    pin = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--pin')")
    assert "#b3430a" in pin
    boxes = record.patch_boxes[[first + 5, first + 15]].tolist()
    pinned, other = page.evaluate(ink, boxes)
    assert pinned == [0xB3, 0x43, 0x0A, 255] and other[3] == 0


def test_each_position_says_from_where_to_where_it_reads_its_word(open_report: Open) -> None:
    record = make_record(layers=8, tracked=0, answer=0)
    t = int(np.flatnonzero(record.position_kind == IMAGE)[2])
    token = int(record.top_ids[3, t, 0])
    page = open_report(record, hash=f"#pins=3.{t},3.{t + 1}&tokens={token}")
    ranks = [np.flatnonzero(row == token) for row in record.top_ids[:, t]]
    read = [layer for layer, rank in enumerate(ranks) if len(rank)]
    p = {layer: record.top_probs[layer, t, ranks[layer][0]] for layer in read}
    most = max(read, key=lambda layer: p[layer])
    story = page.locator(".pin-story").first.text_content() or ""
    assert story.startswith(f"{record.token(token)} top 5 at {read[0]}")
    assert story.endswith(f"most at {most} ({shown(p[most])})")


@pytest.mark.parametrize("size", [(1280, 800), (1440, 900)])
@pytest.mark.parametrize(
    ("charts", "pins"),
    [("one", "2.5,5.9"), ("one", "2.5,5.9,1.7,4.10"), ("each", "2.5,5.9"), ("position", "2.5,5.9")],
)
def test_nothing_of_the_pins_is_cut_beside_the_answer(
    open_report: Open, size: tuple[int, int], charts: str, pins: str
) -> None:
    record = answered_record()
    ids = record.top_ids.copy()
    ids[2:] = ids[-1]  # words that stay, as a model's do
    record = replace(record, top_ids=ids)
    page = open_report(record, hash=f"#pins={pins}&charts={charts}", size=size)
    page.wait_for_selector("#answer-table tbody tr")
    two_frames(page)
    cut = page.evaluate(
        """() => [...document.querySelectorAll("#pinned-toolbar *, #pinned-body *")].filter((e) => (
            e.childElementCount === 0 && e.textContent && e.closest("select, svg") === null
            && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible"
        )).map((e) => e.textContent)"""
    )
    assert cut == []
    # no line, column or row begins in sight and ends out of it
    halves = page.evaluate(
        """() => ["#pinned-body", ".table-rows"].flatMap((name) => {
            const pane = document.querySelector(name).getBoundingClientRect();
            const inside = (e) => e.getBoundingClientRect();
            return [...document.querySelectorAll(`${name} :is(tr, td, li)`)].filter((e) => (
                inside(e).right > pane.right + 1
                || (inside(e).top < pane.bottom - 5 && inside(e).bottom > pane.bottom + 1)
            )).map((e) => e.textContent);
        })"""
    )
    assert halves == []
    pane = page.locator("#pinned-pane").bounding_box()
    answer = page.locator("#answer-table").bounding_box()
    plot = page.locator(".plot").first.bounding_box()
    clear = page.locator(".pinned-clear").bounding_box()
    assert pane and answer and plot and clear
    assert clear["x"] + clear["width"] <= answer["x"]
    assert plot["y"] + plot["height"] <= pane["y"] + pane["height"]
    axis = page.locator(".plot").first.locator("text").all_text_contents()
    assert "probability" in axis and ("position" if charts == "position" else "layer") in axis


@every_browser
def test_one_token_over_all_positions_is_the_record(open_report: Open) -> None:
    record = answered_record()
    page = open_report(record, hash="#pins=2.5&tokens=3&charts=position&scale=rank&layer=4")
    slot = list(record.tracked_ids).index(3)
    plot = page.locator(".plot")
    plot.focus()
    page.keyboard.press("Home")
    for t in range(len(record.input_ids)):
        if t:
            page.keyboard.press("ArrowRight")
        two_frames(page)
        rank = record.tracked_ranks[4, t, slot]
        said = (plot.get_attribute("aria-valuetext") or "").rsplit(": ", 1)[1]
        assert said == f"#{rank + 1:,}"
    heights = page.locator(".position-bar").evaluate_all(
        "(bars) => bars.map((bar) => Number(bar.getAttribute('height')))"
    )
    order = np.argsort(record.tracked_ranks[4, :, slot])
    assert np.all(np.diff(np.array(heights)[order]) <= 0.1)  # better ranks are higher
    assert page.locator(".pin-number text").text_content() == "1"
    title = page.locator(".positions h3").text_content() or ""
    assert title.startswith("Rank of") and title.endswith("at layer 4")
