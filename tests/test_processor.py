"""A processor that lacks values or has others than its model is mended, and never in silence."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from broken import copy_of_demo, edit_json, old_processor
from families import FAMILIES, build, save
from families.twin import noise

from logit_lens.model.processor import load_processor
from logit_lens.model.processor_repair import repair_processor
from logit_lens.record import IMAGE, load_record
from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL

SHORT = ("--image", DEMO_IMAGE, "--max-new-tokens", "1", "--top-k", "3", "--save-data")
LLAVAS = ["llava", "vipllava", "llava_next", "llava_next_video", "llava_onevision", "blip-2"]
BY_NAME = {family.name: family for family in FAMILIES}
SAID = ("patch_size", "num_additional_image_tokens", "vision_feature_select_strategy",
        "num_image_tokens", "num_query_tokens")  # fmt: skip


def record_of(run):
    code, out, err = run
    assert code == 0, err
    return load_record(Path(out[-1]).with_suffix(".npz")), err


@pytest.mark.parametrize("class_named", [False, True])
def test_a_processor_from_2023_reads_as_the_whole_one_does(command, tmp_path, class_named):
    folder = old_processor(tmp_path / "old")
    if class_named:
        edit_json(folder / "processor_config.json", processor_class="LlavaProcessor")
    record, err = record_of(command("--model", folder, *SHORT))
    whole, _ = record_of(command("--model", DEMO_MODEL, *SHORT))
    assert np.array_equal(record.input_ids, whole.input_ids)
    assert np.array_equal(record.top_probs, whole.top_probs)
    assert np.array_equal(record.patch_boxes, whole.patch_boxes, equal_nan=True)
    assert len(err) == 1 and err[0].startswith("note: the processor was mended")
    for part in ("patch_size 14", "vision_feature_select_strategy default", "image_tokens 1"):
        assert part in err[0]
    assert [f"note: {note}" for note in record.meta["notes"]] == err
    assert whole.meta["notes"] == []


@pytest.mark.parametrize("name", LLAVAS)
def test_every_value_that_a_processor_lacks_comes_from_the_model(command, tmp_path, name):
    family = BY_NAME[name]
    save(build(family), tmp_path / "whole")
    picture = tmp_path / "image.png"
    noise(family.sizes[0]).save(picture)
    options = ("--image", picture, "--prompt", "Hi?", "--max-new-tokens", "1", "--save-data")
    whole, err = record_of(command("--model", tmp_path / "whole", *options))
    assert err == []
    path = tmp_path / "whole" / "processor_config.json"
    settings = json.loads(path.read_text())
    for changes in (
        dict.fromkeys(SAID),
        {key: settings[key] + 1 for key in SAID if isinstance(settings.get(key), int)},
    ):
        path.write_text(json.dumps(settings))
        edit_json(path, **changes)
        record, err = record_of(command("--model", tmp_path / "whole", *options))
        assert np.array_equal(record.input_ids, whole.input_ids)
        assert np.array_equal(record.top_probs, whole.top_probs)
        assert len(err) == 1 and err[0].startswith("note: the processor was mended")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_processor_that_fits_its_model_is_left_as_it_is(family, tmp_path):
    twin = build(family)
    assert repair_processor(twin.processor, twin.model.config) == ""


def test_a_tower_without_patches_is_nothing_to_mend_a_processor_by():
    processor = load_processor(str(DEMO_MODEL))
    processor.patch_size = None
    config = SimpleNamespace(vision_config=SimpleNamespace(model_type="timm_wrapper"))
    assert repair_processor(processor, config) == ""


def test_what_the_model_keeps_of_its_tower_counts_and_not_what_the_processor_says(
    command, tmp_path
):
    folder = copy_of_demo(tmp_path / "mine")
    edit_json(folder / "config.json", vision_feature_select_strategy="full")
    record, err = record_of(command("--model", folder, *SHORT))
    assert (record.position_kind == IMAGE).sum() == 145  # 12 × 12 patches and the class token
    assert "vision_feature_select_strategy full (not default)" in err[0]


def test_pictures_of_another_size_than_the_tower_takes_are_made_its_size(command, tmp_path):
    folder = copy_of_demo(tmp_path / "mine")
    settings = json.loads((folder / "processor_config.json").read_text())
    settings["image_processor"] |= {
        "crop_size": {"height": 224, "width": 224},
        "size": {"shortest_edge": 224},
    }
    (folder / "processor_config.json").write_text(json.dumps(settings))
    record, err = record_of(command("--model", folder, *SHORT))
    whole, _ = record_of(command("--model", DEMO_MODEL, *SHORT))
    assert np.array_equal(record.top_probs, whole.top_probs)
    assert "crop_size 168 × 168 (not 224 × 224)" in err[0]


@pytest.mark.parametrize(
    ("name", "key", "written", "made"),
    [("gemma3", "image_seq_length", 257, 256), ("deepseek_vl", "num_image_tokens", 577, 576)],
)
def test_where_processor_and_model_still_disagree_both_numbers_are_tokens(
    command, tmp_path, name, key, written, made
):
    save(build(BY_NAME[name]), tmp_path / "twin")
    noise((300, 180)).save(tmp_path / "image.png")
    edit_json(tmp_path / "twin" / "processor_config.json", **{key: written})
    code, _, err = command(
        "--model", tmp_path / "twin", "--image", "image.png", "--prompt", "Hi?",
        "--max-new-tokens", "1",
    )  # fmt: skip
    assert code == 1 and len(err) == 1
    assert f"writes {written} image tokens, the model makes {made}" in err[0]
    assert f"set {key} to {made} (it is {written}) in processor_config.json" in err[0]


@pytest.mark.parametrize(
    ("without", "says"),
    [
        (("tokenizer.json", "tokenizer_config.json"), "has no tokenizer; copy"),
        (("processor_config.json",), "has no image processor; copy"),
        (
            ("tokenizer*", "processor_config.json", "chat_template.jinja"),
            "has no tokenizer and no image processor; copy",
        ),
    ],
)
def test_a_folder_without_processor_or_tokenizer_names_the_files_to_copy(
    command, tmp_path, without, says
):
    code, _, err = command("--model", copy_of_demo(tmp_path / "mine", *without), *SHORT)
    assert code == 1 and len(err) == 1
    assert says in err[0] and "from the model that it was trained from" in err[0]
    files = {"tokenizer": "tokenizer.json", "image": "preprocessor_config.json"}
    for word, file in files.items():
        assert (f"no {word}" in err[0]) == (file in err[0])


def test_a_language_model_needs_a_tokenizer_only(tmp_path):
    copy_of_demo(tmp_path / "mine", "processor_config.json")
    tokenizer = load_processor(str(tmp_path / "mine"), sees_images=False)
    assert tokenizer("red")["input_ids"]
