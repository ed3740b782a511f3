"""Would other windows make a better *depends on*? Sizes, strides, and whether they pass the edge.

Run on the pictures that only serve to choose things, never on those that the tables measure. Knows
cases and windows; does not know files.

>>> row = {"key": sample.key, "words": study(vlm, case)}
>>> print(study_table([row]))
"""

from typing import Any

import numpy as np

from logit_lens.model.vlm import VLM
from logit_lens.page.word_blocks import patch_drops
from logit_lens.patches.windows import windows
from logit_lens.reading.options import ReadOptions
from logit_lens.reading.pipeline import make_record
from logit_lens.record import IMAGE

from .again import Again
from .cases import Case, covered
from .cells import Row, at, estimate, grouped, markdown, mean
from .examine import COVERED, matched, short
from .maps import drop_of_word, spoken_words
from .metrics import pointing

# size, stride, past the edge
SHAPES = (
    (1, 1, False), (2, 1, False), (2, 1, True), (3, 2, False), (3, 2, True), (3, 1, False),
    (3, 1, True), (4, 2, False), (4, 2, True), (4, 1, True), (5, 2, False), (5, 1, True),
)  # fmt: skip


def study(vlm: VLM, case: Case, max_new_tokens: int = 32) -> list[Row]:
    """A row for each word and each shape of windows; none for a wrong answer."""
    options = ReadOptions(case.question, top_k=1, max_new_tokens=max_new_tokens)
    record = make_record(vlm, case.picture, options)
    if case.truth is not None and record.meta["answer"] != case.truth:
        return []
    images = record.position_kind == IMAGE
    boxes, view = record.patch_boxes[images], record.patch_view[images]
    families = [windows(boxes, view, *shape) for shape in SHAPES]
    sets, place = np.unique(np.concatenate(families), axis=0, return_inverse=True)
    drop = Again(vlm, case.picture, options, record.meta["tail"]).drops(sets)[:, place.ravel()]
    ends = np.cumsum([len(family) for family in families])
    parts = np.split(drop, ends[:-1], axis=1)  # (answer token, window) each
    rows = []
    for n, target in matched(spoken_words(record), case.targets):
        share = covered(target.region, boxes)
        if not (share >= COVERED).any():
            continue
        for shape, family, lost in zip(SHAPES, families, parts, strict=True):
            values = drop_of_word(record, n, patch_drops(lost, family)).astype(np.float64)
            row: dict[str, Any] = {
                "kind": target.kind, "shape": list(shape), "windows": len(family),
                "on": short(pointing(values, share >= COVERED)),
                "touching": short(pointing(values, share > 0)),
                "peak": short(drop_of_word(record, n, lost).max()),
            }  # fmt: skip
            rows.append(row)
    return rows


def study_table(rows: list[Row], draws: int = 1000) -> str:
    """The shapes of windows side by side, as Markdown."""
    words = [word | {"picture": n} for n, row in enumerate(rows) for word in row["words"]]
    lines = []
    for some in grouped(words, "kind", "shape").values():
        size, stride, past_edge = some[0]["shape"]
        picture = np.array([word["picture"] for word in some])
        on, touching, peak, count = (
            np.array([word[key] for word in some]) for key in ("on", "touching", "peak", "windows")
        )
        lines.append(
            [some[0]["kind"], f"{size} × {size}", str(stride), "yes" if past_edge else "no"]
            + [f"{count.mean():.0f}", f"{len(some):,}", estimate(at(mean, on), picture, draws)]
            + [f"{touching.mean():.3f}", f"{np.median(peak):.3f}", f"{(peak > 0.1).mean():.0%}"]
        )
    head = ["words", "window", "stride", "past the edge", "windows", "n", "points on it"]
    head += ["touches it", "best window, median nats", "above 0.1 nats"]
    title = f"**Windows** for *depends on*, {len(rows)} other pictures"
    return markdown(title, head, lines) + "\n"
