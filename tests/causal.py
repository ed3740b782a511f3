"""What the tests of the causal experiments share: twins, and the decoder's call on them."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from families import FAMILIES, build, save
from families.twin import noise
from transformers import AutoModelForImageTextToText

from logit_lens.images import open_picture
from logit_lens.model.anatomy import find_anatomy
from logit_lens.model.vlm import VLM, load_vlm
from logit_lens.reading.answer import Exchange, answer_prompt
from logit_lens.reading.causal.rerun import DecoderCall
from logit_lens.reading.prompt import encode_prompt
from logit_lens.reading.tail import PlainTail
from logit_lens.record import ANSWER, LensRecord, load_record
from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL

Twin = Callable[[str], tuple[Path, Path]]


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    """A family's saved twin and an image for it."""
    made: dict[str, tuple[Path, Path]] = {"demo": (DEMO_MODEL, DEMO_IMAGE)}

    def get(name: str) -> tuple[Path, Path]:
        if name not in made:
            family = next(f for f in FAMILIES if f.name == name)
            folder = tmp_path_factory.mktemp(name)
            save(build(family), folder / "model")
            noise(family.sizes[0]).save(folder / "image.png")
            made[name] = (folder / "model", folder / "image.png")
        return made[name]

    return get


def stock(folder: Path, **options: Any) -> Any:
    """The model as transformers loads it, in float32."""
    return AutoModelForImageTextToText.from_pretrained(
        folder, dtype=torch.float32, **options
    ).eval()


def called(twin: Twin, name: str, n_answer: int = 4) -> tuple[VLM, Exchange, DecoderCall]:
    folder, image = twin(name)
    vlm = load_vlm(str(folder), device="cpu")
    with torch.inference_mode():
        question = "Hi?" if name != "demo" else "Describe the image."
        prompt = encode_prompt(vlm, open_picture(image), question)
        exchange = answer_prompt(vlm, prompt, n_answer)
        call = DecoderCall(vlm, PlainTail(vlm.anatomy.norm, vlm.anatomy.head), exchange)
    return vlm, exchange, call


def said(logits: torch.Tensor, record: LensRecord) -> np.ndarray:
    """log p of the answer's tokens in logits (position, vocab)."""
    at = np.flatnonzero(record.position_kind == ANSWER)
    log_p = logits.double().log_softmax(-1).numpy()
    return log_p[at - 1, record.input_ids[at]]


def run_command(command: Any, twin: Twin, name: str, *flags: str) -> LensRecord:
    folder, image = twin(name)
    prompt = ["--prompt", "Hi?"] if name != "demo" else []
    where = ["--model", folder, "--image", image, "--output", "run.html", "--save-data", "--quiet"]
    code, _, err = command(*where, *prompt, "--max-new-tokens", "4", *flags)
    assert code == 0, err
    return load_record(Path("run.npz"))


def bare(model: Any) -> Any:
    """A model without a processor, with as much of a VLM as the experiments need."""
    return SimpleNamespace(model=model, anatomy=find_anatomy(model), name="toy")
