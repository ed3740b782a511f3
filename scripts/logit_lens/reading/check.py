"""The self-check: is the lens at the last layer the model's own output?

It catches a double norm, a wrong norm, a missing soft-cap or scale, and layers off by one, without
a table of families: only numbers are compared.

>>> refusal(check.as_meta(), n_layers=32)
'self-check failed: the lens at layer 32 differs from …'
"""

import math
from bisect import bisect_left
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from ..model.misfit import first_not_finite
from ..model.vlm import VLM

_ROWS = 64  # positions at a time: the float32 copies stay small beside the logits themselves


@dataclass(frozen=True)
class SelfCheck:
    """The lens at layer N beside the logits that the model itself returned.

    Attributes:
        positions: how many positions were compared, over the whole vocabulary.
        argmax_agree: share of them at which both have the same most likely token, 0..1.
        max_abs_logit_diff: the largest difference between two logits.
        tolerance: what rounding in the model's dtype can explain.
    """

    positions: int
    argmax_agree: float
    max_abs_logit_diff: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether rounding explains every difference (NaN never passes)."""
        return self.max_abs_logit_diff <= self.tolerance

    def as_meta(self) -> dict[str, Any]:
        """The form that a record keeps."""
        return {**asdict(self), "passed": self.passed}


def refusal(check: dict[str, Any], vlm: VLM) -> str:
    """What to tell the user about a failed check (in the form that a record keeps)."""
    if not math.isfinite(check["max_abs_logit_diff"]):
        return (
            f"self-check failed: {_not_finite(vlm)}. Nothing was written; --force writes the report"
        )
    return (
        f"self-check failed: the lens at layer {vlm.n_layers} differs from the model's own logits "
        f"by {check['max_abs_logit_diff']:.3g} (tolerance {check['tolerance']:.3g}); nothing was "
        "written. --force writes the report with a warning"
    )


def _not_finite(vlm: VLM) -> str:
    """Why the logits are not finite, and what would mend that: another dtype cannot always."""
    name, is_nan = first_not_finite(vlm.model)
    if name and (is_nan or vlm.dtype != torch.float16):
        return (
            f"the weights of {vlm.name} hold {'NaN' if is_nan else 'infinity'} ({name}), which no "
            "--dtype mends; take another checkpoint"
        )
    if vlm.dtype == torch.float32:
        return (
            f"the logits of layer {vlm.n_layers} are not finite, in float32 and with finite "
            f"weights; {vlm.name} computes nothing here, take another checkpoint"
        )
    form = str(vlm.dtype).removeprefix("torch.")
    wider = "bfloat16 or float32" if vlm.dtype == torch.float16 else "float32"
    return f"the logits of layer {vlm.n_layers} are not finite in {form}; try --dtype {wider}"


class RunningCheck:
    """The self-check, made chunk by chunk while the lens reads the last layer.

    >>> check = RunningCheck(model_logits, torch.arange(593), torch.bfloat16)
    >>> check.compare(lens_logits, slice(0, 256))
    >>> check.result().passed
    """

    def __init__(self, logits: Tensor, positions: Tensor, dtype: torch.dtype) -> None:
        """Prepare to compare.

        Args:
            logits: (checked position, vocab) the model's own.
            positions: (checked position,) which positions those are, ascending, on the CPU.
            dtype: what the model computes in. The tolerance is a few units in its last place at the
                size of the largest logit, and never below 1e-4: the same product in another shape
                may be summed in another order, but a missing norm, cap or scale is off by far more.
        """
        self._logits, self._dtype = logits, dtype
        self._positions, self._on_device = positions.tolist(), positions.to(logits.device)
        self._agree: list[Tensor] = []
        self._largest: list[Tensor] = []
        self._difference: list[Tensor] = []

    def compare(self, logits: Tensor, at: slice) -> None:
        """Compare the lens at the last layer, (position, vocab), at these positions."""
        rows = slice(*(bisect_left(self._positions, edge) for edge in (at.start, at.stop)))
        if rows.start == rows.stop:
            return
        if rows.stop - rows.start < len(logits):
            checked = self._on_device[rows].to(logits.device) - at.start
            logits = logits.index_select(0, checked)
        chunks = zip(logits.split(_ROWS), self._logits[rows].split(_ROWS), strict=True)
        for lens, model in chunks:
            lens = lens.float()
            model = model.to(lens.device).float()
            if lens.shape != model.shape:  # not even the model's vocabulary
                model = torch.full_like(lens, torch.nan)
            self._agree.append((lens.argmax(-1) == model.argmax(-1)).float())
            self._largest.append(model.abs().max())
            self._difference.append((lens - model).abs().max())

    def result(self) -> SelfCheck:
        """What was found; only now is the device waited for."""
        ulps = 64 if self._dtype in (torch.float32, torch.float64) else 2
        largest = float(torch.stack(self._largest).max())
        return SelfCheck(
            positions=len(self._logits),
            argmax_agree=float(torch.cat(self._agree).mean()),
            max_abs_logit_diff=float(torch.stack(self._difference).max()),
            tolerance=max(1e-4, ulps * torch.finfo(self._dtype).eps * largest),
        )
