"""Which images a command is about, what their reports are called, and which are finished already.

Does not know models or pages, and does not import torch.

>>> batch = plan(parse_arguments(["--image", "photos/", "dog.jpg"]))
>>> for item in look_ahead(batch.jobs, batch, arguments):   # hashed and decoded in a thread
...     item.kept or item.picture or item.error
"""

import hashlib
import os
import re
import traceback
import unicodedata
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import LensError
from ..files import is_page
from ..images import Picture
from ..model.checkpoint import short_name
from ..page.summary import read_summary
from ..record import load_meta
from .arguments import Arguments
from .find import find_images
from .fingerprint import fingerprint
from .source import Source, load

AHEAD = 3  # images that are decoded while the model works
_ENDING = "_logit_lens.html"
_STEM_BYTES = 100  # of file names, which may have 255 bytes with all that is put round them


@dataclass(frozen=True)
class Job:
    """One image and where its report goes.

    Attributes:
        source: the image; None for a prompt without an image.
        name: what it is called in reports: a path below the folder that was named, or an address.
        source_id: says "the same image" without saying where it lies.
        root_id: the same of the folder that was named.
        plain: where its report goes, unless that name is taken.
        hashed: where it goes then.
        unique: whether no other image of this run would take ``plain``.
    """

    source: Source | None
    name: str
    source_id: str
    root_id: str
    plain: Path
    hashed: Path
    unique: bool = True


@dataclass(frozen=True)
class Batch:
    """What one command does.

    Attributes:
        jobs: all its images, also those that are another process's share.
        folder: where the reports and their index go; None where there is only one report.
        of_records: whether the jobs are records to render again; else they are images.
    """

    jobs: list[Job]
    folder: Path | None
    of_records: bool = False


@dataclass(frozen=True)
class Item:
    """An image on its way: finished already, decoded, or failed."""

    job: Job
    path: Path
    digest: str = ""
    kept: bool = False
    picture: Picture | None = None
    error: LensError | None = None


def plan(arguments: Arguments) -> Batch:
    """Find the images and name their reports.

    Raises:
        LensError: a folder without images, or one that cannot be read.
    """
    model = _slug(short_name(arguments.model))
    if arguments.adapter is not None:
        model = f"{model}_{_slug(short_name(arguments.adapter))}"
    if arguments.against is not None:
        model = f"{model}_against_{_slug(arguments.against.value or arguments.against.kind)[:40]}"
    if arguments.one_image:
        source, name, _ = next(find_images(arguments.image), (None, "", None))
        path = _one_path(arguments, f"{model}_{_stem(source) if source else 'text'}{_ENDING}")
        return Batch([Job(source, name, identity_hash(source), "", path, path)], None)
    folder = arguments.output or Path("outputs") / f"{model}_{_folder_name(arguments.image)}"
    found = list(find_images(arguments.image))
    slugs = [_stem(source) for source, _, _ in found]
    times = Counter(_folded(slug) for slug in slugs)
    jobs = []
    for (source, name, root), slug in zip(found, slugs, strict=True):
        stem, source_id = f"{model}_{slug}", identity_hash(source)
        # a plain name never ends like a hashed one, so the two kinds cannot meet
        unique = times[_folded(slug)] == 1 and not re.search(r"-[0-9a-f]{10}$", slug)
        plain, hashed = folder / (stem + _ENDING), folder / f"{stem}-{source_id}{_ENDING}"
        jobs.append(Job(source, name, source_id, identity_hash(root), plain, hashed, unique))
    return Batch(jobs, folder)


def look_ahead(
    jobs: Sequence[Job], batch: Batch, arguments: Arguments, settings: dict[str, Any]
) -> Iterator[Item]:
    """Go through the jobs in order; the next few are read, hashed and decoded meanwhile."""

    def prepare(job: Job) -> Item:
        return _prepare(job, batch, arguments, settings)

    pending: deque[Future[Item]] = deque()
    # files are decoded one by one; servers answer several at once
    fetched = any(job.source is not None and job.source.path is None for job in jobs)
    pool = ThreadPoolExecutor(AHEAD if fetched else 1, thread_name_prefix="images")
    try:
        for job in jobs:
            pending.append(pool.submit(prepare, job))
            if len(pending) > AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        # not waited for: the file at hand may lie on a disk that no longer answers
        pool.shutdown(wait=False, cancel_futures=True)


def reason_of(error: Exception, label: str = "") -> str:
    """One line that says why something (an image) has no report."""
    if isinstance(error, LensError):
        return str(error).removeprefix(f"cannot read {label}: ")
    place = traceback.extract_tb(error.__traceback__)[-1]
    first = str(error).strip().splitlines()[:1]
    words = ": ".join([type(error).__name__, *first])
    return f"{words} (in {Path(place.filename).name}, line {place.lineno})"


def _prepare(job: Job, batch: Batch, arguments: Arguments, settings: dict[str, Any]) -> Item:
    path, digest = job.plain, ""
    try:
        content = load(job.source, arguments.quiet) if job.source else None
        digest = content.digest if content else ""
        if batch.folder is not None:
            path, kept = _place(job, fingerprint(digest, settings), arguments)
            if kept and settings["model"] is not None and digest:
                return Item(job, path, digest, kept=True)
        return Item(job, path, digest, picture=content.picture() if content else None)
    except LensError as error:
        return Item(job, path, digest, error=error)


def _place(job: Job, wanted: str, arguments: Arguments) -> tuple[Path, bool]:
    """Where a job's report goes, and whether it lies there finished.

    Another run may have written here, of other images with the same names: what belongs to another
    source is never overwritten.
    """
    found = {path: read_summary(path) for path in (job.plain, job.hashed)}
    for path, summary in found.items():
        mine = summary is not None and summary["source"] == job.source_id
        if summary is None or not (mine or job.unique) or summary["fingerprint"] != wanted:
            continue
        whole = not arguments.save_data or _data_fingerprint(path) == wanted
        sound = summary["passed"] or arguments.force
        return path, whole and sound and not arguments.overwrite
    for path, summary in found.items():
        if summary is not None and summary["source"] == job.source_id:
            return path, False
    free = job.unique and not job.plain.exists()
    return (job.plain if free else job.hashed), False


def _data_fingerprint(report: Path) -> str:
    """The fingerprint of the record beside a report; empty where there is none."""
    try:
        return str(load_meta(report.with_suffix(".npz")).get("run", {}).get("fingerprint", ""))
    except LensError:
        return ""


def _one_path(arguments: Arguments, name: str) -> Path:
    if arguments.output is None:
        return Path("outputs") / name
    return arguments.output if is_page(arguments.output) else arguments.output / name


def _folder_name(images: list[str]) -> str:
    named = Source(images[0])
    first = _slug(named.path.resolve().stem) if named.path else _stem(named)
    return first if len(images) == 1 else f"{first}_and_{len(images) - 1}_more"


def _stem(source: Source) -> str:
    return _slug(Path(source.name).stem)


def _slug(text: str) -> str:
    """The text as part of a file name on any system."""
    slug = re.sub(r"[^\w.-]+", "_", text).encode("utf-8")[:_STEM_BYTES]
    return slug.decode("utf-8", "ignore") or "_"


def _folded(text: str) -> str:
    """Equal where some file system takes two names for the same."""
    return unicodedata.normalize("NFKC", text).casefold()


def identity_hash(source: Source | None) -> str:
    """What says "the same image" without saying where it lies."""
    identity = source.identity if source is not None else ""
    return hashlib.sha256(os.fsencode(identity)).hexdigest()[:10]
