"""The command's arguments: what may be said, and what can be refused before torch is imported.

>>> parse_arguments(["--image", "dog.jpg", "--top-k", "5"]).top_k
5
"""

import argparse
import importlib.util
import sys
from dataclasses import dataclass, fields
from pathlib import Path

from .. import LensError
from ..files import is_folder, is_page
from ..model.device_map import DeviceMap, read_device_map
from ..reading.layers import select_layers
from ..reading.options import DEFAULT_PROMPT, ReadOptions
from ..resources import DEMO_IMAGE, DEMO_LENS, DEMO_MODEL
from .against import Against, read_against
from .flags import DEFAULT_MODEL, build_parser
from .patterns import named_images

_ANY_LAYER = 99_999  # before the model is known, only the form of --layers can be checked


@dataclass(frozen=True)
class Arguments:
    """The command line, checked."""

    image: list[str]
    prompt: str
    raw_prompt: bool
    model: str
    adapter: str | None
    chat_template: str | None
    demo: bool
    output: Path | None
    overwrite: bool
    top_k: int
    max_new_tokens: int
    track: list[str]
    layers: str
    lenses: list[str]
    ablate: bool
    ablate_window: int
    ablate_stride: int
    ablate_with: str
    knockout: bool
    attribute: bool
    against_token: str
    device: str
    dtype: str
    device_map: DeviceMap | None
    quantize: str | None
    save_data: bool
    from_data: Path | None
    compare: tuple[Path, Path] | None
    against: Against | None
    force: bool
    open: bool
    quiet: bool

    @property
    def one_image(self) -> bool:
        """Whether this makes one report, and not a folder of them."""
        return len(self.image) < 2 and not any(map(is_folder, self.image))

    @property
    def reading(self) -> ReadOptions:
        """What of them the reading needs to know."""
        return ReadOptions(**{name.name: getattr(self, name.name) for name in fields(ReadOptions)})


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


def _fill_in_defaults(named: argparse.Namespace) -> None:
    named.compare = named.compare and tuple(named.compare)
    named.against = None if named.against is None else read_against(_utf8(named.against))
    if named.demo:
        named.model = named.model or str(DEMO_MODEL)
        if not named.image:
            named.image = [str(DEMO_IMAGE)]
        if named.max_new_tokens > 0 and named.against is None:  # cheap on so small a model
            named.ablate = named.knockout = named.attribute = True
        of_the_demo = named.model == str(DEMO_MODEL) and named.adapter is None
        if of_the_demo and named.against is None:
            named.lenses = named.lenses or [str(DEMO_LENS)]
    if named.model is None and named.adapter is not None:  # it knows its base
        named.model, named.adapter = named.adapter, None
    named.image = named_images(named.image)
    named.model = DEFAULT_MODEL if named.model is None else named.model
    named.prompt = DEFAULT_PROMPT if named.prompt is None else _utf8(named.prompt)
    named.device_map = named.device_map and read_device_map(named.device_map)
    named.track = [_utf8(word) for word in named.track]
    named.against_token = _utf8(named.against_token)


def _utf8(text: str) -> str:
    # arguments need not be UTF-8; tokenizers and pages must be
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def refuse(when: bool, message: str) -> None:
    """Refuse the command line, with what is wrong with it."""
    if when:
        raise LensError(message, exit_code=2)


def _check(arguments: Arguments) -> None:
    refuse(not arguments.prompt.strip(), "--prompt is empty; ask something")
    refuse(not arguments.model.strip(), "--model is empty; name a hub id or a folder")
    refuse(arguments.adapter == "", "--adapter is empty; name a hub id or a folder")
    refuse(arguments.chat_template == "", "--chat-template is empty; name a template or a file")
    refuse(
        arguments.raw_prompt and arguments.chat_template is not None,
        "--raw-prompt uses no chat template; leave out --chat-template",
    )
    refuse(any(not source.strip() for source in arguments.lenses), "--lens has an empty name")
    refuse(
        arguments.from_data is not None and bool(arguments.lenses),
        "--lens needs the model; --from-data has only the record. Read the image again",
    )
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
    refuse(
        arguments.output is not None and is_page(arguments.output) and not arguments.one_image,
        f"--output {arguments.output} is one file, but there are several images; name a folder",
    )
    refuse(
        arguments.from_data is not None
        and is_folder(arguments.from_data)
        and arguments.output is not None
        and is_page(arguments.output),
        f"--output {arguments.output} is one file, but --from-data is a folder; name a folder",
    )
    refuse(
        arguments.device_map is not None and arguments.device != "auto",
        "--device and --device-map both say where the model goes; leave one out",
    )
    refuse(
        arguments.quantize is not None and not importlib.util.find_spec("bitsandbytes"),
        f"--quantize {arguments.quantize} needs the package bitsandbytes: pip install bitsandbytes",
    )
    _check_experiments(arguments)
    _check_comparison(arguments)
    if arguments.layers != "":
        select_layers(arguments.layers, _ANY_LAYER)


def _check_experiments(arguments: Arguments) -> None:
    asked = [
        f"--{name}" for name in ("ablate", "knockout", "attribute") if getattr(arguments, name)
    ]
    refuse(
        arguments.from_data is not None and bool(asked),
        f"{' '.join(asked)} needs the model; --from-data has only the record. Read the image again",
    )
    refuse(
        bool(asked) and arguments.max_new_tokens == 0,
        f"{' '.join(asked)}: there is no answer to ask about with --max-new-tokens 0",
    )
    refuse(
        arguments.ablate and not arguments.image,
        "--ablate replaces patches of an image; name an --image",
    )
    refuse(arguments.ablate_window < 1, "--ablate-window is below 1; a window has patches")
    refuse(
        arguments.ablate_stride < 1,
        "--ablate-stride is below 1; each window begins at another patch",
    )
    refuse(
        arguments.ablate_stride > max(arguments.ablate_window, 2),
        f"--ablate-stride {arguments.ablate_stride} leaves patches out between windows of "
        f"{arguments.ablate_window}; it is at most a window's side",
    )
    refuse(
        arguments.ablate_with not in ("mean", "zero") and not Path(arguments.ablate_with).is_file(),
        f"--ablate-with: {arguments.ablate_with!r} is neither mean, nor zero, nor a file",
    )
    refuse(
        bool(arguments.against_token) and not arguments.attribute,
        "--against-token belongs to --attribute; add it",
    )


def _check_comparison(arguments: Arguments) -> None:
    if arguments.compare is not None:
        others = arguments.from_data or arguments.demo or arguments.image or arguments.against
        refuse(
            bool(others or arguments.save_data),
            "--compare needs two records and no model; leave out --image, --demo, --from-data, "
            "--against and --save-data",
        )
        first, second = arguments.compare
        refuse(
            first == second or (first.exists() and second.exists() and first.samefile(second)),
            f"--compare names the same file twice: {first}",
        )
    if arguments.against is None:
        return
    refuse(
        arguments.from_data is not None,
        "--against needs the model; --from-data has only the record. --compare takes two of them",
    )
    refuse(
        arguments.reading.experiments or bool(arguments.lenses),
        "--against compares two readings; leave out --ablate, --knockout, --attribute and --lens",
    )
    refuse(
        not arguments.image and arguments.against.kind not in ("prompt", "model"),
        "--against changes an image; name an --image",
    )
    refuse(
        arguments.against.kind == "model" and not arguments.one_image,
        "--against model=… reads one image by two models; name one --image",
    )
