"""Which patches read as a word of the answer: against full logits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from causal import Twin, run_command, stock

from logit_lens.images import open_picture
from logit_lens.model.vlm import load_vlm
from logit_lens.reading.prompt import encode_prompt
from logit_lens.record import ANSWER, IMAGE, load_record
from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL


def test_word_support_is_the_largest_probability_over_full_logits(twin: Twin, command: Any) -> None:
    record = run_command(command, twin, "demo", "--max-new-tokens", "12")
    model: Any = stock(DEMO_MODEL)
    vlm = load_vlm(str(DEMO_MODEL), device="cpu")
    with torch.inference_mode():
        inputs = encode_prompt(vlm, open_picture(DEMO_IMAGE), "Describe the image.").inputs
        inputs["input_ids"] = torch.from_numpy(record.input_ids)[None]
        inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
        states = model(**inputs, output_hidden_states=True).hidden_states
        language = model.model.language_model
        places = np.flatnonzero(record.position_kind == IMAGE)
        p = np.stack(
            [
                model.lm_head(language.norm(states[number]))[0, places].double().softmax(-1).numpy()
                for number in range(1, 8)
            ]
        )  # (layer, patch, vocab): layers 1..N−1
    extra = record.extra
    for w, token in enumerate(extra["word_ids"]):
        values = p[:, :, token]
        layer, patch = np.unravel_index(values.argmax(), values.shape)
        np.testing.assert_allclose(extra["support_max"][w], values.max(), rtol=1e-4)
        row, position = extra["support_cell"][w]
        np.testing.assert_allclose(p[row - 1, list(places).index(position), token], values.max())
        above = (p > values[:, :, None]).sum(-1)
        assert extra["support_rank"][w] == above.min()
        assert 0 <= extra["support_percentile"][w] <= 1
    texts = {record.token(int(i)) for i in extra["word_ids"]}
    assert {"▁yellow", "▁star"} <= texts
    at = np.flatnonzero(record.position_kind == ANSWER)
    for first, last in extra["word_spans"]:
        assert 0 <= first < last <= len(at)


def test_the_percentile_is_the_share_of_controls_below(monkeypatch: pytest.MonkeyPatch) -> None:
    from logit_lens.reading.support import Word, watched_ids, word_support

    words = [Word("dog", (0, 1), 5, [7, 8, 9, 10]), Word("cat", (1, 2), 6, [8, 11])]
    assert watched_ids(words) == [7, 8, 9, 10, 11]
    probs = np.zeros((4, 3, 2), np.float32)  # layers 0..3, tracked 5 and 6
    probs[1, 1, 0], probs[2, 2, 1] = 0.5, 0.2
    probs[3], probs[0], probs[:, 0] = 0.9, 0.9, 0.9  # the ends and the text do not count
    watched = np.zeros((4, 5), np.float32)
    watched[1] = [0.1, 0.6, 0.4, 0.5, 0.05]
    found = word_support(
        words, [0, 1, 2, 3], np.array([False, True, True]), [5, 6], probs,
        np.ones_like(probs, np.int32), watched,
    )  # fmt: skip
    assert found["support_max"].tolist() == [np.float32(0.5), np.float32(0.2)]
    assert found["support_percentile"].tolist() == [0.5, 0.5]
    assert found["support_cell"].tolist() == [[1, 1], [2, 2]]


def test_without_an_image_or_an_answer_there_is_no_support(command: Any) -> None:
    code, _, _ = command(
        "--model", DEMO_MODEL, "--prompt", "red", "--save-data", "--output", "a.html"
    )
    assert code == 0 and "support_max" not in load_record(Path("a.npz")).extra
    code, _, _ = command("--demo", "--max-new-tokens", "0", "--save-data", "--output", "b.html")
    without = load_record(Path("b.npz")).extra
    assert code == 0 and {name.partition("_")[0] for name in without} == {"lens"}
