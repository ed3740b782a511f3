"""The folder of a run's reports while the run goes on: its failures, its index, its leftovers.

What the index looks like is ``page/index.py``'s. Does not know models.

>>> folder = Folder(plan(arguments))
>>> with folder.kept_true(process):
...     folder.note_failure(job, "the file is empty")
"""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from .. import LensError
from ..files import CannotWriteError, remove_leftovers, write_atomically
from ..page.index import (
    FAILURE_NOTE,
    Failure,
    read_failures,
    refuse_foreign_index,
    reports_of,
    write_index,
)
from .batch import Batch, Job
from .distributed import Process

_KEEP_UP = 60.0  # seconds between two indexes of a run, at least


class Folder:
    """The folder of a run's reports; where there is only one report, it does nothing."""

    def __init__(self, batch: Batch) -> None:
        """Look into the folder, and clear away what killed runs left.

        Raises:
            LensError: it holds an index.html that this program did not write.
        """
        self._path = batch.folder
        self._next = time.monotonic() + _KEEP_UP
        self._sources = {job.source_id for job in batch.jobs}
        # a report names the image that it is of, not the record that it was rendered from
        self._places = {job.plain for job in batch.jobs if batch.of_records}
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
        """What is left, and the room it needs: as much per image as the finished ones take."""
        if self._path is None or not error.needed:
            return error
        done = [
            _size(path) + (0 if self._places else _size(path.with_suffix(".npz")))
            for path, summary in reports_of(self._path)
            if (path in self._places if self._places else summary["source"] in self._sources)
        ]
        left = len(self._sources) - len(done) - len(self.failures())
        each = sum(done) / len(done) if done else error.needed
        what = "record" if self._places else "image"
        images = f"the {left:,} {what}s" if left > 1 else f"the {what}"
        more = f"; about {left * each / 1e6:,.1f} MB for {images} left" if left > 0 else ""
        return LensError(f"{error}{more}: make room and run it again, finished reports are kept")

    def _note(self, source: str) -> Path:
        assert self._path is not None
        return self._path / f"{FAILURE_NOTE}{source}.json"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
