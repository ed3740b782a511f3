"""The command's flags and what they say about themselves; see arguments.py for what is checked.

>>> build_parser().parse_args(["--top-k", "5"]).top_k
5
"""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from .. import __version__
from ..reading.options import DEFAULT_PROMPT
from .reading_flags import add_experiment_flags, add_lens_flags, add_model_flags

EPILOG = """\
examples:
  create_logit_lens.py --demo --open
  create_logit_lens.py --image dog.jpg --prompt "What is on the grass?" --track dog cat
  create_logit_lens.py --image dog.jpg --model Qwen/Qwen2.5-VL-7B-Instruct --layers ::2
  create_logit_lens.py --image photos/ more/*.jpg --output outputs/photos
  create_logit_lens.py --from-data outputs/run.npz
  create_logit_lens.py --from-data outputs/photos
  create_logit_lens.py --image dog.jpg --against blur
  create_logit_lens.py --compare outputs/base.npz outputs/tuned.npz
"""


class _Parser(argparse.ArgumentParser):
    """argparse whose errors are one line: ``error: …``."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see --help)\n")


def _image(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("an empty path; name a file or a folder")
    return text


def _program() -> str:
    """What the command was called by: the script, or the name that an installation gives it."""
    called = Path(sys.argv[0]).stem
    return called if called == "logit-lens" else "create_logit_lens.py"


def build_parser() -> argparse.ArgumentParser:
    """The parser; a test compares its flags with the README."""
    parser = _Parser(
        prog=_program(),
        description="Read every layer and position of a vision-language model through the logit "
        "lens, and write one self-contained interactive HTML report.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_argument_group("what to read")
    what.add_argument(
        "--image",
        nargs="+",
        type=_image,
        default=[],
        metavar="PATH",
        help="image files, folders of images, patterns, http(s) addresses, or - for standard "
        "input; several make a folder of reports and an index, "
        "and what is finished there already is kept",
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
        help="render a record (.npz of --save-data) again, without a model; of a folder, all its "
        "records and the index",
    )
    what.add_argument(
        "--compare",
        nargs=2,
        type=Path,
        metavar=("A.npz", "B.npz"),
        help="one page of what differs between two records of --save-data, without a model",
    )
    what.add_argument(
        "--against",
        metavar="WHAT",
        help="read a second time and compare every cell exactly; WHAT is another image, blur, "
        "grey, swap-prompt=TEXT or model=ID_OR_PATH",
    )

    add_model_flags(parser)
    add_lens_flags(parser)
    add_experiment_flags(parser)

    out = parser.add_argument_group("the report")
    out.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="an .html file for one image, else a folder "
        "(default: outputs/<model>_<image>_logit_lens.html)",
    )
    out.add_argument(
        "--overwrite",
        action="store_true",
        help="make finished reports of a folder again",
    )
    out.add_argument(
        "--save-data",
        action="store_true",
        help="write the record beside the report, same name, .npz",
    )
    out.add_argument(
        "--force",
        action="store_true",
        help="write the report although the self-check failed (with a red banner), and read a "
        "checkpoint that lacks weights",
    )
    out.add_argument("--open", action="store_true", help="open the report in the browser")
    out.add_argument("--quiet", action="store_true", help="no progress on stderr")
    out.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser
