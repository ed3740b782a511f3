"""LensRecord: everything that one image and one prompt gave, and its .npz form.

What its arrays must be is ``contract.py``'s, checked on the way in and out. Does not know torch,
nor how a report looks. The axis order is (layer, position, rank) everywhere.

>>> record = load_record(Path("outputs/demo.npz"))
>>> record.token(record.top_ids[-1, -1, 0])      # what the model says next
'▁yes'
"""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import LensError
from .archive import Archive, open_archive
from .contract import ANSWER, CONTRACT, IMAGE, OPTIONAL, TEXT, check_contract, check_shapes
from .files import write_atomically
from .images import embedded_size
from .meta import FORMAT, LONGEST, read_meta

__all__ = ["ANSWER", "FORMAT", "IMAGE", "TEXT", "LensRecord", "load_meta", "load_record"]


@dataclass(frozen=True, eq=False)
class LensRecord:
    """What the lens read, with all that is needed to show it.

    Attributes:
        meta: provenance: model, revision, lens, prompt, answer, dtype, device, image, crop, check,
            seconds, versions, created.
        layers: (layer,) layer numbers; 0 is the embeddings, the last one the model's output.
        input_ids: (position,) the sequence, answer included.
        position_kind: (position,) 0 text, 1 image, 2 generated answer.
        top_ids: (layer, position, rank) token ids, most likely first.
        top_probs: (layer, position, rank) their probabilities, 0..1.
        entropy: (layer, position) in nats; NaN where not recorded.
        kl: (layer, position) KL(p_N ‖ p_l) in nats; NaN where not recorded.
        patch_boxes: (position, 4) left, top, right, bottom in pixels of the upright original; NaN
            where a position has no place on the image.
        patch_view: (position,) 0 the whole image, 1.. its tiles, −1 none.
        tracked_ids: (tracked,) tokens recorded in every cell.
        tracked_probs: (layer, position, tracked) their probabilities.
        tracked_ranks: (layer, position, tracked) their ranks in the full vocabulary; 0 is the top.
        token_ids: (token,) every id that occurs above, ascending.
        token_text: (token,) its display text.
        image: (byte,) a PNG or JPEG file of the upright original; empty without an image.
        extra: further arrays, by the names of ``contract.OPTIONAL``; only what was recorded.
    """

    meta: dict[str, Any]
    layers: np.ndarray
    input_ids: np.ndarray
    position_kind: np.ndarray
    top_ids: np.ndarray
    top_probs: np.ndarray
    entropy: np.ndarray
    kl: np.ndarray
    patch_boxes: np.ndarray
    patch_view: np.ndarray
    tracked_ids: np.ndarray
    tracked_probs: np.ndarray
    tracked_ranks: np.ndarray
    token_ids: np.ndarray
    token_text: np.ndarray
    image: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint8))
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check every array against the contract."""
        unknown = sorted(self.extra.keys() - OPTIONAL.keys())
        if unknown:
            raise LensError(f"extra holds {unknown[0]!r}, which the contract does not name")
        check_contract(self.arrays(), self.meta)

    def arrays(self) -> dict[str, Any]:
        """Every array by its name, the optional ones that were recorded included."""
        return {name: getattr(self, name) for name in CONTRACT} | dict(self.extra)

    def token(self, token_id: int) -> str:
        """The display text of a token id."""
        index = int(np.searchsorted(self.token_ids, token_id))
        if index == len(self.token_ids) or self.token_ids[index] != token_id:
            raise KeyError(f"token {token_id} does not occur in this record")
        return str(self.token_text[index])

    def top(self, layer: int, position: int) -> list[tuple[str, float]]:
        """The likeliest tokens of one cell and their probabilities, most likely first.

        Args:
            layer: the layer's number, 0 for the embeddings.
            position: counted from 0, or from the end where negative.

        Raises:
            KeyError: the layer was not recorded.
            IndexError: there is no such position.
        """
        row = self.row(layer)
        ids, probs = self.top_ids[row, position], self.top_probs[row, position]
        return [(self.token(int(i)), float(p)) for i, p in zip(ids, probs, strict=True)]

    def row(self, layer: int) -> int:
        """Where a layer lies on the layer axis.

        Raises:
            KeyError: the layer was not recorded.
        """
        found = np.flatnonzero(self.layers == layer)
        if not len(found):
            raise KeyError(f"layer {layer} is not in this record; it has {self.layers.tolist()}")
        return int(found[0])

    def to_frame(self) -> Any:
        """All top tokens as a pandas DataFrame: a row per layer, position and rank.

        Columns: layer, position, kind, rank, id, token, prob, entropy, kl.

        Raises:
            LensError: pandas, which is not among the requirements, is not installed.
        """
        try:
            import pandas
        except ModuleNotFoundError as error:
            raise LensError("to_frame needs pandas: pip install pandas") from error

        k = self.top_ids.shape[-1]
        layer, position, rank = (axis.ravel() for axis in np.indices(self.top_ids.shape))
        where = np.searchsorted(self.token_ids, self.top_ids.ravel())
        return pandas.DataFrame(
            {
                "layer": self.layers[layer],
                "position": position,
                "kind": np.array(["text", "image", "answer"])[self.position_kind[position]],
                "rank": rank,
                "id": self.top_ids.ravel(),
                "token": self.token_text[where],
                "prob": self.top_probs.ravel(),
                "entropy": np.repeat(self.entropy.ravel(), k),
                "kl": np.repeat(self.kl.ravel(), k),
            }
        )

    def packed(self) -> bytes:
        """The record as a compressed .npz."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, meta=np.array(json.dumps(self.meta)), **self.arrays())
        return buffer.getvalue()

    def save(self, path: Path) -> None:
        """Write the record as a compressed .npz, whole or not at all."""
        write_atomically(path, self.packed())


def load_record(path: Path) -> LensRecord:
    """Read a record; keys that the contract does not name are ignored.

    Raises:
        LensError: no such file, not a .npz, or a key missing or malformed (and which).
    """
    with _blaming(path), open_archive(path) as archive:
        archive.read_headers(("meta", *CONTRACT, *OPTIONAL))
        missing = [name for name in ("meta", *CONTRACT) if name not in archive.headers]
        if missing:
            raise LensError(f"it lacks {', '.join(missing)}")
        sizes: dict[str, int] = {}
        for table in (CONTRACT, OPTIONAL):  # before any of them is unpacked
            check_shapes(archive.headers, table, sizes)
        meta = _meta_of(archive)
        arrays = {name: archive.array(name) for name in CONTRACT}
        extra = {name: archive.array(name) for name in OPTIONAL if name in archive.headers}
        if len(arrays["image"]):
            embedded_size(arrays["image"].tobytes())
        return LensRecord(meta=meta, **arrays, extra=extra)


def load_meta(path: Path) -> dict[str, Any]:
    """What a record's file says of itself; nothing else of it is unpacked.

    Raises:
        LensError: it is not a record.
    """
    with _blaming(path), open_archive(path) as archive:
        archive.read_headers(["meta"])
        return _meta_of(archive)


def _meta_of(archive: Archive) -> dict[str, Any]:
    header = archive.headers.get("meta")
    if header is None or header.shape != () or header.dtype.kind != "U":
        raise LensError("meta is not one string")
    if header.size > 4 * LONGEST:  # before it is unpacked
        raise LensError(f"meta has {header.size // 4:,} characters, {LONGEST:,} are the limit")
    return read_meta(str(archive.array("meta")))


@contextlib.contextmanager
def _blaming(path: Path) -> Iterator[None]:
    """Whatever is raised inside becomes one line that names the file."""
    try:
        if not path.is_file():
            raise LensError("it is not a file" if path.exists() else "there is no such file")
        yield
    except LensError as error:
        raise LensError(f"cannot read {path}: {error}") from error
    except Exception as error:  # a damaged archive makes zipfile, zlib and NumPy raise anything
        reason = str(error).split(".")[0] or type(error).__name__
        raise LensError(f"cannot read {path}: not a record of this tool ({reason})") from error
