"""The experiments against plain forwards of the same shapes: the price of asking what is needed.

>>> measure_causal(random_subject("causal", PRESETS["causal"], "cpu", torch.float32), repeat=3)
"""

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from logit_lens.patches.windows import random_sets, windows
from logit_lens.reading.answer import Exchange
from logit_lens.reading.causal.ablate import ablate, bytes_of_a_copy, copies_that_fit, mean_patch
from logit_lens.reading.causal.attribute import attribute
from logit_lens.reading.causal.rerun import DecoderCall
from logit_lens.reading.lens import read_lens

from .measure import Bytes, Clock, alternate, extra_memory, ratio, spread
from .subjects import PRESETS, Size, Subject
from .table import Table

ANSWER = 8  # positions at the end that stand for an answer
CONTROLS = 32
POSITIONS = 620


def measure_causal(subject: Subject, repeat: int, clock: Clock = time.perf_counter) -> list[Table]:
    """Ablation at its default windows, attribution, and the memory of a batch."""
    with torch.inference_mode():
        call, images = _call(subject)
        sets, fill = _sets(images), mean_patch(call, images)
        copies = copies_that_fit(call)
        first = int(np.argmax(images))

        def ours() -> None:
            with call.prefix_kept(first, 1e-3):
                ablate(call, images, sets, fill, copies)

        def plain() -> None:
            """As many batches of whole sequences, and nothing else."""
            for start in range(0, len(sets), copies):
                size = min(copies, len(sets) - start)
                call.run(call.embeds.expand(size, -1, -1).contiguous())

        def reading() -> None:
            call.run(call.embeds)
            read_lens(subject.tail, subject.states, subject.n_positions, top_k=10)

        def split() -> None:
            attribute(call, subject.anatomy, images, call.ids)

        methods = {"plain batches": plain, "ablate": ours, "forward and lens": reading}
        times = alternate(methods | {"attribute": split}, repeat, subject.finish, clock=clock)
        memory = extra_memory(ours, subject.device)
    rows = [
        {
            "what": name,
            "time": spread(times[name]),
            "to": base,
            "ratio": ratio(times[name], times[base]),
        }
        for name, base in (("ablate", "plain batches"), ("attribute", "forward and lens"))
    ]
    reckoned = copies * bytes_of_a_copy(call)
    size = PRESETS["llava-1.5-7b"]
    batch = bytes_at(size, POSITIONS, 2) * min(32, 2**30 // bytes_at(size, POSITIONS, 2))
    table = Table(
        f"{subject.name}: {len(sets)} sets of patches, {copies} at a time, {ANSWER} answer tokens",
        rows,
        [
            f"a batch: {Bytes(reckoned)} reckoned, {memory} measured above model and states",
            f"llava-1.5-7b, {POSITIONS} positions, 16 bits: {Bytes(batch)}, by the same rule",
        ],
    )
    return [table]


def bytes_at(size: Size, n_positions: int, width: int) -> int:
    """What one copy takes in a forward of a model of that size, as ``bytes_of_a_copy`` has it."""
    return n_positions * (6 * size.d_model + 3 * size.d_ffn) * width


def _call(subject: Subject) -> tuple[DecoderCall, np.ndarray]:
    """The decoder's call, with the last positions of the prompt as an answer."""
    ids = subject.inputs["input_ids"][0]
    images = (ids == ids.max()).cpu().numpy()  # the image token is the vocabulary's last
    vlm: Any = SimpleNamespace(model=subject.model, anatomy=subject.anatomy, name=subject.name)
    return DecoderCall(vlm, subject.tail, Exchange(subject.inputs, ids, ANSWER, images)), images


def _sets(images: np.ndarray) -> np.ndarray:
    """The default windows of a square of patches, and their random controls."""
    n = int(images.sum())
    row, column = np.divmod(np.arange(n), int(n**0.5))
    boxes = np.stack([column, row, column + 1, row + 1], -1).astype(np.float32)
    some = windows(boxes, np.zeros(n, np.int16))
    return np.concatenate([some, random_sets(np.ones(n, bool), 9, CONTROLS)])
