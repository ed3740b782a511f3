"""One word of the answer, three maps of the picture, as the report draws them, from its record.

*Reads as* (lens), *depends on* (ablation), *writes directly* (attribution); each (patch,), in the
order of the image positions. Knows records; does not know models or masks.

>>> maps = maps_of_word(record, 4)
>>> {name: values.shape for name, values in maps.items()}
{'reads as': (144,), 'reads as, any layer': (144,), 'depends on': (144,), 'writes directly': (144,)}
"""

import numpy as np

from logit_lens.page.word_blocks import patch_drops
from logit_lens.record import ANSWER, IMAGE, LensRecord


def spoken_words(record: LensRecord) -> list[str]:
    """The words of the answer, in the order of ``word_spans``."""
    answer = record.input_ids[record.position_kind == ANSWER]
    return [
        "".join(record.token(int(i)) for i in answer[first:last]).strip("▁Ġ ")
        for first, last in record.extra.get("word_spans", [])
    ]


def drop_of_word(record: LensRecord, word: int, drop: np.ndarray) -> np.ndarray:
    """What a word loses, (set,): its tokens' losses of log p (answer token, set), summed."""
    first, last = record.extra["word_spans"][word]
    total: np.ndarray = drop[first:last].sum(0)
    return total


def maps_of_word(record: LensRecord, word: int) -> dict[str, np.ndarray]:
    """The maps of a word of the answer, by number; those that the record holds.

    The lens in two ways: at the layer of the largest probability, which the report opens with, and
    the largest over layers 1..N−1.
    """
    extra = record.extra
    slot = record.tracked_ids.tolist().index(int(extra["word_ids"][word]))
    between = (record.layers > 0) & (record.layers < record.layers[-1])
    probs = record.tracked_probs[between][:, record.position_kind == IMAGE, slot]  # (layer, patch)
    found = {"reads as": probs[probs.max(1).argmax()], "reads as, any layer": probs.max(0)}
    if "ablate_drop" in extra:
        patches = patch_drops(extra["ablate_drop"], extra["ablate_windows"])
        found["depends on"] = drop_of_word(record, word, patches)
    if "attribution_patch" in extra:
        first = extra["word_spans"][word][0]
        wrote = extra["attribution_patch"][first] - extra["against_patch"][first]
        found["writes directly"] = np.nansum(wrote, 0)
    return {name: np.nan_to_num(values.astype(np.float64)) for name, values in found.items()}
