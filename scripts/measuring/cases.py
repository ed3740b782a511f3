"""What is measured: pictures, questions, and which words are true of which pixels.

Both sources, demo scenes (`scenes`) and folders with COCO-style masks (`coco`), become cases. Knows
words and masks; does not know models, tokens or where a patch lies.

>>> case.targets[0].kind, case.targets[0].word, case.targets[0].region.shape
('object', 'star', (168, 168))
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from logit_lens.images import Picture


@dataclass(frozen=True, eq=False)
class Target:
    """A word that a right answer may hold, and the pixels it is true of.

    Attributes:
        kind: "object", "colour" or "background".
        word: as an answer spells it.
        region: bool (height, width) of the picture: the thing that the answer means here.
        alike: the same of everything in the picture that the word is true of.
    """

    kind: str
    word: str
    region: np.ndarray
    alike: np.ndarray


@dataclass(frozen=True)
class Listed:
    """A word whose support is asked for, said or not.

    Attributes:
        kind: as of a target.
        word: as an answer would spell it.
        present: whether it is true of anything in the picture.
    """

    kind: str
    word: str
    present: bool


@dataclass(frozen=True, eq=False)
class Case:
    """One picture and one question.

    Attributes:
        picture: the image.
        name: of the question's kind, for the tables.
        question: what is asked.
        truth: the right answer; None where there is more than one.
        targets: in the order in which a right answer names them.
        listed: words whose support is asked for; empty where another case of the same picture asks.
    """

    picture: Picture
    name: str
    question: str
    truth: str | None
    targets: Sequence[Target]
    listed: Sequence[Listed]


@dataclass(frozen=True)
class Sample:
    """One picture of a source, not made or opened yet.

    Attributes:
        key: names it for good; what was measured of it is found again by it.
        tuning: whether it only serves to choose thresholds.
        cases: makes what is asked of it.
    """

    key: str
    tuning: bool
    cases: Callable[[], Iterable[Case]]


def covered(region: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The share of each box that a pixel mask fills, (box,); 0 for boxes of NaN.

    Exact for edges between pixels too: the integral of a picture of constant pixels is bilinear
    inside each of them.
    """
    integral = np.zeros((region.shape[0] + 1, region.shape[1] + 1))
    integral[1:, 1:] = region.cumsum(0, dtype=np.float64).cumsum(1)
    left, top, right, bottom = np.nan_to_num(boxes.astype(np.float64)).T
    filled = (
        _at(integral, right, bottom)
        - _at(integral, left, bottom)
        - _at(integral, right, top)
        + _at(integral, left, top)
    )
    area = (right - left) * (bottom - top)
    return np.divide(filled, area, out=np.zeros_like(filled), where=area > 0)


def _at(integral: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The integral over all that lies left of x and above y."""
    height, width = integral.shape[0] - 1, integral.shape[1] - 1
    x, y = np.clip(x, 0, width), np.clip(y, 0, height)
    column, row = np.minimum(x.astype(int), width - 1), np.minimum(y.astype(int), height - 1)
    fx, fy = x - column, y - row
    upper = integral[row, column] * (1 - fx) + integral[row, column + 1] * fx
    lower = integral[row + 1, column] * (1 - fx) + integral[row + 1, column + 1] * fx
    return upper * (1 - fy) + lower * fy
