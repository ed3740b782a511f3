#!/usr/bin/env python3
"""Read a vision-language model through the logit lens: one command, one interactive HTML report.

    python scripts/create_logit_lens.py --demo
    python scripts/create_logit_lens.py --image dog.jpg --prompt "What is on the grass?"

The last line on stdout is the path of the report; progress and errors go to stderr. Exit codes:
0 all written, 1 something failed, 2 bad arguments, 130 interrupted.
"""

import re
import signal
import sys
from pathlib import Path

from logit_lens import LensError
from logit_lens.arguments import Arguments, parse_arguments
from logit_lens.environment import prepare_libraries


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    try:
        arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
        path = render_again(arguments) if arguments.from_data else read_image(arguments)
        if arguments.open:
            open_in_browser(path)
        print(path, flush=True)
    except LensError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    return 0


def render_again(arguments: Arguments) -> Path:
    """Make a report of a record that is already there."""
    from logit_lens.record import load_record
    from logit_lens.report import write_report

    assert arguments.from_data is not None
    record = load_record(arguments.from_data)
    path = arguments.output or arguments.from_data.with_suffix(".html")
    if path.suffix != ".html":
        path = path / f"{arguments.from_data.stem}.html"
    write_report(record, path)
    return path


def read_image(arguments: Arguments) -> Path:
    """Load the model, read the image through the lens, write the report."""
    from logit_lens.images import open_picture

    picture = open_picture(arguments.image[0]) if arguments.image else None
    path = output_path(arguments)

    # torch takes seconds to import: nothing above may need it
    prepare_libraries(arguments.quiet, offline=Path(arguments.model).is_dir())
    from tqdm import tqdm

    from logit_lens.pipeline import make_record
    from logit_lens.report import write_report
    from logit_lens.vlm import load_vlm

    vlm = load_vlm(arguments.model, arguments.device, arguments.dtype)
    with tqdm(desc="lens", unit=" positions", disable=True if arguments.quiet else None) as bar:
        record = make_record(vlm, picture, arguments, on_progress=bar.update)
    check = record.meta["check"]
    if not check["passed"] and not arguments.force:
        raise LensError(
            f"self-check failed: the lens at layer {vlm.n_layers} differs from the model's own "
            f"logits by {check['max_abs_logit_diff']:.3g} (tolerance {check['tolerance']:.3g}); "
            "nothing was written. --force writes the report with a warning"
        )
    if arguments.save_data:
        record.save(path.with_suffix(".npz"))
    write_report(record, path)
    return path


def output_path(arguments: Arguments) -> Path:
    """Where the report goes: --output, or outputs/<model>_<image>_logit_lens.html."""
    model = Path(arguments.model).name
    image = arguments.image[0].stem if arguments.image else "text"
    name = re.sub(r"[^\w.-]+", "_", f"{model}_{image}") + "_logit_lens.html"
    if arguments.output is None:
        return Path("outputs") / name
    if arguments.output.suffix == ".html":
        return arguments.output
    return arguments.output / name


def open_in_browser(path: Path) -> None:
    """Show the report."""
    import webbrowser

    webbrowser.open(path.resolve().as_uri())


if __name__ == "__main__":
    exit_code = main()
    # all is written: an interrupt while the interpreter shuts down changes nothing any more
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(exit_code)
