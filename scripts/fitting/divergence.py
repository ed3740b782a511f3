"""KL(p_N ‖ p_l), in nats, of states as a lens reads them.

>>> distances(read, translators).shape          # layers 0 to N − 1
(8, 601)
"""

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from logit_lens.reading.lenses.lens import Translator

from .states import Read

_ROWS = 256  # positions at a time: more logits are not in memory


def log_probs(logits: Tensor) -> Tensor:
    """Of (position, vocab), in float32; what cannot be (−inf) stays a number."""
    return logits.float().clamp(min=torch.finfo(torch.float32).min).log_softmax(-1)


def divergence(final: Tensor, logits: Tensor) -> Tensor:
    """KL (position,) of logits (position, vocab) from the final layer's log-probabilities."""
    return (final.exp() * (final - log_probs(logits))).sum(-1)


def chunks(read: Read) -> Iterator[tuple[slice, Tensor]]:
    """Positions, and the final layer's log-probabilities (position, vocab) there."""
    n_positions = len(read.weights)
    for start in range(0, n_positions, _ROWS):
        at = slice(start, min(start + _ROWS, n_positions))
        with torch.no_grad():
            final = log_probs(read.tail(read.states[-1], at))
        yield at, final


@torch.no_grad()
def distances(read: Read, translators: Mapping[int, Translator]) -> np.ndarray:
    """KL of every layer but the last, float32 (layer, position)."""
    found = [
        torch.stack(
            [
                divergence(final, read.tail(translated(translators, layer, state[at]), slice(None)))
                for layer, state in enumerate(read.states[:-1])
            ]
        )
        for at, final in chunks(read)
    ]
    return torch.cat(found, -1).clamp_(min=0).cpu().numpy()


def translated(translators: Mapping[int, Translator], layer: int, state: Tensor) -> Tensor:
    """A state of a layer as the tail is to read it."""
    translator = translators.get(layer)
    return state if translator is None else translator(state)
