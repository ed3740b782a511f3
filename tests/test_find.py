"""What --image may name beside files and folders: patterns, links, standard input."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pictures import good_pictures, save_picture

from logit_lens import LensError
from logit_lens.command.arguments import parse_arguments
from logit_lens.command.batch import plan
from logit_lens.command.find import find_images
from logit_lens.command.patterns import named_images
from logit_lens.record import load_record

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "create_logit_lens.py"
SHORT = ("--demo", "--max-new-tokens", "0", "--layers", "::4", "--top-k", "3")


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Pictures with and without brackets in their names, in the folder where we are."""
    monkeypatch.chdir(tmp_path)
    names = ["b.png", "a.png", "a[1].png", "a1.png", "c.jpg", ".hidden.png", "sub/d.png"]
    for number, name in enumerate([*names, "sub/deep/e.png", "[x]/f.png", "[x]/g.png"]):
        path = Path("photos", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_picture(path.with_suffix(".png"), number)
        path.with_suffix(".png").rename(path)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("photos/*.png", ["a.png", "a1.png", "a[1].png", "b.png"]),
        ("photos/?.*", ["a.png", "b.png", "c.jpg"]),
        ("photos/[ab].png", ["a.png", "b.png"]),
        ("photos/a[1].png", ["a[1].png"]),  # a file of that name wins over the pattern
        ("photos/a[12].png", ["a1.png"]),
        ("photos/[x]/*.png", ["[x]/f.png", "[x]/g.png"]),  # so does a folder
        ("photos/[x]", ["[x]"]),
        ("photos/**/*.png", ["a.png", "a1.png", "a[1].png", "b.png"]
         + ["[x]/f.png", "[x]/g.png", "sub/d.png", "sub/deep/e.png"]),
        ("photos/s*", ["sub"]),
        ("photos/s*/", ["sub/"]),
        ("./photos/b*", ["b.png"]),
        ("photos/b.png", ["b.png"]),
    ],
)  # fmt: skip
def test_a_pattern_is_opened_as_a_shell_would(photos, pattern, found):
    texts = named_images([pattern])
    assert sorted(text.removeprefix("./") for text in texts) == sorted(f"photos/{f}" for f in found)
    absolute = [t.replace("/./", "/") for t in named_images([f"{photos}/{pattern}"])]
    assert sorted(absolute) == sorted(f"{photos}/photos/{f}" for f in found)


def test_a_pattern_without_matches_says_so(command):
    code, out, err = command(*SHORT, "--image", "photos/*.webp")
    assert (code, out, err) == (1, [], ["error: no file matches the pattern photos/*.webp"])


def test_a_pattern_of_one_match_makes_one_report_and_of_more_a_folder(command, photos):
    code, out, _ = command(*SHORT, "--image", "photos/c.*", "--output", "r.html")
    assert (code, out) == (0, ["r.html"])
    code, out, err = command(*SHORT, "--image", "photos/[ab].png", "--output", "out")
    assert (code, out) == (0, ["out/index.html"]) and "2 images: 2 made" in err
    code, out, err = command(*SHORT, "--image", "photos/[ab].png", "--output", "r.html")
    assert (code, out) == (2, []) and "name a folder" in err[0]


def names_below(folder):
    return [name for _, name, _ in find_images([str(folder)])]


def test_linked_folders_are_followed_once(tmp_path):
    good_pictures(tmp_path / "a" / "own", 1)
    good_pictures(tmp_path / "elsewhere" / "more", 1, seed=1, prefix="q")
    (tmp_path / "a" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "a" / "same").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "a" / "again").symlink_to("own")  # its own name is the better one
    assert names_below(tmp_path / "a") == ["a/link/more/q0.png", "a/own/p0.png"]


def test_loops_of_links_end(tmp_path):
    good_pictures(tmp_path / "a" / "b", 1)
    good_pictures(tmp_path / "c", 1, seed=1, prefix="q")
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "a" / "b" / "self").symlink_to(".")
    (tmp_path / "a" / "b" / "top").symlink_to(tmp_path / "a")
    (tmp_path / "c" / "back").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "gone").symlink_to("nowhere")
    (tmp_path / "a" / "me").symlink_to("me")
    assert names_below(tmp_path / "a") == ["a/b/p0.png", "a/up/c/q0.png"]


def test_a_folder_that_is_a_link_is_searched_under_the_name_of_its_target(tmp_path):
    good_pictures(tmp_path / "a", 1)
    (tmp_path / "link").symlink_to("a")
    assert names_below(tmp_path / "link") == ["a/p0.png"]


def test_hidden_links_are_passed_over(tmp_path):
    good_pictures(tmp_path / "a", 1)
    good_pictures(tmp_path / "b", 1)
    (tmp_path / "a" / ".link").symlink_to(tmp_path / "b")
    assert names_below(tmp_path / "a") == ["a/p0.png"]


def through_stdin(argv, folder, data):
    return subprocess.run(
        [sys.executable, SCRIPT, *SHORT, *argv], cwd=folder, input=data, capture_output=True
    )


def test_a_dash_reads_standard_input_once(tmp_path):
    (path,) = good_pictures(tmp_path, 1)
    argv = ["--image", "-", "--save-data"]
    done = through_stdin(argv, tmp_path, path.read_bytes())
    assert done.stdout == b"outputs/demo_stdin_logit_lens.html\n", done.stderr
    image = load_record(tmp_path / "outputs" / "demo_stdin_logit_lens.npz").meta["image"]
    assert image == {"name": "stdin", "width": 96, "height": 80}
    argv = ["--image", "-", str(path), "-", "--output", "out"]
    done = through_stdin(argv, tmp_path, path.read_bytes())
    assert done.stdout == b"out/index.html\n" and b"2 images: 2 made" in done.stderr
    done = through_stdin(argv, tmp_path, path.read_bytes())
    assert b"2 images: 2 finished already" in done.stderr


@pytest.mark.parametrize(
    ("data", "says"), [(b"", "the file is empty"), (b"hello", "it is not an image")]
)
def test_what_is_no_image_on_standard_input_is_one_line(tmp_path, data, says):
    done = through_stdin(["--image", "-"], tmp_path, data)
    assert done.stderr.decode() == f"error: cannot read standard input: {says}\n"
    assert done.returncode == 1 and not done.stdout and not list(tmp_path.iterdir())


def test_a_terminal_is_not_waited_for(tmp_path, command, monkeypatch):
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        code, out, err = command(*SHORT, "--image", "-")
    os.close(ours)
    assert (code, out, len(err)) == (1, [], 1)
    assert "it is a terminal; send an image: … --image - < dog.jpg" in err[0]


def test_a_file_that_is_called_like_a_dash_is_read_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_picture(Path("x.png"), 1)
    Path("x.png").rename("-")
    (job,) = plan(parse_arguments(["--demo", "--image", "./-"])).jobs
    assert job.source.path == Path("-") and job.source.label == "./-"


def test_the_same_image_of_two_spellings_is_read_once(photos):
    jobs = plan(parse_arguments(["--demo", "--image", "photos/a.png", "./photos/[a].png"])).jobs
    assert [job.name for job in jobs] == ["a.png"]


def test_an_empty_name_is_refused(command):
    code, _, err = command(*SHORT, "--image", "")
    assert code == 2 and "an empty path" in err[0]


def test_a_folder_on_another_machine_is_not_searched():
    with pytest.raises(LensError, match="a file on another machine .server.; copy it here"):
        named_images(["file://server/photos"])
