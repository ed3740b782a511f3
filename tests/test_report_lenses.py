"""A report of several lenses: the switch, and that every panel shows what the chosen lens read."""

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from browsing import Open, may_stall, serious_barriers, shown, two_frames
from playwright.sync_api import Page
from records import make_record, with_lenses, with_words
from test_report import decode, three_digits, unpack
from test_report_panels import download, rounded, state_of, texts

from logit_lens.page.report import build_payload, render_report
from logit_lens.record import IMAGE, LensRecord

pytestmark = may_stall
ARRAYS = ("top_ids", "top_probs", "entropy", "kl", "tracked_probs", "tracked_ranks")


def two_lenses(**options: Any) -> LensRecord:
    return with_lenses(
        make_record(**{"layers": 6, "grid": (5, 5), "answer": 3, "tracked": 3, **options}), "tuned"
    )


def only(record: LensRecord, lens: str) -> LensRecord:
    """The record as a run with nothing but this lens would have given it."""
    extra = {name: a for name, a in record.extra.items() if not name.startswith("lens_")}
    number = list(record.extra["lens_names"]).index(lens) - 1
    if number < 0:
        return replace(record, extra=extra)
    read = {name: record.extra[f"lens_{name}"][number] for name in ARRAYS}
    return replace(record, extra=extra, **read)


# -- the data of the page ----------------------------------------------------------------------


def test_the_payload_holds_what_every_lens_read() -> None:
    record = with_lenses(make_record(), "tuned", "jacobian")
    info, blocks = build_payload(record)
    assert info["lenses"] == ["logit", "tuned", "jacobian"]
    data = {block["name"]: unpack(block) for block in blocks}
    for number in (1, 2):
        # the last layer is the logit lens's, and does not travel twice
        np.testing.assert_array_equal(data[f"layers@{number}"], [0, 1, 2, 3])
        read = {name: record.extra[f"lens_{name}"][number - 1][:-1] for name in ARRAYS}
        ids = data["token_id"][data[f"top@{number}"]]
        np.testing.assert_array_equal(ids, read["top_ids"].ravel())
        for block, name in (("prob", "top_probs"), ("entropy", "entropy"), ("kl", "kl")):
            values = decode(data[f"{block}@{number}"])
            np.testing.assert_array_equal(values, three_digits(read[name]))
        ranks = data[f"tracked_rank@{number}"]
        np.testing.assert_array_equal(ranks, read["tracked_ranks"].ravel())


def test_layers_at_which_a_lens_reads_the_same_take_no_room() -> None:
    record = two_lenses()
    same = {f"lens_{name}": getattr(record, name)[None].copy() for name in ARRAYS}
    same["lens_kl"][0, 2, 7] += 1
    record = replace(record, extra=dict(record.extra) | same)
    data = {block["name"]: unpack(block) for block in build_payload(record)[1]}
    np.testing.assert_array_equal(data["layers@1"], [2])
    assert len(data["kl@1"]) == len(record.input_ids)


def test_a_report_of_one_lens_carries_nothing_of_others() -> None:
    record = make_record()
    info, blocks = build_payload(record)
    assert "lenses" not in info and not [b["name"] for b in blocks if "@" in b["name"]]
    half = replace(record, extra={"lens_names": np.array(["logit", "tuned"])})
    assert "lenses" not in build_payload(half)[0]
    assert "@1" not in render_report(record)


def test_lenses_of_one_name_can_be_told_apart() -> None:
    info, _ = build_payload(with_lenses(make_record(), "tuned", "tuned", ""))
    assert info["lenses"] == ["logit", "tuned 1", "tuned 2", "3"]


# -- the switch --------------------------------------------------------------------------------


def pressed(page: Page) -> list[str]:
    return texts(page, '#lens-switch button[aria-pressed="true"]')


def test_the_lens_is_switched_by_button_key_and_link(open_report: Open) -> None:
    page = open_report(with_lenses(make_record(), "tuned", "jacobian"))
    title = page.locator("h1 .lens")
    assert (pressed(page), title.inner_text()) == (["logit"], "Logit lens")
    page.locator('#lens-switch button[data-lens="jacobian"]').click()
    two_frames(page)
    assert (pressed(page), title.inner_text()) == (["jacobian"], "Jacobian lens")
    assert state_of(page)["lens"] == "jacobian"
    page.keyboard.press("l")  # from the last to the first
    assert "lens" not in state_of(page)
    assert pressed(page) == ["logit"]
    page.keyboard.press("l")
    assert state_of(page)["lens"] == "tuned"
    page.go_back()
    two_frames(page)
    assert pressed(page) == ["logit"]
    for link, name in (("#lens=tuned", "tuned"), ("#lens=no-such-lens", "logit")):
        page.evaluate("(link) => { location.hash = link; }", link)
        two_frames(page)
        assert pressed(page) == [name]


def test_a_report_of_one_lens_has_no_switch(open_report: Open) -> None:
    page = open_report(make_record(), hash="#lens=tuned")
    assert page.locator("#lens-switch").is_hidden()
    page.keyboard.press("l")
    page.keyboard.press("]")
    assert "lens" not in state_of(page)
    assert page.locator("h1 .lens").inner_text() == "Logit lens"


# -- what the panels show ----------------------------------------------------------------------

CANVASES = (".grid-canvas", ".image-patches", ".image-marks", "#layer-strip canvas")
TEXTS = ("#legend", "#finding", "#pinned-body", "#answer-table", "#layer-player", "#region-panel")


def seen(page: Page) -> dict[str, str]:
    """All that the panels show, as pictures and as texts."""
    page.wait_for_function("document.querySelector('#answer-table tbody tr')")
    for key in "[]":  # how much is listed depends on the room, which at first is not yet known
        page.keyboard.press(key)
        page.wait_for_timeout(200)
    drawn = "(name) => document.querySelector(name)?.toDataURL()"
    lines = "[...document.querySelectorAll('#pinned-body path')].map((p) => p.getAttribute('d'))"
    page.locator("#find-input").click()
    page.wait_for_selector("#find-list li")
    found = page.locator("#find-list").inner_text()
    page.locator("#find-input").blur()
    return {
        **{name: page.evaluate(drawn, name) for name in CANVASES},
        **{name: page.locator(name).inner_text() for name in TEXTS},
        "lines": json.dumps(page.evaluate(lines)),
        "found": found,
    }


@pytest.mark.parametrize(
    "view",
    [
        "layer=2&pins=1.5,3.9&region=8-11",
        "layer=3&tokens=7&order=surest&pins=1.5",
        "layer=2&tokens=1&rows=matches&scale=rank&pins=3.9",
        "layer=4&colour=agree&order=decided&charts=position&tokens=2&pins=2.6",
    ],
)
def test_every_panel_shows_what_the_chosen_lens_read(open_report: Open, view: str) -> None:
    """As a report of that lens alone does, whether by link or switched to and fro."""
    record = two_lenses()
    unit = "&range=unit"  # the range of a report is that of all its lenses
    wide = (1600, 900)  # the switch takes no room from what is below it
    expected = {
        lens: seen(open_report(only(record, lens), f"#{view}{unit}", wide))
        for lens in ("logit", "tuned")
    }
    assert all(expected["logit"][name] != expected["tuned"][name] for name in CANVASES[:2])
    page = open_report(record, f"#{view}{unit}&lens=tuned", wide)
    assert seen(page) == expected["tuned"]
    page.keyboard.press("l")
    assert seen(page) == expected["logit"]
    page.keyboard.press("l")
    assert seen(page) == expected["tuned"]


def test_the_tooltip_has_the_readings_of_both_lenses_side_by_side(open_report: Open) -> None:
    record = two_lenses()
    page = open_report(record, "#tokens=1&lens=tuned")
    scroller = page.locator(".grid-scroller").bounding_box()
    assert scroller is not None
    for column in (0, 1):
        page.mouse.move(scroller["x"] + 130 + 70 * column, scroller["y"] + 26 + 12)
        two_frames(page)
        layer = int(texts(page, ".tip-layer")[0].split()[1])
        assert texts(page, ".tip-lens") == ["logit lens", "tuned lens"]
        assert texts(page, ".tip-lens.shown") == ["tuned lens"]
        for k, lens in enumerate(("logit", "tuned")):
            read = only(record, lens)
            tip = f".tip-lenses > div:nth-child({k + 1}) "
            top = read.top(layer, 0)
            assert texts(page, f"{tip}.tip-tokens .token") == [token for token, _ in top]
            assert texts(page, f"{tip}.tip-prob") == [shown(p) for _, p in top]
            facts = dict(
                zip(
                    texts(page, f"{tip}.tip-facts dt"),
                    texts(page, f"{tip}.tip-facts dd"),
                    strict=True,
                )
            )
            assert facts["entropy"] == f"{shown(read.entropy[layer, 0])} nats"
            assert facts["KL to final"] == f"{shown(read.kl[layer, 0])} nats"
            p, rank = read.tracked_probs[layer, 0, 1], read.tracked_ranks[layer, 0, 1]
            assert facts[record.token(1)] == f"{shown(p)} · #{rank + 1:,}"


def test_the_same_colour_is_the_same_number_through_every_lens(open_report: Open) -> None:
    record = two_lenses()
    page = open_report(record, "#colour=kl&lens=tuned")
    most = shown(max(record.kl.max(), record.extra["lens_kl"].max()))
    for _ in range(2):
        assert texts(page, ".legend-ticks span")[-1] == most
        page.keyboard.press("l")
        two_frames(page)


def test_support_of_words_says_that_it_is_the_logit_lens_and_the_map_which_it_is(
    open_report: Open,
) -> None:
    record = two_lenses()
    record = replace(
        record, extra=dict(record.extra) | dict(with_words(only(record, "logit")).extra)
    )
    page = open_report(record, "#lens=tuned&word=0&layer=2")
    assert "logit lens" in page.locator(".maps-support").inner_text()
    caption = page.locator('.maps-column[data-kind="reads"] .maps-caption')
    assert "through the tuned lens" in caption.inner_text()
    slot = list(record.tracked_ids).index(record.extra["word_ids"][0])
    patches = record.position_kind == 1
    for read in (record.extra["lens_tracked_probs"][0], record.tracked_probs):
        value = page.locator('.maps-column[data-kind="reads"] .maps-value').inner_text()
        assert value == f"most p {shown(read[2, patches, slot].max())}"
        page.keyboard.press("l")
        two_frames(page)


# -- what is taken away ------------------------------------------------------------------------


def test_what_is_taken_away_is_of_the_chosen_lens_and_says_so(open_report: Open) -> None:
    record = two_lenses()
    page = open_report(record, "#lens=tuned&pins=2.5&layer=2")
    read = only(record, "tuned")
    name, data = download(page, "data-menu", "Pinned cells, CSV")
    assert name == "scene_tiny-llava_tuned-lens_pinned.csv"
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    top = [row for row in rows if row["source"] == "top-k"]
    assert {row["lens"] for row in rows} == {"tuned"}
    assert [int(row["token_id"]) for row in top] == read.top_ids[2, 5].tolist()
    found = [float(row["probability"]) for row in top]
    np.testing.assert_array_equal(found, rounded(read.top_probs[2, 5]))
    for item, mark in (("SVG, page", "layer-2-prob"), ("Trajectories, SVG", "trajectories-prob")):
        name, data = download(page, "figure-menu", item)
        assert name == f"scene_tiny-llava_tuned-lens_{mark}.svg"
        assert "Tuned lens of tests/tiny-llava" in " ".join(data.decode().split())
    name, data = download(page, "data-menu", "Whole record, JSON")
    made = json.loads(data)
    assert name == "scene_tiny-llava_record.json"  # it holds all of them
    assert made["lens_names"] == ["logit", "tuned"]
    for key in ("top_ids", "tracked_ranks"):
        np.testing.assert_array_equal(made[key], getattr(record, key))
        np.testing.assert_array_equal(made[f"lens_{key}"], record.extra[f"lens_{key}"])
    for key in ("top_probs", "entropy", "kl", "tracked_probs"):
        np.testing.assert_array_equal(made[f"lens_{key}"], rounded(record.extra[f"lens_{key}"]))


# -- how far from the final answer -------------------------------------------------------------


def falling(lenses: int = 2, **options: Any) -> LensRecord:
    """KL falls to nothing at the last layer, as in a model; one cell was not recorded."""
    record = make_record(**{"layers": 7, "grid": (5, 4), "text": 8, "answer": 3, **options})
    if lenses > 1:
        record = with_lenses(record, "tuned")
    fall = np.linspace(1, 0, len(record.layers), dtype=np.float32)[:, None]
    kl, extra = record.kl * fall, dict(record.extra)
    kl[2, 0] = np.nan
    if lenses > 1:
        extra["lens_kl"] = extra["lens_kl"] * fall
    return replace(record, kl=kl, extra=extra)


def distances(page: Page) -> dict[str, dict[str, list[float]]]:
    """What the dialog says of the layer that is pointed at: by group, by lens."""
    found = {}
    for chart in page.locator(".distance-chart").all():
        lines = chart.locator(".distance-values li").all()
        found[chart.locator("h3").inner_text()] = {
            line.locator("span").first.inner_text(): [
                float(number) for number in re.findall(r"[\d.]+(?:e-\d+)?", line.inner_text())
            ]
            for line in lines
        }
    return found


@pytest.mark.parametrize("lenses", [1, 2])
def test_the_distances_of_every_layer_are_the_medians_and_quartiles(
    open_report: Open, lenses: int
) -> None:
    record = falling(lenses)
    page = open_report(record)
    page.keyboard.press("d")
    page.wait_for_selector("#distance-dialog[open] .distance-chart")
    two_frames(page)
    patches = record.position_kind == IMAGE
    kls = {"logit lens": record.kl}
    if lenses > 1:
        kls["tuned lens"] = record.extra["lens_kl"][0]
    page.locator(".distance-chart .plot").first.focus()
    page.keyboard.press("Home")
    for layer in range(len(record.layers)):
        two_frames(page)
        assert texts(page, ".distance-layer")[0].endswith(
            f"layer {layer}" + " (embeddings)" * (not layer)
        )
        found = distances(page)
        assert list(found) == ["patches", "text"]
        for group, members in (("patches", patches), ("text", ~patches)):
            assert list(found[group]) == list(kls)
            for name, kl in kls.items():
                # of the numbers as the page has them, to 3 digits, written with 3 digits
                expected = np.nanpercentile(rounded(kl[layer, members]), [50, 25, 75])
                np.testing.assert_allclose(found[group][name], expected, rtol=5.01e-3)
        page.keyboard.press("ArrowRight")
    assert page.locator(".distance-chart path.distance-line").count() == 2 * lenses


def test_the_lines_of_the_distances_lie_where_their_axis_says(open_report: Open) -> None:
    record = falling()
    page = open_report(record)
    page.locator("#distance-button").click()
    page.wait_for_selector(".distance-line")
    two_frames(page)
    chart = page.locator(".distance-chart").first
    ticks = chart.locator('.chart-tick[text-anchor="end"]')
    marks = [
        (float(t.text_content() or ""), float(t.get_attribute("y") or 0) - 3.5) for t in ticks.all()
    ]
    (low, y0), (high, y1) = marks[0], marks[-1]
    path = chart.locator(".distance-line").nth(1).get_attribute("d") or ""
    points = [[float(x) for x in point.split()] for point in re.split("[ML]", path)[1:]]
    medians = np.median(record.extra["lens_kl"][0][:, record.position_kind == IMAGE], axis=1)
    for (_, y), median in zip(points, medians, strict=True):
        assert low + (high - low) * (y - y0) / (y1 - y0) == pytest.approx(median, abs=0.01 * high)
    assert np.ptp(np.diff([x for x, _ in points])) < 0.2


@pytest.mark.parametrize("lenses", [1, 2])
def test_the_layer_by_which_half_of_the_patches_have_their_final_word(
    open_report: Open, lenses: int
) -> None:
    record = falling(lenses, seed=3)
    patches = np.flatnonzero(record.position_kind == IMAGE)
    # the first patches settle early, by different layers for the two lenses
    for tops, early in ((record.top_ids, 12), (record.extra.get("lens_top_ids", [None])[0], 17)):
        if tops is not None:
            tops[3:, patches[:early], 0] = tops[-1, patches[:early], 0]
            tops[1:, patches[: early - 6], 0] = tops[-1, patches[: early - 6], 0]

    def half(top: np.ndarray) -> int:
        final = top[-1, patches]
        settled = [
            [(top[at:, t] == w).all() for t, w in zip(patches, final, strict=True)]
            for at in range(7)
        ]
        return next(at for at, one in enumerate(settled) if sum(one) >= len(patches) / 2)

    layers = [half(record.top_ids[:, :, 0])]
    if lenses > 1:
        layers.append(half(record.extra["lens_top_ids"][0, :, :, 0]))
        assert layers[0] != layers[1]
    page = open_report(record)
    page.locator("#distance-button").click()
    page.wait_for_selector(".distance-chart")
    said = page.locator(".distance-half").inner_text()
    assert said.startswith("Half of the 20 patches read as their final word")
    assert [int(n) for n in re.findall(r"from layer (\d+) on", said)] == layers
    assert ("through the" in said) == (lenses > 1)


def test_a_click_on_the_distances_shows_that_layer(open_report: Open) -> None:
    page = open_report(falling(), "#layer=1")
    page.locator("#distance-button").click()
    plot = page.locator(".distance-chart .plot").first.bounding_box()
    assert plot is not None
    page.mouse.click(plot["x"] + 44 + (plot["width"] - 52) * 4 / 6, plot["y"] + 90)
    assert state_of(page)["layer"] == "4"
    assert page.locator("#distance-dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#distance-dialog").is_visible()
    assert serious_barriers(page) == []


def test_the_dialog_of_distances_has_no_barriers_and_no_scroll_bar(open_report: Open) -> None:
    for scheme, size in (("light", (1280, 800)), ("dark", (1920, 1080))):
        page = open_report(falling(), size=size, color_scheme=scheme)
        page.locator("#distance-button").click()
        page.wait_for_selector(".distance-line")
        two_frames(page)
        assert serious_barriers(page) == []
        assert page.evaluate(
            "(() => { const d = document.querySelector('#distance-dialog');"
            " return d.scrollHeight <= d.clientHeight && d.scrollWidth <= d.clientWidth; })()"
        )


def test_where_no_distance_was_recorded_none_is_offered(open_report: Open) -> None:
    page = open_report(make_record(statistics=False))
    assert page.locator("#distance-button").is_hidden()
    page.keyboard.press("d")
    two_frames(page)
    assert not page.locator("#distance-dialog").is_visible()


def test_the_distances_are_taken_away_as_csv_and_svg(open_report: Open) -> None:
    record = falling()
    page = open_report(record, "#lens=tuned")
    name, data = download(page, "data-menu", "Distance by layer, CSV")
    assert name == "scene_tiny-llava_distance.csv"
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert len(rows) == 2 * 2 * len(record.layers)
    patches = record.position_kind == IMAGE
    for row in rows:
        kl = record.kl if row["lens"] == "logit" else record.extra["lens_kl"][0]
        members = patches if row["positions"] == "patches" else ~patches
        assert int(row["count"]) == members.sum()
        expected = np.nanpercentile(rounded(kl[int(row["layer"]), members]), [25, 50, 75])
        columns = ("kl_lower_quartile_nats", "kl_median_nats", "kl_upper_quartile_nats")
        np.testing.assert_allclose([float(row[c]) for c in columns], expected, rtol=1e-5)
    name, data = download(page, "figure-menu", "Distance by layer, SVG")
    assert name == "scene_tiny-llava_distance.svg"
    root = ElementTree.fromstring(data)
    words = " ".join("".join(e.itertext()) for e in root.iter() if e.tag.endswith("text"))
    assert "Logit lens and tuned lens of tests/tiny-llava" in words
    lines = [e for e in root.iter() if e.get("class") == "distance-line"]
    assert len({line.get("stroke") for line in lines}) == 2 and len(lines) == 4
    assert all(e.get("fill") for e in root.iter() if e.get("class") == "chart-tick")


def test_what_is_known_of_a_lens_is_said_and_a_doubt_stands_out(open_report: Open) -> None:
    note = "lens.safetensors was fitted on another unembedding"
    about = {"name": "tuned", "kind": "tuned", "file": "lens.safetensors", "model": "demo"}
    record = falling()
    meta = record.meta | {"lenses": [about | {"note": note}], "notes": [note]}
    page = open_report(replace(record, meta=meta))
    button = page.locator('#lens-switch button[data-lens="tuned"]')
    assert note in (button.get_attribute("title") or "")
    page.locator("#validity-button").click()
    facts = dict(zip(texts(page, ".run-facts dt"), texts(page, ".run-facts dd"), strict=True))
    assert facts["further lenses"] == "tuned, tuned, lens.safetensors, fitted on demo"
    assert facts["note"] == note
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.wait_for_selector(".distance-notes li")
    assert texts(page, ".distance-notes li") == [note]
    amber = "getComputedStyle(document.documentElement).getPropertyValue('--pin')"
    same = page.evaluate(
        f"""() => {{
            const probe = document.body.appendChild(document.createElement("i"));
            probe.style.color = {amber};
            return [getComputedStyle(probe).color,
                getComputedStyle(document.querySelector(".distance-notes li")).color,
                getComputedStyle(document.querySelector("#lens-switch .noted"), "::after").color];
        }}"""
    )
    assert len(set(same)) == 1
