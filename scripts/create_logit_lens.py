#!/usr/bin/env python3
"""Read a vision-language model through the logit lens: one command, one interactive HTML report.

    python scripts/create_logit_lens.py --demo
    python scripts/create_logit_lens.py --image dog.jpg --prompt "What is on the grass?"
    python scripts/create_logit_lens.py --image photos/ more/*.jpg     # a report each, and an index

The last line on stdout is the path of the report, or of the index; progress and errors go to
stderr. Exit codes: 0 all written, 1 something failed, 2 bad arguments, 130 interrupted.
"""

from __future__ import annotations

import sys

# Importing torch takes seconds, NumPy and Pillow some of one: everything is imported when it is
# needed. Even typing and pathlib wait until main can answer an interrupt.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from logit_lens.arguments import Arguments
    from logit_lens.batch import Batch, Item
    from logit_lens.distributed import Process
    from logit_lens.overview import Folder
    from logit_lens.progress import Progress
    from logit_lens.vlm import VLM


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    try:
        return run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130


def run(argv: list[str]) -> int:
    """Run the command, and say in one line what stopped it."""
    from logit_lens import LensError
    from logit_lens.arguments import parse_arguments
    from logit_lens.terminal import open_in_browser, say

    try:
        arguments = parse_arguments(argv)
        path, failed = (render_again if arguments.from_data else read_images)(arguments)
        if path is not None:
            if arguments.open:
                open_in_browser(path)
            say(path)
    except LensError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        from logit_lens.batch import reason_of

        print(f"error: {reason_of(error)}; python -X dev shows more", file=sys.stderr)
        return 1
    return 1 if failed else 0


def render_again(arguments: Arguments) -> tuple[Path | None, int]:
    """Make a report of a record that is already there."""
    from logit_lens.files import is_page
    from logit_lens.record import load_record
    from logit_lens.report import write_report

    assert arguments.from_data is not None
    record = load_record(arguments.from_data)
    path = arguments.output or arguments.from_data.with_suffix(".html")
    if not is_page(path):
        path = path / f"{arguments.from_data.stem}.html"
    write_report(record, path)
    return path, 0


def read_images(arguments: Arguments) -> tuple[Path | None, int]:
    """Read every image through the lens: a report each, and an index where there are several.

    Returns:
        what to name on stdout (None where another process does), and how many images failed.
    """
    from logit_lens import LensError
    from logit_lens.batch import look_ahead, plan
    from logit_lens.distributed import take_process
    from logit_lens.files import refuse_unwritable
    from logit_lens.fingerprint import model_identity, settings_of
    from logit_lens.flags import DEFAULT_PROMPT
    from logit_lens.overview import Folder
    from logit_lens.progress import Progress

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
                # what a hub id stands for is only sure now, if nothing was cached
                settings |= settings_of(arguments, model_identity(arguments.model))
            problem = None if item.kept else try_report(vlm, item, batch, arguments, settings)
            if problem is None:
                progress.finished(item)
                folder.forget_failure(item.job)
            else:
                progress.failed(item, problem)
                folder.note_failure(item.job, problem)
                give_memory_back()
            folder.keep_up(process)
    if batch.folder is None:
        return (batch.jobs[0].plain if jobs else None), 0
    return conclude(folder, process, progress)


def try_report(
    vlm: VLM | None, item: Item, batch: Batch, arguments: Arguments, settings: dict[str, Any]
) -> str | None:
    """Make one report; gives the reason where that fails and other images may still succeed."""
    from logit_lens.batch import reason_of

    try:
        make_report(vlm, item, batch, arguments, settings)
    except Exception as error:
        device_is_lost = type(error).__name__ == "AcceleratorError"
        if batch.folder is None or device_is_lost or getattr(error, "for_all", False):
            raise
        return reason_of(error, item.job.source)
    return None


def make_report(
    vlm: VLM | None, item: Item, batch: Batch, arguments: Arguments, settings: dict[str, Any]
) -> None:
    """Read one image through the lens, check the reading, write it down.

    Raises:
        LensError: and whatever a model or processor raises on an image that it does not like.
    """
    if item.error is not None:
        raise item.error
    assert vlm is not None
    from tqdm import tqdm

    from logit_lens import LensError
    from logit_lens.answer import note_on_length
    from logit_lens.check import refusal
    from logit_lens.fingerprint import fingerprint
    from logit_lens.pipeline import make_record
    from logit_lens.report import write_report
    from logit_lens.tokens import note_on_pieces

    hidden = True if arguments.quiet or batch.folder else None
    with tqdm(desc="lens", unit=" cells", unit_scale=True, disable=hidden) as bar:

        def advance(cells: int, of: int) -> None:
            bar.total = of
            bar.update(cells)

        record = make_record(vlm, item.picture, arguments, on_progress=advance)
    if not record.meta["check"]["passed"] and not arguments.force:
        raise LensError(refusal(record.meta["check"], vlm.n_layers))
    notes = note_on_pieces(record.meta["tracked_words"]), note_on_length(vlm, len(record.input_ids))
    for note in filter(None, notes):
        print(note, file=sys.stderr)
    record.meta["run"] = {
        "name": item.job.name,
        "question": arguments.prompt,
        "source": item.job.source_id if batch.folder else "",
        "fingerprint": fingerprint(item.digest, settings),
    }
    if arguments.save_data:
        record.save(item.path.with_suffix(".npz"))
    write_report(record, item.path)


def load_model(arguments: Arguments, process: Process) -> VLM:
    """Load the model, each process on a device of its own."""
    from logit_lens import LensError
    from logit_lens.environment import prepare_libraries
    from logit_lens.files import is_folder

    if arguments.device_map is not None and process.local_size > 1:
        raise LensError(
            "--device-map spreads one model over all devices of a machine: start one process "
            "there, not several",
            exit_code=2,
        )
    prepare_libraries(arguments.quiet, offline=is_folder(arguments.model))
    from logit_lens.vlm import load_vlm

    return load_vlm(
        arguments.model,
        arguments.device,
        arguments.dtype,
        device_map=arguments.device_map,
        quantize=arguments.quantize,
        local_rank=process.local_rank,
        incomplete=arguments.force,
    )


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
        from logit_lens.memory import free_memory

        free_memory()


if __name__ == "__main__":
    try:
        from logit_lens.terminal import leave, prepare_process

        prepare_process()
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        sys.exit(130)
    leave(main())
