"""Which of the command's works the arguments ask for. Does not know how any of them is done.

>>> work_of(parse_arguments(["--compare", "a.npz", "b.npz"])).__name__
'compare_files'
"""

from collections.abc import Callable
from pathlib import Path

from .again import render_again
from .arguments import Arguments
from .compare import compare_files, read_two_models
from .run import read_images


def work_of(arguments: Arguments) -> Callable[[Arguments], tuple[Path | None, int]]:
    """The function that does it: arguments → what to name on stdout, and how many images failed."""
    if arguments.compare is not None:
        return compare_files
    if arguments.from_data is not None:
        return render_again
    if arguments.against is not None and arguments.against.kind == "model":
        return read_two_models
    return read_images
