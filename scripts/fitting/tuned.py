"""The tuned lens: ``h + W h + b``, so that KL(p_N ‖ p_l) is small (Belrose et al. 2023).

Every layer is fitted by itself. W is whole, or the product of two matrices of a low rank; it begins
at zero, which is the logit lens.

>>> work = TunedFit(width=4096, n_layers=32, rank=None, rate=1e-3, steps=250, seed=0, device=device)
>>> work.contribute(read)                # gradients of one sample
>>> work.finish(team)                    # one step
"""

import torch
from torch import Tensor

from logit_lens.reading.lenses.lens import Translator

from .divergence import chunks, divergence
from .states import Read
from .team import Team


class TunedFit:
    """Translators of layers 0 to N − 1 while they are fitted, in float32."""

    def __init__(
        self,
        width: int,
        n_layers: int,
        rank: int | None,
        rate: float,
        steps: int,
        seed: int,
        device: torch.device,
    ) -> None:
        """Begin at the logit lens.

        Args:
            width: of a state.
            n_layers: N.
            rank: of W; None for any.
            rate: how large the first steps are; they shrink to nothing in even steps.
            steps: how many there will be.
            seed: of what is random at the beginning.
            device: where to work.
        """
        self._layers = [_begin(width, rank, seed + layer, device) for layer in range(n_layers)]
        self._parameters = [t for layer in self._layers for t in layer.tensors]
        self._optimizer = torch.optim.Adam(self._parameters, lr=rate)
        self._rate, self._steps, self._done = rate, steps, 0
        self._sums = torch.zeros(2, device=device)  # weighted loss, weight
        self._forget()

    def contribute(self, read: Read) -> None:
        """Add the gradients of one sample."""
        for at, final in chunks(read):
            weights = read.weights[at].to(final.device)
            for layer, translator in enumerate(self._layers):
                logits = read.tail(translator(read.states[layer][at]), slice(None))
                loss = (divergence(final, logits) * weights.to(logits.device)).sum()
                loss.backward()  # layer by layer: one layer's graph is in memory
                self._sums[0] += loss.detach().to(self._sums.device)
            self._sums[1] += weights.sum().to(self._sums.device)

    def finish(self, team: Team) -> float:
        """Make a step with what was added, in all processes; gives the mean KL of a layer."""
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        team.add_up([*gradients, self._sums])
        total, weight = self._sums.tolist()
        for gradient in gradients:
            gradient.div_(max(weight, 1e-9))
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * (1 - self._done / self._steps)
        self._optimizer.step()
        self._done += 1
        self._forget()
        return float(total / max(weight, 1e-9) / len(self._layers))

    def translators(self) -> dict[int, Translator]:
        """As they are now, by layer."""
        return {
            layer: Translator(
                tuple(f.detach().clone() for f in now.factors),
                None if now.bias is None else now.bias.detach().clone(),
            )
            for layer, now in enumerate(self._layers)
        }

    def state(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        tensors = [tensor.detach() for tensor in self._parameters]
        return {"tensors": tensors, "optimizer": self._optimizer.state_dict(), "done": self._done}

    def restore(self, state: dict[str, object]) -> None:
        """Go on from a checkpoint."""
        kept = state["tensors"]
        assert isinstance(kept, list)
        with torch.no_grad():
            for parameter, tensor in zip(self._parameters, kept, strict=True):
                parameter.copy_(tensor)
        self._optimizer.load_state_dict(state["optimizer"])  # type: ignore[arg-type]
        self._done = int(state["done"])  # type: ignore[call-overload]

    def _forget(self) -> None:
        for parameter in self._parameters:
            parameter.grad = torch.zeros_like(parameter)
        self._sums.zero_()


def _begin(width: int, rank: int | None, seed: int, device: torch.device) -> Translator:
    if rank is None:
        factors = [torch.zeros(width, width)]
    else:
        generator = torch.Generator().manual_seed(seed)
        factors = [torch.randn(rank, width, generator=generator), torch.zeros(width, rank)]
        factors[0] /= width**0.5
    tensors: list[Tensor] = [*factors, torch.zeros(width)]
    *parts, bias = [tensor.to(device).requires_grad_() for tensor in tensors]
    return Translator(tuple(parts), bias)
