"""What the command asks of where it runs: signals, streams, a browser, the end of the process.

Does not know images or models, and imports next to nothing.

>>> say(Path("outputs/report.html"))
outputs/report.html
"""

import atexit
import io
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from .. import LensError


def prepare_process() -> None:
    """Take a polite kill for Ctrl-C, let stdout take any file name, and have a stderr at all."""
    signal.signal(signal.SIGTERM, interrupt)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 (as long as the process lives)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # names of files need not fit the encoding of the terminal
        utf8 = sys.stdout.encoding.lower() in ("utf-8", "utf8")
        sys.stdout.reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")


def interrupt(*_: object) -> None:
    """As Ctrl-C does: what is finished is indexed, nothing is left half-written."""
    raise KeyboardInterrupt


def say(path: Path) -> None:
    """The one line on stdout; nobody need be listening.

    Raises:
        LensError: it cannot be written.
    """
    try:
        print(path, flush=True)
    except OSError as error:
        sys.stdout = None  # or Python would try again when it ends
        if not isinstance(error, BrokenPipeError):
            raise LensError(f"{path} is written, but not said: stdout: {error.strerror}") from error


def open_in_browser(path: Path) -> None:
    """Show the report."""
    import webbrowser

    webbrowser.open(path.resolve().as_uri())


def leave(exit_code: int) -> NoReturn:
    """End the process; after an interrupt without waiting for its threads.

    One may be reading from a disk that does not answer. What was registered for the end is done.
    """
    # all is written: an interrupt while the interpreter shuts down changes nothing any more
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if exit_code == 130:
        atexit._run_exitfuncs()
        os._exit(exit_code)
    sys.exit(exit_code)
