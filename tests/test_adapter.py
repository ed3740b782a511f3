"""An adapter is applied and named, or a line says what to do: never the base in silence."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from broken import copy_of_demo, hub_cache, lora, merged_by_hand
from safetensors.torch import load_file, save_file

from logit_lens.command.arguments import parse_arguments
from logit_lens.command.fingerprint import model_identity, settings_of
from logit_lens.model import adapter as adapter_module
from logit_lens.record import load_record
from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL

SHORT = ("--image", DEMO_IMAGE, "--max-new-tokens", "2", "--top-k", "5", "--save-data")
with_peft = pytest.mark.skipif(find_spec("peft") is None, reason="needs the package peft")


@pytest.fixture
def no_peft(monkeypatch):
    monkeypatch.setattr(adapter_module.importlib.util, "find_spec", lambda name: None)


@pytest.fixture
def pretend_peft(monkeypatch):
    monkeypatch.setattr(adapter_module.importlib.util, "find_spec", lambda name: True)


def read(command, *argv):
    code, out, err = command(*argv, *SHORT)
    assert code == 0, err
    return load_record(Path(out[-1]).with_suffix(".npz")), out, err


def same_numbers(record, merged):
    assert np.array_equal(record.top_ids, merged.top_ids)
    np.testing.assert_allclose(record.top_probs, merged.top_probs, atol=2e-5)
    np.testing.assert_allclose(record.entropy, merged.entropy, atol=2e-4)


@with_peft
@pytest.mark.parametrize("how", ["as the model", "beside the model", "alone"])
def test_an_adapter_reads_as_its_base_with_the_products_added_by_hand(command, tmp_path, how):
    own = lora(tmp_path / "my-lora")
    flags = {
        "as the model": ("--model", own),
        "beside the model": ("--model", DEMO_MODEL, "--adapter", own),
        "alone": ("--adapter", own),
    }[how]
    record, out, err = read(command, *flags)
    merged, *_ = read(command, "--model", merged_by_hand(own, tmp_path / "merged"))
    base, *_ = read(command, "--model", DEMO_MODEL)
    same_numbers(record, merged)
    assert not np.allclose(record.top_probs, base.top_probs, atol=1e-2)
    assert record.meta["model"] == "demo + my-lora" and err == []
    assert record.meta["adapter"] == {
        "name": "my-lora", "revision": "", "kind": "LORA", "base": "demo",
    }  # fmt: skip
    assert "my-lora" in out[0] and "demo + my-lora" in Path(out[0]).read_text(encoding="utf-8")


@with_peft
@pytest.mark.parametrize(
    "targets",
    [
        r"language_model\.model\.layers\.\d+\.self_attn\.(q_proj|v_proj)",
        ["q_proj", "v_proj"],
        [f"language_model.model.layers.{i}.self_attn.{n}_proj" for i in range(8) for n in "qv"],
    ],
)
def test_an_adapter_with_the_module_names_of_older_releases_is_applied_all_the_same(
    command, tmp_path, targets
):
    old = lora(tmp_path / "old", layers="language_model.model.layers", target_modules=targets)
    record, *_ = read(command, "--model", old)
    merged, *_ = read(command, "--model", merged_by_hand(old, tmp_path / "merged"))
    same_numbers(record, merged)


@with_peft
def test_an_adapter_beside_full_weights_is_applied_to_them_and_a_note_says_so(command, tmp_path):
    folder = lora(copy_of_demo(tmp_path / "both"), base="someone/who-is-not-here")
    record, _, err = read(command, "--model", folder)
    merged, *_ = read(command, "--model", merged_by_hand(folder, tmp_path / "merged"))
    same_numbers(record, merged)
    assert record.meta["adapter"]["name"] == record.meta["adapter"]["base"] == "both"
    assert record.meta["model"] == "both + its adapter"
    assert len(err) == 1 and "applied to the weights that lie beside it" in err[0]
    assert [f"note: {note}" for note in record.meta["notes"]] == err


@with_peft
@pytest.mark.parametrize("change", ["another layer", "another width"])
def test_an_adapter_that_does_not_fit_is_refused_and_not_left_out(command, tmp_path, change):
    folder = lora(tmp_path / "my-lora")
    path = folder / "adapter_model.safetensors"
    weights = load_file(path)
    if change == "another layer":
        weights = {k.replace("layers.7", "layers.31"): v.clone() for k, v in weights.items()}
    else:
        weights = {k: v[:, :64].clone() if "lora_A" in k else v for k, v in weights.items()}
    save_file(weights, path)
    code, out, err = command("--model", folder, *SHORT)
    assert code == 1 and out == [] and len(err) == 1
    assert "the adapter my-lora does not fit demo" in err[0] and "of its 32 tensors" in err[0]


@pytest.mark.parametrize("full_weights", [False, True])
def test_without_peft_a_line_says_what_to_install_or_how_to_merge(
    command, tmp_path, no_peft, full_weights
):
    if full_weights:
        copy_of_demo(tmp_path / "my-lora")
    code, out, err = command("--model", lora(tmp_path / "my-lora"), *SHORT)
    assert code == 1 and out == [] and len(err) == 1
    assert "pip install peft" in err[0] and "merge_and_unload" in err[0]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"base_model_name_or_path": "/data/me/llava"}, "--model BASE --adapter"),
        ({"base_model_name_or_path": None}, "does not say of which model"),
        ({"base_model_name_or_path": "nobody/nothing"}, "--model BASE --adapter"),
        ({"peft_type": "PROMPT_TUNING"}, "states of its own before the prompt"),
        ({"peft_type": None, "fine_tune_type": "lora"}, "is no adapter of peft"),
    ],
)
def test_an_adapter_that_cannot_be_applied_says_why(
    command, tmp_path, pretend_peft, settings, says
):
    code, _, err = command("--model", lora(tmp_path / "my-lora", **settings), *SHORT)
    assert code == 1 and len(err) == 1 and says in err[0], err


def test_what_is_no_adapter_is_refused(command, tmp_path, pretend_peft):
    code, _, err = command("--demo", "--adapter", copy_of_demo(tmp_path / "mine"), *SHORT)
    assert code == 2 and "is no adapter: it has no adapter_config.json" in err[0]
    code, _, err = command(
        "--model", lora(tmp_path / "a"), "--adapter", lora(tmp_path / "b"), *SHORT
    )
    assert code == 2 and "--model a is an adapter too" in err[0]


def test_another_adapter_or_another_base_is_another_fingerprint(tmp_path):
    own, folder = lora(tmp_path / "my-lora"), hub_cache(tmp_path)

    def settings(*argv):
        arguments = parse_arguments(["--image", "x.png", *map(str, argv)])
        return settings_of(arguments, model_identity(arguments.model))

    plain, with_own = settings("--model", folder), settings("--model", folder, "--adapter", own)
    assert plain != with_own
    lora(own, layers="language_model.model.layers")
    assert with_own != settings("--model", folder, "--adapter", own)
    on_demo = model_identity(str(own))
    assert on_demo != model_identity(str(lora(own, base=str(folder))))
