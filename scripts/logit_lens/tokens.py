"""Token ids → text that a person can read. The id is the identity; this is for reading.

Knows the two ways in which vocabularies spell spaces and bytes (SentencePiece ``▁`` and
``<0xE2>``, GPT-2's byte letters such as ``Ġ``). Does not know torch, HTML or layout.

>>> display_texts(tokenizer, [278, 13, 32050])
['▁the', '⏎', '<id 32050>']
"""

import codecs
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_MARKS = {"\n": "⏎", "\t": "⇥", "\r": "␍"}
_SPACES = "▁Ġ "
# without a shape although Unicode calls them letters, marks or symbols: fillers and their like; and
# the sign for a lost character, which some vocabularies hold, although nothing was lost
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffd")
# with a shape although Unicode calls them format characters: signs that go under numbers
_SIGNS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2\U000110bd")
# they shape Persian and Indic words and emoji, and are nothing elsewhere
_SHAPING = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")


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

    Newline and tab become ``⏎`` and ``⇥``. What has no shape of its own is named (``<U+200B>``):
    controls, marks of writing direction, blanks other than the space, and combining marks where
    there is nothing else; before something else they get a dotted circle to sit on.
    """
    marks_only = all(map(_is_mark, text.strip(_SPACES)))
    shown = ""
    for at, letter in enumerate(text):
        stands_alone = _is_mark(letter) and (at == 0 or text[at - 1] in _SPACES)
        if letter in _MARKS:
            shown += _MARKS[letter]
        elif _has_no_shape(text, at) or (_is_mark(letter) and marks_only):
            shown += f"<U+{ord(letter):04X}>"
        else:
            shown += "◌" + letter if stands_alone else letter
    return shown


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) in ("Mn", "Me")


def _has_no_shape(text: str, at: int) -> bool:
    letter = text[at]
    if _SHAPING.fullmatch(letter):
        before, after = text[:at][-1:], text[at + 1 :][:1]
        joins = letter in "\u200c\u200d"
        return not (_is_shaped(before) and (not joins or _is_shaped(after)))
    kind = unicodedata.category(letter)
    return letter in _BLANK or (
        kind in ("Cc", "Cf", "Cs", "Co", "Zs", "Zl", "Zp")
        and letter != " "
        and letter not in _SIGNS
    )


def _is_shaped(letter: str) -> bool:
    """Whether a shaping character beside it shows: emoji, and letters that know no case."""
    return bool(letter) and unicodedata.category(letter) in ("So", "Sk", "Lo", "Lm", "Mn", "Mc")


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
