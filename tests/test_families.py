"""The command itself, on the saved twin of every family."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import FAMILIES, Family, Twin, build, save
from families.twin import noise
from torch import nn

from create_logit_lens import main
from logit_lens.anatomy import find_anatomy
from logit_lens.record import IMAGE, TEXT, load_record

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
    compare_every_layer(twin, record, noise(size))


def compare_every_layer(twin: Twin, record: Any, image: Any) -> None:
    """Layer l of the record against the model cut after layer l, which is the model's own code."""
    inputs = twin.encode(image, QUESTION)
    n_prompt = inputs["input_ids"].shape[1]
    assert np.array_equal(record.input_ids[:n_prompt], inputs["input_ids"][0].numpy())
    previous = None
    for layer in record.layers:
        with cut_after(twin.model, int(layer)), torch.inference_mode():
            expected = twin.model(**inputs).logits[0].double().log_softmax(-1)
        ids = torch.from_numpy(record.top_ids[layer, :n_prompt].astype(np.int64))
        ours = np.log(record.top_probs[layer, :n_prompt])
        theirs = expected.gather(1, ids).numpy()
        best = expected.topk(ids.shape[1]).values.numpy()
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


@contextmanager
def cut_after(model: nn.Module, n_layers: int) -> Iterator[None]:
    """Inside, the model has only its first ``n_layers`` decoder layers."""
    layers = find_anatomy(model).layers
    owner, name = next(
        (module, name)
        for module in model.modules()
        for name, child in module.named_children()
        if child is layers
    )
    setattr(owner, name, nn.ModuleList(list(layers)[:n_layers]))
    try:
        yield
    finally:
        setattr(owner, name, layers)
