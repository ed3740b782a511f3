"""The tokens that a word is tracked by: those with which a model can begin to write it.

A vocabulary spells a word in mid-sentence, after a space, in another way than after a newline or a
bracket. So words are encoded in such places, and what stands there counts. Does not know torch.

>>> track(tokenizer, "triangle")
[Tracked(24411, '▁triangle', …), Tracked(3626, 'tri', …)]
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .tokens import display_texts

_SPACES = "▁Ġ "
_BYTES = re.compile("[▁Ġ]?(<0x[0-9A-F]{2}>)+")
# what a word is put behind; the space belongs to the word
_PLACES = (("A", " "), ("A\n", ""), ("A (", ""))


@dataclass(frozen=True)
class Tracked:
    """A token that a word begins with.

    Attributes:
        token_id: its id.
        text: its display text.
        whole: whether it is all of the word.
        after_space: whether a token that is only a space comes before it.
    """

    token_id: int
    text: str
    whole: bool
    after_space: bool

    @property
    def warning(self) -> str:
        """What to know of its probability; empty for a whole word."""
        reasons = []
        if _BYTES.fullmatch(self.text):
            reasons.append("bytes that many characters begin with: its probability means little")
        elif not self.whole:
            reasons.append("only its first piece")
        if self.after_space:
            reasons.append("in mid-sentence it follows a token that is only a space")
        return "; ".join(reasons)


def track(tokenizer: Any, word: str) -> list[Tracked]:
    """The tokens that a model can begin a word with, in mid-sentence first."""
    found: dict[int, Tracked] = {}
    for before, space in _PLACES:
        first = _first_token(tokenizer, before, space + word.strip())
        if first is not None:
            found.setdefault(first.token_id, first)
    return list(found.values())


def tracked_token_ids(tokenizer: Any, words: Sequence[str]) -> dict[str, list[int]]:
    """Word → the ids that it is tracked by, in the order of the words."""
    return {word: [first.token_id for first in track(tokenizer, word)] for word in words}


def tracking_notes(tokenizer: Any, words: Sequence[str]) -> list[str]:
    """A line for every word of which a tracked token says less than the word would.

    >>> tracking_notes(tokenizer, ["dog", "triangle"])
    ["triangle is tracked as '▁triangle' and 'tri' (only its first piece)"]
    """
    notes = []
    for word in words:
        found = track(tokenizer, word)
        if not found:
            notes.append(f"{word} is not tracked: the tokenizer has no token for it")
        elif any(first.warning for first in found):
            shown = [
                f"{first.text!r} ({first.warning})" if first.warning else repr(first.text)
                for first in found
            ]
            notes.append(f"{word} is tracked as {' and '.join(shown)}")
    return notes


def _first_token(tokenizer: Any, before: str, written: str) -> Tracked | None:
    """The first token of a word that is more than a space, where it stands behind some text."""

    def encode(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])

    context, ids = encode(before), encode(before + written)
    if ids[: len(context)] != context:  # the two have grown together
        context, ids = [], encode(written)
    own = ids[len(context) :]
    for n_before, token_id in enumerate(own):
        text = display_texts(tokenizer, [token_id])[0]
        if token_id == tokenizer.unk_token_id:
            return None
        if text.strip(_SPACES):
            return Tracked(int(token_id), text, n_before == len(own) - 1, n_before > 0)
    return None
