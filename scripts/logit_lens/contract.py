"""What the arrays of a record must be: names, types, axes, values.

What meta must hold is ``meta.py``'s. Does not know files, nor what any of it means to a reader.

>>> CONTRACT["top_probs"]
('float32', ('L', 'T', 'k'))
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import LensError
from .meta import check_meta, reach_of

TEXT, IMAGE, ANSWER = 0, 1, 2  # the values of position_kind

Arrays = dict[str, tuple[str, tuple[str | int, ...]]]  # name -> dtype, axes

# L layers, T positions, k ranks, n tracked tokens, V distinct tokens, Y bytes
CONTRACT: Arrays = {
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
    "image": ("uint8", ("Y",)),
}
# What a record may hold besides. P image positions in order, A answer tokens, W answer words,
# G windows, B bands of layers, R routes, N decoder layers, X further lenses.
OPTIONAL: Arrays = {
    "answer_logprob": ("float32", ("A",)),
    "word_spans": ("int32", ("W", 2)),
    "word_ids": ("int32", ("W",)),
    "support_max": ("float32", ("W",)),
    "support_rank": ("int32", ("W",)),
    "support_percentile": ("float32", ("W",)),
    "support_cell": ("int32", ("W", 2)),
    "ablate_windows": ("bool", ("G", "P")),
    "ablate_drop": ("float32", ("A", "G")),
    "ablate_control": ("float32", ("A", 32)),
    "knockout_bands": ("int32", ("B", 2)),
    "knockout_drop": ("float32", ("A", "B", "R")),
    "attribution": ("float32", ("A", "1+2N")),
    "attribution_patch": ("float32", ("A", "N", "P")),
    "attribution_rest": ("float32", ("A",)),
    "against_ids": ("int32", ("A",)),
    "against_attribution": ("float32", ("A", "1+2N")),
    "against_patch": ("float32", ("A", "N", "P")),
    "against_rest": ("float32", ("A",)),
    "lens_names": ("str", ("1+X",)),
    "lens_top_ids": ("int32", ("X", "L", "T", "k")),
    "lens_top_probs": ("float32", ("X", "L", "T", "k")),
    "lens_entropy": ("float32", ("X", "L", "T")),
    "lens_kl": ("float32", ("X", "L", "T")),
    "lens_tracked_probs": ("float32", ("X", "L", "T", "n")),
    "lens_tracked_ranks": ("int32", ("X", "L", "T", "n")),
    "diff_kl": ("float32", ("L", "T")),
    "diff_variation": ("float32", ("L", "T")),
}
# a second record that this one was compared with, its sizes apart from those of the first
_OTHERS = {"L": "l", "T": "t", "k": "K", "n": "s", "V": "v", "Y": "y"}
OPTIONAL |= {
    f"other_{name}": (dtype, tuple(_OTHERS.get(str(axis), axis) for axis in axes))
    for name, (dtype, axes) in CONTRACT.items()
}
_MORE_IDS = ("lens_top_ids", "word_ids", "against_ids")
_LENS_PROBS = ("lens_top_probs", "lens_tracked_probs")
_AXIS = re.compile(r"(?:(\d+)\+)?(\d*)([A-Za-z])")  # "1+2N": once more than twice the size N


def check_contract(arrays: Mapping[str, Any], meta: dict[str, Any]) -> None:
    """Check types, shapes and ids.

    Args:
        arrays: by the names of the contract; those of OPTIONAL may be missing.
        meta: what goes with them.

    Raises:
        LensError: naming the key that is not as the contract says.
    """
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise LensError(f"{name} is not an array")
    sizes: dict[str, int] = {}
    check_shapes(arrays, CONTRACT, sizes)
    sizes["P"] = int((arrays["position_kind"] == IMAGE).sum())
    sizes["A"] = int((arrays["position_kind"] == ANSWER).sum())
    sizes["N"] = int(arrays["layers"][-1])  # the last layer is always kept
    check_shapes(arrays, OPTIONAL, sizes)
    _check_values(arrays)
    _check_indices(arrays, sizes)
    check_meta(meta)
    _check_boxes(arrays, meta)


def check_shapes(arrays: Mapping[str, Any], table: Arrays, sizes: dict[str, int]) -> None:
    """Check types and shapes of all that have a ``dtype`` and a ``shape``, arrays or not yet.

    Args:
        arrays: by name.
        table: CONTRACT or OPTIONAL.
        sizes: what each letter measures; those that are not known yet are added.

    Raises:
        LensError: naming the key that is not as the table says.
    """
    for name, (dtype, axes) in table.items():
        if name not in arrays:
            continue
        found, shape = arrays[name].dtype, arrays[name].shape
        if not (found.kind == "U" if dtype == "str" else found == dtype):
            raise LensError(f"{name} has type {str(found)[:40]}, not {dtype}")
        if len(shape) != len(axes):
            raise LensError(f"{name} has {len(shape)} axes, not {len(axes)}")
        for axis, size in zip(axes, shape, strict=True):
            expected = _axis_size(axis, size, sizes)
            if size != expected:
                raise LensError(f"{name} has shape {shape}, but {axis} is {expected}")
    if min(sizes["L"], sizes["T"], sizes["k"]) < 1:
        raise LensError("top_ids is empty: no layer, no position or no rank")


def _axis_size(axis: str | int, found: int, sizes: dict[str, int]) -> int:
    """What an axis must measure: a number, the size of a letter, or a sum like ``1+2N``."""
    if isinstance(axis, int):
        return axis
    match = _AXIS.fullmatch(axis)
    assert match, axis
    more, times, letter = int(match[1] or 0), int(match[2] or 1), match[3]
    size = sizes.setdefault(letter, max(0, (found - more) // times))
    return more + times * size


def _check_values(arrays: Mapping[str, Any]) -> None:
    if (np.diff(arrays["layers"]) <= 0).any():
        raise LensError("layers do not ascend")
    if arrays["layers"][0] < 0:
        raise LensError("layers has negative numbers")
    if (np.diff(arrays["token_ids"]) <= 0).any():
        raise LensError("token_ids do not ascend")
    if arrays["position_kind"].max() > ANSWER:
        raise LensError("position_kind has a value other than 0, 1, 2")
    if (arrays["patch_view"] < -1).any():
        raise LensError("patch_view has a value below −1")
    for name in ("top_probs", "tracked_probs", "support_max", *_LENS_PROBS):
        # NaN is what a model that overflowed in float16 gives; it is shown, not hidden
        if name in arrays and ((arrays[name] < 0) | (arrays[name] > 1.001)).any():
            raise LensError(f"{name} has values outside 0..1")
    for name in ("tracked_ranks", "lens_tracked_ranks", "support_rank"):
        if name in arrays and (arrays[name] < 0).any():
            raise LensError(f"{name} has negative values")
    for name in ("input_ids", "top_ids", "tracked_ids", *_MORE_IDS):
        if name in arrays and not np.isin(arrays[name], arrays["token_ids"]).all():
            raise LensError(f"{name} holds an id that token_ids lacks")


def _check_indices(arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
    """Check what points into other arrays."""
    last = {  # the greatest value of each column
        "word_spans": (sizes["A"], sizes["A"]),
        "support_cell": (sizes["L"] - 1, sizes["T"] - 1),
        "knockout_bands": (sizes["N"], sizes["N"]),
    }
    for name, greatest in last.items():
        least = 1 if name == "knockout_bands" else 0
        if name in arrays and ((arrays[name] < least) | (arrays[name] > greatest)).any():
            raise LensError(f"{name} points at what the record does not have")


def _check_boxes(arrays: Mapping[str, Any], meta: dict[str, Any]) -> None:
    boxes, image = arrays["patch_boxes"], meta["image"]
    nowhere = np.isnan(boxes)
    if (nowhere.any(1) != nowhere.all(1)).any():
        raise LensError("patch_boxes has a box of which only a part is NaN")
    boxes = boxes[~nowhere.any(1)]
    reach = reach_of(image["width"], image["height"])
    if ((boxes < -reach) | (boxes > 2 * reach)).any():
        size = f"{image['width']} × {image['height']}"
        raise LensError(f"patch_boxes has a box far outside of the picture, {size}")
    if (boxes[:, :2] > boxes[:, 2:]).any():
        raise LensError("patch_boxes has a box that is not left, top, right, bottom")
