"""Chat templates by name, in the form that they read, and none that never ends."""

import json
import sys
import time
from pathlib import Path

import pytest
from broken import copy_of_demo, edit_json, edit_weights

from logit_lens.command.arguments import parse_arguments
from logit_lens.command.fingerprint import settings_of
from logit_lens.model.chat_templates import named_templates
from logit_lens.model.processor import load_processor
from logit_lens.reading import chat
from logit_lens.record import load_record
from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL

SHORT = ("--image", DEMO_IMAGE, "--prompt", "Is it red?", "--max-new-tokens", "1", "--save-data")
OWN = (DEMO_MODEL / "chat_template.jinja").read_text()
RAG = (
    "{% for m in messages %}{% for c in m.content %}{% if c.type == 'image' %}<image>"
    "{% else %}Q {{ c.text }} A{% endif %}{% endfor %}{% endfor %}"
)
LIST = [{"name": "default", "template": OWN}, {"name": "rag", "template": RAG}]


def in_the_tokenizer(folder: Path, templates: list) -> None:
    edit_json(folder / "tokenizer_config.json", chat_template=templates)


def in_the_processor(folder: Path, templates: list) -> None:
    edit_json(folder / "processor_config.json", chat_template=templates)


def in_old_json(folder: Path, templates: list) -> None:
    (folder / "chat_template.json").write_text(json.dumps({"chat_template": templates}))


def in_files(folder: Path, templates: list) -> None:
    (folder / "additional_chat_templates").mkdir()
    for entry in templates:
        if entry["name"] == "default":
            (folder / "chat_template.jinja").write_text(entry["template"])
        else:
            path = folder / "additional_chat_templates" / f"{entry['name']}.jinja"
            path.write_text(entry["template"])


PLACES = [in_the_tokenizer, in_the_processor, in_old_json, in_files]


@pytest.fixture(params=PLACES)
def place(request, tmp_path):
    """Puts named templates into a copy of the demo; gives the folder."""

    def put(templates):
        folder = copy_of_demo(tmp_path / "mine", "chat_template.jinja")
        request.param(folder, templates)
        return folder

    return put


def prompt_of(run):
    code, out, err = run
    assert code == 0 and err == [], err
    return load_record(Path(out[-1]).with_suffix(".npz")).meta["prompt"]


def test_of_named_templates_the_default_is_used(command, place):
    prompt = prompt_of(command("--model", place(LIST), *SHORT))
    assert prompt == "USER: <image>\nIs it red? ASSISTANT:"


def test_a_template_is_chosen_by_its_name(command, place):
    prompt = prompt_of(command("--model", place(LIST), "--chat-template", "rag", *SHORT))
    assert prompt == "<image>Q Is it red? A"


def test_without_a_default_a_line_names_what_there_is(command, place):
    folder = place([{"name": "tool_use", "template": OWN}, LIST[1]])
    code, _, err = command("--model", folder, *SHORT)
    assert code == 2 and len(err) == 1 and "--chat-template: rag, tool_use" in err[0]
    raw = ("--raw-prompt", "--prompt", "<image> red?")
    prompt = prompt_of(command("--model", folder, *SHORT[:2], *raw, *SHORT[4:]))
    assert prompt == "<image> red?"  # needs no template


@pytest.mark.parametrize("suffix", [".jinja", ".json"])
def test_a_template_comes_from_a_file(command, tmp_path, suffix):
    text = RAG if suffix == ".jinja" else json.dumps({"chat_template": RAG})
    (tmp_path / f"own{suffix}").write_text(text)
    prompt = prompt_of(command("--demo", "--chat-template", f"own{suffix}", *SHORT))
    assert prompt == "<image>Q Is it red? A"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("--chat-template", "rag"), "no template of that name (it has: default)"),
        (("--chat-template", ""), "--chat-template is empty"),
        (("--chat-template", "x", "--raw-prompt"), "leave out --chat-template"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(command, argv, says):
    code, _, err = command("--demo", *argv, *SHORT)
    assert code == 2 and len(err) == 1 and says in err[0]


def test_two_kinds_of_template_files_at_once_say_what_to_do(command, tmp_path):
    folder = copy_of_demo(tmp_path / "mine", "chat_template.jinja")
    in_old_json(folder, OWN)
    in_files(folder, LIST[1:])
    code, _, err = command("--model", folder, *SHORT)
    assert code == 1 and len(err) == 1 and "chat_template.jinja" in err[0]


def test_the_content_of_a_template_file_is_in_the_fingerprint(tmp_path):
    path = tmp_path / "own.jinja"
    seen = set()
    for argv, text in ((), ""), (("--chat-template", str(path)), "a"), (
        ("--chat-template", str(path)), "b"
    ):  # fmt: skip
        path.write_text(text)
        arguments = parse_arguments(["--demo", *argv])
        seen.add(json.dumps(settings_of(arguments, "m"), sort_keys=True))
    assert len(seen) == 3


TEXT_ONLY = [
    "{% for m in messages %}USER: {{ m.content }} ASSISTANT:{% endfor %}",
    "{% for m in messages %}USER: {{ m.content | trim }} ASSISTANT:{% endfor %}",
    "{% for m in messages %}{{ 'USER: ' + m.content + ' ASSISTANT:' }}{% endfor %}",
]


@pytest.mark.parametrize("template", TEXT_ONLY)
def test_a_template_that_takes_text_only_gets_text_with_the_image_token(
    command, tmp_path, template
):
    folder = copy_of_demo(tmp_path / "mine")
    (folder / "chat_template.jinja").write_text(template)
    prompt = prompt_of(command("--model", folder, *SHORT))
    assert prompt == "USER: <image>\nIs it red? ASSISTANT:"


DROPS_THE_IMAGE = (
    "{% for m in messages %}{% if m.content is string %}{{ m.content | replace('<image>', '') }}"
    "{% else %}{% for c in m.content %}{{ c.text }}{% endfor %}{% endif %}{% endfor %}"
)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        (DROPS_THE_IMAGE, "leaves the image out"),
        ("{% for m in messages %}<image>{% endfor %}", "leaves the question out"),
        ("{{ raise_exception('roles must alternate') }}", "fails (roles must alternate)"),
        ("{% for m in messages %}", "fails (Unexpected end of template"),
    ],
)
def test_a_template_that_loses_something_leads_to_raw_prompt(command, tmp_path, template, says):
    folder = copy_of_demo(tmp_path / "mine")
    (folder / "chat_template.jinja").write_text(template)
    code, _, err = command("--model", folder, *SHORT)
    assert code == 1 and len(err) == 1 and says in err[0]
    assert "--raw-prompt" in err[0] and "<image> where the image belongs" in err[0]


LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}BODY{% endfor %}{% endfor %}"


@pytest.mark.parametrize("body", ["x", "{% set x = i %}", "{{ messages[0].content }}"])
def test_a_template_that_never_ends_is_stopped(command, tmp_path, monkeypatch, body):
    monkeypatch.setattr(chat, "_SECONDS", 0.2)
    folder = copy_of_demo(tmp_path / "mine")
    (folder / "chat_template.jinja").write_text(LOOP.replace("BODY", body))
    tracing, begin = sys.gettrace(), time.monotonic()
    code, _, err = command("--model", folder, *SHORT)
    assert code == 1 and len(err) == 1 and "does not come to an end" in err[0]
    assert time.monotonic() - begin < 60
    assert sys.gettrace() is tracing


def test_a_template_that_writes_without_measure_is_stopped(command, tmp_path):
    folder = copy_of_demo(tmp_path / "mine")
    (folder / "chat_template.jinja").write_text("{{ 'x' * 2000000 }}{{ messages[0].content }}")
    code, _, err = command("--model", folder, *SHORT)
    assert code == 1 and len(err) == 1 and "letters for one question" in err[0]


def test_templates_come_from_whatever_form_they_are_kept_in():
    processor = load_processor(str(DEMO_MODEL))
    for kept, expected in [
        (None, {}),
        ("", {}),
        ("t", {"default": "t"}),
        ({"a": "t"}, {"a": "t"}),
        ([{"name": "a", "template": "t"}, {"name": 3}, "x"], {"a": "t"}),
    ]:
        processor.chat_template = kept
        processor.tokenizer.chat_template = None
        assert named_templates(processor) == expected


def weight(change):
    def edit(weights):
        name = next(name for name in weights if "language" in name and "3.mlp.down" in name)
        weights[name] = weights[name].float()
        weights[name][0, 0] = change

    return edit


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_weights_that_are_no_numbers_are_not_mended_by_another_dtype(command, tmp_path, dtype):
    folder = copy_of_demo(tmp_path / "mine")
    edit_weights(folder, weight(float("nan")))
    code, _, err = command("--model", folder, *SHORT, "--dtype", dtype)
    assert code == 1 and len(err) == 1
    assert "layers.3.mlp.down_proj.weight" in err[0] and "no --dtype mends" in err[0]
    assert "try --dtype" not in err[0]


def test_a_weight_too_large_for_float16_leads_to_a_wider_dtype(command, tmp_path):
    folder = copy_of_demo(tmp_path / "mine")
    edit_weights(folder, weight(1e30))
    code, _, err = command("--model", folder, *SHORT, "--dtype", "float16")
    assert code == 1 and "not finite in float16; try --dtype bfloat16 or float32" in err[0]
    assert command("--model", folder, *SHORT, "--dtype", "float32")[0] == 0
