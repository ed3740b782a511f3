"""The command's flags and what they say about themselves; see arguments.py for what is checked.

>>> build_parser().parse_args(["--top-k", "5"]).top_k
5
"""

import argparse
from pathlib import Path

from .. import __version__
from ..reading.options import DEFAULT_PROMPT
from .parser import OneLineParser, image_path, program_name

DEFAULT_MODEL = "llava-hf/llava-1.5-7b-hf"
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


def build_parser() -> argparse.ArgumentParser:
    """The parser; a test compares its flags with the README."""
    parser = OneLineParser(
        prog=program_name(),
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
        type=image_path,
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

    model = parser.add_argument_group("the model")
    model.add_argument(
        "--model",
        metavar="ID_OR_PATH",
        help=f"hub id or folder of any image-text-to-text model (default: {DEFAULT_MODEL})",
    )
    model.add_argument(
        "--adapter",
        metavar="PATH",
        help="folder or hub id of an adapter (LoRA) to put on top of the model (needs the package "
        "peft); an adapter named as --model brings its base",
    )
    model.add_argument(
        "--chat-template",
        metavar="NAME|FILE",
        help="which of the checkpoint's chat templates to use, or a file with another one",
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
        "--device-map",
        metavar="auto|JSON",
        help="spread a model that is larger than one device over all of them, memory and disk: "
        "auto, or a JSON map of modules to devices, or a file that holds one",
    )
    model.add_argument(
        "--quantize",
        choices=["8bit", "4bit"],
        help="load the weights in 8 or 4 bits (needs the package bitsandbytes)",
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

    lens.add_argument(
        "--lens",
        nargs="+",
        dest="lenses",
        default=[],
        metavar="SOURCE",
        help="read through these too, beside the logit lens: a tuned lens's folder, a file of "
        "Jacobians, a file of fit_lens.py, or a hub id of one",
    )

    needs = parser.add_argument_group("what the answer needs (the demo does all three)")
    needs.add_argument(
        "--ablate",
        action="store_true",
        help="replace windows of patches at the decoder's input, and see what each word of the "
        "answer loses",
    )
    needs.add_argument(
        "--ablate-window",
        type=int,
        default=3,
        metavar="N",
        help="patches along a window's side (default: 3)",
    )
    needs.add_argument(
        "--ablate-stride",
        type=int,
        default=2,
        metavar="N",
        help="patches from one window to the next (default: 2); 1 makes the sharpest map and takes "
        "four times as long",
    )
    needs.add_argument(
        "--ablate-with",
        default="mean",
        metavar="mean|zero|FILE",
        help="what to put in place of patches: the mean of this image's, zero, or the vector in a "
        ".npy or .pt file (default: mean)",
    )
    needs.add_argument(
        "--knockout",
        action="store_true",
        help="block attention to the image and to the prompt by bands of layers, and see what each "
        "word loses",
    )
    needs.add_argument(
        "--attribute",
        action="store_true",
        help="split each word's logit into what attention, MLP and each patch wrote directly",
    )
    needs.add_argument(
        "--against-token",
        default="",
        metavar="WORD",
        help="contrast with this word's logit (default: the runner-up at each position)",
    )

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
