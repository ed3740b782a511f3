"""Which piece of an image reaches which position, found by painting and not by reading code.

With self-attention in the vision tower switched off, what a position holds at layer 0 depends on
its own patch alone, whatever the weights. So: brighten one stripe of the original picture, run the
real processor and the model up to its first decoder layer, and see which positions change.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from logit_lens.model.anatomy import find_anatomy

from .twin import Twin

STRIPE = 4  # pixels of the original
# of a position's strongest response. Resampling lets a patch answer faintly to 2 or 3 px beside it;
# a stripe that only touches a patch answers more than that
ANSWERS = 0.13
_MIXES = re.compile("projector|resampler|perceiver|pool|qformer|connector|abstractor|merger")


class _Reached(Exception):
    """The first decoder layer was called."""


def regions(twin: Twin, size: tuple[int, int], image_token_id: int) -> np.ndarray:
    """The region of a picture of that size that each image position sees.

    Returns:
        (image position, 4) left, top, right, bottom, each known to a stripe; NaN where a position
        answers to nothing.
    """
    base = np.random.default_rng(0).integers(0, 100, (size[1], size[0], 3), dtype=np.uint8)
    with _without_vision_attention(twin):
        before = _embeddings(twin, base, image_token_id)
        boxes = np.full((len(before), 4), np.nan)
        answers = []
        for axis in (0, 1):  # along x, then along y
            responses = []
            for start in range(0, size[axis], STRIPE):
                painted = base.copy()
                stripe = slice(start, start + STRIPE)
                painted[(slice(None), stripe) if axis == 0 else stripe] += 120
                after = _embeddings(twin, painted, image_token_id)
                responses.append(np.linalg.norm(after - before, axis=1))
            answers.append(np.stack(responses, axis=1))  # (image position, stripe)
    loudest = max(answer.max() for answer in answers)
    for axis, answer in enumerate(answers):
        strongest = answer.max(axis=1)
        heard = strongest > 0.01 * loudest
        hit = answer > ANSWERS * strongest[:, None]
        boxes[heard, axis] = hit.argmax(axis=1)[heard] * STRIPE
        last = hit.shape[1] - hit[:, ::-1].argmax(axis=1)
        boxes[heard, axis + 2] = np.minimum(last[heard] * STRIPE, size[axis])
    return boxes


@torch.inference_mode()
def _embeddings(twin: Twin, pixels: np.ndarray, image_token_id: int) -> np.ndarray:
    """What enters decoder layer 1 at the image positions, (image position, d_model)."""
    inputs = twin.encode(Image.fromarray(pixels))
    entering: list[Tensor] = []

    def stop(layer: nn.Module, args: Any, kwargs: Any) -> None:
        entering.append(args[0] if args else kwargs["hidden_states"])
        raise _Reached

    first = find_anatomy(twin.model).layers[0]
    handle = first.register_forward_pre_hook(stop, with_kwargs=True)
    try:
        twin.model(**inputs)
    except _Reached:
        pass
    finally:
        handle.remove()
    at = inputs["input_ids"][0] == image_token_id
    return entering[0].reshape(-1, len(at), entering[0].shape[-1])[0, at].double().numpy()


@contextmanager
def _without_vision_attention(twin: Twin) -> Iterator[None]:
    """Inside, every self-attention of the vision tower answers zero, without computing anything."""
    decoder = {id(module) for module in find_anatomy(twin.model).layers.modules()}
    modules = [
        module
        for name, module in twin.model.named_modules()
        if re.search("Attention(?!Layer)", type(module).__name__)
        and id(module) not in decoder
        and not _MIXES.search(name.lower())
    ]
    outermost = [
        module
        for module in modules
        if not any(module is not other and module in other.modules() for other in modules)
    ]
    changed = []
    for module in outermost:
        changed.append((module, module.forward))
        module.forward = _answers_zero(module.forward)
    try:
        yield
    finally:
        for module, forward in changed:
            module.forward = forward


def _answers_zero(forward: Any) -> Any:
    known: dict[Any, Any] = {}

    def zero(*args: Any, **kwargs: Any) -> Any:
        shape = next(x.shape for x in (*args, *kwargs.values()) if isinstance(x, Tensor))
        if shape not in known:
            output = forward(*args, **kwargs)
            parts = output if isinstance(output, tuple) else (output,)
            blank = tuple(torch.zeros_like(x) if isinstance(x, Tensor) else x for x in parts)
            known[shape] = blank if isinstance(output, tuple) else blank[0]
        return known[shape]

    return zero
