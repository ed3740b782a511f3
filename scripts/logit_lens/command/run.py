"""What the command does with images: read them and write their reports.

Knows the order of the steps; what each does is elsewhere. Does not know exit codes or signals.
torch is imported by the first image that has to be read, and not before.

>>> path, failed = read_images(parse_arguments(["--image", "photos/"]))
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import LensError
from ..files import refuse_unwritable, write_together
from ..model.checkpoint import find_checkpoint
from ..model.environment import prepare_libraries
from ..page.comparison import page_bytes
from ..reading.lenses.places import is_local
from ..reading.options import DEFAULT_PROMPT
from .arguments import Arguments
from .batch import Batch, Item, look_ahead, plan, reason_of
from .distributed import Process, take_process
from .fingerprint import bytes_hash, fingerprint, model_identity, report_mark, settings_of
from .folder import Folder
from .pair import read_pair
from .progress import Progress, StepBars

if TYPE_CHECKING:
    from ..model.vlm import VLM


def read_images(arguments: Arguments) -> tuple[Path | None, int]:
    """Read every image through the lens: a report each, and an index where there are several.

    Returns:
        what to name on stdout (None where another process does), and how many images failed.
    """
    if not arguments.image and arguments.prompt == DEFAULT_PROMPT:
        raise LensError("nothing to read: name an --image, or ask with --prompt, or try --demo", 2)
    process = take_process()
    batch = plan(arguments)
    jobs = process.share(batch.jobs)
    for job in jobs[:1]:
        refuse_unwritable(job.plain)
    folder = Folder(batch)
    settings = settings_of(arguments, model_identity(arguments.model))
    vlm: VLM | None = None
    progress = Progress(len(jobs), arguments.quiet, of=len(batch.jobs))
    with folder.kept_true(process), progress:
        for item in look_ahead(jobs, batch, arguments, settings):
            progress.working_on(item.job.name)
            if not item.kept and not item.error and vlm is None:
                vlm = load_model(arguments, process)
                for note in vlm.notes:
                    print(f"note: {note}", file=sys.stderr)
                # what a hub id stands for is only sure now, if nothing was cached
                settings |= settings_of(arguments, model_identity(arguments.model))
            problem = None if item.kept else try_report(vlm, item, batch, arguments, settings)
            if problem is not None:
                give_memory_back()
            settle(item, problem, folder, process, progress)
    if batch.folder is None:
        return (batch.jobs[0].plain if jobs else None), 0
    return conclude(folder, process, progress)


def try_report(
    vlm: "VLM | None", item: Item, batch: Batch, arguments: Arguments, settings: dict[str, Any]
) -> str | None:
    """Make one report; gives the reason where that fails and other images may still succeed."""
    try:
        make_report(vlm, item, batch, arguments, settings)
    except Exception as error:
        device_is_lost = type(error).__name__ == "AcceleratorError"
        if batch.folder is None or device_is_lost or getattr(error, "for_all", False):
            raise
        return reason_of(error, item.job.source.label if item.job.source else "")
    return None


def make_report(
    vlm: "VLM | None", item: Item, batch: Batch, arguments: Arguments, settings: dict[str, Any]
) -> None:
    """Read one image through the lens, check the reading, write it down.

    Raises:
        LensError: and whatever a model or processor raises on an image that it does not like.
    """
    if item.error is not None:
        raise item.error
    assert vlm is not None
    # torch is there by now: a model was loaded
    from ..reading.answer import note_on_length
    from ..reading.check import refusal
    from ..reading.pipeline import make_record

    with StepBars(hidden=arguments.quiet or batch.folder is not None) as bars:
        run = {
            "name": item.job.name,
            "question": arguments.prompt,
            "source": item.job.source_id if batch.folder else "",
            "fingerprint": fingerprint(item.digest, settings),
        }
        if arguments.against is None:
            record = make_record(vlm, item.picture, arguments.reading, run, bars.advance)
        else:
            record = read_pair(vlm, item.picture, arguments, run, bars.advance)
    if not record.meta["check"]["passed"] and not arguments.force:
        raise LensError(refusal(record.meta["check"], vlm))
    own = [note for note in record.meta["notes"] if note not in vlm.notes]  # those were said
    for note in [*own, *filter(None, [note_on_length(vlm, len(record.input_ids))])]:
        print(f"note: {note}", file=sys.stderr)
    files, mark = {}, ""
    if arguments.save_data:
        files[item.path.with_suffix(".npz")] = packed = record.packed()
        mark = report_mark(bytes_hash(packed))
    write_together(files | {item.path: page_bytes(record, mark)})


def load_model(arguments: Arguments, process: Process) -> "VLM":
    """Load the model, each process on a device of its own."""
    if arguments.device_map is not None and process.local_size > 1:
        raise LensError(
            "--device-map spreads one model over all devices of a machine: start one process "
            "there, not several",
            exit_code=2,
        )
    here = [find_checkpoint(name).folder for name in _named(arguments)]
    here_too = all(map(is_local, arguments.lenses))
    prepare_libraries(arguments.quiet, offline=None not in here and here_too)
    from ..model.vlm import load_vlm  # only now: it imports transformers, which looks at these

    return load_vlm(
        arguments.model,
        arguments.device,
        arguments.dtype,
        device_map=arguments.device_map,
        quantize=arguments.quantize,
        local_rank=process.local_rank,
        incomplete=arguments.force,
        adapter=arguments.adapter,
        chat_template=arguments.chat_template,
    )


def _named(arguments: Arguments) -> list[str]:
    """What the command line names that may have to come from the hub."""
    return [arguments.model, *filter(None, [arguments.adapter])]


def settle(
    item: Item, problem: str | None, folder: Folder, process: Process, progress: Progress
) -> None:
    """Say and note what became of one of many: finished, or why it failed."""
    if problem is None:
        progress.finished(item)
        folder.forget_failure(item.job)
    else:
        progress.failed(item, problem)
        folder.note_failure(item.job, problem)
    folder.keep_up(process)


def conclude(folder: Folder, process: Process, progress: Progress) -> tuple[Path | None, int]:
    """Make the index and say what was done; one process per machine does, after all others."""
    if not process.leads:
        return None, 0  # a launcher that saw a failure would kill the processes that still work
    process.wait_for_others()
    failures = folder.failures() if process.local_size > 1 else progress.failures
    progress.close_words(failures)
    return folder.write_index(), len(failures)


def give_memory_back() -> None:
    """Free what a failed image left behind, so that the next one has it."""
    if "torch" in sys.modules:
        from ..model.memory import free_memory

        free_memory()
