"""The command's arguments: what may be said, and what can be refused before torch is imported.

>>> parse_arguments(["--image", "dog.jpg", "--top-k", "5"]).top_k
5
"""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from . import LensError, __version__

ROOT = Path(__file__).resolve().parents[2]
DEMO_MODEL = ROOT / "models" / "demo"
DEMO_IMAGE = ROOT / "images" / "demo_scene.png"
DEMO_PROMPT = "What is in the background?"
DEFAULT_MODEL = "llava-hf/llava-1.5-7b-hf"
DEFAULT_PROMPT = "Describe the image."
_ANY_LAYER = 99_999  # before the model is known, only the form of --layers can be checked
EPILOG = """\
examples:
  create_logit_lens.py --demo --open
  create_logit_lens.py --image dog.jpg --prompt "What is on the grass?" --track dog cat
  create_logit_lens.py --image dog.jpg --model Qwen/Qwen2.5-VL-7B-Instruct --layers ::2
  create_logit_lens.py --from-data outputs/run.npz
"""


@dataclass(frozen=True)
class Arguments:
    """The command line, checked."""

    image: list[Path]
    prompt: str
    raw_prompt: bool
    model: str
    demo: bool
    output: Path | None
    overwrite: bool
    top_k: int
    max_new_tokens: int
    track: list[str]
    layers: str
    device: str
    dtype: str
    save_data: bool
    from_data: Path | None
    force: bool
    open: bool
    quiet: bool


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are one line: ``error: …``."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see --help)\n")


def parse_arguments(argv: list[str]) -> Arguments:
    """Read and check the command line.

    Without any argument it is the demo, and a line on stderr says so.

    Raises:
        SystemExit: 2 with one line on stderr for bad arguments; 0 after --help and --version.
        LensError: a value that no run could use.
    """
    named = build_parser().parse_args(argv)
    if not argv:
        print("no arguments: showing the demo (--help lists them all)", file=sys.stderr)
        named.demo = True
    _fill_in_defaults(named)
    arguments = Arguments(**vars(named))
    _check(arguments)
    return arguments


def build_parser() -> argparse.ArgumentParser:
    """The parser; a test compares its flags with the README."""
    parser = _Parser(
        prog="create_logit_lens.py",
        description="Read every layer and position of a vision-language model through the logit "
        "lens, and write one self-contained interactive HTML report.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what to read")
    what.add_argument(
        "--image", nargs="+", type=Path, default=[], metavar="PATH", help="image file"
    )
    what.add_argument(
        "--prompt", metavar="TEXT", help=f"the question (default: {DEFAULT_PROMPT!r})"
    )
    what.add_argument(
        "--raw-prompt",
        action="store_true",
        help="use --prompt verbatim, without the chat template; it must hold the image token",
    )
    what.add_argument(
        "--demo", action="store_true", help="the small embedded model and a drawn scene, offline"
    )
    what.add_argument(
        "--from-data",
        type=Path,
        metavar="PATH",
        help="render a record (.npz of --save-data) again, without a model",
    )

    model = parser.add_argument_group("the model")
    model.add_argument(
        "--model",
        metavar="ID_OR_PATH",
        help=f"hub id or folder of any image-text-to-text model (default: {DEFAULT_MODEL})",
    )
    model.add_argument(
        "--device",
        default="auto",
        metavar="NAME",
        help="auto (cuda, then mps, then cpu), cpu, cuda, cuda:1, mps",
    )
    model.add_argument(
        "--dtype",
        default="auto",
        choices=["auto", "float32", "float16", "bfloat16"],
        help="auto: the checkpoint's; float32 on a CPU",
    )
    model.add_argument(
        "--max-new-tokens",
        type=int,
        default=32,
        metavar="N",
        help="length of the greedy answer, read through the lens too; 0: prompt only (default: 32)",
    )

    lens = parser.add_argument_group("the lens")
    lens.add_argument(
        "--top-k",
        type=int,
        default=10,
        metavar="N",
        help="tokens kept of every layer and position (default: 10)",
    )
    lens.add_argument(
        "--track",
        nargs="+",
        default=[],
        metavar="WORD",
        help="words whose probability and rank are kept in every cell; the answer's "
        "own tokens are tracked without asking",
    )
    lens.add_argument(
        "--layers",
        default="",
        metavar="SPEC",
        help="which layers, e.g. 0,8,16-32 or ::2; 0 is the embeddings; the last "
        "layer is always kept (default: all)",
    )

    out = parser.add_argument_group("the report")
    out.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="an .html file, or a folder (default: outputs/<model>_<image>_logit_lens.html)",
    )
    out.add_argument("--overwrite", action="store_true", help="make finished reports again")
    out.add_argument(
        "--save-data",
        action="store_true",
        help="write the record beside the report, same name, .npz",
    )
    out.add_argument(
        "--force",
        action="store_true",
        help="write the report although the self-check failed (with a red banner)",
    )
    out.add_argument("--open", action="store_true", help="open the report in the browser")
    out.add_argument("--quiet", action="store_true", help="no progress on stderr")
    out.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def _fill_in_defaults(named: argparse.Namespace) -> None:
    if named.demo:
        named.model = named.model or str(DEMO_MODEL)
        if not named.image:
            named.image = [DEMO_IMAGE]
            named.prompt = named.prompt if named.prompt is not None else DEMO_PROMPT
    named.model = DEFAULT_MODEL if named.model is None else named.model
    named.prompt = DEFAULT_PROMPT if named.prompt is None else _utf8(named.prompt)
    named.track = [_utf8(word) for word in named.track]


def _utf8(text: str) -> str:
    # arguments need not be UTF-8; tokenizers and pages must be
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _check(arguments: Arguments) -> None:
    def refuse(when: bool, message: str) -> None:
        if when:
            raise LensError(message, exit_code=2)

    refuse(not arguments.prompt.strip(), "--prompt is empty; ask something")
    refuse(not arguments.model.strip(), "--model is empty; name a hub id or a folder")
    refuse(arguments.top_k < 1, f"--top-k is {arguments.top_k}; keep at least 1 token")
    refuse(arguments.max_new_tokens < 0, "--max-new-tokens is negative; 0 reads the prompt only")
    refuse(any(not word.strip() for word in arguments.track), "--track has an empty word")
    refuse(
        arguments.from_data is not None and (arguments.demo or bool(arguments.image)),
        "--from-data renders a record without a model; leave out --image and --demo",
    )
    refuse(
        arguments.from_data is not None and arguments.save_data,
        "--from-data already has the data; leave out --save-data",
    )
    if arguments.layers:
        select_layers(arguments.layers, _ANY_LAYER)


def select_layers(spec: str, n_layers: int) -> list[int]:
    """Layer numbers of a spec such as ``0,8,16-32`` or ``::2``; the last is always there.

    Args:
        spec: comma-separated numbers, ranges ``a-b`` (both ends) and slices ``a:b:c`` (as Python's,
            over 0..N); empty for all.
        n_layers: N, the number of decoder layers; 0 stands for the embeddings.

    Returns:
        ascending, without repetitions, N included.

    Raises:
        LensError: not of that form, or a number above N.
    """
    every = range(n_layers + 1)
    chosen = set(every) if not spec else {n_layers}
    for part in filter(None, (part.strip() for part in spec.split(","))):
        if match := re.fullmatch(r"(\d+)(?:-(\d+))?", part):
            first, last = int(match[1]), int(match[2] or match[1])
            if last < first:
                raise LensError(f"--layers: {part} runs backwards", exit_code=2)
            if last > n_layers:
                raise LensError(
                    f"--layers: there is no layer {last}; this model has 0 (the embeddings) to "
                    f"{n_layers}",
                    exit_code=2,
                )
            chosen.update(range(first, last + 1))
        elif re.fullmatch(r"-?\d*:-?\d*(:-?\d*)?", part):
            start, stop, step = ([int(x) if x else None for x in part.split(":")] + [None])[:3]
            if step is not None and step < 1:
                raise LensError(f"--layers: the step of {part} is not above 0", exit_code=2)
            chosen.update(every[start:stop:step])
        else:
            raise LensError(
                f"--layers: cannot read {part!r}; write numbers, ranges and slices, such as "
                "0,8,16-32 or ::2",
                exit_code=2,
            )
    return sorted(chosen)
