"""The index of a folder of reports: one page, made of what lies there and of nothing else.

Each report carries its own summary (summary.py); each image that failed leaves a small hidden note.
The index is put together from these, so that it is true whichever processes wrote them and whatever
was deleted since. Does not know models or runs.

>>> write_index(Path("outputs/photos"))
PosixPath('outputs/photos/index.html')
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .. import LensError
from ..files import one_at_a_time, write_atomically
from .inline import csp_hash, script, source, template
from .summary import read_summary

NAME = "index.html"
THUMBNAILS = 20_000  # beyond, a page with all of them would be too much for a browser
_MARK = b'<meta name="generator" content="logit-lens index">'
FAILURE_NOTE = ".failed-"  # and the id of the source


@dataclass(frozen=True)
class Failure:
    """An image without a report.

    Attributes:
        name: the image, as reports would call it.
        reason: one line.
        source: its id, see `batch.Job`.
        root: the id of the folder that was named.
    """

    name: str
    reason: str
    source: str = ""
    root: str = ""


def write_index(folder: Path) -> Path:
    """Make the index of a folder anew; its path.

    Raises:
        LensError: it cannot be written.
    """
    path = folder / NAME
    folder.mkdir(parents=True, exist_ok=True)
    # or the index of a process that began to look earlier could replace that of a later one
    with one_at_a_time(folder):
        write_atomically(path, render_index(folder).encode("utf-8", "replace"))
    return path


def render_index(folder: Path) -> str:
    """The index as one HTML document."""
    entries = list(entries_of(folder))
    if len(entries) > THUMBNAILS:
        entries = [entry | {"thumbnail": ""} for entry in entries]
    style, code = source("theme.css", "overview/overview.css"), script("overview/overview.js")
    return template("overview.html.j2").render(
        title=folder.resolve().name.encode("utf-8", "replace").decode(),
        mark=_MARK.decode(),
        entries=entries,
        failures=[
            {"name": failure.name, "reason": failure.reason}
            for failure in sorted(read_failures(folder), key=lambda f: f.name)
        ],
        style=style,
        script=code,
        style_hash=csp_hash(style),
        script_hash=csp_hash(code),
    )


def refuse_foreign_index(folder: Path) -> None:
    """Refuse to replace an index.html that this program did not write.

    Raises:
        LensError: there is one.
    """
    try:
        with (folder / NAME).open("rb") as file:
            ours = _MARK in file.read(4096)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LensError(f"cannot read {folder / NAME}: {error.strerror}") from error
    if not ours:
        raise LensError(
            f"{folder / NAME} is not an index of this program and would be replaced; "
            "name another folder with --output"
        )


def read_failures(folder: Path) -> list[Failure]:
    """All images that failed and have not succeeded since."""
    failures = []
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{FAILURE_NOTE}*.json"):
            with contextlib.suppress(OSError, ValueError, TypeError):
                failures.append(Failure(**json.loads(path.read_bytes())))
    return failures


def entries_of(folder: Path) -> Iterator[dict[str, Any]]:
    """Every complete report of the folder, by name."""
    for path, summary in reports_of(folder):
        data = path.with_suffix(".npz")
        yield summary | {
            "link": _link(path),
            "data": _link(data) if data.exists() else "",
            "bytes": path.stat().st_size,
        }


def reports_of(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The path and the summary of every complete report of the folder, by name."""
    with os.scandir(folder) as files:
        paths = sorted(Path(file.path) for file in files if file.name.endswith(".html"))
    for path in paths:
        summary = read_summary(path) if not path.name.startswith(".") else None
        if summary is not None:
            yield path, summary


def _link(path: Path) -> str:
    return "./" + quote(os.fsencode(path.name))
