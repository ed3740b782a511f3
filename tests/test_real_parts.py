"""A real language model and real tokenizers, through the command. Parts: tests/real_parts.sh."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from real_parts import llava_1_5, part, real_gemma3, real_qwen3_vl, real_tokenizer
from transformers import AutoModelForCausalLM, LlamaForCausalLM

from create_logit_lens import main
from logit_lens.record import IMAGE, load_record
from logit_lens.resources import DEMO_IMAGE
from logit_lens.tokens import display_texts
from logit_lens.tracking import track, tracked_token_ids

pytestmark = pytest.mark.slow
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
FRANCE = "The capital of France is"
MIXED = "def f(x):\n\treturn x**2  # 你好，世界 مرحبا بالعالم 👩\u200d🚀 é"
WORDS = ["dog", "собака", "犬", "🐕"]


class Smol(NamedTuple):
    """The real model: its record of a prompt, and itself in float32 and float64."""

    record: Any
    single: Any
    double: Any


def read(model: Path, folder: Path, *argv: str) -> Any:
    path = folder / "run.html"
    code = main(["--model", str(model), "--output", str(path), "--save-data", "--quiet", *argv])
    assert code == 0
    return load_record(path.with_suffix(".npz"))


@pytest.fixture(scope="module")
def smol(tmp_path_factory: pytest.TempPathFactory) -> Smol:
    if find_spec("gguf") is None:
        pytest.skip("needs the package gguf")
    folder = part("smollm2")
    argv = ["--raw-prompt", "--prompt", FRANCE, "--max-new-tokens", "4", "--top-k", "5"]
    record = read(folder, tmp_path_factory.mktemp("smol"), *argv, "--track", "Paris")
    # a model that was loaded from GGUF cannot be saved or turned into float64
    loaded: Any = AutoModelForCausalLM.from_pretrained(folder, gguf_file=GGUF, dtype=torch.float32)
    models = []
    for dtype in (torch.float32, torch.float64):
        fresh: Any = LlamaForCausalLM(loaded.config)
        fresh.load_state_dict(loaded.state_dict())
        models.append(fresh.to(dtype).eval())
    return Smol(record, *models)


@torch.no_grad()
def logits_of_every_layer(model: Any, ids: np.ndarray) -> torch.Tensor:
    """(layer, position, token) by the model's own norm and head, from what its own forward gives.

    The last of its hidden states is normed already: there the model's own logits stand.
    """
    out = model(torch.from_numpy(ids)[None], output_hidden_states=True)
    states = out.hidden_states[:-1]
    logits = [model.lm_head(model.model.norm(state))[0] for state in states]
    return torch.stack([*logits, out.logits[0]])


def kl_to_last(logits: torch.Tensor) -> np.ndarray:
    """(layer, position) in the numbers that the logits are in."""
    log_p = logits.log_softmax(-1)
    return (log_p[-1].exp() * (log_p[-1] - log_p)).sum(-1).double().numpy()


def test_a_real_model_says_that_the_capital_of_france_is_paris_and_when_it_knows(smol, capsys):
    record = smol.record
    # the model's head ran on the last position alone: products of other shapes round otherwise
    assert record.meta["check"]["passed"] and record.meta["check"]["max_abs_logit_diff"] < 1e-4
    assert record.meta["answer"].startswith("Paris")
    asked = len(record.input_ids) - int((record.position_kind == 2).sum()) - 1
    paris = record.top_ids[-1, asked, 0]
    assert record.token(paris) == "ĠParis"
    top = record.top_ids[:, asked, 0]
    decided = int(record.layers[np.flatnonzero(top != paris)[-1] + 1])
    column = record.tracked_ids.tolist().index(paris)
    top_ten = int(record.layers[(record.tracked_ranks[:, asked, column] < 10).argmax()])
    with capsys.disabled():
        print(f"\n{FRANCE} Paris: decided at layer {decided}, among the first ten from {top_ten}")
    assert decided == 30


def test_every_layer_of_a_real_model_equals_its_float64_brute_force(smol, capsys):
    record = smol.record
    single, double = (
        logits_of_every_layer(m, record.input_ids) for m in (smol.single, smol.double)
    )
    log_p = double.log_softmax(-1)
    probs = log_p.exp().gather(-1, torch.from_numpy(record.top_ids).long()).numpy()
    assert np.abs(record.top_probs - probs).max() < 1e-4
    entropy = -(log_p.exp() * log_p).sum(-1).numpy()
    np.testing.assert_allclose(record.entropy, entropy, rtol=1e-4, atol=1e-4)
    # Where does the KL differ? Not in the forward: it is what float32 makes of a sum over words,
    # and torch's own formula in float32 is no nearer.
    exact = kl_to_last(double)
    far = {
        "the record": record.kl,
        "float32 forward, KL in float64": kl_to_last(single.double()),
        "float32 forward, KL by torch in float32": kl_to_last(single),
    }
    far = {name: float((np.abs(kl - exact)[:-1] / exact[:-1]).max()) for name, kl in far.items()}
    with capsys.disabled():
        print("\nKL, largest relative difference to float64:")
        print(*(f"  {value:.1e} {name}" for name, value in far.items()), sep="\n")
    ours, forward, torchs = far.values()
    assert forward < 1e-4
    assert ours < 2 * torchs


def test_code_chinese_arabic_and_emoji_are_shown_as_what_they_are(tmp_path):
    tokenizer = real_tokenizer_of_smol()
    ids = tokenizer(MIXED)["input_ids"]
    spelled = b"".join(map(bytes_of, display_texts(tokenizer, ids)))
    assert spelled.decode() == MIXED


def real_tokenizer_of_smol() -> Any:
    from transformers import AutoTokenizer

    if find_spec("gguf") is None:
        pytest.skip("needs the package gguf")
    return AutoTokenizer.from_pretrained(part("smollm2"), gguf_file=GGUF)


def bytes_of(shown: str) -> bytes:
    """A display text back to the bytes that it stands for."""
    signs = {"⏎": "\n", "⇥": "\t", "Ġ": " ", "▁": " ", "◌": ""}

    def one(match: re.Match[str]) -> bytes:
        if match[1]:
            return bytes([int(match[1], 16)])
        if match[2]:
            return chr(int(match[2], 16)).encode()
        return signs.get(match[0], match[0]).encode()

    pieces = re.finditer(r"<0x([0-9A-F]{2})>|<U\+([0-9A-F]+)>|.", shown, re.S)
    return b"".join(map(one, pieces))


@pytest.mark.parametrize("name", ["llama2", "llama3", "qwen3", "gemma3"])
def test_no_token_of_a_real_vocabulary_is_blank_or_lost(name):
    tokenizer = real_tokenizer(name)
    texts = display_texts(tokenizer, range(len(tokenizer)))
    for text in texts:
        assert text.strip() and "\ufffd" not in text
        assert not set("\u200b\u00ad\u2060\ufeff\u00a0\u3000\u202e") & set(text)


@pytest.mark.parametrize("name", ["llama2", "llama3", "qwen3", "gemma3"])
@pytest.mark.parametrize("word", [*WORDS, "triangle", "狗", "巴黎", "naïve"])
def test_a_tracked_word_is_what_a_real_tokenizer_writes_in_a_text(name, word):
    tokenizer = real_tokenizer(name)

    def first_after(before: str, written: str) -> int:
        """The first token with ink, found by cutting the text's tokens, not by encoding twice."""
        encoded = tokenizer(before + written, add_special_tokens=False, return_offsets_mapping=True)
        for token_id, (start, end) in zip(
            encoded["input_ids"], encoded["offset_mapping"], strict=True
        ):
            inside = (before + written)[start:end]
            if (
                end > len(before)
                and inside.strip()
                and display_texts(tokenizer, [token_id]) != ["▁"]
            ):
                return token_id
        raise AssertionError("no token")

    expected = {
        first_after("It is a", f" {word}"), first_after("x\n", word), first_after("it (", word)
    }  # fmt: skip
    assert set(tracked_token_ids(tokenizer, [word])[word]) == expected


def test_llama_2_tracks_what_its_dummy_space_hides_and_warns_of_bytes():
    tokenizer = real_tokenizer("llama2")
    texts = {w: [t.text for t in track(tokenizer, w)] for w in ("triangle", "собака", "狗")}
    assert texts == {"triangle": ["▁triangle", "tri"], "собака": ["▁со", "со"], "狗": ["<0xE7>"]}
    (dog,) = track(tokenizer, "狗")
    assert "probability means little" in dog.warning and "only a space" in dog.warning


def test_llava_1_5_with_the_real_tokenizer_reads_576_patches_and_the_words_asked_for(tmp_path):
    model = llava_1_5(tmp_path / "llava")
    record = read(model, tmp_path, "--image", str(DEMO_IMAGE), "--max-new-tokens", "2",
                  "--track", *WORDS)  # fmt: skip
    assert record.meta["prompt"] == "USER: <image>\nDescribe the image. ASSISTANT:"
    assert (record.position_kind == IMAGE).sum() == 576
    assert (record.input_ids[record.position_kind == IMAGE] == 32000).all()
    labels = [record.token(i) for i in record.input_ids[record.position_kind == 0]]
    assert labels[:4] == ["<s>", "▁US", "ER", ":"] and labels[-4:] == ["▁ASS", "IST", "ANT", ":"]
    boxes = record.patch_boxes[record.position_kind == IMAGE]
    assert np.isfinite(boxes).all() and len(np.unique(boxes, axis=0)) == 576
    tokenizer = real_tokenizer("llama2")
    for word in WORDS:
        in_text = tokenizer(f"It is a {word}", add_special_tokens=False)["input_ids"]
        assert set(tracked_token_ids(tokenizer, [word])[word]) <= set(record.tracked_ids)
        assert record.meta["tracked_words"][word]
        assert set(in_text) & set(tracked_token_ids(tokenizer, [word])[word])
    padded = [i for i in record.token_ids if i >= 32002]
    assert all(record.token(i) == f"<id {i}>" for i in padded)


@pytest.mark.parametrize(
    ("make", "expected"),
    [(real_qwen3_vl, "<|image_pad|>"), (real_gemma3, "<image_soft_token>")],
)
def test_qwen_3_vl_and_gemma_3_with_their_real_tokenizers(make, expected, tmp_path):
    record = read(make(tmp_path / "model"), tmp_path, "--image", str(DEMO_IMAGE), "--prompt",
                  "What is it?", "--max-new-tokens", "2", "--track", *WORDS)  # fmt: skip
    assert record.meta["check"]["passed"] and record.meta["check"]["argmax_agree"] == 1
    on_image = record.position_kind == IMAGE
    assert {record.token(i) for i in record.input_ids[on_image]} == {expected}
    assert np.isfinite(record.patch_boxes[on_image]).all()
    text = b"".join(bytes_of(record.token(i)) for i in record.input_ids[record.position_kind == 0])
    assert b"What is it?" in text
    assert all(record.meta["tracked_words"].values())
