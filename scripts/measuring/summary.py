"""Rows of many pictures → the tables: answers and word support here, maps in `map_tables`.

Every interval is a bootstrap over pictures. Where a map is cut for IoU was chosen on pictures that
are in no table. Knows what is in a row; does not know models or files.

>>> print(tables(rows))
"""

from collections.abc import Sequence

import numpy as np

from .cells import Row, at, estimate, flat, grouped, markdown
from .map_tables import best_cuts, drop_table, held_table, map_table, window_table, word_table
from .metrics import auroc, average_precision

DRAWS = 1000


def tables(rows: Sequence[Row], draws: int = DRAWS) -> str:
    """All tables, as Markdown.

    Args:
        rows: one for each picture: ``key``, ``tuning``, ``cases``.
        draws: of every bootstrap.
    """
    measured = [row for row in rows if not row["tuning"]]
    cuts = best_cuts(flat([row for row in rows if row["tuning"]], "words"))
    words, support = flat(measured, "words"), flat(measured, "support")
    parts = [
        _answers(measured),
        _support(support, draws),
        _by_layer(support),
        map_table(words, cuts, draws),
        window_table(words),
        word_table(words),
        drop_table(words, draws),
        held_table(words),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _answers(rows: list[Row]) -> str:
    lines = []
    for (name,), some in grouped((case for row in rows for case in row["cases"]), "name").items():
        wrong = sum(case["right"] is False for case in some)
        words = sum(len(case["words"]) for case in some)
        lines.append([name, str(len(some)), str(wrong), f"{words:,}"])
    head = ["question", "asked", "answered wrongly, left out", "words with a mask"]
    return markdown(f"**Answers**, {len(rows)} pictures", head, lines)


def _support(items: list[Row], draws: int) -> str:
    """Present against absent words."""
    lines = []
    for (kind,), some in grouped(items, "kind").items():
        present = np.array([item["present"] for item in some])
        picture = np.array([item["picture"] for item in some])
        largest = np.array([max(item["layers"]) for item in some])
        line = [kind, f"{present.sum():,} / {(~present).sum():,}"]
        line.append(f"{np.quantile(largest[present], 0.05):.3f}" if present.any() else "–")
        line.append(f"{np.quantile(largest[~present], 0.95):.3f}" if not present.all() else "–")
        for score in (largest, np.array([item["percentile"] or 0.0 for item in some])):
            for measure in (auroc, average_precision):
                line.append(estimate(at(measure, score, present), picture, draws))
        lines.append([*line, f"{present.mean():.3f}"])
    head = ["words", "present / absent", "present: 95 % above", "absent: 95 % below"]
    head += ["max p: AUROC", "AP", "percentile: AUROC", "AP", "chance AP"]
    return markdown("**Word support** of present against absent words: max p", head, lines)


def _by_layer(items: list[Row]) -> str:
    """AUROC of each layer alone, and which listed word that layer reads loudest."""
    kinds, pictures = grouped(items, "kind"), grouped(items, "picture").values()
    lines = []
    for layer in range(len(items[0]["layers"]) if items else 0):
        line = [str(layer + 1)]
        for some in kinds.values():
            scores = np.array([item["layers"][layer] for item in some])
            line.append(f"{auroc(scores, np.array([item['present'] for item in some])):.3f}")
        loudest = [
            some[int(np.argmax([item["layers"][layer] for item in some]))] for some in pictures
        ]
        (word,), some = max(grouped(loudest, "word").items(), key=lambda pair: len(pair[1]))
        there = np.mean([item["present"] for item in some])
        line.append(f"{word}: {len(some) / len(loudest):.0%} of pictures; there in {there:.0%}")
        lines.append(line)
    head = ["layer", *(f"{kind}: AUROC" for (kind,) in kinds), "the word most often the loudest"]
    return markdown("**Word support**, each layer by itself", head, lines)
