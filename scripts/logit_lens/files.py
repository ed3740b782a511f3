"""Writing files so that a reader never meets half of one.

Does not know what is in them.

>>> write_atomically(Path("outputs/report.html"), b"<!doctype html>")
"""

import os
import tempfile
from pathlib import Path

from . import LensError


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` beside ``path``, sync it, and rename it into place.

    A reader sees the old file or the whole new one, also after a crash or a power cut. The folder
    is created when it is missing.

    Raises:
        LensError: the folder or the file cannot be written, or the disk is full.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise LensError(f"cannot write {path}: it is a folder; name a file in it")
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name[:60]}.", suffix=".part"
        )
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; a report is meant to be shared like any other file
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        need = f" ({len(data) / 1e6:.1f} MB are needed)" if error.errno == 28 else ""
        raise LensError(f"cannot write {path}: {error.strerror or error}{need}") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
