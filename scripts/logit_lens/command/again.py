"""Records to reports again, without a model: one record, or all records of a folder.

A folder goes as a run over images does: what is finished is kept, one bad record stops nothing,
several processes share the work, and the index is made anew. Does not know what a page looks like.

>>> path, failed = render_again(parse_arguments(["--from-data", "outputs/photos"]))
"""

from pathlib import Path

from .. import LensError
from ..files import is_folder, is_page, refuse_unwritable, write_atomically
from ..page.comparison import page_bytes
from ..page.summary import is_report, read_summary
from ..record import load_record
from .arguments import Arguments
from .batch import Batch, Item, Job, identity_hash, reason_of
from .distributed import take_process
from .find import display_path
from .fingerprint import file_hash, report_mark
from .folder import Folder
from .progress import Progress
from .run import conclude, settle
from .source import Source


def render_again(arguments: Arguments) -> tuple[Path | None, int]:
    """Make the reports of records that are already there.

    Returns:
        what to name on stdout (None where another process does), and how many records failed.
    """
    assert arguments.from_data is not None
    if is_folder(arguments.from_data):
        return _render_folder(arguments)
    record = load_record(arguments.from_data)
    path = arguments.output or arguments.from_data.with_suffix(".html")
    if not is_page(path):
        path = path / f"{arguments.from_data.stem}.html"
    write_atomically(path, page_bytes(record, report_mark(file_hash(arguments.from_data))))
    return path, 0


def plan_again(arguments: Arguments) -> Batch:
    """Find the records of a folder and name their reports.

    Raises:
        LensError: there is none.
    """
    source = arguments.from_data
    assert source is not None
    try:
        found = sorted(path for path in source.glob("*.npz") if not path.name.startswith("."))
    except OSError as error:
        raise LensError(f"cannot read {source}: {error.strerror}") from error
    if not found:
        raise LensError(
            f"there is no record in the folder {source}: no file ends in .npz; "
            "a run with --save-data writes them"
        )
    folder = arguments.output or source
    root = identity_hash(Source(str(source)))
    jobs = []
    for path in found:
        record = Source(str(path))
        report = folder / f"{path.stem}.html"
        name = display_path(path.name)
        jobs.append(Job(record, name, identity_hash(record), root, report, report))
    return Batch(jobs, folder, of_records=True)


def _render_folder(arguments: Arguments) -> tuple[Path | None, int]:
    process = take_process()
    batch = plan_again(arguments)
    jobs = process.share(batch.jobs)
    for job in jobs[:1]:
        refuse_unwritable(job.plain)
    folder = Folder(batch)
    progress = Progress(len(jobs), arguments.quiet, of=len(batch.jobs), what="record")
    seen: dict[str, str] = {}
    with folder.kept_true(process), progress:
        for job in jobs:
            progress.working_on(job.name)
            item = _render(job, seen, arguments.overwrite)
            settle(item, str(item.error) if item.error else None, folder, process, progress)
    return conclude(folder, process, progress)


def _render(job: Job, seen: dict[str, str], overwrite: bool) -> Item:
    """Make the report of one record, unless it is there.

    Args:
        job: the record and its report.
        seen: names of records by the hash of their file; this one is added.
        overwrite: make it in any case.

    Raises:
        LensError: one that would stop all other records too.
    """
    try:
        return _rendered(job, seen, overwrite)
    except Exception as error:
        if getattr(error, "for_all", False):
            raise
        reason = reason_of(error, job.source.label if job.source else "")
        return Item(job, job.plain, error=LensError(reason))


def _rendered(job: Job, seen: dict[str, str], overwrite: bool) -> Item:
    assert job.source is not None and job.source.path is not None
    record = job.source.path
    if not record.is_file():  # a pipe would never end
        raise LensError("it is not a file" if record.exists() else "there is no such file")
    try:
        digest = file_hash(record)
    except OSError as error:
        raise LensError(str(error.strerror)) from error
    first = seen.setdefault(digest, job.name)
    if first != job.name:
        raise LensError(f"it is the same record as {first}, and is left out")
    summary = read_summary(job.plain)
    if summary is not None and summary.get("made_from") == report_mark(digest) and not overwrite:
        return Item(job, job.plain, digest, kept=True)
    if job.plain.exists() and not is_report(job.plain):
        raise LensError(
            f"{job.plain.name} is not a report of this program and would be replaced; "
            "name another folder with --output"
        )
    page = page_bytes(load_record(record), report_mark(digest))
    write_atomically(job.plain, page)
    return Item(job, job.plain, digest)
