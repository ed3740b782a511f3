"""Rows of many pictures → the tables: answers, word support, maps, drops.

Every interval is a bootstrap over pictures. Where a map is cut for IoU was chosen on pictures that
are in no table. Knows what is in a row; does not know models or files.

>>> print(tables(rows))
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .examine import SHARES
from .metrics import auroc, average_precision, interval

Row = dict[str, Any]
Statistic = Callable[[np.ndarray], float]
MAPS = ("reads as", "reads as, any layer", "depends on", "writes directly")
POINTS = ("on", "alike", "touching")
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
        _maps(words, cuts),
        _drops(words, draws),
    ]
    return "\n\n".join(parts) + "\n"


def flat(rows: Iterable[Row], part: str) -> list[Row]:
    """Everything in one part of all cases, each with its picture's number and its question."""
    return [
        item | {"picture": n, "question": case["name"]}
        for n, row in enumerate(rows)
        for case in row["cases"]
        for item in case.get(part, [])
    ]


def grouped(items: Iterable[Row], *names: str) -> dict[tuple[str, ...], list[Row]]:
    """By the values of some of their keys, in the order in which these first occur."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for item in items:
        found.setdefault(tuple(str(item[name]) for name in names), []).append(item)
    return found


def best_cuts(words: list[Row]) -> dict[tuple[str, str], int]:
    """(map, kind) → the number of the cut at which mean IoU is largest."""
    return {
        (name, kind): int(np.mean([item["maps"][name]["iou"] for item in some], 0).argmax())
        for (kind,), some in grouped(words, "kind").items()
        for name in MAPS
        if all(name in item["maps"] for item in some)
    }


def ratio_of_means(above: np.ndarray, below: np.ndarray) -> float:
    """Mean over mean; infinite where what it is compared with lost nothing on average."""
    return float(above.mean() / below.mean()) if below.mean() > 0 else float("inf")


def _answers(rows: list[Row]) -> str:
    lines = []
    for (name,), some in grouped((case for row in rows for case in row["cases"]), "name").items():
        wrong = sum(case["right"] is False for case in some)
        words = sum(len(case["words"]) for case in some)
        lines.append([name, str(len(some)), str(wrong), str(words)])
    head = ["question", "asked", "answered wrongly, left out", "words with a mask"]
    return _markdown(f"**Answers**, {len(rows)} pictures", head, lines)


def _support(items: list[Row], draws: int) -> str:
    """Present against absent words."""
    lines = []
    for (kind,), some in grouped(items, "kind").items():
        present = np.array([item["present"] for item in some])
        picture = np.array([item["picture"] for item in some])
        line = [kind, f"{present.sum():,} / {(~present).sum():,}"]
        for score in (
            np.array([max(item["layers"]) for item in some]),
            np.array([item["percentile"] or 0.0 for item in some]),
        ):
            for measure in (auroc, average_precision):
                line.append(_estimate(_at(measure, score, present), picture, draws))
        lines.append([*line, f"{present.mean():.3f}"])
    head = ["words", "present / absent", "max p: AUROC", "AP", "percentile: AUROC", "AP"]
    return _markdown(
        "**Word support** of present against absent words", [*head, "chance AP"], lines
    )


def _at(measure: Callable[..., float], *columns: np.ndarray) -> Statistic:
    """A measure of columns as a statistic of drawn rows."""
    return lambda drawn: measure(*(column[drawn] for column in columns))


def _by_layer(items: list[Row]) -> str:
    """AUROC of each layer alone, and which listed word that layer reads loudest."""
    kinds, lines = grouped(items, "kind"), []
    for layer in range(len(items[0]["layers"]) if items else 0):
        line = [str(layer + 1)]
        for some in kinds.values():
            scores = np.array([item["layers"][layer] for item in some])
            line.append(f"{auroc(scores, np.array([item['present'] for item in some])):.3f}")
        pictures = grouped(items, "picture").values()
        loudest = [max(some, key=lambda item: item["layers"][layer]) for some in pictures]  # noqa: B023
        (word,), some = max(grouped(loudest, "word").items(), key=lambda pair: len(pair[1]))
        there = np.mean([item["present"] for item in some])
        line.append(f"{word}: {len(some) / len(loudest):.0%} of pictures; there in {there:.0%}")
        lines.append(line)
    head = ["layer", *(f"{kind}: AUROC" for (kind,) in kinds), "the word most often the loudest"]
    return _markdown("**Word support**, each layer by itself", head, lines)


def _maps(words: list[Row], cuts: dict[tuple[str, str], int]) -> str:
    """Pointing game and IoU."""
    lines = []
    for (question, kind), some in grouped(words, "question", "kind").items():
        for name in MAPS:
            found = [item["maps"][name] for item in some if name in item["maps"]]
            if found and (name, kind) in cuts:
                cut = cuts[name, kind]
                points = [np.mean([m[key] for m in found]) for key in POINTS]
                iou = np.mean([m["iou"][cut] for m in found])
                numbers = [f"{value:.3f}" for value in (*points, iou)]
                lines.append(
                    [question, kind, str(len(found)), name, *numbers, f"{SHARES[cut]:.2f}"]
                )
        chance = [np.mean([item[key] for item in some]) for key in POINTS]
        numbers = [f"{value:.3f}" for value in (*chance, chance[0])]
        lines.append([question, kind, str(len(some)), "chance", *numbers, "–"])
    head = [
        "question",
        "words",
        "n",
        "map",
        "points on it",
        "on any such",
        "touches it",
        "IoU",
        "cut",
    ]
    return _markdown("**Maps** against the true masks", head, lines)


def _drops(words: list[Row], draws: int) -> str:
    """The object's patches against random ones; all others; the window that matters most."""
    lines = []
    for (question, kind), some in grouped(words, "question", "kind").items():
        drops = [item["drops"] for item in some if "drops" in item]
        if not drops:
            continue
        picture = np.array([item["picture"] for item in some if "drops" in item])
        lost = {key: np.array([d[key] for d in drops]) for key in drops[0]}
        own, random = lost["object"], lost["random"]
        lines.append(
            [question, kind, str(len(drops)), f"{own.mean():.2f}", f"{random.mean():.4f}"]
            + [_estimate(_at(ratio_of_means, own, random), picture, draws)]
            + [_estimate(_at(lambda more: float(more.mean()), own - random), picture, draws)]
            + [f"{np.median(own):.2f}", f"{lost['touched'].mean():.2f}"]
            + [f"{lost['others'].mean():.2f}", f"{lost['random others'].mean():.2f}"]
            + [
                f"{np.median(lost['window']):.4f}",
                f"{(lost['window'] > lost['control']).mean():.2f}",
            ]
        )
    head = ["question", "words", "n", "own patches", "random", "ratio", "difference", "own, median"]
    head += [
        "all it touches",
        "all others",
        "random others",
        "best window, median",
        "above control",
    ]
    return _markdown("**Drops**, nats of log p lost when patches become the mean", head, lines)


def _estimate(statistic: Statistic, picture: np.ndarray, draws: int) -> str:
    """A value with its 95 % interval."""
    value = statistic(np.arange(len(picture)))
    low, high = interval(statistic, picture, draws)
    digits = 0 if abs(value) >= 100 else 3 if abs(value) <= 1 else 2
    first, *ends = (f"{x:.{digits}f}".replace("inf", "∞") for x in (value, low, high))
    return f"{first} ({'–'.join(ends)})"


def _markdown(title: str, head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join([title, "", *("| " + " | ".join(row) + " |" for row in rows)])
