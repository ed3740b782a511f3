"""The experiments that were asked for, one after another, as the arrays and words of a record.

Each may be impossible for a family; then a note says why, and the rest of the report is written.
Knows which experiments there are and what their arrays are called; does not know how they work.

>>> found = run_experiments(vlm, tail, exchange, placement, options, said)
>>> found.arrays["ablate_drop"].shape, found.notes
((5, 144), [])
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import LensError
from ..model.memory import is_out_of_memory
from ..model.vlm import VLM
from ..patches.place import Placement
from ..patches.windows import random_sets, windows
from ..tokens import display_texts
from ..tracking import tracked_token_ids
from .answer import Exchange
from .causal.ablate import ablate, mean_patch, read_vector
from .causal.attribute import Attribution, attribute
from .causal.knockout import ROUTES, bands, knock_out, routes_of
from .causal.rerun import DecoderCall
from .lens import Tail
from .options import ReadOptions

CONTROL_SETS = 32
Watcher = Callable[[str, int, int], object]
"""Called with a step's name, how much of it was just finished, and of how much."""


@dataclass(frozen=True)
class Findings:
    """What the experiments gave.

    Attributes:
        arrays: by the names of the contract.
        meta: what was done, in words and numbers.
        notes: what could not be done, a line each.
    """

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Setting:
    """What all experiments work with."""

    vlm: VLM
    call: DecoderCall
    image_positions: np.ndarray
    placement: Placement
    options: ReadOptions
    tolerance: float
    watch: Watcher | None

    def progress(self, step: str) -> Callable[[int, int], object] | None:
        watch = self.watch
        return watch and (lambda n, of: watch(step, n, of))


def run_experiments(
    vlm: VLM,
    tail: Tail,
    exchange: Exchange,
    placement: Placement,
    options: ReadOptions,
    said: np.ndarray,
    watch: Watcher | None = None,
) -> Findings:
    """Run what the options ask for.

    Args:
        vlm: the model.
        tail: reads its last layer.
        exchange: prompt and answer.
        placement: where the patches lie.
        options: which experiments, and how.
        said: (answer token,) log p of each answer token in the reading itself, in nats: the decoder
            called on its own must repeat it.
        watch: is told of progress.
    """
    wanted = [
        (flag, key, step)
        for flag, key, step, asked in (
            ("--ablate", "ablation", _ablate, options.ablate),
            ("--knockout", "knockout", _knock_out, options.knockout),
            ("--attribute", "attribution", _attribute, options.attribute),
        )
        if asked
    ]
    found = Findings()
    if not wanted:
        return found
    setting: _Setting | None = None
    for flag, key, step in wanted:
        try:
            if setting is None:
                call = DecoderCall(vlm, tail, exchange)
                tolerance = _refuse_another_answer(call, said, vlm.dtype)
                images = exchange.image_positions
                setting = _Setting(vlm, call, images, placement, options, tolerance, watch)
            arrays, meta = step(setting)
        except Exception as error:
            if is_out_of_memory(error) or getattr(error, "exit_code", 1) == 2:
                raise
            reason = str(error).split("\n")[0].removeprefix(f"{flag}: ")
            if not isinstance(error, LensError):  # another model's code may raise anything
                reason = f"this family's decoder cannot be run this way ({reason})"
            found.notes.append(f"{flag}: {reason}; the report has no such map")
            found.meta[key] = {"refused": reason}
            continue
        found.arrays.update(arrays)
        found.meta[key] = meta
    return found


def _refuse_another_answer(call: DecoderCall, said: np.ndarray, dtype: torch.dtype) -> float:
    """How far rounding may move a log-probability; refused where the decoder moves it farther."""
    tolerance = 1e-3 if dtype in (torch.float32, torch.float64) else 0.15
    moved = np.abs(call.log_probs(call.embeds)[0].cpu().numpy() - said).max()
    if not moved <= tolerance:
        raise LensError(
            f"called on its own, the decoder moves the answer's log p by {moved:.2g} nats"
        )
    return tolerance


def _ablate(setting: _Setting) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    call, options, images = setting.call, setting.options, setting.image_positions
    if not images.any():
        raise LensError("no position of the sequence stands for the image")
    if elsewhere := call.image_enters_elsewhere():
        raise LensError(
            f"this family {elsewhere}, so replacing patches at the decoder's input would leave a "
            "part of the image in place"
        )
    boxes, view = setting.placement.boxes[images], setting.placement.view[images]
    stride = min(options.ablate_stride, options.ablate_window)  # or some patch is in no window
    sets = windows(boxes, view, options.ablate_window, stride, past_edge=stride == 1)
    placed = view >= 0
    size = int(sets.sum(1).max())
    control = random_sets(placed if placed.any() else ~placed, size, CONTROL_SETS)
    fill, words = _fill(setting)
    with call.prefix_kept(int(np.argmax(images)), setting.tolerance):
        drop = ablate(
            call,
            images,
            np.concatenate([sets, control]),
            fill,
            on_progress=setting.progress("ablate"),
        )
    arrays = {
        "ablate_windows": sets,
        "ablate_drop": drop[:, : len(sets)],
        "ablate_control": drop[:, len(sets) :],
    }
    return arrays, {
        "what": "log p(word) − log p(word | window replaced), nats; the answer is fixed",
        "window": options.ablate_window,
        "stride": stride,
        "windows": len(sets),
        "with": words,
        "where": "at the decoder's input",
        "control": f"{CONTROL_SETS} random sets of {size} patches",
    }


def _fill(setting: _Setting) -> tuple[Tensor, str]:
    """What to put in place of patches, and what to call it."""
    call, how = setting.call, setting.options.ablate_with
    if how == "mean":
        return mean_patch(call, setting.image_positions), "the mean of this image's patches"
    if how == "zero":
        return torch.zeros(call.embeds.shape[-1]), "zero"
    return read_vector(Path(how), call.embeds.shape[-1]), f"the vector in {Path(how).name}"


def _knock_out(setting: _Setting) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    call, layers = setting.call, setting.vlm.anatomy.layers
    n_answer = len(call.ids)
    some = bands(len(layers))
    routes = routes_of(setting.image_positions, n_answer)
    drop = knock_out(call, layers, routes, some, setting.progress("knockout"))
    return {"knockout_bands": np.array(some, np.int32), "knockout_drop": drop}, {
        "what": "log p(word) − log p(word | attention blocked), nats; the answer is fixed",
        "routes": list(ROUTES),
        "width": some[0][1] - some[0][0] + 1,
        "bands": len(some),
        "kept": "the first position stays visible: heads park attention there",
        "checked": "in every layer, changing what is blocked moved nothing that looked at it",
    }


def _attribute(setting: _Setting) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    call, images, anatomy = setting.call, setting.image_positions, setting.vlm.anatomy
    against, words = _against(setting)
    own, other = (attribute(call, anatomy, images, ids) for ids in (call.ids, against))
    arrays = {
        "attribution": own.parts,
        "attribution_rest": own.rest,
        "against_ids": against.cpu().numpy().astype(np.int32),
        "against_attribution": other.parts,
        "against_rest": other.rest,
    }
    if images.any():
        arrays |= {"attribution_patch": own.patches, "against_patch": other.patches}
    return arrays, {
        "what": "logit = Σ of what each part wrote, at the frozen scale of the final norm",
        "against": words,
        "rest": _largest_rest(own),
        "layers": len(anatomy.layers),
        "layers_split": int((~np.isnan(own.parts[0, 1::2])).sum()),
        "layers_by_patch": int((~np.isnan(own.patches[0]).any(-1)).sum()) if images.any() else 0,
    }


def _largest_rest(found: Attribution) -> float:
    """The largest remainder, relative to the logit."""
    return float(np.abs(found.rest / np.maximum(np.abs(found.logits), 1)).max())


def _against(setting: _Setting) -> tuple[Tensor, str]:
    """(answer token,) the token to contrast each answer token with, and what to call it."""
    call, word = setting.call, setting.options.against_token
    if word:
        tokenizer = setting.vlm.tokenizer
        ids = tracked_token_ids(tokenizer, [word])[word]
        if not ids:
            raise LensError(f"--against-token: the tokenizer knows no token for {word!r}", 2)
        return torch.full_like(call.ids, ids[0]), display_texts(tokenizer, ids[:1])[0]
    logits = call.logits(call.last_states(call.embeds)[0])
    logits.scatter_(1, call.ids.to(logits.device)[:, None], -torch.inf)
    return logits.argmax(-1).to(call.ids.device), "the runner-up"
