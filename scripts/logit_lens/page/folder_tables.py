"""The statistics of a folder as tables beside its index: one of layers, one of words.

CSV as spreadsheets and pandas read it; no field can be taken for a formula. Does not know pages.

>>> for name, lines in tables(gathered):
...     Path(name).write_text("".join(lines))
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from .blocks import decimal_values
from .gathered import QUARTILES, FolderModel, Gathered
from .statistics import QUANTITIES

_LAYERS = ("model", "layer", "quantity", "images", "quartile_1", "median", "quartile_3")
_WORDS = ("model", "word", "patches", "images", "mean_layer") + (
    *("surest_probability", "surest_report", "surest_layer", "surest_position"),
)
TABLES = {"index_layers.csv": _LAYERS, "index_words.csv": _WORDS}
_NAMES = {
    "whole": "share of patches whose top token is a whole word",
    "decided": "share of patches whose top token stays the final one",
    "entropy": "median entropy of the patches, nats",
    "kl": "median KL to the last layer of the patches, nats",
}
_FORMULA = re.compile(r"[\s\0]*[=+\-@＝＋－＠]")
_START = "\ufeff"  # a byte order mark: without it spreadsheets read UTF-8 as something else


def tables(gathered: Gathered) -> Iterator[tuple[str, Iterator[str]]]:
    """The name of every table's file, and its lines."""
    lines = {"index_layers.csv": _layer_lines, "index_words.csv": _word_lines}
    for name, columns in TABLES.items():
        yield name, _written(columns, lines[name](gathered))


def begins_table(name: str, head: bytes) -> bool:
    """Whether a file begins like the table of that name, of this version or another."""
    return head.startswith(f"{_START}{','.join(TABLES[name][:2])},".encode())


def _layer_lines(gathered: Gathered) -> Iterator[Iterable[Any]]:
    assert len(QUARTILES) == 3
    for name, model in sorted(gathered.models.items()):
        for layer in model.layers:
            yield from _lines_of(name, model, layer)


def _lines_of(name: str, model: FolderModel, layer: int) -> Iterator[Iterable[Any]]:
    known, quartiles = model.known(layer), model.quartiles(layer)
    for quantity, images, codes in zip(QUANTITIES, known, quartiles, strict=True):
        if codes:
            yield name, layer, _NAMES[quantity], images, *_numbers(codes)


def _word_lines(gathered: Gathered) -> Iterator[Iterable[Any]]:
    for name, model in sorted(gathered.models.items()):
        words = model.ranked()
        best = [word.surest for _, word in words]
        probs = _numbers([patch.code for patch in best])
        for (text, word), patch, prob in zip(words, best, probs, strict=True):
            yield (
                *(name, text, word.patches, word.images, round(word.mean_layer, 3)),
                *(prob, gathered.names[patch.report], patch.layer, patch.position),
            )


def _numbers(codes: list[int]) -> list[float]:
    return [float(f"{value:.3g}") for value in decimal_values(np.array(codes))]


def _written(columns: Iterable[str], lines: Iterator[Iterable[Any]]) -> Iterator[str]:
    yield _START + _row(columns)
    for line in lines:
        yield _row(line)


def _row(fields: Iterable[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(_safe(field) for field in fields)
    return buffer.getvalue()


def _safe(field: Any) -> Any:
    """Text that a spreadsheet could run as a formula gets an apostrophe before it."""
    return f"'{field}" if isinstance(field, str) and _FORMULA.match(field) else field
