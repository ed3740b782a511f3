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
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from . import LensError
from .batch import Batch, Job
from .distributed import Process
from .files import CannotWriteError, one_at_a_time, remove_leftovers, write_atomically
from .page import csp_hash, script, source, template
from .summary import read_summary

NAME = "index.html"
THUMBNAILS = 20_000  # beyond, a page with all of them would be too much for a browser
_KEEP_UP = 60.0  # seconds between two indexes of a run, at least
_MARK = b'<meta name="generator" content="logit-lens index">'
_NOTE = ".failed-"  # and the id of the source


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


class Folder:
    """The folder of a run's reports; where there is but one report, it does nothing."""

    def __init__(self, batch: Batch) -> None:
        """Look into the folder, and clear away what killed runs left.

        Raises:
            LensError: it holds an index.html that this program did not write.
        """
        self._path = batch.folder
        self._next = time.monotonic() + _KEEP_UP
        self._sources = {job.source_id for job in batch.jobs}
        if self._path is None:
            remove_leftovers(batch.jobs[0].plain.parent)
            return
        refuse_foreign_index(self._path)
        remove_leftovers(self._path)
        roots = {job.root_id for job in batch.jobs}
        self._failed = {failure.source for failure in read_failures(self._path)}
        for failure in read_failures(self._path):
            if failure.root in roots and failure.source not in self._sources:
                self._note(failure.source).unlink(missing_ok=True)  # the image itself is gone

    def note_failure(self, job: Job, reason: str) -> None:
        """Keep a failed image for the index and for other processes."""
        if self._path is None:
            return
        text = json.dumps(asdict(Failure(job.name, reason, job.source_id, job.root_id)))
        write_atomically(self._note(job.source_id), text.encode("utf-8", "replace"))

    def forget_failure(self, job: Job) -> None:
        """The image has a report now."""
        if self._path is not None and job.source_id in self._failed:
            self._note(job.source_id).unlink(missing_ok=True)

    def failures(self) -> list[Failure]:
        """Those of this run's images that failed, in whichever process."""
        assert self._path is not None
        return [f for f in read_failures(self._path) if f.source in self._sources]

    def keep_up(self, process: Process) -> None:
        """Make the index anew now and then, so that a long run can be looked at."""
        begin = time.monotonic()
        if self._path is None or not process.leads or begin < self._next:
            return
        write_index(self._path)
        end = time.monotonic()
        self._next = end + max(_KEEP_UP, 50 * (end - begin))  # at most 2 % of the run

    def write_index(self) -> Path:
        """Make the index anew; its path."""
        assert self._path is not None
        return write_index(self._path)

    @contextlib.contextmanager
    def kept_true(self, process: Process) -> Iterator[None]:
        """Inside, whatever stops the run, the index tells of what was finished before."""
        try:
            yield
        except BaseException as error:
            if self._path is not None and self._path.is_dir() and process.leads:
                with contextlib.suppress(LensError, OSError):
                    write_index(self._path)
            if isinstance(error, CannotWriteError):
                raise self._without_room(error) from error
            raise

    def _without_room(self, error: CannotWriteError) -> LensError:
        if self._path is None or not error.needed:
            return error
        left = len(self._sources) - sum(1 for _ in _entries(self._path))
        more = f"; about {max(left, 1) * error.needed / 1e6:.0f} MB for all that is left"
        return LensError(f"{error}{more}: make room and run it again, finished reports are kept")

    def _note(self, source: str) -> Path:
        assert self._path is not None
        return self._path / f"{_NOTE}{source}.json"


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
    entries = list(_entries(folder))
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
        for path in folder.glob(f"{_NOTE}*.json"):
            with contextlib.suppress(OSError, ValueError, TypeError):
                failures.append(Failure(**json.loads(path.read_bytes())))
    return failures


def _entries(folder: Path) -> Iterator[dict[str, Any]]:
    """Every complete report of the folder, by name."""
    with os.scandir(folder) as files:
        paths = sorted(Path(file.path) for file in files if file.name.endswith(".html"))
    for path in paths:
        summary = read_summary(path) if not path.name.startswith(".") else None
        if summary is not None:
            data = path.with_suffix(".npz")
            yield summary | {
                "link": _link(path),
                "data": _link(data) if data.exists() else "",
                "bytes": path.stat().st_size,
            }


def _link(path: Path) -> str:
    return "./" + quote(os.fsencode(path.name))
