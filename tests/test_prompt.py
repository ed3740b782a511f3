"""Chat templates are programs of a checkpoint: what they leave out or refuse is said."""

from types import SimpleNamespace

import pytest
from families.twin import toy_tokenizer

from logit_lens import LensError
from logit_lens.reading.prompt import encode_prompt

PLAIN = "{% for m in messages %}USER: {{ m.content | trim }} BOT:{% endfor %}"
PARTS = "{% for m in messages %}USER:{% for c in m.content %} {{ c.text }}{% endfor %}{% endfor %}"


def language_model(template):
    tokenizer = toy_tokenizer({}, [])
    tokenizer.chat_template = template
    return SimpleNamespace(
        name="toy", tokenizer=tokenizer, processor=tokenizer, sees_images=False,
        image_token_id=None, device="cpu", dtype=None,
    )  # fmt: skip


@pytest.mark.parametrize("template", [PLAIN, PARTS])
def test_a_template_gets_the_question_in_the_form_that_it_reads(template):
    prompt = encode_prompt(language_model(template), None, " Is it red?\n")
    assert "Is it red?" in prompt.text and prompt.text.startswith("USER:")


@pytest.mark.parametrize(
    ("template", "says"),
    [("USER: BOT:", "leaves the question out"), ("{{ raise_exception('no') }}", "fails")],
)
def test_a_template_that_loses_the_question_is_refused(template, says):
    with pytest.raises(LensError, match=rf"the chat template of toy {says}.*--raw-prompt"):
        encode_prompt(language_model(template), None, "Is it red?")
