"""What the page is told of the answer's words: support, and the maps that experiments gave.

A patch's drop is the mean over the windows that cover it; what a patch wrote is summed over layers,
against the contrast token. Does not know torch, nor how the maps are drawn.

>>> [block["name"] for block in word_blocks(record, index_of)]
['answer_logprob', 'word_spans', 'word_index', 'support_max', …]
"""

from typing import Any

import numpy as np

from ..record import LensRecord
from .blocks import array_block, three_digits


def word_blocks(record: LensRecord, index_of: Any) -> list[dict[str, str]]:
    """The blocks, of those arrays that the record has.

    Args:
        record: the record.
        index_of: token ids → rows of the page's token table.
    """
    extra = record.extra
    floats: dict[str, np.ndarray] = {}
    whole: dict[str, np.ndarray] = {}
    for name in ("answer_logprob", "support_max", "support_percentile", "knockout_drop"):
        if name in extra:
            floats[name] = extra[name]
    for name in ("word_spans", "support_rank", "support_cell", "knockout_bands"):
        if name in extra:
            whole[name] = extra[name]
    if "word_ids" in extra:
        whole["word_index"] = index_of(extra["word_ids"])
    if "ablate_drop" in extra:
        floats["ablate_patch"] = patch_drops(extra["ablate_drop"], extra["ablate_windows"])
        floats["ablate_control"] = extra["ablate_control"]
    if "attribution" in extra:
        against = extra.get("against_attribution", 0)
        floats["wrote"] = extra["attribution"] - against
        floats["wrote_rest"] = extra["attribution_rest"] - extra.get("against_rest", 0)
        if "against_ids" in extra:
            whole["against_index"] = index_of(extra["against_ids"])
        if "attribution_patch" in extra:
            by_layer = extra["attribution_patch"] - extra.get("against_patch", 0)
            unknown = np.isnan(by_layer).all(1)
            floats["wrote_patch"] = np.where(unknown, np.nan, np.nansum(by_layer, axis=1))
    return [
        *(array_block(name, "float32", three_digits(a)) for name, a in floats.items()),
        *(array_block(name, "int32", a) for name, a in whole.items()),
    ]


def patch_drops(drop: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """What each answer token loses by each patch: the mean over the windows that cover it.

    Args:
        drop: (answer token, window).
        windows: bool (window, image position).

    Returns:
        float32 (answer token, image position); NaN where no window covers a position.
    """
    covered = windows.sum(0)
    with np.errstate(invalid="ignore"):
        mean = drop.astype(np.float64) @ windows / np.where(covered, covered, np.nan)
    return np.asarray(mean, np.float32)
