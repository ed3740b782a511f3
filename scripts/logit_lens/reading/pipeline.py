"""One image and one question → one LensRecord: the main path, told top to bottom.

Knows the order of the steps and nothing of how each works. Does not know files or pages.

>>> record = make_record(vlm, picture, ReadOptions(prompt="What is on the grass?"))
>>> record.meta["check"]["passed"]
True
"""

import inspect
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import LensError
from ..images import Picture
from ..model.memory import explain_out_of_memory
from ..model.vlm import VLM
from ..patches.place import Placement, place_patches
from ..record import LensRecord
from ..tracking import tracked_token_ids
from .answer import Exchange, answer_prompt
from .assemble import Outcome, assemble
from .cells import Reading, Watch
from .experiments import Findings, Watcher, run_experiments
from .image_tokens import explain_image_tokens
from .layers import select_layers
from .lens import read_lens
from .options import ReadOptions
from .prompt import Prompt, encode_prompt
from .residual import ResidualStream
from .support import Word, answer_words, watched_ids, word_support
from .tail import choose_tail

_CHECK_BYTES = 128_000_000  # the self-check holds at most this much of the model's float32 logits


@torch.inference_mode()
def make_record(
    vlm: VLM,
    picture: Picture | None,
    options: ReadOptions,
    run: Mapping[str, Any] | None = None,
    on_progress: Watcher | None = None,
) -> LensRecord:
    """Read one image through the lens.

    Args:
        vlm: the model.
        picture: the image, or None for a prompt without one.
        options: the question and what to keep.
        run: what the record's ``meta["run"]`` is to say of the run that it belongs to.
        on_progress: called with a step ("lens", "ablate", "knockout"), how much of it was just
            finished (of the lens: cells, layer by position), and of how much.

    Returns:
        the record; its ``meta["check"]["passed"]`` says whether it can be trusted.

    Raises:
        LensError: a layer or top-k out of range, a prompt the model cannot take, out of memory.
    """
    numbers = select_layers(options.layers, vlm.n_layers)
    if options.top_k > vlm.n_vocab:
        raise LensError(
            f"--top-k is {options.top_k}, but {vlm.name} has {vlm.n_vocab} tokens", exit_code=2
        )
    with explain_out_of_memory(vlm.device):
        outcome = _read(vlm, picture, options, numbers, on_progress)
    return assemble(vlm, picture, outcome, run)


def _read(
    vlm: VLM,
    picture: Picture | None,
    options: ReadOptions,
    numbers: list[int],
    on_progress: Watcher | None,
) -> Outcome:
    seconds = {"load": vlm.seconds_to_load}
    prompt = encode_prompt(vlm, picture, options.prompt, options.raw_prompt)
    with _timed(seconds, "generate", vlm.device), explain_image_tokens(vlm):
        exchange = answer_prompt(vlm, prompt, options.max_new_tokens)
    with _timed(seconds, "forward", vlm.device), explain_image_tokens(vlm):
        stream, logits, checked = _forward(vlm, exchange, numbers)
    answer = exchange.answer_ids.tolist()
    tracked_words = tracked_token_ids(vlm.tokenizer, options.track)
    words = answer_words(vlm.tokenizer, answer)
    tracked = list(
        dict.fromkeys([*chain(*tracked_words.values()), *answer, *(w.token_id for w in words)])
    )
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
            top_k=options.top_k,
            tracked_ids=tracked,
            watch=Watch(watched_ids(words), exchange.image_positions),
            on_progress=on_progress and (lambda cells: on_progress("lens", cells, n_cells)),
        )
    del states
    placement = _place(vlm, picture, prompt, exchange)
    layers = stream.numbers
    extra = _answer_arrays(exchange, words, layers, tracked, reading)
    findings = Findings()
    if options.experiments:
        with _timed(seconds, "experiments", vlm.device):
            said = extra.get("answer_logprob", np.zeros(0, np.float32))
            findings = run_experiments(vlm, tail, exchange, placement, options, said, on_progress)
    return Outcome(
        prompt,
        exchange,
        layers,
        tracked_words,
        tracked,
        tail_name,
        check,
        reading,
        placement,
        extra | findings.arrays,
        findings,
        seconds,
    )


def _answer_arrays(
    exchange: Exchange, words: list[Word], layers: list[int], tracked: list[int], reading: Reading
) -> dict[str, np.ndarray]:
    """What is known of the answer from the reading alone: its log-probabilities, its words."""
    if exchange.n_answer == 0:
        return {}
    slots = [tracked.index(token_id) for token_id in exchange.answer_ids.tolist()]
    decided = np.arange(len(exchange.ids) - exchange.n_answer - 1, len(exchange.ids) - 1)
    with np.errstate(divide="ignore"):
        said = np.log(reading.tracked_probs[-1, decided, slots])
    support = word_support(
        words,
        layers,
        exchange.image_positions,
        tracked,
        reading.tracked_probs,
        reading.tracked_ranks,
        reading.watched,
    )
    return {"answer_logprob": said, **support}


def _place(vlm: VLM, picture: Picture | None, prompt: Prompt, exchange: Exchange) -> Placement:
    def as_numpy(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        value = value.float() if value.is_floating_point() else value  # NumPy has no bfloat16
        return value.numpy(force=True)

    arrays = {key: as_numpy(value) for key, value in prompt.inputs.items()}
    size = picture.image.size if picture else (0, 0)
    on_image = exchange.image_positions
    return place_patches(vlm.processor, vlm.model.config, arrays, on_image, size)


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


@contextmanager
def _timed(seconds: dict[str, float], name: str, device: torch.device) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    if device.type in ("cuda", "mps"):
        torch.accelerator.synchronize(device)  # or the next step would be blamed
    seconds[name] = time.perf_counter() - begin
