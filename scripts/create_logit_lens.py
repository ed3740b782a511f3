#!/usr/bin/env python3
"""Read a vision-language model through the logit lens: one command, one interactive HTML report.

    python scripts/create_logit_lens.py --demo
    python scripts/create_logit_lens.py --image dog.jpg --prompt "What is on the grass?"
    python scripts/create_logit_lens.py --image photos/ more/*.jpg     # a report each, and an index

The last line on stdout is the path of the report, or of the index; progress and errors go to
stderr. Exit codes: 0 all written, 1 something failed, 2 bad arguments, 130 interrupted.

This file keeps the process; what the command does is told in ``logit_lens/command/run.py``.
"""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    try:
        return run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130


def run(argv: list[str]) -> int:
    """Run the command, and say in one line what stopped it."""
    # Imported here, where an interrupt is answered: NumPy and Pillow take some of a second, and
    # torch, which takes many, waits until there is something to read.
    from logit_lens import LensError
    from logit_lens.command.arguments import parse_arguments
    from logit_lens.command.terminal import open_in_browser, say

    try:
        arguments = parse_arguments(argv)
        from logit_lens.command.perform import work_of

        path, failed = work_of(arguments)(arguments)
        if path is not None:
            if arguments.open:
                open_in_browser(path)
            say(path)
    except LensError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        from logit_lens.command.batch import reason_of

        print(f"error: {reason_of(error)}; python -X dev shows more", file=sys.stderr)
        return 1
    return 1 if failed else 0


def command() -> None:
    """The whole process: prepare it, run the command, end with its exit code."""
    try:
        from logit_lens.command.terminal import leave, prepare_process

        prepare_process()
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        sys.exit(130)
    leave(main())


if __name__ == "__main__":
    command()
