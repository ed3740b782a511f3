"""The page's JavaScript as source: types, lengths, what is left of it in a report."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from logit_lens.page.bundle import bundle, modules
from logit_lens.page.inline import TEMPLATES

HERE = Path(__file__).parent / "js"
# tests/run.sh installs it into the environment of the tests
TYPESCRIPT = Path(os.environ.get("TYPESCRIPT", Path(sys.prefix, "node_modules/typescript")))
FILES = sorted([*(TEMPLATES / "js").rglob("*.js"), *(TEMPLATES / "overview").glob("*.js")])

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
needs_typescript = pytest.mark.skipif(
    shutil.which("node") is None or not TYPESCRIPT.exists(),
    reason=f"needs node and the npm package typescript in {TYPESCRIPT}",
)


def node(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["node", *arguments], capture_output=True, text=True, check=False)


def measure(what: str, *files: Path) -> Any:
    done = node(HERE / "measure.js", TYPESCRIPT, what, *files)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_node
def test_the_javascript_tests_pass() -> None:
    done = node("--test", *sorted(HERE.glob("*.test.js")))
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@needs_typescript
def test_the_types_of_the_page_hold() -> None:
    done = node(TYPESCRIPT / "bin/tsc", "-p", HERE / "tsconfig.json")
    assert done.returncode == 0, done.stdout


@needs_typescript
def test_the_type_check_sees_a_mistake(tmp_path: Path) -> None:
    """A wrong path or option would make the test above pass with nothing looked at."""
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    shutil.copytree(HERE, tmp_path / "tests/js")
    with (tmp_path / "templates/js/main.js").open("a", encoding="utf-8") as file:
        file.write("firstLayer(1);\nfunction untyped(one) { return one; }\n")
    done = node(TYPESCRIPT / "bin/tsc", "-p", tmp_path / "tests/js/tsconfig.json")
    assert done.returncode != 0
    assert "not assignable to parameter of type 'LensPage'" in done.stdout
    assert "'one' implicitly has an 'any' type" in done.stdout


@needs_typescript
def test_no_function_of_the_page_is_longer_than_60_lines() -> None:
    functions = measure("functions", *FILES)
    assert len(functions) > 500
    assert [one for one in functions if one[3] > 60] == []


@needs_typescript
def test_a_long_function_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "long.js"
    path.write_text("class A {\n  b() {\n" + "    c();\n" * 59 + "  }\n}\nconst d = () => {};\n")
    assert [one[1:] for one in measure("functions", path)] == [[2, "b", 61], [64, "", 1]]


@needs_typescript
@pytest.mark.parametrize("name", ["js/main.js", "js/compare.js", "overview/overview.js"])
def test_a_report_carries_the_code_token_by_token(tmp_path: Path, name: str) -> None:
    whole = [path.read_text(encoding="utf-8") for path in modules(TEMPLATES / name)]
    (tmp_path / "whole.js").write_text(re.sub(r"(?m)^import .*\n", "", "".join(whole)), "utf-8")
    (tmp_path / "joined.js").write_text(bundle(TEMPLATES / name), "utf-8")
    tokens = measure("tokens", tmp_path / "whole.js")
    assert len(tokens) > 1000
    assert measure("tokens", tmp_path / "joined.js") == tokens
