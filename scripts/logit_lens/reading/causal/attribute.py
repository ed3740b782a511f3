"""What wrote the answer's logits: embedding, attention and MLP of every layer, patch by patch.

The residual stream is a sum, and at the frozen scale of the final norm a logit is linear in it, so
``logit = Σ (γ ⊙ W_U[y]) · part / s`` over the embedding and what attention and MLP of every layer
added: an identity, not an estimate. What attention added splits further by the position it came
from (weights × values through the output projection). It is the *direct* contribution only: what a
patch gave to other positions first counts as theirs. (Direct logit attribution; Elhage et al.,
A Mathematical Framework for Transformer Circuits, 2021.)

Which submodule's output a layer adds is found by trying which ones sum up to the layer's own
output; where none do (scaled residuals, streams), that layer is left to the remainder.

>>> result = attribute(call, vlm.anatomy, image_positions, call.ids)
>>> result.parts.shape      # (answer token, 2 N + 1)
torch.Size([5, 65])
>>> result.patches.shape    # (answer token, N, patch)
torch.Size([5, 32, 576])
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ... import LensError
from ...model.anatomy import Anatomy
from .attention import Seen, attention_of
from .linear import FrozenNorm, transposed
from .rerun import DecoderCall


@dataclass(frozen=True, eq=False)
class Attribution:
    """The logit of one token per answer position, in parts.

    Attributes:
        parts: float32 (answer token, 2 N + 1) embedding, then attention and MLP of every layer; NaN
            where a layer's own split is not known.
        patches: float32 (answer token, N, patch) what each layer's attention wrote from each image
            position; NaN where it does not add up.
        rest: float32 (answer token,) the model's logit minus the sum of the parts.
        logits: float32 (answer token,) the model's own.
    """

    parts: np.ndarray
    patches: np.ndarray
    rest: np.ndarray
    logits: np.ndarray


def attribute(
    call: DecoderCall, anatomy: Anatomy, image_positions: np.ndarray, ids: Tensor
) -> Attribution:
    """Split the logits of ``ids`` (one per answer position) into parts.

    Raises:
        LensError: the final norm is not linear at a frozen scale.
    """
    traces = [_Trace(layer, call.rows) for layer in anatomy.layers]
    with attention_of(call.decoder, call.rows) as seen:
        try:
            call.run(call.embeds)
        finally:
            for trace in traces:
                trace.close()
    last = traces[-1].after
    frozen = FrozenNorm.at(anatomy.norm, last)
    eps = torch.finfo(last.dtype).eps
    if frozen.error > 64 * eps:
        raise LensError(
            "--attribute: the final norm of this family is not linear at a frozen scale"
        )
    logits = call.logits(last)  # (answer token, vocab)
    chosen = torch.nn.functional.one_hot(ids.to(logits.device), logits.shape[-1]).float()
    head = transposed(anatomy.head, chosen, last.shape[-1]).to(last.device)
    direction = frozen.transposed(head)  # (answer token, d_model)
    places = torch.from_numpy(np.flatnonzero(image_positions))
    parts = torch.full((len(ids), 2 * len(traces) + 1), torch.nan)
    patches = torch.full((len(ids), len(traces), len(places)), torch.nan)
    parts[:, 0] = _dot(traces[0].before, direction)
    for n, trace in enumerate(traces):
        split = trace.split()
        if split is None:
            continue
        attention, name = split
        written = _dot(attention, direction)
        parts[:, 2 * n + 1] = written
        parts[:, 2 * n + 2] = _dot(trace.after.float() - trace.before.float(), direction) - written
        by_position = trace.by_position(name, direction, seen, written)
        if by_position is not None:
            patches[:, n] = by_position[:, places.to(by_position.device)].cpu()
    own = logits.gather(1, ids.to(logits.device)[:, None])[:, 0].cpu()
    rest = own - parts.nansum(1)
    return Attribution(parts.numpy(), patches.numpy(), rest.numpy(), own.numpy())


def _dot(states: Tensor, direction: Tensor) -> Tensor:
    return (states.float() * direction.to(states.device)).sum(-1).cpu()


class _Trace:
    """One layer's input, output and what its children gave, at the rows that matter.

    Attributes:
        before: (row, d_model) the residual stream before the layer.
        after: (row, d_model) and after it.
    """

    before: Tensor
    after: Tensor

    def __init__(self, layer: nn.Module, rows: Tensor) -> None:
        self._layer, self._rows = layer, rows
        self._given: dict[str, Tensor] = {}  # child -> its output (row, d_model)
        self._projected: dict[str, Tensor] = {}  # linear map inside attention -> its output
        self._inputs: dict[str, Tensor] = {}  # and its input
        self._handles = [
            layer.register_forward_pre_hook(self._enter, with_kwargs=True),
            layer.register_forward_hook(self._leave),
        ]
        for name, child in layer.named_children():
            self._handles.append(child.register_forward_hook(self._keep(self._given, name)))
            if _is_attention(name):
                for inner, module in child.named_children():
                    keep = self._keep(self._projected, f"{name}.{inner}", self._inputs)
                    self._handles.append(module.register_forward_hook(keep))

    def close(self) -> None:
        """Remove the hooks."""
        for handle in self._handles:
            handle.remove()

    def _enter(self, layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.before = self._rows_of(args[0] if args else kwargs["hidden_states"])

    def _leave(self, layer: nn.Module, args: Any, output: Any) -> None:
        self.after = self._rows_of(output)

    def _keep(
        self, into: dict[str, Tensor], name: str, inputs: dict[str, Tensor] | None = None
    ) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            state = output[0] if isinstance(output, tuple | list) else output
            if isinstance(state, Tensor) and state.ndim == 3:
                into[name] = self._rows_of(state)
                if inputs is not None and args:
                    inputs[name] = self._rows_of(args[0])

        return hook

    def _rows_of(self, output: Any) -> Tensor:
        state = output[0] if isinstance(output, tuple | list) else output
        if state.ndim != 3:
            raise LensError("--attribute: this family carries several streams; leave it out")
        return state[0, self._rows.to(state.device)].detach()

    def split(self) -> tuple[Tensor, str] | None:
        """What attention added (row, d_model), and which child gave it; None where none sum up."""
        change = self.after.float() - self.before.float()
        size = max(float(self.after.float().abs().max()), float(self.before.float().abs().max()))
        bound = 8 * torch.finfo(self.after.dtype).eps * size
        attention = {n: x for n, x in self._given.items() if "attn" in n or "attention" in n}
        others = [x for n, x in self._given.items() if n not in attention or "norm" in n]
        for name, a in attention.items():
            for m in others:
                if a.shape == m.shape == change.shape:
                    left = change - a.float() - m.float().to(a.device)
                    if float(left.abs().max()) <= bound:
                        return a.float(), name
        return None

    def by_position(
        self, name: str, direction: Tensor, seen: dict[int, Seen], written: Tensor
    ) -> Tensor | None:
        """(row, position) what attention wrote from each; None where it does not add up."""
        children = dict(self._layer.named_children())
        home = next((n for n in children if _is_attention(n) and n in self._given), None)
        if home is None or id(children[home]) not in seen:
            return None
        out = next(
            (n for n, x in self._projected.items() if torch.equal(x, self._given[home])), None
        )
        if out is None:
            return None
        looks = seen[id(children[home])]
        if name != home:  # a norm lies between the projection and the stream
            between = FrozenNorm.at(children[name], self._given[home])
            direction = between.transposed(direction.to(between.scale.device))
        pulled = transposed(self._layer.get_submodule(out), direction, self._inputs[out].shape[-1])
        n_heads, _, d_head = looks.values.shape
        if pulled.shape[-1] != n_heads * d_head:
            return None
        pulled = pulled.unflatten(-1, (n_heads, d_head)).to(
            looks.values.device
        )  # (row, head, d_head)
        by_position = torch.einsum("rhd,hpd,hrp->rp", pulled, looks.values, looks.weights)
        # what attention wrote may hold a bias besides; all else must be there
        whole = (self._inputs[out].float() * pulled.flatten(1).to(self._inputs[out].device)).sum(-1)
        error = (by_position.sum(-1) - whole.to(by_position.device)).abs().max()
        bound = 1e-3 if self.after.dtype == torch.float32 else 3e-2
        return by_position if float(error) <= bound * max(1.0, float(whole.abs().max())) else None


def _is_attention(name: str) -> bool:
    return ("attn" in name or "attention" in name) and "norm" not in name
