"""Scenes -> tensors: pixels, dense truth per patch, and many packed questions on one image.

Packing: the image tokens stand once at the front, each question with its answer is a branch that
sees the image and itself but no other branch, and every branch's positions go on from the image's
end. To the model this is the same as one prompt per question, at a fraction of the price.

>>> batch = Batcher(tokenizer, questions=12)(range(8))
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset
from transformers import PreTrainedTokenizerFast

from .drawing import BACKGROUNDS, COLOURS, SHAPES
from .questions import KINDS, ask, ask_many, vocabulary
from .scenes import GRID, PATCH, SIDE, Scene, random_scene
from .seen import View, look

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])[:, None, None]
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711])[:, None, None]


def _first(tokenizer: PreTrainedTokenizerFast, word: str) -> int:
    return tokenizer("a " + word, add_special_tokens=False)["input_ids"][1]


@dataclass
class Words:
    """Token ids of the words that a patch can be labelled with, in the order of `drawing`."""

    colours: Tensor  # (8)
    shapes: Tensor  # (8), the first piece of words of two
    backgrounds: Tensor  # (9)
    rows: Tensor  # (2) top, bottom
    columns: Tensor  # (2) left, right

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> Words:
        """Look the words up as they stand inside a sentence."""
        groups = (COLOURS, SHAPES, BACKGROUNDS, ("top", "bottom"), ("left", "right"))
        return cls(*(torch.tensor([_first(tokenizer, word) for word in group]) for group in groups))


@dataclass
class Batch:
    """B scenes, P = 144 patches, T tokens; a T of 0 where only the tower is taught."""

    pixels: Tensor  # (B, 3, 168, 168) normalised
    colour: Tensor  # (B, P) index into COLOURS, -1 where no thing covers half the patch
    shape: Tensor  # (B, P) index into SHAPES, or -1
    share: Tensor  # (B, P, 9) shares of the background words, all 0 where they do not count
    outline: Tensor  # (B, P, 49) covered share of each small cell
    offset: Tensor  # (B, P, 2) from the patch to its thing's centre, in radii
    place: Tensor  # (B, P, 2) of its thing's centre: 1 for bottom, 1 for right
    centre: Tensor  # (B, P) 1 where a thing's centre lies
    ids: Tensor  # (B, T)
    branch: Tensor  # (B, T) 0 image, 1.. the questions, -1 padding
    position: Tensor  # (B, T)
    target: Tensor  # (B, T) the next token where it belongs to an answer, else -100
    weight: Tensor  # (B, T) of that target
    kind: Tensor  # (B, T) index into KINDS, or -1


def normalise(pixels: np.ndarray) -> Tensor:
    """Stacked uint8 views (B, 168, 168, 3) as the processor would give them."""
    return (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - MEAN) / STD


def block_mask(branch: Tensor) -> Tensor:
    """Who may see whom, (B, 1, T, T) bool: the past, if it is image or of the same branch."""
    length = branch.shape[1]
    past = torch.ones(length, length, dtype=torch.bool).tril()
    asking, asked = branch[:, :, None], branch[:, None, :]
    mask = past & ((asked == 0) | (asking == asked)) & (asked >= 0)
    return (mask | torch.eye(length, dtype=torch.bool))[:, None]  # padding sees itself: no NaN


class Batcher:
    """Makes batches of scenes by number; `questions` 0 leaves the text out."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, questions: int, split: str = "train"
    ) -> None:
        """`split` as in `random_scene`."""
        self.tokenizer, self.questions, self.split = tokenizer, questions, split
        self.image_id = tokenizer.convert_tokens_to_ids("<image>")
        self.words = Words.of(tokenizer)
        self.spoken = torch.tensor(sorted({_first(tokenizer, word) for word in vocabulary()}))
        before = tokenizer("USER: <image>")["input_ids"]
        self.image_start = len(before) - 1
        self.prefix = before[:-1] + [self.image_id] * GRID**2
        self._branches: dict[tuple[str, str], tuple[list[int], int]] = {}

    def __call__(self, seeds: range, kinds: tuple[str, ...] | None = None) -> Batch:
        """The scenes of these numbers; `kinds` asks one question of each kind instead."""
        scenes = [random_scene(seed, self.split) for seed in seeds]
        views = [look(scene) for scene in scenes]
        dense = [_dense(scene, view) for scene, view in zip(scenes, views, strict=True)]
        pixels = normalise(np.stack([view.pixels for view in views]))
        truth = [torch.from_numpy(np.stack(parts)) for parts in zip(*dense, strict=True)]
        rows = [self._row(self._ask(scene, kinds)) for scene in scenes if self.questions]
        return Batch(pixels, *truth, *self._pad(rows, len(scenes)))

    def _ask(self, scene: Scene, kinds: tuple[str, ...] | None) -> list[tuple[str, str, str]]:
        if kinds is None:
            return ask_many(scene, self.questions)
        pairs = [(kind, ask(scene, kind)) for kind in kinds]
        return [(kind, *pair) for kind, pair in pairs if pair is not None]

    def encode(self, question: str, answer: str) -> tuple[list[int], int]:
        """The tokens of one branch (all after the image) and how many of them are the question."""
        if (question, answer) not in self._branches:
            asked = self.tokenizer(f"USER: <image>\n{question} ASSISTANT:")["input_ids"]
            full = self.tokenizer(f"USER: <image>\n{question} ASSISTANT: {answer}</s>")["input_ids"]
            assert full[: len(asked)] == asked, (question, answer)
            skip = self.image_start + 1
            self._branches[question, answer] = full[skip:], len(asked) - skip
        return self._branches[question, answer]

    def _row(self, asked: list[tuple[str, str, str]]) -> list[list]:
        """One scene's ids, branch, position, target, weight, kind."""
        n = len(self.prefix)
        ids, branch, position = list(self.prefix), [0] * n, list(range(n))
        target, weight, kinds = [-100] * n, [0.0] * n, [-1] * n
        for number, (kind, question, answer) in enumerate(asked, 1):
            tokens, start = self.encode(question, answer)
            answers = len(tokens) - start
            ids += tokens
            branch += [number] * len(tokens)
            position += range(n, n + len(tokens))
            target += [-100] * (start - 1) + tokens[start:] + [-100]
            # A long answer counts more than a short one, but not in proportion to its length.
            weight += [0.0] * (start - 1) + [answers**-0.5] * answers + [0.0]
            kinds += [KINDS.index(kind)] * len(tokens)
        return [ids, branch, position, target, weight, kinds]

    def _pad(self, rows: list[list[list]], scenes: int) -> list[Tensor]:
        if not rows:
            return [torch.empty(scenes, 0, dtype=torch.long) for _ in range(6)]
        length = -(-max(len(row[0]) for row in rows) // 8) * 8
        fill = (self.tokenizer.pad_token_id, -1, 0, -100, 0.0, -1)
        return [
            torch.tensor([row[i] + [value] * (length - len(row[i])) for row in rows])
            for i, value in enumerate(fill)
        ]


def _dense(scene: Scene, view: View) -> tuple[np.ndarray, ...]:
    """The dense truth of one scene, in the order of `Batch`."""
    things, colours = scene.things, tuple(COLOURS)
    at = view.thing
    middle = (np.stack(np.meshgrid(np.arange(GRID), np.arange(GRID)), -1) + 0.5) * PATCH
    middle = middle.reshape(-1, 2)
    centres, radii = np.array(view.centres), np.array(view.radii)
    offset = (centres[at] - middle) / radii[at][:, None]
    place = (centres[at] >= SIDE / 2)[:, ::-1]  # y first: rows are named before columns
    centre = np.zeros(GRID * GRID, np.float32)
    column, row = np.clip(centres // PATCH, 0, GRID - 1).astype(int).T
    centre[row * GRID + column] = 1
    is_thing = at >= 0
    return (
        np.where(is_thing, np.array([colours.index(t.colour) for t in things])[at], -1),
        np.where(is_thing, np.array([SHAPES.index(t.shape) for t in things])[at], -1),
        view.share,
        view.outline,
        np.where(is_thing[:, None], offset, 0).astype(np.float32),
        np.where(is_thing[:, None], place, 0).astype(np.float32),
        centre,
    )


class _Stream(IterableDataset):
    """Batches without end, numbered, so that a run can go on where it stopped."""

    def __init__(self, batcher: Batcher, first: int, size: int) -> None:
        self.batcher, self.first, self.size = batcher, first, size

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        start = self.first
        while True:
            yield self.batcher(range(start, start + self.size))
            start += self.size


def stream(batcher: Batcher, first: int, size: int, workers: int) -> Iterator[Batch]:
    """Batches of `size` scenes from scene `first` on, made in `workers` (0 or 1) processes."""
    assert workers <= 1, "two workers would each make every batch"
    loader = DataLoader(
        _Stream(batcher, first, size),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=8 if workers else None,
    )
    return iter(loader)


def cut(batch: Batch, patches: Tensor, image_start: int) -> Batch:
    """The batch with only some image tokens left; `patches` (B, keep) ascending numbers."""
    size, length = batch.ids.shape
    end = image_start + GRID**2
    kept = torch.cat(
        [
            torch.arange(image_start).expand(size, -1),
            patches + image_start,
            torch.arange(end, length).expand(size, -1),
        ],
        1,
    )
    values = {field.name: getattr(batch, field.name) for field in fields(batch)}
    for name in ("ids", "branch", "position", "target", "weight", "kind"):
        values[name] = values[name].gather(1, kept)
    for name in ("colour", "shape"):
        values[name] = values[name].gather(1, patches)
    values["share"] = values["share"].gather(
        1, patches[..., None].expand(-1, -1, values["share"].shape[-1])
    )
    return Batch(**values)
