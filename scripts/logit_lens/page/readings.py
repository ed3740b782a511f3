"""What each lens read, as the blocks of the page.

A further lens carries only the layers at which it reads something else than the logit lens: the
last one, and those it was not fitted on, are the same. Does not know torch, nor what a lens is.

>>> [block["name"] for block in reading_blocks(record, index_of, "uint16")]
['top', 'prob', 'entropy', 'kl', 'tracked_prob', 'tracked_rank', 'top@1', …]
"""

from collections.abc import Callable, Mapping

import numpy as np

from ..record import LensRecord
from .blocks import array_block, decimal_codes

NAMES = ("top_ids", "top_probs", "entropy", "kl", "tracked_probs", "tracked_ranks")
IndexOf = Callable[[np.ndarray], np.ndarray]
Reading = Mapping[str, np.ndarray]


def lens_names(record: LensRecord) -> list[str]:
    """The lenses that the record was read through, the logit lens first."""
    extra = record.extra
    if "lens_names" not in extra or any(f"lens_{name}" not in extra for name in NAMES):
        return ["logit"]
    names = [str(name) for name in extra["lens_names"]]
    # a record may come from anywhere: each must be there to choose
    return [
        name if name and names.count(name) == 1 else f"{name} {number}".strip()
        for number, name in enumerate(names)
    ]


def reading_blocks(record: LensRecord, index_of: IndexOf, index_type: str) -> list[dict[str, str]]:
    """The blocks of all lenses; those of the n-th further one end in ``@n``.

    Args:
        record: the record.
        index_of: token ids → rows of the page's token table.
        index_type: what holds such a row.
    """
    first = {name: getattr(record, name) for name in NAMES}
    kept = [name for name in ("entropy", "kl") if not np.isnan(first[name]).all()]
    blocks = _blocks(first, index_of, index_type, kept)
    for number in range(1, len(lens_names(record))):
        reading = {name: record.extra[f"lens_{name}"][number - 1] for name in NAMES}
        own = own_layers(reading, first)
        blocks.append(array_block(f"layers@{number}", "int32", own))
        parts = {name: values[own] for name, values in reading.items()}
        blocks += _blocks(parts, index_of, index_type, kept, f"@{number}")
    return blocks


def own_layers(reading: Reading, first: Reading) -> np.ndarray:
    """Rows of ``layers`` at which a lens does not read what the logit lens reads, bit for bit."""
    rows = range(len(first["top_ids"]))
    same = [
        all(np.array_equal(reading[name][row], first[name][row], equal_nan=True) for name in NAMES)
        for row in rows
    ]
    return np.flatnonzero(~np.array(same))


def _blocks(
    reading: Reading, index_of: IndexOf, index_type: str, kept: list[str], mark: str = ""
) -> list[dict[str, str]]:
    blocks = [
        array_block(f"top{mark}", index_type, index_of(reading["top_ids"])),
        array_block(f"prob{mark}", "uint16", decimal_codes(reading["top_probs"])),
    ]
    for name in kept:
        # KL is never negative; a float32 sum of it can be, by a hair
        codes = decimal_codes(np.maximum(reading[name], 0))
        blocks.append(array_block(f"{name}{mark}", "uint16", codes))
    if reading["tracked_probs"].shape[-1]:
        codes = decimal_codes(reading["tracked_probs"])
        blocks.append(array_block(f"tracked_prob{mark}", "uint16", codes))
        blocks.append(array_block(f"tracked_rank{mark}", "int32", reading["tracked_ranks"]))
    return blocks
