"""What the arrays of a record must be: names, types, axes, values, and what meta must hold.

Does not know files, nor what any of it means to a reader.

>>> CONTRACT["top_probs"]
('float32', ('L', 'T', 'k'))
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import LensError

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


def check_contract(arrays: Mapping[str, Any], meta: dict[str, Any]) -> None:
    """Check types, shapes and ids.

    Args:
        arrays: by the names of the contract.
        meta: what goes with them.

    Raises:
        LensError: naming the key that is not as the contract says.
    """
    _check_shapes(arrays)
    _check_values(arrays)
    _check_meta(meta)


def _check_shapes(arrays: Mapping[str, Any]) -> None:
    sizes: dict[str, int] = {}
    for name, (dtype, axes) in CONTRACT.items():
        array = arrays[name]
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


def _check_values(arrays: Mapping[str, Any]) -> None:
    if (np.diff(arrays["layers"]) <= 0).any():
        raise LensError("layers do not ascend")
    if (np.diff(arrays["token_ids"]) <= 0).any():
        raise LensError("token_ids do not ascend")
    if arrays["position_kind"].max() > ANSWER:
        raise LensError("position_kind has a value other than 0, 1, 2")
    for name in ("top_probs", "tracked_probs"):
        values = arrays[name]
        # NaN is what a model that overflowed in float16 gives; it is shown, not hidden
        if ((values < 0) | (values > 1.001)).any():
            raise LensError(f"{name} has values outside 0..1")
    if (arrays["tracked_ranks"] < 0).any():
        raise LensError("tracked_ranks has negative values")
    for name in ("input_ids", "top_ids", "tracked_ids"):
        if not np.isin(arrays[name], arrays["token_ids"]).all():
            raise LensError(f"{name} holds an id that token_ids lacks")


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
