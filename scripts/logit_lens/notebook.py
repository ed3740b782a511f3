"""The program in Python, without its command line: for notebooks and for other programs.

A thin front over ``model``, ``reading`` and ``page``, with the command's defaults. Nothing in the
package imports it but ``logit_lens`` itself, when one of these names is first used.

>>> from logit_lens import load_model, read_image, show_report
>>> model = load_model("llava-hf/llava-1.5-7b-hf")
>>> show_report(read_image(model, "dog.jpg", "What is on the grass?"))
"""

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import LensError
from .address import is_address
from .fetch import fetch_picture
from .files import write_atomically
from .images import open_picture
from .model.vlm import VLM
from .model.vlm import load_vlm as load_model
from .page.comparison import page_bytes
from .reading.check import refusal
from .reading.options import DEFAULT_PROMPT, ReadOptions
from .reading.pipeline import make_record
from .record import LensRecord
from .record import load_record as _load_record

__all__ = ["Report", "load_model", "load_record", "read_image", "show_report", "write_report"]


def read_image(
    model: VLM,
    image: str | Path | None,
    prompt: str = DEFAULT_PROMPT,
    on_progress: Callable[[str, int, int], object] | None = None,
    force: bool = False,
    **options: Any,
) -> LensRecord:
    """Read one image and one question through the lens.

    Args:
        model: from ``load_model``.
        image: the image file, or its http(s) address; None for a prompt of text alone.
        prompt: the question.
        on_progress: called with a step, how much of it was just finished, and of how much.
        force: give the record although its self-check failed.
        options: further fields of ``ReadOptions``: top_k, layers, track, max_new_tokens, …

    Raises:
        LensError: the image cannot be read, the model cannot take it, the self-check failed.
        TypeError: there is no such option.
    """
    picture = None
    if image is not None:
        fetched = is_address(str(image))
        picture = fetch_picture(str(image)) if fetched else open_picture(Path(image))
    record = make_record(model, picture, ReadOptions(prompt, **options), on_progress=on_progress)
    if not record.meta["check"]["passed"] and not force:
        raise LensError(refusal(record.meta["check"], model))
    return record


def load_record(path: str | Path) -> LensRecord:
    """Read a record that ``record.save`` or ``--save-data`` wrote.

    Raises:
        LensError: it is no such file.
    """
    return _load_record(Path(path))


def write_report(record: LensRecord, path: str | Path) -> Path:
    """Write the report as one HTML file, whole or not at all; its path.

    Raises:
        LensError: the file cannot be written.
    """
    write_atomically(Path(path), page_bytes(record))
    return Path(path)


class Report:
    """A report that a notebook shows in the output of its cell."""

    def __init__(self, record: LensRecord, height: int = 800) -> None:
        """Prepare to show ``record`` in a frame ``height`` pixels high."""
        self._record, self._height = record, height

    def _repr_html_(self) -> str:
        # a frame of its own: the report's styles, keys and security policy stay inside it
        page = html.escape(page_bytes(self._record).decode(), quote=True)
        return (
            f'<iframe srcdoc="{page}" style="width:100%;height:{self._height}px;border:0" '
            'sandbox="allow-scripts allow-downloads allow-modals" title="logit lens"></iframe>'
        )


def show_report(record: LensRecord, height: int = 800) -> Report:
    """The report, shown where a notebook shows a cell's value."""
    return Report(record, height)
