"""What an index of many reports counts: the numbers of one record, kept in its report.

A few kilobytes of JSON near the beginning of a report, after the summary: shares and medians over
its patches by layer, the words that they read as, and the surest patch of each word with a small
picture. Numbers are decimal codes (blocks.py). Knows records; does not know folders.

>>> count(record, opened(record.image))["words"][0][:2]     # a word, and how many patches read it
['boat', 15]
"""

from collections import defaultdict
from typing import Any

import numpy as np
from PIL import Image

from ..record import LensRecord
from .blocks import UNKNOWN, decimal_codes
from .pictures import patch_crop, small_thumbnail
from .words import Readings, patches_of, readings_of, words_of

FORMAT = "logit-lens-statistics/1"
QUANTITIES = ("whole", "decided", "entropy", "kl")
WORDS, CROPS = 256, 12  # of one record, at most
_LAYERS = 2000  # of any model
EDGE = 250  # a box's sides are whole numbers of so many parts of a picture's


def count(record: LensRecord, picture: Image.Image | None) -> dict[str, Any]:
    """The statistics of a record, as JSON takes them."""
    patches = patches_of(record)
    on_top = np.searchsorted(record.token_ids, record.top_ids[:, patches, 0])  # (layer, patch)
    texts = words_of(record.token_text, np.unique(on_top))
    values = by_layer(record, texts)
    words = _words(record, texts)
    model, adapter = str(record.meta["model"]), record.meta.get("adapter") or {}
    return {
        "format": FORMAT,
        "model": " + ".join(filter(None, [model, str(adapter.get("name") or "")]))[:200],
        "patches": len(patches),
        "layers": record.layers.tolist(),
        **{name: decimal_codes(values[name]).tolist() for name in QUANTITIES},
        "words": words,
        "small": small_thumbnail(picture),
        "crops": _crops(words, picture),
    }


def is_statistics(found: Any) -> bool:
    """Whether what a file holds are statistics of this form: it may come from anywhere."""
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return False
    lists = [found.get(name) for name in ("layers", *QUANTITIES)]
    return (
        all(isinstance(one, list) and len(one) == len(lists[0] or []) for one in lists)
        and 0 < len(lists[0] or []) <= _LAYERS
        and all(_is_code(n) for one in lists for n in one or [])
        and isinstance(found.get("model"), str)
        and isinstance(found.get("patches"), int)
        and all(isinstance(found.get(name), list) for name in ("words", "crops"))
        and all(_is_line(line) and line[4] < len(found["layers"]) for line in found["words"])
        and all(crop is None or _is_crop(crop) for crop in found["crops"])
    )


def _is_code(value: Any) -> bool:
    return type(value) is int and 0 <= value <= UNKNOWN


def _is_line(line: Any) -> bool:
    if not isinstance(line, list) or len(line) != 9 or not isinstance(line[0], str):
        return False
    numbers = all(type(n) is int and 0 <= n < 2**31 for n in line[1:7])
    view = type(line[7]) is int and -1 <= line[7] < 2**15
    return numbers and view and _is_code(line[3]) and line[1] > 0 and _is_box(line[8])


def _is_box(box: Any) -> bool:
    sides = isinstance(box, list) and len(box) == 4
    return box is None or (sides and all(type(n) is int and 0 <= n <= EDGE for n in box))


def _is_crop(crop: Any) -> bool:
    two = isinstance(crop, list) and len(crop) == 2
    return two and str(crop[0]).startswith("data:image/") and _is_box(crop[1])


def by_layer(record: LensRecord, words: list[str]) -> dict[str, np.ndarray]:
    """One number for every layer, over the patches; NaN where there is nothing to tell.

    ``whole`` is the share of patches whose top token is a whole word, ``decided`` the share whose
    top token stays the final one from here on, ``entropy`` and ``kl`` are medians in nats.

    Args:
        record: what was read.
        words: of every row of its table of tokens; empty where it is none.
    """
    patches = patches_of(record)
    if not len(patches):
        return {name: np.full(len(record.layers), np.nan) for name in QUANTITIES}
    top = record.top_ids[:, patches, 0]  # (layer, patch)
    is_word = np.array([bool(word) for word in words])
    final = top == top[-1]
    stays = np.logical_and.accumulate(final[::-1])[::-1]
    return {
        "whole": is_word[np.searchsorted(record.token_ids, top)].mean(1),
        "decided": stays.mean(1),
        "entropy": _medians(record.entropy[:, patches]),
        "kl": np.maximum(_medians(record.kl[:, patches]), 0),  # a float32 sum may be below
    }


def _medians(values: np.ndarray) -> np.ndarray:
    """Of every row, over what was recorded."""
    known = ~np.isnan(values).all(1)
    medians = np.full(len(values), np.nan)
    medians[known] = np.nanmedian(values[known].astype(np.float64), axis=1)
    return medians


def _words(record: LensRecord, words: list[str]) -> list[list[Any]]:
    """Every word that patches read as, the surest first.

    Each is word, patches, sum of their layers' numbers, and of the surest patch: code of its
    probability, row of its layer, position, token id, view (−1: the first), box in the picture.
    """
    readings = readings_of(record)
    found: defaultdict[str, list[int]] = defaultdict(list)
    for n, token in enumerate(np.searchsorted(record.token_ids, readings.ids).tolist()):
        if words[token]:
            found[words[token]].append(n)
    probs = np.nan_to_num(readings.probs, nan=0)
    listed = [_line(record, readings, probs, word, of) for word, of in found.items()]
    return sorted(listed, key=lambda line: (-line[3], line[0]))[:WORDS]


def _line(
    record: LensRecord, readings: Readings, probs: np.ndarray, word: str, of: list[int]
) -> list[Any]:
    surest = max(of, key=lambda n: probs[n])
    position = int(readings.patches[surest])
    view = int(record.patch_view[position])
    first = int(record.patch_view[readings.patches].min())
    return [
        word,
        len(of),
        int(record.layers[readings.rows[of]].sum()),
        int(decimal_codes(probs[surest : surest + 1])[0]),
        int(readings.rows[surest]),
        position,
        int(readings.ids[surest]),
        -1 if view == first else view,
        _parts(_place(record, position)),
    ]


def _place(record: LensRecord, position: int) -> tuple[float, float, float, float] | None:
    """A patch's box as shares of the picture's sides."""
    image, box = record.meta["image"], record.patch_boxes[position]
    if np.isnan(box[0]) or not (image["width"] and image["height"]):
        return None
    left, top, right, bottom = box / np.tile([image["width"], image["height"]], 2)
    return float(left), float(top), float(right), float(bottom)


def _parts(place: tuple[float, float, float, float] | None) -> list[int] | None:
    return None if place is None else [round(EDGE * min(max(x, 0), 1)) for x in place]


def _crops(words: list[list[Any]], picture: Image.Image | None) -> list[Any]:
    """For the first words, a picture of their surest patch and the patch's place in it."""
    crops: list[Any] = []
    for *_, box in words[:CROPS] if picture is not None else []:
        if box is None or picture is None:
            crops.append(None)
            continue
        left, top, right, bottom = (side / EDGE for side in box)
        uri, place = patch_crop(picture, (left, top, right, bottom))
        crops.append([uri, _parts(place)])
    return crops
