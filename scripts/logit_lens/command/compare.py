"""The commands that compare: two records that are there, or one image read by two models.

What ``--against`` does on one model is part of reading images (run.py). Does not know exit codes.

>>> path, failed = compare_files(parse_arguments(["--compare", "a.npz", "b.npz"]))
"""

import sys
from dataclasses import replace
from pathlib import Path

from .. import LensError
from ..comparing.difference import compare
from ..files import is_page, refuse_unwritable, write_together
from ..page.comparison import page_bytes, write_comparison
from ..record import load_record
from .arguments import Arguments
from .batch import look_ahead, plan
from .distributed import take_process
from .fingerprint import fingerprint, model_identity, settings_of
from .pair import named, read_checked
from .progress import StepBars
from .run import give_memory_back, load_model


def compare_files(arguments: Arguments) -> tuple[Path, int]:
    """Make a page of two records.

    Raises:
        LensError: one of them cannot be read, or they cannot be compared.
    """
    assert arguments.compare is not None
    first, second = arguments.compare
    a, b = load_record(first), load_record(second)
    try:
        comparison = compare(a, b)
    except LensError as error:
        raise LensError(f"cannot compare {first} with {second}: {error}") from error
    for note in comparison.alignment.notes:
        print(f"note: {note}", file=sys.stderr)
    name = f"{first.stem}_against_{second.stem}.html"
    path = arguments.output or first.with_name(name)
    path = path if is_page(path) else path / name
    write_comparison(comparison, path)
    return path, 0


def read_two_models(arguments: Arguments) -> tuple[Path | None, int]:
    """Read one image by two models, one after the other.

    Of the first, its states and the modules that read them stay; the rest makes room.
    """
    from ..reading.against import read_difference

    assert arguments.against is not None
    process, batch = take_process(), plan(arguments)
    if not process.leads:
        return None, 0
    (job,) = batch.jobs
    refuse_unwritable(job.plain)
    settings = settings_of(arguments, model_identity(arguments.model))
    (item,) = look_ahead(batch.jobs, batch, arguments, settings)
    if item.error is not None:
        raise item.error
    second = replace(arguments, model=arguments.against.value, adapter=None, chat_template=None)
    run = {"name": job.name, "question": arguments.prompt, "source": ""}
    run["fingerprint"] = fingerprint(item.digest, settings)
    readings = []
    with StepBars(hidden=arguments.quiet) as bars:
        for side, who in (("A", arguments), ("B", second)):
            vlm = load_model(who, process)
            for note in vlm.notes:
                print(f"note: {side}: {note}", file=sys.stderr)
            advance = named(bars.advance, side)
            readings.append(read_checked(vlm, item.picture, who, run, advance, side == "A"))
            del vlm
            give_memory_back()
        first, other = readings
        record = read_difference(first, other, bars.advance)
    data = {item.path.with_suffix(".npz"): record.packed()} if arguments.save_data else {}
    write_together(data | {item.path: page_bytes(record)})
    return item.path, 0
