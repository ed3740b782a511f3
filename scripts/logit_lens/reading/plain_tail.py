"""Final norm, then unembedding: what most families do after their last layer.

Does not know whether that is all that a family does; ``tail.py`` finds out.

>>> PlainTail(anatomy.norm, anatomy.head)(state, slice(0, 64)).shape
torch.Size([64, 32064])
"""

from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from .lens import Tail


class PlainTail:
    """``head(norm(h))``. Both are called as modules: accelerate may keep weights elsewhere."""

    def __init__(self, norm: nn.Module | None, head: nn.Module) -> None:
        """Read through ``norm`` (or nothing) and ``head``."""
        self._norm, self._head = norm, head
        self._device = _device_of(norm if norm is not None else head)

    def reusing(self) -> Tail:
        """See ``lens.Reusable``: possible on a CPU, with a head that is a matrix and no more."""
        if not _is_bare_matrix(self._head):
            return self
        return PlainTail(self._norm, _Rewritten(self._head))

    def __call__(self, state: Tensor, positions: Any) -> Tensor:
        """Logits (position, vocab) of a state (position, d_model) at ``positions``."""
        hidden = state[positions]
        if self._device is not None:
            hidden = hidden.to(self._device)
        # a batch axis, as in the model's own forward: some norms and heads ask for it
        hidden = hidden[None]
        if self._norm is not None:
            hidden = self._norm(hidden)
        return self._head(hidden)[0]


class _Rewritten(nn.Module):
    """A linear head that writes its logits over those of its last call."""

    def __init__(self, head: nn.Linear) -> None:
        super().__init__()
        self._head = head
        self._room = head.weight.new_empty(0)

    def forward(self, hidden: Tensor) -> Tensor:
        """(1, position, d_model) -> logits (1, position, vocab), good until the next call."""
        weight, bias = self._head.weight.t(), self._head.bias  # (d_model, vocab), (vocab)
        rows, vocab = hidden.shape[1], weight.shape[1]
        if len(self._room) < rows:
            self._room = hidden.new_empty((rows, vocab))
        out = self._room[:rows]
        if bias is None:
            return torch.mm(hidden[0], weight, out=out)[None]
        return torch.addmm(bias, hidden[0], weight, out=out)[None]


def _is_bare_matrix(head: nn.Module) -> TypeGuard[nn.Linear]:
    """Whether calling it is one product on a CPU: no hooks, no other forward, no packed weights."""
    return (
        type(head) is nn.Linear
        and type(head.weight) is nn.Parameter
        and head.weight.device.type == "cpu"
        and "forward" not in head.__dict__  # accelerate sets one
        and not (head._forward_hooks or head._forward_pre_hooks)
    )


def _device_of(module: nn.Module) -> torch.device | None:
    """Where a module's input goes; None where accelerate's hooks move it themselves."""
    if hasattr(module, "_hf_hook"):
        return None
    parameter = next(module.parameters(), None)
    return None if parameter is None or parameter.device.type == "meta" else parameter.device
