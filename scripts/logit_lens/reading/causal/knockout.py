"""Through which layers did the answer look? Block attention in a band, and see what it loses.

Three routes are blocked, one at a time, in sliding bands of layers, with the answer fixed:

0. answer → image: the positions that decide the answer no longer see the patches;
1. prompt text → image: the question no longer sees them;
2. answer → prompt text: the positions that decide the answer no longer see the question.

The first position stays visible: heads park the attention they do not need there, and blocking it
would measure that. Whether a block really blocks is found out in every run, layer by layer: what is
blocked is changed, and what looked at it must stay the same to the last bit. (Method: Geva et al.,
arXiv 2304.14767; Neo et al., arXiv 2410.07149.)

Knows layers and their masks; does not know how the decoder is called.

>>> knock_out(call, routes, bands(32)).shape      # (answer token, band, route)
(5, 7, 3)
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ... import LensError
from .rerun import DecoderCall

ROUTES = ("answer → image", "prompt text → image", "answer → prompt text")


@dataclass(frozen=True)
class Route:
    """Who is kept from looking at whom.

    Attributes:
        targets: (target,) the positions that look.
        sources: (source,) the positions that they no longer see.
    """

    targets: Tensor
    sources: Tensor


def routes_of(image_positions: np.ndarray, n_answer: int) -> list[Route]:
    """The three routes of a sequence, in the order of ``ROUTES``.

    The last position of the prompt decides the first token of the answer, so it counts as the
    answer's. Text before the image cannot see it and is left alone.

    Args:
        image_positions: bool (position,) which positions are patches.
        n_answer: how many positions at the end are the answer.
    """
    n_positions = len(image_positions)
    decides = np.arange(n_positions) >= n_positions - n_answer - 1
    first_patch = int(np.argmax(image_positions)) if image_positions.any() else n_positions
    text = ~image_positions & ~decides
    later = text & (np.arange(n_positions) > first_patch)
    question = text & (np.arange(n_positions) > 0)

    def where(mask: np.ndarray) -> Tensor:
        return torch.from_numpy(np.flatnonzero(mask))

    image = where(image_positions)
    return [
        Route(where(decides), image),
        Route(where(later), image),
        Route(where(decides), where(question)),
    ]


def bands(n_layers: int) -> list[tuple[int, int]]:
    """First and last layer (counted from 1) of each band: a quarter wide, an eighth apart."""
    width, stride = max(1, n_layers // 4), max(1, n_layers // 8)
    starts = list(range(1, n_layers - width + 2, stride))
    if starts[-1] + width - 1 < n_layers:
        starts.append(n_layers - width + 1)
    return [(start, start + width - 1) for start in starts]


def knock_out(
    call: DecoderCall,
    layers: nn.ModuleList,
    routes: list[Route],
    bands: list[tuple[int, int]],
    on_progress: Callable[[int, int], object] | None = None,
) -> np.ndarray:
    """What every answer token loses when a route is blocked in a band of layers.

    Args:
        call: the decoder's call.
        layers: the decoder layers.
        routes: what to block.
        bands: first and last layer of each band, counted from 1.
        on_progress: called with the number of forwards just finished, and of all.

    Returns:
        float32 (answer token, band, route), in nats; NaN for a route that nobody takes (a prompt
        without text after the image).

    Raises:
        LensError: a layer takes no mask that could be changed, or a block does not block.
    """
    before = call.log_probs(call.embeds)[0]  # (answer token,)
    drop = np.full((len(before), len(bands), len(routes)), np.nan, np.float32)
    taken = [
        (r, route) for r, route in enumerate(routes) if len(route.targets) and len(route.sources)
    ]
    _refuse_leaks(call, layers, [route for _, route in taken])
    for b, (first, last) in enumerate(bands):
        for r, route in taken:
            with blocked(layers[first - 1 : last], route):
                after = call.log_probs(call.embeds)[0]
            drop[:, b, r] = (before - after).cpu()
            if on_progress is not None:
                on_progress(1, len(bands) * len(taken))
    return drop


@contextlib.contextmanager
def blocked(layers: Iterable[nn.Module], route: Route) -> Iterator[None]:
    """Inside, these layers' attention does not carry anything along the route."""

    def block(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        states = args[0] if args else kwargs["hidden_states"]
        return args, kwargs | {
            "attention_mask": _without(kwargs.get("attention_mask"), states, route)
        }

    handles = [layer.register_forward_pre_hook(block, with_kwargs=True) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _without(mask: Any, states: Tensor, route: Route) -> Tensor:
    """The layer's mask, without the route: (1, 1, position, position)."""
    n = states.shape[-2]
    if mask is None:  # causal attention without a mask of its own
        mask = torch.ones(n, n, dtype=torch.bool, device=states.device).tril()[None, None]
    if not isinstance(mask, Tensor) or mask.ndim != 4 or mask.shape[-1] < n:
        raise LensError(
            "--knockout: this family's attention takes no mask that could be changed; leave it out"
        )
    mask = mask.clone()
    targets, sources = route.targets.to(mask.device), route.sources.to(mask.device)
    hidden = False if mask.dtype == torch.bool else torch.finfo(mask.dtype).min
    mask[..., targets[:, None], sources] = hidden
    return mask


def _refuse_leaks(call: DecoderCall, layers: nn.ModuleList, routes: list[Route]) -> None:
    """Change what is blocked, layer by layer; what looked at it must not notice.

    Raises:
        LensError: it does, in some layer; or it would not have noticed without the block either.
    """
    seen: list[bool] = []

    def compare(number: int) -> Any:
        def hook(
            layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
        ) -> None:
            if busy:
                return
            busy.append(True)
            for route in routes:
                seen.append(_notices(layer, args, kwargs, route))
                with blocked([layer], route):
                    if _notices(layer, args, kwargs, route):
                        raise LensError(
                            f"--knockout: blocking attention does not work in layer {number} of "
                            "this family (what is hidden still gets through); leave it out"
                        )
            busy.clear()

        return hook

    busy: list[bool] = []
    handles = [
        layer.register_forward_hook(compare(n), with_kwargs=True)
        for n, layer in enumerate(layers, start=1)
    ]
    try:
        call.run(call.embeds)
    finally:
        for handle in handles:
            handle.remove()
    if seen and not any(seen):
        raise LensError("--knockout: nothing looks along these routes in any layer; leave it out")


def _notices(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], route: Route) -> bool:
    """Whether the targets' output changes with the sources' input, in this layer alone."""
    states = args[0] if args else kwargs["hidden_states"]
    changed = states.clone()
    sources = route.sources.to(states.device)
    changed[:, sources] = states[:, sources].flip(-1) + 1
    outputs = []
    for given in (states, changed):
        if args:
            output = layer(given, *args[1:], **kwargs)
        else:
            output = layer(**kwargs | {"hidden_states": given})
        state = output[0] if isinstance(output, tuple | list) else output
        outputs.append(state[:, route.targets.to(state.device)])
    return not torch.equal(*outputs)
