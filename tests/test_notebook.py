"""The program in Python: three lines, and what a notebook shows of them."""

import builtins
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser
from records import make_record

import logit_lens
from logit_lens import LensError, load_model, load_record, read_image, show_report, write_report
from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL


def test_the_three_lines_of_the_readme_write_the_commands_own_report(
    tmp_path: Path, command
) -> None:
    model = load_model(str(DEMO_MODEL), device="cpu")
    record = read_image(model, DEMO_IMAGE, "What is in the middle?", max_new_tokens=4)
    path = write_report(record, tmp_path / "ours.html")
    record.save(tmp_path / "ours.npz")
    flags = ["--prompt", "What is in the middle?", "--max-new-tokens", "4", "--save-data"]
    code, _, _ = command("--demo", *flags, "--output", "theirs.html", "--quiet")
    assert code == 0
    ours, theirs = load_record(tmp_path / "ours.npz"), load_record(tmp_path / "theirs.npz")
    for name in ("top_ids", "top_probs", "entropy", "kl", "input_ids", "patch_boxes", "image"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert path.read_text().startswith("<!doctype html>")


def test_a_failed_self_check_gives_no_record_unless_it_is_forced() -> None:
    model = load_model(str(DEMO_MODEL), device="cpu")
    calls = iter(range(1000))
    model.model.lm_head.register_forward_hook(lambda m, a, out: out + next(calls))
    with pytest.raises(LensError, match="self-check failed"):
        read_image(model, DEMO_IMAGE, max_new_tokens=0)
    assert not read_image(model, DEMO_IMAGE, max_new_tokens=0, force=True).meta["check"]["passed"]


def test_top_gives_text_and_probability_by_the_layers_number() -> None:
    record = make_record(layers=5)
    number = int(record.layers[3])
    top = record.top(number, 7)
    assert [text for text, _ in top] == [record.token(i) for i in record.top_ids[3, 7]]
    assert [p for _, p in top] == record.top_probs[3, 7].tolist()
    assert record.top(number, -1) == record.top(number, len(record.input_ids) - 1)
    with pytest.raises(KeyError, match="layer 99 is not in this record"):
        record.top(99, 0)
    with pytest.raises(IndexError):
        record.top(number, 10_000)


def test_a_frame_holds_every_cell_once() -> None:
    pytest.importorskip("pandas")
    record = make_record(layers=3, k=4)
    frame = record.to_frame()
    assert len(frame) == record.top_ids.size
    some = frame[(frame.layer == record.layers[1]) & (frame.position == 9)]
    assert some.id.tolist() == record.top_ids[1, 9].tolist()
    assert some.token.tolist() == [record.token(i) for i in record.top_ids[1, 9]]
    assert set(some.entropy) == {record.entropy[1, 9]} and set(some.kl) == {record.kl[1, 9]}


def test_without_pandas_only_the_frame_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(LensError, match="pip install pandas"):
        make_record().to_frame()


def test_a_notebook_shows_a_report_that_works_in_its_frame(browser: Browser) -> None:
    record = make_record()
    shown = show_report(record, height=700)._repr_html_()
    assert re.match(r'<iframe srcdoc="', shown) and "height:700px" in shown
    page = browser.new_page(viewport={"width": 1300, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_content(f"<!doctype html><title>notebook</title><p>Out[3]:</p>{shown}")
    frame = page.frame_locator("iframe")
    frame.locator('html[data-state="ready"]').wait_for()
    frame.locator("#grid-pane").focus()
    frame.locator("#find-token input").fill(record.token(int(record.tracked_ids[0])))
    frame.locator("#find-token [role=option]").first.click()
    frame.locator("#finding .find-chip").first.wait_for()
    page.wait_for_timeout(600)  # the view goes into the address a quarter of a second later
    page.close()
    assert complaints == []


def test_what_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        logit_lens.nothing  # noqa: B018
