"""The second view of an index, in a real browser: charts, words, and patches that can be opened."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Open, may_stall, serious_barriers, shown, two_frames
from playwright.sync_api import Page
from records import HOSTILE_TEXTS, hostile_record
from test_folder_statistics import TEXTS, a_folder, brute_by_layer, brute_words, some_record

from logit_lens.page import index
from logit_lens.page.report import write_report
from logit_lens.record import LensRecord

pytestmark = may_stall
STATISTICS = "#view=statistics"


def words(page: Page) -> list[str]:
    return page.locator(".word-name").all_text_contents()


def patch_of(record: LensRecord, cell: str) -> tuple[int, int]:
    row, position = map(int, cell.split("."))
    return row, position


def test_a_tile_opens_its_report_at_its_patch(open_index: Open, tmp_path: Path) -> None:
    records = a_folder(tmp_path, range(5))
    page = open_index(tmp_path, STATISTICS)
    found = brute_words(records)
    word = max(found, key=lambda one: len(found[one]["images"]))
    page.locator("#word-search").fill(word)
    tiles = page.locator(".tile")
    assert tiles.count() == len(found[word]["images"]) > 2
    surest = [float(text) for text in page.locator(".tile .prob").all_text_contents()]
    assert surest == sorted(surest, reverse=True)
    assert surest[0] == float(shown(found[word]["surest"][0]))
    for n in range(3):
        said = tiles.nth(n).locator(".prob").inner_text()
        layer = tiles.nth(n).locator(".layer").inner_text()
        tiles.nth(n).click()
        page.wait_for_selector('html[data-state="ready"]')
        name = Path(page.url.split("#")[0]).name
        record = records[name]
        cell = re.search(r"cell=([\d.]+)", page.url)
        assert cell and f"pins={cell[1]}" in page.url
        row, position = patch_of(record, cell[1])
        token = record.token(record.top_ids[row, position, 0])
        assert token.strip("▁Ġ").lower() == word
        assert shown(record.top_probs[row, position, 0]) == said
        assert layer == f"layer {record.layers[row]}"
        patch = int((record.position_kind[:position] == 1).sum())
        page.locator("#pinned-body", has_text=f"patch {patch}").wait_for()
        pinned = page.locator("#pinned-body").inner_text()
        assert re.search(rf"patch {patch}\b[^×]*\bat {record.layers[row]}\b", pinned), pinned
        page.go_back()
        page.wait_for_function("() => performance.getEntriesByName('index-ready').length")
        assert page.locator("#sheet-word").inner_text() == word  # as it was left


def test_the_patch_of_a_tile_is_outlined_where_it_lies(open_index: Open, tmp_path: Path) -> None:
    record = some_record(0)
    write_report(record, tmp_path / "a.html")
    page = open_index(tmp_path, STATISTICS)
    for n in range(page.locator(".word-name").count()):
        page.locator(".word-name").nth(n).click()
        tile = page.locator(".tile").first
        picture, outline = (tile.locator(part).bounding_box() for part in ("img", ".outline"))
        assert picture and outline
        href = tile.get_attribute("href") or ""
        position = int(re.search(r"cell=\d+\.(\d+)", href)[1])  # type: ignore[index]
        left, top, right, bottom = record.patch_boxes[position]
        # a crop is a square of three patches, moved into the picture (160 × 120)
        side = 3 * max(right - left, bottom - top)
        x = min(max((left + right - side) / 2, 0), 160 - side)
        y = min(max((top + bottom - side) / 2, 0), 120 - side)
        expected = np.array([left - x, top - y, right - left, bottom - top]) / side
        found = np.array(
            [
                (outline["x"] - picture["x"]) / picture["width"],
                (outline["y"] - picture["y"]) / picture["height"],
                outline["width"] / picture["width"],
                outline["height"] / picture["height"],
            ]
        )
        np.testing.assert_allclose(found, expected, atol=0.02)


def test_without_a_crop_the_patch_is_outlined_on_the_whole_picture(
    open_index: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logit_lens.page.folder_view.CROPS", 0)
    record = some_record(0)
    write_report(record, tmp_path / "a.html")
    page = open_index(tmp_path, STATISTICS)
    tile = page.locator(".tile").first
    picture, outline = (tile.locator(part).bounding_box() for part in ("img", ".outline"))
    assert picture and outline
    assert picture["width"] / picture["height"] == pytest.approx(160 / 120, rel=0.03)
    position = int(re.search(r"cell=\d+\.(\d+)", tile.get_attribute("href") or "")[1])  # type: ignore[index]
    left, top, right, bottom = record.patch_boxes[position]
    middle = outline["x"] + outline["width"] / 2 - picture["x"]
    assert middle / picture["width"] == pytest.approx((left + right) / 2 / 160, abs=0.03)
    height = outline["y"] + outline["height"] / 2 - picture["y"]
    assert height / picture["height"] == pytest.approx((top + bottom) / 2 / 120, abs=0.03)


def test_words_are_found_as_they_are_typed_and_kept_in_the_address(
    open_index: Open, tmp_path: Path
) -> None:
    a_folder(tmp_path, range(5))
    page = open_index(tmp_path, STATISTICS)
    every = words(page)
    assert len(every) > 20 and page.locator("#sheet-word").inner_text() == every[0]
    page.keyboard.press("/")
    page.keyboard.type("Ca")
    assert words(page) and all("ca" in word for word in words(page))
    begin = [word.startswith("ca") for word in words(page)]
    assert begin == sorted(begin, reverse=True)
    first = words(page)[0]
    assert page.locator("#sheet-word").inner_text() == first
    page.locator(".word-name").nth(1).click()
    chosen = page.locator("#sheet-word").inner_text()
    assert chosen == words(page)[1] and f"word={chosen}" in page.url
    page.reload()
    page.wait_for_function("() => performance.getEntriesByName('index-ready').length")
    assert page.locator("#sheet-word").inner_text() == chosen
    page.locator("#word-search").fill("xyz")
    assert words(page) == [] and page.locator(".tile").count() == 0
    assert page.locator("#sheet-about").inner_text() == "No patch of these images reads as it."


def test_words_are_sorted_by_every_column(open_index: Open, tmp_path: Path) -> None:
    records = a_folder(tmp_path, range(5))
    found = brute_words(records)
    page = open_index(tmp_path, STATISTICS)
    keys: dict[str, Any] = {
        "word": lambda word: word,
        "images": lambda word: -len(found[word]["images"]),
        "layer": lambda word: float(f"{np.mean(found[word]['layers']):.2e}"),
        "surest": lambda word: -float(f"{found[word]['surest'][0]:.2e}"),
        "patches": lambda word: -found[word]["patches"],
    }
    for name, key in keys.items():
        page.locator(".word-list th").get_by_role("button", name=name, exact=True).click()
        values = [key(word) for word in words(page)]
        assert values == sorted(values) and len(values) == len(found)
        assert page.locator(".word-list th[aria-sort]").inner_text() == name


def test_charts_show_the_median_image_of_every_layer(open_index: Open, tmp_path: Path) -> None:
    record = some_record(0)
    write_report(record, tmp_path / "a.html")
    page = open_index(tmp_path, STATISTICS)
    assert page.locator(".chart-line").count() == 4
    values = brute_by_layer(record)
    for name, numbers in values.items():
        chart = page.locator(f'.chart[data-quantity="{name}"]')
        box = chart.locator("svg").bounding_box()
        assert box
        for row, value in enumerate(numbers):
            # from the left edge of the plot to its right one, in equal steps
            along = 38 + row / (len(numbers) - 1) * (box["width"] - 48)
            page.mouse.move(box["x"] + along, box["y"] + 40)
            said = chart.locator(".chart-said").inner_text()
            text = f"{shown(100 * value)} %" if name in ("whole", "decided") else shown(value)
            assert said == f"layer {record.layers[row]}: {text} ({text} to {text})"
    label = page.locator('.chart[data-quantity="kl"] svg').get_attribute("aria-label") or ""
    assert f"layer {record.layers[-1]}: 0 (0 to 0)" in label


def test_what_was_not_recorded_is_said(open_index: Open, tmp_path: Path) -> None:
    write_report(some_record(3), tmp_path / "a.html")  # without entropy and KL
    page = open_index(tmp_path, STATISTICS)
    assert page.locator(".unknown:visible").all_text_contents() == ["Not recorded."] * 2
    assert page.locator(".chart-line").count() == 2


def test_models_are_chosen_and_bad_reports_named(open_index: Open, tmp_path: Path) -> None:
    for seed, model in enumerate(["a/one", "a/one", "b/two"]):
        write_report(some_record(seed, meta={"model": model}), tmp_path / f"{seed}.html")
    text = (tmp_path / "0.html").read_text(encoding="utf-8")
    bad = re.sub(r'id="statistics">.*?</script>', "></script>", text)
    bad = re.sub(r'data-name="top" .*?</script>', "></script>", bad)
    (tmp_path / "bad.html").write_text(bad, encoding="utf-8")
    page = open_index(tmp_path, STATISTICS)
    assert page.locator(".about").inner_text().startswith("2 images, ")
    page.locator("#model-choice").select_option("b/two")
    assert page.locator(".about").inner_text().startswith("1 image, 12 patches.")
    assert set(page.locator(".tile .name").all_text_contents()) == {"scene.png"}
    page.locator("#uncounted summary").click()
    assert page.locator("#uncounted li").inner_text() == "bad.html: its data is damaged"


def test_the_views_are_changed_by_tabs_and_by_the_address(open_index: Open, tmp_path: Path) -> None:
    a_folder(tmp_path, range(2))
    page = open_index(tmp_path)
    assert page.locator("#reports").is_visible() and not page.locator(".charts").is_visible()
    page.get_by_role("tab", name="Statistics").click()
    page.locator(".chart-line").first.wait_for()
    assert not page.locator("#reports").is_visible() and "view=statistics" in page.url
    page.get_by_role("tab", name="Reports").click()
    assert page.locator("#reports").is_visible()
    assert page.locator("td.name a").count() == 2
    page.evaluate("location.hash = 'view=statistics'")
    page.locator(".charts").wait_for()


def test_no_statistics_are_no_error(open_index: Open, tmp_path: Path) -> None:
    page = open_index(tmp_path, STATISTICS)
    assert page.locator("#no-statistics").inner_text() == "No report with an image yet."


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
def test_the_statistics_fit_the_window(
    open_index: Open, tmp_path: Path, size: tuple[int, int]
) -> None:
    a_folder(tmp_path, range(6))
    page = open_index(tmp_path, STATISTICS, size=size)
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollHeight <= innerHeight && {root}.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelector('.word-list').scrollWidth") <= page.evaluate(
        "document.querySelector('.word-list').clientWidth"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_index: Open, tmp_path: Path, theme: str) -> None:
    a_folder(tmp_path, range(2))
    page = open_index(tmp_path, STATISTICS, color_scheme=theme)
    two_frames(page)
    assert serious_barriers(page) == []


def test_text_that_would_like_to_be_more_than_text_stays_text(
    open_index: Open, tmp_path: Path
) -> None:
    record = hostile_record()
    texts = ["▁boat" if text.startswith("▁word") else text for text in record.token_text]
    record = replace(record, token_text=np.array(texts))
    for number, text in enumerate(["<b>.html", "'\"&#?%.html", "a.html"]):
        meta = record.meta | {"image": {"name": HOSTILE_TEXTS[number], "width": 160, "height": 120}}
        write_report(replace(record, meta=meta), tmp_path / text)
    page = open_index(tmp_path, STATISTICS)
    assert page.evaluate("window.hacked") is None
    assert page.locator(".tile").count() > 0
    page.locator(".tile").first.click()
    page.wait_for_selector('html[data-state="ready"]')


def test_many_words_are_drawn_as_they_are_scrolled_to(open_index: Open, tmp_path: Path) -> None:
    texts = [f"▁{a}{b}" for a in TEXTS[:36] for b in "abcdefgh"]
    texts = [text.replace("▁", "", 1) for text in texts]
    record = some_record(0, grid=(20, 20), texts=texts, vocabulary=len(texts))
    write_report(record, tmp_path / "a.html")
    page = open_index(tmp_path, STATISTICS)
    first = len(words(page))
    page.evaluate("document.querySelector('.word-list').scrollTo(0, 1e6)")
    page.wait_for_function(f"() => document.querySelectorAll('.word-name').length > {first}")
    assert first == 60


def test_thumbnails_are_small_where_reports_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_folder(tmp_path, range(3))
    monkeypatch.setattr(index, "FEW", 3)
    assert index.render_index(tmp_path).count('"data:image/jpeg') == 3
    monkeypatch.setattr(index, "FEW", 2)
    assert index.render_index(tmp_path).count('"data:image/jpeg') == 0
