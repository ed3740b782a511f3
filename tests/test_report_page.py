"""The report in a real browser: what it says is the record, and it opens whatever the record is."""

import base64
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import (
    FRAME,
    Open,
    every_browser,
    may_stall,
    scales,
    serious_barriers,
    shown,
    two_frames,
    visible,
)
from playwright.sync_api import Browser, Page
from records import HOSTILE_TEXTS, hostile_record, make_record

from logit_lens.page.report import render_report
from logit_lens.record import ANSWER, IMAGE, LensRecord
from logit_lens.tokens import readable

pytestmark = may_stall
COLOURS = ("prob", "entropy", "kl", "rank", "agree", "none")

READ_CELLS = """async (addresses) => {
    const frame = FRAME;
    const read = () => {
        const cell = document.getElementById("grid-active");
        const tip = document.getElementById("tooltip");
        const all = (name) => [...tip.querySelectorAll(name)].map((e) => e.textContent);
        return {
            text: cell.textContent, label: cell.getAttribute("aria-label"),
            row: cell.parentElement.getAttribute("aria-rowindex"),
            column: cell.getAttribute("aria-colindex"), below: cell.classList.contains("below"),
            fill: cell.style.background,
            tipHidden: tip.hidden, layer: tip.querySelector(".tip-layer").textContent,
            place: tip.querySelector(".tip-place").textContent,
            tokens: all(".tip-tokens .token"), probs: all(".tip-prob"), ids: all(".tip-id"),
            facts: Object.fromEntries([...tip.querySelectorAll(".tip-facts > div")].map(
                (fact) => [...fact.children].map((e) => e.textContent))),
        };
    };
    const said = [];
    for (const address of addresses) {
        history.replaceState(null, "", address);
        dispatchEvent(new PopStateEvent("popstate"));
        await frame();
        await frame();
        const box = document.querySelector(".grid-chosen").getBoundingClientRect();
        const at = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 };
        const under = document.elementFromPoint(at.clientX, at.clientY);
        under.dispatchEvent(new PointerEvent("pointermove", { ...at, bubbles: true }));
        await frame();
        await frame();
        said.push(read());
    }
    return said;
}""".replace("FRAME", FRAME)


def read_cells(page: Page, cells: list[tuple[int, int, str]]) -> list[dict[str, Any]]:
    """For each (layer, position, rest of the address): point at that cell, read what is said."""
    addresses = [f"#cell={layer}.{position}{more}" for layer, position, more in cells]
    said: list[dict[str, Any]] = page.evaluate(READ_CELLS, addresses)
    assert not any(cell["tipHidden"] for cell in said)
    return said


@every_browser
def test_what_the_page_says_is_the_record(open_report: Open) -> None:
    """200 random cells, in every colour mode: text, tooltip, statistics and colour."""
    record = make_record(layers=12, grid=(6, 6), answer=4, k=5, tracked=3)
    token = int(record.tracked_ids[1])
    page = open_report(record)
    fills = scales()["light"]
    random = np.random.default_rng(7)
    final = record.top_ids[-1, :, 0]
    cells = []
    for n in range(200):
        colour = COLOURS[n % len(COLOURS)]
        more = f"&colour={colour}" + (f"&tokens={token}" if colour == "rank" else "")
        cells.append((int(random.integers(12)), int(random.integers(len(record.input_ids))), more))
    for n, said in enumerate(read_cells(page, cells)):
        colour = COLOURS[n % len(COLOURS)]
        layer, t = cell = cells[n][:2]
        assert said["text"] == record.token(record.top_ids[cell][0])
        assert said["tokens"] == [record.token(i) for i in record.top_ids[cell]]
        assert said["probs"] == [shown(p) for p in record.top_probs[cell]]
        assert said["ids"] == [str(i) for i in record.top_ids[cell]]
        assert said["layer"] == ("layer 0 (embeddings)" if layer == 0 else f"layer {layer}")
        assert said["place"].endswith(f"position {t}")
        assert int(said["column"]) == layer + 2
        assert said["facts"]["entropy"] == f"{shown(record.entropy[cell])} nats"
        assert said["facts"]["KL to final"] == f"{shown(record.kl[cell])} nats"
        same = record.top_ids[:, t, 0] == final[t]
        decided = 11 - int(np.argmin(same[::-1])) + 1 if not same.all() else 0
        layer_name = f"layer {decided}" if decided else "layer 0 (embeddings)"
        assert said["facts"]["decided"] == f"{record.token(final[t])} from {layer_name}"
        value, shade, below = expected_colour(record, colour, layer, t)
        assert said["below"] is below
        if shade is None:
            assert not said["fill"].startswith("rgb"), colour
        else:
            assert said["fill"] in near(fills, shade), (colour, cell)
        if value is not None:
            assert said["label"].endswith(f", {value}"), (colour, cell)


def near(fills: list[str], shade: float) -> list[str]:
    """The fill of a shade; its neighbours too, for values that lie halfway between two."""
    step = round(shade * 255)
    around = fills[max(0, step - 1) : step + 2]
    return [re.sub(r"rgb\((\d+) (\d+) (\d+)\)", r"rgb(\1, \2, \3)", fill) for fill in around]


def expected_colour(
    record: LensRecord, colour: str, layer: int, t: int
) -> tuple[str | None, float | None, bool]:
    """What the quantity reads, its place on the scale, and whether it is only a bound."""
    cell = (layer, t)
    k = record.top_ids.shape[2]
    if colour == "prob":
        return shown(record.top_probs[cell][0]), float(record.top_probs[cell][0]), False
    if colour in ("entropy", "kl"):
        values = getattr(record, colour)
        rounded, most = (float(f"{value:.2e}") for value in (values[cell], values.max()))
        return shown(values[cell]), rounded / most, False
    if colour == "rank":
        rank = int(record.tracked_ranks[cell][1])
        worst = max(k, int(record.tracked_ranks[:, :, 1].max()))
        return f"#{rank + 1:,}", float(1 - np.log1p(rank) / np.log1p(worst)), False
    if colour == "agree":
        wanted = record.top_ids[-1, t, 0]
        places = np.flatnonzero(record.top_ids[cell] == wanted)
        slot = np.flatnonzero(record.tracked_ids == wanted)
        if len(slot):
            rank = int(record.tracked_ranks[cell][slot[0]])
        elif len(places):
            rank = int(places[0])
        else:
            return f"> #{k}", None, True
        below = rank >= k
        shade = None if below else 1.0 if rank == 0 else 0.6 * (1 - rank / k)
        return f"#{rank + 1:,}", shade, below
    return None, None, False


def test_a_token_outside_the_top_k_is_below_and_never_zero(open_report: Open) -> None:
    record = make_record(tracked=0)
    token = int(record.top_ids[2, 5, 3])
    page = open_report(record)
    seen = set()
    cells = [(layer, t) for layer in range(5) for t in range(2, len(record.input_ids), 3)]
    answers = read_cells(page, [(*cell, f"&tokens={token}") for cell in cells])
    for cell, said in zip(cells, answers, strict=True):
        ranks = np.flatnonzero(record.top_ids[cell] == token)
        known = len(ranks) > 0
        seen.add(known)
        assert said["below"] is not known
        fact = said["facts"][record.token(token)]
        probs = record.top_probs[cell]
        if known:
            assert fact == f"{shown(probs[ranks[0]])} · #{ranks[0] + 1}"
        else:
            assert fact == f"below {shown(probs[-1])}"
            assert said["label"].endswith(f"< {shown(probs[-1])}")
    assert seen == {True, False}


def test_nothing_in_a_hostile_record_is_more_than_text(open_report: Open) -> None:
    record = hostile_record()
    page = open_report(record, size=(1280, 800))
    elements = page.evaluate("document.querySelectorAll('script, img, b, iframe, object').length")
    page.keyboard.press("c")
    found = set()
    positions = range(len(record.input_ids))
    answers = read_cells(page, [(2, t, f"&tokens={t % 20}&pins=2.{t}") for t in positions])
    for t, said in zip(positions, answers, strict=True):
        words = [record.token(i) for i in record.top_ids[2, t]]
        assert said["tokens"] == [visible(readable(word)) for word in words]
        found |= set(words)
    page.keyboard.press("?")
    page.keyboard.press("Escape")
    page.locator("#validity-button").click()
    page.keyboard.press("Escape")
    two_frames(page)
    assert len(found & set(HOSTILE_TEXTS)) > 15
    assert page.evaluate("window.hacked") is None
    now = page.evaluate(
        "document.querySelectorAll('script, img:not([src^=blob]), b, iframe, object').length"
    )
    assert now <= elements


def test_the_address_of_an_image_is_shown_as_text_in_header_and_validity(open_report: Open) -> None:
    address = "https://example.org/<b>dog</b>.png?…"
    image = make_record().meta["image"] | {"source": address}
    page = open_report(make_record(meta={"image": image}))
    assert page.locator("#prompt .source").inner_text() == address
    page.locator("#validity-button").click()
    assert address in page.locator("#validity-dialog .run-facts").inner_text()
    assert page.locator("#header b, #validity-dialog .run-facts b").count() == 0


def no_image() -> LensRecord:
    return make_record(grid=(0, 0), text=9)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(make_record(layers=1), id="one layer"),
        pytest.param(make_record(grid=(0, 0), text=1, answer=0), id="one position"),
        pytest.param(make_record(grid=(1, 1), text=0, answer=0), id="one patch"),
        pytest.param(no_image(), id="no image"),
        pytest.param(make_record(text=0, answer=0), id="no text"),
        pytest.param(make_record(answer=0), id="no answer"),
        pytest.param(make_record(k=1), id="k is 1"),
        pytest.param(make_record(statistics=False, tracked=0), id="nothing recorded but the top"),
        pytest.param(make_record(views=5), id="tiles"),
        pytest.param(make_record(picture_size=(1, 1)), id="a picture of one pixel"),
        pytest.param(make_record(picture_size=(2000, 20)), id="a very wide picture"),
        pytest.param(
            replace(make_record(), image=np.frombuffer(b"\x89PNG no picture", np.uint8)),
            id="a broken picture",
        ),
        pytest.param(
            make_record(meta={"check": {"positions": 0, "argmax_agree": None}, "crop": None}),
            id="no check",
        ),
    ],
)
def test_odd_records_open_and_answer_to_keys(open_report: Open, record: LensRecord) -> None:
    page = open_report(record)
    for size in ((1280, 800), (320, 600)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.locator(".grid-scroller").focus()
        for key in ("ArrowDown", "Enter", "ArrowRight", "End", "Control+End", "[", "]", "c", "z"):
            page.keyboard.press(key)
        two_frames(page)
        for key in ("z", "f", "f", "c", "c", "c", "c", "c", "Escape", "Escape"):
            page.keyboard.press(key)
        two_frames(page)
        for rows in ("text", "image", "answer", "pinned", "matches", "all"):
            page.evaluate(f"location.hash = 'rows={rows}'")
            two_frames(page)
        assert page.locator("html").get_attribute("data-state") == "ready"


def test_without_javascript_the_page_says_so_and_shows_what_it_can(open_report: Open) -> None:
    page = open_report(make_record(), ready=False, java_script_enabled=False)
    text = page.locator("body").inner_text()
    assert "needs JavaScript" in text and "What is in the middle?" in text
    assert "a red circle" in text
    assert page.locator("#picture").is_visible()
    assert not page.locator("#grid-pane").is_visible()
    assert not page.locator("#loading").is_visible(), "nothing is on its way"
    # the whole picture in the window, not in a narrow column
    assert page.locator("#picture").evaluate("(e) => e.width >= Math.min(e.naturalWidth, 600)")


@every_browser
def test_the_page_says_loading_until_it_is_ready(open_report: Open) -> None:
    never = "{ readable = new ReadableStream(); writable = new WritableStream(); }"
    wait = f"globalThis.DecompressionStream = class {never}"
    page = open_report(make_record(), ready=False, init=wait)
    assert page.locator("#loading").inner_text() == "Loading: 25 positions × 5 layers"
    assert page.locator("#picture").is_visible() and page.locator(".question").is_visible()
    assert not page.locator("#grid-pane").is_visible()
    page = open_report(make_record())
    assert not page.locator("#loading").is_visible()


@every_browser
@pytest.mark.parametrize("width", [1280, 1440, 1920])
def test_the_opening_page_says_what_it_is(open_report: Open, width: int) -> None:
    page = open_report(make_record(), size=(width, 800))
    assert page.locator("h1").inner_text() == "Logit lens of tests/tiny-llava"
    line = page.locator(".tagline")
    assert line.inner_text().startswith("each patch of the picture, read as the word the model")
    assert line.evaluate("(e) => e.scrollWidth <= e.clientWidth"), "whole"
    assert page.locator(".file").inner_text() == "scene.png"
    assert page.locator(".question").inner_text() == "What is in the middle?"
    page.locator("#whole-prompt summary").click()
    assert "ASSISTANT:" in page.locator("#whole-prompt p").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator("#whole-prompt p").is_visible()


def test_text_alone_has_a_page_of_its_own(open_report: Open) -> None:
    template = "<|im_start|>system\nBe brief.\n<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n"
    asked = "What is the capital of France?"
    record = make_record(
        layers=31,
        grid=(0, 0),
        text=40,
        answer=40,
        texts=["<|im_start|>"],
        meta={
            "prompt": template.format(asked),
            "image": {"name": "", "width": 0, "height": 0},
            "run": {"question": asked},
        },
    )
    record.input_ids[:3] = 0
    page = open_report(record)
    assert page.title().startswith(asked)
    assert page.locator(".question").inner_text() == asked
    chips = page.locator(".chip")
    strip = page.locator("#answer-chips").bounding_box()
    last = chips.last.bounding_box()
    assert strip and last
    assert last["y"] + last["height"] <= strip["y"] + strip["height"], (
        "the whole answer is in sight"
    )
    text = page.locator("main").inner_text()
    assert "picture" not in text and "patch" not in text
    pane, main = (page.locator(name).bounding_box() for name in ("#grid-pane", "#panes"))
    assert pane and main and pane["width"] > main["width"] - 20
    # the layers up to the last one, beside each other
    assert page.locator(".grid-scroller").evaluate(
        "(e) => e.scrollLeft === e.scrollWidth - e.clientWidth"
    )


def test_no_other_code_than_ours_can_take_the_place_of_the_packed_scripts(
    browser: Browser, tmp_path: Path
) -> None:
    html = render_report(make_record())
    packed = re.search(r'id="code">([^<]*)<', html)
    assert packed is not None
    code = zlib.decompress(base64.b64decode(packed[1]))

    def open_with(code: bytes) -> tuple[str | None, list[str]]:
        other = base64.b64encode(zlib.compress(code)).decode()
        path = tmp_path / "report.html"
        path.write_text(html.replace(packed[1], other), encoding="utf-8")
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(path.as_uri())
        page.wait_for_function(
            "document.documentElement.dataset.state === 'ready' || !document.querySelector('#code')"
        )
        page.wait_for_timeout(300)
        state = page.locator("html").get_attribute("data-state")
        page.close()
        return state, said

    assert open_with(code) == ("ready", [])
    state, said = open_with(code + b"document.title = 'hacked';\n")
    assert state == "loading"
    assert any("Content Security Policy" in line for line in said)


def test_a_report_that_was_cut_or_garbled_says_so(browser: Browser, tmp_path: Path) -> None:
    html = render_report(make_record())
    garbled = re.sub(r'(id="code">.{1000}).{1000}', r"\1", html)
    path = tmp_path / "report.html"
    path.write_text(garbled, encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector('html[data-state="failed"]')
    assert "cannot be shown" in page.locator("#failure").inner_text()
    page.close()


@every_browser
def test_a_browser_that_cannot_unpack_says_so(open_report: Open) -> None:
    page = open_report(make_record(), init="delete globalThis.DecompressionStream", ready=False)
    page.wait_for_selector('html[data-state="failed"]')
    assert "DecompressionStream" in page.locator("#failure").inner_text()
    assert page.locator("#picture").is_visible()


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280, 1920, 3840])
def test_nothing_sticks_out_at_any_width(open_report: Open, width: int) -> None:
    page = open_report(make_record(), size=(width, 800))
    overflow = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0
    if width >= 1280:
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


@every_browser
def test_keys_alone_do_the_whole_tour(open_report: Open) -> None:
    page = open_report(make_record(layers=8))
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role')") == "grid":
            break
    two_frames(page)
    assert page.locator("#tooltip").is_visible()
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("c")
    page.keyboard.press("]")
    for part in ("pins=1.0", "cell=1.0", "layer=2", "colour="):
        page.wait_for_function(f"() => location.hash.includes('{part}')")
    page.keyboard.press("t")
    two_frames(page)
    assert page.locator("html").get_attribute("data-theme") in ("dark", "light")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_function("() => !location.hash.includes('cell=')")
    page.evaluate("history.back()")
    page.wait_for_function("() => location.hash.includes('cell=1.0')")


def test_paper_is_light(open_report: Open) -> None:
    page = open_report(make_record(), hash="#theme=dark")
    corner = """() => {
        const pen = document.querySelector(".grid-canvas").getContext("2d");
        return [...pen.getImageData(40, 10, 1, 1).data.slice(0, 3)];
    }"""
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(corner) == [255, 255, 255]
    assert page.locator("html").get_attribute("data-theme") == "light"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_an_address_brings_back_the_view(open_report: Open) -> None:
    page = open_report(
        make_record(layers=8), hash="#layer=3&cell=3.5&pins=3.5&colour=kl&rows=image"
    )
    assert page.locator("select[name=colour]").input_value() == "kl"
    assert page.locator("select[name=rows]").input_value() == "image"
    assert page.locator(".grid-chosen").is_visible()


SHOWN = """() => {
    const box = (name) => {
        const { x, y, width, height } = document.querySelector(name).getBoundingClientRect();
        return [x, y, width, height].map(Math.round);
    };
    const pixels = (name) => document.querySelector(name).toDataURL();
    return {
        boxes: [".grid-chosen", "#picture", "#grid-pane", ".strip-current"].map(box),
        pixels: [".grid-canvas", ".image-patches", ".image-marks"].map(pixels),
        legend: document.querySelector("#legend").innerText,
        typed: document.querySelector("#find-input").value,
        bands: document.querySelector(".player-span").outerHTML,
        buttons: [...document.querySelectorAll("[aria-pressed]")].map((b) => {
            const button = b.cloneNode(true);
            button.className = [...b.classList].sort().join(" ");
            return button.outerHTML;
        }),
        choices: [...document.querySelectorAll("select")].map((e) => e.value),
    };
}"""


@every_browser
def test_a_link_brings_back_exactly_the_view(open_report: Open) -> None:
    record = make_record(layers=33, grid=(16, 16))
    page = open_report(record, hash="#layer=20")
    page.locator("#find-input").fill("word1")  # typed, and then something else is chosen
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.locator("#answer-chips .chip").nth(1).click()
    page.locator(".legend-ranges [data-range=log]").click()
    page.locator("[name=in]").click(click_count=3)
    page.locator("[name=look]").select_option("colour")
    page.locator("[name=strength]").fill("0.8")
    page.locator("select[name=order]").select_option("surest")
    page.locator(".grid-layers").select_option("2")
    page.locator("button[name=wholeWords]").click()
    page.locator(".pinned-grow").click() if page.locator(".pinned-grow").count() else None
    page.locator(".grid-scroller").evaluate(
        """(e) => {
            const row = (e.firstElementChild.offsetHeight - 26) / (e.ariaRowCount - 1);
            e.scrollTop = 40 * row;
            const { style } = e.querySelector(".grid-view");
            e.scrollLeft = 4 * parseFloat(style.getPropertyValue("--column"));
        }"""
    )
    two_frames(page)
    page.mouse.move(2, 2)
    page.wait_for_timeout(600)  # the address follows
    first = page.evaluate(SHOWN)
    address = str(page.evaluate("location.hash"))
    assert "query=" not in address and first["typed"] == ""
    for part in ("tokens=", "cell=", "range=log", "zoom=", "look=colour", "span=", "scroll="):
        assert part in address, address
    again = open_report(record, hash=address)
    again.mouse.move(2, 2)
    again.wait_for_timeout(600)
    shown_again = again.evaluate(SHOWN)
    assert again.evaluate("location.hash") == address
    for name, value in first.items():
        assert shown_again[name] == value, name


def test_a_big_record_stays_light(open_report: Open) -> None:
    page = open_report(make_record(layers=60, grid=(40, 50), k=3, vocabulary=3000))
    scroller = page.locator(".grid-scroller")
    for part in (0.2, 0.5, 1.0):
        scroller.evaluate(
            "(e, p) => { e.scrollTop = e.scrollHeight * p; e.scrollLeft = e.scrollWidth * p; }",
            part,
        )
        two_frames(page)
    assert page.evaluate("document.querySelectorAll('*').length") <= 5000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(open_report: Open, theme: str) -> None:
    page = open_report(make_record(), hash=f"#theme={theme}&pins=2.5,3.7&cell=2.5&tokens=1")
    found = {}

    def look(state: str) -> None:
        two_frames(page)
        found[state] = serious_barriers(page)

    page.locator(".grid-scroller").focus()
    page.keyboard.press("ArrowDown")
    look("a cell is active")
    page.keyboard.press("z")
    look("zoomed out")
    page.keyboard.press("z")
    page.keyboard.press("/")
    page.keyboard.type("word")
    page.wait_for_timeout(500)
    look("the list of tokens is open")
    page.keyboard.press("Escape")
    for button in ("help-button", "validity-button"):
        page.locator(f"#{button}").click()
        look(button)
        page.keyboard.press("Escape")
    assert found == dict.fromkeys(found, [])


def test_a_text_position_says_what_comes_after_its_token(open_report: Open) -> None:
    record = make_record(tracked=0)
    page = open_report(record)
    answer = int(np.flatnonzero(record.position_kind == ANSWER)[0])
    for t, follows in ((0, False), (answer - 1, True), (len(record.input_ids) - 1, False)):
        said = read_cells(page, [(2, t, "")])[0]
        assert page.locator(".tip-after").is_visible()
        assert page.locator(".tip-label").inner_text() == record.token(record.input_ids[t])
        assert ("said next" in said["facts"]) is follows
    said = read_cells(page, [(2, answer - 1, "")])[0]
    word = record.token(record.input_ids[answer])
    assert said["facts"]["said next"].startswith(f"{word} ")
    patch = int(np.flatnonzero(record.position_kind == IMAGE)[0])
    read_cells(page, [(2, patch, "")])
    assert not page.locator(".tip-after").is_visible()


def test_a_tap_shows_what_a_cell_says_and_the_next_one_ends_it(open_report: Open) -> None:
    page = open_report(make_record(), size=(390, 844), has_touch=True, is_mobile=True)
    canvas = page.locator(".grid-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 60)
    page.locator("#tooltip").wait_for()
    page.locator("#pinned-pane").tap(position={"x": 150, "y": 5})
    page.locator("#tooltip").wait_for(state="hidden")


def test_a_tooltip_does_not_outlive_the_place_that_it_points_to(open_report: Open) -> None:
    page = open_report(make_record())
    page.locator(".grid-canvas").hover(position={"x": 200, "y": 60})
    page.locator("#tooltip").wait_for()
    page.set_viewport_size({"width": 1024, "height": 700})
    page.locator("#tooltip").wait_for(state="hidden")
