"""Several processes share the images; none waits for another's data, none hangs when one dies."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from indexes import entries_of
from pictures import good_pictures

import create_logit_lens
from logit_lens import LensError
from logit_lens.command.distributed import Process, take_process
from logit_lens.page.summary import read_summary
from logit_lens.record import CONTRACT, load_record

SCRIPT = Path(create_logit_lens.__file__)
SHORT = ["--demo", "--max-new-tokens", "1", "--layers", "::4", "--top-k", "3", "--save-data"]


def launch(folder, output, processes=2, **more):
    """The command as torchrun and accelerate launch start it, in several processes on a CPU."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--master-port", "0"]
    return subprocess.Popen(
        [*launcher, "--nproc-per-node", str(processes), SCRIPT]
        + [*SHORT, "--image", "a", "--output", output],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        **more,
    )


def contents(folder):
    """Every record of a folder, without the times: name -> arrays and meta."""
    found = {}
    for path in sorted(folder.glob("*.npz")):
        record = load_record(path)
        meta = {k: v for k, v in record.meta.items() if k not in ("seconds", "created")}
        arrays = {name: getattr(record, name).tobytes() for name in CONTRACT}
        found[path.name] = (json.dumps(meta, sort_keys=True), arrays)
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_the_shares_are_all_items_each_once(size):
    items = list(range(5))
    shares = [Process(rank, size).share(items) for rank in range(size)]
    assert sorted(sum(shares, [])) == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_the_place_is_read_from_the_environment_and_removed(monkeypatch):
    for name, value in {"RANK": 3, "WORLD_SIZE": 4, "LOCAL_RANK": 1, "LOCAL_WORLD_SIZE": 2}.items():
        monkeypatch.setenv(name, str(value))
    assert take_process() == Process(3, 4, 1, 2)
    assert take_process() == Process()


@pytest.mark.parametrize(
    "environment", [{"RANK": "2", "WORLD_SIZE": "2"}, {"WORLD_SIZE": "2"}, {"RANK": "x"}]
)
def test_a_place_that_cannot_be_is_refused(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LensError, match="RANK"):
        take_process()


def test_tasks_of_a_job_array_make_what_one_process_makes(command, tmp_path, monkeypatch):
    good_pictures(tmp_path / "a", 5)
    assert command(*SHORT, "--image", "a", "--output", "one")[0] == 0
    for rank in ("1", "0"):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("WORLD_SIZE", "2")
        assert command(*SHORT, "--image", "a", "--output", "two")[0] == 0
    assert len(contents(tmp_path / "one")) == 5
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_two_launched_processes_make_what_one_makes_and_one_speaks_for_both(command, tmp_path):
    good_pictures(tmp_path / "a", 4)
    (tmp_path / "a" / "bad0.png").touch()  # the share of one
    (tmp_path / "a" / "bad1.png").touch()  # and of the other
    command(*SHORT, "--image", "a", "--output", "one")
    process = launch(tmp_path, "two")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1  # a launcher's own code for "a process failed"
    assert out.splitlines() == ["two/index.html"]
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert err.count("  failed: a/bad") == 2
    index = (tmp_path / "two" / "index.html").read_text(encoding="utf-8")
    links = [entry["link"] for entry in entries_of(index)]
    assert len(links) == 4 and all(link.startswith("./demo_p") for link in links)
    assert "2 without a report" in index


def test_the_one_that_leads_waits_for_its_like_and_for_nothing_else_of_the_launcher(tmp_path):
    done = tmp_path / "done"
    # the same command twice, as a launcher has it: the one that does not lead works for two seconds
    work = (
        "import os, pathlib, time; from logit_lens.command.distributed import take_process;"
        "process = take_process(); at = pathlib.Path(os.environ['DONE']);"
        "process.wait_for_others() if process.leads else time.sleep(2) or at.touch();"
        "assert at.exists()"
    )
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "DONE": str(done)}
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    try:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", work],
                cwd=SCRIPT.parent,
                env=os.environ | shared | {"RANK": rank, "LOCAL_RANK": rank},
            )
            for rank in "10"
        ]
        assert [process.wait(timeout=60) for process in processes] == [0, 0]
        assert helper.poll() is None
    finally:
        helper.kill()


@pytest.mark.slow
def test_one_of_two_processes_is_killed_and_a_second_run_completes_the_work(command, tmp_path):
    import psutil

    good_pictures(tmp_path / "a", 60)
    first = launch(tmp_path, "two", start_new_session=True)
    deadline = time.monotonic() + 300
    while len(list(tmp_path.glob("two/*.npz"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = [child for child in psutil.Process(first.pid).children() if child.is_running()]
    os.kill(workers[-1].pid, signal.SIGKILL)
    first.communicate(timeout=120)  # it ends: nobody waits for the dead one
    assert first.returncode != 0
    finished = list(tmp_path.glob("two/*_logit_lens.html"))
    assert 1 <= len(finished) < 60 and all(read_summary(path) for path in finished)
    kept = {path: path.stat().st_mtime_ns for path in finished}
    second = launch(tmp_path, "two")
    out, err = second.communicate(timeout=600)
    assert second.returncode == 0, err
    assert len(list(tmp_path.glob("two/*_logit_lens.html"))) == 60
    assert not list(tmp_path.rglob("*.part"))
    assert {path: path.stat().st_mtime_ns for path in finished} == kept
