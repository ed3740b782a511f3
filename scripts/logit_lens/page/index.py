"""The index of a folder of reports: one page, made of what lies there and of nothing else.

Each report carries its own summary and statistics (summary.py, statistics.py); each image that
failed leaves a small hidden note. The index is put together from these, so that it is true
whichever processes wrote them and whatever was deleted since. It is written piece by piece: its
memory does not grow with the pictures that it carries. Does not know models or runs.

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
from .blocks import block
from .folder_tables import TABLES, begins_table, tables
from .folder_view import FolderView
from .inline import csp_hash, script, source, template
from .summaries import INDEX, Entry, Summaries
from .summary import read_summary

FEW = 2500  # reports whose thumbnails may be of a good size
THUMBNAILS = 20_000  # beyond, a page with all of them would be too much for a browser
CHARTS = (  # quantity, title, unit
    ("whole", "Top token is a whole word", "% of patches"),
    ("decided", "Decided by this layer", "% of patches"),
    ("entropy", "Entropy", "nats, median patch"),
    ("kl", "KL to the last layer", "nats, median patch"),
)
_CHUNK = 250  # reports that are packed together
_MARK = b'<meta name="generator" content="logit-lens index">'
FAILURE_NOTE = ".failed-"  # and the id of the source
_SHOWN = ("name", "question", "answer", "model", "passed", "words", "width", "height", "created")


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
    """Make the index of a folder anew, and the tables beside it; the path of the index.

    Raises:
        LensError: it cannot be written.
    """
    path = folder / INDEX
    folder.mkdir(parents=True, exist_ok=True)
    # or the index of a process that began to look earlier could replace that of a later one
    with one_at_a_time(folder):
        view = FolderView(Summaries(folder))
        write_atomically(path, (text.encode("utf-8", "replace") for text in _pieces(folder, view)))
        for name, lines in tables(view.gathered):
            write_atomically(folder / name, (line.encode("utf-8", "replace") for line in lines))
    return path


def render_index(folder: Path) -> str:
    """The index as one HTML document."""
    return "".join(_pieces(folder, FolderView(Summaries(folder))))


def _pieces(folder: Path, view: FolderView) -> Iterator[str]:
    """The index, bit by bit: the reports first, and then what they say together."""
    style = source("theme.css", "overview/overview.css", "overview/statistics.css")
    code = script("overview/overview.js")
    return template("overview.html.j2").generate(
        title=folder.resolve().name.encode("utf-8", "replace").decode(),
        mark=_MARK.decode(),
        chunks=_chunks(view),
        view=view,  # asked when all chunks are written
        tables=TABLES,
        charts=CHARTS,
        failures=[
            {"name": failure.name, "reason": failure.reason}
            for failure in sorted(read_failures(folder), key=lambda f: f.name)
        ],
        style=style,
        script=code,
        style_hash=csp_hash(style),
        script_hash=csp_hash(code),
    )


def _chunks(view: FolderView) -> Iterator[dict[str, Any]]:
    """All complete reports, some at a time: what is said of them, and their thumbnails."""
    many = len(view.summaries)
    entries: list[dict[str, Any]] = []
    pictures: list[str] = []
    for entry in view.entries():
        statistics = entry.statistics or {}
        small = statistics.get("small") or ""
        picture = entry.summary["thumbnail"] if many <= FEW else small
        pictures.append(picture if many <= THUMBNAILS else "")
        entries.append(_shown(entry))
        if len(entries) == _CHUNK:
            yield _chunk(entries, pictures)
            entries, pictures = [], []
    yield _chunk(entries, pictures)


def _chunk(entries: list[dict[str, Any]], pictures: list[str]) -> dict[str, Any]:
    return {
        "entries": entries,
        "packed": block("entries", "json", json.dumps(entries).encode())["data"],
        "pictures": pictures,
    }


def _shown(entry: Entry) -> dict[str, Any]:
    data = entry.path.with_suffix(".npz")
    return {key: entry.summary[key] for key in _SHOWN} | {
        "link": _link(entry.path),
        "data": _link(data) if data.exists() else "",
        "bytes": entry.size,
    }


def refuse_foreign_index(folder: Path) -> None:
    """Refuse to replace an index.html, or a table beside it, that this program did not write.

    Raises:
        LensError: there is one.
    """
    for name in (INDEX, *TABLES):
        try:
            with (folder / name).open("rb") as file:
                head = file.read(4096)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise LensError(f"cannot read {folder / name}: {error.strerror}") from error
        if not (_MARK in head if name == INDEX else begins_table(name, head)):
            raise LensError(
                f"{folder / name} is not {'an index' if name == INDEX else 'a table'} of this "
                "program and would be replaced; name another folder with --output"
            )


def read_failures(folder: Path) -> list[Failure]:
    """All images that failed and have not succeeded since."""
    failures = []
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{FAILURE_NOTE}*.json"):
            with contextlib.suppress(OSError, ValueError, TypeError):
                failures.append(Failure(**json.loads(path.read_bytes())))
    return failures


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
