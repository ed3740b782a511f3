"""Search, answer, charts, take-away, check and help in a real browser, beside NumPy's numbers."""

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
from browsing import Open, every_browser, may_stall, shown, two_frames
from PIL import Image
from playwright.sync_api import Page
from records import HOSTILE_TEXTS, hostile_record, make_record

from logit_lens.page.inline import TEMPLATES
from logit_lens.record import ANSWER, IMAGE, LensRecord
from logit_lens.tokens import readable

pytestmark = may_stall


def rounded(values: np.ndarray) -> np.ndarray:
    return np.array([float(f"{v:.2e}") for v in values.ravel()]).reshape(values.shape)


def answered_record() -> LensRecord:
    """As the pipeline makes them: the tokens of the answer are tracked."""
    record = make_record(layers=6, answer=4, k=4, tracked=4, vocabulary=60, seed=3)
    answer = np.array([1, 3, 5, 7])  # texts that begin a word
    ids = record.input_ids.copy()
    ids[record.position_kind == ANSWER] = answer
    probs, ranks = record.tracked_probs.copy(), record.tracked_ranks.copy()
    for n, token in enumerate(answer):
        where, rank = np.nonzero((record.top_ids == token).any(-1)), record.top_ids == token
        probs[:, :, n] = np.minimum(probs[:, :, n], record.top_probs[:, :, -1] / 2)
        ranks[:, :, n] = np.maximum(ranks[:, :, n], 4)
        probs[where[0], where[1], n] = record.top_probs[rank]
        ranks[where[0], where[1], n] = np.nonzero(rank)[2]
    return replace(
        record,
        input_ids=ids,
        tracked_ids=answer.astype(np.int32),
        tracked_probs=probs,
        tracked_ranks=ranks,
    )


def texts(page: Page, selector: str) -> list[str]:
    return [text or "" for text in page.locator(selector).all_text_contents()]


def state_of(page: Page) -> dict[str, str]:
    page.wait_for_timeout(350)  # the address follows a quarter of a second later
    parts = page.evaluate("decodeURIComponent(location.hash.slice(1))").split("&")
    return dict(part.split("=", 1) for part in parts if "=" in part)


def download(page: Page, menu: str, item: str) -> tuple[str, bytes]:
    page.locator(f"#{menu} .menu-button").click()
    with page.expect_download() as waiting:
        page.locator(f"#{menu} .menu-item").filter(
            has=page.locator(f"span:text-is('{item}')")
        ).click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


@every_browser
def test_a_chip_maps_its_word_and_goes_to_where_it_was_predicted(open_report: Open) -> None:
    record = answered_record()
    page = open_report(record)
    answer = np.flatnonzero(record.position_kind == ANSWER)
    assert texts(page, ".chip") == [record.token(i) for i in record.input_ids[answer]]
    assert texts(page, ".question") == ["What is in the middle?"]
    assert texts(page, "#whole-prompt p") == [record.meta["prompt"]]
    assert texts(page, ".image-mark") == ["<image>"]
    for n, t in enumerate(answer):
        page.locator(".chip").nth(n).hover()
        two_frames(page)
        label = page.locator(".tip-place").text_content() or ""
        assert label.endswith(f"position {t - 1}")
        page.locator(".chip").nth(n).click()
        two_frames(page)
        state = state_of(page)
        assert state["cell"] == f"{len(record.layers) - 1}.{t - 1}"
        assert state["tokens"] == str(record.input_ids[t])
        patches = np.where(record.position_kind == IMAGE, rounded(record.tracked_probs[:, :, n]), 0)
        best = np.unravel_index(np.argmax(patches), patches.shape)[0]
        # the layer that the report opens with is not in the address
        surest = record.top_probs[:, record.position_kind == IMAGE, 0].mean(1).argmax()
        assert int(state.get("layer", surest)) == best
    page.locator(".chip").nth(n).click()
    two_frames(page)
    assert "tokens" not in state_of(page)


@every_browser
def test_the_answer_table_is_the_record_and_its_rows_lead_there(open_report: Open) -> None:
    record = answered_record()
    page = open_report(record)
    page.wait_for_selector("#answer-table tbody tr")
    image = record.position_kind == IMAGE
    number = np.cumsum(image) - 1
    answer = record.input_ids[record.position_kind == ANSWER]
    rows = page.locator("#answer-table tbody tr")
    assert rows.count() == len(answer)
    for n, token in enumerate(answer):
        probs = np.where(image, rounded(record.tracked_probs[:, :, n]), -1)
        layer, t = np.unravel_index(np.argmax(probs), probs.shape)
        cells = rows.nth(n).locator("td").all_text_contents()
        top = (record.top_ids[:, :, 0] == token) & image
        first = np.flatnonzero(top.any(1))
        assert rows.nth(n).locator("th .token").first.text_content() == record.token(token)[1:]
        assert cells[:4] == [
            str(number[t]),
            str(record.layers[layer]),
            shown(probs[layer, t]),
            f"#{record.tracked_ranks[layer, t, n] + 1:,}",
        ]
        if len(first):
            assert cells[4].startswith(f"{first[0]} · {top[first[0]].sum()} patch")
        else:
            assert cells[4] == "never"
        rows.nth(n).locator("th button").click()
        two_frames(page)
        state = state_of(page)
        assert (state["cell"], state["tokens"]) == (f"{layer}.{t}", str(token))
    page.locator("[data-sort=value]").last.click()
    listed = [float(v) for v in texts(page, "#answer-table tbody tr td:nth-child(4)")]
    assert listed == sorted(listed, reverse=True)


def test_without_tracking_the_table_says_what_it_rests_on(open_report: Open) -> None:
    page = open_report(make_record(tracked=0))
    page.wait_for_selector("#answer-table tbody tr")
    assert "among the top 5" in texts(page, ".table-note")[0]


@every_browser
def test_every_token_can_be_found_and_its_numbers_are_right(open_report: Open) -> None:
    record = make_record(tracked=0, texts=["▁dog", "dog", "Dog", "▁tower"], vocabulary=40)
    page = open_report(record)
    page.keyboard.press("/")
    page.keyboard.type("dog")
    page.wait_for_selector("#find-list li")
    names = texts(page, "#find-list .find-name")
    assert sorted(names[0].split("  ")) == sorted(["▁dog", "dog", "Dog"])
    assert len(names) == 4  # the word and its three spellings
    dogs = np.isin(record.top_ids, [0, 1, 2])
    sums = np.minimum(1, (rounded(record.top_probs) * dogs).sum(-1))
    assert texts(page, "#find-list .find-count")[0].split()[0] == str(dogs.any(-1).sum())
    best = float(texts(page, "#find-list .find-best")[0])
    assert best == pytest.approx(sums.max(), rel=0.006)
    page.keyboard.press("Enter")
    two_frames(page)
    assert sorted(state_of(page)["tokens"].split(",")) == ["0", "1", "2"]
    assert "below p₅ elsewhere" in texts(page, ".find-status")[0]
    page.keyboard.type("#3")
    two_frames(page)
    assert texts(page, "#find-list .find-name")[0] == "▁tower"
    page.keyboard.press("Shift+Enter")
    two_frames(page)
    assert sorted(state_of(page)["tokens"].split(",")) == ["0", "1", "2", "3"]
    assert page.locator(".find-chip").count() == 2
    page.locator(".find-drop").first.click()
    two_frames(page)
    assert state_of(page)["tokens"] == "3"
    page.keyboard.type("zzz")
    two_frames(page)
    assert state_of(page)["query"] == "zzz"
    assert "No token" in texts(page, ".find-note")[0]
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    two_frames(page)
    assert "query" not in state_of(page)


@pytest.mark.parametrize("scale", ["prob", "log", "rank"])
def test_charts_read_what_the_record_holds(open_report: Open, scale: str) -> None:
    record = answered_record()
    page = open_report(record, hash=f"#pins=2.5,5.9,1.5&charts=each&scale={scale}")
    assert page.locator(".card").count() == 2
    for card, t in ((1, 9), (0, 5)):  # 5 was pinned last
        plot = page.locator(".card").nth(card).locator(".plot")
        plot.focus()
        for layer in range(len(record.layers)):
            page.keyboard.press("ArrowRight" if layer else "Home")
            two_frames(page)
            labels = page.locator(".card").nth(card).locator(".chart-label")
            for label in labels.all():
                token = int(re.findall(r"\(id (\d+)\)", label.get_attribute("title") or "")[0])
                value = label.locator(".number").text_content()
                assert value == expected_reading(record, layer, t, token, scale)
    final = record.token(record.top_ids[-1, 5, 0])
    assert final in texts(page, ".card:first-child .chart-label .token")
    heights = page.evaluate(
        "[...document.querySelectorAll('.card:first-child .chart-label')]"
        ".map((label) => label.getBoundingClientRect().top).sort((a, b) => a - b)"
    )
    assert (np.diff(heights) >= 14.5).all()
    page.locator(".card-unpin").first.click()
    two_frames(page)
    assert page.locator(".card").count() == 1
    page.locator(".pinned-clear").click()
    two_frames(page)
    assert page.locator(".tour li").count() == 3


def test_chosen_tokens_have_a_line_of_their_sum(open_report: Open) -> None:
    record = answered_record()
    page = open_report(record, hash="#pins=2.5&tokens=1,3&layer=2")
    labels = texts(page, ".chart-label > span:first-of-type")
    values = texts(page, ".chart-label .number")
    total = rounded(record.tracked_probs)[2, 5, :2].sum()
    assert values[labels.index("sum")] == shown(min(1, total))


@pytest.mark.parametrize("scale", ["prob", "log", "rank"])
def test_charts_can_be_compared(open_report: Open, scale: str) -> None:
    page = open_report(answered_record(), hash=f"#pins=2.5,5.9,1.7&charts=each&scale={scale}")
    cards = page.locator(".card")
    ticks = [
        card.locator(".chart-tick[text-anchor=end]").all_text_contents() for card in cards.all()
    ]
    assert ticks[0] and ticks == [ticks[0]] * 3
    colours: dict[str, set[str]] = {}
    for label in page.locator(".chart-label").all():
        swatch = label.locator("i").evaluate("(e) => e.style.background")
        colours.setdefault(label.get_attribute("data-index") or "", set()).add(swatch)
    assert all(len(swatches) == 1 for swatches in colours.values())
    shared = next(i for i, n in colours_seen(page).items() if n == 3)
    cards.nth(0).locator(f".chart-label[data-index='{shared}']").hover()
    kept = page.locator(".chart-line:not(.faded)")
    assert {line.get_attribute("data-index") for line in kept.all()} == {shared}
    assert kept.count() == 3


def test_no_line_crosses_the_words_of_what_is_unknown(open_report: Open) -> None:
    page = open_report(make_record(layers=9, tracked=0), hash="#pins=4.5&layer=4&scale=rank")
    words = page.locator(".plot svg > :last-child")
    assert words.text_content() == "not in the top 5"  # painted last
    order, width = words.evaluate(
        "(e) => [getComputedStyle(e).paintOrder, parseFloat(getComputedStyle(e).strokeWidth)]"
    )
    assert order == "stroke" and width >= 3


def test_a_new_pin_is_seen_at_once(open_report: Open) -> None:
    pins = ",".join(f"1.{t}" for t in range(3, 11))
    page = open_report(answered_record(), hash=f"#pins={pins}&charts=each&rows=image")
    body = page.locator("#pinned-body")
    body.evaluate("(e) => { e.scrollTop = e.scrollHeight; }")
    page.locator(".image-frame").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    two_frames(page)
    newest = state_of(page)["pins"].split(",")[-1].split(".")[1]
    first = page.locator(".card").first
    assert first.get_attribute("data-position") == newest
    box, room = first.bounding_box(), body.bounding_box()
    assert box and room and box["y"] >= room["y"]
    assert box["y"] + box["height"] <= room["y"] + room["height"] + 1


def test_the_charts_can_have_more_room(open_report: Open) -> None:
    page = open_report(make_record(answer=0), hash="#pins=2.3,2.4,2.5,2.6&charts=each")
    height = "(e) => e.clientHeight"
    body, button = page.locator("#pinned-body"), page.locator(".pinned-grow")
    small = body.evaluate(height)
    button.focus()
    page.keyboard.press("Enter")
    two_frames(page)
    assert button.get_attribute("aria-pressed") == "true"
    assert body.evaluate(height) > 1.7 * small
    assert page.locator(".grid-scroller").evaluate(height) > 60
    assert body.evaluate("(e) => e.scrollHeight <= e.clientHeight")
    page.locator(".pinned-clear").click()
    two_frames(page)
    assert page.locator("#panes.pinned-large").count() == 0


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080), (2560, 1440)])
def test_while_nothing_is_pinned_the_grid_has_the_room(
    open_report: Open, size: tuple[int, int]
) -> None:
    page = open_report(make_record(answer=0), size=size)
    pane, tour = page.locator("#pinned-pane").bounding_box(), page.locator(".tour").bounding_box()
    assert pane and tour and pane["height"] <= tour["height"] + 30 <= 180
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def colours_seen(page: Page) -> dict[str, int]:
    """In how many legends a token stands."""
    indices = [
        label.get_attribute("data-index") or "" for label in page.locator(".chart-label").all()
    ]
    return {index: indices.count(index) for index in indices}


def expected_reading(record: LensRecord, layer: int, t: int, token: int, scale: str) -> str:
    tracked = np.flatnonzero(record.tracked_ids == token)
    top = np.flatnonzero(record.top_ids[layer, t] == token)
    if len(tracked):
        p, rank = (
            record.tracked_probs[layer, t, tracked[0]],
            record.tracked_ranks[layer, t, tracked[0]],
        )
    elif len(top):
        p, rank = record.top_probs[layer, t, top[0]], top[0]
    else:
        k = record.top_ids.shape[2]
        return f"> #{k}" if scale == "rank" else f"< {shown(record.top_probs[layer, t, -1])}"
    return f"#{rank + 1:,}" if scale == "rank" else shown(p)


@every_browser
def test_what_is_taken_away_is_the_record(open_report: Open) -> None:
    record = answered_record()
    page = open_report(record, hash="#pins=2.5,5.9")
    name, data = download(page, "data-menu", "Whole record, JSON")
    assert name == "scene_tiny-llava_record.json"
    made: dict[str, Any] = json.loads(data)
    for key in ("layers", "input_ids", "position_kind", "top_ids", "tracked_ranks", "token_ids"):
        np.testing.assert_array_equal(made[key], getattr(record, key), key)
    for key in ("top_probs", "entropy", "kl", "tracked_probs"):
        np.testing.assert_array_equal(made[key], rounded(getattr(record, key)), key)
    assert made["token_text"] == record.token_text.tolist()
    assert made["meta"]["prompt"] == record.meta["prompt"]

    name, data = download(page, "data-menu", "Pinned cells, CSV")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    top = [row for row in rows if row["source"] == "top-k"]
    cells = [(2, 5), (5, 9)]
    assert [int(row["token_id"]) for row in top] == [
        i for layer, t in cells for i in record.top_ids[layer, t]
    ]
    np.testing.assert_array_equal(
        [float(row["probability"]) for row in top],
        rounded(np.concatenate([record.top_probs[layer, t] for layer, t in cells])),
    )
    assert float(rows[0]["entropy_nats"]) == rounded(record.entropy)[2, 5]

    _, data = download(page, "data-menu", "Trajectories, CSV")
    lines = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    for line in lines:
        layer, t, token = int(line["layer"]), int(line["position"]), int(line["token_id"])
        reading = expected_reading(record, layer, t, token, "prob")
        value = float(line["probability"] or line["at_most"])
        assert reading == ("" if line["probability"] else "< ") + shown(value)


@every_browser
def test_the_figure_is_picture_colours_legend_and_provenance(open_report: Open) -> None:
    record = answered_record()
    page = open_report(record, hash="#layer=4&tokens=3")
    name, data = download(page, "figure-menu", "SVG, page")
    assert name == "scene_tiny-llava_layer-4-prob.svg"
    root = ElementTree.fromstring(data)
    space = "{http://www.w3.org/2000/svg}"
    written = " ".join("".join(e.itertext()) for e in root.iter(f"{space}text"))
    for part in ("tests/tiny-llava", "0123abc", "scene.png", "layer 4", "self-check passed"):
        assert part in written, part
    patches = [e for e in root.iter() if e.get("class") == "patch"]
    assert len(patches) == (record.position_kind == IMAGE).sum()
    assert b"http" not in re.sub(rb'xmlns(:\w+)?="[^"]*"', b"", data)
    for item, millimetres in (("PNG, page", 175), ("PNG, column", 85)):
        name, data = download(page, "figure-menu", item)
        picture = Image.open(io.BytesIO(data))
        assert name.endswith(".png")
        assert abs(picture.size[0] - millimetres / 25.4 * 300) < 3, "300 dots per inch"
        # the middle of a patch shows the picture, not bare paper
        middle = (picture.size[0] // 2, picture.size[0] // 3)
        assert picture.convert("RGB").getpixel(middle) != (255, 255, 255)


def test_hostile_texts_stay_text_in_every_panel_and_file(open_report: Open) -> None:
    record = hostile_record()
    pins = ",".join(f"{layer}.{t}" for layer in (0, 2) for t in range(len(record.input_ids)))
    page = open_report(record, hash=f"#pins={pins}&charts=each&tokens=0,1,2,3,4,5,99999")
    page.locator("#find-input").click()
    page.wait_for_selector("#find-list li")
    names = " ".join(texts(page, "#find-list .find-name"))
    assert sum(text in names for text in HOSTILE_TEXTS if text.strip()) > 12
    assert HOSTILE_TEXTS[0] in " ".join(texts(page, ".find-chip .token"))
    page.keyboard.press("Escape")
    page.locator("#validity-button").click()
    assert record.meta["model"] in texts(page, ".run-facts dd")
    page.keyboard.press("Escape")
    _, data = download(page, "data-menu", "Pinned cells, CSV")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert len({len(row) for row in rows}) == 1
    fields = [field for row in rows[1:] for field in row]
    numbers = [field for field in fields if re.fullmatch(r"[\d.e-]+", field)]
    assert not [f for f in fields if f.strip()[:1] in ("=", "+", "-", "@") and f not in numbers]
    assert "'" + HOSTILE_TEXTS[4] in fields
    _, data = download(page, "figure-menu", "SVG, page")
    root = ElementTree.fromstring(data)
    assert not [e for e in root.iter() if e.tag.split("}")[1] in ("script", "foreignObject", "b")]
    _, data = download(page, "data-menu", "Whole record, JSON")
    assert json.loads(data)["token_text"] == [readable(str(text)) for text in record.token_text]
    assert page.evaluate("window.hacked") is None
    assert page.locator(".card").count() > 10


def test_the_check_says_what_is_known(open_report: Open) -> None:
    record = make_record()
    check = record.meta["check"]
    for passed, button, verdict in (
        (True, "check ✓", "Passed."),
        (False, "check ✗", "Failed."),
        (None, "check ?", "Unknown."),
    ):
        meta = {**record.meta, "check": {**check, "passed": passed}}
        page = open_report(replace(record, meta=meta))
        assert texts(page, "#validity-button") == [button]
        page.locator("#validity-button").click()
        assert page.locator("#validity-dialog").is_visible()
        assert texts(page, ".verdict")[0].startswith(verdict)
        facts = " ".join(texts(page, "#validity-dialog dd"))
        for part in ("tests/tiny-llava", "0123abc", "float32", "cpu", "2.13.0", "forward 0.500"):
            assert part in facts, part
        if passed is not None:
            assert "25, over the whole vocabulary" in facts and "1.50e-6" in facts
        page.keyboard.press("Escape")
        assert not page.locator("#validity-dialog").is_visible()
        assert page.evaluate("document.activeElement.id") == "validity-button"


def test_the_help_lists_every_key(open_report: Open) -> None:
    page = open_report(make_record())
    page.keyboard.press("?")
    assert page.locator("#help-dialog").is_visible()
    listed = " ".join(texts(page, "#help-dialog .keys dt"))
    source = (TEMPLATES / "js/page/keyboard.js").read_text(encoding="utf-8")
    handled = source[source.index("const actions") : source.index("document.addEventListener")]
    keys = re.findall(r'^    "?([^\s":]+|\s)"?: \(\) =>', handled, flags=re.M)
    assert len(keys) >= 10
    for key in keys:
        name = {" ": "Space", "Escape": "Esc"}.get(key, key)
        assert re.search(rf"(^|\s){re.escape(name)}(\s|$)", listed), key
    page.locator("#help-dialog .dialog-close").click()
    assert page.evaluate("document.activeElement.id") == "help-button"


@every_browser
def test_menus_and_chips_work_by_keys_alone(open_report: Open) -> None:
    page = open_report(answered_record())
    page.locator("#data-menu .menu-button").focus()
    page.keyboard.press("Enter")
    items = page.locator("#data-menu .menu-item")
    assert items.first.is_disabled()  # passed over
    enabled = texts(page, "#data-menu .menu-item:not(:disabled)")
    walked = []
    for _ in enabled:
        page.keyboard.press("ArrowDown")
        walked.append(page.locator(":focus").text_content() or "")
    assert walked == enabled and any("Whole record" in item for item in walked)
    page.keyboard.press("ArrowDown")  # around
    assert page.locator(":focus").text_content() == enabled[0]
    page.keyboard.press("Escape")
    assert not page.locator("#data-menu .menu-list").is_visible()
    page.locator(".chip").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    two_frames(page)
    assert state_of(page)["tokens"] == "7"


def test_an_answer_is_whole_and_only_a_very_long_one_scrolls(open_report: Open) -> None:
    page = open_report(make_record(answer=48, vocabulary=900, layers=3))
    strip = page.locator("#answer-chips")
    assert strip.evaluate("(e) => e.scrollHeight <= e.clientHeight")
    page = open_report(make_record(answer=512, vocabulary=900, layers=3))
    assert page.locator(".chip").count() == 512
    assert page.locator("#answer-chips").evaluate("(e) => e.clientHeight") <= 136
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
