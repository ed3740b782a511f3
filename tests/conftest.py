"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# before any test imports transformers, as the command itself does: no bars, no network
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest  # noqa: E402
from browsing import (  # noqa: E402
    CHROMIUM,
    FIREFOX,
    FIREFOX_DRIVER,
    FLAGS,
    TIMEOUT,
    Open,
    note_complaints,
    two_frames,
)
from causal import twin  # noqa: E402, F401 (a fixture)
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

import create_logit_lens  # noqa: E402
from logit_lens.page.index import write_index  # noqa: E402
from logit_lens.page.report import write_report  # noqa: E402
from logit_lens.record import LensRecord  # noqa: E402


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; gives (exit code, stdout lines, stderr lines)."""
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        try:
            code = create_logit_lens.main([str(a) for a in argv])
        except SystemExit as stop:
            code = stop.code
        out = capsys.readouterr()
        return code, out.out.splitlines(), out.err.splitlines()

    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all page tests of this process."""
    if FIREFOX:
        os.environ["NODE_OPTIONS"] = FIREFOX_DRIVER
        with sync_playwright() as playwright:
            firefox = playwright.firefox.launch(channel="moz-firefox", executable_path=FIREFOX)
            yield firefox
            firefox.close()
        return
    if CHROMIUM is None:
        pytest.skip("no Chromium: bash tests/run.sh gets one")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_report(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open a record as a report. Afterwards: no error was logged, nothing was asked of anyone."""
    complaints: list[str] = []
    contexts = []

    def open_(
        record: LensRecord,
        hash: str = "",
        size: tuple[int, int] = (1280, 800),
        ready: bool = True,
        init: str = "",
        **options: Any,
    ) -> Page:
        path = tmp_path / "report.html"
        write_report(record, path)
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        note_complaints(page, path, complaints)
        if init:
            page.add_init_script(init)
        page.goto(path.as_uri() + hash)
        if ready:
            page.wait_for_selector('html[data-state="ready"]')
            two_frames(page)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def open_index(browser: Browser) -> Iterator[Open]:
    """Open a folder's index. Afterwards: nothing was logged, nothing was asked of the network."""
    complaints: list[str] = []
    pages = []

    def open_(
        folder: Path, hash: str = "", size: tuple[int, int] = (1280, 800), **options: Any
    ) -> Page:
        path = write_index(folder)
        page = browser.new_page(viewport={"width": size[0], "height": size[1]}, **options)
        pages.append(page)
        page.set_default_timeout(TIMEOUT)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: complaints.append(r.url) if "http" in r.url[:5] else None)
        page.goto(path.as_uri() + hash)
        page.wait_for_function("() => performance.getEntriesByName('index-ready').length")
        return page

    yield open_
    for page in pages:
        page.close()
    assert complaints == []
