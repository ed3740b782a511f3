"""Token ids become text that a person can read and that cannot disturb its neighbours."""

import sys
import unicodedata
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from logit_lens.tokens import display_texts, readable

DEMO = Path(__file__).resolve().parents[1] / "models" / "demo"


@pytest.fixture(scope="module")
def sentencepiece():
    return AutoTokenizer.from_pretrained(DEMO)


@pytest.fixture(scope="module")
def byte_level():
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*letters, "Ġd", "Ġdo", "Ġdog", "do", "dog", "ðŁ", "Ñģ", "âĢ"]
    merges = [("Ġ", "d"), ("Ġd", "o"), ("Ġdo", "g"), ("d", "o"), ("do", "g"), ("ð", "Ł"),
              ("Ñ", "ģ"), ("â", "Ģ")]  # fmt: skip
    tokenizer = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    fast.add_special_tokens({"additional_special_tokens": ["<|im_end|>"]})
    return fast


def texts_of(tokenizer, pieces):
    return display_texts(tokenizer, tokenizer.convert_tokens_to_ids(pieces))


def test_leading_spaces_stay_visible_as_the_vocabulary_writes_them(sentencepiece, byte_level):
    assert texts_of(sentencepiece, ["▁the", "angle"]) == ["▁the", "angle"]
    assert texts_of(byte_level, ["Ġdog", "dog"]) == ["Ġdog", "dog"]


def test_byte_tokens_are_named_and_a_newline_is_a_sign(sentencepiece):
    assert texts_of(sentencepiece, ["<0xE2>", "<0x0A>"]) == ["<0xE2>", "⏎"]


def test_half_characters_are_named_byte_by_byte_and_whole_ones_shown(byte_level):
    assert texts_of(byte_level, ["ðŁ", "Ñģ", "Ċ", "ĉ"]) == ["<0xF0><0x9F>", "с", "⏎", "⇥"]


def test_special_tokens_are_spelled_as_they_are(sentencepiece, byte_level):
    assert texts_of(sentencepiece, ["<image>", "</s>"]) == ["<image>", "</s>"]
    assert texts_of(byte_level, ["<|im_end|>"]) == ["<|im_end|>"]


def test_ids_that_the_tokenizer_does_not_know_are_numbers(sentencepiece):
    n = len(sentencepiece)
    assert display_texts(sentencepiece, [n, n + 40]) == [f"<id {n}>", f"<id {n + 40}>"]


def test_ids_with_holes_between_them_are_all_known():
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "b": 5, "c": 9}, unk_token="a"))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    assert display_texts(fast, [0, 4, 5, 9]) == ["a", "<id 4>", "b", "c"]


def test_no_token_of_a_vocabulary_is_blank_or_a_replacement_character(sentencepiece, byte_level):
    for tokenizer in (sentencepiece, byte_level):
        for text in display_texts(tokenizer, range(len(tokenizer))):
            assert text.strip() and "\ufffd" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a<U+202E>b"),
        ("\u0301", "<U+0301>"),
        ("▁\u0331\u0302", "▁<U+0331><U+0302>"),
        ("\u0301a", "◌\u0301a"),
        ("▁\u0301a", "▁◌\u0301a"),
        ("e\u0301", "e\u0301"),
        ("\u093e", "\u093e"),  # takes room of its own
        ("\u200b", "<U+200B>"),
        ("\u200c", "<U+200C>"),
        ("\u200d", "<U+200D>"),
        ("a\u200db", "a<U+200D>b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("می\u200c", "می<U+200C>"),
        ("▁\u00ad", "▁<U+00AD>"),
        ("\u180e\u2060\ufeff", "<U+180E><U+2060><U+FEFF>"),
        ("\u00a0", "<U+00A0>"),
        ("\u2003x\u3000", "<U+2003>x<U+3000>"),
        ("\u3164\u2800\u034f", "<U+3164><U+2800><U+034F>"),
        ("\ue000", "<U+E000>"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("a\ufe0f", "a<U+FE0F>"),
        ("\ufe0f", "<U+FE0F>"),
        ("\U000e0041", "<U+E0041>"),
        ("\u0600", "\u0600"),  # the Arabic number sign is seen
        ("a b", "a b"),
        ("\x00", "<U+0000>"),
        ("\ud800", "<U+D800>"),
        ("</script>", "</script>"),
        ("שלום", "שלום"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_text_that_would_disturb_its_neighbours_is_named(text, shown):
    assert readable(text) == shown


def test_the_names_of_what_is_not_seen_stay_when_they_are_named_again():
    for text in ("\u0301a", "\u200b", "▁\u0301", "\n\t", "❤\ufe0f", "\u202e"):
        assert readable(readable(text)) == readable(text)


def test_every_character_of_unicode_without_a_shape_is_named_and_no_other_letter_is():
    for code in range(sys.maxunicode + 1):
        letter, kind = chr(code), unicodedata.category(chr(code))
        shown = readable(letter)
        if kind in ("Zs", "Zl", "Zp", "Cc", "Cs", "Co") and letter not in " \n\t\r":
            assert shown == f"<U+{code:04X}>", hex(code)
        elif kind[0] in "LNPS" and letter not in "\u115f\u1160\u2800\u3164\uffa0\ufffd":
            assert shown == letter, hex(code)
