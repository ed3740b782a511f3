"""What was held out: how far every layer's reading is from the model's output, there.

>>> held_out = HeldOut(reader, samples, team)
>>> held_out.measure({}).mean            # through the logit lens, layers 0 to N − 1
array([5.1, 4.8, …])
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from logit_lens import LensError
from logit_lens.reading.lenses.lens import Translator

from .divergence import distances
from .samples import Sample
from .states import Reader
from .team import Team


@dataclass(frozen=True, eq=False)
class Measured:
    """KL(p_N ‖ p_l) of all positions of all samples.

    Attributes:
        kl: (layer, position) of layers 0 to N − 1, in nats.
        weights: (position,) how much each counts.
        on_image: bool (position,).
    """

    kl: np.ndarray
    weights: np.ndarray
    on_image: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """(layer,) by the weights, as the fit has it."""
        return np.asarray((self.kl.astype(np.float64) @ self.weights) / self.weights.sum())

    def median(self, which: np.ndarray | None = None) -> np.ndarray:
        """(layer,) of the positions that are chosen."""
        kl = self.kl if which is None else self.kl[:, which]
        return np.median(kl, 1) if kl.shape[1] else np.full(len(kl), np.nan)


class HeldOut:
    """Samples that no step sees."""

    def __init__(self, reader: Reader, samples: Sequence[Sample], team: Team) -> None:
        """Each process measures its share of the samples."""
        self._reader, self._samples, self._team = reader, samples, team

    def measure(self, translators: Mapping[int, Translator]) -> Measured:
        """Through these translators; none for the logit lens.

        Raises:
            LensError: none of the samples can be read.
        """
        mine: list[tuple[np.ndarray, ...] | None] = []
        for sample in self._team.share(self._samples):
            read = self._reader.read(sample)
            if read is None:
                mine.append(None)
                continue
            beside = (read.weights.cpu().numpy(), read.on_image.cpu().numpy())
            mine.append((distances(read, translators), *beside))
        parts = [part for part in self._team.together(mine) if part is not None]
        if not parts:
            raise LensError("none of the pictures that are held out can be read")
        kl, weights, on_image = zip(*parts, strict=True)
        return Measured(np.concatenate(kl, 1), np.concatenate(weights), np.concatenate(on_image))
