"""A lens: what is done to the state of a layer before the model's own tail reads it.

The logit lens does nothing. A tuned lens (Belrose et al. 2023) adds ``W h + b``, fitted so that the
reading comes close to the model's output. A Jacobian lens puts ``J h`` in the state's place, ``J``
being how the last layer's state moves with this one's, on average. The last layer is never
translated: its reading is the model's own output, through any lens. Does not know files, models or
vocabularies.

>>> lens = Lens("tuned", "tuned", {3: Translator((matrix,), bias)})
>>> lens.translate(3, state).shape, lens.translate(8, state) is state
(torch.Size([593, 4096]), True)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor
from torch.nn import functional

from ... import LensError

LOGIT = "logit"  # the name of the lens that is always read


@dataclass(frozen=True, eq=False)
class Translator:
    """An affine map of the states of one layer.

    Attributes:
        factors: matrices, applied one after another: one (d_model, d_model), or for a map of low
            rank (rank, d_model) and (d_model, rank).
        bias: (d_model,) what is added; None for nothing.
        residual: whether the result is added to the state, rather than put in its place.
    """

    factors: tuple[Tensor, ...]
    bias: Tensor | None = None
    residual: bool = True

    def __call__(self, state: Tensor) -> Tensor:
        """Translate (…, d_model), where it is and in its own dtype.

        The matrices go to the state's device one at a time and do not stay there.
        """
        moved = state
        for factor in self.factors:
            moved = functional.linear(moved, factor.to(state.device, state.dtype))
        if self.bias is not None:
            moved = moved + self.bias.to(state.device, state.dtype)
        return state + moved if self.residual else moved

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All that it is made of."""
        return (*self.factors, *(() if self.bias is None else (self.bias,)))


@dataclass(frozen=True, eq=False)
class Lens:
    """A lens beside the logit lens.

    Attributes:
        name: what reports call it; unique among those of a record.
        kind: "tuned" or "jacobian".
        translators: by layer number, 0 the embeddings; layers that are missing stay as they are.
        about: what is known of where it comes from, for ``meta["lenses"]``.
    """

    name: str
    kind: str
    translators: Mapping[int, Translator]
    about: dict[str, Any] = field(default_factory=dict)

    def translate(self, layer: int, state: Tensor) -> Tensor:
        """The state (position, d_model) of a layer as the tail is to read it.

        Raises:
            LensError: the family's residual stream has several streams.
        """
        translator = self.translators.get(layer)
        if translator is None:
            return state
        if state.ndim != 2:
            raise LensError(
                f"a state of this model has {state.ndim - 1} axes beside its positions, and a lens "
                "of one stream cannot read it; leave out --lens",
                for_all=True,
            )
        return translator(state)
