"""Folders of images: a report each, whatever they are called, and nothing done twice."""

import multiprocessing
import os
import re
import resource
import shutil
import subprocess
import time

import pytest
from pictures import bad_pictures, good_pictures, save_picture
from PIL import Image

import create_logit_lens
from logit_lens import LensError
from logit_lens.command.arguments import parse_arguments
from logit_lens.command.batch import plan
from logit_lens.files import write_atomically
from logit_lens.model import vlm as vlm_module
from logit_lens.page.index import render_index
from logit_lens.page.summary import read_summary
from logit_lens.reading import pipeline

SHORT = ("--demo", "--max-new-tokens", "1", "--layers", "::4", "--top-k", "3")


def reports(folder):
    return sorted(folder.glob("*_logit_lens.html"))


def count_loads(monkeypatch):
    """A list that grows by one for each model that is loaded."""
    loads = []
    load = vlm_module.load_vlm
    monkeypatch.setattr(vlm_module, "load_vlm", lambda *a, **k: (loads.append(1), load(*a, **k))[1])
    return loads


def test_two_folders_with_bad_files_give_every_report_and_a_second_run_does_nothing(
    command, tmp_path, monkeypatch
):
    loads = count_loads(monkeypatch)
    good_pictures(tmp_path / "a", 10)
    good_pictures(tmp_path / "b", 9, seed=1, prefix="q")
    save_picture(tmp_path / "b" / "p3.png", 77)  # a/p3.png is another picture
    bad_pictures(tmp_path / "b")
    run = (*SHORT, "--image", "a", "b", "--output", "out")

    code, out, err = command(*run)
    assert (code, out) == (1, ["out/index.html"])
    assert len(reports(tmp_path / "out")) == 20 and loads == [1]
    assert [line for line in err if line.startswith("error: ")] == [
        "error: b/cut.jpg: the image is damaged (image file is truncated (8 bytes not processed))",
        "error: b/empty.png: the file is empty",
        "error: b/text.png: it is not an image",
    ]
    assert "23 images: 20 made, 3 failed" in err
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    summaries = [read_summary(path) for path in reports(tmp_path / "out")]
    assert sorted(s["name"] for s in summaries) == sorted(
        [f"a/p{i}.png" for i in range(10)] + [f"b/q{i}.png" for i in range(9)] + ["b/p3.png"]
    )
    for path in reports(tmp_path / "out"):
        assert f"./{path.name}" in index
    assert all(f"b/{name}" in index for name in ("cut.jpg", "text.png", "empty.png"))

    before = {path: path.stat().st_mtime_ns for path in reports(tmp_path / "out")}
    begin = time.process_time()  # of this process alone: others may be busy
    code, out, err = command(*run)
    assert time.process_time() - begin < 1
    assert (code, out) == (1, ["out/index.html"]) and loads == [1]
    assert any("20 finished already, 3 failed; nothing to do for the model" in line for line in err)
    assert {path: path.stat().st_mtime_ns for path in reports(tmp_path / "out")} == before


def test_what_is_finished_is_kept_by_content_and_all_else_is_made_again(
    command, tmp_path, monkeypatch
):
    made = []
    make = pipeline.make_record
    monkeypatch.setattr(
        pipeline, "make_record", lambda v, p, *a, **k: (made.append(p.name), make(v, p, *a, **k))[1]
    )
    good_pictures(tmp_path / "a", 3)

    def run(*more):
        made.clear()
        code, _, _ = command(*SHORT, "--image", "a", "--output", "out", *more)
        assert code == 0
        return list(made)

    every = ["p0.png", "p1.png", "p2.png"]
    assert run() == every
    assert run() == []
    os.utime(tmp_path / "a" / "p1.png")  # a date is not a change
    assert run() == []
    save_picture(tmp_path / "a" / "p1.png", 99)
    assert run() == ["p1.png"]
    reports(tmp_path / "out")[2].write_text("<html>half of a rep")
    assert len(run()) == 1
    reports(tmp_path / "out")[0].unlink()
    assert run() == ["p0.png"]
    assert run("--prompt", "What is in the background?") == every
    assert run("--prompt", "What is in the background?", "--save-data") == every
    assert run("--prompt", "What is in the background?", "--save-data") == []
    assert run("--overwrite") == every
    (tmp_path / "a").rename(tmp_path / "moved")
    (tmp_path / "a").symlink_to("moved")
    assert run() == []


def test_names_never_collide_whatever_the_sources_are_called(command, tmp_path):
    names = ["dog.png", "Dog.png", "dog.jpg", "d o g.png", "d_o_g.png", "d?o?g.png", "éa.png"]
    names += ["e\u0301a.png", "картинка.png", "<script>.png", "'\"&{{7*7}}.png", "-x.png"]
    names += ["x" * 230 + ".png", "x" * 230 + "y.png", "漢" * 80 + ".png", "dog-0123456789.png"]
    names += ["sub/dog.png", "sub/sub/dog.png", "a\nb.png", "con.png", b"raw\xff.png"]
    for number, name in enumerate(names):
        path = tmp_path / "in" / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_picture(path, number)
    batch = plan(parse_arguments(["--demo", "--image", str(tmp_path / "in")]))
    assert len(batch.jobs) == len(names)
    places = {(job.plain if job.unique else job.hashed).name.casefold() for job in batch.jobs}
    assert len(places) == len(names)
    code, _, err = command(*SHORT, "--image", "in", "--output", "out")
    assert code == 0, err
    assert len(reports(tmp_path / "out")) == len(names)


def test_other_images_of_the_same_names_never_replace_a_report(command, tmp_path):
    good_pictures(tmp_path / "a", 2)
    good_pictures(tmp_path / "b", 2, seed=5)
    for folder in ("a", "b", "a", "b"):
        code, _, _ = command(*SHORT, "--image", folder, "--output", "out")
        assert code == 0
    names = sorted(read_summary(path)["name"] for path in reports(tmp_path / "out"))
    assert names == ["a/p0.png", "a/p1.png", "b/p0.png", "b/p1.png"]


def test_an_image_named_twice_is_read_once(tmp_path):
    (path, _) = good_pictures(tmp_path / "a", 2)
    batch = plan(parse_arguments(["--demo", "--image", str(path), str(tmp_path / "a"), str(path)]))
    assert [job.source.name for job in batch.jobs] == ["p0.png", "p1.png"]


def test_hidden_and_other_files_of_a_folder_are_passed_over(tmp_path):
    good_pictures(tmp_path / "a", 1)
    (tmp_path / "a" / "notes.txt").touch()
    good_pictures(tmp_path / "a" / ".thumbnails", 1)
    (tmp_path / "a" / "._p0.png").touch()
    os.mkfifo(tmp_path / "a" / "pipe.png")
    assert len(plan(parse_arguments(["--demo", "--image", str(tmp_path / "a")])).jobs) == 1


def test_a_folder_without_images_is_an_error(command, tmp_path):
    (tmp_path / "a").mkdir()
    code, out, err = command(*SHORT, "--image", "a")
    assert (code, out) == (1, []) and err == [
        "error: there is no image in the folder a: no file ends in .jpg, .png, .webp, …"
    ]


def test_somebody_elses_index_is_not_replaced(command, tmp_path):
    good_pictures(tmp_path / "a", 2)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "index.html").write_text("my site")
    code, out, err = command(*SHORT, "--image", "a", "--output", "out")
    assert (code, out) == (1, []) and "would be replaced" in err[-1]
    assert (tmp_path / "out" / "index.html").read_text() == "my site"


def test_one_image_that_fails_in_the_model_never_stops_the_others(command, tmp_path, monkeypatch):
    make = pipeline.make_record

    def odd(vlm, picture, *args, **kwargs):
        if picture.name == "p1.png":
            raise LensError("out of memory on cuda: lower --max-new-tokens")
        if picture.name == "p2.png":
            raise ZeroDivisionError("aspect\nratio")
        return make(vlm, picture, *args, **kwargs)

    monkeypatch.setattr(pipeline, "make_record", odd)
    good_pictures(tmp_path / "a", 4)
    code, out, err = command(*SHORT, "--image", "a", "--output", "out")
    assert (code, out) == (1, ["out/index.html"])
    assert len(reports(tmp_path / "out")) == 2
    assert "error: a/p1.png: out of memory on cuda: lower --max-new-tokens" in err
    assert any(e.startswith("error: a/p2.png: ZeroDivisionError: aspect (in test_") for e in err)
    monkeypatch.setattr(pipeline, "make_record", make)
    code, _, err = command(*SHORT, "--image", "a", "--output", "out")
    assert code == 0 and "4 images: 2 made, 2 finished already" in err
    assert "out of memory" not in render_index(tmp_path / "out")


def test_an_argument_that_fits_no_image_stops_at_the_first(command, tmp_path):
    good_pictures(tmp_path / "a", 3)
    code, out, err = command("--demo", "--layers", "99", "--image", "a", "--output", "out")
    assert (code, out, len(err)) == (2, [], 1) and "no layer 99" in err[0]


def test_a_link_that_leads_nowhere_is_named(command, tmp_path):
    good_pictures(tmp_path / "a", 1)
    (tmp_path / "a" / "nowhere.png").symlink_to("absent.png")
    code, out, err = command(*SHORT, "--image", "a", "--output", "out")
    assert (code, out) == (1, ["out/index.html"])
    assert "error: a/nowhere.png: there is no such file" in err
    assert "2 images: 1 made, 1 failed" in err


def test_the_index_forgets_a_failed_image_that_is_gone(command, tmp_path):
    good_pictures(tmp_path / "a", 1)
    (tmp_path / "a" / "bad.png").touch()
    assert command(*SHORT, "--image", "a", "--output", "out")[0] == 1
    (tmp_path / "a" / "bad.png").unlink()
    assert command(*SHORT, "--image", "a", "--output", "out")[0] == 0
    assert "bad.png" not in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_a_full_disk_is_one_line_and_what_is_finished_stays(command, tmp_path):
    good_pictures(tmp_path / "a", 2)
    assert command(*SHORT, "--image", "a", "--output", "out")[0] == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    good_pictures(tmp_path / "a", 6)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        code, out, err = command(*SHORT, "--image", "a", "--output", "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, out, len(err)) == (1, [], 1)
    assert "MB are needed" in err[0] and "for the 4 images left" in err[0], err
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert command(*SHORT, "--image", "a", "--output", "out")[0] == 0
    assert len(reports(tmp_path / "out")) == 6


@pytest.fixture
def small_disk(tmp_path):
    """A disk of two megabytes, where we may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("cannot mount a small disk here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_the_room_that_is_needed_counts_all_files_of_the_finished_images(
    command, tmp_path, small_disk
):
    good_pictures(tmp_path / "a", 12)
    (tmp_path / "a" / "a").mkdir()
    bad_pictures(tmp_path / "a" / "a")  # these come first, and will take no room
    out = small_disk / "out"
    run = (*SHORT, "--image", "a", "--output", out, "--save-data")
    code, _, err = command(*run)
    assert code == 1 and "No space left on device" in err[-1], err
    done = reports(out)
    assert 2 <= len(done) < 12
    each = sum(path.stat().st_size + path.with_suffix(".npz").stat().st_size for path in done)
    room = (12 - len(done)) * each / len(done) / 1e6
    assert f"; about {room:.1f} MB for the {12 - len(done)} images left: make room" in err[-1]
    (needed,) = re.findall(r"\((\d\.\d) MB are needed\)", err[-1])
    assert abs(float(needed) - each / len(done) / 1e6) < 0.1  # of both files, not of one
    code, _, err = command(*run)
    assert code == 1 and f"MB for the {12 - len(reports(out))} images left" in err[-1]


def test_one_report_that_finds_no_room_says_what_all_its_files_need(command, tmp_path):
    assert command(*SHORT, "--save-data", "--output", "r.html")[0] == 0
    whole = sum((tmp_path / name).stat().st_size for name in ("r.html", "r.npz"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        code, out, err = command(*SHORT, "--save-data", "--output", "r.html")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, out) == (1, []) and f"({whole / 1e6:.1f} MB are needed)" in err[-1]


def test_the_temporary_file_of_a_running_process_is_left_alone(command, tmp_path):
    good_pictures(tmp_path / "a", 1)
    (tmp_path / "out").mkdir()
    dead = tmp_path / "out" / ".r.html.abcdefgh.lens.part"
    dead.write_text("half")
    context = multiprocessing.get_context("fork")
    begun, go_on = context.Event(), context.Event()

    def write():
        def slow(*_):
            begun.set()
            go_on.wait(30)

        os.fsync = slow
        write_atomically(tmp_path / "out" / "other.txt", b"whole")

    process = context.Process(target=write, daemon=True)
    process.start()
    assert begun.wait(60)
    assert command(*SHORT, "--image", "a", "--output", "out")[0] == 0
    assert not dead.exists()
    go_on.set()
    process.join(60)
    assert (tmp_path / "out" / "other.txt").read_bytes() == b"whole"


@pytest.mark.slow
def test_memory_and_time_per_image_stay_flat_over_two_hundred_images(tmp_path, monkeypatch, capsys):
    psutil = pytest.importorskip("psutil")
    good_pictures(tmp_path / "a", 200)
    memory, times = [], []
    make = pipeline.make_record

    def watched(*args, **kwargs):
        memory.append(psutil.Process().memory_info().rss / 1e6)
        times.append(time.perf_counter())
        return make(*args, **kwargs)

    monkeypatch.setattr(pipeline, "make_record", watched)
    argv = ["--demo", "--image", str(tmp_path / "a"), "--output", str(tmp_path / "out")]
    assert create_logit_lens.main(argv) == 0
    steps = sorted(b - a for a, b in zip(times[10:100], times[11:101], strict=True))
    later = sorted(b - a for a, b in zip(times[100:-1], times[101:], strict=True))
    print(
        f"{memory[10]:.0f} MB after the tenth image, {max(memory[10:]):.0f} MB at most; "
        f"{steps[len(steps) // 2]:.3f} s per image, then {later[len(later) // 2]:.3f} s"
    )
    assert max(memory[10:]) - memory[10] <= 50


def test_a_large_picture_is_small_in_the_index(command, tmp_path):
    (tmp_path / "a").mkdir()
    Image.effect_noise((3000, 2000), 90).save(tmp_path / "a" / "big.png")
    assert command(*SHORT, "--image", "a", "--output", "out")[0] == 0
    summary = read_summary(*reports(tmp_path / "out"))
    assert (summary["width"], summary["height"]) == (3000, 2000)
    assert len(summary["thumbnail"]) < 12_000
