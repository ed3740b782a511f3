"""Answers end where a model's positions end."""

import pytest
import transformers
from families.twin import randomise, toy_tokenizer

from logit_lens import LensError
from logit_lens.model.vlm import load_vlm
from logit_lens.reading.answer import answer_prompt, note_on_length
from logit_lens.reading.prompt import encode_prompt


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    """A GPT-2 that learned a vector for each of 16 positions."""
    folder = tmp_path_factory.mktemp("gpt2")
    tokenizer = toy_tokenizer({}, [])
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_positions=16, n_embd=16, n_layer=2, n_head=2
    )
    model = transformers.GPT2LMHeadModel(config)
    randomise(model, 0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return load_vlm(str(folder))


def test_an_answer_that_would_outgrow_learned_positions_is_refused_before_it_begins(gpt2):
    prompt = encode_prompt(gpt2, None, "Is it red?", raw=True)
    length = prompt.inputs["input_ids"].shape[1]
    exchange = answer_prompt(gpt2, prompt, 16 - length)
    assert len(exchange.ids) <= 16 and note_on_length(gpt2, len(exchange.ids)) == ""
    with pytest.raises(LensError, match="has 16 positions, but the prompt takes .*lower --max-new"):
        answer_prompt(gpt2, prompt, 17 - length)


def test_a_sequence_beyond_what_a_model_was_made_for_gets_a_note(gpt2):
    assert "20 positions, but" in note_on_length(gpt2, 20)
    assert note_on_length(gpt2, 16) == ""
