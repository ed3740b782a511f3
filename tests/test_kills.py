"""Whatever ends a run, what it leaves is whole, and the same command finishes the work.

The command runs in processes forked from one that has imported torch and the rest already.
"""

import fcntl
import io
import json
import multiprocessing
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from pictures import good_pictures

import create_logit_lens
from logit_lens import files
from logit_lens.page.index import FAILURE_NOTE
from logit_lens.page.summary import read_summary
from logit_lens.record import load_record

SCRIPT = Path(create_logit_lens.__file__)
SHORT = ("--demo", "--max-new-tokens", "0", "--layers", "::4", "--top-k", "3")
ARGV = [*SHORT, "--image", "a", "--save-data", "--quiet", "--output"]
KINDS = {
    "report": r"\.demo_\w+\.html\.",
    "record": r"\.demo_\w+\.npz\.",
    "index": r"\.index\.html\.",
    "failure note": r"\.\.failed-\w+\.json\.",
}


class SlowFile(io.BufferedWriter):
    """A file that takes its bytes in ten pieces, a moment after each, as a slow disk would."""

    def write(self, data):
        for at in range(0, len(data), max(1, len(data) // 10)):
            super().write(data[at : at + max(1, len(data) // 10)])
            self.flush()
            time.sleep(0.004)
        return len(data)


def run_in_child(argv, folder, slow):
    os.chdir(folder)
    if slow:
        files.os.fdopen = lambda handle, mode: SlowFile(io.FileIO(handle, mode))
    os._exit(create_logit_lens.main(argv))


@pytest.fixture(scope="module")
def start():
    """Start the command in a folder; gives the process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warm"])  # the fork server imports torch once

    def begin(folder, output, slow=False):
        argv = [*ARGV, output]
        process = context.Process(target=run_in_child, args=(argv, folder, slow), daemon=True)
        process.start()
        return process

    ready = context.Process(target=os.getpid)
    ready.start()
    ends(ready, 0)
    return begin


def ends(process, code):
    process.join(300)
    assert process.exitcode == code


def left_by_a_kill(out):
    """Check that every file is whole; gives the names of the temporary ones."""
    for path in out.glob("*.html"):
        assert path.read_bytes().rstrip().endswith(b"</html>"), path
        assert path.name == "index.html" or read_summary(path), path
    for path in out.glob("*.npz"):
        load_record(path)
    for path in out.glob(f"{FAILURE_NOTE}*.json"):
        assert json.loads(path.read_bytes())["reason"]
    return [path.name for path in out.glob(".*.part")]


def killed_while_writing(start, folder, kills):
    """Kill runs as soon as they write a file of each kind, so many times for each."""
    good_pictures(folder / "a", 2)
    (folder / "a" / "bad.png").write_text("hello")
    ends(start(folder, "whole"), 1)
    out, chance, caught = folder / "out", random.Random(0), dict.fromkeys(KINDS, 0)
    for kind, pattern in KINDS.items():
        for _ in range(kills):
            for path in out.glob("demo_p0*"):
                path.unlink()  # one image is to be made, the other stays finished
            process = start(folder, "out", slow=True)
            while process.is_alive() and not any(re.match(pattern, n) for n in names_in(out)):
                time.sleep(0.0005)
            assert process.is_alive(), f"it never wrote a {kind}"
            time.sleep(chance.uniform(0, 0.04))
            process.kill()
            process.join(60)
            left = left_by_a_kill(out)
            caught[kind] += any(re.match(pattern, name) for name in left)
    ends(start(folder, "out"), 1)
    assert left_by_a_kill(out) == []
    assert names_in(out) == names_in(folder / "whole")
    return caught


def names_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_kill_while_a_file_is_written_leaves_whole_files_only(start, tmp_path):
    caught = killed_while_writing(start, tmp_path, kills=1)
    assert sum(caught.values()) > 0, caught


@pytest.mark.slow
def test_fifty_six_kills_while_files_are_written_leave_whole_files_only(start, tmp_path):
    caught = killed_while_writing(start, tmp_path, kills=14)
    print(f"killed in the middle of a file, of 14 each: {caught}")
    assert all(number >= 7 for number in caught.values()), caught


def killed_at_random(start, folder, kills, images):
    """Kill runs at random moments, checking what each one leaves."""
    good_pictures(folder / "a", images)
    begin = time.monotonic()
    ends(start(folder, "whole"), 0)
    span = time.monotonic() - begin
    chance, out = random.Random(0), folder / "out"
    for _ in range(kills):
        process = start(folder, "out")
        process.join(chance.uniform(0, span))
        process.kill()
        process.join(60)
        left_by_a_kill(out)
        if len(list(out.glob("*_logit_lens.html"))) == images:
            shutil.rmtree(out)
    ends(start(folder, "out"), 0)
    assert not list(folder.rglob("*.part"))
    assert names_in(out) == names_in(folder / "whole")


def test_a_few_kills_leave_whole_files_only_and_the_next_run_finishes(start, tmp_path):
    killed_at_random(start, tmp_path, kills=4, images=4)


@pytest.mark.slow
def test_fifty_kills_leave_whole_files_only_and_the_next_run_finishes(start, tmp_path):
    killed_at_random(start, tmp_path, kills=50, images=8)


def one_of_two_racers_killed(start, folder, races):
    """Run the same command twice at a time and kill one; the other must finish everything."""
    good_pictures(folder / "a", 4)
    ends(start(folder, "whole"), 0)
    chance, out = random.Random(1), folder / "out"
    for race in range(races):
        shutil.rmtree(out, ignore_errors=True)
        racers = [start(folder, "out", slow=True) for _ in range(2)]
        while not list(out.glob(".*.part")):
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.3))
        racers[race % 2].kill()
        ends(racers[1 - race % 2], 0)
        left = left_by_a_kill(out)
        done = [name for name in names_in(out) if name not in left]
        assert done == names_in(folder / "whole")
        index = (out / "index.html").read_text(encoding="utf-8")
        assert all(f"./{name}" in index for name in done if name.endswith("lens.html"))
    ends(start(folder, "out"), 0)
    assert not list(out.glob(".*.part"))


def test_of_two_identical_runs_one_is_killed_and_the_other_finishes(start, tmp_path):
    one_of_two_racers_killed(start, tmp_path, races=2)


@pytest.mark.slow
def test_of_two_identical_runs_one_is_killed_again_and_again(start, tmp_path):
    one_of_two_racers_killed(start, tmp_path, races=20)


def begun(folder, **options):
    """The command as a process of its own, when its first report is there."""
    good_pictures(folder / "a", 60)
    process = subprocess.Popen(
        [sys.executable, SCRIPT, *ARGV, "out"],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        **options,
    )
    while process.poll() is None and not list((folder / "out").glob("*_logit_lens.html")):
        time.sleep(0.01)
    assert process.poll() is None
    return process


def check_interrupted(folder, process):
    assert process.wait(120) == 130
    assert left_by_a_kill(folder / "out") == []
    reports = [n for n in names_in(folder / "out") if n.endswith("_logit_lens.html")]
    index = (folder / "out" / "index.html").read_text(encoding="utf-8")
    assert 1 <= len(reports) < 60 and all(f"./{name}" in index for name in reports)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_polite_kill_indexes_what_is_finished(tmp_path, number):
    def listen():
        """As at a terminal, also where the tests themselves run under nohup or behind a script."""
        signal.signal(number, signal.SIG_DFL)

    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = begun(tmp_path, **pipes, text=True, preexec_fn=listen)
    process.send_signal(number)
    check_interrupted(tmp_path, process)
    assert process.communicate() == ("", "error: interrupted\n")


def test_a_terminal_that_goes_away_is_a_polite_kill_too(tmp_path):
    ours, theirs = pty.openpty()

    def take_terminal():
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    process = begun(tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=take_terminal)
    os.close(theirs)
    os.close(ours)  # nobody is there any more
    check_interrupted(tmp_path, process)


def test_a_run_under_nohup_goes_on(tmp_path):
    good_pictures(tmp_path / "a", 2)
    process = subprocess.Popen(
        [sys.executable, SCRIPT, *ARGV, "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    while process.poll() is None and not (tmp_path / "out").is_dir():
        process.send_signal(signal.SIGHUP)
        time.sleep(0.05)
    assert process.communicate() == ("out/index.html\n", "")
