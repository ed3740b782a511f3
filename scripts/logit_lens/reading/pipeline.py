"""One image and one question → one LensRecord: the main path, told top to bottom.

Knows the order of the steps and nothing of how each works. Does not know files or pages.

>>> record = make_record(vlm, picture, ReadOptions(prompt="What is on the grass?"))
>>> record.meta["check"]["passed"]
True
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any

import torch

from .. import LensError
from ..images import Picture
from ..model.memory import explain_out_of_memory
from ..model.vlm import VLM
from ..record import LensRecord
from ..tokens import tracked_token_ids
from .answer import Exchange, answer_prompt
from .assemble import Outcome, assemble
from .check import RunningCheck
from .layers import select_layers
from .lens import read_lens
from .options import ReadOptions
from .prompt import Prompt, encode_prompt
from .recording import Recorded, Recording
from .tail import choose_tail


@torch.inference_mode()
def make_record(
    vlm: VLM,
    picture: Picture | None,
    options: ReadOptions,
    run: Mapping[str, Any] | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> LensRecord:
    """Read one image through the lens.

    Args:
        vlm: the model.
        picture: the image, or None for a prompt without one.
        options: the question and what to keep.
        run: what the record's ``meta["run"]`` is to say of the run that it belongs to.
        on_progress: called with the numbers of cells (layer, position) just read, and of all.

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
    on_progress: Callable[[int, int], object] | None,
) -> Outcome:
    seconds = {"load": vlm.seconds_to_load}
    prompt = encode_prompt(vlm, picture, options.prompt, options.raw_prompt)
    exchange, recorded = _answer(vlm, prompt, options.max_new_tokens, numbers, seconds)
    words = tracked_token_ids(vlm.tokenizer, options.track)
    tracked = list(dict.fromkeys([*chain(*words.values()), *exchange.answer_ids.tolist()]))
    with _timed(seconds, "lens", vlm.device):
        n_cells = len(recorded.states) * len(exchange.ids)
        own = recorded.logits, recorded.checked
        tail, tail_name, _ = choose_tail(
            vlm.model, vlm.anatomy, recorded.states[-1], *own, vlm.dtype
        )
        running = RunningCheck(*own, vlm.dtype)
        reading = read_lens(
            tail,
            recorded.states,
            len(exchange.ids),
            top_k=options.top_k,
            tracked_ids=tracked,
            on_progress=on_progress and (lambda cells: on_progress(cells, n_cells)),
            on_final=running.compare,
        )
        check = running.result()
    return Outcome(
        prompt=prompt,
        exchange=exchange,
        layers=recorded.numbers,
        words=words,
        tracked=tracked,
        tail_name=tail_name,
        check=check,
        reading=reading,
        seconds=seconds,
    )


def _answer(
    vlm: VLM, prompt: Prompt, max_new_tokens: int, numbers: list[int], seconds: dict[str, float]
) -> tuple[Exchange, Recorded]:
    """The model's answer, and what it left behind while it read the prompt and wrote the answer.

    A forward over both follows only where that was not every position once: there is no answer, or
    a family generates in another way.
    """
    n_first = 1 if vlm.model.config.is_encoder_decoder else prompt.inputs["input_ids"].shape[1]
    with _timed(seconds, "generate", vlm.device), Recording(vlm, numbers, n_first) as recording:
        exchange = answer_prompt(vlm, prompt, max_new_tokens)
    with suppress(LensError):
        return exchange, recording.of(exchange.ids)
    del recording  # and what it holds
    with _timed(seconds, "forward", vlm.device):
        return exchange, read_at_once(vlm, exchange, numbers)


def read_at_once(vlm: VLM, exchange: Exchange, numbers: list[int]) -> Recorded:
    """What one forward over prompt and answer leaves behind."""
    with Recording(vlm, numbers, len(exchange.ids)) as recording:
        vlm.model(**exchange.inputs, use_cache=False)
    return recording.of(exchange.ids)


@contextmanager
def _timed(seconds: dict[str, float], name: str, device: torch.device) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    if device.type in ("cuda", "mps"):
        torch.accelerator.synchronize(device)  # or the next step would be blamed
    seconds[name] = time.perf_counter() - begin
