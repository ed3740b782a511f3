"""The flags of a reading: the model, the lens, and what the answer needs.

>>> add_lens_flags(parser)
"""

import argparse

DEFAULT_MODEL = "llava-hf/llava-1.5-7b-hf"


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """Which model, where it is loaded, and how long it may answer."""
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


def add_lens_flags(parser: argparse.ArgumentParser) -> None:
    """What is kept of every cell, and through which lenses."""
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


def add_experiment_flags(parser: argparse.ArgumentParser) -> None:
    """Which experiments are made with the answer."""
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
