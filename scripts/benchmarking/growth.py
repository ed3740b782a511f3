"""Time and memory against positions, layers, vocabulary, k and images, with fitted exponents."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import nn

from logit_lens.reading.lens import read_lens

from .measure import (
    Bytes,
    Clock,
    Run,
    alternate,
    extra_memory,
    fitted_exponent,
    significant,
    spread,
)
from .table import Row, Table


@dataclass(frozen=True)
class Point:
    """One size of a lens run with everything recorded."""

    positions: int = 600
    layers: int = 8
    vocab: int = 8000
    k: int = 10
    d_model: int = 256


SWEEPS: dict[str, tuple[int, ...]] = {
    "positions": (600, 1200, 2500, 5000, 10_000),
    "layers": (8, 16, 33, 64, 100),
    "vocab": (1000, 4000, 16_000, 65_000, 262_000),
    "k": (1, 5, 10, 20, 50),
}
IMAGES = (1, 3, 10, 30, 100)
# (size, MB that the lens may use above model and residual stream)
LIMITS = (
    (Point(positions=620, layers=33, vocab=32_064, d_model=64), 512),
    (Point(positions=10_000, layers=2, vocab=152_000, d_model=16), 1000),
)


def lens_run(point: Point, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Run:
    """A lens over random states, with entropy, KL and three tracked tokens."""
    torch.manual_seed(0)
    with torch.device(device):
        norm = nn.RMSNorm(point.d_model, dtype=dtype)
        head = nn.Linear(point.d_model, point.vocab, bias=False, dtype=dtype)
        states = list(torch.randn(point.layers, point.positions, point.d_model, dtype=dtype))

    def run() -> object:
        return read_lens(
            lambda state, at: head(norm(state[at])),
            states,
            point.positions,
            top_k=point.k,
            tracked_ids=[0, 1, 2],
        )

    return run


def measure_growth(
    axis: str,
    sizes: tuple[int, ...],
    repeat: int,
    device: str,
    clock: Clock = time.perf_counter,
    base: Point | None = None,
) -> Table:
    """One axis varied: one row per size, the last with the exponent of all."""
    runs = {size: lens_run(replace(base or Point(), **{axis: size}), device) for size in sizes}
    others = ", ".join(f"{key} {value:,}" for key, value in asdict(base or Point()).items())
    return Table(
        f"Growth with {axis} ({others}, unless varied)", _sweep(runs, repeat, device, clock)
    )


def measure_images(
    counts: tuple[int, ...],
    repeat: int,
    model: Path,
    image: Path,
    clock: Clock = time.perf_counter,
) -> Table:
    """The pipeline over one image several times, with one loaded model."""
    from logit_lens.images import open_picture
    from logit_lens.model.vlm import load_vlm
    from logit_lens.reading.options import ReadOptions
    from logit_lens.reading.pipeline import make_record

    vlm = load_vlm(str(model), "cpu", "float32")

    def run_of(count: int) -> Run:
        def run() -> None:
            for _ in range(count):
                make_record(vlm, open_picture(image), ReadOptions())

        return run

    rows = _sweep({count: run_of(count) for count in counts}, repeat, "cpu", clock)
    return Table("Growth with images (records of the demo model)", rows)


def _sweep(runs: dict[int, Run], repeat: int, device: str, clock: Clock) -> list[Row]:
    def finish() -> None:
        if device.startswith("cuda"):
            torch.cuda.synchronize()

    memory = {size: extra_memory(run, device) for size, run in runs.items()}  # and a warm-up
    times = alternate(
        {str(size): run for size, run in runs.items()}, repeat, finish, warm_up=False, clock=clock
    )
    rows: list[Row] = [
        {"size": size, "time": spread(times[str(size)]), "extra memory": memory[size]}
        for size in runs
    ]
    # the slope of log time over log size: 1 is proportional, 0 constant
    exponent = fitted_exponent(list(runs), [row["time"].median for row in rows])
    rows[-1]["exponent"] = significant(exponent)
    return rows


def measure_limits(
    limits: tuple[tuple[Point, int], ...], device: str, make: Callable[..., Run] = lens_run
) -> Table:
    """Peak memory at the sizes for which a limit is promised."""
    rows: list[Row] = [
        {
            "size": f"{p.positions:,} positions × {p.vocab:,} words, {p.layers} layers",
            "extra memory": extra_memory(make(p, device), device),
            "limit": Bytes(limit * 1_000_000),
        }
        for p, limit in limits
    ]
    return Table("Memory of the lens above model and residual stream", rows)
