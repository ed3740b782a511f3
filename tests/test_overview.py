"""The index tells of every report and failure that lies in its folder, and of nothing else."""

import json
from dataclasses import replace

import numpy as np
import pytest
from browsing import may_stall, serious_barriers
from indexes import entries_of
from records import HOSTILE_TEXTS, hostile_record, make_record

from logit_lens.command.batch import Batch, Job
from logit_lens.command.distributed import Process
from logit_lens.command.folder import Folder
from logit_lens.page.index import (
    THUMBNAILS,
    refuse_foreign_index,
    render_index,
    write_index,
)
from logit_lens.page.report import write_report
from logit_lens.page.summary import read_summary, strongest_words

pytestmark = may_stall


def report(folder, name, **meta):
    """A report of a small record in ``folder``."""
    record = make_record(texts=["▁dog", "▁cat", "▁sky"], vocabulary=12, meta=meta)
    image = {"name": name, "width": 160, "height": 120}
    record = replace(record, meta=record.meta | {"image": image} | meta)
    path = folder / f"{name}_logit_lens.html"
    write_report(record, path)
    return path


def test_a_summary_is_read_from_the_beginning_of_a_report(tmp_path):
    path = report(tmp_path, "a.png")
    summary = read_summary(path)
    assert (summary["name"], summary["answer"]) == ("a.png", "a red circle")
    assert summary["thumbnail"].startswith("data:image/jpeg;base64,")
    assert path.read_bytes().find(b'id="summary"') < 2000


@pytest.mark.parametrize("cut", [0, 100, 3000, -9, -200])
def test_half_a_report_has_no_summary(tmp_path, cut):
    path = report(tmp_path, "a.png")
    path.write_bytes(path.read_bytes()[:cut])
    assert read_summary(path) is None


def test_a_file_that_only_looks_like_a_report_has_no_summary(tmp_path):
    begin = '<script type="application/json" id="summary">'
    texts = ["{</script>", "[]</script>", '{"format":"logit-lens-summary/1"}</script>']
    for text in ("", "<html></html>", *(begin + text for text in texts)):
        (tmp_path / "x.html").write_text(text + "</html>")
        assert read_summary(tmp_path / "x.html") is None
    assert read_summary(tmp_path / "absent.html") is None


def test_the_strongest_words_are_those_that_patches_are_surest_of():
    record = make_record(
        layers=5, grid=(2, 2), texts=["▁dog", "og", "▁cat", "</s>", "▁1"], vocabulary=40, k=3
    )
    top_ids, top_probs = record.top_ids.copy(), record.top_probs.copy()
    patches = np.flatnonzero(record.position_kind == 1)
    top_probs[:, patches] = 0.01
    for token, patch in zip((0, 0, 1, 2), patches, strict=True):
        top_ids[3, patch, 0], top_probs[3, patch, 0] = token, 0.9
    found = strongest_words(replace(record, top_ids=top_ids, top_probs=top_probs))
    assert found == ["dog", "cat", "og"]
    assert strongest_words(make_record(grid=(0, 0))) == []


def test_an_index_is_made_of_what_is_there(tmp_path):
    paths = [report(tmp_path, name) for name in ("a.png", "b.png", "c.png")]
    (tmp_path / "other.html").write_text("<html>mine</html>")
    (tmp_path / ".hidden.html").write_bytes(paths[0].read_bytes())
    assert entries(render_index(tmp_path)) == ["a.png", "b.png", "c.png"]
    paths[1].unlink()
    paths[2].write_bytes(paths[2].read_bytes()[:-20])
    assert entries(render_index(tmp_path)) == ["a.png"]


def entries(page):
    return [entry["name"] for entry in entries_of(page)]


def test_an_index_of_very_many_leaves_the_thumbnails_out(tmp_path, monkeypatch):
    report(tmp_path, "a.png")
    report(tmp_path, "b.png")
    assert "data:image/jpeg" in render_index(tmp_path)
    monkeypatch.setattr("logit_lens.page.index.THUMBNAILS", 1)
    assert THUMBNAILS > 1 and "data:image/jpeg" not in render_index(tmp_path)


def test_a_long_run_can_be_looked_at_while_it_works(tmp_path, monkeypatch):
    monkeypatch.setattr("logit_lens.command.folder._KEEP_UP", 0.0)
    folder = Folder(Batch([Job(None, "", "", "", tmp_path, tmp_path)], tmp_path))
    report(tmp_path, "a.png")
    folder.keep_up(Process(rank=1, size=2, local_rank=1, local_size=2))
    assert not (tmp_path / "index.html").exists()
    folder.keep_up(Process())
    assert entries((tmp_path / "index.html").read_text(encoding="utf-8")) == ["a.png"]


def test_its_own_index_is_replaced(tmp_path):
    write_index(tmp_path)
    refuse_foreign_index(tmp_path)


def names(page):
    return page.locator("td.name a").all_text_contents()


def test_reports_are_sorted_searched_and_opened(open_index, tmp_path):
    for number, answer in ((2, "zebra"), (10, "a dog"), (1, "Éclair")):
        report(tmp_path, f"p{number}.png", answer=answer)
    page = open_index(tmp_path)
    assert names(page) == ["p1.png", "p2.png", "p10.png"]
    page.get_by_role("button", name="answer").click()
    assert names(page) == ["p10.png", "p1.png", "p2.png"]
    page.get_by_role("button", name="answer").click()
    assert names(page) == ["p2.png", "p1.png", "p10.png"]
    assert page.locator("th[aria-sort=descending]").inner_text() == "answer"
    page.keyboard.press("/")
    page.keyboard.type("eclair P1")
    assert names(page) == ["p1.png"]
    assert page.locator("#counts").inner_text() == "1 of 3 reports"
    page.locator("td.name a").click()
    page.wait_for_selector("#grid-pane")
    assert page.title().startswith("p1.png")


def test_the_theme_follows_the_system_and_the_button(open_index, tmp_path):
    report(tmp_path, "a.png")
    page = open_index(tmp_path, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("#theme-button").click()
    assert page.evaluate(ground) != dark
    page.keyboard.press("t")
    assert page.evaluate(ground) == dark


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_index(open_index, tmp_path, theme):
    report(tmp_path, "a.png")
    (tmp_path / ".failed-b.json").write_text(
        json.dumps({"name": "b.png", "reason": "the file is empty", "source": "b", "root": ""})
    )
    page = open_index(tmp_path, color_scheme=theme)
    assert page.locator("#failures li").count() == 1
    assert serious_barriers(page) == []


def test_a_thousand_reports_are_drawn_as_they_are_scrolled_to(open_index, tmp_path):
    first = report(tmp_path, "p0.png").read_bytes()
    for number in range(1, 1000):
        (tmp_path / f"p{number}_logit_lens.html").write_bytes(first)
    page = open_index(tmp_path)
    assert page.locator("tbody tr").count() == 100
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.locator("tbody tr").nth(150).wait_for()


def test_text_that_would_like_to_be_more_than_text_stays_text(open_index, tmp_path):
    record = hostile_record()
    write_report(record, tmp_path / "x_logit_lens.html")
    for number, text in enumerate(HOSTILE_TEXTS):
        write_report(
            replace(record, meta=record.meta | {"answer": text}),
            tmp_path / f"{number}&<b>'\"#?%_logit_lens.html",
        )
        note = {"name": text, "reason": text, "source": str(number), "root": ""}
        (tmp_path / f".failed-{number}.json").write_text(json.dumps(note))
    page = open_index(tmp_path)
    assert page.evaluate("window.hacked") is None
    assert page.locator("td.name a").count() == len(HOSTILE_TEXTS) + 1
    assert page.locator("td.answer", has_text="{{ 7*7 }}").count() == 1
    assert page.locator("#failures li").count() == len(HOSTILE_TEXTS)
    page.locator("td.name a").first.click()
    page.wait_for_selector("#grid-pane")
