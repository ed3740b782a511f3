"""The residual stream after every decoder layer, by forward hooks.

Knows modules and hooks; does not know norms, vocabularies or images. The hooks return None (a hook
that returns something replaces the layer's output) and are gone when the block is left, also when
the forward raises.

>>> with ResidualStream(anatomy.layers) as stream:
...     logits = model(**inputs).logits
>>> stream.states(n_positions)[0].shape      # layer 0: the embeddings
torch.Size([593, 4096])
"""

from collections.abc import Iterable, Sequence
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
        self._passes: list[dict[int, Tensor]] = [{}]  # layer number -> state
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
        self._passes[-1][number] = state.detach().clone()

    def forget(self) -> None:
        """Begin anew."""
        self._passes = [{}]

    def next_pass(self) -> None:
        """Keep what was recorded; what comes now belongs to further positions."""
        if self._passes[-1]:
            self._passes.append({})

    def join(self, lengths: Sequence[int]) -> None:
        """Make the first passes one, position after position, and forget the others.

        Args:
            lengths: how many positions each of these passes read.

        Raises:
            LensError: a pass is missing, went through other layers, or has no such axis.
        """
        passes = self._passes[: len(lengths)]
        if len(passes) < len(lengths) or any(other.keys() != passes[0].keys() for other in passes):
            raise LensError("the model did not go through the same layers in every pass")
        for number in self.numbers:
            # taken out one by one: the states are in memory once
            states = [states.pop(number) for states in passes]
            axis = _batch_axis(states, lengths)
            passes[0][number] = states[0] if len(states) == 1 else torch.cat(states, axis + 1)
        self._passes = passes[:1]

    @property
    def numbers(self) -> list[int]:
        """The layer numbers that were recorded, ascending.

        A layer may not run at all: cross-attention layers of some families without an image.
        """
        return sorted(self._passes[0])

    def states(self, n_positions: int) -> list[Tensor]:
        """The recorded states in the order of ``numbers``, without their batch axis.

        Returns:
            (position, d_model) each; families with several streams keep their further axes, such
            as (stream, position, d_model).

        Raises:
            LensError: a state has no axis of ``n_positions`` after a batch axis of one.
        """
        states = [self._passes[0][number] for number in self.numbers]
        return [state.squeeze(_batch_axis([state], [n_positions])) for state in states]


def _batch_axis(states: Sequence[Tensor], lengths: Sequence[int]) -> int:
    """The axis of length 1 before the positions, of which the states have so many."""
    for axis in range(states[0].ndim - 1):
        if all(
            state.shape[axis : axis + 2] == (1, length)
            for state, length in zip(states, lengths, strict=True)
        ):
            return axis
    raise LensError(
        f"a decoder layer returned a state of shape {tuple(states[0].shape)}; "
        f"no axis holds the {lengths[0]} positions of the sequence"
    )
