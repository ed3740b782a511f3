"""The decoder, called again on what entered it, with the answer fixed (teacher forcing).

One forward is followed up to the decoder's door: there its inputs are kept (the embeddings with the
image already merged in, masks, positions) and the forward ends. From then on the decoder runs
without the vision tower, on as many changed copies of its input as fit. Knows modules, masks and
caches; does not know why the inputs are changed.

>>> call = DecoderCall(vlm, tail, exchange)
>>> call.log_probs(call.embeds.expand(8, -1, -1)).shape      # (copy, answer token)
torch.Size([8, 5])
"""

import contextlib
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache

from ... import LensError
from ...model.vlm import VLM
from ..answer import Exchange
from ..lens import Tail

# what families hand their decoder beside the embeddings when the image enters elsewhere too
_ELSEWHERE = {
    "deepstack_visual_embeds": "adds image features after some layers (DeepStack)",
    "cross_attention_states": "reads the image through cross-attention",
    "encoder_hidden_states": "reads the image through cross-attention",
}
_WORTH_KEEPING = 1 / 8  # of the positions
_CACHE = ("past_key_values", "use_cache", "input_ids", "return_dict")


class _AtTheDoor(Exception):
    """Ends a forward once the decoder's inputs are known."""


class DecoderCall:
    """What the decoder was called with, ready to be called again.

    Attributes:
        embeds: (1, position, d_model) what enters the first decoder layer.
        rows: (answer token,) the position at which each answer token is decided.
        ids: (answer token,) the answer.
    """

    def __init__(self, vlm: VLM, tail: Tail, exchange: Exchange) -> None:
        """Follow one forward to the decoder's door.

        Raises:
            LensError: there is no answer, or the decoder cannot be called on its own.
        """
        if exchange.n_answer == 0:
            raise LensError("there is no answer to ask about: the model said nothing")
        if vlm.model.config.is_encoder_decoder:
            raise LensError(
                f"{vlm.name} reads the image in its encoder, not at the decoder's input"
            )
        self._tail, self._layers = tail, vlm.anatomy.layers
        self.decoder = _owner(vlm.model, self._layers)
        self._kwargs = _caught_inputs(vlm.model, self.decoder, exchange.inputs)
        self.embeds: Tensor = self._kwargs.pop("inputs_embeds")
        n_positions = len(exchange.ids)
        if tuple(self.embeds.shape[:2]) != (1, n_positions):
            raise LensError(f"the decoder of {vlm.name} takes its input in a form not known here")
        n_prompt = n_positions - exchange.n_answer
        self.rows = torch.arange(n_prompt - 1, n_positions - 1)
        self.ids = exchange.answer_ids
        self._prefix: tuple[int, Any] | None = None

    def image_enters_elsewhere(self) -> str:
        """In words, where the image enters besides the decoder's input; empty where it does not."""
        found = [words for name, words in _ELSEWHERE.items() if self._kwargs.get(name) is not None]
        return found[0] if found else ""

    def log_probs(self, embeds: Tensor) -> Tensor:
        """Log p of every answer token, for changed copies of the decoder's input.

        Args:
            embeds: (copy, position, d_model).

        Returns:
            float32 (copy, answer token), in nats.
        """
        return self.read(self.last_states(embeds))

    def read(self, states: Tensor) -> Tensor:
        """float32 (copy, answer token) log p of the answer, from last states (…, d_model)."""
        log_p = self.logits(states.flatten(0, 1)).log_softmax(-1).unflatten(0, states.shape[:2])
        ids = self.ids.to(log_p.device).expand(len(states), -1)
        return log_p.gather(-1, ids[..., None])[..., 0]

    def logits(self, states: Tensor) -> Tensor:
        """float32 (row, vocab) of last states (row, d_model)."""
        return self._tail(states, slice(None)).float()

    def last_states(self, embeds: Tensor) -> Tensor:
        """(copy, answer token, d_model): the last layer's output where the answer is decided."""
        kept: list[Tensor] = []
        skipped = self._prefix[0] if self._prefix else 0

        def keep(layer: nn.Module, args: Any, output: Any) -> None:
            state = output[0] if isinstance(output, tuple | list) else output
            kept.append(state[:, self.rows.to(state.device) - skipped])

        handle = self._layers[-1].register_forward_hook(keep)
        try:
            self.run(embeds)
        finally:
            handle.remove()
        return kept[0]

    def run(self, embeds: Tensor) -> Any:
        """One forward of the decoder; what it returns."""
        n_copies = len(embeds)
        if self._prefix is None:
            kwargs = _for_copies(self._kwargs, n_copies)
            return self.decoder(**kwargs, inputs_embeds=embeds, use_cache=False)
        n, cache = self._prefix
        cache = copy.deepcopy(cache)
        cache.batch_repeat_interleave(n_copies)
        kwargs = _for_copies(_after(self._kwargs, n, self.embeds.shape[1]), n_copies)
        return self.decoder(
            **kwargs, inputs_embeds=embeds[:, n:], past_key_values=cache, use_cache=True
        )

    @contextlib.contextmanager
    def prefix_kept(self, n_positions: int, tolerance: float) -> Iterator[None]:
        """Inside, the keys and values of the first positions are computed once and reused.

        Where these are few, nothing is kept: a cache has to be copied for every call, and asks for
        a mask where attention would need none. Whether a family's cache allows it is found out by
        trying: where it raises, or where the answer's log-probabilities move by more than
        ``tolerance``, everything is computed.
        """
        if n_positions >= _WORTH_KEEPING * self.embeds.shape[1]:
            whole = self.log_probs(self.embeds)
            self._prefix = self._read_prefix(n_positions)
            try:
                moved = self._prefix and (self.log_probs(self.embeds) - whole).abs().max()
            except Exception:  # another model's cache may refuse in any way
                moved = None
            if moved is None or not moved <= tolerance:
                self._prefix = None
        try:
            yield
        finally:
            self._prefix = None

    def _read_prefix(self, n: int) -> tuple[int, Any] | None:
        kwargs = _before(self._kwargs, n, self.embeds.shape[1])
        try:
            out = self.decoder(
                **kwargs,
                inputs_embeds=self.embeds[:, :n],
                past_key_values=DynamicCache(),
                use_cache=True,
            )
            return n, out.past_key_values
        except Exception:  # as above
            return None


def _owner(model: nn.Module, layers: nn.ModuleList) -> nn.Module:
    return next(m for m in model.modules() if any(child is layers for child in m.children()))


def _caught_inputs(model: Any, decoder: nn.Module, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The decoder's inputs by name, from a forward that ends at its door."""
    caught: dict[str, Any] = {}

    def catch(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        bound = inspect.signature(module.forward).bind(*args, **kwargs).arguments
        caught.update(bound.pop("kwargs", {}) | bound)
        raise _AtTheDoor

    handle = decoder.register_forward_pre_hook(catch, with_kwargs=True)
    try:
        with contextlib.suppress(_AtTheDoor):
            model(**inputs, use_cache=False)
    finally:
        handle.remove()
    if caught.get("inputs_embeds") is None:
        caught["inputs_embeds"] = model.get_input_embeddings()(caught["input_ids"])
    return {k: v for k, v in caught.items() if v is not None and k not in _CACHE}


def _map(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _map(item, change) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_map(item, change) for item in value)
    return value


def _for_copies(kwargs: Mapping[str, Any], n: int) -> dict[str, Any]:
    """The same inputs for ``n`` copies: the batch axis is the first, or for M-RoPE the second."""

    def spread(tensor: Tensor) -> Tensor:
        if tensor.ndim >= 2 and tensor.shape[0] == 1:
            return tensor.expand(n, *tensor.shape[1:])
        if tensor.ndim == 3 and tensor.shape[1] == 1:
            return tensor.expand(-1, n, -1)
        return tensor

    return {key: _map(value, spread) for key, value in kwargs.items()}


def _before(kwargs: Mapping[str, Any], n: int, total: int) -> dict[str, Any]:
    """The inputs of the first ``n`` of ``total`` positions, read alone."""

    def cut(tensor: Tensor) -> Tensor:
        for axis, size in enumerate(tensor.shape):
            if size == total and (axis > 0 or tensor.ndim == 1):
                tensor = tensor.narrow(axis, 0, n)
        return tensor

    return {key: _map(value, cut) for key, value in kwargs.items()}


def _after(kwargs: Mapping[str, Any], n: int, total: int) -> dict[str, Any]:
    """The inputs of the positions from ``n`` on; masks still reach over all keys."""

    def cut(tensor: Tensor) -> Tensor:
        if tensor.ndim == 4 and tensor.shape[-2:] == (total, total):
            return tensor[..., n:, :]
        return tensor.narrow(axis, n, total - n) if (axis := _axis(tensor, total)) else tensor

    return {
        key: value if key == "attention_mask" and _is_padding(value) else _map(value, cut)
        for key, value in kwargs.items()
    }


def _axis(tensor: Tensor, total: int) -> int | None:
    """The axis of the positions, after the batch axis; None where there is none."""
    return next((i for i, size in enumerate(tensor.shape) if i > 0 and size == total), None)


def _is_padding(mask: Any) -> bool:
    return isinstance(mask, Tensor) and mask.ndim == 2
