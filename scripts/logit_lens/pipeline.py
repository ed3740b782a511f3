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
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import chain
from typing import Any

import accelerate
import numpy as np
import torch
import transformers
from torch import Tensor

from . import LensError, __version__, memory
from .answer import Exchange, answer_prompt
from .arguments import Arguments, select_layers
from .check import SelfCheck
from .images import Picture
from .lens import Reading, read_lens
from .patches import Placement, place_patches
from .prompt import Prompt, encode_prompt
from .record import ANSWER, FORMAT, IMAGE, TEXT, LensRecord
from .residual import ResidualStream
from .tail import choose_tail
from .tokens import display_texts, tracked_token_ids
from .vlm import VLM

_CHECK_BYTES = 128_000_000  # the self-check holds at most this much of the model's float32 logits


@torch.inference_mode()
def make_record(
    vlm: VLM,
    picture: Picture | None,
    arguments: Arguments,
    on_progress: Callable[[int, int], object] | None = None,
) -> LensRecord:
    """Read one image through the lens.

    Args:
        vlm: the model.
        picture: the image, or None for a prompt without one.
        arguments: the question and what to keep.
        on_progress: called with the numbers of cells (layer, position) just read, and of all.

    Returns:
        the record; its ``meta["check"]["passed"]`` says whether it can be trusted.

    Raises:
        LensError: a layer or top-k out of range, a prompt the model cannot take, out of memory.
    """
    numbers = select_layers(arguments.layers, vlm.n_layers)
    if arguments.top_k > vlm.n_vocab:
        raise LensError(
            f"--top-k is {arguments.top_k}, but {vlm.name} has {vlm.n_vocab} tokens", exit_code=2
        )
    with memory.explained(vlm.device):
        run = _run(vlm, picture, arguments, numbers, on_progress)
    placement = _place(vlm, picture, run)
    return _assemble(vlm, picture, run, placement)


@dataclass(frozen=True)
class _Run:
    """What one image and one prompt gave, before it becomes a record."""

    prompt: Prompt
    exchange: Exchange
    layers: list[int]
    words: dict[str, list[int]]
    tracked: list[int]
    tail_name: str
    check: SelfCheck
    reading: Reading
    seconds: dict[str, float]


def _run(
    vlm: VLM,
    picture: Picture | None,
    arguments: Arguments,
    numbers: list[int],
    on_progress: Callable[[int, int], object] | None,
) -> _Run:
    seconds = {"load": vlm.seconds_to_load}
    prompt = encode_prompt(vlm, picture, arguments.prompt, arguments.raw_prompt)
    with _timed(seconds, "generate", vlm.device):
        exchange = answer_prompt(vlm, prompt, arguments.max_new_tokens)
    with _timed(seconds, "forward", vlm.device):
        stream, logits, checked = _forward(vlm, exchange, numbers)
    words = tracked_token_ids(vlm.tokenizer, arguments.track)
    tracked = list(dict.fromkeys([*chain(*words.values()), *exchange.answer_ids.tolist()]))
    with _timed(seconds, "lens", vlm.device):
        states = stream.states(len(exchange.ids))
        n_cells = len(states) * len(exchange.ids)
        tail, tail_name, check = choose_tail(
            vlm.model, vlm.anatomy, states[-1], logits, checked, vlm.dtype
        )
        del logits
        reading = read_lens(
            tail,
            states,
            len(exchange.ids),
            top_k=arguments.top_k,
            tracked_ids=tracked,
            on_progress=on_progress and (lambda cells: on_progress(cells, n_cells)),
        )
    return _Run(
        prompt, exchange, stream.numbers, words, tracked, tail_name, check, reading, seconds
    )


def _forward(
    vlm: VLM, exchange: Exchange, numbers: list[int]
) -> tuple[ResidualStream, Tensor, Tensor]:
    """One forward over prompt and answer.

    Returns:
        the residual stream, the model's own logits (checked position, vocab), and which positions
        those are: all of them, or as many as fit into ``_CHECK_BYTES``, evenly spread.
    """
    n_positions = len(exchange.ids)
    n_checked = min(n_positions, max(16, _CHECK_BYTES // (4 * vlm.n_vocab)))
    # on the CPU: the last layer need not be where the inputs are
    checked = torch.linspace(0, n_positions - 1, n_checked).round().long()
    options: dict[str, Any] = {"use_cache": False}
    if "logits_to_keep" in inspect.signature(vlm.model.forward).parameters:
        options["logits_to_keep"] = checked
    with ResidualStream(vlm.anatomy.layers, keep=numbers) as stream:
        logits = vlm.model(**exchange.inputs, **options).logits[0]  # (position, vocab)
    if stream.numbers[-1:] != [vlm.n_layers]:
        raise LensError(
            f"the last of the {vlm.n_layers} decoder layers of {vlm.name} did not run; its output "
            "cannot be read"
        )
    return stream, logits if len(logits) == n_checked else logits[checked], checked


def _place(vlm: VLM, picture: Picture | None, run: _Run) -> Placement:
    def as_numpy(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        value = value.float() if value.is_floating_point() else value  # NumPy has no bfloat16
        return value.numpy(force=True)

    arrays = {key: as_numpy(value) for key, value in run.prompt.inputs.items()}
    size = picture.image.size if picture else (0, 0)
    on_image = run.exchange.image_positions
    return place_patches(vlm.processor, vlm.model.config, arrays, on_image, size)


def _assemble(vlm: VLM, picture: Picture | None, run: _Run, placement: Placement) -> LensRecord:
    ids = run.exchange.ids.numpy(force=True)
    kind = np.where(run.exchange.image_positions, IMAGE, TEXT).astype(np.uint8)
    kind[len(ids) - run.exchange.n_answer :] = ANSWER
    tracked_ids = np.array(run.tracked, np.int32)
    token_ids = np.unique(np.concatenate([ids, run.reading.top_ids.ravel(), tracked_ids]))
    return LensRecord(
        meta=_meta(vlm, picture, run, placement),
        layers=np.array(run.layers, np.int32),
        input_ids=ids,
        position_kind=kind,
        top_ids=run.reading.top_ids,
        top_probs=run.reading.top_probs,
        entropy=run.reading.entropy,
        kl=run.reading.kl,
        patch_boxes=placement.boxes,
        patch_view=placement.view,
        tracked_ids=tracked_ids,
        tracked_probs=run.reading.tracked_probs,
        tracked_ranks=run.reading.tracked_ranks,
        token_ids=token_ids.astype(np.int32),
        token_text=np.array(display_texts(vlm.tokenizer, token_ids.tolist()), dtype=np.str_),
        image=np.frombuffer(picture.embedded() if picture else b"", np.uint8),
    )


def _meta(vlm: VLM, picture: Picture | None, run: _Run, placement: Placement) -> dict[str, Any]:
    width, height = picture.image.size if picture else (0, 0)
    answer = vlm.tokenizer.decode(run.exchange.answer_ids, skip_special_tokens=True)
    layer = type(vlm.anatomy.layers[0]).__name__
    return {
        "format": FORMAT,
        "model": vlm.name,
        "revision": vlm.revision,
        "lens": "logit",
        "tail": run.tail_name,
        "hook_site": f"output of each {layer}; layer 0: input of the first",
        "prompt": run.prompt.text,
        "answer": answer.strip(),
        "tracked_words": {w: display_texts(vlm.tokenizer, ids) for w, ids in run.words.items()},
        "dtype": str(vlm.dtype).removeprefix("torch."),
        "device": str(vlm.device),
        "image": {"name": picture.name if picture else "", "width": width, "height": height},
        "crop": placement.crop or [0.0, 0.0, float(width), float(height)],
        "note": placement.note,
        "check": run.check.as_meta() | {"answer_agree": _answer_agrees(run)},
        "seconds": {name: round(value, 3) for name, value in run.seconds.items()},
        "versions": {
            "logit_lens": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "accelerate": accelerate.__version__,
        },
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def _answer_agrees(run: _Run) -> float | None:
    """Share of the answer's tokens that the one forward over all of it would choose again.

    A little below 1 where rounding tips near ties: generation runs token by token. Far below means
    that the model does not see prompt and answer in one forward as it does while it writes.
    """
    n_answer = run.exchange.n_answer
    if n_answer == 0:
        return None
    chosen = run.reading.top_ids[-1, -n_answer - 1 : -1, 0]
    return float((chosen == run.exchange.answer_ids.numpy(force=True)).mean())


@contextmanager
def _timed(seconds: dict[str, float], name: str, device: torch.device) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    if device.type in ("cuda", "mps"):
        torch.accelerator.synchronize(device)  # or the next step would be blamed
    seconds[name] = time.perf_counter() - begin
