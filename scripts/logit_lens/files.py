"""Writing files so that a reader never meets half of one.

Does not know what is in them.

>>> write_atomically(Path("outputs/report.html"), b"<!doctype html>")
"""

import contextlib
import errno
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from . import LensError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_SUFFIX = ".lens.part"
_LEFTOVER = re.compile(r"\..+\.[a-z0-9_]{8}" + re.escape(_SUFFIX), re.DOTALL)
_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = "no permission to write there; choose another place"
_ABANDONED = 3600.0  # seconds; where files cannot be locked, older temporary ones are nobody's


class CannotWriteError(LensError):
    """The place where things are written takes no more: going on would fail the same way.

    Attributes:
        needed: bytes that were to be written, in all files, where room is what is missing; else 0.
    """

    def __init__(self, message: str, needed: int = 0) -> None:
        """Say what could not be written and why."""
        super().__init__(message, for_all=True)
        self.needed = needed


def is_folder(path: Path | str) -> bool:
    """Whether it is a folder; False too where it could not even be a name (too long, a NUL)."""
    return os.path.isdir(path)  # noqa: PTH112 (Path.is_dir raises there)


def is_page(path: Path) -> bool:
    """Whether a path names an HTML file rather than a folder to come."""
    return path.suffix.lower() in (".html", ".htm")


def refuse_unwritable(path: Path) -> None:
    """Say before hours of work that their result could not be written. Nothing is created.

    Raises:
        LensError: a folder is in the way.
        CannotWriteError: a file is where a folder should be, or writing is not allowed there.
    """
    try:
        if path.is_dir():
            raise LensError(f"cannot write {path}: it is a folder; name a file in it")
        folder = next(place for place in path.absolute().parents if place.exists())
        if not folder.is_dir():
            raise CannotWriteError(f"cannot write {path}: {folder.name} is a file, not a folder")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise CannotWriteError(f"cannot write {path}: {_NOT_ALLOWED}")
    except OSError as error:
        raise CannotWriteError(f"cannot write {path}: {error.strerror or error}") from error


def write_atomically(path: Path, data: bytes | Iterable[bytes], whole: int = 0) -> None:
    """Write ``data`` beside ``path``, sync it, and rename it into place.

    A reader sees the old file or the whole new one, also after a crash or a power cut. The folder
    is created when it is missing.

    Args:
        path: where it goes.
        data: what it holds, at once or piece by piece.
        whole: bytes of all the files that belong to it, where it is not alone.

    Raises:
        LensError: a folder is in the way.
        CannotWriteError: the folder or the file cannot be written, or the disk is full.
    """
    temporary: str | None = None
    written = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise LensError(f"cannot write {path}: it is a folder; name a file in it")
        handle, temporary = _locked_temporary(path)
        with os.fdopen(handle, "wb") as file:
            for piece in [data] if isinstance(data, bytes) else data:
                written += len(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            # mkstemp makes private files; a report is meant to be shared like any other file
            Path(temporary).chmod(0o666 & ~_umask())
            if fcntl:  # renamed while the lock is held: nobody takes it for a leftover
                Path(temporary).replace(path)
                temporary = None
        if temporary is not None:
            Path(temporary).replace(path)
            temporary = None
    except OSError as error:
        needed = (whole or written) if error.errno in _ROOM else 0
        need = f" ({needed / 1e6:.1f} MB are needed)" if needed else ""
        reason = _NOT_ALLOWED if isinstance(error, PermissionError) else error.strerror or error
        raise CannotWriteError(f"cannot write {path}: {reason}{need}", needed) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write files that belong to one thing; where one finds no room, all of them are said to.

    Raises:
        LensError: as ``write_atomically``.
    """
    whole = sum(map(len, files.values()))
    for path, data in files.items():
        write_atomically(path, data, whole)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of runs that were killed, and leave those of running ones."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _LEFTOVER.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    _remove_if_abandoned(Path(entry.path))


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Inside, no other process is in such a block for this folder; a killed one lets others in."""
    if fcntl is None:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle, wait=True)
        yield
    finally:
        os.close(handle)


def _locked_temporary(path: Path) -> tuple[int, str]:
    """A new file beside ``path``, locked: the lock dies with the process, as the file should."""
    while True:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name[:40]}.", suffix=_SUFFIX
        )
        _lock(handle, wait=True)
        if Path(name).exists():
            return handle, name
        os.close(handle)  # taken for a leftover between its making and its locking


def _remove_if_abandoned(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        free = _lock(handle, wait=False)
        if free is None:
            free = time.time() - os.fstat(handle).st_mtime > _ABANDONED
        if free:
            path.unlink(missing_ok=True)  # while it is locked: see _locked_temporary
    finally:
        os.close(handle)


def _lock(handle: int, wait: bool) -> bool | None:
    """Lock an open file; False where another process holds it, None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return None
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
