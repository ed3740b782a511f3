"""One word of the answer, three maps: what the page shows is what the record holds."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from browsing import Open, saved, two_frames
from PIL import Image
from playwright.sync_api import Page
from records import make_record, with_words

from logit_lens.page.word_blocks import patch_drops
from logit_lens.record import IMAGE, LensRecord

KINDS = ("reads", "depends", "writes")


def record_of(**options: Any) -> LensRecord:
    return with_words(make_record(**{"layers": 6, "grid": (6, 6), "tracked": 3, **options}))


def column(page: Page, kind: str) -> Any:
    return page.locator(f'.maps-column[data-kind="{kind}"]')


def expected(record: LensRecord, word: int, layer: int) -> dict[str, np.ndarray]:
    """The three maps from the arrays, computed here."""
    places = np.flatnonzero(record.position_kind == IMAGE)
    slot = list(record.tracked_ids).index(record.extra["word_ids"][word])
    windows, drop = record.extra["ablate_windows"], record.extra["ablate_drop"][word]
    depends = [drop[windows[:, p]].mean() for p in range(len(places))]
    return {
        "reads": record.tracked_probs[layer, places, slot],
        "depends": np.array(depends),
        "writes": record.extra["attribution_patch"][word].sum(0),
    }


def test_a_word_of_the_answer_opens_three_maps_with_their_numbers(open_report: Open) -> None:
    record = record_of()
    page = open_report(record, hash="#layer=2")
    assert page.locator("#maps-pane").is_hidden()
    page.locator("#answer-chips .chip").nth(1).click()
    page.wait_for_selector("#maps-pane:not([hidden])")
    page.evaluate("location.hash")  # the click also turned the layer
    page.wait_for_timeout(300)
    layer = int(page.locator("#layer-player input").input_value())
    values = expected(record, 1, layer)
    units = {"reads": "", "depends": "nats", "writes": "logits"}
    for kind in KINDS:
        canvas = column(page, kind).locator("canvas")
        box = canvas.bounding_box()
        assert box is not None
        for patch in (0, 7, 35):
            row, col = divmod(patch, 6)
            x = box["x"] + (col + 0.5) * box["width"] / 6
            page.mouse.move(x, box["y"] + (row + 0.5) * box["height"] / 6)
            two_frames(page)
            for other in KINDS:  # one patch is pointed at in all three
                text = column(page, other).locator(".maps-value").inner_text()
                shown = float(re.findall(r"[-+]?[\d.]+(?:e[-+]?\d+)?", text.split("·")[1])[0])
                assert shown == pytest.approx(values[other][patch], rel=6e-3), (other, patch, text)
                assert units[other] in text
    page.mouse.move(2, 2)
    two_frames(page)
    assert "most" in column(page, "depends").locator(".maps-value").inner_text()


def test_a_patchs_drop_is_the_mean_over_the_windows_that_cover_it() -> None:
    windows = np.array([[1, 1, 0, 0], [0, 1, 1, 0]], bool)
    drop = np.array([[1.0, 3.0], [-2.0, 4.0]], np.float32)
    found = patch_drops(drop, windows)
    np.testing.assert_array_equal(found[:, :3], [[1, 2, 3], [-2, 1, 4]])
    assert np.isnan(found[:, 3]).all()


def test_the_colour_is_strongest_where_the_value_is_and_nothing_at_zero(open_report: Open) -> None:
    record = record_of()
    drop = np.zeros_like(record.extra["ablate_drop"])
    drop[0, 2], drop[0, 5] = 4.0, -4.0  # patches 8..11 and 20..23
    planted = replace(
        record, extra={**record.extra, "ablate_drop": drop}, image=np.zeros(0, np.uint8)
    )
    page = open_report(planted, hash="#word=0&theme=light")
    page.wait_for_selector("#maps-pane:not([hidden])")
    two_frames(page)
    picture = Image.open(io.BytesIO(column(page, "depends").locator("canvas").screenshot()))
    width, height = picture.size

    def at(patch: int) -> tuple[int, ...]:
        row, col = divmod(patch, 6)
        place = (int((col + 0.5) * width / 6), int((row + 0.5) * height / 6))
        return tuple(picture.convert("RGB").getpixel(place))  # type: ignore[arg-type]

    assert at(9)[0] > at(9)[2] + 80  # lost: red
    assert at(21)[2] > at(21)[0] + 80  # gained: blue
    assert min(at(0)) > 240  # zero: the page's own surface


def test_a_link_brings_the_word_back_and_esc_lets_go_of_it(open_report: Open) -> None:
    page = open_report(record_of(), hash="#layer=3&word=2")
    page.wait_for_selector("#maps-pane:not([hidden])")
    assert page.locator("#pinned-pane").is_hidden()
    page.keyboard.press("w")  # and round again to the first word
    page.wait_for_url(re.compile(r"#.*word=0"))
    page.keyboard.press("Escape")
    page.wait_for_selector("#pinned-pane", state="visible")
    assert page.locator("#maps-pane").is_hidden()
    page.go_back()
    page.wait_for_selector("#maps-pane:not([hidden])")


@pytest.mark.parametrize("size", [(1280, 800), (1440, 900), (1920, 1080)])
def test_nothing_of_the_maps_is_cut(open_report: Open, size: tuple[int, int]) -> None:
    page = open_report(record_of(layers=33, grid=(24, 24)), hash="#word=1", size=size)
    page.wait_for_selector("#maps-pane:not([hidden])")
    two_frames(page)
    two_frames(page)
    cut = page.evaluate(
        """() => {
          const body = document.querySelector(".maps-body");
          const edge = body.getBoundingClientRect();
          const over = [...body.querySelectorAll("canvas, svg, p, h4")].filter((element) => {
            const box = element.getBoundingClientRect();
            return box.bottom > edge.bottom + 1 || box.right > edge.right + 1;
          });
          return [body.scrollHeight - body.clientHeight, over.map((e) => e.outerHTML)];
        }"""
    )
    assert cut == [0, []]
    heights = [column(page, kind).locator("canvas").bounding_box() for kind in KINDS]
    assert all(box is not None and box["height"] >= 90 for box in heights), heights


def test_what_was_not_recorded_names_the_flag_that_makes_it(open_report: Open) -> None:
    record = record_of()
    kept = {k: v for k, v in record.extra.items() if k.startswith(("word", "support", "answer"))}
    meta = record.meta | {"attribution": {"refused": "this family carries several streams"}}
    page = open_report(replace(record, extra=kept, meta=meta), hash="#word=0")
    page.wait_for_selector("#maps-pane:not([hidden])")
    assert column(page, "reads").locator("canvas").is_visible()
    assert "--ablate" in column(page, "depends").locator(".maps-missing").inner_text()
    assert "several streams" in column(page, "writes").locator(".maps-missing").inner_text()
    title = column(page, "depends").locator(".maps-chart-title")
    assert "--knockout" in title.evaluate("e => getComputedStyle(e, '::after').content")
    assert not column(page, "depends").locator("canvas").is_visible()


def test_a_word_is_underlined_by_whether_a_patch_reads_it(open_report: Open) -> None:
    page = open_report(record_of(), hash="#word=2")
    chips = page.locator("#answer-chips .chip")
    assert [chips.nth(n).get_attribute("data-read") for n in range(3)] == ["yes", "no", "no"]
    said = page.locator(".maps-support").inner_text()
    assert said.startswith("No patch reads this word (max p")
    assert "No patch reads this word" in (chips.nth(2).get_attribute("aria-label") or "")
    assert "hallucin" not in page.content().lower()


def test_a_record_without_words_has_no_maps(open_report: Open) -> None:
    page = open_report(make_record(), hash="#word=1")
    page.keyboard.press("w")
    page.locator("#answer-chips .chip").first.click()
    two_frames(page)
    assert page.locator("#maps-pane").is_hidden()


def test_the_maps_of_a_word_are_exported_as_figure_csv_and_json(
    open_report: Open, tmp_path: Path
) -> None:
    record = record_of()
    page = open_report(record, hash="#layer=3&word=1")
    page.wait_for_selector("#maps-pane:not([hidden])")
    two_frames(page)
    svg = ElementTree.parse(saved(page, "figure-menu", "Three maps of the word, SVG", tmp_path))
    texts = ["".join(node.itertext()) for node in svg.iter("{http://www.w3.org/2000/svg}text")]
    for title in ("a  reads as", "b  depends on", "c  writes directly"):
        assert title in texts
    assert any("log p lost when 3 × 3 patches become" in text for text in texts)
    rects = list(svg.iter("{http://www.w3.org/2000/svg}rect"))
    assert len(rects) > 3 * 20  # vector patches
    png = Image.open(saved(page, "figure-menu", "Three maps of the word, PNG", tmp_path))
    assert png.width >= 1000 and png.height > 400
    text = saved(page, "data-menu", "Maps of the word, CSV", tmp_path).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    values = expected(record, 1, 3)
    assert len(rows) == 36
    for row, reads, depends, writes in zip(rows, *(values[k] for k in KINDS), strict=True):
        assert float(row["p_lens"]) == pytest.approx(reads, rel=6e-3)
        assert float(row["log_p_lost_nats"]) == pytest.approx(depends, rel=6e-3)
        assert float(row["logits_written"]) == pytest.approx(writes, rel=6e-3)
    whole = json.loads(saved(page, "data-menu", "Whole record, JSON", tmp_path).read_text())
    assert len(whole["words"]) == 3
    np.testing.assert_allclose(whole["words"][1]["log_p_lost"], values["depends"], rtol=6e-3)


def test_without_a_word_its_exports_say_what_to_do(open_report: Open) -> None:
    page = open_report(record_of())
    page.locator("#figure-menu .menu-button").click()
    item = page.locator(".menu-item", has_text="Three maps of the word, PNG")
    assert item.is_disabled() and "choose a word" in item.inner_text()


def test_the_bars_by_layer_are_the_records(open_report: Open) -> None:
    record = record_of()
    page = open_report(record, hash="#word=0")
    page.wait_for_selector("#maps-pane:not([hidden])")
    two_frames(page)
    titles = column(page, "depends").locator("svg title").all_text_contents()
    drop = record.extra["knockout_drop"][0]
    assert len(titles) == 6
    for n, title in enumerate(titles):
        shown = float(re.findall(r": ([-\d.e]+) nats", title)[0])
        assert shown == pytest.approx(drop[n // 3, n % 3], rel=6e-3), title
    titles = column(page, "writes").locator("svg title").all_text_contents()
    parts = record.extra["attribution"][0]
    order = [0, *(i for layer in range(5) for i in (2 * layer + 1, 2 * layer + 2))]
    for title, part in zip(titles[:-1], parts[order], strict=True):
        assert float(re.findall(r": ([-\d.e]+) logits", title)[0]) == pytest.approx(part, rel=6e-3)
