"""The self-check: is the lens at the last layer the model's own output?

It catches a double norm, a wrong norm, a missing soft-cap or scale, and layers off by one, without
a table of families: only numbers are compared.

>>> check_against_model(lens_logits, model_logits, torch.bfloat16).passed
True
"""

import math
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


def check_against_model(lens_logits: Tensor, model_logits: Tensor, dtype: torch.dtype) -> SelfCheck:
    """Compare the lens at the last layer with the model's own logits.

    Args:
        lens_logits: (position, vocab).
        model_logits: (position, vocab), the same positions.
        dtype: what the model computes in. The tolerance is a few units in its last place at the
            size of the largest logit, and never below 1e-4: the same product in another shape may
            be summed in another order, but a missing norm, cap or scale is off by far more.
    """
    agree, largest, difference = [], [], []
    for lens, model in zip(lens_logits.split(_ROWS), model_logits.split(_ROWS), strict=True):
        lens = lens.float()
        model = model.to(lens.device).float()
        agree.append((lens.argmax(-1) == model.argmax(-1)).float())
        largest.append(model.abs().max())
        difference.append((lens - model).abs().max())
    ulps = 64 if dtype in (torch.float32, torch.float64) else 2
    return SelfCheck(
        positions=len(lens_logits),
        argmax_agree=float(torch.cat(agree).mean()),
        max_abs_logit_diff=float(torch.stack(difference).max()),
        tolerance=max(1e-4, ulps * torch.finfo(dtype).eps * float(torch.stack(largest).max())),
    )
