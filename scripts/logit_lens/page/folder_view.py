"""What an index carries as statistics: numbers by layer, words, and their surest patches.

It is asked in the order in which the index is written: all reports first, and then what they say
together. Does not know how the page draws; ``templates/overview/statistics.js`` reads this.

>>> view = FolderView(Summaries(folder))
>>> for entry in view.entries(): ...
>>> view.info()["models"][0]["images"], [block["name"] for block in view.blocks()][:2]
(200, ['word_text', 'word_model'])
"""

import functools
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .blocks import array_block, block, decimal_codes
from .gathered import PATCHES, FolderModel, FolderWord, Gathered, Surest, shown
from .statistics import EDGE, QUANTITIES
from .summaries import Entry, Summaries

CROPS = 3500  # pictures of patches that an index carries
_PROBLEMS = 100  # reports without numbers that are named
_WORD = ("model", "patches", "images", "layer", "best")  # best: how many patches follow
_PATCH: dict[str, tuple[str, Callable[[Surest], int]]] = {  # the type of each array, what it holds
    "report": ("uint32", lambda one: one.report),
    "prob": ("uint16", lambda one: one.code),
    "row": ("uint16", lambda one: one.row),
    "layer": ("uint16", lambda one: one.layer),
    "position": ("uint32", lambda one: one.position),
    "token": ("uint32", lambda one: one.token),
    "view": ("int16", lambda one: one.view),
}


class FolderView:
    """The statistics of a folder, as its index carries them.

    Attributes:
        summaries: the reports.
        gathered: their numbers, complete once all entries were gone through.
    """

    def __init__(self, summaries: Summaries) -> None:
        """No report is opened yet."""
        self.summaries, self.gathered = summaries, Gathered()
        self._problems: list[dict[str, str]] = []
        self._uncounted = 0

    def entries(self) -> Iterator[Entry]:
        """Every report; its numbers are counted on the way."""
        for number, entry in enumerate(self.summaries):
            if entry.statistics is not None and entry.statistics["patches"]:
                about = entry.summary
                identity = f"{about['source']} {about['fingerprint']} {about['created']}"
                self.gathered.add(number, entry.path.name, entry.statistics, identity)
            else:
                self._uncounted += 1
                reason = entry.problem or "no image in it"
                self._problems.append({"name": entry.path.name, "reason": reason})
            yield entry

    def info(self) -> dict[str, Any]:
        """Numbers by layer, of every model; the one with the most images first."""
        return {
            "quantities": QUANTITIES,
            "models": [
                {
                    "name": name,
                    "images": model.images,
                    "patches": model.patches,
                    "layers": model.layers,
                    "known": [model.known(layer) for layer in model.layers],
                    "quartiles": [model.quartiles(layer) for layer in model.layers],
                }
                for name, model in self._models
            ],
            "edge": EDGE,
            "copies": self.gathered.copies,
            "uncounted": self._uncounted,
            "problems": self._problems[:_PROBLEMS],
        }

    def blocks(self) -> Iterator[dict[str, str]]:
        """Words and their patches, as arrays."""
        words = self._words
        numbers = [
            (index, word.patches, word.images, 0, len(best)) for index, _, word, best in words
        ]
        yield block("word_text", "json", json.dumps([text for _, text, _, _ in words]).encode())
        columns = np.array(numbers, np.int64).reshape(-1, 5).T
        columns[3] = decimal_codes(np.array([word.mean_layer for _, _, word, _ in words]))
        for name, column in zip(_WORD, columns, strict=True):
            yield array_block(f"word_{name}", "uint32", column)
        patches = [one for _, _, _, best in words for one in best]
        numbered = itertools.count()
        crops = [next(numbered) if one in self._cropped else -1 for one in patches]
        for name, (dtype, value) in _PATCH.items():
            yield array_block(f"patch_{name}", dtype, np.array([value(one) for one in patches]))
        yield array_block("patch_crop", "int16", np.array(crops))
        boxes = np.array([one.box for one in patches]).reshape(-1, 4)
        yield array_block("patch_box", "uint8", boxes)

    def crops(self) -> Iterator[list[Any] | None]:
        """Pictures of the surest patches of the words that are read most, by ``patch_crop``.

        Each with the patch's box in it; None where a report is gone meanwhile.
        """
        for one in self._cropped:
            entry = self.summaries.entry(self.gathered.names[one.report])
            crops = entry.statistics["crops"] if entry and entry.statistics else []
            yield crops[one.crop] if one.crop < len(crops) else None

    @functools.cached_property
    def _models(self) -> list[tuple[str, FolderModel]]:
        return sorted(self.gathered.models.items(), key=lambda one: (-one[1].images, one[0]))

    @functools.cached_property
    def _words(self) -> list[tuple[int, str, FolderWord, list[Surest]]]:
        room = PATCHES // max(1, len(self._models))
        return [
            (index, *found)
            for index, (_, model) in enumerate(self._models)
            for found in shown(model, room)
        ]

    @functools.cached_property
    def _cropped(self) -> dict[Surest, None]:
        """The patches that a picture is carried of, in the order of the words."""
        able = (one for _, _, _, best in self._words for one in best if one.crop >= 0)
        return dict.fromkeys(itertools.islice(able, CROPS))
