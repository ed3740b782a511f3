"""Who looks at whom: the attention weights of some positions, without keeping all of them.

Inside the block, the decoder's attention goes through a function of ours: it computes what the
decoder's own would, and on the way shows the weights of the rows that are asked for, with the
values they weigh. Families whose attention does not go through transformers' interface show
nothing, and are told apart by that.

>>> with attention_of(decoder, rows) as seen:
...     call.run(call.embeds)
>>> seen[id(layer.self_attn)].weights.shape      # (head, row, position)
torch.Size([32, 5, 598])
"""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

_NAME = "logit_lens_shown"


@dataclass(frozen=True, eq=False)
class Seen:
    """What one layer's attention did at the rows asked for.

    Attributes:
        weights: float32 (head, row, position).
        values: float32 (head, position, d_head); heads that share values share them here too.
    """

    weights: Tensor
    values: Tensor


@contextlib.contextmanager
def attention_of(decoder: Any, rows: Tensor) -> Iterator[dict[int, Seen]]:
    """Inside, every forward of the decoder fills a map: id of an attention module → what it did.

    Args:
        decoder: the module that owns the layers.
        rows: (row,) the positions that look.
    """
    seen: dict[int, Seen] = {}
    config = decoder.config
    own = config._attn_implementation

    def show(
        module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Any, **options: Any
    ) -> Any:
        seen[id(module)] = _seen(module, query, key, value, mask, rows, options)
        return _interface(own, module)(module, query, key, value, mask, **options)

    ALL_ATTENTION_FUNCTIONS[_NAME] = show
    if own in ALL_MASK_ATTENTION_FUNCTIONS:
        ALL_MASK_ATTENTION_FUNCTIONS[_NAME] = ALL_MASK_ATTENTION_FUNCTIONS[own]
    config._attn_implementation = _NAME
    try:
        yield seen
    finally:
        config._attn_implementation = own
        del ALL_ATTENTION_FUNCTIONS[_NAME]
        if own in ALL_MASK_ATTENTION_FUNCTIONS:
            del ALL_MASK_ATTENTION_FUNCTIONS[_NAME]


def _interface(name: str, module: nn.Module) -> Any:
    if name == "eager":  # each modeling file has its own
        return sys.modules[type(module).__module__].eager_attention_forward
    return ALL_ATTENTION_FUNCTIONS[name]


def _seen(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Any,
    rows: Tensor,
    options: dict[str, Any],
) -> Seen:
    rows = rows.to(query.device)
    groups = query.shape[1] // key.shape[1]
    q = query[0, :, rows].float()  # (head, row, d_head)
    k, v = (x[0].float().repeat_interleave(groups, 0) for x in (key, value))
    scaling = options.get("scaling") or query.shape[-1] ** -0.5
    scores = q @ k.transpose(1, 2) * scaling  # (head, row, position)
    if softcap := options.get("softcap"):
        scores = (scores / softcap).tanh() * softcap
    hidden = torch.finfo(scores.dtype).min
    if isinstance(mask, Tensor):
        shown = mask[0][:, rows, : k.shape[1]]
        scores = scores.masked_fill(~shown, hidden) if shown.dtype == torch.bool else scores + shown
    elif getattr(module, "is_causal", True):
        later = torch.arange(k.shape[1], device=rows.device) > rows[:, None]
        scores = scores.masked_fill(later, hidden)
    return Seen(scores.softmax(-1), v)
