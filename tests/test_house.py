"""How the source is laid out: six rooms, and arrows that run one way."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "scripts" / "logit_lens"
MAY_USE = {
    "ground": set(),
    "model": {"ground"},
    "patches": {"ground"},
    "comparing": {"ground"},
    "page": {"ground", "comparing"},
    "reading": {"ground", "model", "patches", "comparing"},
    "command": {"ground", "model", "reading", "comparing", "page"},
    "notebook": {"ground", "model", "reading", "comparing", "page"},  # a front, as command is
}
TORCH = {"torch", "transformers", "accelerate", "huggingface_hub", "safetensors", "tokenizers"}
FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    """The room of ``logit_lens.room.module``; modules beside the rooms are the ground."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in MAY_USE else "ground"


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its top or inside its functions, in full."""
    package = path.relative_to(PACKAGE.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            whole = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            yield from (f"{whole}.{name.name}" for name in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_every_arrow_runs_the_way_the_house_allows(path: Path) -> None:
    room = room_of(module_of(path))
    if path == PACKAGE / "__init__.py":
        return  # it hands on the notebook's names, lazily: see below
    for name in imports_of(path):
        if name.startswith("logit_lens"):
            assert room_of(name) in MAY_USE[room] | {room}, f"{module_of(path)} uses {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_only_model_and_reading_import_torch(path: Path) -> None:
    used = {name.split(".")[0] for name in imports_of(path)} & TORCH
    assert not used or room_of(module_of(path)) in {"model", "reading"}, used


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; import logit_lens; print(sorted(m for m in sys.modules if 'logit' in m))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True
    )
    assert done.stdout.strip() == "['logit_lens']", done.stderr


def test_modules_and_functions_stay_small() -> None:
    """250 lines a module, 60 a function; the parser is a table of flags."""
    for path in sorted(PACKAGE.parent.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 250, path.name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name != "build_parser":
                assert (node.end_lineno or 0) - node.lineno < 60, f"{path.name}: {node.name}"


def test_no_two_modules_of_the_package_define_a_public_function_of_one_name() -> None:
    seen: dict[str, str] = {}
    for path in FILES:
        if path.stem == "notebook":
            continue  # the same things under shorter names
        for name in re.findall(r"^(?:def|class) ([a-z]\w+)", path.read_text("utf-8"), re.M | re.I):
            if not name.startswith("_"):
                assert name not in seen, f"{name} is in {seen[name]} and in {module_of(path)}"
                seen[name] = module_of(path)
