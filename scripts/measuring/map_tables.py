"""Rows of many words → the tables of the maps: where they point, and what replacing patches costs.

Knows what is in a word's row; does not know models, pictures or files.

>>> print(map_table(words, best_cuts(other_words), draws=1000))
"""

import numpy as np

from .cells import Row, at, estimate, grouped, markdown, mean
from .examine import SHARES

MAPS = ("reads as", "reads as, any layer", "depends on", "writes directly")
POINTS = ("on", "alike", "touching")
FEW = 10  # words that were said less often are not listed
# nats that the window which moves a word most takes from it
STRENGTHS = ((-np.inf, 0.001), (0.001, 0.1), (0.1, 1.0), (1.0, np.inf))


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


def map_table(words: list[Row], cuts: dict[tuple[str, str], int], draws: int) -> str:
    """Pointing game and IoU."""
    lines = []
    for (question, kind), some in grouped(words, "question", "kind").items():
        for name in MAPS:
            found = [item for item in some if name in item["maps"]]
            if found and (name, kind) in cuts:
                cut = cuts[name, kind]
                picture = np.array([item["picture"] for item in found])
                points = {
                    key: np.array([item["maps"][name][key] for item in found]) for key in POINTS
                }
                iou = np.mean([item["maps"][name]["iou"][cut] for item in found])
                lines.append(
                    [question, kind, f"{len(found):,}", name]
                    + [estimate(at(mean, points["on"]), picture, draws)]
                    + [f"{points[key].mean():.3f}" for key in POINTS[1:]]
                    + [f"{iou:.3f}", f"{SHARES[cut]:.2f}"]
                )
        chance = [np.mean([item[key] for item in some]) for key in POINTS]
        numbers = [f"{value:.3f}" for value in (*chance, chance[0])]
        lines.append([question, kind, f"{len(some):,}", "chance", *numbers, "–"])
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
    return markdown("**Maps** against the true masks", head, lines)


def window_table(words: list[Row]) -> str:
    """When *depends on* points right: by how much its best window moves the word."""
    lines = []
    for (question, kind), some in grouped(words, "question", "kind").items():
        some = [item for item in some if "drops" in item]
        for low, high in STRENGTHS:
            found = [item for item in some if low <= item["drops"]["window"] < high]
            if not found:
                continue
            points = [
                np.mean([item["maps"]["depends on"][key] for item in found]) for key in POINTS
            ]
            above = np.mean([item["drops"]["window"] > item["drops"]["control"] for item in found])
            size = f"≥ {low:g}" if high == np.inf else f"< {high:g}"
            share = f"{len(found) / len(some):.0%}"
            lines.append(
                [question, kind, size, share, *(f"{value:.3f}" for value in points), f"{above:.2f}"]
            )
    head = ["question", "words", "best window, nats", "of all words", "points on it", "on any such"]
    head += ["touches it", "above its controls"]
    return markdown("***Depends on***, by how much its best window moves the word", head, lines)


def word_table(words: list[Row]) -> str:
    """Word by word, of the first question: some words need the picture less than others."""
    lines = []
    first = [item for item in words if item["question"] == words[0]["question"]]
    for (kind, text), some in grouped(first, "kind", "text").items():
        if len(some) < FEW:
            continue
        points = [
            f"{np.mean([item['maps'][name]['touching'] for item in some]):.2f}"
            if all(name in item["maps"] for item in some)
            else "–"
            for name in MAPS
            if name != "reads as, any layer"  # its maximum is that of the best layer
        ]
        lost = [
            f"{np.mean([item['drops'][key] for item in some]):.2f}"
            if all("drops" in item for item in some)
            else "–"
            for key in ("object", "touched", "whole image")
        ]
        lines.append([kind, text, str(len(some)), *points, *lost])
    lines.sort(key=lambda line: line[0])
    head = ["words", "word", "n", "reads as", "depends on", "writes directly", "patches it covers"]
    head += ["all it touches", "the whole image"]
    title = (
        "**Word by word**: how often each map's maximum touches the object; nats lost when these"
    )
    return markdown(f"{title} become the mean", head, lines)


def drop_table(words: list[Row], draws: int) -> str:
    """The object's own patches, all replaced together, against random sets of as many."""
    lines = []
    for (question, kind), some in grouped(words, "question", "kind").items():
        found = [item for item in some if "drops" in item]
        if not found:
            continue
        picture = np.array([item["picture"] for item in found])
        own, random = (np.array([i["drops"][key] for i in found]) for key in ("object", "random"))
        lines.append(
            [question, kind, f"{len(found):,}", f"{own.mean():.2f}", f"{np.median(own):.2f}"]
            + [f"{random.mean():.4f}"]
            + [estimate(at(ratio_of_means, own, random), picture, draws)]
            + [estimate(at(mean, own - random), picture, draws)]
        )
    head = ["question", "words", "n", "own patches", "median", "random", "ratio", "difference"]
    return markdown("**Drops**: nats lost when an object's patches become the mean", head, lines)


def held_table(words: list[Row]) -> str:
    """Where the picture holds a word: what is lost by replacing less and more than the object."""
    sets = ("object", "touched", "others", "random others", "whole image")
    lines = []
    for (question, kind), some in grouped(words, "question", "kind").items():
        found = [item["drops"] for item in some if "drops" in item]
        if found:
            means = [f"{np.mean([drops[key] for drops in found]):.2f}" for key in sets]
            lines.append([question, kind, f"{len(found):,}", *means])
    head = [
        "question",
        "words",
        "n",
        "patches it covers",
        "all it touches",
        "all it does not touch",
    ]
    head += ["as many random ones", "the whole image"]
    return markdown("**Where a word is held**: nats lost when these become the mean", head, lines)
