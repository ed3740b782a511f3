"""Capture and lens against the bare matrix products, and against the naive lens.

The floor of any lens is the unembedding itself: layers × positions × d_model × vocabulary. What
ours takes beyond it is the cost of reading.
"""

import time
from typing import Any

import torch
from torch.nn.functional import linear

from logit_lens.reading.lens import Reading, read_lens
from logit_lens.reading.residual import ResidualStream
from logit_lens.tokens import display_texts

from .measure import Clock, Run, alternate, extra_memory, ratio, spread
from .naive import naive_lens
from .subjects import Subject
from .table import Row, Table

# what is promised, in multiples of the bare products; tracked tokens come with the statistics
REACH = {
    "ours, top-k": 1.15,
    "ours, + entropy, KL": 1.25,
    "ours, + 8 tracked": 1.4,
    "ours, + 32 tracked": 1.7,
}


def measure_lens(
    subject: Subject, top_k: int, repeat: int, clock: Clock = time.perf_counter
) -> Table:
    """The lens, alternating with what it is compared with; and the extra memory of each."""
    times, memory = _measure(lens_methods(subject, top_k), subject, repeat, clock)
    products, naive = times["bare products"], times["naive, top-k and texts"]
    rows: list[Row] = [
        {
            "lens": name,
            "time": spread(values),
            "to bare products": ratio(values, products),
            "naive to it": ratio(naive, values) if name.endswith("texts") else None,
            "extra memory": memory[name],
        }
        for name, values in times.items()
    ]
    states = subject.states
    n = torch.get_num_threads()
    where = f"{n} thread{'s' * (n > 1)}" if subject.device == "cpu" else subject.device
    what = (
        f"{len(states)} states × {subject.n_positions} positions × {states[0].shape[-1]:,} × "
        f"{len(subject.unembedding):,} words, top {top_k}, "
        f"{str(states[0].dtype).removeprefix('torch.')}"
    )
    notes = ["extra memory: the peak above model and residual stream"]
    return Table(f"Lens, {subject.name}, {where}: {what}", rows, notes)


def measure_forward(subject: Subject, repeat: int, clock: Clock = time.perf_counter) -> Table:
    """The forward alone and recorded."""
    times, memory = _measure(forward_methods(subject), subject, repeat, clock)
    rows: list[Row] = [
        {
            "forward": name,
            "time": spread(values),
            "to bare forward": ratio(values, times["bare forward"]),
            "extra memory": memory[name],
        }
        for name, values in times.items()
    ]
    notes = ["extra memory: the peak above the model; the last two keep the residual stream"]
    return Table(f"Forward, {subject.name}", rows, notes)


def worst_ratios(tables: list[Table]) -> Table:
    """The largest ratio of every output in several tables of ``measure_lens``, worst first."""
    rows: list[Row] = []
    for name, reach in REACH.items():
        found = [(row, table) for table in tables for row in table.rows if row["lens"] == name]
        row, table = max(found, key=lambda pair: pair[0]["to bare products"].median)
        where = table.title.removeprefix("Lens, ").partition(":")[0]
        worst = row["to bare products"]
        rows.append(
            {"lens": name, "to bare products": worst, "promised": f"{reach} ×", "on": where}
        )
    rows.sort(key=lambda row: -row["to bare products"].median)
    return Table("Worst ratios", rows)


def _measure(
    methods: dict[str, Run], subject: Subject, repeat: int, clock: Clock
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Times, and the extra memory of each."""
    with torch.inference_mode():
        times = alternate(methods, repeat, subject.finish, clock=clock)
        # once more for memory: measuring it may cost time
        return times, {n: extra_memory(run, subject.device) for n, run in methods.items()}


def lens_methods(subject: Subject, top_k: int) -> dict[str, Run]:
    """Name → what to time. All read the same states."""
    norm, head = subject.anatomy.norm, subject.anatomy.head
    tail, states = subject.tail, subject.states
    weight = subject.unembedding
    vocab = len(weight)

    def products() -> None:
        for state in states:
            linear(state, weight)

    def ours(statistics: bool, n_tracked: int) -> Reading:
        return read_lens(
            tail,
            states,
            subject.n_positions,
            top_k=top_k,
            statistics=statistics,
            tracked_ids=[i * vocab // n_tracked for i in range(n_tracked)],
        )

    def ours_with_texts() -> list[str]:
        ids = set(ours(False, 0).top_ids.ravel().tolist())
        return display_texts(subject.tokenizer, sorted(ids))

    return {
        "bare products": products,
        "ours, top-k": lambda: ours(False, 0),
        "ours, + entropy, KL": lambda: ours(True, 0),
        "ours, + 8 tracked": lambda: ours(True, 8),
        "ours, + 32 tracked": lambda: ours(True, 32),
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
