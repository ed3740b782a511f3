"""What a fit found → the file, and the table of what it is worth on what was held out.

A layer that reads no better than through the logit lens is left out, and the file says which.

>>> kept = keep_better(found, held_out, logit, torch.float16)
>>> print(table(logit, kept.measured, kept.translators))
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from logit_lens import LensError
from logit_lens.reading.lenses.lens import Translator

from .held_out import HeldOut, Measured
from .loop import Found


@dataclass(frozen=True, eq=False)
class Kept:
    """The lens, as it is written.

    Attributes:
        translators: of the layers that read better than through the logit lens.
        measured: what was held out, through them.
    """

    translators: dict[int, Translator]
    measured: Measured


def keep_better(found: Found, held_out: HeldOut, logit: Measured, dtype: torch.dtype) -> Kept:
    """The best translators in the numbers of the file, where these beat the logit lens.

    Raises:
        LensError: no layer does.
    """
    rounded = {layer: _rounded(t, dtype) for layer, (_, t) in sorted(found.best.items())}
    first = held_out.measure(rounded)
    better = {n: t for n, t in rounded.items() if first.mean[n] < logit.mean[n]}
    if not better:
        raise LensError(
            "no layer reads better through this lens than through the logit lens, on what was held "
            "out; nothing was written. Name more pictures, more --rounds or another --rate"
        )
    kl = first.kl.copy()
    for layer in set(range(len(kl))) - set(better):
        kl[layer] = logit.kl[layer]
    return Kept(better, Measured(kl, first.weights, first.on_image))


def summary(logit: Measured, kept: Kept, images: int) -> dict[str, Any]:
    """What the file says of its worth: KL of layers 0 to N − 1 in nats."""
    found: dict[str, Any] = {"images": images, "positions": int(logit.kl.shape[1])}
    for name, measured in (("logit", logit), ("lens", kept.measured)):
        found[name] = {
            "mean": _numbers(measured.mean),
            "median": _numbers(measured.median()),
            "median_image": _numbers(measured.median(logit.on_image)),
            "median_text": _numbers(measured.median(~logit.on_image)),
        }
    return found


def table(logit: Measured, kept: Kept) -> str:
    """Median KL by layer, on the image and on text, before and after, as Markdown."""
    lines = [
        "| layer | image: logit | this lens | text: logit | this lens | |",
        "|---|---|---|---|---|---|",
    ]
    on_image = logit.on_image
    for layer in range(len(logit.kl)):
        row = [
            measured.median(which)[layer]
            for which in (on_image, ~on_image)
            for measured in (logit, kept.measured)
        ]
        note = "" if layer in kept.translators else "left as it is"
        lines.append(f"| {layer} | " + " | ".join(f"{x:.3f}" for x in row) + f" | {note} |")
    return "\n".join(lines)


def _rounded(translator: Translator, dtype: torch.dtype) -> Translator:
    bias = translator.bias
    return Translator(
        tuple(factor.detach().cpu().to(dtype) for factor in translator.factors),
        None if bias is None else bias.detach().cpu().to(dtype),
    )


def _numbers(values: np.ndarray) -> list[float | None]:
    return [round(float(v), 4) if np.isfinite(v) else None for v in values]
