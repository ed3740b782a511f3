#!/usr/bin/env python3
r"""Fit a tuned or a Jacobian lens on your pictures and questions, for create_logit_lens.py --lens.

    python scripts/fit_lens.py --kind tuned --images photos/ --model llava-hf/llava-1.5-7b-hf \
        --output llava-tuned.safetensors
    accelerate launch --num_processes 2 scripts/fit_lens.py …        on several GPUs

The model's own answers are generated and fitted too. Killed, the same command goes on from where it
was, and ends with the same file. Some of the pictures are held out; a layer that reads no better
there than through the logit lens is left as it is.

    python scripts/fit_lens.py --examine models/demo/lens.safetensors --scenes 100
"""

import argparse
import sys
from pathlib import Path

from logit_lens import LensError
from logit_lens.command.terminal import resumable
from logit_lens.model.checkpoint import find_checkpoint
from logit_lens.model.environment import prepare_libraries
from logit_lens.reading.options import DEFAULT_PROMPT
from logit_lens.resources import DEMO_MODEL


def build_parser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--kind", choices=["tuned", "jacobian"])
    add("--images", nargs="+", default=[], metavar="PATH", help="files, folders, patterns")
    add("--scenes", type=int, default=0, metavar="N", help="N drawn scenes, instead of --images")
    add("--model", metavar="ID_OR_PATH", help="default: the demo model")
    add("--device", default="auto")
    add("--dtype", default="auto", choices=["auto", "float32", "float16", "bfloat16"])
    add("--prompt", nargs="+", default=[DEFAULT_PROMPT], metavar="TEXT", help="asked of each")
    add("--max-new-tokens", type=int, default=32, metavar="N")
    add("--image-weight", type=float, default=1.0, help="of an image position beside one of text")
    add("--rank", type=int, metavar="R", help="translators of low rank: small files")
    add("--rounds", type=int, default=250, metavar="N", help="steps at most (default: 250)")
    add("--batch", type=int, default=8, metavar="N", help="samples of a round (default: 8)")
    add("--rate", type=float, default=1e-3, help="size of the first steps (tuned)")
    add("--skip-first", type=int, default=16, metavar="N", help="positions left out (jacobian)")
    add("--held-out", type=float, default=0.1, metavar="SHARE", help="of the pictures")
    add("--every", type=int, default=25, metavar="N", help="rounds between looks at these")
    add("--patience", type=int, default=3, metavar="N", help="looks without gain; 0: go on")
    add("--checkpoint", type=float, default=60.0, metavar="SECONDS", help="how often to keep it")
    add("--seed", type=int, default=0)
    add("--output", type=Path, metavar="FILE", help="a .safetensors file")
    add("--examine", metavar="SOURCE", help="only say what a lens is worth on --scenes")
    add("--overwrite", action="store_true", help="fit anew what is finished")
    add("--quiet", action="store_true", help="no progress on stderr")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Fit, write the lens, print what it is worth; the last line is its path."""
    options = build_parser().parse_args(argv)

    def work() -> int:
        _check(options)
        options.model = options.model or str(DEMO_MODEL)
        here = find_checkpoint(options.model).folder is not None
        prepare_libraries(options.quiet, offline=here)
        from fitting.command import examine_lens, fit_lens  # only now: it imports transformers

        examine_lens(options) if options.examine else fit_lens(options)
        return 0

    return resumable(work)


def _check(options: argparse.Namespace) -> None:
    fits = not options.examine
    wrong = {
        "name --images or --scenes, one of them": bool(options.images) == bool(options.scenes),
        "--examine looks at --scenes": not fits and not options.scenes,
        "name a --kind: tuned or jacobian": fits and options.kind is None,
        "name an --output that ends in .safetensors": fits
        and (options.output is None or options.output.suffix != ".safetensors"),
        "--rank is below 1": options.rank is not None and options.rank < 1,
        "--rounds, --batch and --every count from 1": min(
            options.rounds, options.batch, options.every
        )
        < 1,
        "--held-out is a share of the pictures, between 0 and 1": not 0 < options.held_out < 1,
        "--image-weight is negative": options.image_weight < 0,
        "--scenes is negative": options.scenes < 0,
        "--skip-first is negative": options.skip_first < 0,
        "--max-new-tokens is negative": options.max_new_tokens < 0,
        "--prompt is empty": any(not text.strip() for text in options.prompt),
    }
    for message, is_so in wrong.items():
        if is_so:
            raise LensError(message, exit_code=2)


if __name__ == "__main__":
    sys.exit(main())
