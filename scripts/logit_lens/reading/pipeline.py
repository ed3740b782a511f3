"""One image and one question → one LensRecord: the main path, told top to bottom.

Knows the order of the steps and nothing of how each works. Does not know files or pages.

>>> record = make_record(vlm, picture, ReadOptions(prompt="What is on the grass?"))
>>> record.meta["check"]["passed"]
True
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
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
from .check import RunningCheck, SelfCheck
from .experiments import Findings, Watcher, run_experiments
from .image_tokens import explain_image_tokens
from .layers import select_layers
from .lens import Tail, read_lens
from .lenses.lens import Lens
from .lenses.load import load_lenses
from .lenses.read import read_lenses
from .options import ReadOptions
from .prompt import Prompt, encode_prompt
from .recording import Recorded, Recording
from .support import Word, answer_words, watched_ids, word_support
from .tail import choose_tail


@torch.inference_mode()
def make_record(
    vlm: VLM,
    picture: Picture | None,
    options: ReadOptions,
    run: Mapping[str, Any] | None = None,
    on_progress: Watcher | None = None,
    on_states: Callable[[Tail, Sequence[Tensor]], object] | None = None,
) -> LensRecord:
    """Read one image through the lens.

    Args:
        vlm: the model.
        picture: the image, or None for a prompt without one.
        options: the question and what to keep.
        run: what the record's ``meta["run"]`` is to say of the run that it belongs to.
        on_progress: called with a step ("lens", "ablate", "knockout"), how much of it was just
            finished (of the lens: cells, layer by position), and of how much.
        on_states: called with the tail and the residual stream that were read, for those who want
            to read more of it.

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
    lenses = load_lenses(vlm, options.lenses)
    with explain_out_of_memory(vlm.device):
        outcome = _read(vlm, picture, options, numbers, lenses, on_progress, on_states)
    return assemble(vlm, picture, outcome, run)


def _read(
    vlm: VLM,
    picture: Picture | None,
    options: ReadOptions,
    numbers: list[int],
    lenses: list[Lens],
    on_progress: Watcher | None,
    on_states: Callable[[Tail, Sequence[Tensor]], object] | None,
) -> Outcome:
    seconds = {"load": vlm.seconds_to_load}
    prompt = encode_prompt(vlm, picture, options.prompt, options.raw_prompt)
    exchange, recorded = _answer(vlm, prompt, options.max_new_tokens, numbers, seconds)
    answer = exchange.answer_ids.tolist()
    tracked_words = tracked_token_ids(vlm.tokenizer, options.track)
    words = answer_words(vlm.tokenizer, answer)
    tracked = list(
        dict.fromkeys([*chain(*tracked_words.values()), *answer, *(w.token_id for w in words)])
    )
    seen = Watch(watched_ids(words), exchange.image_positions)
    n_cells = len(recorded.states) * len(exchange.ids) * (1 + len(lenses))

    def advance(cells: int) -> None:
        if on_progress is not None:
            on_progress("lens", cells, n_cells)

    with _timed(seconds, "lens", vlm.device):
        tail, tail_name, reading, check = _through_the_logit_lens(
            vlm, recorded, len(exchange.ids), options, tracked, seen, advance
        )
    further = {}
    if lenses:
        with _timed(seconds, "lenses", vlm.device):
            size = len(exchange.ids), options.top_k
            further = read_lenses(tail, lenses, recorded, *size, tracked, advance)
    placement = _place(vlm, picture, prompt, exchange)
    layers = recorded.numbers
    if on_states is not None:
        on_states(tail, recorded.states)
    del recorded
    extra = further | _answer_arrays(exchange, words, layers, tracked, reading)
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
        lenses,
        findings,
        seconds,
    )


def _through_the_logit_lens(
    vlm: VLM,
    recorded: Recorded,
    n_positions: int,
    options: ReadOptions,
    tracked: list[int],
    watch: Watch,
    on_progress: Callable[[int], object],
) -> tuple[Tail, str, Reading, SelfCheck]:
    """What reads a state, its name, the reading of all of them, and whether it is the model's."""
    own = recorded.logits, recorded.checked
    tail, tail_name, _ = choose_tail(vlm.model, vlm.anatomy, recorded.states[-1], *own, vlm.dtype)
    running = RunningCheck(*own, vlm.dtype)
    reading = read_lens(
        tail,
        recorded.states,
        n_positions,
        top_k=options.top_k,
        tracked_ids=tracked,
        watch=watch,
        on_progress=on_progress,
        on_final=running.compare,
    )
    return tail, tail_name, reading, running.result()


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


def _answer(
    vlm: VLM, prompt: Prompt, max_new_tokens: int, numbers: list[int], seconds: dict[str, float]
) -> tuple[Exchange, Recorded]:
    """The model's answer, and what it left behind while it read the prompt and wrote the answer.

    A forward over both follows only where that was not every position once: there is no answer, or
    a family generates in another way.
    """
    n_first = 1 if vlm.model.config.is_encoder_decoder else prompt.inputs["input_ids"].shape[1]
    recording = Recording(vlm, numbers, n_first)
    with _timed(seconds, "generate", vlm.device), explain_image_tokens(vlm), recording:
        exchange = answer_prompt(vlm, prompt, max_new_tokens)
    with suppress(LensError):
        return exchange, recording.of(exchange.ids)
    del recording  # and what it holds
    with _timed(seconds, "forward", vlm.device), explain_image_tokens(vlm):
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
