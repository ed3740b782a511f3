"""Finding a word in a real browser: from which layer, where, and from place to place."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from browsing import Open, every_browser, may_stall, shown, two_frames
from playwright.sync_api import Page, Position
from records import make_record

from logit_lens.record import IMAGE, LensRecord

pytestmark = may_stall
TOWER, HARBOUR, BOAT = 120, 121, 122
SIDE = 8
# (layer, row, column, rank, p): a tower of five patches, two that go with it, one on the pavement
PLANTS = [
    *((layer, row, 2, 0, 0.2 * layer) for layer in (3, 4) for row in (1, 2, 3)),
    *((4, row, 3, 0, 0.7) for row in (2, 3)),
    *((4, 5, column, 0, 0.3) for column in (5, 6)),
    (4, 7, 0, 0, 0.99),
    (3, 7, 0, 2, 0.02),
    (1, 0, 7, 0, 0.15),
    (5, 2, 2, 2, 0.04),
]


def planted_record(plants: list[tuple[int, int, int, int, float]]) -> LensRecord:
    """Seven layers, 8 × 8 patches; `▁tower` where it is planted and nowhere else."""
    record = make_record(layers=7, grid=(SIDE, SIDE), text=4, answer=0, k=4, tracked=0)
    first = int(np.flatnonzero(record.position_kind == IMAGE)[0])
    ids, probs = record.top_ids.copy(), record.top_probs.copy()
    probs[:, :, 0] = np.clip(probs[:, :, 0], 0.05, 0.6)  # none as sure as the planted ones
    probs = -np.sort(-probs, -1)
    for layer, row, column, rank, p in plants:
        cell = layer, first + row * SIDE + column
        ids[cell][rank] = TOWER
        probs[cell] = [p, p / 20, p / 40, p / 80] if rank == 0 else [0.3, 0.1, p, p / 2]
    return replace(
        record,
        top_ids=ids,
        top_probs=probs,
        token_ids=np.arange(123, dtype=np.int32),
        token_text=np.array([*record.token_text, "▁tower", "▁harbour", "▁boat"]),
    )


def parts(mask: np.ndarray) -> np.ndarray:
    """Number every connected part of a mask (row, column), corners connect; 0 elsewhere.

    Every patch takes the largest number around it, until nothing changes.
    """
    numbers = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        wide = np.pad(numbers, 1)
        around = [
            wide[y : y + mask.shape[0], x : x + mask.shape[1]] for y in range(3) for x in range(3)
        ]
        grown = np.where(mask, np.max(around, 0), 0)
        if (grown == numbers).all():
            return numbers
        numbers = grown


def story(record: LensRecord, token: int) -> str:
    """The sentence about a token, from the record itself."""
    image = record.position_kind == IMAGE
    here = record.top_ids[:, image] == token  # (layer, patch, rank)
    k = here.shape[-1]
    count, on_top = here.any(-1).sum(1), here[:, :, 0].sum(1)
    p = (here * record.top_probs[:, image]).sum(-1)  # (layer, patch)
    strong = here.any(-1) & (p >= 0.1 * p.max())
    peak = int((p * strong).sum(1).argmax())
    read = spell(count > 0, peak)
    top = f"on top from {spell(on_top > 0, peak)}" if on_top.any() else "never on top"
    places = len(np.unique(parts(strong[peak].reshape(SIDE, -1)))) - 1
    size = strong[peak].sum()
    where = "a lone patch" if size == 1 else f"{size} patches in {places} place"
    where += "s" if places > 1 else ""
    last = int(np.flatnonzero(count)[-1])
    end = f"still there at {last}" if last == len(count) - 1 else f"gone by {last + 1}"
    begin = (
        f"layer {read}" if int(np.flatnonzero(count)[0]) else read.replace("0", "the embeddings", 1)
    )
    return f"In the top {k} from {begin}, {top}, strongest at {peak}: {where}; {end}."


def spell(there: np.ndarray, peak: int) -> str:
    """First layer, and the unbroken run around the peak where that is not all."""
    layers = np.flatnonzero(there)
    runs = np.split(layers, np.flatnonzero(np.diff(layers) > 1) + 1)
    run = max((run for run in runs if run[0] <= peak), key=lambda run: run[0], default=runs[0])
    if len(runs) == 1:
        return str(layers[0])
    steady = f"alone at {run[0]}" if len(run) == 1 else f"steadily {run[0]}–{run[-1]}"
    return f"{layers[0]} ({steady})"


def find(page: Page, word: str) -> None:
    page.keyboard.press("/")
    page.keyboard.type(word)
    page.wait_for_selector("#find-list li.active")
    page.keyboard.press("Enter")
    two_frames(page)


def chosen_cell(page: Page, record: LensRecord) -> tuple[int, int, int]:
    """Layer, row and column of the selected patch."""
    page.wait_for_function("() => location.hash.includes('cell=')")
    page.wait_for_timeout(350)
    cell = page.evaluate("/cell=([^&]+)/.exec(location.hash)[1]").split(".")
    patch = int(cell[1]) - int(np.flatnonzero(record.position_kind == IMAGE)[0])
    return int(cell[0]), *divmod(patch, SIDE)


@every_browser
def test_one_step_after_typing_a_word_its_place_and_layer_are_shown(open_report: Open) -> None:
    record = planted_record(PLANTS)
    page = open_report(record)
    page.keyboard.press("/")
    page.keyboard.type("tower")
    page.wait_for_selector("#find-list li.active")
    page.keyboard.press("Enter")  # the one step
    two_frames(page)
    assert page.locator(".finding-sentence").inner_text() == story(record, TOWER)
    assert page.locator(".place-here strong").inner_text() == "place 1 of 4"
    assert page.locator(".place-here").inner_text().split("\n")[-1] == "layer 4 · 5 patches"
    assert page.locator(".image-frame").get_attribute("data-layer") == "4"
    # on the tower, not on the surer patch of the pavement
    assert chosen_cell(page, record)[:2] == (4, 1)


@pytest.mark.parametrize("seed", range(6))
def test_the_sentence_is_the_record(open_report: Open, seed: int) -> None:
    random = np.random.default_rng(seed)
    plants = []
    for layer in np.flatnonzero(random.random(7) < 0.7):
        for patch in random.choice(SIDE * SIDE, int(random.integers(1, 20)), replace=False):
            rank = int(random.choice([0, 2]))
            p = random.uniform(0.1, 0.9) if rank == 0 else random.uniform(0.001, 0.09)
            plants.append((int(layer), int(patch) // SIDE, int(patch) % SIDE, rank, float(p)))
    record = planted_record(plants)
    page = open_report(record, hash=f"#tokens={TOWER}")
    assert page.locator(".finding-sentence").inner_text() == story(record, TOWER)
    counts = (record.top_ids == TOWER).any(-1).sum(1)
    assert page.locator(".curve-read").count() == (counts > 0).sum()
    assert page.locator(".finding-curve svg text").first.text_content() == str(counts.max())


@every_browser
def test_n_walks_the_places_by_what_they_add_up_to(open_report: Open) -> None:
    record = planted_record(PLANTS)
    page = open_report(record, hash=f"#tokens={TOWER}")
    assert page.locator(".place-here strong").inner_text() == "4 places"
    walked = []
    for _ in range(4):
        page.keyboard.press("n")
        two_frames(page)
        name, place = page.locator(".place-here").inner_text().split("\n")
        walked.append((name, place, chosen_cell(page, record)))
    assert [one[0] for one in walked] == [
        "place 1 of 4",
        "lone patch 2 of 4",
        "place 3 of 4",
        "lone patch 4 of 4",
    ]
    assert walked[0][1] == "layer 4 · 5 patches"
    assert [one[2] for one in walked][1] == (4, 7, 0)
    assert walked[2][2][:2] == (4, 5) and walked[3][2] == (1, 0, 7)
    page.keyboard.press("n")
    two_frames(page)
    assert page.locator(".place-here strong").inner_text() == "place 1 of 4"
    page.keyboard.press("Shift+N")
    two_frames(page)
    assert page.locator(".place-here strong").inner_text() == "lone patch 4 of 4"
    page.locator(".place-before").click()
    two_frames(page)
    assert page.locator(".place-here strong").inner_text() == "place 3 of 4"


@every_browser
def test_one_step_shows_the_surest_patches_of_a_layer(open_report: Open) -> None:
    """The step is to show the layer; its words are listed by the surest patch of each."""
    record = planted_record(PLANTS)
    page = open_report(record, hash="#layer=3")
    page.keyboard.press("]")  # the one step
    two_frames(page)
    image = record.position_kind == IMAGE
    tokens, p = record.top_ids[4, image, 0], record.top_probs[4, image, 0]
    words: dict[int, float] = {}
    for n in np.argsort(-p, kind="stable"):
        words.setdefault(int(tokens[n]), float(p[n]))
    listed = page.locator(".sure-place")
    assert page.locator(".finding-title").inner_text() == "Surest at layer 4"
    assert listed.count() >= 6
    for button, (token, most) in zip(listed.all(), words.items(), strict=False):
        assert button.locator(".token").text_content() == record.token(token)
        times = int((tokens == token).sum())
        number = shown(most) + (f" ×{times}" if times > 1 else "")
        assert button.locator(".number").text_content() == number
    listed.first.click()
    two_frames(page)
    assert page.locator(".finding-sentence").inner_text() == story(record, TOWER)
    assert chosen_cell(page, record) == (4, 7, 0)
    assert page.locator(".place-here strong").inner_text() == "lone patch 2 of 4"


def test_the_three_first_questions_are_answered_within_a_second(open_report: Open) -> None:
    """Where and from which layer, what is surest at a layer, two patches side by side.

    At the size of a real record; the best of three tries, which is the page's own time.
    """
    probe = (Path(__file__).parents[1] / "scripts/benchmarking/probe.js").read_text("utf-8")
    record = make_record(layers=33, grid=(24, 24), k=5, vocabulary=3000, answer=0, tracked=0)
    page = open_report(record, init=probe)
    image = np.flatnonzero(record.position_kind == IMAGE)

    def seconds(event: str, act: Callable[[], None]) -> float:
        page.evaluate("(kind) => probe.expect(kind)", event)
        act()
        return float(page.evaluate("probe.soon(probe.answer)")) / 1000

    where, surest, beside = [], [], []
    for n in range(3):
        page.evaluate("location.hash = 'layer=25'")
        two_frames(page)
        surest.append(seconds("keydown", lambda: page.keyboard.press("]")))  # one step
        assert page.locator(".finding-title").inner_text() == "Surest at layer 26"
        page.keyboard.press("/")
        page.keyboard.type(f"word{n + 1}")
        page.wait_for_selector("#find-list li.active")
        where.append(seconds("keydown", lambda: page.keyboard.press("Enter")))  # one step
        assert "strongest at" in page.locator(".finding-sentence").inner_text()
        page.evaluate(f"location.hash = 'rows=image&scroll={image[0] + 40 * n}.0'")
        two_frames(page)
        for row in (3, 8):  # two steps
            at: Position = {"x": 300, "y": 26 + 25 * row}
            click = partial(page.locator(".grid-canvas").click, position=at)
            beside.append(seconds("click", click))
        assert page.locator(".pin-list li").count() == 2
    assert max(min(where), min(surest), min(beside[1::2])) < 1


def test_enter_in_the_empty_field_goes_to_the_next_place(open_report: Open) -> None:
    record = planted_record(PLANTS)
    page = open_report(record)
    find(page, "tower")
    page.keyboard.press("Enter")
    two_frames(page)
    assert page.locator(".place-here strong").inner_text() == "lone patch 2 of 4"
    page.keyboard.press("Shift+Enter")
    two_frames(page)
    assert page.locator(".place-here strong").inner_text() == "place 1 of 4"


NAMED_AT = """async (word) => {
    const write = CanvasRenderingContext2D.prototype.fillText;
    let at = null;
    CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
        if (text === word) at = [x, y, this.measureText(text).width];
        return write.apply(this, arguments);
    };
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    for (let n = 0; n < 2; n += 1) {
        document.querySelector("[name=words]").click();
        await frame(); await frame();
    }
    CanvasRenderingContext2D.prototype.fillText = write;
    return at;
}"""
INK = """(areas) => {
    const canvas = document.querySelector(".image-marks");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return areas.map(([left, top, right, bottom]) => {
        let count = 0;
        for (let y = top; y < bottom; y += 1)
            for (let x = left; x < right; x += 1) count += data[4 * (y * canvas.width + x) + 3] > 0;
        return count;
    });
}"""


def test_an_outline_passes_beneath_a_name(open_report: Open) -> None:
    record = planted_record(PLANTS)
    page = open_report(record, hash=f"#tokens={TOWER}&layer=4")
    x, y, wide = page.evaluate(NAMED_AT, "tower")
    scale, left, top = page.locator(".image-frame").evaluate(
        "(e) => ['scale', 'x', 'y'].map((name) => Number(e.dataset[name]))"
    )
    boxes = record.patch_boxes * scale + [left, top, left, top]
    with np.errstate(invalid="ignore"):
        over = (boxes[:, :2] < [x, y]).all(1) & (boxes[:, 2:] > [x, y]).all(1)
    # pin the patches around the name: their outlines would cross it
    t = int(np.flatnonzero(over)[0])
    page.evaluate(f"location.hash += '&pins=4.{t},4.{t + 1},4.{t - 1}&cell='")
    two_frames(page)
    assert page.evaluate(NAMED_AT, "tower") == [x, y, wide]
    frame = [round(float(side)) for side in boxes[t] + [-4, -4, 4, 4]]
    name = [round(side) for side in (x - wide / 2, y - 6, x + wide / 2, y + 5)]
    around, within = page.evaluate(INK, [frame, name])
    assert around > 40 and within == 0


def test_choosing_a_word_moves_nothing(open_report: Open) -> None:
    page = open_report(planted_record(PLANTS))
    top = "document.querySelector('#grid-body').getBoundingClientRect().top"
    before = page.evaluate(top)
    find(page, "tower")
    assert page.evaluate(top) == before
    page.keyboard.press("Escape")  # out of the field
    find(page, "word1")
    assert page.evaluate(top) == before
    story_box = page.locator(".finding-story")
    assert story_box.evaluate("(e) => e.scrollHeight <= e.clientHeight")  # nothing is cut


def test_a_word_that_only_text_reads_is_found_there(open_report: Open) -> None:
    record = planted_record([])
    ids = record.top_ids.copy()
    ids[2, 0, 0] = BOAT
    page = open_report(replace(record, top_ids=ids))
    find(page, "boat")
    sentence = page.locator(".finding-sentence").inner_text()
    assert "strongest at 2: a lone position" in sentence
    page.wait_for_function("() => location.hash.includes('cell=2.0')")


def test_a_leading_space_is_a_quiet_mark_and_the_spelling_stays(open_report: Open) -> None:
    """`▁tower`, `Ġboat` and ` side` look alike; what is copied or pointed at is the spelling."""
    record = planted_record(PLANTS)
    texts = record.token_text.copy()
    texts[[HARBOUR, BOAT]] = ["Ġside", " rest"]
    ids = record.top_ids.copy()
    first = int(np.flatnonzero(record.position_kind == IMAGE)[0])
    ids[2, first, 0], ids[2, first + 5, 0] = HARBOUR, BOAT
    page = open_report(replace(record, top_ids=ids, token_text=texts))
    for typed, spelled in (
        ("·tower", "▁tower"),
        ("ĠTOWER", "▁tower"),
        ("side", "Ġside"),
        ("▁rest", " rest"),
    ):
        find(page, typed)
        token = page.locator(".find-chip .token")
        assert token.text_content() == spelled
        mark = token.locator(".space-mark")
        assert mark.evaluate("(e) => getComputedStyle(e, '::before').content") == '"·"'
        assert mark.evaluate("(e) => getComputedStyle(e).fontSize") == "0px"
        page.keyboard.press("Escape")
        page.evaluate(
            "getSelection().selectAllChildren(document.querySelector('.find-chip .token'))"
        )
        assert page.evaluate("String(getSelection())") == spelled
        page.evaluate("getSelection().removeAllRanges()")


@every_browser
def test_keys_alone_find_walk_pin_compare_and_export(open_report: Open) -> None:
    """From the opening page to a file: no pointer, and every step is seen."""
    record = planted_record(PLANTS)
    page = open_report(record)
    press = page.keyboard.press
    find(page, "tower")
    press("Escape")  # out of the field
    walked = [chosen_cell(page, record)]
    press("p")
    for _ in range(3):
        press("n")
        two_frames(page)
        walked.append(chosen_cell(page, record))
    assert len({cell[1:] for cell in walked}) == 4
    press("Shift+N")
    press("Shift+N")  # back to the patch on the pavement
    press("p")
    two_frames(page)
    pins = page.locator(".pin-list li strong").all_text_contents()
    assert pins == [f"patch {row * SIDE + column}" for _, row, column in walked[:2]]
    # compared at the layer shown: both towers in one table
    first = int(np.flatnonzero(record.position_kind == IMAGE)[0])
    image = [first + row * SIDE + column for _, row, column in walked[:2]]
    tower = page.locator(".pin-table tbody tr").first
    values = tower.locator("td").all_text_contents()
    assert values == [shown(record.top_probs[4, t, 0]) for t in image]
    # along the chart with the arrows
    for _ in range(60):
        press("Tab")
        if page.evaluate("document.activeElement.matches('.plot')"):
            break
    press("ArrowLeft")
    two_frames(page)
    assert page.locator(".pin-layer").text_content() == "layer 3"
    press("e")
    press("ArrowDown")
    while "Pinned cells" not in (page.locator(":focus").text_content() or ""):
        press("ArrowDown")
    with page.expect_download() as waiting:
        press("Enter")
    lines = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert [f",{t}," in "".join(lines) for t in image] == [True, True]
    assert sum("tower" in line for line in lines) == 2
