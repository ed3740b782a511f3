#!/usr/bin/env python3
r"""Do the three maps hold? Word support and maps against true masks, as Markdown tables.

    python scripts/measure.py                    500 fresh demo scenes, the demo model
    python scripts/measure.py --model llava-hf/llava-1.5-7b-hf \
        --coco instances_val2017.json --images val2017 --limit 500

Rows are kept in --work as they come: the same command again goes on where it was cut off.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logit_lens import LensError
from logit_lens.files import write_atomically
from logit_lens.reading.options import DEFAULT_PROMPT

if TYPE_CHECKING:
    from measuring.cases import Sample
    from measuring.journal import Journal

ROOT = Path(__file__).resolve().parents[1]
# an --output that holds this keeps its text: only what lies between is written anew
PLACE = re.compile(r"(?<=<!-- tables -->\n).*(?=<!-- /tables -->)", re.DOTALL)


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
    add("--work", type=Path, metavar="FILE", help="default: outputs/measure-….jsonl")
    add("--output", type=Path, metavar="FILE", help="write the tables here too")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Measure what is not measured yet, then print the tables of all."""
    options = build_parser().parse_args(argv)
    try:
        print(measure(options))
    except LensError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def measure(options: argparse.Namespace) -> str:
    """The tables."""
    if (options.coco is None) != (options.images is None):
        raise LensError("--coco and --images belong together", exit_code=2)
    from measuring.coco import coco_samples
    from measuring.journal import Journal
    from measuring.scenes import scene_samples

    if options.coco:
        samples = coco_samples(
            options.coco, options.images, options.prompt, options.tuning, options.limit
        )
    else:
        samples = scene_samples(options.scenes, options.tuning)
    if all(sample.tuning for sample in samples):
        raise LensError("there is nothing to measure beside the pictures for --tuning", exit_code=2)
    source = options.coco.name if options.coco else "demo scenes"
    setting = {"source": source, "model": options.model or "demo"}
    setting |= {"prompt": options.prompt, "max_new_tokens": options.max_new_tokens}
    name = re.sub(r"\W+", "-", f"{setting['model']} {source}").strip("-")
    journal = Journal(options.work or ROOT / "outputs" / f"measure-{name}.jsonl", setting)
    if left := [sample for sample in samples if sample.key not in journal.rows]:
        fill(journal, left, options)
    rows = [journal.rows[sample.key] | {"tuning": sample.tuning} for sample in samples]
    return written(rows, options.output)


def fill(journal: "Journal", samples: "list[Sample]", options: argparse.Namespace) -> None:
    """Measure some pictures, and keep the row of each as soon as it is there."""
    from tqdm import tqdm

    from logit_lens.model.vlm import load_vlm
    from logit_lens.resources import DEMO_MODEL
    from measuring.examine import examine

    vlm = load_vlm(options.model or str(DEMO_MODEL), options.device, options.dtype)
    for sample in tqdm(samples, unit="picture", disable=None, dynamic_ncols=True):
        cases = [examine(vlm, case, options.max_new_tokens) for case in sample.cases()]
        journal.add({"key": sample.key, "cases": cases})


def written(rows: list[dict[str, Any]], output: Path | None) -> str:
    """The tables, written to a file too where one is named."""
    from measuring.summary import tables

    text = tables(rows)
    if output is not None:
        page = output.read_text(encoding="utf-8") if output.exists() else ""
        whole = PLACE.sub(lambda _: text, page) if PLACE.search(page) else text
        write_atomically(output, whole.encode())
    return text


if __name__ == "__main__":
    sys.exit(main())
