"""Modules as linear maps: a norm at a frozen scale, and the transpose of a projection.

Both are found by calling the module, never by reading its weights, so that quantised weights and
those that accelerate keeps elsewhere work too. Does not know models.

>>> frozen = FrozenNorm.at(norm, state)         # (row, d_model)
>>> frozen.transposed(rows_of_the_head)         # what each number of a state adds to the logit
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


def transposed(module: nn.Module, rows: Tensor, width: int) -> Tensor:
    """``rows @ W`` for a module that computes ``x @ W.T (+ b)``.

    Args:
        module: the projection.
        rows: (row, out) what multiplies its output.
        width: numbers in the module's input.

    Returns:
        float32 (row, in).
    """
    with torch.inference_mode(False), torch.enable_grad():
        weights = next(iter(module.parameters()), rows)
        dtype = weights.dtype if weights.is_floating_point() else rows.dtype
        zeros = torch.zeros(
            1, len(rows), width, dtype=dtype, device=rows.device, requires_grad=True
        )
        out = module(zeros)
        (grad,) = torch.autograd.grad(out, zeros, rows.clone()[None].to(out.device, out.dtype))
    return grad[0].float()


@dataclass(frozen=True, eq=False)
class FrozenNorm:
    """A norm whose scale is held at what it was for given states: a linear map and a constant.

    Attributes:
        gain: (d_model,) float32.
        bias: (d_model,) float32.
        scale: (row, 1) float32, what each state is divided by.
        centred: whether the mean is taken off first (LayerNorm; RMSNorm does not).
        error: largest relative difference to the norm itself, at those states.
    """

    gain: Tensor
    bias: Tensor
    scale: Tensor
    centred: bool
    error: float

    @classmethod
    @torch.no_grad()
    def at(cls, norm: nn.Module | None, states: Tensor) -> "FrozenNorm":
        """Freeze a norm at some states (row, d_model). No norm is the identity."""
        d_model = states.shape[-1]
        if norm is None:
            one = torch.ones(d_model, device=states.device)
            return cls(one, one * 0, torch.ones(len(states), 1, device=states.device), False, 0.0)
        # Of RMSNorm, ones and alternating ±1 (both of root mean square 1) give the gain, with
        # signs. LayerNorm takes the mean off: ones give its bias, ±1 its gain on top of that.
        ones = torch.ones(d_model, device=states.device, dtype=states.dtype)
        signs = ones.clone()
        signs[1::2] = -1
        flat, jagged = norm(torch.stack([ones, signs])[None])[0].float()
        centred = not torch.allclose(flat, jagged * signs.float(), rtol=1e-3, atol=1e-6)
        bias = flat if centred else torch.zeros_like(flat)
        gain = (jagged - bias) * signs.float() if centred else flat
        exact = norm(states[None])[0].float() - bias
        h = states.float()
        plain = (h - h.mean(-1, keepdim=True) if centred else h) * gain
        # the scale by least squares: whatever epsilon a family adds is in it
        scale = (plain * plain).sum(-1, keepdim=True) / (plain * exact).sum(-1, keepdim=True)
        error = (plain / scale - exact).abs().max() / exact.abs().max()
        return cls(gain, bias, scale, centred, float(error))

    def transposed(self, rows: Tensor) -> Tensor:
        """(row, d_model): what multiplies the norm's output → what multiplies its input."""
        direction = rows * self.gain / self.scale
        return direction - direction.mean(-1, keepdim=True) if self.centred else direction
