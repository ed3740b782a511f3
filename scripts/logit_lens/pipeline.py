"""One image and one question → one LensRecord: the main path, told top to bottom.

Knows the order of the steps and nothing of how each works. Does not know files or pages.

>>> record = make_record(vlm, picture, parse_arguments(["--image", "dog.jpg"]))
>>> record.meta["check"]["passed"]
True
"""

import inspect
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import accelerate
import numpy as np
import torch
import transformers
from torch import Tensor

from . import LensError, __version__
from .arguments import Arguments, select_layers
from .check import SelfCheck
from .images import Picture
from .lens import Reading, read_lens
from .patches import Placement, place_patches
from .prompt import Prompt, encode_prompt, generate_answer, with_answer
from .record import ANSWER, FORMAT, IMAGE, LensRecord
from .residual import ResidualStream
from .tail import choose_tail
from .tokens import display_texts, tracked_token_ids
from .vlm import VLM, free_memory

_CHECK_BYTES = 128_000_000  # the self-check holds at most this much of the model's float32 logits


@torch.inference_mode()
def make_record(
    vlm: VLM,
    picture: Picture | None,
    arguments: Arguments,
    on_progress: Callable[[int], object] | None = None,
) -> LensRecord:
    """Read one image through the lens.

    Args:
        vlm: the model.
        picture: the image, or None for a prompt without one.
        arguments: the question and what to keep.
        on_progress: called with the number of cells (layer, position) just read.

    Returns:
        the record; its ``meta["check"]["passed"]`` says whether it can be trusted.

    Raises:
        LensError: a layer or top-k out of range, a prompt the model cannot take, out of memory.
    """
    seconds: dict[str, float] = {}
    numbers = select_layers(arguments.layers, vlm.n_layers)
    _check_top_k(arguments.top_k, vlm)
    with _explained_memory(vlm):
        prompt = encode_prompt(vlm, picture, arguments.prompt, arguments.raw_prompt)
        with _timed(seconds, "generate"):
            answer_ids = generate_answer(vlm, prompt, arguments.max_new_tokens)
        with _timed(seconds, "forward"):
            inputs = with_answer(prompt, answer_ids)
            stream, logits, positions = _run(vlm, inputs, numbers)
        tracked = _tracked(vlm, arguments, answer_ids)
        n_positions = inputs["input_ids"].shape[1]
        states = stream.states(n_positions)
        with _timed(seconds, "lens"):
            tail, tail_name, check = choose_tail(
                vlm.model, vlm.anatomy, states[-1], logits, positions, vlm.dtype
            )
            del logits
            reading = read_lens(
                tail,
                states,
                n_positions,
                top_k=arguments.top_k,
                tracked_ids=tracked,
                on_progress=on_progress,
            )
    placement = _place(vlm, picture, prompt)
    meta = _meta(vlm, picture, prompt, placement, check, seconds)
    meta["tail"] = tail_name
    meta["answer"] = vlm.tokenizer.decode(answer_ids, skip_special_tokens=True).strip()
    return _assemble(
        vlm, meta, stream.numbers, inputs, prompt, placement, reading, tracked, picture
    )


def _run(
    vlm: VLM, inputs: dict[str, Any], numbers: list[int]
) -> tuple[ResidualStream, Tensor, Tensor]:
    """One forward over prompt and answer.

    Returns:
        the residual stream, the model's own logits (checked position, vocab), and which positions
        those are.
    """
    n_positions = inputs["input_ids"].shape[1]
    n_checked = max(16, _CHECK_BYTES // (4 * vlm.n_vocab))
    positions = torch.arange(n_positions, device=vlm.device)
    options: dict[str, Any] = {"use_cache": False}
    chooses = "logits_to_keep" in inspect.signature(vlm.model.forward).parameters
    if n_positions > n_checked:
        # evenly spread, the last one included: a long prompt's logits would take gigabytes
        positions = torch.linspace(0, n_positions - 1, n_checked, device=vlm.device).round().long()
        if chooses:
            options["logits_to_keep"] = positions
    with ResidualStream(vlm.anatomy.layers, keep=numbers) as stream:
        logits = vlm.model(**inputs, **options).logits[0]  # (position, vocab)
    if logits.shape[0] == n_positions and len(positions) < n_positions:
        logits = logits[positions]
    if not stream.numbers or stream.numbers[-1] != vlm.n_layers:
        raise LensError(
            f"the last of the {vlm.n_layers} decoder layers of {vlm.name} did not run; its output "
            "cannot be read"
        )
    return stream, logits, positions


def _check_top_k(top_k: int, vlm: VLM) -> None:
    if top_k > vlm.n_vocab:
        raise LensError(f"--top-k is {top_k}, but {vlm.name} has {vlm.n_vocab} tokens", exit_code=2)


def _tracked(vlm: VLM, arguments: Arguments, answer_ids: Tensor) -> list[int]:
    ids = [*tracked_token_ids(vlm.tokenizer, arguments.track), *answer_ids.tolist()]
    return list(dict.fromkeys(ids))


def _place(vlm: VLM, picture: Picture | None, prompt: Prompt) -> Placement:
    size = picture.image.size if picture else (0, 0)
    arrays = {
        key: value.detach().cpu().to(torch.float32).numpy()
        if isinstance(value, Tensor) and value.is_floating_point()
        else value.cpu().numpy()
        if isinstance(value, Tensor)
        else value
        for key, value in prompt.inputs.items()
    }
    return place_patches(vlm.processor, vlm.model.config, arrays, prompt.image_positions, size)


def _meta(
    vlm: VLM,
    picture: Picture | None,
    prompt: Prompt,
    placement: Placement,
    check: SelfCheck,
    seconds: dict[str, float],
) -> dict[str, Any]:
    width, height = picture.image.size if picture else (0, 0)
    layer = type(vlm.anatomy.layers[0]).__name__
    return {
        "format": FORMAT,
        "model": vlm.name,
        "revision": vlm.revision,
        "lens": "logit",
        "prompt": prompt.text,
        "answer": "",
        "dtype": str(vlm.dtype).removeprefix("torch."),
        "device": str(vlm.device),
        "image": {"name": picture.name if picture else "", "width": width, "height": height},
        "crop": placement.crop or [0.0, 0.0, float(width), float(height)],
        "note": placement.note,
        "check": check.as_meta(),
        "hook_site": f"output of each {layer}; layer 0: input of the first",
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "versions": {
            "logit_lens": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "accelerate": accelerate.__version__,
        },
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def _assemble(
    vlm: VLM,
    meta: dict[str, Any],
    numbers: list[int],
    inputs: dict[str, Any],
    prompt: Prompt,
    placement: Placement,
    reading: Reading,
    tracked: list[int],
    picture: Picture | None,
) -> LensRecord:
    ids = inputs["input_ids"][0].cpu().numpy().astype(np.int64)
    n_answer = len(ids) - len(prompt)
    kind = np.concatenate(
        [np.where(prompt.image_positions, IMAGE, 0), np.full(n_answer, ANSWER)]
    ).astype(np.uint8)
    tracked_ids = np.array(tracked, np.int32)
    token_ids = np.unique(np.concatenate([ids, reading.top_ids.ravel(), tracked_ids]))
    return LensRecord(
        meta=meta,
        layers=np.array(numbers, np.int32),
        input_ids=ids,
        position_kind=kind,
        top_ids=reading.top_ids,
        top_probs=reading.top_probs,
        entropy=reading.entropy,
        kl=reading.kl,
        patch_boxes=np.pad(placement.boxes, ((0, n_answer), (0, 0)), constant_values=np.nan),
        patch_view=np.pad(placement.view, (0, n_answer), constant_values=-1),
        tracked_ids=tracked_ids,
        tracked_probs=reading.tracked_probs,
        tracked_ranks=reading.tracked_ranks,
        token_ids=token_ids.astype(np.int32),
        token_text=np.array(display_texts(vlm.tokenizer, token_ids.tolist()), dtype=np.str_),
        image=np.frombuffer(picture.embedded() if picture else b"", np.uint8),
    )


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    seconds[name] = time.perf_counter() - begin


@contextmanager
def _explained_memory(vlm: VLM) -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        free_memory()
        raise LensError(
            f"out of memory on {vlm.device}: lower --max-new-tokens or --layers, use a smaller "
            "image, --quantize 4bit or --device-map auto"
        ) from error
