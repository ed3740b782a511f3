"""The statistics of a folder: what each report counts, taken together model by model.

Quartiles are over images, each of which has one number per layer, and are exact: numbers are
decimal codes, so that how often each occurs can be counted, in memory that the images do not add
to. Of every word the surest patches are kept, one of an image. Does not know files or pages.

>>> gathered = Gathered()
>>> for number, entry in enumerate(Summaries(folder)):
...     gathered.add(number, entry.path.name, entry.statistics)
"""

import heapq
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .statistics import QUANTITIES

QUARTILES = (0.25, 0.5, 0.75)
BEST = 24  # patches of a word that are shown, at most
PATCHES, WORDS = 100_000, 30_000  # that an index carries, of all words; the words that it carries
_PACKED, _LAST = struct.Struct(">HIHHIIhh4B"), 2**32 - 1
_CODES = 2**16
_KNOWN = _CODES - 1  # the last code says that nothing was recorded


class Surest(NamedTuple):
    """The surest patch of an image for a word.

    Attributes:
        code: of its probability.
        report: its number.
        row: of the layer, in the report.
        layer: its number.
        position: of the patch.
        token: its id.
        view: the part of the picture that the report must show, −1 for what it shows by itself.
        crop: which of the report's crops shows it, −1 for none.
        box: left, top, right, bottom, in the units of `statistics.EDGE`; zeros without a place.
    """

    code: int
    report: int
    row: int
    layer: int
    position: int
    token: int
    view: int
    crop: int
    box: tuple[int, int, int, int]

    def packed(self) -> bytes:
        """In a fifth of the memory, and so that the surest is the greatest, the first of equals."""
        code, report, *others, box = self
        return _PACKED.pack(code, _LAST - report, *others, *box)

    @classmethod
    def unpacked(cls, packed: bytes) -> "Surest":
        """The same again."""
        code, behind, row, layer, position, token, view, crop, *box = _PACKED.unpack(packed)
        place = row, layer, position, token, view, crop
        return cls(code, _LAST - behind, *place, (box[0], box[1], box[2], box[3]))


@dataclass
class FolderWord:
    """A word, over all images.

    Attributes:
        patches: how many read as it.
        images: how many have such a patch.
        layers: the numbers of the patches' layers, summed.
        best: its surest patches, packed, as a heap.
    """

    patches: int = 0
    images: int = 0
    layers: int = 0
    best: list[bytes] = field(default_factory=list)

    def add(self, patches: int, layers: int) -> None:
        """Count what one image says of it."""
        self.patches += patches
        self.layers += layers
        self.images += 1

    def keep(self, patch: Surest) -> None:
        """Keep a patch, if it is among the surest."""
        if len(self.best) < BEST:
            heapq.heappush(self.best, patch.packed())
        elif patch.code >= int.from_bytes(self.best[0][:2], "big"):  # or it is not worth packing
            heapq.heappushpop(self.best, patch.packed())

    @property
    def surest(self) -> Surest:
        """Of all its patches."""
        return Surest.unpacked(max(self.best))

    @property
    def mean_layer(self) -> float:
        """Of the patches that read as it, each at the layer where it is surest."""
        return self.layers / self.patches


@dataclass
class FolderModel:
    """What one model's images say.

    Attributes:
        images: how many.
        patches: of all of them.
        words: by their text.
    """

    images: int = 0
    patches: int = 0
    words: dict[str, FolderWord] = field(default_factory=dict)
    _seen: dict[int, np.ndarray] = field(default_factory=dict)  # layer -> (quantity, code) counts

    def add(self, number: int, statistics: dict[str, Any]) -> None:
        """One image's numbers; the number is that of its report."""
        self.images += 1
        self.patches += statistics["patches"]
        layers = statistics["layers"]
        for row, layer in enumerate(layers):
            if layer not in self._seen:
                self._seen[layer] = np.zeros((len(QUANTITIES), _CODES), np.uint32)
            for counts, quantity in zip(self._seen[layer], QUANTITIES, strict=True):
                counts[statistics[quantity][row]] += 1
        crops = statistics["crops"]
        for n, line in enumerate(statistics["words"]):
            text, patches, summed, code, row, position, token, view, box = line
            word = self.words.get(text)
            if word is None:
                word = self.words[text] = FolderWord()
            word.add(patches, summed)
            crop = n if n < len(crops) and crops[n] is not None else -1
            place = row, layers[row], position, token, view, crop
            word.keep(Surest(code, number, *place, tuple(box or (0, 0, 0, 0))))

    @property
    def layers(self) -> list[int]:
        """All that any of the images has."""
        return sorted(self._seen)

    def known(self, layer: int) -> list[int]:
        """How many images have a number there, by quantity."""
        return [int(n) for n in self._seen[layer][:, :_KNOWN].sum(1)]

    def quartiles(self, layer: int) -> list[list[int]]:
        """By quantity: codes, each of them of an image; empty where none has a number.

        Args:
            layer: its number.
        """
        found = []
        for counts in self._seen[layer][:, :_KNOWN]:
            below = counts.cumsum()  # images with at most this code
            places = np.searchsorted(below, np.ceil(np.array(QUARTILES) * below[-1]))
            found.append([int(place) for place in places] if below[-1] else [])
        return found

    def ranked(self) -> list[tuple[str, FolderWord]]:
        """The words, those that most patches read as first."""
        by_count = sorted(self.words.items(), key=lambda one: (-one[1].patches, one[0]))
        return by_count[:WORDS]


class Gathered:
    """All models of a folder.

    Attributes:
        models: by name.
        names: of the reports, by their number.
        copies: reports that are copies of others; they are counted once.
    """

    def __init__(self) -> None:
        """Nothing yet."""
        self.models: dict[str, FolderModel] = {}
        self.names: dict[int, str] = {}
        self.copies = 0
        self._hashes: set[int] = set()

    def add(self, number: int, name: str, statistics: dict[str, Any], identity: str) -> None:
        """Count one report.

        Args:
            number: of the report in the index.
            name: its file.
            statistics: what it says.
            identity: what copies of it share beside these.
        """
        mark = hash((identity, *map(str, (statistics[name] for name in QUANTITIES))))
        if mark in self._hashes:
            self.copies += 1
            return
        self._hashes.add(mark)
        self.names[number] = name
        self.models.setdefault(statistics["model"], FolderModel()).add(number, statistics)


def shown(
    model: FolderModel, room: int = PATCHES
) -> Iterator[tuple[str, FolderWord, list[Surest]]]:
    """The words that an index carries, with their surest patches, the surest first.

    Where there is not room for all patches, every word gives up its less sure ones.
    """
    words = model.ranked()
    held = [len(word.best) for _, word in words]
    fits = (n for n in (BEST, 12, 6, 4, 3, 2) if sum(min(n, h) for h in held) <= room)
    most = next(fits, 1)
    for text, word in words:
        best = sorted(word.best, reverse=True)[:most]
        yield text, word, [Surest.unpacked(packed) for packed in best]
