"""What a record's ``meta`` must be: its keys, their types, and how deep it may be nested.

Does not know the arrays beside it.

>>> read_meta('{"format": "other/9"}')
Traceback (most recent call last):
logit_lens.LensError: meta says format 'other/9', this program reads 'logit-lens/1'
"""

import json
from collections.abc import Iterable
from typing import Any

from . import LensError

FORMAT = "logit-lens/1"
_DEEPEST = 32
_TOO_DEEP = f"meta is nested more than {_DEEPEST} deep"
LONGEST = 4_000_000  # characters of the text that it is
_PIXELS = 1e9  # more than any side of a picture
Types = tuple[type, ...]
NUMBER: Types = (int, float)
REQUIRED: dict[str, Types] = {
    "format": (str,),
    "model": (str,),
    "prompt": (str,),
    "answer": (str,),
    "image": (dict,),
    "image.name": (str,),
    "image.width": NUMBER,
    "image.height": NUMBER,
    "check": (dict,),
}
# may be missing or null; ".*" are all the keys of a map that are not named
OPTIONAL: dict[str, Types] = {
    **dict.fromkeys(("revision", "lens", "tail", "hook_site", "dtype", "device"), (str,)),
    **dict.fromkeys(("note", "created"), (str,)),
    **dict.fromkeys(("seconds", "versions", "run", "tracked_words", "adapter", "other"), (dict,)),
    **dict.fromkeys(("ablation", "knockout", "attribution"), (dict,)),
    **dict.fromkeys(("crop", "notes", "lenses"), (list,)),
    "image.source": (str,),
    "check.positions": NUMBER,
    "check.argmax_agree": NUMBER,
    "check.max_abs_logit_diff": NUMBER,
    "check.tolerance": NUMBER,
    "check.answer_agree": NUMBER,
    "check.passed": (bool,),
    "seconds.*": NUMBER,
    "versions.*": (str,),
    **dict.fromkeys(("run.name", "run.question", "run.source", "run.fingerprint"), (str,)),
    "tracked_words.*": (list,),
}


def read_meta(text: str) -> dict[str, Any]:
    """Parse and check what a file says.

    Raises:
        LensError: it is not JSON of this format; or what ``check_meta`` raises.
    """
    try:
        meta = json.loads(text)
    except RecursionError as error:
        raise LensError(_TOO_DEEP) from error
    except ValueError as error:  # a number of too many digits is one too
        raise LensError(f"meta is not JSON ({error})") from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        found = meta.get("format") if isinstance(meta, dict) else type(meta).__name__
        raise LensError(f"meta says format {_short(found)}, this program reads {FORMAT!r}")
    check_meta(meta)
    return meta


def check_meta(meta: dict[str, Any]) -> None:
    """Check keys, types and depth.

    Raises:
        LensError: naming the key that is missing or of another type.
    """
    _check_depth(meta)
    for path, kinds in REQUIRED.items():
        outer, _, inner = path.partition(".")
        holder = meta[outer] if inner else meta
        if (inner or outer) not in holder:
            raise LensError(f"meta{_place([outer] * bool(inner))} lacks {(inner or outer)!r}")
        _check_type(holder[inner or outer], kinds, [outer, inner] if inner else [outer])
    for path, kinds in OPTIONAL.items():
        outer, _, inner = path.partition(".")
        holder = (meta.get(outer) or {}) if inner else meta
        for key in holder if inner == "*" else [inner or outer]:
            if holder.get(key) is not None:
                _check_type(holder[key], kinds, [outer, key] if inner else [outer])
    _check_pixels(meta)


def _check_type(value: Any, kinds: Types, path: list[str]) -> None:
    # True is an int to Python, and to nobody else
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        wanted = "a number" if kinds == NUMBER else f"of type {kinds[0].__name__}"
        raise LensError(f"meta{_place(path)} is not {wanted}")


def _check_pixels(meta: dict[str, Any]) -> None:
    width, height = meta["image"]["width"], meta["image"]["height"]
    crop = meta.get("crop") or [0] * 4
    numbers = [isinstance(n, NUMBER) and not isinstance(n, bool) for n in crop]
    sizes = 0 <= width < _PIXELS and 0 <= height < _PIXELS
    if not sizes or len(crop) != 4 or not all(numbers):
        raise LensError("meta: image width and height and the 4 numbers of crop are not in pixels")
    reach = reach_of(width, height)
    if not all(-reach <= n <= 2 * reach for n in crop):
        raise LensError(f"meta['crop'] lies outside of the picture, {width} × {height}")
    if crop[0] > crop[2] or crop[1] > crop[3]:
        raise LensError("meta['crop'] is not left, top, right, bottom")


def reach_of(width: float, height: float) -> float:
    """How far anything may lie from a picture, in pixels: as far as padding reaches at most.

    A picture whose size is not said (0) may be as large as pictures get.
    """
    return max(width, height) or 1e6


def _check_depth(meta: dict[str, Any]) -> None:
    level: list[Any] = [meta]
    for _ in range(_DEEPEST):
        level = [item for value in level for item in _inside(value)]
        if not level:
            return
    raise LensError(_TOO_DEEP)


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _place(path: list[str]) -> str:
    return "".join(f"[{_short(key)}]" for key in path)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
