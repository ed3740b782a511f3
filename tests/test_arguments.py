"""What may be said on the command line, and what is refused before torch is imported."""

import pytest

from logit_lens import LensError
from logit_lens.command.arguments import build_parser, parse_arguments
from logit_lens.reading.layers import select_layers
from logit_lens.reading.options import DEFAULT_PROMPT
from logit_lens.resources import DEMO_MODEL


def test_no_arguments_at_all_is_the_demo_and_says_so(capsys):
    arguments = parse_arguments([])
    assert arguments.demo and arguments.model == str(DEMO_MODEL)
    assert arguments.prompt == DEFAULT_PROMPT
    assert "demo" in capsys.readouterr().err


def test_the_demo_takes_another_image_and_prompt():
    arguments = parse_arguments(["--demo", "--image", "a.png", "--prompt", "Why?"])
    assert [str(path) for path in arguments.image] == ["a.png"]
    assert arguments.prompt == "Why?"
    assert parse_arguments(["--demo", "--image", "a.png"]).prompt == "Describe the image."


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--prompt", " "], "--prompt is empty"),
        (["--top-k", "0"], "--top-k is 0"),
        (["--max-new-tokens", "-1"], "--max-new-tokens"),
        (["--track", "dog", ""], "--track has an empty word"),
        (["--layers", "3-"], "cannot read '3-'"),
        (["--layers", "5-2"], "runs backwards"),
        (["--layers", "::0"], "step"),
        (["--model", ""], "--model is empty"),
        (["--from-data", "a.npz", "--demo"], "--from-data"),
        (["--from-data", "a.npz", "--save-data"], "--from-data"),
    ],
)
def test_a_value_that_no_run_could_use_is_refused_with_exit_code_2(argv, says):
    with pytest.raises(LensError, match=says) as error:
        parse_arguments(argv)
    assert error.value.exit_code == 2


@pytest.mark.parametrize("argv", [["--top-k", "many"], ["--dtype", "int3"], ["--imag", "x"]])
def test_what_argparse_refuses_is_one_line_and_exit_code_2(argv, capsys):
    with pytest.raises(SystemExit) as error:
        parse_arguments(argv)
    assert error.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_bytes_that_are_no_text_become_replacement_characters():
    assert parse_arguments(["--prompt", "a\udcffb"]).prompt == "a�b"


@pytest.mark.parametrize(
    ("spec", "layers"),
    [
        ("", [0, 1, 2, 3, 4, 5, 6]),
        ("0", [0, 6]),
        ("0,2,4-5", [0, 2, 4, 5, 6]),
        ("::2", [0, 2, 4, 6]),
        ("1::4", [1, 5, 6]),
        ("-2:", [5, 6]),
        (" 3 , 3 ", [3, 6]),
    ],
)
def test_a_layer_spec_selects_layers_and_always_the_last(spec, layers):
    assert select_layers(spec, 6) == layers


def test_a_layer_that_the_model_lacks_is_refused_by_number():
    with pytest.raises(LensError, match=r"no layer 7; this model has 0 \(the embeddings\) to 6"):
        select_layers("7", 6)


def test_every_flag_explains_itself():
    for action in build_parser()._actions:
        assert action.help, action.option_strings
