"""What a model leaves behind while it reads: the residual stream, its own logits, and of what.

A pass is one call of the model: a forward over everything or, while it generates, one over the
prompt and one over each new token. Where the passes read every position once, all that the lens
needs has been computed. Does not know generation, tails or lenses.

>>> with Recording(vlm, numbers=[0, 16, 32], n_first=593) as recording:
...     ids = vlm.model.generate(**inputs, max_new_tokens=9)[0, :-1]    # the last is never read
>>> recording.of(ids).states[0].shape
torch.Size([601, 4096])
"""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .. import LensError
from ..model.vlm import VLM
from .residual import ResidualStream

_CHECK_BYTES = 128_000_000  # at most this much of the model's float32 logits is kept to be checked


@dataclass(frozen=True)
class Recorded:
    """A sequence of which every position was read once.

    Attributes:
        numbers: the layers that were to be kept and did run, ascending.
        states: the residual stream after each of them; a state holds all positions.
        logits: (checked position, vocab) the model's own.
        checked: (checked position,) which positions those are, ascending; on the CPU, since the
            last layer need not be where the inputs are.
    """

    numbers: list[int]
    states: list[Tensor]
    logits: Tensor
    checked: Tensor


@dataclass
class _Pass:
    """One call of the model.

    Attributes:
        ids: (position,) the tokens that it read.
        kept: at which of these positions logits are kept; generation needs the last in any case.
        logits: (kept, vocab); None where the model did not give them.
    """

    ids: Tensor
    kept: list[int]
    logits: Tensor | None = None


class Recording:
    """Context manager that records every pass of the model."""

    def __init__(self, vlm: VLM, numbers: Iterable[int], n_first: int) -> None:
        """Prepare to record.

        Args:
            vlm: the model.
            numbers: which layers to keep.
            n_first: how many positions are known now. Those to be checked are evenly spread over
                them; of what is read later, as many are checked as memory allows.
        """
        self._model, self._name, self._n_layers = vlm.model, vlm.name, vlm.n_layers
        self._stream = ResidualStream(vlm.anatomy.layers, keep=numbers)
        most = max(16, _CHECK_BYTES // (4 * vlm.n_vocab))
        n_spread = min(n_first, most * 3 // 4)
        self._spread = set(torch.linspace(0, n_first - 1, n_spread).round().int().tolist())
        self._later = range(n_first, n_first + most - n_spread)
        self._chooses = "logits_to_keep" in inspect.signature(vlm.model.forward).parameters
        self._passes: list[_Pass] = []
        self._handles: list[Any] = []

    def __enter__(self) -> "Recording":
        """Register the hooks."""
        before = self._model.register_forward_pre_hook(self._before, with_kwargs=True)
        self._handles = [before, self._model.register_forward_hook(self._after)]
        self._stream.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the hooks."""
        self._stream.__exit__()
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def of(self, ids: Tensor) -> Recorded:
        """What was recorded of a sequence; passes after its end are left out.

        Args:
            ids: (position,) the tokens that the decoder should have read.

        Raises:
            LensError: not each of them was read once, in this order; the last layer did not run.
        """
        lengths: list[int] = []
        for each in self._passes:
            if sum(lengths) < len(ids):
                lengths.append(len(each.ids))
        passes = self._passes[: len(lengths)]
        read = torch.cat([each.ids for each in passes]) if passes else ids[:0]
        if not torch.equal(read, ids):
            raise LensError(f"{self._name} did not read every position of the sequence once")
        self._stream.join(lengths)
        if self._stream.numbers[-1:] != [self._n_layers]:
            raise LensError(
                f"the last of the {self._n_layers} decoder layers of {self._name} did not run; its "
                "output cannot be read"
            )
        states = self._stream.states(len(ids))
        return Recorded(self._stream.numbers, states, *self._checked(passes))

    def _checked(self, passes: list[_Pass]) -> tuple[Tensor, Tensor]:
        """The logits that were kept (checked position, vocab), and of which positions."""
        logits, checked, start = [], [], 0
        for each in passes:
            if each.logits is None:
                raise LensError(f"{self._name} did not give the logits of the positions it read")
            logits.append(each.logits)
            checked += [start + at for at in each.kept]
            start += len(each.ids)
        return logits[0] if len(logits) == 1 else torch.cat(logits), torch.tensor(checked)

    def _before(self, model: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        ids = kwargs.get("decoder_input_ids")  # what a decoder reads that has an encoder
        ids = kwargs.get("input_ids") if ids is None else ids
        if ids is None:  # a pass over nothing but vectors cannot be told to be of any position
            self._passes.append(_Pass(torch.empty(0, dtype=torch.int64), []))
            return None
        start, length = sum(len(each.ids) for each in self._passes), ids.shape[1]
        if length > start:  # the first, or one of a model without a cache, which reads all again
            start, self._passes = 0, []
            self._stream.forget()
        self._stream.next_pass()
        places = enumerate(range(start, start + length))
        kept = [at for at, place in places if place in self._spread or place in self._later]
        self._passes.append(_Pass(ids[0], kept))
        if not self._chooses or length == 1:
            return None
        return args, kwargs | {"logits_to_keep": torch.tensor(sorted({*kept, length - 1}))}

    def _after(self, model: Any, args: Any, output: Any) -> None:
        this = self._passes[-1]
        logits = output.logits[0]  # (position, vocab), of all positions or of those asked for
        if len(logits) == len(this.ids):
            this.logits = logits if len(this.kept) == len(logits) else logits[this.kept]
        elif len(logits) in (len(this.kept), len(this.kept) + 1):
            this.logits = logits[: len(this.kept)]
