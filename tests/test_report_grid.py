"""The grid in a real browser: what it shows, and that it follows what is chosen elsewhere."""

from typing import Any

import numpy as np
import pytest
from browsing import Open, every_browser, may_stall, scales, two_frames
from playwright.sync_api import Page
from records import make_record

from logit_lens.record import LensRecord

pytestmark = may_stall


def box(page: Page, selector: str) -> dict[str, Any]:
    """Where an element is: x, y, width, height."""
    where = page.locator(selector).bounding_box()
    assert where is not None, selector
    return dict(where)


@pytest.mark.parametrize("more", ["", "&zoomedOut=1"])
@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("pinned", "Nothing is pinned yet: click a cell or a patch."),
        ("matches", "No row matches: type or choose a token above."),
    ],
)
def test_a_grid_without_rows_says_why_where_the_rows_would_be(
    open_report: Open, rows: str, why: str, more: str
) -> None:
    page = open_report(make_record(), hash=f"#rows={rows}{more}")
    body, said = box(page, "#grid-body"), box(page, ".grid-empty")
    assert body["y"] < said["y"] and said["y"] + said["height"] < body["y"] + 150
    assert page.locator(".grid-empty").inner_text() == why
    page.evaluate("location.hash = 'rows=all'")
    two_frames(page)
    assert not page.locator(".grid-empty").is_visible()


def tab_to_grid(page: Page) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role')") == "grid":
            return
    raise AssertionError("Tab never came to the grid")


def active(page: Page) -> str | None:
    """What the cell under the keys or the pointer is called; None when there is none."""
    two_frames(page)
    cell = page.locator("#grid-active")
    return cell.get_attribute("aria-label") if cell.is_visible() else None


def cell_name(record: LensRecord, layer: int, t: int) -> str:
    """How the name of a text or answer cell begins."""
    name = f"layer {layer}" if layer else "layer 0 (embeddings)"
    return f"{record.token(record.input_ids[t])}, {name}: "


def test_the_keys_go_on_from_the_cell_that_was_chosen_elsewhere(open_report: Open) -> None:
    """A cell of the grid, then a chip of the answer, then back to the grid."""
    record = make_record(layers=8, answer=3)
    page = open_report(record)
    first = len(record.input_ids) - 3
    where = box(page, ".grid-scroller")
    page.mouse.click(where["x"] + 130, where["y"] + 40)
    two_frames(page)
    page.locator(".chip").nth(1).click()
    # what was found is said above the grid
    page.wait_for_function("() => location.hash.includes('tokens=')")
    page.locator(".finding-sentence").wait_for()
    two_frames(page)
    tab_to_grid(page)
    two_frames(page)
    page.keyboard.press("ArrowLeft")
    assert str(active(page)).startswith(cell_name(record, 6, first))
    page.keyboard.press("ArrowDown")
    assert str(active(page)).startswith(cell_name(record, 6, first + 1))


def test_back_takes_keys_and_tooltip_to_the_selection_it_brings_back(open_report: Open) -> None:
    record = make_record(layers=8)
    page = open_report(record)
    page.locator(".grid-scroller").focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.hash.includes('cell=0.0')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.hash.includes('cell=1.1')")
    page.evaluate("history.back()")
    page.wait_for_function("() => location.hash.includes('cell=0.0')")
    assert str(active(page)).startswith(cell_name(record, 0, 0))
    assert page.locator(".tip-layer").inner_text() == "layer 0 (embeddings)"
    page.keyboard.press("ArrowRight")
    assert str(active(page)).startswith(cell_name(record, 1, 0))


def test_back_leaves_no_tooltip_of_a_cell_that_the_pointer_chose(open_report: Open) -> None:
    page = open_report(make_record(layers=8))
    where = box(page, ".grid-scroller")
    page.mouse.click(where["x"] + 130, where["y"] + 40)
    page.wait_for_function("() => location.hash.includes('cell=')")
    page.mouse.click(where["x"] + 330, where["y"] + 64)
    page.wait_for_function("() => location.hash.includes('cell=2.1')")
    assert page.locator("#tooltip").is_visible()
    page.evaluate("history.back()")
    page.wait_for_function("() => !location.hash.includes('cell=2.1')")
    two_frames(page)
    assert not page.locator("#tooltip").is_visible()


def test_the_keys_stay_on_their_row_when_rows_above_it_are_folded(open_report: Open) -> None:
    record = make_record(layers=8)
    page = open_report(record)
    page.locator(".grid-scroller").focus()
    page.keyboard.press("Control+End")
    before = active(page)
    page.keyboard.press("f")
    two_frames(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    assert active(page) == before


def point_at(page: Page, selector: str, right: float, down: float) -> None:
    """Move the pointer to a place in an element, in parts of its width and height."""
    where = box(page, selector)
    page.mouse.move(where["x"] + right * where["width"], where["y"] + down * where["height"])
    two_frames(page)


@every_browser
def test_the_number_of_the_hovered_layer_stands_out(open_report: Open) -> None:
    page = open_report(make_record(layers=8), hash="#layer=4")
    head = page.locator(".grid-cross-head")
    for layer, shown in ((0, "0"), (2, "2"), (4, None), (7, "7")):
        point_at(page, ".grid-scroller", (104 + (layer + 0.5) * column(page)) / width(page), 0.15)
        assert (head.inner_text() if head.is_visible() else None) == shown
        if shown:
            assert abs(box(page, ".grid-cross-head")["x"] - box(page, "#grid-active")["x"]) <= 1
    point_at(page, "#header", 0.5, 0.5)
    assert not head.is_visible()


def width(page: Page) -> float:
    return float(box(page, ".grid-scroller")["width"])


def row(page: Page) -> float:
    """The height of a row: such that whole ones fill the window."""
    return float(
        page.locator(".grid-sheet").evaluate(
            "(e) => (e.offsetHeight - 26) / (e.closest('[role=grid]').ariaRowCount - 1)"
        )
    )


def column(page: Page) -> float:
    wide = "getComputedStyle(document.querySelector('.grid-view')).getPropertyValue('--column')"
    return float(page.evaluate(f"parseFloat({wide})"))


@pytest.mark.parametrize("rows", ["all", "text"])
def test_the_row_of_a_patch_that_is_out_of_sight_shows_under_the_layer_numbers(
    open_report: Open, rows: str
) -> None:
    record = make_record(layers=8, grid=(8, 8))
    page = open_report(record, hash=f"#rows={rows}")
    peek, canvas = page.locator(".grid-peek"), page.locator(".grid-canvas")
    assert not peek.is_visible() and peek.get_attribute("aria-hidden") == "true"
    before = canvas.evaluate("e => [e.toDataURL(), e.closest('.grid-scroller').scrollTop]")
    point_at(page, "#image-stage", 0.5, 0.9)
    position = int(page.locator(".tip-place").inner_text().rsplit(" ", 1)[1])
    assert position > 50
    assert box(page, ".grid-peek")["y"] == box(page, ".grid-scroller")["y"]
    painted = peek.evaluate(
        """(e, xs) => {
            const { data } = e.getContext("2d").getImageData(0, 46, e.width, 1);
            return xs.map((x) => `rgb(${[...data.slice(4 * x, 4 * x + 3)].join(" ")})`);
        }""",
        [104 + (layer + 1) * column(page) - 4 for layer in range(8)],
    )
    fills = scales()["light"]
    for layer, fill in enumerate(painted):
        step = round(float(record.top_probs[layer, position, 0]) * 255)
        assert fill in fills[max(0, step - 1) : step + 2], layer
    after = canvas.evaluate("e => [e.toDataURL(), e.closest('.grid-scroller').scrollTop]")
    assert after == before  # no row has moved
    point_at(page, ".grid-scroller", 0.5, 0.5)
    assert not peek.is_visible()


def test_a_row_that_can_be_seen_is_not_shown_twice(open_report: Open) -> None:
    page = open_report(make_record(layers=8, grid=(8, 8)))
    point_at(page, "#image-stage", 0.5, 0.9)
    assert page.locator(".grid-peek").is_visible()
    where = box(page, "#image-stage")
    page.mouse.click(where["x"] + 0.5 * where["width"], where["y"] + 0.9 * where["height"])
    two_frames(page)  # choosing it has brought its row into sight
    assert page.locator("#grid-active").is_visible()
    assert not page.locator(".grid-peek").is_visible()
    point_at(page, "#header", 0.5, 0.5)
    page.locator(".grid-scroller").evaluate("e => { e.scrollTop = 0; }")
    two_frames(page)
    assert page.locator(".grid-peek").is_visible()


def test_a_token_without_text_can_be_seen_and_is_exported_as_it_is(open_report: Open) -> None:
    record = make_record(layers=8, texts=["", "  "])
    record.top_ids[3, 0, 0], record.top_ids[4, 0, 0] = 0, 1
    record.input_ids[0] = 0
    page = open_report(record, hash="#cell=3.0")
    for layer, shown in ((3, "∅"), (4, "␣␣")):
        point_at(page, ".grid-scroller", (104 + (layer + 0.5) * column(page)) / width(page), 0.1)
        assert page.locator("#grid-active").inner_text() == shown
        assert str(active(page)).startswith(f"∅, layer {layer}: {shown}, ")
    assert page.locator(".grid-active-row [role=rowheader]").text_content() == "∅"
    page.locator("#data-menu .menu-button").click()
    with page.expect_download() as download:
        page.locator("#data-menu .menu-item").filter(has_text="Whole record, JSON").click()
    assert "∅" not in download.value.path().read_text()


WHERE_LETTERS_ARE = """() => {
  const text = document.querySelector("#tooltip li .token").firstChild;
  const left = (at) => {
    const range = document.createRange();
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    return range.getBoundingClientRect().left;
  };
  return ["י", "<", "x", ">"].map((letter) => left(text.data.indexOf(letter)));
}"""


def test_a_token_that_runs_both_ways_is_in_order_in_the_page_and_on_the_canvas(
    open_report: Open,
) -> None:
    record = make_record(layers=4, texts=["י<0xD7>"])
    record.top_ids[:, :, 0] = 0
    page = open_report(record, hash="#cell=3.0")
    point_at(page, ".grid-scroller", (104 + 2.5 * column(page)) / width(page), 0.1)
    places = page.evaluate(WHERE_LETTERS_ARE)
    assert places == sorted(places) and len(set(places)) == 4
    # what was painted is not in the page: paint again, and look at what the pen is given
    page.evaluate("""() => {
      const real = CanvasRenderingContext2D.prototype.fillText;
      globalThis.painted = [];
      CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        globalThis.painted.push(text);
        return real.call(this, text, ...rest);
      };
    }""")
    page.keyboard.press("t")  # another theme paints all anew
    two_frames(page)
    painted = {text for text in page.evaluate("globalThis.painted") if "י" in text}
    assert painted and all(text == "י\u2066<0xD7>\u2069" for text in painted)


def grid_rows(page: Page) -> int:
    return int(page.locator(".grid-scroller").get_attribute("aria-rowcount") or 0) - 1


def test_every_view_has_a_band_of_its_own_that_folds_it(open_report: Open) -> None:
    record = make_record(layers=8, views=5)  # of 16 patches each, after 3 tokens of text
    page = open_report(record)
    everything = len(record.input_ids) + 5
    assert grid_rows(page) == everything
    point_at(page, ".grid-scroller", 0.5, 0.5)
    where = box(page, ".grid-scroller")
    page.mouse.click(where["x"] + 20, where["y"] + 26 + 3.5 * row(page))
    two_frames(page)
    assert grid_rows(page) == everything - 16
    page.wait_for_function("() => location.hash.includes('folded=0')")
    page.mouse.click(where["x"] + 20, where["y"] + 26 + 4.5 * row(page))  # now the band of tile 1
    two_frames(page)
    assert grid_rows(page) == everything - 32
    fold = page.locator("button[name=folded]")
    assert fold.get_attribute("aria-pressed") == "false"
    page.keyboard.press("f")
    two_frames(page)
    assert fold.get_attribute("aria-pressed") == "true"
    assert grid_rows(page) == everything - 80
    page.locator(".grid-scroller").focus()
    page.keyboard.press("Control+Home")
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    said = page.locator("#announcer").text_content() or ""
    assert said.startswith("tile 1, 16 patches, folded.")
    page.keyboard.press("Enter")
    two_frames(page)
    assert grid_rows(page) == everything - 64


def test_switching_the_view_of_the_picture_brings_its_patches_into_sight(open_report: Open) -> None:
    record = make_record(layers=8, views=5)
    page = open_report(record)
    top = "document.querySelector('.grid-scroller').scrollTop"
    assert page.evaluate(top) == 0
    page.locator("select[name=view]").select_option("2")
    two_frames(page)
    assert page.evaluate(top) / row(page) == pytest.approx(
        3 + 2 * 17, abs=0.1
    )  # text, whole image, tile 1
    point_at(page, ".grid-scroller", 0.5, 60 / float(box(page, ".grid-scroller")["height"]))
    assert "tile 2 · row 0, column 0" in page.locator(".tip-place").inner_text()
    page.locator("select[name=view]").select_option("-1")
    two_frames(page)
    assert page.evaluate(top) / row(page) == pytest.approx(3 + 17, abs=0.1)
    page.evaluate("location.hash = 'cell=2.70&view=1'")  # a chosen cell matters more
    two_frames(page)
    assert page.locator(".grid-chosen").is_visible()
    where, chosen = box(page, ".grid-scroller"), box(page, ".grid-chosen")
    assert where["y"] < chosen["y"] < where["y"] + where["height"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_thumbnail_fills_its_row_and_has_no_frame(open_report: Open, theme: str) -> None:
    page = open_report(make_record(), hash=f"#rows=image&theme={theme}")
    sides: list[int] = page.locator(".grid-canvas").evaluate(
        """(e) => {
            const { data } = e.getContext("2d").getImageData(0, 26, 23, 23);
            return Array.from({ length: 23 * 23 }, (_, n) => data[4 * n] + data[4 * n + 2]);
        }"""
    )
    # red and blue of every pixel of the picture add up to 255; those of no frame do
    assert max(abs(both - 255) for both in sides) <= 3


@every_browser
def test_the_cells_reach_to_the_scroll_bars_and_these_are_narrow(open_report: Open) -> None:
    """Where bars take room, that is no blank strip beside the cells."""
    page = open_report(make_record(layers=33, grid=(16, 16)), hash="#pins=5.30,8.40")
    room = page.locator(".grid-scroller").evaluate(
        """(e) => {
            const { width, height } = e.querySelector(".grid-canvas").getBoundingClientRect();
            return {
                bars: [e.offsetWidth - e.clientWidth, e.offsetHeight - e.clientHeight],
                blank: [e.clientWidth - width, e.clientHeight - height],
                looks: getComputedStyle(e).scrollbarColor,
            };
        }"""
    )
    assert max(room["bars"]) <= 8 and room["looks"] != "auto"
    assert room["blank"] == pytest.approx([0, 0], abs=1)


@every_browser
def test_the_last_layer_is_always_in_sight_and_answers_there(open_report: Open) -> None:
    record = make_record(layers=33)
    page = open_report(record, hash="#layer=5")
    scroller = page.locator(".grid-scroller")
    right = 1 - 0.5 * column(page) / width(page)
    for part in (0, 0.4, 1):
        scroller.evaluate("(e, p) => { e.scrollLeft = (e.scrollWidth - e.clientWidth) * p; }", part)
        two_frames(page)
        point_at(page, ".grid-scroller", right, 0.15)
        assert str(active(page)).startswith(cell_name(record, 32, 1)), part
        cell, grid = box(page, "#grid-active"), box(page, ".grid-scroller")
        room = scroller.evaluate("(e) => e.clientWidth")  # without a scroll bar
        assert abs(cell["x"] + cell["width"] - grid["x"] - room) <= 1
        point_at(page, ".grid-scroller", right, 0.02)  # its number, too
        assert page.locator("#tooltip").is_hidden()
    before = scroller.evaluate("e => { e.scrollLeft = 0; return e.scrollLeft; }")
    scroller.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("End")
    assert str(active(page)).startswith(cell_name(record, 32, 0))
    assert page.locator("#grid-active").get_attribute("aria-colindex") == "34"
    assert scroller.evaluate("e => e.scrollLeft") == before  # it was in sight
    page.keyboard.press("ArrowLeft")
    assert str(active(page)).startswith(cell_name(record, 31, 0))
    cell = box(page, "#grid-active")
    assert cell["x"] + cell["width"] <= box(page, ".grid-scroller")["x"] + width(page) * right
    page.locator(".grid-canvas").click(position={"x": width(page) - 20, "y": 10})
    page.wait_for_function("() => location.hash.includes('layer=32')")


def moving_room(page: Page) -> float:
    """What the columns before the last one have, which stands apart."""
    fit = (width(page) - 104 - 18) // 68
    return (fit - 1) * column(page)


@pytest.mark.parametrize("size", [(1100, 700), (1280, 800), (1440, 900), (1920, 1080)])
def test_the_grid_opens_with_whole_cells_up_to_the_last_layer(
    open_report: Open, size: tuple[int, int]
) -> None:
    record = make_record(layers=33, grid=(16, 16))
    record.top_probs[28] = np.sort(record.top_probs[28] + 0.3)[..., ::-1].clip(0, 1)
    page = open_report(record, size=size)
    assert page.locator(".player-layer").inner_text() == "layer 28"
    scroller = page.locator(".grid-scroller")
    left, top, most, tall = scroller.evaluate(
        "(e) => [e.scrollLeft, e.scrollTop, e.scrollWidth - e.clientWidth, e.clientHeight - 26]"
    )
    assert top == 0 and left == most, "the layers up to the last"
    assert abs(tall / row(page) - round(tall / row(page))) < 0.01, "whole rows"
    fit = (width(page) - 104 - 18) // 68
    seen = []
    for x in (width(page) - 104 - 5, moving_room(page) - 5):
        point_at(page, ".grid-scroller", (104 + x) / width(page), 0.1)
        seen.append(active(page))
    last, before = seen
    assert ["layer 32" in str(last), "layer 31" in str(before)] == [True, True]
    point_at(page, ".grid-scroller", (104 + 2) / width(page), 0.1)
    first = box(page, "#grid-active")
    assert abs(first["x"] + 1 - box(page, ".grid-scroller")["x"] - 104) <= 1
    assert f"layer {32 - int(fit) + 1}" in str(active(page))
    # between the two, where the last stands apart, is no cell
    gap = moving_room(page) + 8
    point_at(page, ".grid-scroller", (104 + gap) / width(page), 0.1)
    assert not page.locator("#grid-active").is_visible()


@every_browser
def test_a_span_of_layers_is_dragged_over_the_curve_and_makes_all_layers_fit(
    open_report: Open,
) -> None:
    record = make_record(layers=33)
    page = open_report(record, hash="#layer=20")
    shown = page.locator(".grid-scroller")
    assert shown.get_attribute("aria-colcount") == "34"
    curve = box(page, ".player-means")
    at = [curve["x"] + curve["width"] * layer / 32 for layer in (8, 24)]
    page.mouse.move(at[0], curve["y"] + 10)
    page.mouse.down()
    page.mouse.move(at[1], curve["y"] + 10, steps=4)
    page.mouse.up()
    page.wait_for_function("() => location.hash.includes('span=8-24')")
    assert shown.get_attribute("aria-colcount") == str(17 + 1 + 1), "and the last layer"
    page.locator(".grid-layers").select_option("4")
    page.wait_for_function("() => decodeURIComponent(location.hash).includes('span=8-24/4')")
    assert shown.get_attribute("aria-colcount") == "7"
    shown.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+Home")
    said = []
    for _ in range(6):
        said.append(str(active(page)).split(":")[0].split(", ")[-1])
        page.keyboard.press("ArrowRight")
    assert said == [f"layer {n}" for n in (8, 12, 16, 20, 24, 32)]
    page.locator(".player-means").dblclick()
    page.locator(".grid-layers").select_option("fit")
    two_frames(page)
    assert shown.evaluate("(e) => e.scrollWidth <= e.clientWidth"), "all fit"
    again = open_report(record, hash="#layer=20&span=8-24/4")
    assert again.locator(".grid-scroller").get_attribute("aria-colcount") == "7"


def test_rows_are_sorted_and_pieces_of_words_dimmed_on_request(open_report: Open) -> None:
    record = make_record(layers=8, grid=(4, 4))
    page = open_report(record, hash="#layer=5")
    places = np.flatnonzero(record.position_kind == 1)
    sure = np.array([float(f"{p:.2e}") for p in record.top_probs[5, places, 0]])
    wanted = [int(t) for t in places[np.argsort(-sure, kind="stable")]]
    page.locator("select[name=order]").select_option("surest")
    seen = []
    for n in range(8):
        where = box(page, ".grid-scroller")
        page.mouse.move(where["x"] + 40, where["y"] + 26 + (4.5 + n) * row(page))
        two_frames(page)
        seen.append(int(page.locator(".tip-place").inner_text().rsplit(" ", 1)[1]))
    assert seen == wanted[:8]
    page.mouse.move(2, 2)
    canvas = page.locator(".grid-canvas")
    before = canvas.evaluate("e => e.toDataURL()")
    page.locator("button[name=wholeWords]").click()
    page.wait_for_function("() => location.hash.includes('whole=1')")
    two_frames(page)
    assert canvas.evaluate("e => e.toDataURL()") != before
    assert "order=surest" in page.evaluate("location.hash")


def test_what_passes_beneath_the_last_layer_is_hidden_by_it(open_report: Open) -> None:
    """The selection of a column that is scrolled below the last one."""
    record = make_record(layers=33)
    page = open_report(record, hash="#layer=5&cell=5.1")
    grid = box(page, ".grid-scroller")
    edge = grid["x"] + 104 + moving_room(page)
    layer = int((edge - grid["x"] - 104) // column(page))  # partly beneath
    page.evaluate(f"location.hash = 'layer={layer}&cell={layer}.1'")
    two_frames(page)
    page.locator(".grid-scroller").evaluate("e => { e.scrollLeft = 0; }")
    two_frames(page)
    under = box(page, ".grid-chosen")
    assert under["x"] < edge < under["x"] + under["width"]
    cut = page.locator(".grid-chosen").evaluate("e => getComputedStyle(e).clipPath")
    assert abs(float(cut.split()[1].removesuffix("px")) - (under["x"] + under["width"] - edge)) <= 3
