"""Places that may not be written: somebody else's folder, a home that is read-only or not there."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from pictures import good_pictures
from records import make_record

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "create_logit_lens.py"
SHORT = ("--demo", "--max-new-tokens", "0", "--layers", "::4", "--top-k", "3")
# root may write anywhere; nobody may not, but needs to read the interpreter wherever it lies
CAPABILITY = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
AS_NOBODY = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *CAPABILITY]
IS_ROOT = hasattr(os, "getuid") and os.getuid() == 0


@pytest.fixture
def place():
    """A folder that every user may look into, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def as_another(place):
    """Run the command as a user who owns nothing but the folder ``mine``; gives the process."""
    mine, theirs = place / "mine", place / "theirs"
    for folder in (mine, theirs, place / "home"):
        folder.mkdir()
    if IS_ROOT:
        shutil.chown(mine, "nobody")
        probe = [*AS_NOBODY, "sh", "-c", f"touch {mine}/x && rm {mine}/x && ! touch {theirs}/x"]
        if subprocess.run(probe, capture_output=True).returncode:
            pytest.skip("cannot run as another user here")
    for folder in (theirs, place / "home"):
        folder.chmod(0o555)

    def run(*argv, home=place / "home", **environment):
        gone = ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "HF_HUB_OFFLINE")
        env = {name: value for name, value in os.environ.items() if name not in gone}
        done = subprocess.run(
            [*(AS_NOBODY if IS_ROOT else []), sys.executable, SCRIPT, *map(str, argv)],
            cwd=mine,
            env=env | {"HOME": str(home), "OMP_NUM_THREADS": "1"} | environment,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()

    yield run
    for folder in (theirs, place / "home"):
        folder.chmod(0o755)


@pytest.mark.parametrize("home", ["home", "not there"])
def test_a_home_that_cannot_be_written_is_no_matter(as_another, place, home):
    code, out, err = as_another(*SHORT, "--output", "r.html", home=place / home)
    assert (code, out, err) == (0, ["r.html"], [])
    assert [path.name for path in (place / "mine").iterdir()] == ["r.html"]
    assert list((place / "home").iterdir()) == []


@pytest.mark.parametrize("report", ["theirs/r.html", "theirs/new/r.html", "theirs/r/s/t.html"])
def test_somebody_elses_folder_is_named_before_a_model_is_loaded(as_another, place, report):
    code, out, err = as_another(*SHORT, "--output", place / report, HF_HUB_OFFLINE="1")
    said = "no permission to write there; choose another place"
    assert (code, out, err) == (1, [], [f"error: cannot write {place / report}: {said}"])


def test_a_folder_of_reports_in_somebody_elses_folder_is_refused_too(as_another, place):
    good_pictures(place / "a", 2)
    argv = ("--image", place / "a", "--output", place / "theirs")
    code, out, err = as_another("--model", "nobody/nothing", *argv[:4])
    assert (code, out, len(err)) == (1, [], 1)
    assert "no permission to write there; choose another place" in err[0]
    assert list((place / "theirs").iterdir()) == []


def test_a_record_in_somebody_elses_folder_is_rendered_elsewhere(as_another, place):
    make_record().save(place / "r.npz")
    (place / "r.npz").chmod(0o444)
    place.chmod(0o555)
    try:
        code, out, err = as_another("--from-data", place / "r.npz")
        assert (code, out, len(err)) == (1, [], 1)
        assert "r.html: no permission to write there; choose another place" in err[0]
        assert as_another("--from-data", place / "r.npz", "--output", "r.html")[0] == 0
    finally:
        place.chmod(0o755)


def test_a_file_that_may_not_be_read_is_named(as_another, place):
    if IS_ROOT:
        pytest.skip("the other user of this test may read everything")
    (place / "x.png").touch(mode=0o000)
    code, _, err = as_another(*SHORT, "--image", place / "x.png")
    assert code == 1 and "no permission to read it" in err[0]
