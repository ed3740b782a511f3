"""Token ids → text that a person can read. The id is the identity; this is for reading.

Knows the two ways in which vocabularies spell spaces and bytes (SentencePiece ``▁`` and
``<0xE2>``, GPT-2's byte letters such as ``Ġ``). Does not know torch, HTML or layout.

>>> display_texts(tokenizer, [278, 13, 32050])
['▁the', '⏎', '<id 32050>']
"""

import codecs
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

_MARKS = {"\n": "⏎", "\t": "⇥", "\r": "␍"}
# characters that turn or break the text around them: they are named, not shown
_DISTURBING = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def display_texts(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """The text of every id, in order.

    Leading spaces stay visible as the vocabulary writes them (``▁ant`` and ``ant`` differ), half
    characters are named byte by byte, special tokens are spelled as they are, and ids that the
    tokenizer does not know (padded vocabularies) read ``<id 32050>``.
    """
    added = set(getattr(tokenizer, "added_tokens_decoder", {}) or {})
    byte_level = _is_byte_level(tokenizer)
    texts = []
    for token_id in map(int, ids):
        piece = _piece(tokenizer, token_id)
        if not piece:
            texts.append(f"<id {token_id}>")
        elif token_id in added or not byte_level:
            texts.append(readable(_named_byte(piece)))
        else:
            texts.append(readable(_from_byte_letters(piece)))
    return texts


def _piece(tokenizer: Any, token_id: int) -> str | None:
    # ids may have holes, so that the number of tokens bounds nothing
    try:
        return tokenizer.convert_ids_to_tokens(token_id) if token_id >= 0 else None
    except (IndexError, KeyError, OverflowError):
        return None


def readable(text: str) -> str:
    """Text that shows all its characters and cannot disturb its neighbours.

    Newline and tab become ``⏎`` and ``⇥``, other controls and writing-direction marks are named
    (``<U+202E>``), and a mark that would sit on its neighbour gets a dotted circle to sit on.
    """
    text = _DISTURBING.sub(lambda m: _MARKS.get(m[0], f"<U+{ord(m[0]):04X}>"), text)
    if text and unicodedata.category(text[0]) in ("Mn", "Me"):
        text = "◌" + text
    return text


def _named_byte(piece: str) -> str:
    """SentencePiece spells a newline ``<0x0A>``; every other byte token keeps that spelling."""
    return {"<0x0A>": "\n", "<0x09>": "\t"}.get(piece, piece)


def _is_byte_level(tokenizer: Any) -> bool:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        return "ByteLevel" in f"{backend.decoder!r} {backend.pre_tokenizer!r}"
    return hasattr(tokenizer, "byte_decoder")


def _byte_letters() -> dict[str, int]:
    """GPT-2's alphabet: a printable letter for every byte.

    Bytes that Latin-1 prints stand for themselves, the other 68 for the letters from U+0100 on.
    (Radford et al. 2019, ``bytes_to_unicode`` of the released code.)
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    letters = {chr(b): b for b in printable}
    return letters | {chr(0x100 + i): b for i, b in enumerate(others)}


_BYTE_OF = _byte_letters()


def _name_bytes(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    return "".join(f"<0x{byte:02X}>" for byte in bad), error.end


codecs.register_error("logit_lens.name_bytes", _name_bytes)


def _from_byte_letters(piece: str) -> str:
    if any(letter not in _BYTE_OF for letter in piece):
        return piece
    text = bytes(_BYTE_OF[letter] for letter in piece).decode("utf-8", "logit_lens.name_bytes")
    # only the byte 0x20 is a space that the vocabulary writes as a letter
    return text.replace(" ", "Ġ")


def tracked_token_ids(tokenizer: Any, words: Sequence[str]) -> dict[str, list[int]]:
    """The ids under which a vocabulary can begin each word: with a leading space and without.

    A word of several tokens is tracked by its first one that is more than a space.

    Returns:
        word → its ids, in the order of the words.
    """
    found = {}
    for word in words:
        ids: list[int] = []
        bare = word.strip()
        pieces = [tokenizer.convert_tokens_to_ids(piece) for piece in (f"▁{bare}", bare)]
        ids += [i for i in pieces if i is not None and i != tokenizer.unk_token_id]
        for spelling in (f" {bare}", bare):
            encoded = tokenizer(spelling, add_special_tokens=False)["input_ids"]
            texts = display_texts(tokenizer, encoded)
            ids += [i for i, text in zip(encoded, texts, strict=True) if text.strip("▁Ġ ")][:1]
        found[word] = list(dict.fromkeys(int(i) for i in ids))
    return found


def note_on_pieces(words: Mapping[str, Sequence[str]]) -> str:
    """One line that names the tracked words of which only a piece is tracked; empty if none is.

    >>> note_on_pieces({"dog": ["▁dog"], "triangle": ["▁tri"]})
    "note: tracked by their first piece: triangle as '▁tri'"
    """
    pieces = [
        f"{word} as {', '.join(map(repr, texts)) or 'nothing'}"
        for word, texts in words.items()
        if word.strip() not in {text.strip("▁Ġ ") for text in texts}
    ]
    return f"note: tracked by their first piece: {'; '.join(pieces)}" if pieces else ""
