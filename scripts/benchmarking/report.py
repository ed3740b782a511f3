"""The report against a naive page of the same content.

Bytes, render time, and in Chromium the time to interactive, hover, switch, scroll and play.

The naive page is a plain table with one listener per cell and JSON data (``naive.py``). Both are
asked the same questions by ``probe.js``, in fresh tabs that alternate.
"""

import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logit_lens.page.report import render_report
from logit_lens.record import LensRecord

from .measure import Bytes, Spread, alternate, ratio, significant, spread
from .naive import naive_page
from .table import Row, Table

PROBE = Path(__file__).with_name("probe.js")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TIMEOUT = 120_000  # ms; a naive page may be slow


@dataclass(frozen=True)
class PageKind:
    """Where a page has its things: selectors, and how to switch."""

    cell: str
    scroller: str
    tooltip: str
    colour: str  # a key, or the selector of a <select>
    layer: str | None = None  # a key
    play: str | None = None  # a key


OURS = PageKind(".grid-canvas", ".grid-scroller", "#tooltip", "c", "]", " ")
NAIVE = PageKind("td", "#table", "#tooltip", "#colour")


def measure_report(record: LensRecord, repeat: int, with_naive: bool = True) -> list[Table]:
    """Bytes and render time; then the pages in Chromium, when there is one."""
    pages = {"ours": render_report(record)}
    if with_naive:
        pages["naive"] = naive_page(record)
    layers, positions, k = record.top_ids.shape
    what = f"{layers} layers × {positions:,} positions × top {k}"
    tables = [_files(record, pages, repeat, what)]
    if find_chromium() is None:
        tables[0].notes.append("no Chromium found: what happens in the page was not measured")
        return tables
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        paths = {}
        for name, page in pages.items():
            paths[name] = Path(folder, f"{name}.html")
            paths[name].write_text(page, encoding="utf-8")
        visits: dict[str, list[dict[str, float]]] = {name: [] for name in paths}
        for _ in range(repeat):
            for name, path in paths.items():
                visits[name].append(visit(chromium, path, OURS if name == "ours" else NAIVE))
    return [*tables, _compare(visits, f"Page in Chromium, {what}")]


def _files(record: LensRecord, pages: dict[str, str], repeat: int, what: str) -> Table:
    picture = 4 * len(record.image) / 3  # base64
    render = alternate({"ours": lambda: render_report(record)}, repeat)
    rows: list[Row] = []
    for name, page in pages.items():
        # the naive page has no picture
        size = len(page.encode()) - (round(picture) if name == "ours" else 0)
        rows.append(
            {
                "file": name,
                "bytes without picture": Bytes(size),
                "render": spread(render[name]) if name in render else None,
            }
        )
    if len(rows) > 1:
        share = rows[0]["bytes without picture"].value / rows[1]["bytes without picture"].value
        rows[0]["to naive"] = f"{significant(share)} ×"
    return Table(f"Report, {what}", rows)


def _compare(visits: dict[str, list[dict[str, float]]], title: str) -> Table:
    """One row per question; a ratio where both pages can be asked it."""
    rows: list[Row] = []
    for question in visits["ours"][0]:
        values = [visit[question] for visit in visits["ours"]]
        row: Row = {"page": question, "ours": _value(question, values)}
        if "naive" in visits:
            known = question in visits["naive"][0]
            others = [visit[question] for visit in visits["naive"]] if known else []
            row["naive"] = _value(question, others) if known else None
            comparable = known and min(others) > 0
            row["ours to naive"] = ratio(values, others) if comparable else None
        rows.append(row)
    return Table(title, rows, ["times end when the change has been painted, not when it was asked"])


def _value(question: str, values: list[float]) -> Spread | Bytes | int:
    middle = statistics.median(values)
    if question == "heap":
        return Bytes(round(middle))
    return round(middle) if question == "DOM nodes" else spread(values, "ms")


def visit(chromium: Any, path: Path, kind: PageKind) -> dict[str, float]:
    """Open a page in a fresh tab and ask it everything; question → value."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.add_init_script(path=PROBE)
        page.goto(path.as_uri())
        values = {"opens": page.evaluate("probe.soon(probe.ready)")}
        values["hover"] = statistics.median(hover(page, kind, share) for share in (0.2, 0.8, 0.5))
        values["colour switch"] = statistics.median(switch(page, kind.colour) for _ in range(3))
        if kind.layer:
            values["layer switch"] = statistics.median(switch(page, kind.layer) for _ in range(3))
        page.evaluate("probe.longestTask()")
        values["scroll: longest frame"] = page.evaluate(
            "([pane, frames]) => probe.soon(probe.scroll(pane, frames))", [kind.scroller, 60]
        )
        values["scroll: longest task"] = page.evaluate("probe.longestTask()")
        if kind.play:
            page.keyboard.press(kind.play)
            page.wait_for_timeout(2000)
            page.keyboard.press(kind.play)
            values["play: longest task"] = page.evaluate("probe.longestTask()")
        values["DOM nodes"] = page.evaluate("document.querySelectorAll('*').length")
        values["heap"] = heap_bytes(context, page)
        return values
    finally:
        context.close()


def hover(page: Any, kind: PageKind, share: float) -> float:
    """Milliseconds from the pointer's arrival on a visible cell to its tooltip on the screen.

    Which cell: that share of the way through those that can be seen.
    """
    x, y = page.evaluate("pane => probe.visibleCell(...pane)", [kind.cell, kind.scroller, share])
    page.evaluate("selector => probe.expectTooltip(selector)", kind.tooltip)
    page.mouse.move(x, y)
    return float(page.evaluate("probe.soon(probe.answer)"))


def switch(page: Any, how: str) -> float:
    """Milliseconds from a key press, or from choosing the next option of a ``<select>``."""
    if how.startswith("#"):
        page.evaluate("probe.expect('change')")
        chosen = page.evaluate(f"document.querySelector('{how}').selectedIndex")
        count = page.locator(f"{how} option").count()
        page.locator(how).select_option(index=(chosen + 1) % count)
    else:
        page.evaluate("probe.expect('keydown')")
        page.keyboard.press("Space" if how == " " else how)
    return float(page.evaluate("probe.soon(probe.answer)"))


def heap_bytes(context: Any, page: Any) -> float:
    """JavaScript's objects and the buffers of its arrays, after a collection."""
    session = context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    return float(usage["usedSize"] + usage.get("backingStorageSize", 0))


def find_chromium() -> str | None:
    """$CHROMIUM, or an installed Chromium or Chrome."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        try:
            yield chromium
        finally:
            chromium.close()
