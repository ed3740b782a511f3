"""Which tokens are whole words, and what each patch reads as: for summary and statistics alike.

Does not know pages. The rule is that of ``templates/js/core/fragments.js``, and stricter: a word
has letters only, and where its script is an alphabet, two at least.

>>> words_of(["▁boat", "boat", "▁a", "▁12", "▁Boat"])
['boat', '', '', '', 'boat']
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..record import IMAGE, LensRecord

Texts = Sequence[str] | np.ndarray
SPACES = "▁Ġ "
_MARKED = 0.2  # of the tokens, for a vocabulary to be one that marks leading spaces
_ALPHABETS = ("LATIN", "GREEK", "CYRILLIC")


@dataclass(frozen=True)
class Readings:
    """What the patches read as: each at the layer, the last excepted, where it is surest.

    The last layer speaks of the next word of the text.

    Attributes:
        patches: (patch,) positions.
        rows: (patch,) where that layer lies on the layer axis.
        ids: (patch,) the top token there.
        probs: (patch,) its probability.
    """

    patches: np.ndarray
    rows: np.ndarray
    ids: np.ndarray
    probs: np.ndarray


def patches_of(record: LensRecord) -> np.ndarray:
    """Positions of the patches: image positions with a place on the picture, if any has one."""
    image = record.position_kind == IMAGE
    placed = image & ~np.isnan(record.patch_boxes[:, 0])  # what ends a row of patches has none
    return np.flatnonzero(placed if placed.any() else image)


def readings_of(record: LensRecord) -> Readings:
    """What every patch reads as."""
    patches = patches_of(record)
    layers = slice(0, max(len(record.layers) - 1, 1))
    ids, probs = (a[layers][:, patches, 0] for a in (record.top_ids, record.top_probs))
    rows = np.nan_to_num(probs, nan=-1).argmax(0)  # (patch,)
    ids, probs = (np.take_along_axis(a, rows[None], 0)[0] for a in (ids, probs))
    return Readings(patches, rows, ids, probs)


def marks_spaces(texts: Texts) -> bool:
    """Whether a vocabulary marks leading spaces; one that does tells words from pieces of words."""
    marked = sum(str(text).startswith(tuple(SPACES)) for text in texts)
    return marked >= _MARKED * max(1, len(texts))


def words_of(texts: Texts, of: Iterable[int] | None = None) -> list[str]:
    """The word that each token is, its spellings folded into one; empty where it is none.

    Args:
        texts: of all tokens.
        of: which of them are asked for; the others stay empty. Default: all.
    """
    marked, words = marks_spaces(texts), [""] * len(texts)
    for row in range(len(texts)) if of is None else of:
        words[row] = _word(str(texts[row]), marked)
    return words


def _word(text: str, marked: bool) -> str:
    word = text.strip(SPACES)
    if not word.isalpha() and not _is_marked(word):
        return ""
    spelled = unicodedata.name(word[0], "").startswith(_ALPHABETS)
    goes_on = marked and not text.startswith(tuple(SPACES))
    return "" if spelled and (goes_on or len(word) < 2) else word.lower()


def _is_marked(word: str) -> bool:
    """Letters, and the marks that belong to them in many scripts."""
    return word[:1].isalpha() and all(unicodedata.category(one)[0] in "LM" for one in word)
