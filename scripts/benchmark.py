#!/usr/bin/env python3
"""How fast, how large: the lens, the command, the report, and how they grow.

    python scripts/benchmark.py                          the lens, at two sizes for two cores
    python scripts/benchmark.py --preset llava-1.5-7b    full size, random weights (a GPU)
    python scripts/benchmark.py --count                  what full size asks of a GPU, without one
    python scripts/benchmark.py --command --report --growth
    python scripts/benchmark.py --folder 10000           the index of a folder of made-up reports

Every comparison is a ratio within one run that alternates between the methods: the median of the
rounds (5 by default), with the smallest and the largest in brackets.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarking.table import Table

ROOT = Path(__file__).resolve().parents[1]
HUGE = (100, 10_000, 10)  # layers, positions, k
CITY = (33, 593, 5)


def build_parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_argument_group("what to measure (default: --lens)")
    parts.add_argument("--lens", action="store_true", help="capture and lens of one model")
    parts.add_argument(
        "--count", action="store_true", help="products, bytes and kernels of llava-1.5-7b on a card"
    )
    parts.add_argument("--causal", action="store_true", help="--ablate and --attribute")
    parts.add_argument("--command", action="store_true", help="--demo as a whole process")
    parts.add_argument("--report", action="store_true", help="the page, in Chromium")
    parts.add_argument("--growth", action="store_true", help="time and memory against size")
    parts.add_argument(
        "--folder", type=int, default=0, metavar="N", help="the index of a folder of N reports"
    )
    parts.add_argument("--all", action="store_true", help="all of these")
    which = parser.add_argument_group("on what")
    presets = ["small", "narrow", "llava-1.5-7b", "toy"]
    which.add_argument("--preset", choices=presets, help="default: --lens of small and of narrow")
    which.add_argument("--model", metavar="ID_OR_PATH", help="a real model instead of a preset")
    which.add_argument("--device", default="auto")
    which.add_argument(
        "--dtype", default="auto", help="auto: float16 on an accelerator, float32 on a CPU"
    )
    which.add_argument("--top-k", type=int, default=10)
    which.add_argument("--from-data", type=Path, metavar="PATH", help="--report of this record")
    parser.add_argument("--repeat", type=int, default=5, help="rounds that count")
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="--lens, --growth: the processor's seconds, on a CPU that others use too",
    )
    parser.add_argument(
        "--threads", type=int, help="of the CPU; default PyTorch's, --lens also with one"
    )
    card = parser.add_argument_group("the card of --count (default: an H100 SXM)")
    card.add_argument("--bandwidth", type=float, default=3350, metavar="GB/S")
    card.add_argument("--throughput", type=float, default=989, metavar="TFLOP/S")
    parser.add_argument("--json", metavar="PATH", help="write the numbers too ('-': only these)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Measure, print every table as soon as it is there, write the JSON."""
    options = build_parser().parse_args(argv)
    if options.all:
        options.lens = options.count = options.causal = True
        options.command = options.report = options.growth = True
        options.folder = options.folder or 1000
    parts = (lens, count, causal, command, report, growth, folder)
    if not any(getattr(options, part.__name__) for part in parts):
        options.lens = True
    tables: list[Table] = []
    for part in parts:
        if not getattr(options, part.__name__):
            continue
        for table in part(options):
            tables.append(table)
            if options.json != "-":
                print(table.text(), end="\n\n", flush=True)
    if options.json:
        found = {"machine": machine(), "tables": [table.as_json() for table in tables]}
        text = json.dumps(found, indent=1, ensure_ascii=False)
        if options.json == "-":
            print(text)
        else:
            Path(options.json).write_text(text + "\n", encoding="utf-8")
    return 0


def lens(options: argparse.Namespace) -> list[Table]:
    """Lens and forward of every subject, with one thread and with all; the worst ratios first."""
    import torch

    from benchmarking.lens import measure_forward, measure_lens, worst_ratios

    device = prepared_device(options)
    most = torch.get_num_threads()
    threads = [most] if options.threads or device != "cpu" else sorted({1, most})
    lenses, forwards = [], []
    for subject in subjects(options, device):
        for n in threads:
            torch.set_num_threads(n)
            lenses.append(measure_lens(subject, options.top_k, options.repeat, clock(options)))
        forwards.append(measure_forward(subject, options.repeat, clock(options)))
    return [worst_ratios(lenses), *lenses, *forwards]


def subjects(options: argparse.Namespace, device: str) -> Iterator[Any]:
    """The models to measure, one at a time."""
    import torch

    from benchmarking.subjects import PRESETS, random_subject, real_subject
    from logit_lens.reading.options import DEFAULT_PROMPT
    from logit_lens.resources import DEMO_IMAGE

    if options.model:
        yield real_subject(options.model, device, options.dtype, DEMO_IMAGE, DEFAULT_PROMPT)
        return
    default = "float32" if device == "cpu" else "float16"
    dtype = getattr(torch, default if options.dtype == "auto" else options.dtype)
    for preset in [options.preset] if options.preset else ["small", "narrow"]:
        yield random_subject(preset, PRESETS[preset], device, dtype)


def count(options: argparse.Namespace) -> list[Table]:
    """What a card is asked for."""
    from benchmarking.count import Card, measure_counts
    from benchmarking.subjects import PRESETS

    preset = options.preset or "llava-1.5-7b"
    card = Card(options.bandwidth * 1e9, options.throughput * 1e12)
    return [measure_counts(preset, PRESETS[preset], card, options.top_k)]


def causal(options: argparse.Namespace) -> list[Table]:
    """The experiments on what the answer needs."""
    import torch

    from benchmarking.causal import measure_causal
    from benchmarking.subjects import PRESETS, random_subject

    device = prepared_device(options)
    preset = options.preset or "causal"
    dtype = torch.float32 if device == "cpu" else torch.float16
    subject = random_subject(preset, PRESETS[preset], device, dtype)
    return measure_causal(subject, options.repeat, clock(options))


def command(options: argparse.Namespace) -> list[Table]:
    """The whole command."""
    from benchmarking.command import measure_command

    return measure_command(options.repeat)


def report(options: argparse.Namespace) -> Iterator[Table]:
    """The report like that of llava-1.5-7b, or a record's; then one of the largest size."""
    from benchmarking.records import synthetic_record
    from benchmarking.report import measure_report
    from logit_lens.record import load_record

    if options.preset == "toy":
        yield from measure_report(synthetic_record(12, 60, 3), options.repeat)
        return
    record = load_record(options.from_data) if options.from_data else synthetic_record(*CITY)
    yield from measure_report(record, options.repeat)
    yield from measure_report(synthetic_record(*HUGE), options.repeat, with_naive=False)


def growth(options: argparse.Namespace) -> Iterator[Table]:
    """Against positions, layers, vocabulary, k, images; and the promised limits of memory."""
    from benchmarking import growth as growing
    from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL

    device = prepared_device(options)
    toy = options.preset == "toy"
    base = growing.Point(20, 2, 300, 3, 8) if toy else growing.Point()
    for axis, sizes in growing.SWEEPS.items():
        some = sizes[: 2 if toy else None]
        yield growing.measure_growth(axis, some, options.repeat, device, clock(options), base)
    if not toy:
        yield growing.measure_limits(growing.LIMITS, device)
        counts, ticks = growing.IMAGES, clock(options)
        yield growing.measure_images(counts, options.repeat, DEMO_MODEL, DEMO_IMAGE, ticks)


def folder(options: argparse.Namespace) -> list[Table]:
    """The index of a folder."""
    from benchmarking.folder import measure_folder

    return measure_folder(options.folder, options.repeat)


def clock(options: argparse.Namespace) -> Callable[[], float]:
    """What tells the time."""
    return time.process_time if options.cpu_time else time.perf_counter


def prepared_device(options: argparse.Namespace) -> str:
    """The device by name; the number of threads set."""
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    if options.device != "auto":
        return str(options.device)
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    import numpy
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "gpu": gpu,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    sys.exit(main())
