"""What all tables are made of: groups of rows, a value with its interval, Markdown.

Knows lists and numbers; does not know what is measured.

>>> print(markdown("**Legs**", ["animal", "legs"], [["ant", "6"]]))
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .metrics import interval

Row = dict[str, Any]
Statistic = Callable[[np.ndarray], float]


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


def at(measure: Callable[..., float], *columns: np.ndarray) -> Statistic:
    """A measure of columns, as a statistic of drawn rows."""
    return lambda drawn: measure(*(column[drawn] for column in columns))


def mean(values: np.ndarray) -> float:
    """The mean, as a measure."""
    return float(values.mean())


def estimate(statistic: Statistic, picture: np.ndarray, draws: int) -> str:
    """A value with its 95 % interval by a bootstrap over pictures."""
    value = statistic(np.arange(len(picture)))
    low, high = interval(statistic, picture, draws)
    digits = 0 if abs(value) >= 100 else 3 if abs(value) <= 1 else 2
    first, *ends = (f"{x:,.{digits}f}".replace("inf", "∞") for x in (value, low, high))
    return f"{first} ({'–'.join(ends)})"


def markdown(title: str, head: list[str], lines: list[list[str]]) -> str:
    """A table with a line above it; nothing where there are no lines."""
    if not lines:
        return ""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join([title, "", *("| " + " | ".join(row) + " |" for row in rows)])
