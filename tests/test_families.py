"""The command itself, on the saved twin of every family."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from families import FAMILIES, Family, Twin, build, qwen, save
from families.base import text, tf
from families.twin import cut_after, noise, randomise, toy_tokenizer

from create_logit_lens import main
from logit_lens import LensError
from logit_lens.model.anatomy import find_anatomy
from logit_lens.model.processor import load_processor
from logit_lens.record import ANSWER, IMAGE, TEXT, load_record

QUESTION = "Hi?"


COMMAND_FAMILIES = [
    pytest.param(f, id=f.name, marks=[pytest.mark.slow] if f.slow else [])
    for f in FAMILIES
    if not f.options  # the command gives the processor no options
]


@pytest.mark.parametrize("family", COMMAND_FAMILIES)
def test_the_command_reads_a_saved_checkpoint_as_the_model_itself_computes(
    family: Family, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = build(family)
    save(twin, tmp_path / "model")
    size = family.sizes[0]
    noise(size).save(tmp_path / "image.png")
    command = ["--model", str(tmp_path / "model"), "--image", str(tmp_path / "image.png")]
    options = ["--prompt", QUESTION, "--max-new-tokens", "2", "--top-k", "5", "--save-data"]
    code = main([*command, *options, "--output", str(tmp_path / "run.html"), "--quiet"])
    assert code == 0, capsys.readouterr().err
    record = load_record(tmp_path / "run.npz")

    assert record.meta["check"]["passed"]
    assert record.meta["check"]["argmax_agree"] == 1
    assert record.meta["tail"] == family.tail
    assert list(record.layers) == list(range(len(find_anatomy(twin.model).layers) + 1))
    if family.overlay:
        assert family.overlay in record.meta["note"]
        assert np.isnan(record.patch_boxes).all()
    else:
        assert record.meta["note"] == ""
        assert (record.position_kind == IMAGE).any()
    # the processor that was loaded: where torchvision is installed, it resizes images otherwise
    twin = Twin(family, twin.model, load_processor(str(tmp_path / "model")))
    compare_every_layer(twin, record, noise(size))
    compare_answer(twin, record, noise(size))


def compare_answer(twin: Twin, record: Any, image: Any) -> None:
    """The last layer where the answer is said against the logits that the model chose it by.

    Those were computed token by token with a cache, the record in one forward: positions, masks
    and types of the two must mean the same.
    """
    inputs = twin.encode(image, QUESTION)
    n_answer = int((record.position_kind == ANSWER).sum())
    assert n_answer == 2
    with torch.inference_mode():
        told = twin.model.generate(
            **inputs,
            max_new_tokens=n_answer,
            do_sample=False,
            eos_token_id=None,
            output_logits=True,
            return_dict_in_generate=True,
        )
    for n, logits in enumerate(told.logits):
        expected = logits[0].double().log_softmax(-1)
        where = len(record.input_ids) - n_answer - 1 + n
        top = torch.from_numpy(record.top_ids[-1, where].astype(np.int64))
        assert record.input_ids[where + 1] == int(logits[0].argmax()) == int(top[0])
        assert np.abs(np.log(record.top_probs[-1, where]) - expected[top].numpy()).max() <= 5e-4


def compare_every_layer(twin: Twin, record: Any, image: Any) -> None:
    """Layer l of the record against the model cut after layer l, which is the model's own code."""
    inputs = twin.encode(image, QUESTION)
    if twin.model.config.is_encoder_decoder:  # what is read is the decoder
        inputs["decoder_input_ids"] = torch.from_numpy(record.input_ids)[None]
    ids = inputs.get("decoder_input_ids", inputs["input_ids"])
    n_prompt = ids.shape[1]
    assert np.array_equal(record.input_ids[:n_prompt], ids[0].numpy())
    previous = None
    for layer in record.layers:
        with cut_after(twin.model, int(layer)), torch.inference_mode():
            expected = twin.model(**inputs).logits[0].double().log_softmax(-1)
        top = torch.from_numpy(record.top_ids[layer, :n_prompt].astype(np.int64))
        ours = np.log(record.top_probs[layer, :n_prompt])
        theirs = expected.gather(1, top).numpy()
        best = expected.topk(top.shape[1]).values.numpy()
        where = np.ones(n_prompt, bool)
        if twin.family.deepstack and 0 < layer < record.layers[-1]:
            # a cut model still adds image features after its last layer; text before them agrees
            where[np.argmax(record.position_kind == IMAGE) :] = False
            assert (record.position_kind[:n_prompt][where] == TEXT).all()
        assert np.abs(ours - theirs)[where].max() <= 1e-4
        assert np.abs(ours - best)[where].max() <= 1e-4
        # or the comparison would not notice a layer off by one
        assert previous is None or np.abs(theirs - previous).max() > 0.01
        previous = theirs


def run(folder: Path, *options: str) -> Any:
    """The command on a saved model without an image; its record."""
    out = folder.parent / "run.html"
    command = ["--model", str(folder), "--prompt", QUESTION, "--max-new-tokens", "2", "--top-k"]
    assert main([*command, "5", "--save-data", "--output", str(out), "--quiet", *options]) == 0
    return load_record(out.with_suffix(".npz"))


def test_a_text_only_language_model_gives_a_grid_without_an_image(tmp_path: Path) -> None:
    tokenizer = toy_tokenizer({}, [])
    config = transformers.LlamaConfig(**text("llama", len(tokenizer)))
    model = transformers.LlamaForCausalLM(config)
    randomise(model, 0)
    model.save_pretrained(tmp_path / "llama")
    tokenizer.save_pretrained(tmp_path / "llama")
    record = run(tmp_path / "llama")
    assert record.meta["check"]["passed"]
    assert record.meta["note"] == ""
    assert (record.position_kind != IMAGE).all()
    assert len(record.image) == 0


@pytest.mark.parametrize("name", ["llava", "qwen3_vl", "gemma4", "mllama"])
def test_a_prompt_without_an_image_is_read_by_a_vision_language_model(
    name: str, tmp_path: Path
) -> None:
    family = next((f for f in FAMILIES if f.name == name), None)
    if family is None:
        pytest.skip(f"transformers {transformers.__version__} reads {name} otherwise")
    save(build(family), tmp_path / "model")
    options = ["--layers", "0,1,3"] if name == "llava" else []
    record = run(tmp_path / "model", *options)
    assert record.meta["check"]["passed"]
    assert record.meta["tail"] == family.tail
    assert record.meta["note"] == ""
    assert np.isnan(record.patch_boxes).all()


def processor_folder(tmp_path: Path, settings: dict[str, Any], model_type: str) -> str:
    toy_tokenizer(qwen.QWEN_TOKENS, []).save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
    (tmp_path / "processor_config.json").write_text(json.dumps(settings))
    return str(tmp_path)


def test_a_processor_with_its_parts_in_one_file_loads_without_its_video_half(
    tmp_path: Path,
) -> None:
    settings = {
        "processor_class": "Qwen3VLProcessor",
        "image_processor": {"image_processor_type": "Qwen2VLImageProcessor", "patch_size": 16},
        "video_processor": {"video_processor_type": "Qwen3VLVideoProcessor"},
    }
    processor = load_processor(processor_folder(tmp_path, settings, "qwen3_vl"))
    assert processor.image_processor.patch_size == 16


def test_a_checkpoint_that_names_no_processor_class_gets_its_familys(tmp_path: Path) -> None:
    folder = processor_folder(tmp_path, {}, "qwen2_5_vl")
    (tmp_path / "processor_config.json").unlink()
    tf.Qwen2VLImageProcessorPil(patch_size=14).save_pretrained(tmp_path)
    assert type(load_processor(folder)).__name__ == "Qwen2_5_VLProcessor"


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is installed")
@pytest.mark.parametrize(
    ("model_type", "name"),
    [("cohere2_vision", "Cohere2Vision"), ("llama4", "Llama4"), ("lfm2_vl", "Lfm2Vl")],
)
def test_a_family_whose_images_need_torchvision_says_so_in_one_line(
    model_type: str, name: str, tmp_path: Path
) -> None:
    settings = {
        "processor_class": f"{name}Processor",
        "image_processor": {"image_processor_type": f"{name}ImageProcessor"},
    }
    with pytest.raises(LensError, match="torchvision, which is not installed") as error:
        load_processor(processor_folder(tmp_path, settings, model_type))
    assert "\n" not in str(error.value)
