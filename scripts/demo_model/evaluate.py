"""Examines a saved model the way a user meets it: from_pretrained, LlavaProcessor, generate, hooks.

Nothing of training's shortcuts (packing, bfloat16, dropped tokens) is on this path. The scenes are
of the "test" split, which training never draws.

>>> print(examine(Path("models/demo"), scenes=range(100_000, 100_060)).table())
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoProcessor

from .batches import Words
from .drawing import COLOURS, LOWER, SHAPES, UPPER, WHOLE
from .questions import KINDS, ask
from .scenes import GRID, Scene, canvas_box, random_scene, single_object_scene
from .seen import look, patch_cover

HELD_OUT = 100_000  # the first scene of the examination; training's own peeks use the first few
LENS_COLUMNS = (
    "colour",
    "shape",
    "either",
    "both in top 5",
    "ground right",
    "ground names an object",
    "commonest word on the ground",
)
SINGLE_COLUMNS = ("top-1 on object", "top-5 on object", "top-1 far off", "top-5 far off")


@dataclass
class Examinee:
    """A loaded model with what it takes to ask it."""

    model: Any  # LlavaForConditionalGeneration
    processor: Any  # LlavaProcessor
    words: Words

    @classmethod
    def load(cls, folder: Path) -> Examinee:
        """Load from a folder, without the network, in float32."""
        model = AutoModelForImageTextToText.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True
        ).eval()
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
        return cls(model, processor, Words.of(processor.tokenizer))

    @torch.no_grad()
    def answer(self, image: Image.Image, questions: list[str]) -> list[str]:
        """The greedy answers."""
        prompts = [f"USER: <image>\n{question} ASSISTANT:" for question in questions]
        inputs = self.processor(
            images=[image] * len(prompts), text=prompts, return_tensors="pt", padding=True
        )
        out = self.model.generate(**inputs, max_new_tokens=48, do_sample=False)
        new = out[:, inputs["input_ids"].shape[1] :]
        decode = self.processor.tokenizer.decode
        return [decode(tokens, skip_special_tokens=True).strip() for tokens in new]

    @torch.no_grad()
    def lens(self, image: Image.Image) -> Tensor:
        """Lens logits of the image's patches, (layer, 144, vocabulary); layer 0 the embeddings."""
        decoder, states = self.model.model.language_model, []

        def note_input(_module: object, args: tuple, kwargs: dict) -> None:
            states.append(args[0] if args else kwargs["hidden_states"])

        def note_output(_module: object, _args: tuple, out: Tensor | tuple) -> None:
            states.append(out[0] if isinstance(out, tuple) else out)

        hooks = [decoder.layers[0].register_forward_pre_hook(note_input, with_kwargs=True)]
        hooks += [layer.register_forward_hook(note_output) for layer in decoder.layers]
        prompt = "USER: <image>\nDescribe the image. ASSISTANT:"
        inputs = self.processor(images=image, text=prompt, return_tensors="pt")
        self.model(**inputs)
        for hook in hooks:
            hook.remove()
        patches = inputs["input_ids"][0] == self.model.config.image_token_index
        return self.model.lm_head(decoder.norm(torch.stack(states)[:, 0, patches]))


@dataclass
class Marks:
    """The result of an examination."""

    right: dict[str, int]
    asked: dict[str, int]
    lens: np.ndarray  # (layer, 7) in the order of LENS_COLUMNS
    single: np.ndarray  # (layer, 4) in the order of SINGLE_COLUMNS
    singles: int
    wrong: list[str]

    @property
    def best(self) -> int:
        """The layer at which most object patches name their object and most ground its ground."""
        return int((self.lens[:, 2] + self.lens[:, 4]).argmax())

    def share(self, kind: str) -> float:
        """Of right answers."""
        return self.right[kind] / max(1, self.asked[kind])

    def table(self) -> str:
        """Everything as Markdown."""
        lines = ["| question | right | asked |", "|---|---|---|"]
        lines += [f"| {k} | {self.share(k):.3f} | {self.asked[k]} |" for k in self.asked]
        for title, columns, values in (
            ("Lens on scenes", LENS_COLUMNS, self.lens),
            ("Lens on single objects", SINGLE_COLUMNS, self.single),
        ):
            lines += ["", f"{title}, by layer (best: {self.best}):", ""]
            lines += ["| layer | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
            for layer, row in enumerate(values):
                lines.append(f"| {layer} | " + " | ".join(f"{v:.3f}" for v in row) + " |")
        return "\n".join(lines)


def examine(folder: Path, scenes: range, singles: int = 100) -> Marks:
    """All questions on some test scenes, and the lens on them and on single objects."""
    examinee = Examinee.load(folder)
    right, asked, wrong = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0), []
    seen = []
    for seed in scenes:
        scene = random_scene(seed, "test")
        image = Image.fromarray(scene.image)
        pairs = [(kind, pair) for kind in KINDS if (pair := ask(scene, kind)) is not None]
        answers = examinee.answer(image, [question for _, (question, _) in pairs])
        for (kind, (question, truth)), answer in zip(pairs, answers, strict=True):
            asked[kind] += 1
            right[kind] += answer == truth
            if answer != truth:
                wrong.append(f"{seed} {kind}: {question} {truth!r}, not {answer!r}")
        seen.append(_lens_counts(examinee, scene, image))
    lens = _shares(seen)
    single = _shares([_single_counts(examinee, seed) for seed in range(singles)])
    return Marks(right, asked, lens, single, singles, wrong)


def _shares(counts: list[np.ndarray]) -> np.ndarray:
    """Sum of (hits, out of) pairs over scenes, divided: (layer, column, 2) -> (layer, column)."""
    hits, total = np.moveaxis(np.sum(counts, 0), -1, 0)
    return hits / np.maximum(total, 1)


def _lens_counts(examinee: Examinee, scene: Scene, image: Image.Image) -> np.ndarray:
    """Hits and patches of one scene, (layer, 7, 2), in the order of LENS_COLUMNS."""
    view, words = look(scene), examinee.words
    things, ground = view.thing >= 0, view.share.sum(1) > 0
    clear = view.share.max(1) >= 0.85  # on the horizon, either word would be right
    top = examinee.lens(image).topk(5, -1).indices.numpy()  # (layer, patch, 5)
    mine, first, on_ground = top[:, things], top[:, things, 0], top[:, ground, 0]
    owners = [scene.things[index] for index in view.thing[things]]
    colour = np.array([words.colours[list(COLOURS).index(t.colour)] for t in owners])
    shape = np.array([words.shapes[SHAPES.index(t.shape)] for t in owners])
    right = top[:, clear, 0] == words.backgrounds.numpy()[view.share[clear].argmax(1)]
    both = (mine == colour[:, None]).any(-1) & (mine == shape[:, None]).any(-1)
    names = torch.cat([words.colours, words.shapes]).numpy()
    loudest = [[np.bincount(layer).max()] for layer in on_ground]
    hits = [
        (first == colour).sum(1),
        (first == shape).sum(1),
        ((first == colour) | (first == shape)).sum(1),
        both.sum(1),
        right.sum(1),
        np.isin(on_ground, names).sum(1),
        np.array(loudest)[:, 0],
    ]
    total = np.array([things.sum()] * 4 + [clear.sum()] + [ground.sum()] * 2)
    return np.stack([np.stack(hits, 1), np.broadcast_to(total, (len(top), 7))], -1)


def _single_counts(examinee: Examinee, seed: int) -> np.ndarray:
    """One object on a canvas of some size: (layer, 4, 2), in the order of SINGLE_COLUMNS.

    "On" are the patches that it covers at least half, "far" those more than one patch away.
    """
    rng = np.random.default_rng([5, seed])
    size = ((672, 504), (504, 672), (168, 168), (900, 500))[seed % 4]
    left, top, right, bottom = canvas_box(*size)
    radius = rng.uniform(0.13, 0.25) * (right - left)
    centre = (
        rng.uniform(left + radius, right - radius),
        rng.uniform(top + radius, bottom - radius),
    )
    shape, colour = SHAPES[rng.integers(8)], list(COLOURS)[rng.integers(8)]
    ground: tuple[str, ...] = (UPPER[rng.integers(3)], LOWER[rng.integers(4)])
    if seed % 5 == 0:
        ground = (WHOLE[rng.integers(2)],)
    image, mask = single_object_scene(shape, colour, centre, radius, size, ground, seed)
    cover = patch_cover(mask)
    on, far = cover >= 0.5, ~near(cover > 0)
    words = examinee.words
    wanted = [words.colours[list(COLOURS).index(colour)], words.shapes[SHAPES.index(shape)]]
    names = torch.isin(examinee.lens(image).topk(5, -1).indices, torch.stack(wanted)).numpy()
    first, five = names[..., 0], names.max(-1)
    hits = [first[:, on].sum(1), five[:, on].sum(1), first[:, far].sum(1), five[:, far].sum(1)]
    total = np.array([on.sum(), on.sum(), far.sum(), far.sum()])
    return np.stack([np.stack(hits, 1), np.broadcast_to(total, (len(first), 4))], -1)


def near(patches: np.ndarray) -> np.ndarray:
    """These patches and their eight neighbours; flat boolean (144)."""
    padded: np.ndarray = np.pad(patches.reshape(GRID, GRID), 1)
    shifted = [padded[y : y + GRID, x : x + GRID] for y in range(3) for x in range(3)]
    return np.stack(shifted).max(0).ravel()
