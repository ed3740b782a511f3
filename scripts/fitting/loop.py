"""The fit, round by round: a batch, a step, now and then a look at what is held out.

The best translator of every layer by what is held out is kept. The order of the samples depends on
the seed and the round alone, so a fit that goes on from its checkpoint ends where it would have
ended. Does not know what a step does.

>>> found = fit(work, samples, held_out, plan, team, checkpoint, on_round=print)
>>> found.best[3].kl, found.logit.mean[3]
(0.21, 3.42)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from logit_lens.reading.lenses.lens import Translator

from .checkpoint import Checkpoint
from .held_out import HeldOut, Measured
from .samples import Sample
from .team import Team

_ENOUGH = 1e-3  # what the sum over layers must gain, as a share, to count as better


class Work(Protocol):
    """A kind of fit."""

    def add(self, sample: Sample) -> None:
        """Work on one sample."""

    def finish(self, team: Team) -> float:
        """Make a step with what was added, in all processes; gives the loss, NaN for none."""

    def translators(self) -> dict[int, Translator]:
        """As they are now."""

    def state(self) -> dict[str, object]:
        """What a checkpoint keeps."""

    def restore(self, state: dict[str, object]) -> None:
        """Go on from a checkpoint."""


@dataclass(frozen=True)
class Plan:
    """How long, and in what portions.

    Attributes:
        rounds: how many at most.
        batch: samples of a round.
        every: rounds between two looks at what is held out.
        patience: looks without gain, after which it ends; 0 for never.
        seed: of the order of the samples.
    """

    rounds: int
    batch: int
    every: int
    patience: int
    seed: int

    def batch_of(self, samples: Sequence[Sample], number: int) -> list[Sample]:
        """The samples of a round: a new order every time all have had their turn."""
        wanted = range(number * self.batch, (number + 1) * self.batch)
        orders: dict[int, np.ndarray] = {}
        chosen = []
        for n in wanted:
            epoch, at = divmod(n, len(samples))
            if epoch not in orders:
                order = np.random.default_rng([self.seed, epoch]).permutation(len(samples))
                orders[epoch] = order
            chosen.append(samples[int(orders[epoch][at])])
        return chosen


@dataclass
class Found:
    """What is known so far.

    Attributes:
        best: layer → (its held-out KL, the translator that had it).
        looks: the sum over layers of the best KL, after each look.
        rounds: how many were made.
    """

    best: dict[int, tuple[float, Translator]]
    looks: list[float]
    rounds: int = 0

    def look(self, measured: Measured, translators: dict[int, Translator]) -> None:
        """Keep what is better than before, layer by layer."""
        for layer, translator in translators.items():
            kl = float(measured.mean[layer])
            if layer not in self.best or kl < self.best[layer][0]:
                self.best[layer] = (kl, translator)
        self.looks.append(sum(kl for kl, _ in self.best.values()))

    def stands_still(self, patience: int) -> bool:
        """Whether the last looks brought nothing."""
        if not patience or len(self.looks) <= patience:
            return False
        return self.looks[-1] > self.looks[-1 - patience] * (1 - _ENOUGH)


def fit(
    work: Work,
    samples: Sequence[Sample],
    held_out: HeldOut,
    plan: Plan,
    team: Team,
    checkpoint: Checkpoint,
    on_round: Callable[[int, float, float | None], object],
) -> Found:
    """Fit, from the beginning or from where a checkpoint left off.

    Args:
        work: makes the steps.
        samples: what is fitted.
        held_out: what judges.
        plan: how long.
        team: the processes that share the work.
        checkpoint: where this fit is kept.
        on_round: called with the number of rounds made, the loss, and at a look the mean held-out
            KL of a layer.
    """
    found = _restore(checkpoint.load(), work)
    while found.rounds < plan.rounds and not found.stands_still(plan.patience):
        for sample in team.share(plan.batch_of(samples, found.rounds)):
            work.add(sample)
        loss = work.finish(team)
        found.rounds += 1
        now: float | None = None
        if found.rounds % plan.every == 0 or found.rounds == plan.rounds:
            translators = work.translators()
            found.look(held_out.measure(translators), translators)
            now = found.looks[-1] / len(translators)
        on_round(found.rounds, loss, now)
        if team.leads:
            checkpoint.save_when_due(lambda: _kept(work, found))
    return found


def _kept(work: Work, found: Found) -> dict[str, Any]:
    best = {
        layer: {"kl": kl, "factors": list(t.factors), "bias": t.bias}
        for layer, (kl, t) in found.best.items()
    }
    return {"work": work.state(), "best": best, "looks": found.looks, "rounds": found.rounds}


def _restore(state: dict[str, Any] | None, work: Work) -> Found:
    if state is None:
        return Found({}, [])
    work.restore(state["work"])
    best = {
        layer: (kept["kl"], Translator(tuple(kept["factors"]), kept["bias"]))
        for layer, kept in state["best"].items()
    }
    return Found(best, list(state["looks"]), int(state["rounds"]))
