#!/usr/bin/env python3
r"""Do the three maps hold? Word support and maps against true masks, as Markdown tables.

    python scripts/measure.py                    500 fresh demo scenes, the demo model
    python scripts/measure.py --model llava-hf/llava-1.5-7b-hf \
        --coco instances_val2017.json --images val2017 --limit 500

Rows are kept in --work as they come: the same command again goes on where it was cut off. An
--output that holds the marks <!-- tables --> and <!-- /tables --> keeps the text around them (of
--windows: <!-- windows --> and <!-- /windows -->).
"""

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from logit_lens import LensError
from logit_lens.command.terminal import resumable
from logit_lens.files import write_atomically
from logit_lens.reading.options import DEFAULT_PROMPT

if TYPE_CHECKING:
    from measuring.cases import Sample
    from measuring.journal import Journal

ROOT = Path(__file__).resolve().parents[1]


def build_parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--model", metavar="ID_OR_PATH", help="default: the demo model")
    add("--device", default="auto")
    add("--dtype", default="auto")
    add("--scenes", type=int, default=500, metavar="N", help="demo scenes to measure")
    add("--tuning", type=int, default=100, metavar="N", help="pictures to choose thresholds on")
    add("--coco", type=Path, metavar="JSON", help="annotations with masks, instead of demo scenes")
    add("--images", type=Path, metavar="FOLDER", help="the pictures of --coco")
    add("--limit", type=int, metavar="N", help="how many pictures of --coco to measure at most")
    add("--prompt", default=DEFAULT_PROMPT, help="what is asked of the pictures of --coco")
    add("--max-new-tokens", type=int, default=32, metavar="N")
    add("--windows", action="store_true", help="compare shapes of windows, on --tuning's pictures")
    add("--work", type=Path, metavar="FILE", help="default: outputs/measure-….jsonl")
    add("--output", type=Path, metavar="FILE", help="write the tables here too, between marks")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Measure what is not measured yet, then print the tables of all."""
    options = build_parser().parse_args(argv)

    def work() -> int:
        text, failures = measure(options)
        if options.output is not None:
            write_between_marks(options.output, part_of(options), text)
        print(text, end="")
        return 1 if failures else 0

    return resumable(work)


def part_of(options: argparse.Namespace) -> str:
    """What is to be measured."""
    return "windows" if options.windows else "tables"


def measure(options: argparse.Namespace) -> tuple[str, int]:
    """The tables, and how many pictures could not be measured."""
    from measuring.journal import Journal
    from measuring.summary import tables
    from measuring.window_study import study_table

    part, samples = part_of(options), samples_of(options)
    source = options.coco.name if options.coco else "demo scenes"
    setting = {"part": part, "source": source, "model": options.model or "demo"}
    setting |= {"prompt": options.prompt, "max_new_tokens": options.max_new_tokens}
    name = re.sub(r"\W+", "-", f"{part} {setting['model']} {source}").strip("-")
    journal = Journal(options.work or ROOT / "outputs" / f"measure-{name}.jsonl", setting)
    left = [sample for sample in samples if sample.key not in journal.rows]
    failures = fill(journal, left, options) if left else 0
    rows = [
        journal.rows[sample.key] | {"tuning": sample.tuning}
        for sample in samples
        if sample.key in journal.rows
    ]
    if not rows:
        raise LensError("no picture could be measured")
    return study_table(rows) if part == "windows" else tables(rows), failures


def samples_of(options: argparse.Namespace) -> "list[Sample]":
    """The pictures that are to be measured."""
    from measuring.coco import coco_samples
    from measuring.scenes import scene_samples

    if (options.coco is None) != (options.images is None):
        raise LensError("--coco and --images belong together", exit_code=2)
    if options.coco:
        samples = coco_samples(
            options.coco, options.images, options.prompt, options.tuning, options.limit
        )
    else:
        samples = scene_samples(options.scenes, options.tuning)
    if options.windows:
        samples = [sample for sample in samples if sample.tuning]
    elif all(sample.tuning for sample in samples):
        samples = []
    if not samples:
        raise LensError("there is nothing to measure: see --scenes, --tuning, --limit", exit_code=2)
    return samples


def fill(journal: "Journal", samples: "list[Sample]", options: argparse.Namespace) -> int:
    """Measure some pictures, and keep the row of each as soon as it is there; how many failed."""
    from tqdm import tqdm

    from logit_lens.model.vlm import load_vlm
    from logit_lens.resources import DEMO_MODEL
    from measuring.examine import examine
    from measuring.window_study import study

    vlm = load_vlm(options.model or str(DEMO_MODEL), options.device, options.dtype)
    failures = 0
    for sample in tqdm(samples, unit="picture", disable=None, dynamic_ncols=True):
        try:
            if options.windows:
                words = study(vlm, next(iter(sample.cases())), options.max_new_tokens)
                journal.add({"key": sample.key, "words": words})
            else:
                cases = [examine(vlm, case, options.max_new_tokens) for case in sample.cases()]
                journal.add({"key": sample.key, "cases": cases})
        except LensError as error:
            tqdm.write(f"error: {error}", file=sys.stderr)
            failures += 1
    return failures


def write_between_marks(path: Path, part: str, text: str) -> None:
    """Write the tables to a file; where it has marks for them, only between these."""
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    marked = re.compile(rf"(?<=<!-- {part} -->\n).*(?=<!-- /{part} -->)", re.DOTALL)
    write_atomically(
        path, (marked.sub(lambda _: text, page) if marked.search(page) else text).encode()
    )


if __name__ == "__main__":
    sys.exit(main())
