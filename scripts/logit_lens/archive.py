"""An .npz file that need not be trusted: what it holds is known before any of it is unpacked.

NumPy unpacks an array to say what it is; here types and shapes are read from the first bytes of
each member, the sizes they declare are held against what is in the archive, and an array is
unpacked when somebody asks for it. Does not know records.

>>> with open_archive(Path("outputs/demo.npz")) as archive:
...     archive.headers["top_ids"].shape, archive.array("layers")
((9, 75, 10), array([0, 1, 2, 3, 4, 5, 6, 7, 8], dtype=int32))
"""

import contextlib
import io
import math
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from . import LensError

_GULP = 2**20  # bytes; zipfile reads an archive's list of names at once: some 10,000 of them
_PIECE = 2**18  # bytes that are unpacked at a time
_HEADER = 12_000  # bytes; NumPy allows a header 10,000
# A record is packed to a third or so: its numbers are noise, but its texts are padded to the
# longest. Zeros are packed to a thousandth. So this is generous to any record, and stops bombs.
_MOST_TIMES = 20  # how many times its own size an archive may unpack to
_NUMBERS, _TEXTS = 32_000_000, 128_000_000  # bytes that any archive may unpack to, however small


@dataclass(frozen=True)
class Header:
    """What an array says of itself."""

    dtype: np.dtype
    shape: tuple[int, ...]
    fortran: bool
    start: int  # where in the member its numbers begin

    @property
    def size(self) -> int:
        """Bytes of its numbers."""
        return math.prod(self.shape) * self.dtype.itemsize


class Archive:
    """The arrays of an open .npz file, by name.

    Attributes:
        headers: name → what the array says of itself.
    """

    def __init__(self, zipped: zipfile.ZipFile, size: int) -> None:
        """Read the headers of all arrays; ``size`` is the file's, in bytes."""
        self._zipped, self._size = zipped, size
        members = [name for name in zipped.namelist() if name.endswith(".npy")]
        self._members = {name.removesuffix(".npy"): name for name in members}
        self.headers: dict[str, Header] = {}

    def read_headers(self, names: Iterable[str]) -> None:
        """Read what these arrays say of themselves, those that are there.

        Raises:
            LensError: an array is not as it says, or all together are out of proportion.
        """
        for name in names:
            if name in self._members:
                self.headers[name] = self._header(name)
        texts = sum(h.size for h in self.headers.values() if h.dtype.kind == "U")
        numbers = sum(h.size for h in self.headers.values()) - texts
        most = _MOST_TIMES * self._size
        if numbers > max(_NUMBERS, most) or texts > max(_TEXTS, most):
            raise LensError(
                f"it would unpack from {self._size / 1e6:,.1f} MB to "
                f"{(numbers + texts) / 1e6:,.0f} MB, which no record does"
            )

    def array(self, name: str) -> np.ndarray:
        """Unpack an array whose header was read."""
        header = self.headers[name]
        data = bytearray(header.size)
        with self._zipped.open(self._members[name]) as file:
            file.read(header.start)
            for begin in range(0, header.size, _PIECE):
                piece = file.read(min(_PIECE, header.size - begin))
                data[begin : begin + len(piece)] = piece
            file.read(1)  # at its end zipfile compares the checksum
        return np.ndarray(header.shape, header.dtype, data, order="F" if header.fortran else "C")

    def _header(self, name: str) -> Header:
        info = self._zipped.getinfo(self._members[name])
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise LensError(f"{name} is packed in a way that NumPy never uses")
        with self._zipped.open(info) as file:
            first = io.BytesIO(file.read(_HEADER))
        try:
            read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
            shape, fortran, dtype = read[npy.read_magic(first)](first)
        except (ValueError, KeyError) as error:
            raise LensError(f"{name} is not an array that can be read") from error
        header = Header(dtype, shape, fortran, first.tell())
        if dtype.hasobject:
            raise LensError(f"{name} holds Python objects, which are never unpacked")
        if min(shape, default=0) < 0 or header.size != info.file_size - header.start:
            raise LensError(
                f"{name} says that it has shape {shape}, but holds {info.file_size:,} bytes"
            )
        return header


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open an .npz file; no header is read yet.

    Raises:
        LensError: it is no .npz file, or lists more arrays than any record has.
        OSError: it cannot be read.
    """
    with _Sips(path) as file:
        try:
            zipped = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise LensError("it is no .npz file, or only a part of one") from error
        with zipped:
            yield Archive(zipped, path.stat().st_size)


class _Sips(io.FileIO):
    """A file that is not read in one gulp."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _GULP:
            raise LensError("it lists more arrays than any record has")
        return super().read(size)
