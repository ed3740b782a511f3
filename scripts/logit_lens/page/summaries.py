"""What the reports of a folder say of themselves, each read once and remembered in the folder.

A folder of ten thousand gets one more report: only that one is opened. What is remembered lies in
one file, a line per report, which grows by the new ones; a line counts as long as the report has
the size and the date at which it was read. It is only a memory: without it, reports are read again.
Does not know what the numbers mean.

>>> for entry in Summaries(Path("outputs/photos")):
...     entry.path.name, entry.summary["answer"], entry.statistics["patches"]
"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import LensError
from ..files import write_atomically
from .pictures import opened
from .statistics import count, is_statistics
from .summary import json_in, read_summary
from .unpacked import unpacked

INDEX, MEMORY = "index.html", ".index-memory"
_HEAD = 2**18  # bytes of a report that hold its statistics, if it carries them
_WASTE = 2**20  # bytes of lines that no longer count, before they are cleared away
State = list[int]  # size and date of a file


@dataclass(frozen=True)
class Entry:
    """A complete report.

    Attributes:
        path: its file.
        size: in bytes.
        summary: what `summarise` made.
        statistics: what `count` made; None where that cannot be had.
        problem: one line that says why.
    """

    path: Path
    size: int
    summary: dict[str, Any]
    statistics: dict[str, Any] | None
    problem: str


class Summaries:
    """All complete reports of a folder, by name; it can be gone through again."""

    def __init__(self, folder: Path) -> None:
        """List the folder; no report is opened yet."""
        self._folder, self._memory = folder, folder / MEMORY
        self._files = _listed(folder)
        # name -> where its line begins, how long it is, and what it was read at
        self._lines: dict[str, tuple[int, int, State]] = {}
        with contextlib.suppress(OSError):
            self._find_lines()
            self._clear_away()

    def __len__(self) -> int:
        """How many there are, or seem to be: they are not opened yet."""
        return len(self._files)

    def __iter__(self) -> Iterator[Entry]:
        """Read the reports that are new, and remember them."""
        for name in self._files:
            entry = self.entry(name)
            if entry is not None:
                yield entry

    def entry(self, name: str) -> Entry | None:
        """The report of a name; None where the file is no complete report."""
        path, state = self._folder / name, self._files[name]
        found = self._recalled(name, state)
        if found is None:
            found = _read(path)
            self._remember(name, state, found)
        return Entry(path, state[0], **found) if found["summary"] else None

    def _find_lines(self) -> None:
        with self._memory.open("rb") as file:
            start = 0
            for line in file:
                with contextlib.suppress(ValueError):
                    name, *state = json.loads(line.partition(b"\t")[0])
                    self._lines[name] = start, len(line), state
                start += len(line)

    def _clear_away(self) -> None:
        """Write the memory anew, where most of it no longer counts."""
        alive = [name for name in self._files if name in self._lines]
        used = sum(self._lines[name][1] for name in alive)
        if self._memory.stat().st_size - used > max(_WASTE, used):
            with contextlib.suppress(LensError):
                write_atomically(self._memory, map(self._line, alive))
            self._lines.clear()
            self._find_lines()

    def _line(self, name: str) -> bytes:
        start, length, _ = self._lines[name]
        with self._memory.open("rb") as file:
            file.seek(start)
            return file.read(length)

    def _recalled(self, name: str, state: State) -> dict[str, Any] | None:
        if name not in self._lines or self._lines[name][2] != state:
            return None
        with contextlib.suppress(OSError, ValueError):
            key, _, found = self._line(name).partition(b"\t")
            if key == _packed([name, *state]):
                return dict(json.loads(found))
        return None

    def _remember(self, name: str, state: State, found: dict[str, Any]) -> None:
        line = _packed([name, *state]) + b"\t" + _packed(found) + b"\n"
        with contextlib.suppress(OSError), self._memory.open("ab") as file:
            file.write(b"\n" + line)  # whatever the last one ends with: a full disk cuts lines
            self._lines[name] = file.tell() - len(line), len(line), state


def _packed(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _listed(folder: Path) -> dict[str, State]:
    """Name → size and date of whatever may be a report."""
    with os.scandir(folder) as files:
        names = sorted(
            file.name
            for file in files
            if file.name.endswith(".html") and file.name[0] != "." and file.name != INDEX
        )
    found: dict[str, State] = {}
    for name in names:
        with contextlib.suppress(OSError):  # gone meanwhile, or a link that leads nowhere
            status = (folder / name).stat()
            found[name] = [status.st_size, status.st_mtime_ns]
    return found


def _read(path: Path) -> dict[str, Any]:
    """What the file of a report says, in the form of an `Entry`."""
    summary, statistics, problem = read_summary(path), None, ""
    if summary is not None:
        try:
            with path.open("rb") as file:
                statistics = json_in(file.read(_HEAD), "statistics")
            if not is_statistics(statistics):  # an older report: count what it shows
                record = unpacked(path)
                statistics = count(record, opened(record.image))
        except (LensError, OSError) as error:
            statistics, problem = None, str(error)
    return {"summary": summary, "statistics": statistics, "problem": problem}
