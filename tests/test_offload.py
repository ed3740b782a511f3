"""A model in pieces over memory and disk gives the record that it gives in one piece."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from accelerate import cpu_offload
from PIL import Image
from transformers import AutoConfig, AutoModelForImageTextToText

from logit_lens import LensError
from logit_lens.command import arguments
from logit_lens.command.arguments import parse_arguments
from logit_lens.contract import CONTRACT
from logit_lens.images import Picture
from logit_lens.model import memory
from logit_lens.model.memory import needed_bytes
from logit_lens.model.vlm import load_vlm
from logit_lens.reading.pipeline import make_record
from logit_lens.resources import DEMO_MODEL

ARRAYS = [name for name in CONTRACT if name != "token_text"]


@pytest.fixture(scope="module", params=["tied", "untied"])
def folder(request, tmp_path_factory):
    """The demo model with random weights; embeddings and unembedding are one matrix, or two."""
    folder = tmp_path_factory.mktemp(request.param)
    shutil.copytree(DEMO_MODEL, folder, dirs_exist_ok=True)
    config = AutoConfig.from_pretrained(DEMO_MODEL)
    config.tie_word_embeddings = config.text_config.tie_word_embeddings = request.param == "tied"
    torch.manual_seed(0)
    model = AutoModelForImageTextToText.from_config(config)
    for name, parameter in model.named_parameters():
        if "norm" in name:  # a norm that does nothing would hide one that is left out
            parameter.data.uniform_(0.5, 1.5)
    tied = model.lm_head.weight is model.get_input_embeddings().weight
    assert tied == (request.param == "tied")
    model.save_pretrained(folder)
    return folder


def record_of(vlm):
    picture = Picture("p.png", Image.linear_gradient("L").convert("RGB"))
    options = parse_arguments(["--demo", "--max-new-tokens", "3"]).reading
    return make_record(vlm, picture, replace(options, lenses=()))  # the demo's is no lens of these


def assert_same(a, b):
    for name in ARRAYS:
        assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True), name
    assert a.meta["check"] == b.meta["check"] and a.meta["check"]["passed"]
    assert a.meta["answer"] == b.meta["answer"]


@pytest.mark.parametrize(
    "device_map",
    [
        "auto",
        {"": "cpu"},
        {"": "disk"},
        {"model.vision_tower": "cpu", "model.multi_modal_projector": "disk"}
        | {"model.language_model": "cpu", "lm_head": "cpu"},
        {"model.vision_tower": "disk", "model.multi_modal_projector": "cpu"}
        | {"model.language_model": "disk", "lm_head": "disk"},
    ],
    ids=["auto", "cpu", "disk", "projector on disk", "language model and head on disk"],
)
def test_a_model_spread_over_memory_and_disk_gives_the_same_record(folder, device_map):
    plain = record_of(load_vlm(str(folder), "cpu"))
    spread = load_vlm(str(folder), device_map=device_map)
    assert_same(record_of(spread), plain)


def test_a_model_offloaded_to_memory_gives_the_same_record(folder):
    vlm = load_vlm(str(folder), "cpu")
    plain = record_of(vlm)
    cpu_offload(vlm.model, execution_device="cpu")
    # every weight is elsewhere while its module does not run: reading it directly gives nothing
    assert all(parameter.device.type == "meta" for parameter in vlm.model.parameters())
    assert_same(record_of(vlm), plain)


@pytest.mark.parametrize(
    ("spec", "says"),
    [("nonsense", "neither auto"), ("[1]", "neither auto"), ('{"a": []}', "not a")],
)
def test_a_device_map_that_cannot_be_is_refused(spec, says):
    with pytest.raises(LensError, match=says) as error:
        parse_arguments(["--device-map", spec])
    assert error.value.exit_code == 2


def test_a_device_map_may_lie_in_a_file(tmp_path):
    (tmp_path / "map.json").write_text(json.dumps({"": "cpu"}))
    assert parse_arguments(["--device-map", str(tmp_path / "map.json")]).device_map == {"": "cpu"}


def test_a_device_and_a_device_map_exclude_each_other():
    with pytest.raises(LensError, match="leave one out"):
        parse_arguments(["--device-map", "auto", "--device", "cpu"])


def test_quantising_without_bitsandbytes_names_it(monkeypatch):
    monkeypatch.setattr(arguments.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LensError, match="pip install bitsandbytes"):
        parse_arguments(["--quantize", "4bit"])


def test_the_memory_check_knows_what_quantising_saves(command, monkeypatch):
    config = AutoConfig.from_pretrained(DEMO_MODEL)
    sizes = [
        needed_bytes(AutoModelForImageTextToText, config, torch.float16, form).total
        for form in (None, "8bit", "4bit")
    ]
    assert sizes[0] > sizes[1] > sizes[2] > sizes[0] / 4
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1000)
    code, _, err = command("--demo")
    assert code == 1 and "--device-map auto spreads it" in err[0]
    code, _, err = command("--demo", "--device-map", "auto", "--max-new-tokens", "0")
    assert code == 0, err
