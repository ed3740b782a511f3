"""What each stage asks of a card, counted without one: products, bytes moved, kernels.

The stages run on tensors that have shapes but no numbers (PyTorch's meta device), through the code
that an accelerator would run. Every operation counts as one kernel that reads its arguments and
writes its results once, so the times are what no card of that kind can beat.

>>> with Counted() as counted:
...     torch.empty(600, 4096, device="meta") @ torch.empty(4096, 32_064, device="meta")
>>> counted.flop, counted.kernels
(157594681344, 1)
"""

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import DynamicCache

from logit_lens.model.anatomy import find_anatomy
from logit_lens.reading.lens import read_lens
from logit_lens.reading.plain_tail import PlainTail
from logit_lens.reading.residual import ResidualStream

from .measure import Run, spread
from .subjects import Size, random_llava
from .table import Row, Table

ANSWER = 27  # tokens; with llava-1.5-7b's prompt, 620 positions
_LAUNCH = 5e-6  # seconds that PyTorch takes to launch a kernel
_NO_KERNEL = ("empty", "empty_like", "new_empty", "detach_")
# these read no more of their first argument than they write
_PICKS = ("embedding", "gather", "index", "index_select")
_WRITES_SOME = ("scatter_", "scatter_add_")


@dataclass(frozen=True)
class Card:
    """What a card can do at best: bytes and half-precision floating-point operations a second."""

    bandwidth: float
    throughput: float


class Counted(TorchDispatchMode):
    """Context manager that counts what runs inside, on any device."""

    def __init__(self) -> None:
        """Begin at nothing."""
        super().__init__()
        self.flop = self.moved = self.kernels = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one operation and count it."""
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        changes = func._schema.is_mutable
        views = {_memory(tensor) for tensor in given}
        if name in _NO_KERNEL or not (changes or any(_memory(t) not in views for t in made)):
            return result
        self.kernels += 1
        self.flop += _flop(name, args, made)
        self.moved += _moved(name, given, made)
        return result


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _bytes(tensor: Tensor) -> int:
    """Of the numbers that are there; an expanded one is there once."""
    there = [n for n, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride or not n]
    return math.prod(there) * tensor.itemsize


def _moved(name: str, given: list[Tensor], made: list[Tensor]) -> int:
    written = sum(map(_bytes, made))
    if name in _PICKS:
        return 2 * written + sum(map(_bytes, given[1:]))
    if name in _WRITES_SOME:
        touched = min(given[1].numel(), made[0].numel()) * made[0].itemsize
        return 2 * touched + sum(map(_bytes, given[1:]))
    return written + sum(map(_bytes, given))


def _flop(name: str, args: Any, made: list[Tensor]) -> int:
    """Of matrix products; all else is bound by what it moves."""
    if name in ("linear", "mm", "bmm", "matmul"):
        return 2 * made[0].numel() * args[0].shape[-1]
    if name == "conv2d":
        return 2 * made[0].numel() * args[1][0].numel()
    if name == "scaled_dot_product_attention":
        query, key = args[:2]
        return 4 * query.numel() * key.shape[-2]
    return 0


def measure_counts(name: str, size: Size, card: Card, top_k: int) -> Table:
    """The stages of one image and one answer."""
    prompt = size.text + size.patches
    model = random_llava(size, "meta", torch.float16)
    stages = _stages(model, size, prompt) | _lenses(model, size, prompt + ANSWER, top_k)
    rows: list[Row] = []
    with torch.inference_mode():
        for stage, run in stages.items():
            with Counted() as counted:
                run()
            rows.append(_row(stage, counted, card))
    title = f"Counted, {name}: {prompt} positions of prompt and {ANSWER} of answer, float16"
    notes = [
        f"at least: products at {card.throughput / 1e12:,.0f} TFLOP/s or bytes at "
        f"{card.bandwidth / 1e9:,.0f} GB/s, whichever takes longer",
        f"launches: {_LAUNCH * 1e6:.0f} µs a kernel; they run beside the work, unless it is less",
    ]
    return Table(title, rows, notes)


def _row(stage: str, counted: Counted, card: Card) -> Row:
    seconds = max(counted.flop / card.throughput, counted.moved / card.bandwidth)
    return {
        "stage": stage,
        "products": spread([counted.flop / 1e12], "TFLOP"),
        "moved": spread([counted.moved / 1e9], "GB"),
        "kernels": counted.kernels,
        "at least": spread([seconds * 1e3], "ms"),
        "launches": spread([counted.kernels * _LAUNCH * 1e3], "ms"),
    }


def _stages(model: Any, size: Size, prompt: int) -> dict[str, Run]:
    """What the model does, and recording it."""
    decoder, head = model.model.language_model, find_anatomy(model).head
    pixels = torch.empty(1, 3, size.image, size.image, device="meta", dtype=torch.float16)

    def vectors(n_positions: int) -> Tensor:
        return torch.empty(1, n_positions, size.d_model, device="meta", dtype=torch.float16)

    def read(n_positions: int, cache: Any = None) -> Any:
        # always with a cache: without, transformers looks at numbers
        cache = cache or DynamicCache(config=model.config.get_text_config())
        out = decoder(inputs_embeds=vectors(n_positions), past_key_values=cache)
        head(out.last_hidden_state)
        return cache

    filled = read(prompt)

    def write() -> None:
        for _ in range(ANSWER):
            read(1, filled)

    def record() -> None:
        layers = [nn.Identity() for _ in range(size.layers)]
        lengths = [prompt] + [1] * ANSWER
        with ResidualStream(layers) as stream:
            for length in lengths:
                stream.next_pass()
                state = vectors(length)
                for layer in layers:
                    layer(state)
        stream.join(lengths)

    return {
        "image: tower and projector": lambda: model.model.get_image_features(pixels),
        "prompt, with all its logits": lambda: read(prompt),
        "answer, token by token": write,
        "recording both": record,
        "a second forward, where needed": lambda: read(prompt + ANSWER),
    }


def _lenses(model: Any, size: Size, n_positions: int, top_k: int) -> dict[str, Run]:
    """The lens over all layers, with more and more to read."""
    anatomy = find_anatomy(model)
    tail = PlainTail(anatomy.norm, anatomy.head)
    shape = (size.layers + 1, n_positions, size.d_model)
    states = list(torch.empty(shape, device="meta", dtype=torch.float16))

    def products() -> None:
        for state in states:
            anatomy.head(state)

    def read(statistics: bool, n_tracked: int) -> None:
        done: list[int] = []
        with suppress(NotImplementedError):  # at its very end it asks for the numbers
            read_lens(
                tail,
                states,
                n_positions,
                top_k=top_k,
                statistics=statistics,
                tracked_ids=range(n_tracked),
                on_progress=done.append,
            )
        if sum(done) != len(states) * n_positions:
            raise RuntimeError("the lens waits for the device before it has read everything")

    return {
        "lens: bare products": products,
        f"lens: top {top_k}": lambda: read(False, 0),
        "lens: + entropy, KL": lambda: read(True, 0),
        "lens: + 8 tracked": lambda: read(True, 8),
        "lens: + 32 tracked": lambda: read(True, 32),
    }
