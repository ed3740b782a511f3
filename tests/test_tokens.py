"""Token ids become text that a person can read and that cannot disturb its neighbours."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from logit_lens.tokens import display_texts, note_on_pieces, readable, tracked_token_ids

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
        ("\u0301", "◌\u0301"),
        ("\x00", "<U+0000>"),
        ("\ud800", "<U+D800>"),
        ("</script>", "</script>"),
        ("שלום", "שלום"),
        ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)
def test_text_that_would_disturb_its_neighbours_is_named(text, shown):
    assert readable(text) == shown


def test_a_tracked_word_is_tracked_with_and_without_its_leading_space(sentencepiece, byte_level):
    ids = tracked_token_ids(sentencepiece, ["red"])["red"]
    assert "▁red" in display_texts(sentencepiece, ids)
    ids = tracked_token_ids(byte_level, ["dog"])["dog"]
    assert sorted(display_texts(byte_level, ids)) == ["dog", "Ġdog"]


def test_a_word_of_several_tokens_is_tracked_by_its_first(sentencepiece):
    ids = tracked_token_ids(sentencepiece, ["triangle"])["triangle"]
    texts = display_texts(sentencepiece, ids)
    assert "▁tri" in texts


def test_no_special_token_is_ever_tracked_for_an_unknown_word(sentencepiece):
    ids = tracked_token_ids(sentencepiece, ["嗨"])["嗨"]
    assert sentencepiece.unk_token_id not in ids


def test_a_word_of_which_only_a_piece_is_tracked_is_noted():
    assert note_on_pieces({"dog": ["▁dog", "d"]}) == ""
    note = note_on_pieces({"dog": ["Ġdog"], "triangle": ["▁tri"], "嗨": []})
    assert note.endswith("triangle as '▁tri'; 嗨 as nothing")
