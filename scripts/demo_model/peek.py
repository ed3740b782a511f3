"""A quick examination for use while training: packed, teacher-forced, with the lens per layer.

An answer counts if every one of its tokens would have been chosen; greedy generation would then
have given the same answer. `evaluate` is the real one.

>>> print(peek(model, tokenizer, scenes=48))
"""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from .batches import Batch, Batcher, Words
from .questions import KINDS
from .scenes import GRID
from .stages import decode, look_at


@torch.no_grad()
def peek(
    model: LlavaForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, scenes: int = 48
) -> str:
    """Shares of right answers by kind, and the lens by layer, on the first test scenes."""
    batcher, words = Batcher(tokenizer, len(KINDS), "test"), Words.of(tokenizer)
    right, asked = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    layers: list[list[Tensor]] = []
    model.eval()
    for first in range(0, scenes, 16):
        batch = batcher(range(first, first + 16), KINDS)
        states = decode(model, batch, look_at(model, batch.pixels)[1], batcher.image_start)
        _mark(model.lm_head(states[-1]).argmax(-1), batch, right, asked)
        image = slice(batcher.image_start, batcher.image_start + GRID**2)
        norm = model.model.language_model.norm
        read = [*(norm(state[:, image]) for state in states[:-1]), states[-1][:, image]]
        layers.append([_lens(model.lm_head(state), words, batch) for state in read])
    model.train()
    lines = ["  ".join(f"{kind} {right[kind] / max(1, asked[kind]):.2f}" for kind in KINDS)]
    lines.append("layer  colour shape either  both5  ground leak | one word on ground")
    for layer in range(len(layers[0])):
        values = torch.stack([batch[layer] for batch in layers]).mean(0).tolist()
        lines.append(f"{layer:5d}  " + "  ".join(f"{value:.3f}" for value in values))
    return "\n".join(lines)


def _mark(chosen: Tensor, batch: Batch, right: dict[str, int], asked: dict[str, int]) -> None:
    for row in range(len(chosen)):
        for number in range(1, int(batch.branch[row].max()) + 1):
            mine = batch.branch[row] == number
            kind = KINDS[int(batch.kind[row][mine][0])]
            answer = mine & (batch.target[row] >= 0)
            right[kind] += bool((chosen[row][answer] == batch.target[row][answer]).all())
            asked[kind] += 1


def _lens(logits: Tensor, words: Words, batch: Batch) -> Tensor:
    top = logits.topk(5, -1).indices
    things, ground = batch.colour >= 0, batch.share.sum(-1) > 0
    mine, first = top[things], top[things][:, 0]
    colour, shape = words.colours[batch.colour[things]], words.shapes[batch.shape[things]]
    of_colour, of_shape = (first == colour), (first == shape)
    both = (mine == colour[:, None]).any(1) & (mine == shape[:, None]).any(1)
    on_ground = top[ground][:, 0]
    right = on_ground == words.backgrounds[batch.share[ground].argmax(-1)]
    leak = torch.isin(on_ground, torch.cat([words.colours, words.shapes]))
    loudest = on_ground.bincount().max() / len(on_ground)
    parts = [of_colour, of_shape, of_colour | of_shape, both, right, leak]
    return torch.stack([*(part.float().mean() for part in parts), loudest])
