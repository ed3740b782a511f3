"""What the tests ask of a page in a real browser.

`tests/run.sh` finds or installs a browser and names it in CHROMIUM; the fixtures `browser` and
`open_report` are in conftest.py.

>>> page = open_report(make_record(), hash="#layer=2")
>>> page.keyboard.press("c")
>>> two_frames(page)
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import axe_playwright_python
import numpy as np
import pytest
from playwright.sync_api import Page

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
# a stock Firefox; named, the page tests run in it instead
FIREFOX = os.environ.get("FIREFOX")
# Playwright's own process loads this: see there
FIREFOX_DRIVER = f"--require={Path(__file__).parent / 'firefox/bidi.cjs'}"
# the last one: Chromium slows down pages that change their address 200 times in half a minute
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    "--disable-ipc-flooding-protection",
]
TIMEOUT = 120_000  # ms; a busy machine is not a broken page
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
Open = Callable[..., Page]
# In rare runs a browser stops drawing or answering. That says nothing about the page, so the test
# is run once more; what a page says wrongly is wrong at once.
may_stall = pytest.mark.flaky(
    reruns=1,
    only_rerun=["no frame was drawn", "Timeout .* exceeded", "has been closed", "Target crashed"],
)
# what a page must do in every browser: run.sh runs these in Firefox too
every_browser = pytest.mark.every_browser

FRAME = """() => new Promise((done, fail) => {
    requestAnimationFrame(done);
    setTimeout(() => fail(new Error("no frame was drawn for a minute")), 60_000);
})"""


def two_frames(page: Page) -> None:
    """Until what was asked for has been drawn."""
    page.evaluate(f"async () => {{ const frame = {FRAME}; await frame(); await frame(); }}")


def written_on(page: Page) -> list[str]:
    """The words that are painted on the picture, in their order."""
    words: list[str] = page.evaluate(
        """async () => {
            const words = [];
            const write = CanvasRenderingContext2D.prototype.fillText;
            CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
                if (this.canvas.className === "image-patches") words.push(text);
                return write.call(this, text, ...rest);
            };
            const frame = () => new Promise((done) => requestAnimationFrame(done));
            document.querySelector("[name=words]").click();
            await frame(); await frame();
            words.length = 0;
            document.querySelector("[name=words]").click();
            await frame(); await frame();
            CanvasRenderingContext2D.prototype.fillText = write;
            return words;
        }"""
    )
    return words


def serious_barriers(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core calls serious or critical: rule, and what is wrong with each element."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    return [
        (rule["id"], [f"{node['html'][:200]} {node['failureSummary']}" for node in rule["nodes"]])
        for rule in page.evaluate("axe.run().then((result) => result.violations)")
        if rule["impact"] in ("serious", "critical")
    ]


def shown(value: float) -> str:
    """A number as the page writes it, written independently of format.js."""
    if np.isnan(value):
        return "–"
    value = float(f"{float(value):.2e}")
    if value == 0:
        return "0"
    if value < 0.000995 or value >= 99950:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent):+d}".replace("e+", "e+")
    decimals = max(0, 2 - int(np.floor(np.log10(value))))
    return f"{value:.{decimals}f}"


def visible(text: str) -> str:
    """A token as the page writes it, written independently of format.js."""
    return "␣" * len(text) if not text.strip() and text else text or "∅"


def scales() -> dict[str, list[str]]:
    """The 256 fills of both themes, from colour.js itself."""
    script = (
        "import(process.argv[1]).then((c) => console.log(JSON.stringify(Object.fromEntries("
        "[false, true].map((d) => [d ? 'dark' : 'light',"
        " Array.from({length: 256}, (_, n) => c.shadeFill(n / 255, d))])))))"
    )
    path = Path(__file__).parents[1] / "templates/js/core/colour.js"
    done = subprocess.run(
        ["node", "-e", script, str(path)], capture_output=True, text=True, check=True
    )
    fills: dict[str, list[str]] = json.loads(done.stdout)
    return fills


def saved(page: Page, menu: str, label: str, folder: Path) -> Path:
    """What an item of a menu downloads, as a file in a folder."""
    page.locator(f"#{menu} .menu-button").click()
    with page.expect_download() as download:
        page.locator(".menu-item", has_text=label).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def note_complaints(page: Page, path: Path, complaints: list[str]) -> None:
    """Keep what a page logs, throws, and asks for beside itself."""
    page.on(
        "console",
        lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda r: (
            None
            if r.url.startswith(("data:", "blob:", path.as_uri()))
            else complaints.append(f"asked for {r.url}")
        ),
    )
