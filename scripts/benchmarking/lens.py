"""Capture and lens against the bare matrix products, and against the naive lens.

The floor of any lens is the unembedding itself: layers × positions × d_model × vocabulary. What
ours takes beyond it is the cost of reading.
"""

import time

import torch
from torch.nn.functional import linear

from logit_lens.reading.lens import Reading, read_lens
from logit_lens.reading.residual import ResidualStream
from logit_lens.tokens import display_texts

from .measure import Clock, Run, alternate, extra_memory, ratio, spread
from .naive import naive_lens
from .subjects import Subject
from .table import Table

TRACKED = 32


def measure_lens(
    subject: Subject, top_k: int, repeat: int, clock: Clock = time.perf_counter
) -> list[Table]:
    """The lens, then the forward: alternating, with the extra memory of each."""
    with torch.inference_mode():
        lens, forward = lens_methods(subject, top_k), forward_methods(subject)
        lens_times = alternate(lens, repeat, subject.finish)
        forward_times = alternate(forward, repeat, subject.finish)
        # each a second time, for memory: measuring it may cost time
        memory = {name: extra_memory(run, subject.device) for name, run in (lens | forward).items()}
    products, naive = lens_times["bare products"], lens_times["naive, top-k and texts"]
    rows = [
        {
            "lens": name,
            "time": spread(times),
            "to bare products": ratio(times, products),
            "naive to it": ratio(naive, times) if name.endswith("texts") else None,
            "extra memory": memory[name],
        }
        for name, times in lens_times.items()
    ]
    forward_rows = [
        {
            "forward": name,
            "time": spread(times),
            "to bare forward": ratio(times, forward_times["bare forward"]),
            "extra memory": memory[name],
        }
        for name, times in forward_times.items()
    ]
    forward_notes = [
        "extra memory: the peak above the model; the last two keep the residual stream"
    ]
    states = subject.states
    what = (
        f"{subject.name}: {len(states)} states × {subject.n_positions} positions × "
        f"{states[0].shape[-1]} × {len(subject.unembedding):,} words, top {top_k}, "
        f"{str(states[0].dtype).removeprefix('torch.')} on {subject.device}"
    )
    notes = ["extra memory: the peak above model and residual stream"]
    return [
        Table(f"Lens, {what}", rows, notes),
        Table(f"Forward, {subject.name}", forward_rows, forward_notes),
    ]


def lens_methods(subject: Subject, top_k: int) -> dict[str, Run]:
    """Name → what to time. All read the same states."""
    norm, head = subject.anatomy.norm, subject.anatomy.head
    tail, states = subject.tail, subject.states
    weight = subject.unembedding
    vocab = len(weight)
    tracked = [i * vocab // TRACKED for i in range(TRACKED)]

    def products() -> None:
        for state in states:
            linear(state, weight)

    def ours(statistics: bool, tracked_ids: list[int]) -> Reading:
        return read_lens(
            tail,
            states,
            subject.n_positions,
            top_k=top_k,
            statistics=statistics,
            tracked_ids=tracked_ids,
        )

    def ours_with_texts() -> list[str]:
        ids = set(ours(False, []).top_ids.ravel().tolist())
        return display_texts(subject.tokenizer, sorted(ids))

    return {
        "bare products": products,
        "ours, top-k": lambda: ours(False, []),
        "ours, + entropy, KL": lambda: ours(True, []),
        "ours, + 32 tracked": lambda: ours(True, tracked),
        "ours, top-k and texts": ours_with_texts,
        "naive, top-k and texts": lambda: naive_lens(states, norm, head, subject.tokenizer, top_k),
    }


def forward_methods(subject: Subject) -> dict[str, Run]:
    """The forward alone, under our hooks, and keeping all hidden states."""

    def captured() -> None:
        with ResidualStream(subject.anatomy.layers) as stream:
            subject.model(**subject.inputs)
        stream.states(subject.n_positions)

    return {
        "bare forward": lambda: subject.model(**subject.inputs),
        "ours, captured": captured,
        "naive, all hidden states": lambda: subject.model(
            **subject.inputs, output_hidden_states=True
        ),
    }
