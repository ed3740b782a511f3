"""The residual stream after every decoder layer, by forward hooks.

Knows modules and hooks; does not know norms, vocabularies or images. The hooks return None (a hook
that returns something replaces the layer's output) and are gone when the block is left, also when
the forward raises.

>>> with ResidualStream(anatomy.layers) as stream:
...     logits = model(**inputs).logits
>>> stream.states(n_positions)[0].shape      # layer 0: the embeddings
torch.Size([593, 4096])
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from .. import LensError


class ResidualStream:
    """Context manager that keeps what enters decoder layer 1 and what leaves every layer.

    The states are copies: some families add to a layer's output in place afterwards (DeepStack
    features), and what is read here is the value right after the layer.
    """

    def __init__(self, layers: Iterable[nn.Module], keep: Iterable[int] | None = None) -> None:
        """Prepare to hook ``layers``.

        Args:
            layers: the decoder layers, in order.
            keep: layer numbers to keep (0 = embeddings); all by default.
        """
        self._layers = list(layers)
        self._keep = set(range(len(self._layers) + 1) if keep is None else keep)
        self._states: dict[int, Tensor] = {}
        self._handles: list[Any] = []

    def __enter__(self) -> "ResidualStream":
        """Register the hooks."""
        if 0 in self._keep:
            first = self._layers[0]
            self._handles.append(first.register_forward_pre_hook(self._enter, with_kwargs=True))
        for number, layer in enumerate(self._layers, start=1):
            if number in self._keep:
                self._handles.append(layer.register_forward_hook(self._leave(number)))
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the hooks."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _enter(self, layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._store(0, args[0] if args else kwargs["hidden_states"])

    def _leave(self, number: int) -> Any:
        def hook(layer: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            self._store(number, output)

        return hook

    def _store(self, number: int, output: Any) -> None:
        state = output[0] if isinstance(output, (tuple, list)) else output
        self._states[number] = state.detach().clone()

    @property
    def numbers(self) -> list[int]:
        """The layer numbers that were recorded, ascending.

        A layer may not run at all: cross-attention layers of some families without an image.
        """
        return sorted(self._states)

    def states(self, n_positions: int) -> list[Tensor]:
        """The recorded states in the order of ``numbers``, without their batch axis.

        Returns:
            (position, d_model) each; families with several streams keep their further axes, such
            as (stream, position, d_model).

        Raises:
            LensError: a state has no axis of ``n_positions`` after a batch axis of one.
        """
        return [_without_batch(self._states[n], n_positions) for n in self.numbers]


def _without_batch(state: torch.Tensor, n_positions: int) -> torch.Tensor:
    for axis in range(state.ndim - 1):
        if state.shape[axis] == 1 and state.shape[axis + 1] == n_positions:
            return state.squeeze(axis)
    raise LensError(
        f"a decoder layer returned a state of shape {tuple(state.shape)}; "
        f"no axis holds the {n_positions} positions of the sequence"
    )
