import re
import shutil
import subprocess
from pathlib import Path

import pytest

from logit_lens.page.bundle import BundleError, bundle, modules
from logit_lens.page.inline import TEMPLATES

MAIN = TEMPLATES / "js/main.js"
# whoever stands further right may import whoever stands further left
FOLDERS = [
    "core",
    "page",
    "image",
    "grid",
    "layers",
    "maps",
    "find",
    "answer",
    "pinned",
    "lenses",
    "export",
    "comparison",
    ".",
]


def write(folder: Path, **files: str) -> Path:
    """Files by their names without the ending; the path of main.js."""
    for name, text in files.items():
        path = folder / f"{name}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "main.js"


def test_a_file_comes_once_and_after_all_that_it_imports(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main='import { a } from "./a.js";\nimport { b } from "./in/b.js";\nlog(a, b);\n',
        a='import { b } from "./in/b.js";\nexport const a = b + 1;\n',
        **{"in/b": 'import { c } from "../c.js";\nexport const b = c + 1;\n'},
        c="export const c = 1;\n",
        unused="export const d = 1;\n",
    )
    assert [path.stem for path in modules(main)] == ["c", "b", "a", "main"]
    script = bundle(main)
    assert re.findall(r"export const \w|log", script) == [
        "export const c",
        "export const b",
        "export const a",
        "log",
    ]
    assert "import" not in script


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (
            {
                "main": 'import { a } from "./a.js";\n',
                "a": 'import { b } from "./b.js";\nexport const a = 1;\n',
                "b": 'import { a } from "./a.js";\nexport const b = 1;\n',
            },
            "a circle: a.js → b.js → a.js",
        ),
        ({"main": 'import { a } from "./main.js";\nexport const a = 1;\n'}, "a circle: main.js"),
        (
            {
                "main": 'import { a } from "./a.js";\nfunction help() {}\n',
                "a": "export const a = 1;\nconst help = 2;\n",
            },
            "help is a top-level name of a.js and of main.js",
        ),
        (
            {"main": 'import { a } from "./a.js";\n', "a": "export const { b, a: c } = {};\n"},
            "main.js imports a, which a.js does not export",
        ),
        (
            {"main": 'import { a } from "./a.js";\n', "a": "const a = 1;\n"},
            "main.js imports a, which a.js does not export",
        ),
        ({"main": 'import { a } from "./a.js";\n'}, "cannot read a.js"),
        ({"main": '\nimport {\n  a,\n} from "./a.js";\n'}, "main.js, line 2"),
        ({"main": 'import { a as b } from "./a.js";\n'}, "main.js, line 1"),
        ({"main": 'import a from "./a.js";\n'}, "main.js, line 1"),
        ({"main": 'import "./a.js";\n'}, "main.js, line 1"),
        ({"main": 'import { a } from "somewhere";\n'}, "main.js, line 1"),
        ({"main": 'const a = await import("./a.js");\n'}, "main.js, line 1"),
        ({"main": 'const a = 1;\nexport { a };\n'}, "main.js, line 2"),
        ({"main": 'export * from "./a.js";\n'}, "main.js, line 1"),
        ({"main": "export default 1;\n"}, "main.js, line 1"),
        ({"main": "const a = `\n  b`;\n"}, "main.js, line 1: a template literal of many lines"),
        ({"main": "/* a\n b */ c();\n"}, "main.js, line 2: code follows a comment"),
    ],
)  # fmt: skip
def test_what_joining_would_break_is_refused(
    tmp_path: Path, files: dict[str, str], complaint: str
) -> None:
    with pytest.raises(BundleError, match=re.escape(complaint)):
        bundle(write(tmp_path, **files))


def test_names_that_only_look_declared_are_not_taken_for_top_level_ones(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main='import { a } from "./a.js";\nfunction f() {\n  const b = a;\n}\n// import me\n',
        a="export const { x: a, y } = {};\nconst [b, c] = [1, 2];\nexport async function* g() {}\n",
    )
    names = [module.names for module in modules(main).values()]
    assert names == [{"a", "y", "b", "c", "g"}, {"f"}]


def test_comments_and_indentation_stay_at_home(tmp_path: Path) -> None:
    main = write(
        tmp_path,
        main="""\
/** What it does. */

/**
 * const a = 1;
 */
function f() {
  // why
  /* one */
  const b = "// no comment"; // a remark
  /** @type {number} */ (b).c = /\\/\\*/;
    return `/* ${b} */`;
}
""",
    )
    assert bundle(main) == (
        "// main.js\n"
        "function f() {\n"
        'const b = "// no comment"; // a remark\n'
        "/** @type {number} */ (b).c = /\\/\\*/;\n"
        "return `/* ${b} */`;\n"
        "}\n"
    )


@pytest.mark.parametrize("entry", ["main.js", "compare.js"])
def test_the_folders_of_the_page_import_in_one_direction(entry: str) -> None:
    root = MAIN.parent
    for path, module in modules(root / entry).items():
        for other, _ in module.imports:
            here, there = (one.parent.relative_to(root).as_posix() for one in (path, other))
            assert FOLDERS.index(there) <= FOLDERS.index(here), f"{path} imports {other}"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize("name", ["js/main.js", "js/compare.js", "overview/overview.js"])
def test_what_is_joined_is_one_valid_module(tmp_path: Path, name: str) -> None:
    path = tmp_path / "page.mjs"
    path.write_text(bundle(TEMPLATES / name), encoding="utf-8")
    done = subprocess.run(["node", "--check", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
