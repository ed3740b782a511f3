"""What a reading gave → one LensRecord: ids, texts, boxes and provenance in their final form.

Knows the record's contract; does not know how anything was computed, and computes nothing itself.

>>> assemble(vlm, picture, outcome).meta["answer"]
'a red circle'
"""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import accelerate
import numpy as np
import torch
import transformers

from .. import __version__
from ..images import Picture
from ..model.vlm import VLM
from ..patches.place import Placement
from ..record import ANSWER, FORMAT, IMAGE, TEXT, LensRecord
from ..tokens import display_texts
from ..tracking import tracking_notes
from .answer import Exchange
from .check import SelfCheck
from .experiments import Findings
from .lens import Reading
from .lenses.lens import Lens
from .prompt import Prompt


@dataclass(frozen=True)
class Outcome:
    """What one image and one prompt gave, before it becomes a record.

    Attributes:
        prompt: as it was encoded.
        exchange: prompt and answer in one.
        layers: (layer,) numbers of the layers that were read.
        words: tracked word → the ids it is tracked by.
        tracked: (tracked,) all tracked ids, the answer's too.
        tail_name: which tail reads the states, "plain" or "replay".
        check: the lens at the last layer against the model's own logits.
        reading: what the lens read.
        placement: where every position lies on the image.
        extra: the record's optional arrays.
        lenses: what else the states were read through.
        findings: what the experiments did, and what could not be done.
        seconds: how long each step took.
    """

    prompt: Prompt
    exchange: Exchange
    layers: list[int]
    words: dict[str, list[int]]
    tracked: list[int]
    tail_name: str
    check: SelfCheck
    reading: Reading
    placement: Placement
    extra: dict[str, np.ndarray]
    lenses: list[Lens]
    findings: Findings
    seconds: dict[str, float]


def assemble(
    vlm: VLM, picture: Picture | None, outcome: Outcome, run: Mapping[str, Any] | None = None
) -> LensRecord:
    """Put the record together.

    Args:
        vlm: the model.
        picture: the image, or None.
        outcome: what the reading gave.
        run: what ``meta["run"]`` is to hold; left out where there is nothing to say.
    """
    placement, extra = outcome.placement, outcome.extra
    ids = outcome.exchange.ids.numpy(force=True)
    kind = np.where(outcome.exchange.image_positions, IMAGE, TEXT).astype(np.uint8)
    kind[len(ids) - outcome.exchange.n_answer :] = ANSWER
    tracked_ids = np.array(outcome.tracked, np.int32)
    more = [extra[name].ravel() for name in ("lens_top_ids", "against_ids") if name in extra]
    token_ids = np.unique(
        np.concatenate([ids, outcome.reading.top_ids.ravel(), tracked_ids, *more])
    ).astype(np.int64)
    return LensRecord(
        meta=_meta(vlm, picture, outcome) | ({"run": dict(run)} if run else {}),
        layers=np.array(outcome.layers, np.int32),
        input_ids=ids,
        position_kind=kind,
        top_ids=outcome.reading.top_ids,
        top_probs=outcome.reading.top_probs,
        entropy=outcome.reading.entropy,
        kl=outcome.reading.kl,
        patch_boxes=placement.boxes,
        patch_view=placement.view,
        tracked_ids=tracked_ids,
        tracked_probs=outcome.reading.tracked_probs,
        tracked_ranks=outcome.reading.tracked_ranks,
        token_ids=token_ids.astype(np.int32),
        token_text=np.array(display_texts(vlm.tokenizer, token_ids.tolist()), dtype=np.str_),
        image=np.frombuffer(picture.embedded() if picture else b"", np.uint8),
        extra=extra,
    )


def _meta(vlm: VLM, picture: Picture | None, outcome: Outcome) -> dict[str, Any]:
    width, height = picture.image.size if picture else (0, 0)
    placement = outcome.placement
    answer = vlm.tokenizer.decode(outcome.exchange.answer_ids, skip_special_tokens=True)
    layer = type(vlm.anatomy.layers[0]).__name__
    return {
        "format": FORMAT,
        "model": vlm.name,
        "revision": vlm.revision,
        "lens": "logit",
        "tail": outcome.tail_name,
        "hook_site": f"output of each {layer}; layer 0: input of the first",
        "prompt": outcome.prompt.text,
        "answer": answer.strip(),
        "tracked_words": {w: display_texts(vlm.tokenizer, ids) for w, ids in outcome.words.items()},
        "dtype": str(vlm.dtype).removeprefix("torch."),
        "device": str(vlm.device),
        "image": {"name": picture.name if picture else "", "width": width, "height": height}
        | ({"source": picture.source} if picture and picture.source else {}),
        "crop": placement.crop or [0.0, 0.0, float(width), float(height)],
        "note": placement.note,
        **({"adapter": _adapter(vlm)} if vlm.adapter else {}),
        "check": outcome.check.as_meta() | {"answer_agree": _answer_agrees(outcome)},
        "seconds": {name: round(value, 3) for name, value in outcome.seconds.items()},
        "versions": {
            "logit_lens": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "accelerate": accelerate.__version__,
        },
        **({"lenses": [lens.about for lens in outcome.lenses]} if outcome.lenses else {}),
        **outcome.findings.meta,
        "notes": [
            *vlm.notes,
            *tracking_notes(vlm.tokenizer, list(outcome.words)),
            *(lens.about["note"] for lens in outcome.lenses if "note" in lens.about),
            *outcome.findings.notes,
        ],
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }


def _adapter(vlm: VLM) -> dict[str, Any]:
    assert vlm.adapter is not None
    place, settings = vlm.adapter.checkpoint, vlm.adapter.settings
    return {
        "name": place.name,
        "revision": place.revision,
        "kind": settings.get("peft_type"),
        "base": vlm.adapter.base,
    }


def _answer_agrees(outcome: Outcome) -> float | None:
    """Share of the answer's tokens that the one forward over all of it would choose again.

    A little below 1 where rounding tips near ties: generation runs token by token. Far below means
    that the model does not see prompt and answer in one forward as it does while it writes.
    """
    n_answer = outcome.exchange.n_answer
    if n_answer == 0:
        return None
    chosen = outcome.reading.top_ids[-1, -n_answer - 1 : -1, 0]
    return float((chosen == outcome.exchange.answer_ids.numpy(force=True)).mean())
