"""What the command asks of where it runs: signals, streams, a browser, the end of the process.

Does not know images or models, and imports next to nothing.

>>> say(Path("outputs/report.html"))
outputs/report.html
"""

import atexit
import contextlib
import io
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from .. import LensError

# Ctrl-C, kill, and the end of the terminal; Windows has no SIGHUP
POLITE_KILLS = [signal.SIGINT, signal.SIGTERM, *filter(None, [getattr(signal, "SIGHUP", None)])]


def prepare_process() -> None:
    """Take any polite kill for Ctrl-C, let stdout take any file name, and have a stderr at all."""
    for number in POLITE_KILLS[1:]:
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup has it ignored, and means it
            signal.signal(number, interrupt)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 (as long as the process lives)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # names of files need not fit the encoding of the terminal
        utf8 = sys.stdout.encoding.lower() in ("utf-8", "utf8")
        sys.stdout.reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")


def interrupt(*_: object) -> None:
    """As Ctrl-C does: what is finished is indexed, nothing is left half-written."""
    with contextlib.suppress(OSError):
        # a terminal that has gone is none any more, and every word to it an error
        if stat.S_ISCHR(os.fstat(2).st_mode) and not os.isatty(2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
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


def resumable(work: Callable[[], int]) -> int:
    """The exit code of work that goes on where it was when its command is given again.

    Args:
        work: gives the code where nothing stopped it.
    """
    try:
        return work()
    except LensError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def leave(exit_code: int) -> NoReturn:
    """End the process; when something went wrong, without waiting for its threads.

    One may be reading from a disk or a server that does not answer. What was registered for the
    end is done.
    """
    # all is written: an interrupt while the interpreter shuts down changes nothing any more
    for number in POLITE_KILLS:
        signal.signal(number, signal.SIG_IGN)
    if exit_code:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(exit_code)
    sys.exit(exit_code)
