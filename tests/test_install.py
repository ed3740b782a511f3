"""The installed program: a wheel in an environment of its own is the same command."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(*command: object, **options: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return str(done.stdout)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that holds our wheel and the tests' own packages."""
    folder = tmp_path_factory.mktemp("installed")
    # from a copy: a build leaves nothing in the working tree
    source = folder / "source"
    run("git", "clone", "-q", ROOT, source)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, source)
    venv.create(folder / "env", with_pip=True)
    binaries = folder / "env" / "bin"
    run(binaries / "python", "-m", "pip", "install", "-q", "--no-deps", *folder.glob("*.whl"))
    site = next((folder / "env" / "lib").glob("python*/site-packages"))
    # torch and the others are not downloaded once more
    (site / "shared.pth").write_text(sysconfig.get_paths()["purelib"])
    return binaries


def without_times(page: str) -> str:
    """A report without the times of its run."""
    page = re.sub(r'"(created|fingerprint)": ?"[^"]*"', r'"\1":""', page)
    return re.sub(r'"seconds": ?\{[^}]*\}', "", page)


@pytest.mark.slow
def test_the_installed_command_writes_the_scripts_own_report(
    installed: Path, tmp_path: Path
) -> None:
    env = {**os.environ, "HOME": str(tmp_path)}
    out = run(installed / "logit-lens", "--demo", cwd=tmp_path, env=env)
    ours = tmp_path / out.strip()
    script = ROOT / "scripts" / "create_logit_lens.py"
    (tmp_path / "plain").mkdir()
    out = run(sys.executable, script, "--demo", cwd=tmp_path / "plain", env=env)
    theirs = tmp_path / "plain" / out.strip()
    assert without_times(ours.read_text()) == without_times(theirs.read_text())
    assert "usage: logit-lens" in run(installed / "logit-lens", "--help", cwd=tmp_path)


@pytest.mark.slow
def test_the_wheel_needs_what_the_requirements_say(installed: Path) -> None:
    code = "import importlib.metadata as m; print(*m.requires('vlm-logit-lens'), sep='\\n')"
    declared = run(installed / "python", "-c", code).split("\n")
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]

    def plain(line: str) -> str:
        return re.sub(r"[\s\"']", "", line)

    assert sorted(map(plain, filter(None, declared))) == sorted(map(plain, wanted))
    assert shutil.which("logit-lens", path=str(installed))
