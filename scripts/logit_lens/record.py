"""LensRecord: everything that one image and one prompt gave, and its .npz form.

Knows the contract (names, types, shapes) and checks it on the way in and out; does not know torch,
nor how a report looks. The axis order is (layer, position, rank) everywhere.

>>> record = load_record(Path("outputs/demo.npz"))
>>> record.token(record.top_ids[-1, -1, 0])      # what the model says next
'▁yes'
"""

import io
import json
import zipfile
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from . import LensError
from .files import write_atomically

FORMAT = "logit-lens/1"
TEXT, IMAGE, ANSWER = 0, 1, 2  # the values of position_kind

# name -> dtype, axes. L layers, T positions, k ranks, n tracked tokens, V distinct tokens, B bytes.
CONTRACT: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "layers": ("int32", ("L",)),
    "input_ids": ("int64", ("T",)),
    "position_kind": ("uint8", ("T",)),
    "top_ids": ("int32", ("L", "T", "k")),
    "top_probs": ("float32", ("L", "T", "k")),
    "entropy": ("float32", ("L", "T")),
    "kl": ("float32", ("L", "T")),
    "patch_boxes": ("float32", ("T", 4)),
    "patch_view": ("int16", ("T",)),
    "tracked_ids": ("int32", ("n",)),
    "tracked_probs": ("float32", ("L", "T", "n")),
    "tracked_ranks": ("int32", ("L", "T", "n")),
    "token_ids": ("int32", ("V",)),
    "token_text": ("str", ("V",)),
    "image": ("uint8", ("B",)),
}
META_KEYS = {
    "format": str,
    "model": str,
    "prompt": str,
    "answer": str,
    "image": dict,
    "check": dict,
}
# may be missing; what is there is of these types
OPTIONAL_META = {"crop": list, "seconds": dict, "versions": dict, "run": dict}


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

    def __post_init__(self) -> None:
        """Check every array against the contract."""
        check_contract(self)

    def token(self, token_id: int) -> str:
        """The display text of a token id."""
        index = int(np.searchsorted(self.token_ids, token_id))
        if index == len(self.token_ids) or self.token_ids[index] != token_id:
            raise KeyError(f"token {token_id} does not occur in this record")
        return str(self.token_text[index])

    def save(self, path: Path) -> None:
        """Write the record as a compressed .npz, whole or not at all."""
        arrays = {name: getattr(self, name) for name in CONTRACT}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, meta=np.array(json.dumps(self.meta)), **arrays)
        write_atomically(path, buffer.getvalue())


def check_contract(record: LensRecord) -> None:
    """Check types, shapes and ids.

    Raises:
        LensError: naming the key that is not as the contract says.
    """
    sizes: dict[str, int] = {}
    for name, (dtype, axes) in CONTRACT.items():
        array = getattr(record, name)
        if not isinstance(array, np.ndarray):
            raise LensError(f"{name} is not an array")
        if not (array.dtype.kind == "U" if dtype == "str" else array.dtype == dtype):
            raise LensError(f"{name} has type {array.dtype}, not {dtype}")
        if array.ndim != len(axes):
            raise LensError(f"{name} has {array.ndim} axes, not {len(axes)}")
        for axis, size in zip(axes, array.shape, strict=True):
            expected = axis if isinstance(axis, int) else sizes.setdefault(axis, size)
            if size != expected:
                raise LensError(f"{name} has shape {array.shape}, but {axis} is {expected}")
    if min(sizes["L"], sizes["T"], sizes["k"]) < 1:
        raise LensError("top_ids is empty: no layer, no position or no rank")
    if (np.diff(record.layers) <= 0).any():
        raise LensError("layers do not ascend")
    if (np.diff(record.token_ids) <= 0).any():
        raise LensError("token_ids do not ascend")
    if record.position_kind.max() > ANSWER:
        raise LensError("position_kind has a value other than 0, 1, 2")
    for name in ("top_probs", "tracked_probs"):
        values = getattr(record, name)
        # NaN is what a model that overflowed in float16 gives; it is shown, not hidden
        if ((values < 0) | (values > 1.001)).any():
            raise LensError(f"{name} has values outside 0..1")
    if (record.tracked_ranks < 0).any():
        raise LensError("tracked_ranks has negative values")
    for name in ("input_ids", "top_ids", "tracked_ids"):
        if not np.isin(getattr(record, name), record.token_ids).all():
            raise LensError(f"{name} holds an id that token_ids lacks")
    _check_meta(record.meta)


def _check_meta(meta: dict[str, Any]) -> None:
    for key, kind in META_KEYS.items():
        if key not in meta:
            raise LensError(f"meta lacks {key!r}")
        if not isinstance(meta[key], kind):
            raise LensError(f"meta[{key!r}] is not of type {kind.__name__}")
    for key, kind in OPTIONAL_META.items():
        if meta.get(key) is not None and not isinstance(meta[key], kind):
            raise LensError(f"meta[{key!r}] is not of type {kind.__name__}")
    for key in ("name", "width", "height"):
        if key not in meta["image"]:
            raise LensError(f"meta['image'] lacks {key!r}")
    if not isinstance(meta["image"]["name"], str):
        raise LensError("meta['image']['name'] is not of type str")
    crop = meta.get("crop") or [0] * 4
    numbers = [meta["image"]["width"], meta["image"]["height"], *crop]
    if len(crop) != 4 or not all(isinstance(n, int | float) and abs(n) < 1e9 for n in numbers):
        raise LensError("meta: image width and height and the 4 numbers of crop are not in pixels")


def load_record(path: Path) -> LensRecord:
    """Read a record; keys that the contract does not name are ignored.

    Raises:
        LensError: no such file, not a .npz, or a key missing or malformed (and which).
    """
    try:
        if not path.is_file():
            raise LensError("it is not a file" if path.exists() else "there is no such file")
        with zipfile.ZipFile(path):  # what NumPy says of other files is of no help
            pass
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in ("meta", *CONTRACT) if name not in archive]
            if missing:
                raise LensError(f"it lacks {', '.join(missing)}")
            meta = _read_meta(archive["meta"])
            arrays = {f.name: archive[f.name] for f in fields(LensRecord) if f.name != "meta"}
        return LensRecord(meta=meta, **arrays)
    except LensError as error:
        raise LensError(f"cannot read {path}: {error}") from error
    except zipfile.BadZipFile as error:
        raise LensError(f"cannot read {path}: it is no .npz file, or only a part of one") from error
    except Exception as error:  # a damaged archive makes zipfile, zlib and NumPy raise anything
        reason = str(error).split(".")[0] or type(error).__name__
        raise LensError(f"cannot read {path}: not a record of this tool ({reason})") from error


def _read_meta(array: np.ndarray) -> dict[str, Any]:
    if array.ndim != 0 or array.dtype.kind != "U":
        raise LensError("meta is not one string")
    try:
        meta = json.loads(str(array))
    except json.JSONDecodeError as error:
        raise LensError(f"meta is not JSON ({error})") from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        found = meta.get("format") if isinstance(meta, dict) else meta
        raise LensError(f"meta says format {found!r}, this program reads {FORMAT!r}")
    return meta
