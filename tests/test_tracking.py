"""A tracked word is tracked by the tokens that the model would write, and warned of where short."""

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from logit_lens.record import load_record
from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL
from logit_lens.tokens import display_texts
from logit_lens.tracking import track, tracked_token_ids, tracking_notes


@pytest.fixture(scope="module")
def demo():
    return AutoTokenizer.from_pretrained(DEMO_MODEL)


@pytest.fixture(scope="module")
def llama():
    """As Llama 2's: a space before every text, spaces are letters, unknown letters are bytes."""
    letters = [*"▁adoginsrtle(A", "со", "ба", "ка", "с", "о", "б", "а", "к", "⏎"]
    merged = ["do", "dog", "▁dog", "tr", "tri", "▁tri", "an", "ang", "angl", "angle", "▁triangle",
              "▁со", "▁A", "▁("]  # fmt: skip
    special = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    ids = {piece: i for i, piece in enumerate(dict.fromkeys([*special, *letters, *merged]))}
    merges = [("d", "o"), ("do", "g"), ("▁", "dog"), ("t", "r"), ("tr", "i"), ("▁", "tri"),
              ("a", "n"), ("an", "g"), ("ang", "l"), ("angl", "e"), ("▁tri", "angle"), ("с", "о"),
              ("б", "а"), ("к", "а"), ("▁", "со"), ("▁", "A"), ("▁", "(")]  # fmt: skip
    backend = Tokenizer(models.BPE(ids, merges, unk_token="<unk>", byte_fallback=True))
    backend.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    backend.decoder = decoders.ByteFallback()
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>")


@pytest.fixture(scope="module")
def byte_level():
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", "d"), ("Ġd", "o"), ("Ġdo", "g"), ("d", "o"), ("do", "g")]
    pieces = [*letters, *("".join(pair) for pair in merges)]
    backend = Tokenizer(models.BPE({p: i for i, p in enumerate(pieces)}, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=backend)


def texts(tokenizer, word):
    return display_texts(tokenizer, tracked_token_ids(tokenizer, [word])[word])


def test_a_word_is_tracked_as_in_mid_sentence_and_as_after_a_newline_or_a_bracket(
    llama, byte_level
):
    assert texts(llama, "dog") == ["▁dog", "dog"]
    assert texts(llama, "triangle") == ["▁triangle", "tri"]
    assert texts(llama, "собака") == ["▁со", "со"]
    assert texts(byte_level, "dog") == ["Ġdog", "dog"]


def test_the_tokens_are_those_that_stand_where_the_word_begins_in_a_text(llama):
    for before, written in (("A", " triangle"), ("A\n", "triangle"), ("A (", "triangle")):
        n = len(llama(before)["input_ids"])
        assert (
            llama(before + written)["input_ids"][n]
            in tracked_token_ids(llama, ["triangle"])["triangle"]
        )


def test_spaces_round_a_word_change_nothing(llama):
    assert track(llama, " dog ") == track(llama, "dog")


def test_a_piece_a_byte_and_a_token_behind_a_lone_space_are_warned_of(llama):
    assert tracking_notes(llama, ["dog"]) == []
    assert tracking_notes(llama, ["triangle"]) == [
        "triangle is tracked as '▁triangle' and 'tri' (only its first piece)"
    ]
    (note,) = tracking_notes(llama, ["狗"])
    assert "'<0xE7>' (bytes that many characters begin with: its probability means little" in note
    assert "in mid-sentence it follows a token that is only a space" in note


def test_a_word_that_the_tokenizer_does_not_know_is_not_tracked_as_the_unknown_token():
    backend = Tokenizer(models.WordLevel({"<unk>": 0, "A": 1, "(": 2, "dog": 3}, "<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>")
    assert tracked_token_ids(tokenizer, ["dog", "cat"]) == {"dog": [3], "cat": []}
    assert tracking_notes(tokenizer, ["dog", "cat"]) == [
        "cat is not tracked: the tokenizer has no token for it"
    ]


def test_the_notes_are_on_stderr_and_in_the_record(command, tmp_path):
    code, out, err = command(
        "--demo", "--image", DEMO_IMAGE, "--max-new-tokens", "0", "--track", "red", "triangle",
        "--save-data", "--output", "r.html",
    )  # fmt: skip
    assert code == 0
    notes = load_record(tmp_path / "r.npz").meta["notes"]
    assert err == [f"note: {note}" for note in notes]
    assert any(note.startswith("triangle is tracked as") for note in notes)


def test_the_demo_tracks_its_own_words_whole(demo):
    assert all(any(first.whole for first in track(demo, word)) for word in ("red", "circle"))
