"""The two readings that ``--against`` asks for, on one model.

Does not import torch: whoever reads has loaded a model before.

>>> record = read_pair(vlm, picture, arguments, run, bars.advance)   # carries the second reading
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import LensError
from ..edits import EDITS, edited
from ..images import Picture
from ..record import LensRecord
from .arguments import Arguments
from .source import Source, load

if TYPE_CHECKING:
    from ..model.vlm import VLM
    from ..reading.against import Alive

Advance = Callable[[str, int, int], object]


def read_pair(
    vlm: "VLM",
    picture: Picture | None,
    arguments: Arguments,
    run: Mapping[str, Any],
    advance: Advance,
) -> LensRecord:
    """Read the image, and what it is compared with, on one model.

    Returns:
        the first record, which carries the second.

    Raises:
        LensError: the other image cannot be read, or a self-check failed.
    """
    from ..reading.against import read_difference

    against, options = arguments.against, arguments.reading
    assert against is not None
    other, question = picture, options.prompt
    if against.kind in EDITS:
        assert picture is not None
        other = edited(picture, against.kind)
    elif against.kind == "image":
        other = load(Source(against.value), arguments.quiet).picture()
    else:
        question = against.value
    a = read_checked(vlm, picture, arguments, run, named(advance, "A"))
    swapped = replace(arguments, prompt=question)
    b = read_checked(vlm, other, swapped, {**run, "question": question}, named(advance, "B"))
    return read_difference(a, b, advance)


def read_checked(
    vlm: "VLM",
    picture: Picture | None,
    arguments: Arguments,
    run: Mapping[str, Any],
    advance: Advance,
    to_cpu: bool = False,
) -> "Alive":
    """One reading that passed its self-check, or was let through by ``--force``.

    Raises:
        LensError: it did not.
    """
    from ..reading.against import read_alive
    from ..reading.check import refusal

    alive = read_alive(vlm, picture, arguments.reading, run, advance, to_cpu)
    if not alive.record.meta["check"]["passed"] and not arguments.force:
        raise LensError(refusal(alive.record.meta["check"], vlm))
    return alive


def named(advance: Advance, side: str) -> Advance:
    """The same bars, told apart by the reading that they belong to."""
    return lambda step, done, of: advance(f"{step} {side}", done, of)
