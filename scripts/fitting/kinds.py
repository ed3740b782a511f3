"""The two kinds of fit as the loop sees them: samples in, translators out.

>>> work = tuned_work(reader, rank=16, rate=1e-3, rounds=250, seed=0)
>>> work.add(sample)
"""

from dataclasses import dataclass

from logit_lens.reading.lenses.lens import Translator
from logit_lens.reading.lenses.load import width_of

from .jacobian import JacobianFit, truncated
from .samples import Sample
from .states import Reader
from .team import Team
from .tuned import TunedFit


@dataclass(frozen=True, eq=False)
class TunedWork:
    """A tuned lens."""

    reader: Reader
    fit: TunedFit

    def add(self, sample: Sample) -> None:
        """Add its gradients."""
        read = self.reader.read(sample)
        if read is not None:
            self.fit.contribute(read)

    def finish(self, team: Team) -> float:
        """Make a step."""
        return self.fit.finish(team)

    def translators(self) -> dict[int, Translator]:
        """As they are now."""
        return self.fit.translators()

    def state(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        return self.fit.state()

    def restore(self, state: dict[str, object]) -> None:
        """Go on from a checkpoint."""
        self.fit.restore(state)


@dataclass(frozen=True, eq=False)
class JacobianWork:
    """A Jacobian lens; of a low rank, what is nearest to it."""

    reader: Reader
    fit: JacobianFit
    rank: int | None

    def add(self, sample: Sample) -> None:
        """Add its Jacobians."""
        exchange = self.reader.exchange(sample)
        if exchange is not None:
            weights, _ = self.reader.weigh(exchange, exchange.ids.device)
            self.fit.contribute(exchange.inputs, weights)

    def finish(self, team: Team) -> float:
        """Take them into the mean."""
        return self.fit.finish(team)

    def translators(self) -> dict[int, Translator]:
        """As they are now."""
        whole = self.fit.translators()
        rank = self.rank
        return whole if rank is None else {n: truncated(t, rank) for n, t in whole.items()}

    def state(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        return self.fit.state()

    def restore(self, state: dict[str, object]) -> None:
        """Go on from a checkpoint."""
        self.fit.restore(state)


def tuned_work(reader: Reader, rank: int | None, rate: float, rounds: int, seed: int) -> TunedWork:
    """Begin a tuned lens."""
    vlm = reader.vlm
    size = width_of(vlm), vlm.n_layers
    return TunedWork(reader, TunedFit(*size, rank, rate, rounds, seed, vlm.device))


def jacobian_work(reader: Reader, rank: int | None, skip_first: int) -> JacobianWork:
    """Begin a Jacobian lens."""
    vlm = reader.vlm
    work = JacobianFit(vlm.model, vlm.anatomy.layers, width_of(vlm), skip_first)
    return JacobianWork(reader, work, rank)
