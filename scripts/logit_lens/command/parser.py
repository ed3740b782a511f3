"""How the command line is read: errors of one line, the program's own name. Knows no flag.

>>> OneLineParser(prog=program_name()).error("no such flag")
error: no such flag (see --help)
"""

import argparse
import sys
from pathlib import Path
from typing import NoReturn


class OneLineParser(argparse.ArgumentParser):
    """argparse whose errors are one line: ``error: …``."""

    def error(self, message: str) -> NoReturn:
        """Say it and end with exit code 2."""
        self.exit(2, f"error: {message} (see --help)\n")


def image_path(text: str) -> str:
    """What ``--image`` names; an empty path would be the folder itself."""
    if not text:
        raise argparse.ArgumentTypeError("an empty path; name a file or a folder")
    return text


def program_name() -> str:
    """What the command was called by: the script, or the name that an installation gives it."""
    called = Path(sys.argv[0]).stem
    return called if called == "logit-lens" else "create_logit_lens.py"
