"""The Jacobian lens: ``J h``, how the last layer's state moves with this one's, on average.

Row i of J is the gradient of the sum of component i of the last layer's state, over all positions
that count, averaged over the positions of this layer's. The first positions, where attention sinks
sit, and the last one do not count.

>>> work = JacobianFit(vlm, skip_first=16)
>>> work.contribute(exchange, weights)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from logit_lens import LensError
from logit_lens.reading.lenses.lens import Translator

from .team import Team


class JacobianFit:
    """Sums of Jacobians of layers 0 to N − 1, in float32 on the CPU."""

    def __init__(self, model: Any, layers: nn.ModuleList, width: int, skip_first: int) -> None:
        """Prepare to add up.

        Args:
            model: its weights frozen.
            layers: its decoder layers.
            width: of a state.
            skip_first: how many positions at the beginning do not count.
        """
        self._model, self._layers, self._skip = model, layers, skip_first
        shape = (len(layers), width, width)
        self._total, self._round = torch.zeros(shape), torch.zeros(shape)
        # of the rounds before, and of this one: (1,)
        self._weight, self._new_weight = torch.zeros(1), torch.zeros(1)

    def contribute(self, inputs: dict[str, Any], weights: Tensor) -> None:
        """Add the Jacobians of one sequence.

        Args:
            inputs: of the model.
            weights: (position,) how much each source counts.
        """
        counts = torch.ones(len(weights), dtype=torch.bool)
        counts[: self._skip] = False
        counts[-1] = False
        if not counts.any():
            return
        with torch.enable_grad(), _taped(self._layers) as states:
            self._model(**inputs, use_cache=False)
        *sources, last = states
        if last.ndim != 3 or last.shape[1] != len(weights):
            raise LensError("this model has several streams; no Jacobian lens is fitted to it")
        targets = counts.to(last.device)
        per_source = torch.where(counts, weights.cpu(), 0.0)
        for row in range(last.shape[-1]):
            one = torch.zeros_like(last)
            one[0, targets, row] = 1
            gradients = torch.autograd.grad(last, sources, one, retain_graph=True)
            for layer, gradient in enumerate(gradients):
                mean = per_source.to(gradient.device) @ gradient[0].float()
                self._round[layer, row] += mean.cpu()
        self._new_weight += per_source.sum()

    def finish(self, team: Team) -> float:
        """Add what all processes found in this round."""
        team.add_up([self._round, self._new_weight])
        self._total += self._round
        self._weight += self._new_weight
        self._round.zero_()
        self._new_weight.zero_()
        return float("nan")  # nothing is minimised

    def matrices(self) -> Tensor:
        """J of every layer (layer, d_model, d_model)."""
        return self._total / self._weight.clamp(min=1e-9)

    def translators(self) -> dict[int, Translator]:
        """As they are now, by layer: ``h + (J − 1) h``."""
        one = torch.eye(self._total.shape[-1])
        return {layer: Translator((j - one,)) for layer, j in enumerate(self.matrices())}

    def state(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        return {"total": self._total, "weight": self._weight}

    def restore(self, state: dict[str, object]) -> None:
        """Go on from a checkpoint."""
        self._total.copy_(state["total"])  # type: ignore[arg-type]
        self._weight.copy_(state["weight"])  # type: ignore[arg-type]


def truncated(translator: Translator, rank: int) -> Translator:
    """The nearest translator of a rank: the largest singular values are kept."""
    (matrix,) = translator.factors
    u, s, v = torch.linalg.svd(matrix.float(), full_matrices=False)
    return Translator((v[:rank], u[:, :rank] * s[:rank]), translator.bias)


@contextmanager
def _taped(layers: nn.ModuleList) -> Iterator[list[Tensor]]:
    """Inside, a forward leaves the states before and after every layer, with their graph."""
    states: list[Tensor] = []

    def enter(layer: nn.Module, args: Any, kwargs: Any) -> Any:
        states.clear()
        given = args[0] if args else kwargs["hidden_states"]
        first = given.detach().requires_grad_()
        states.append(first)
        if args:
            return (first, *args[1:]), kwargs
        return args, kwargs | {"hidden_states": first}

    def leave(layer: nn.Module, args: Any, output: Any) -> None:
        states.append(output[0] if isinstance(output, tuple | list) else output)

    handles = [layers[0].register_forward_pre_hook(enter, with_kwargs=True)]
    handles += [layer.register_forward_hook(leave) for layer in layers]
    try:
        yield states
    finally:
        for handle in handles:
            handle.remove()
