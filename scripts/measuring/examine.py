"""One case through the model: the numbers of one row, ready for JSON.

The maps are those of the product's record, with the product's defaults. Besides, an object's
patches are replaced all together, and random sets of as many. Knows the order of the steps; does
not know where cases come from, nor what becomes of rows.

>>> examine(vlm, case)["words"][0]["drops"]
{'object': 2.41, 'random': 0.002, 'touched': 5.66, 'others': 0.0, 'random others': 3.1}
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from logit_lens import LensError
from logit_lens.model.vlm import VLM
from logit_lens.patches.windows import random_sets
from logit_lens.reading.options import ReadOptions
from logit_lens.reading.pipeline import make_record
from logit_lens.record import IMAGE, LensRecord

from .again import Again
from .cases import Case, Target, covered
from .maps import drop_of_word, maps_of_word, spoken_words
from .metrics import overlaps, pointing

COVERED = 0.5  # a patch is the object's when the object covers half of it
SHARES = np.arange(1, 20) / 20  # of a map's maximum, where it is cut for IoU
RANDOM_SETS = 4  # of as many patches as the object has

Row = dict[str, Any]


def examine(vlm: VLM, case: Case, max_new_tokens: int = 32) -> Row:
    """Ask the model, and compare its words with what is there.

    Returns:
        ``right`` says whether the answer is the right one; None where there are many. A wrong
        answer has no words: what they would be true of is not known.
    """
    options = ReadOptions(
        case.question, top_k=1, max_new_tokens=max_new_tokens, ablate=True, attribute=True
    )
    record = make_record(vlm, case.picture, options)
    if record.meta["note"]:
        raise LensError(f"{case.picture.name}: {record.meta['note']}")
    right = None if case.truth is None else record.meta["answer"] == case.truth
    row: Row = {"name": case.name, "answer": record.meta["answer"], "right": right}
    again = Again(vlm, case.picture, options, record.meta["tail"])
    if case.listed:
        row["support"] = again.support(case.listed, spoken_words(record))
    row["words"] = [] if right is False else _words(record, again, case)
    row["notes"] = record.meta["notes"]
    return row


def matched(spoken: Sequence[str], targets: Sequence[Target]) -> list[tuple[int, Target]]:
    """Which word of the answer stands for which target: in order, each once, plurals too.

    A target of several words is matched whole, and stands at its first.
    """
    heard, left = [word.casefold() for word in spoken], list(targets)
    found: list[tuple[int, Target]] = []
    for n in range(len(heard)):
        for target in left:
            *head, last = target.word.casefold().split()
            here = heard[n : n + len(head) + 1]
            if here[:-1] == head and here[-1] in (last, f"{last}s", f"{last}es"):
                left.remove(target)
                found.append((n, target))
                break
    return found


def _words(record: LensRecord, again: Again, case: Case) -> list[Row]:
    """A row for each word of the answer that is true of some patch."""
    boxes = record.patch_boxes[record.position_kind == IMAGE]
    rows: list[Row] = []
    shares: list[np.ndarray] = []  # (patch,) of each word
    for n, target in matched(spoken_words(record), case.targets):
        share, alike = covered(target.region, boxes), covered(target.alike, boxes)
        own, touched = share >= COVERED, share > 0
        if not own.any():
            continue  # smaller than half a patch
        shares.append(share)
        rows.append(
            {
                "word": n,
                "kind": target.kind,
                "text": target.word,
                "log_p": short(float(drop_of_word(record, n, record.extra["answer_logprob"]))),
                "on": short(own.mean()),
                "alike": short((alike >= COVERED).mean()),
                "touching": short(touched.mean()),
                "maps": {
                    name: {
                        "on": short(pointing(values, own)),
                        "alike": short(pointing(values, alike >= COVERED)),
                        "touching": short(pointing(values, touched)),
                        "iou": [short(x) for x in overlaps(values, own, SHARES)],
                    }
                    for name, values in maps_of_word(record, n).items()
                },
            }
        )
    if rows and "ablate_drop" in record.extra:
        drops = _drops(record, again, rows, shares, f"{case.picture.name}, {case.name}")
        for row, lost in zip(rows, drops, strict=True):
            row["drops"] = {name: short(value) for name, value in lost.items()}
    return rows


def _drops(
    record: LensRecord, again: Again, rows: list[Row], shares: list[np.ndarray], key: str
) -> Iterator[dict[str, float]]:
    """What each word loses by its own patches, by random ones, by all but its own; by windows."""
    groups = [replaced_sets(share, zlib.crc32(key.encode())) for share in shares]
    every = np.concatenate([sets for group in groups for sets in group.values()])
    sets, place = np.unique(every, axis=0, return_inverse=True)  # things are named by two words
    drop = again.drops(sets)[:, place.ravel()]  # (answer token, set)
    at = 0
    for row, group in zip(rows, groups, strict=True):
        lost = drop_of_word(record, row["word"], drop)
        found = {}
        for name, some in group.items():
            found[name] = lost[at : at + len(some)].mean()
            at += len(some)
        for name, key in (("window", "ablate_drop"), ("control", "ablate_control")):
            found[name] = drop_of_word(record, row["word"], record.extra[key]).max()
        yield found


def replaced_sets(share: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """What is replaced together, bool (set, patch), by name."""
    every, own, touched = np.ones(len(share), bool), share >= COVERED, share > 0
    return {
        "object": own[None],
        "random": random_sets(every, int(own.sum()), RANDOM_SETS, seed),
        "touched": touched[None],
        "others": ~touched[None],
        "random others": random_sets(every, int((~touched).sum()), 1, seed),
        "whole image": every[None],
    }


def short(value: float) -> float:
    """Four digits: rows are many, and rounding them costs nothing that a table shows."""
    return float(f"{value:.4g}")
