"""Word support: does any patch read as this word of the answer, at any layer on the way?

For each word of the answer the largest probability over layers 1..N−1 and image positions, where it
is, the best rank there, and how many control words of similar frequency stay below it on the same
image. A word of several pieces counts by its first piece with a leading space, never by another: a
piece that many words share says nothing of this one. It is a correlation. It says which patches
*read as* a word, not which ones the answer needed (``causal/``).

Knows vocabularies and arrays; does not know torch or models.

>>> words = answer_words(tokenizer, [319, 2654, 8607])
>>> [word.span for word in words]
[(0, 1), (1, 2), (2, 3)]
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tokens import display_texts
from ..tracking import tracked_token_ids

CONTROLS = 32  # control words for each word of the answer
_BLOCK = 128  # ids that are looked at together while controls are searched
_SPACE = "▁Ġ "
_GOES_ON = re.compile(r"[^\W\d_]|['’-]")


@dataclass(frozen=True)
class Word:
    """A word of the answer.

    Attributes:
        text: all its pieces, without the space before them.
        span: its first answer token, and one past its last.
        token_id: its first piece as it reads in mid-sentence, which stands for it in the lens.
        controls: ids of whole words that are about as frequent.
    """

    text: str
    span: tuple[int, int]
    token_id: int
    controls: list[int]


def answer_words(tokenizer: Any, answer_ids: Sequence[int]) -> list[Word]:
    """The words of an answer: a piece without a leading space goes on with the word before it.

    Controls are looked for once the words are known, so that none of them is one.
    """
    texts = display_texts(tokenizer, answer_ids)
    spans: list[list[int]] = []
    for at, text in enumerate(texts):
        goes_on = at > 0 and _GOES_ON.match(text) and _ends_open(texts[at - 1])
        if goes_on and spans:
            spans[-1][1] = at + 1
        else:
            spans.append([at, at + 1])
    whole = ["".join(texts[a:b]).strip(_SPACE) for a, b in spans]
    said = {word.casefold() for word in whole}
    special = set(getattr(tokenizer, "all_special_ids", None) or [])
    words = []
    for text, (a, b) in zip(whole, spans, strict=True):
        if int(answer_ids[a]) in special or not any(map(str.isalpha, text)):
            continue
        token_id = _in_mid_sentence(tokenizer, text, answer_ids[a:b], texts[a:b])
        controls = control_ids(tokenizer, token_id, said)
        words.append(Word(text, (a, b), token_id, controls))
    return words


def _ends_open(text: str) -> bool:
    """Whether a word may go on after this piece."""
    return text.strip(_SPACE) == "" or bool(_GOES_ON.match(text[-1]))


def _in_mid_sentence(tokenizer: Any, text: str, ids: Sequence[int], pieces: Sequence[str]) -> int:
    """The id of a word's first piece with a leading space; the answer's own where none exists."""
    own = next((i for i, piece in zip(ids, pieces, strict=True) if piece.strip(_SPACE)), ids[0])
    candidates = tracked_token_ids(tokenizer, [text])[text]
    marked = display_texts(tokenizer, candidates)
    spaced = [i for i, piece in zip(candidates, marked, strict=True) if piece[:1] in "▁Ġ"]
    return int(spaced[0] if spaced else own)


def control_ids(tokenizer: Any, token_id: int, said: set[str]) -> list[int]:
    """Whole words whose ids are nearest: vocabularies are made by falling frequency."""
    spaced = display_texts(tokenizer, [token_id])[0][:1] in "▁Ġ"
    n_vocab = len(tokenizer)
    found: list[int] = []
    for low in range(0, max(token_id, n_vocab - token_id) + 1, _BLOCK):
        near = range(low, low + _BLOCK)
        ids = sorted(
            {i for d in near for i in (token_id - d, token_id + d) if 0 <= i < n_vocab and d},
            key=lambda i: abs(i - token_id),
        )
        for i, text in zip(ids, display_texts(tokenizer, ids), strict=True):
            word = text.lstrip(_SPACE)
            whole = len(word) > 1 and word.isalpha() and (not spaced or word != text)
            if whole and word.casefold() not in said:
                found.append(i)
        if len(found) >= CONTROLS:
            break
    return found[:CONTROLS]


def watched_ids(words: Sequence[Word]) -> list[int]:
    """All ids of control words, each once."""
    return list(dict.fromkeys(i for word in words for i in word.controls))


def word_support(
    words: Sequence[Word],
    layers: Sequence[int],
    image_positions: np.ndarray,
    tracked_ids: Sequence[int],
    probs: np.ndarray,
    ranks: np.ndarray,
    watched: np.ndarray,
) -> dict[str, np.ndarray]:
    """The arrays of the record.

    Args:
        words: of the answer.
        layers: (layer,) numbers; only those between the embeddings and the last one count.
        image_positions: bool (position,).
        tracked_ids: (tracked,) every word's ``token_id`` is among them.
        probs: (layer, position, tracked).
        ranks: (layer, position, tracked).
        watched: (layer, control word) largest probability over image positions, in the order of
            ``watched_ids``.

    Returns:
        nothing where no patch or no layer counts; else ``word_spans``, ``word_ids``,
        ``support_max``, ``support_rank``, ``support_percentile``, ``support_cell``.
    """
    rows = [row for row, layer in enumerate(layers) if 0 < layer < layers[-1]]
    places = np.flatnonzero(image_positions)
    if not rows or not len(places) or not words:
        return {}
    slot = {token_id: n for n, token_id in enumerate(tracked_ids)}
    control = dict(zip(watched_ids(words), watched[rows].max(0), strict=True))
    columns = [slot[word.token_id] for word in words]
    at = np.ix_(np.array(rows), places, np.array(columns))
    p = probs[at]  # (layer, patch, word)
    flat = np.nan_to_num(p, nan=-1.0).reshape(-1, len(words)).argmax(0)
    where = np.stack(np.unravel_index(flat, p.shape[:2]), -1)  # (word, 2)
    largest = p[where[:, 0], where[:, 1], np.arange(len(words))]
    below = [
        np.mean([control[i] < value for i in word.controls]) if word.controls else np.nan
        for word, value in zip(words, largest, strict=True)
    ]
    return {
        "word_spans": np.array([word.span for word in words], np.int32),
        "word_ids": np.array([word.token_id for word in words], np.int32),
        "support_max": largest.astype(np.float32),
        "support_rank": ranks[at].min((0, 1)).astype(np.int32),
        "support_percentile": np.array(below, np.float32),
        "support_cell": np.stack([np.array(rows)[where[:, 0]], places[where[:, 1]]], -1).astype(
            np.int32
        ),
    }
