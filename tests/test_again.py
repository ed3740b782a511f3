"""A folder of records becomes a folder of reports and an index, without a model, as a run would."""

import json
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
from records import make_record

import create_logit_lens
from logit_lens.command import again
from logit_lens.command.fingerprint import report_mark
from logit_lens.page.summary import read_summary


def records(folder, count):
    folder.mkdir(exist_ok=True)
    for seed in range(count):
        record = make_record(seed=seed, texts=["▁boat", "▁sky", "▁dog"], vocabulary=9)
        record.save(folder / f"r{seed}.npz")
    return folder


def reports(folder):
    return sorted(path.name for path in folder.glob("*.html") if path.name != "index.html")


def test_a_folder_of_records_becomes_reports_and_an_index_beside_them(command, tmp_path):
    records(tmp_path / "data", 3)
    code, out, err = command("--from-data", "data")
    assert (code, out) == (0, ["data/index.html"])
    assert err == ["3 records: 3 made"]
    assert reports(tmp_path / "data") == ["r0.html", "r1.html", "r2.html"]
    index = (tmp_path / "data" / "index.html").read_text(encoding="utf-8")
    assert all(f"./r{n}.html" in index for n in range(3))
    alone = command("--from-data", "data/r1.npz", "--output", "alone.html")
    assert alone == (0, ["alone.html"], [])
    assert Path("alone.html").read_bytes() == Path("data/r1.html").read_bytes()


def test_what_is_finished_is_kept_by_content_and_all_else_is_made_again(
    command, tmp_path, monkeypatch
):
    made = []
    load = again.load_record
    monkeypatch.setattr(again, "load_record", lambda path: (made.append(path.name), load(path))[1])
    data = records(tmp_path / "data", 3)

    def run(*more):
        made.clear()
        code, out, _ = command("--from-data", "data", "--output", "out", *more)
        assert (code, out) == (0, ["out/index.html"])
        return list(made)

    every = ["r0.npz", "r1.npz", "r2.npz"]
    assert run() == every
    assert run() == []
    os.utime(data / "r1.npz")  # a date is not a change
    assert run() == []
    make_record(seed=9).save(data / "r1.npz")
    assert run() == ["r1.npz"]
    (tmp_path / "out" / "r2.html").write_bytes((tmp_path / "out/r2.html").read_bytes()[:-30])
    assert run() == ["r2.npz"]
    (tmp_path / "out" / "r0.html").unlink()
    assert run() == ["r0.npz"]
    assert run("--overwrite") == every
    monkeypatch.setattr(again, "report_mark", lambda digest: f"another page {digest}")
    assert run() == every


def test_what_a_run_wrote_is_finished_and_comes_out_the_same(command, tmp_path):
    scene = Path(create_logit_lens.__file__).parents[1] / "images" / "demo_scene.png"
    for name in ("a.png", "b.png"):
        (tmp_path / "in").mkdir(exist_ok=True)
        shutil.copy(scene, tmp_path / "in" / name)
    short = ("--demo", "--max-new-tokens", "1", "--layers", "::4", "--save-data")
    assert command(*short, "--image", "in", "--output", "out")[0] == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").glob("*.html")}
    assert len(before) == 3
    _, _, err = command("--from-data", "out")
    assert err[0].startswith("2 records: 2 finished already")
    assert command("--from-data", "out", "--overwrite")[0] == 0
    assert {path: path.read_bytes() for path in (tmp_path / "out").glob("*.html")} == before


def test_bad_records_are_one_line_each_and_the_rest_goes_on(command, tmp_path):
    data = records(tmp_path / "data", 3)
    good = (data / "r0.npz").read_bytes()
    (data / "copy.npz").write_bytes(good)
    (data / "cut.npz").write_bytes(good[: len(good) // 2])
    (data / "empty.npz").touch()
    (data / "text.npz").write_text("no record")
    (data / "gone.npz").symlink_to("nowhere.npz")
    (data / "inside.npz").mkdir()
    os.mkfifo(data / "pipe.npz")
    with np.load(data / "r1.npz") as held:
        arrays = dict(held)
    meta = json.loads(str(arrays["meta"])) | {"format": "logit-lens/9"}
    np.savez(data / "other.npz", **arrays | {"meta": np.array(json.dumps(meta))})
    (data / ".hidden.npz").touch()
    code, out, err = command("--from-data", "data")
    assert (code, out) == (1, ["data/index.html"])
    assert [line for line in err if line.startswith("error: ")] == [
        "error: cut.npz: it is no .npz file, or only a part of one",
        "error: empty.npz: it is no .npz file, or only a part of one",
        "error: gone.npz: there is no such file",
        "error: inside.npz: it is not a file",
        "error: other.npz: meta says format 'logit-lens/9', this program reads 'logit-lens/1'",
        "error: pipe.npz: it is not a file",
        "error: r0.npz: it is the same record as copy.npz, and is left out",
        "error: text.npz: it is no .npz file, or only a part of one",
    ]
    assert "11 records: 3 made, 8 failed" in err
    assert reports(data) == ["copy.html", "r1.html", "r2.html"]
    index = (data / "index.html").read_text(encoding="utf-8")
    assert "8 without a report" in index and "the same record as copy.npz" in index
    for path in (*data.glob("*.npz"),):
        if not path.name.startswith(("r1", "r2", "copy")):
            path.rmdir() if path.is_dir() else path.unlink()
    assert command("--from-data", "data")[0] == 0  # and the index forgets them
    assert "without a report" not in (data / "index.html").read_text(encoding="utf-8")


def test_what_is_not_ours_is_not_replaced(command, tmp_path):
    data = records(tmp_path / "data", 2)
    (data / "r0.html").write_text("my page")
    code, _, err = command("--from-data", "data")
    assert code == 1 and (data / "r0.html").read_text() == "my page"
    assert "r0.html is not a report of this program and would be replaced" in err[0]
    (data / "index.html").write_text("my site")
    code, out, err = command("--from-data", "data")
    assert (code, out, len(err)) == (1, [], 1) and "would be replaced" in err[0]


def test_a_folder_without_records_and_a_page_for_a_folder_are_refused(command, tmp_path):
    (tmp_path / "data").mkdir()
    code, out, err = command("--from-data", "data")
    assert (code, out, len(err)) == (1, [], 1) and "no record in the folder data" in err[0]
    records(tmp_path / "data", 1)
    code, out, err = command("--from-data", "data", "--output", "x.html")
    assert (code, out, len(err)) == (2, [], 1) and "--from-data is a folder" in err[0]


def test_processes_share_the_records(command, tmp_path, monkeypatch):
    records(tmp_path / "data", 5)
    for rank in (1, 0):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "2")
        assert command("--from-data", "data")[0] == 0
        assert len(reports(tmp_path / "data")) == (2 if rank else 5)


def _render(folder):
    os._exit(create_logit_lens.main(["--from-data", str(folder), "--quiet"]))


def test_a_killed_run_leaves_whole_reports_and_goes_on_where_it_stopped(tmp_path, capsys):
    data = records(tmp_path / "data", 40)
    child = multiprocessing.get_context("fork").Process(target=_render, args=(data,))
    child.start()
    limit = time.monotonic() + 60
    while len(reports(data)) < 5 and time.monotonic() < limit:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    done = reports(data)
    assert 5 <= len(done) < 40 and all(read_summary(data / name) for name in done)
    dates = {name: (data / name).stat().st_mtime_ns for name in done}
    assert create_logit_lens.main(["--from-data", str(data)]) == 0
    assert f"{40 - len(done)} made, {len(done)} finished already" in capsys.readouterr().err
    assert {name: (data / name).stat().st_mtime_ns for name in done} == dates
    assert len(reports(data)) == 40
    assert not list(data.glob(".*.part"))


def test_the_mark_of_a_report_depends_on_the_record_and_the_code():
    assert report_mark("a") != report_mark("b") == report_mark("b")
