"""What the README says is so."""

import re
import subprocess
from itertools import chain
from pathlib import Path

import pytest

import benchmark
import fit_lens
import measure
from logit_lens.command.arguments import build_parser

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OPTIONS = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def flags_of(parser):
    names = (flag for action in parser._actions for flag in action.option_strings)
    return sorted(flag for flag in names if flag.startswith("--") and flag != "--help")


FLAGS = flags_of(build_parser())


@pytest.mark.parametrize("flag", FLAGS)
def test_the_options_page_explains_every_flag(flag):
    rows = [line for line in OPTIONS.splitlines() if line.startswith("|")]
    assert any(re.search(rf"`{flag}\b", row.split("|")[1]) for row in rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_no_page_names_a_flag_that_does_not_exist(page):
    others = {
        "--multi_gpu",
        "--num_processes",
        "--num_machines",
        "--machine_rank",
        "--nproc-per-node",
    }
    others |= {"--main_process_ip", "--main_process_port", "--evaluate", "--cpu"}
    words = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", page.read_text(encoding="utf-8")))
    scripts = (benchmark.build_parser(), fit_lens.build_parser(), measure.build_parser())
    assert words - others <= {*FLAGS, *chain(*map(flags_of, scripts))}


def test_the_readme_is_short_enough_for_a_newcomer():
    assert len(README.splitlines()) < 150


def test_every_page_is_linked_from_the_readme():
    for page in PAGES[2:]:
        assert f"(docs/{page.name})" in README, page.name


def tree():
    """The paths of the README's file tree, folders with a slash."""
    block = README.split("## Where things are")[1].split("```")[1]
    folders: list[str] = []
    for line in block.strip().splitlines():
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split()[0]
        folders[depth:] = [name]
        yield "".join(folders[: depth + 1])


def test_every_file_of_the_tree_is_there():
    for path in tree():
        assert (ROOT / path).exists(), path


def test_every_script_and_every_room_is_in_the_tree():
    listed = set(tree())
    rooms = {f"scripts/logit_lens/{p.parent.name}/" for p in ROOT.glob("scripts/logit_lens/*/*.py")}
    scripts = {f"scripts/{p.name}" for p in (ROOT / "scripts").glob("*.py")}
    assert len(rooms) == 6
    assert rooms | scripts <= listed


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pictures_and_links_exist(page):
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_two_commands_are_one_line_each():
    for name in ("demo", "tests"):
        block = README.split(f"<!-- command: {name} -->")[1].split("```")[1]
        assert len(block.strip().splitlines()) == 2, name  # "sh" and the line


def test_no_file_names_a_place_on_somebodys_machine():
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    for name in files.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".png", ".jpg", ".safetensors"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/(home|root|work|Users)/[\w.-]+/", text), name
