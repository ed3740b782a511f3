"""Times, ratios, memory and exponents. Does not know what is measured.

A machine's speed changes from minute to minute, so times are only ever compared within a run that
alternates between the methods; a ratio is the median of the rounds' ratios.

>>> times = alternate({"bare": bare, "ours": ours}, repeat=5)
>>> str(ratio(times["ours"], times["bare"]))
'1.08 × (1.04–1.14)'
"""

import ctypes
import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

Run = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Spread:
    """A median with its extremes. It prints as ``4.1 s (4.0–4.3)``."""

    median: float
    low: float
    high: float
    unit: str = "s"

    def __str__(self) -> str:
        """Three significant digits."""
        low, high = significant(self.low), significant(self.high)
        extremes = "" if low == high else f" ({low}–{high})"
        return f"{significant(self.median)} {self.unit}{extremes}"

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return asdict(self)


@dataclass(frozen=True)
class Bytes:
    """A number of bytes, printed in MB (of a million bytes), as the limits are given."""

    value: int

    def __str__(self) -> str:
        """Whole MB from 10 on."""
        megabytes = self.value / 1e6
        return f"{megabytes:,.0f} MB" if megabytes >= 10 else f"{significant(megabytes)} MB"

    def as_json(self) -> int:
        """The plain number."""
        return self.value


def significant(value: float, digits: int = 3) -> str:
    """A number with three significant digits and no exponent."""
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


def spread(values: Sequence[float], unit: str = "s") -> Spread:
    """Median, minimum and maximum."""
    return Spread(statistics.median(values), min(values), max(values), unit)


def ratio(values: Sequence[float], base: Sequence[float]) -> Spread:
    """Round by round: value over base."""
    return spread([value / other for value, other in zip(values, base, strict=True)], "×")


def alternate(
    methods: Mapping[str, Run],
    repeat: int,
    finish: Run = lambda: None,
    warm_up: bool = True,
    clock: Clock = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of every method, one of each per round.

    Args:
        methods: what to time, in the order of a round.
        repeat: how many rounds count.
        finish: waits until the device has done what was asked.
        warm_up: run every method once before, uncounted.
        clock: ``time.process_time`` counts the processor's seconds, of all threads together.
    """
    times: dict[str, list[float]] = {name: [] for name in methods}
    for counted in [False] * warm_up + [True] * repeat:
        for name, run in methods.items():
            finish()
            begin = clock()
            run()
            finish()
            if counted:
                times[name].append(clock() - begin)
    return times


def fitted_exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The slope of log(value) over log(size): 1 is proportional, 0 is constant."""
    slope, _ = statistics.linear_regression(
        [math.log(x) for x in sizes], [math.log(y) for y in values]
    )
    return slope


def extra_memory(run: Run, device: str = "cpu") -> Bytes | None:
    """The most memory in use during ``run`` above what was in use before it.

    On a GPU, PyTorch's own count. On a CPU, the process's peak of resident memory, which Linux
    lets a process reset: it counts NumPy's, the products' and Python's memory too, and what the
    allocator keeps from earlier runs is handed back first. None where neither can be had.
    """
    gc.collect()
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        torch.cuda.synchronize()
        return Bytes(torch.cuda.max_memory_allocated() - before)
    if device != "cpu" or not _reset_peak():
        return None
    before = _status_bytes("VmRSS")
    run()
    return Bytes(max(0, _status_bytes("VmHWM") - before))


def _reset_peak() -> bool:
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    except (OSError, AttributeError):
        return False
    return True


def _status_bytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status lacks {field}")
