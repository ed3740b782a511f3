"""Our JavaScript modules → the one script that a page carries.

A page that is opened from the disk cannot load modules. They are therefore joined: imports are
followed from the first file, every file comes after all that it imports, and the import lines go;
so do comments and indentation, which every report would carry. What this would break is refused:
circles, one top-level name in two files, names that are not exported, and imports in any form but
``import { a, b } from "./x.js";`` on a line of its own.

Does not know what the modules do.

>>> bundle(TEMPLATES / "js/main.js")
"""

import functools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_IMPORT = re.compile(r'import \{ (\w+(?:, \w+)*) \} from "(\.{1,2}/[\w./]+\.js)";')
_COMMENT = re.compile(r"//.*|/\*(?:(?!\*/).)*(?:\*/)?")
_UNREADABLE = re.compile(r"import\b|export\s*(?:[*{]|default\b)|.*\bimport\(")
_DECLARATION = re.compile(
    r"^(export )?(?:async )?(?:const|let|var|function\*?|class) (\w+|\{[^}]*\}|\[[^\]]*\])", re.M
)


class BundleError(ValueError):
    """Modules that cannot be joined: a mistake in our own source."""


@dataclass(frozen=True)
class Module:
    """A file: what it takes from others, what it names, and its code without the imports."""

    imports: list[tuple[Path, list[str]]]
    names: set[str]
    exports: set[str]
    code: str


@functools.cache
def bundle(entry: Path) -> str:
    """The first file and all that it imports as one module.

    Raises:
        BundleError: they cannot be joined.
    """
    entry = entry.resolve()
    homes: dict[str, str] = {}
    parts = []
    for path, module in modules(entry).items():
        title = _title(path, entry)
        for name in sorted(module.names):
            if name in homes:
                raise BundleError(f"{name} is a top-level name of {homes[name]} and of {title}")
            homes[name] = title
        parts.append(f"// {title}\n{module.code}")
    return "\n".join(parts)


def modules(entry: Path) -> dict[Path, Module]:
    """The first file and all that it imports, each after those that it imports."""
    done: dict[Path, Module] = {}

    def visit(path: Path, way: tuple[Path, ...]) -> None:
        if path in way:
            circle = [*way[way.index(path) :], path]
            raise BundleError("a circle: " + " → ".join(_title(one, entry) for one in circle))
        if path in done:
            return
        module = read_module(path, _title(path, entry))
        for other, names in module.imports:
            visit(other, (*way, path))
            for name in names:
                if name not in done[other].exports:
                    raise BundleError(
                        f"{_title(path, entry)} imports {name}, "
                        f"which {_title(other, entry)} does not export"
                    )
        done[path] = module

    visit(entry, ())
    return done


def read_module(path: Path, title: str) -> Module:
    """Read a file; the title names it in errors."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BundleError(f"cannot read {title}: {error.strerror}") from error
    imports, lines = [], []
    for number, line in _code_lines(text, title):
        found = _IMPORT.fullmatch(line)
        if found:
            imports.append(((path.parent / found[2]).resolve(), found[1].split(", ")))
        elif _UNREADABLE.match(line):
            raise BundleError(
                f'{title}, line {number}: write imports as import {{ a, b }} from "./x.js"; on one '
                f"line, exports at what they export, not {line.strip()[:60]}"
            )
        else:
            lines.append(line)
    declared = list(_declarations("\n".join(lines)))
    return Module(
        imports=imports,
        names={name for name, _ in declared},
        exports={name for name, exported in declared if exported},
        code="".join(f"{line.strip()}\n" for line in lines),
    )


def _code_lines(text: str, title: str) -> Iterator[tuple[int, str]]:
    """The lines that are not empty and not whole lines of comment, with their numbers."""
    in_comment = False
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if in_comment:
            _, end, rest = bare.partition("*/")
            in_comment = not end
            if rest:
                raise BundleError(f"{title}, line {number}: code follows a comment of many lines")
        elif _COMMENT.fullmatch(bare):
            in_comment = bare.startswith("/*") and not bare.endswith("*/")
        elif bare:
            if bare.count("`") % 2:
                raise BundleError(f"{title}, line {number}: a template literal of many lines")
            yield number, line


def _declarations(text: str) -> Iterator[tuple[str, bool]]:
    """Top-level names, and whether they are exported."""
    for exported, names in _DECLARATION.findall(text):
        for name in re.findall(r"\w+(?=\s*(?:[,}\]]|$))", names):
            yield name, bool(exported)


def _title(path: Path, entry: Path) -> str:
    return Path(os.path.relpath(path, entry.parent)).as_posix()
