"""From a state of the residual stream to logits: everything a model does after its last layer.

Most families: final norm, then unembedding. Some also cap, scale or merge, and their configs do not
say so reliably; for these the model's own code is run with its last layer's output replaced. Which
of the two is right is decided by numbers (``check.py``), never by a table of families.

>>> tail, name, check = choose_tail(model, anatomy, state, logits, positions, torch.float16)
>>> name, check.passed
('plain', True)
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..model.anatomy import Anatomy, input_device
from .check import RunningCheck, SelfCheck
from .lens import Tail
from .plain_tail import PlainTail

_PROBE = 5  # positions of the forward that shows which axis of a state is the batch
_TRIED = 16  # positions at which the tails are tried


class ReplayTail:
    """The model's own forward, in which the last decoder layer answers with the state to be read.

    What follows the layers (merging streams, norm, unembedding, scale, soft-cap) is then the
    model's own code, whatever it is. It depends on the state alone, so any text of the same length
    may stand for the prompt: no vision tower runs, and the layers before the last one hand on what
    they are given. Costs an embedding lookup and some Python more than the plain tail. A family
    whose tail reads *other* layers' results too (inkling2) cannot be replayed: the self-check
    refuses it.

    >>> ReplayTail(model, anatomy.layers)(state, slice(0, 64)).shape
    torch.Size([64, 262144])
    """

    def __init__(self, model: Any, layers: Iterable[nn.Module]) -> None:
        """Prepare to replay ``model``; nothing in it is changed outside a call."""
        self._model, self._layers = model, list(layers)
        self._filler = _plain_text_id(model.config)
        outputs = self._record(_PROBE)
        self._like = _state(outputs[-1])  # device and type of what the last layer returns
        self._axis = _batch_axis(self._like, _PROBE)
        # what layers return beside the state: None for a bare tensor and for one that did not run
        self._rests = [out[1:] if isinstance(out, tuple | list) else None for out in outputs]

    def __call__(self, state: Tensor, positions: Any) -> Tensor:
        """Logits (position, vocab) of a state at ``positions``; further axes are streams."""
        streams_before = (slice(None),) * self._axis
        hidden = state[(*streams_before, positions)].unsqueeze(self._axis)
        hidden = hidden.to(self._like.device, self._like.dtype)
        with self._replaced(hidden):
            return self._logits(hidden.shape[self._axis + 1])

    def _record(self, n_positions: int) -> list[Any]:
        """Every layer's output for some text of that length."""
        outputs: list[Any] = [None] * len(self._layers)

        def keep(number: int) -> Any:
            def hook(layer: nn.Module, args: Any, output: Any) -> None:
                outputs[number] = output

            return hook

        handles = [layer.register_forward_hook(keep(i)) for i, layer in enumerate(self._layers)]
        try:
            self._logits(n_positions)
        finally:
            for handle in handles:
                handle.remove()
        return outputs

    @contextmanager
    def _replaced(self, hidden: Tensor) -> Iterator[None]:
        """Inside, every layer hands on its input, and the last one answers with ``hidden``."""
        own = [layer.__dict__.get("forward") for layer in self._layers]  # accelerate sets one
        try:
            for layer, rest in zip(self._layers, self._rests, strict=True):
                layer.forward = _hand_on(rest)
            self._layers[-1].forward = _hand_on(self._rests[-1], hidden)
            yield
        finally:
            for layer, forward in zip(self._layers, own, strict=True):
                layer.__dict__.pop("forward", None)
                if forward is not None:
                    layer.forward = forward

    def _logits(self, n_positions: int) -> Tensor:
        ids = torch.full((1, n_positions), self._filler, device=input_device(self._model))
        inputs: dict[str, Any] = {"input_ids": ids, "use_cache": False}
        if self._model.config.is_encoder_decoder:  # the positions are the decoder's
            inputs |= {"input_ids": ids[:, :1], "decoder_input_ids": ids}
        return self._model(**inputs).logits[0]


def choose_tail(
    model: Any,
    anatomy: Anatomy,
    last_state: Tensor,
    model_logits: Tensor,
    positions: Tensor,
    dtype: torch.dtype,
) -> tuple[Tail, str, SelfCheck]:
    """The tail whose reading of the last layer is the model's own output, tried at a few positions.

    Args:
        model: the model.
        anatomy: its layers, norm and head.
        last_state: the last layer's state, all positions.
        model_logits: (checked position, vocab) the model's own logits.
        positions: (checked position,) which positions those are.
        dtype: what the model computes in.

    Returns:
        tail, "plain" or "replay", its self-check there. Plain where that passes, else replay where
        that passes; where neither does, the one that comes closer, with its failing check.
    """
    tried = _most_telling(model_logits)
    model_logits, positions = model_logits[tried], positions[tried.cpu()]
    plain = PlainTail(anatomy.norm, anatomy.head)
    check = _try(plain, last_state, model_logits, positions, dtype)
    if check.passed:
        return plain, "plain", check
    try:
        replay = ReplayTail(model, anatomy.layers)
    except torch.OutOfMemoryError:
        raise
    except Exception:  # another model's code may refuse plain text in any way
        return plain, "plain", check
    replay_check = _try(replay, last_state, model_logits, positions, dtype)
    if replay_check.passed or replay_check.max_abs_logit_diff < check.max_abs_logit_diff:
        return replay, "replay", replay_check
    return plain, "plain", check


def _most_telling(logits: Tensor) -> Tensor:
    """A few rows: some with the largest logits, where a cap or a scale shows, and some of all."""
    n_rows = len(logits)
    if n_rows <= _TRIED:
        return torch.arange(n_rows)
    size = torch.maximum(logits.amax(-1), -logits.amin(-1))
    spread = torch.linspace(0, n_rows - 1, _TRIED // 2, device=logits.device).round().long()
    return torch.cat((size.topk(_TRIED // 2).indices, spread)).unique()


def _try(
    tail: Tail, state: Tensor, logits: Tensor, positions: Tensor, dtype: torch.dtype
) -> SelfCheck:
    failed = SelfCheck(len(logits), 0.0, float("inf"), 0.0)
    try:
        lens = tail(state, positions.to(state.device))
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
        return failed  # a family of another shape: several streams, no norm of the usual form
    if lens.shape != logits.shape:
        return failed
    check = RunningCheck(logits, torch.arange(len(logits)), dtype)
    check.compare(lens, slice(0, len(logits)))
    return check.result()


def _batch_axis(state: Tensor, n_positions: int) -> int:
    """The axis of length 1 before the positions; streams may lie outside it."""
    shape = state.shape
    return next(i for i in range(state.ndim - 1) if shape[i] == 1 and shape[i + 1] == n_positions)


def _state(output: Any) -> Tensor:
    return output[0] if isinstance(output, tuple | list) else output


def _hand_on(rest: Any, answer: Tensor | None = None) -> Callable[..., Any]:
    """A layer's forward that returns ``answer``, or its input, in the layer's own form."""

    def forward(*args: Any, **kwargs: Any) -> Any:
        state = answer
        if state is None:
            state = args[0] if args else kwargs["hidden_states"]
        return state if rest is None else (state, *rest)

    return forward


def _plain_text_id(config: Any) -> int:
    """A token id that stands for text in any family: not an image's, a video's or a sound's."""
    special = {
        value
        for name, value in vars(config).items()
        if name.endswith(("token_id", "token_index")) and isinstance(value, int)
    }
    return next(i for i in range(len(special) + 1) if i not in special)
