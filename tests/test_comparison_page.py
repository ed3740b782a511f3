"""The page of a comparison: what it shows is what the records hold."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from browsing import TIMEOUT, note_complaints, saved, serious_barriers, shown, two_frames
from PIL import Image
from playwright.sync_api import Browser, Page
from records import hostile_record, make_record

from logit_lens.comparing.carried import carried, carry
from logit_lens.comparing.difference import Comparison, Exact, compare
from logit_lens.page.comparison import (
    COMPARISON_SCRIPT,
    COMPARISON_STYLES,
    build_comparison,
    render_comparison,
    write_comparison,
)
from logit_lens.page.inline import packed_script, source
from logit_lens.record import IMAGE, LensRecord, load_record

OpenPair = Callable[..., Page]
PANELS = ("a", "b", "difference", "parting")


@pytest.fixture
def open_pair(browser: Browser, tmp_path: Path) -> Iterator[OpenPair]:
    """Open a comparison. Afterwards: no error was logged, nothing was asked of anyone."""
    complaints: list[str] = []
    contexts = []

    def open_(
        pair: Comparison, hash: str = "", size: tuple[int, int] = (1280, 800), **options: Any
    ) -> Page:
        path = tmp_path / "pair.html"
        write_comparison(pair, path)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        note_complaints(page, path, complaints)
        page.goto(path.as_uri() + hash)
        page.wait_for_selector('html[data-state="ready"]')
        two_frames(page)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def two(**options: Any) -> tuple[LensRecord, LensRecord]:
    """Two records of one text; the second one's picture has another name."""
    options = {"layers": 6, "grid": (6, 6), **options}
    a, b = make_record(seed=1, **options), make_record(seed=2, **options)
    image = b.meta["image"] | {"name": "other.png"}
    return a, replace(b, input_ids=a.input_ids, meta=b.meta | {"image": image})


def exact_pair(**options: Any) -> Comparison:
    a, b = two(**options)
    random = np.random.default_rng(3)
    kl = random.exponential(1, a.entropy.shape).astype("f")
    return carried(carry(a, b, Exact(kl, random.uniform(0, 1, a.entropy.shape).astype("f"))))


def canvas_of(page: Page, panel: str) -> Any:
    return page.locator(f'.pair-map[data-panel="{panel}"] canvas')


def point_at(page: Page, panel: str, patch: int, columns: int = 6) -> None:
    box = canvas_of(page, panel).bounding_box()
    row, column = divmod(patch, columns)
    side = box["width"] / columns
    page.mouse.move(box["x"] + (column + 0.5) * side, box["y"] + (row + 0.5) * side)
    two_frames(page)


def values_at(page: Page) -> list[str]:
    return [page.locator(f'.pair-map[data-panel="{p}"] .pair-value').inner_text() for p in PANELS]


def test_one_pointer_moves_in_all_maps_and_their_numbers_are_the_records(
    open_pair: OpenPair,
) -> None:
    pair = exact_pair()
    page = open_pair(pair, "#layer=3&measure=entropy")
    image = np.flatnonzero(pair.a.position_kind == IMAGE)
    for panel, patch in (("a", 0), ("b", 14), ("difference", 35), ("parting", 8)):
        point_at(page, panel, patch)
        t = image[patch]
        a, b, change, parting = values_at(page)
        assert a == f"{shown(pair.a.entropy[3, t])} nats"
        assert b == f"{shown(pair.b.entropy[3, t])} nats"
        value = pair.cells.entropy[3, t]
        assert change == f"{'+' if value > 0 else '-'}{shown(abs(value))} nats"
        first = pair.parting()[t]
        assert parting == ("never" if first < 0 else f"layer {first}")


def test_the_tooltip_has_both_columns_of_tokens_and_what_sets_them_apart(
    open_pair: OpenPair,
) -> None:
    pair = exact_pair()
    page = open_pair(pair, "#layer=4")
    point_at(page, "a", 9)
    t = np.flatnonzero(pair.a.position_kind == IMAGE)[9]
    for side, record in (("a", pair.a), ("b", pair.b)):
        lines = page.locator(f'#tooltip [data-side="{side}"] li')
        assert lines.count() == 5
        for rank, (text, p) in enumerate(record.top(4, int(t))):
            words = lines.nth(rank).locator("span").all_inner_texts()
            assert words == [text, shown(p)]
    facts = dict(
        zip(
            page.locator("#tooltip dt").all_inner_texts(),
            page.locator("#tooltip dd").all_inner_texts(),
            strict=True,
        )
    )
    assert pair.cells.kl is not None
    assert facts["total variation"] == shown(pair.cells.variation[4, t])
    assert facts["KL(A ‖ B)"] == f"{shown(pair.cells.kl[4, t])} nats"
    assert facts["top tokens shared"] == shown(pair.cells.shared[4, t])


def test_a_bound_is_called_a_bound(open_pair: OpenPair) -> None:
    a, b = two()
    page = open_pair(compare(a, b), "#layer=5")
    assert "at least" in page.locator("#measure option").first.inner_text()
    assert "KL" not in page.locator("#measure").inner_text()
    point_at(page, "a", 3)
    values = values_at(page)
    assert values[2].startswith("≥ ")
    assert re.fullmatch(r"by layer \d|never, as far as is known", values[3])


def test_d_turns_the_grid_from_the_difference_to_a_and_b(open_pair: OpenPair) -> None:
    pair = exact_pair()
    page = open_pair(pair, "#layer=2")
    for expected in ("a", "b", "difference"):
        page.keyboard.press("d")
        two_frames(page)
        pressed = page.locator('.segments [aria-pressed="true"]')
        assert pressed.get_attribute("data-side") == expected
    page.keyboard.press("d")
    page.wait_for_url(re.compile("shown=a"))
    painted = written_in_the_grid(page)
    top = [pair.a.token(i) for i in pair.a.top_ids[0, :2, 0]]
    assert {text.replace("▁", "·") for text in top} <= set(painted)


def written_in_the_grid(page: Page) -> list[str]:
    words: list[str] = page.evaluate(
        """async () => {
            const words = [];
            const write = CanvasRenderingContext2D.prototype.fillText;
            CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
                words.push(text);
                return write.call(this, text, ...rest);
            };
            const frame = () => new Promise((done) => requestAnimationFrame(done));
            document.querySelector(".pair-scroll").dispatchEvent(new Event("scroll"));
            await frame(); await frame();
            CanvasRenderingContext2D.prototype.fillText = write;
            return words;
        }"""
    )
    return words


def test_a_cell_that_flips_says_both_words(open_pair: OpenPair) -> None:
    pair = exact_pair(layers=2)
    assert pair.cells.flip[0, 0]
    page = open_pair(pair)
    painted = written_in_the_grid(page)
    for record in (pair.a, pair.b):
        assert record.token(record.top_ids[0, 0, 0]).replace("▁", "·") in painted


def test_the_planted_difference_is_the_only_colour_on_its_map(open_pair: OpenPair) -> None:
    a = replace(make_record(layers=3, grid=(6, 6)), image=np.zeros(0, np.uint8))
    variation = np.zeros(a.entropy.shape, np.float32)
    image = np.flatnonzero(a.position_kind == IMAGE)
    variation[0, image[[14, 15, 20, 21]]] = 0.9
    pair = carried(carry(a, a, Exact(variation * 2, variation)))
    page = open_pair(pair, "#layer=0&theme=light")
    picture = Image.open(io.BytesIO(canvas_of(page, "difference").screenshot())).convert("RGB")
    side = picture.width / 6
    for patch in range(36):
        row, column = divmod(patch, 6)
        red, _, blue = picture.getpixel((int((column + 0.5) * side), int((row + 0.5) * side)))  # type: ignore[misc]
        if patch in (14, 15, 20, 21):
            assert red > blue + 80, patch
        else:
            assert min(red, blue) > 245, patch


def test_both_answers_stand_word_beside_word(open_pair: OpenPair) -> None:
    a, b = two(answer=3, tracked=5)
    ids = a.input_ids.copy()
    ids[-3:] = [1, 3, 5]
    other = ids.copy()
    other[-3:] = [1, 7, 5]
    pair = compare(replace(a, input_ids=ids), replace(b, input_ids=other))
    page = open_pair(pair)
    columns = page.locator(".answer-column")
    said = [
        [columns.nth(n).locator("button").nth(k).inner_text() for k in (0, 1)]
        for n in range(columns.count())
    ]
    assert said == [["word1", "word1"], ["word3", "word7"], ["word5", "word5"]]
    assert page.locator(".answer-column.unlike").count() == 1
    columns.nth(1).locator("button").first.click()
    page.wait_for_url(re.compile("measure=prob%3A3"))
    assert page.locator("#measure option:checked").inner_text() == "probability of ·word3"


def test_what_has_no_partner_says_so(open_pair: OpenPair) -> None:
    a, b = two(grid=(6, 6))
    boxes = b.patch_boxes.copy()
    lost = np.flatnonzero(b.position_kind == IMAGE)[7]
    boxes[lost] = [0, 0, 1, 1]
    page = open_pair(compare(a, replace(b, patch_boxes=boxes)), "#layer=1")
    point_at(page, "a", 7)
    assert values_at(page)[1:] == ["no partner"] * 3
    assert page.locator('#tooltip [data-side="b"] p').is_visible()
    assert page.locator("#tooltip dd").first.inner_text() == "only in A"


def test_layers_that_meet_by_depth_are_said_to(open_pair: OpenPair) -> None:
    page = open_pair(compare(make_record(layers=5), make_record(layers=9, seed=2)), "#layer=2")
    assert "relative depth" in page.locator("#notes").inner_text()
    assert page.locator(".layers-now").inner_text() == "2|4"


def test_figure_and_table_can_be_taken_away(open_pair: OpenPair, tmp_path: Path) -> None:
    pair = exact_pair()
    page = open_pair(pair, "#layer=3")
    svg = ElementTree.parse(saved(page, "figure-menu", "difference, SVG", tmp_path))
    texts = ["".join(node.itertext()) for node in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"A  scene.png", "B  other.png", "difference", "where they part"} <= set(texts)
    assert any(text.startswith("B: Logit lens of") and "other.png" in text for text in texts)
    assert len(list(svg.iter("{http://www.w3.org/2000/svg}image"))) == 4
    png = Image.open(saved(page, "figure-menu", "difference, PNG", tmp_path))
    assert png.width > 3000 and png.height > 1000
    table = saved(page, "data-menu", "This layer, CSV", tmp_path).read_text("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(table)))
    assert len(lines) == len(pair.a.input_ids)
    for m, line in enumerate(lines):
        assert float(line["total_variation"]) == pytest.approx(pair.cells.variation[3, m], rel=6e-3)
        assert int(line["flips"]) == pair.cells.flip[3, m]


def test_text_of_others_is_only_ever_text(open_pair: OpenPair) -> None:
    nasty = hostile_record()
    page = open_pair(compare(nasty, nasty))
    page.keyboard.press("d")
    point_at(page, "a", 5, 4)
    assert page.evaluate("window.hacked") is None


def test_a_picture_that_both_have_is_in_the_page_once(open_pair: OpenPair) -> None:
    a, _ = two()
    page = open_pair(compare(a, replace(a, meta=a.meta | {"model": "tests/tuned"})), "#layer=1")
    assert page.locator("img").count() == 1
    names = page.locator(".pair-name").all_inner_texts()
    assert names == ["tests/tiny-llava", "tests/tuned", "", ""]
    faint = Image.open(io.BytesIO(canvas_of(page, "b").screenshot())).convert("RGB").getcolors()
    assert faint is None or len(faint) > 50  # the picture is under the colours


def test_the_layer_on_the_maps_is_in_sight_in_the_grid(open_pair: OpenPair) -> None:
    page = open_pair(exact_pair(layers=40, grid=(3, 3)), "#layer=38")
    assert "38" in written_in_the_grid(page)
    page.evaluate("location.hash = '#layer=2'")
    two_frames(page)
    two_frames(page)
    assert "2" in written_in_the_grid(page)


def test_rows_are_listed_the_furthest_apart_first_at_the_layer_shown(open_pair: OpenPair) -> None:
    pair = exact_pair(tracked=0)
    page = open_pair(pair, "#layer=3&rows=image")
    page.select_option("#row-order", "apart")
    page.wait_for_url(re.compile("order=apart"))
    patches = np.flatnonzero(pair.a.position_kind == IMAGE)
    for layer in (3, 5):
        page.evaluate(f"location.hash = '#layer={layer}&rows=image&order=apart'")
        two_frames(page)
        listed = [text for text in written_in_the_grid(page) if text.startswith("patch ")]
        apart = pair.cells.variation[layer, patches]
        expected = [f"patch {n}" for n in np.argsort(-apart, kind="stable")]
        assert len(listed) > 5 and listed == expected[: len(listed)]


def test_on_paper_it_is_light_and_the_grid_as_wide_as_the_paper(open_pair: OpenPair) -> None:
    page = open_pair(exact_pair(layers=33), "#theme=dark")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 720, "height": 1000})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("html").get_attribute("data-theme") == "light"
    for hidden in (".actions", "#toolbar .segments", ".layers-track input"):
        assert page.locator(hidden).is_hidden()
    two_frames(page)
    # the printer lays out what was drawn for the window, and no script is asked again
    canvas = page.evaluate(
        """() => {
            const canvas = document.querySelector(".pair-sheet canvas");
            canvas.style.width = "3000px";
            const { x, width } = canvas.getBoundingClientRect();
            return { x, width };
        }"""
    )
    assert canvas["x"] >= 0 and canvas["x"] + canvas["width"] <= 720
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_it_prints_on_one_sheet(open_pair: OpenPair) -> None:
    page = open_pair(exact_pair(layers=33, grid=(24, 24), answer=12))
    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert len(sheets) == 1


def test_text_alone_has_a_grid_and_no_maps(open_pair: OpenPair) -> None:
    a, b = two(grid=(0, 0))
    page = open_pair(compare(a, b))
    assert page.locator("#pair-maps").is_hidden()
    assert page.locator(".pair-scroll").is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_bars_the_way(open_pair: OpenPair, theme: str) -> None:
    page = open_pair(exact_pair(), f"#theme={theme}")
    assert serious_barriers(page) == []


@pytest.mark.parametrize("size", [(1280, 800), (1440, 900)])
def test_nothing_is_cut_and_the_page_does_not_scroll(
    open_pair: OpenPair, size: tuple[int, int]
) -> None:
    page = open_pair(exact_pair(layers=33, grid=(24, 24), answer=12), size=size)
    assert page.evaluate("document.documentElement.scrollHeight") <= size[1]
    for panel in PANELS:
        box = canvas_of(page, panel).bounding_box()
        assert box["width"] > 150 and box["x"] >= 0 and box["x"] + box["width"] <= size[0]
    grid = page.locator(".pair-scroll").bounding_box()
    assert grid is not None and grid["y"] + grid["height"] <= size[1] and grid["height"] > 150


def test_the_keys_move_in_the_grid_and_say_where(open_pair: OpenPair) -> None:
    pair = exact_pair()
    page = open_pair(pair, "#layer=1&shown=difference")
    page.locator(".pair-scroll").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    page.wait_for_url(re.compile("cell=2.2"))
    said = page.locator("#announcer").inner_text()
    assert said.endswith(shown(pair.cells.variation[2, 2])) and "layer 2" in said


def test_a_report_of_one_record_carries_nothing_of_it() -> None:
    from logit_lens.page.report import SCRIPT, STYLES

    assert "pair-map" not in str(source(*STYLES))
    own = len(str(source(*COMPARISON_STYLES)).encode()) + len(packed_script(COMPARISON_SCRIPT)[0])
    assert own < 80_000  # what a comparison's page carries instead
    assert packed_script(SCRIPT) != packed_script(COMPARISON_SCRIPT)


def test_a_page_of_numbers_that_were_not_recorded_can_be_shown() -> None:
    a, b = two(statistics=False, tracked=0)
    info, blocks = build_comparison(compare(a, b))
    names = {block["name"] for block in blocks}
    assert not names & {"entropy_change", "prob_change", "divergence", "a_entropy"}
    json.dumps(info, allow_nan=False)
    assert "What differs" in render_comparison(compare(a, b))


def test_two_files_make_a_page(command: Any, tmp_path: Path) -> None:
    a, b = two()
    a.save(tmp_path / "a.npz")
    b.save(tmp_path / "b.npz")
    code, out, err = command("--compare", "a.npz", "b.npz")
    assert (code, out, err) == (0, ["a_against_b.html"], [])
    code, out, _ = command("--compare", "a.npz", "b.npz", "--output", "pages/")
    assert out == ["pages/a_against_b.html"] and Path(out[0]).exists()


def test_what_cannot_be_compared_is_one_line_with_its_exit_code(
    command: Any, tmp_path: Path
) -> None:
    a, b = two(layers=6)
    texts = b.token_text.copy()
    texts[5] = "▁else"
    replace(b, token_text=texts).save(tmp_path / "other_words.npz")
    a.save(tmp_path / "a.npz")
    names = ("top_ids", "top_probs", "entropy", "kl", "tracked_probs", "tracked_ranks")
    for name, rows in (("even", [0, 2, 5]), ("odd", [1, 3, 5])):
        kept = {key: getattr(a, key)[rows] for key in ("layers", *names)}
        replace(a, **kept).save(tmp_path / f"{name}.npz")
    with np.load(tmp_path / "a.npz") as archive:
        arrays = dict(archive)
    meta = json.loads(str(arrays["meta"])) | {"format": "logit-lens/9"}
    np.savez(tmp_path / "newer.npz", **(arrays | {"meta": np.array(json.dumps(meta))}))
    (tmp_path / "link.npz").symlink_to(tmp_path / "a.npz")
    (tmp_path / "text.npz").write_text("hello")
    for flags, expected, says in (
        (["a.npz", "other_words.npz"], 1, "different vocabularies: id 5 is"),
        (["even.npz", "odd.npz"], 1, "no layer in common but the last, 5"),
        (["a.npz", "newer.npz"], 1, "format 'logit-lens/9'"),
        (["a.npz", "none.npz"], 1, "there is no such file"),
        (["a.npz", "text.npz"], 1, "cannot read text.npz"),
        (["a.npz", "a.npz"], 2, "the same file twice"),
        (["a.npz", "link.npz"], 2, "the same file twice"),
        (["a.npz", "b.npz", "--demo"], 2, "--compare needs two records"),
    ):
        code, out, err = command("--compare", *flags)
        assert (code, out, len(err)) == (expected, [], 1), (flags, err)
        assert err[0].startswith("error: ") and says in err[0], err
    assert load_record(tmp_path / "a.npz").meta["model"]
