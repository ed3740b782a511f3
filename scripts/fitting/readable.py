"""What a lens is worth on drawn scenes that no fit has seen, as Markdown tables.

Two questions: how far is every layer's reading from the model's output, and what share of the
patches of things read, as their likeliest token, as the thing's colour or shape?

>>> print(examine(reader, lens, count=100))
"""

from collections.abc import Iterator, Mapping

import numpy as np
import torch

from demo_model.batches import Words
from demo_model.drawing import COLOURS, SHAPES
from demo_model.scenes import Scene, random_scene
from demo_model.seen import look
from logit_lens.reading.lenses.lens import Lens, Translator

from .divergence import distances, translated
from .samples import drawn_sample
from .states import Read, Reader

FIRST_EXAMINED = 320_000  # far from what a fit draws


def examine(reader: Reader, lens: Lens, count: int) -> str:
    """The tables, over ``count`` scenes."""
    both: dict[str, Mapping[int, Translator]] = {"logit": {}, "lens": lens.translators}
    words = Words.of(reader.vlm.tokenizer)
    kl: dict[str, list[np.ndarray]] = {name: [] for name in both}
    hits = np.zeros((2, reader.vlm.n_layers))
    on_image, patches = [], 0
    for number, read in _reads(reader, count):
        scene = random_scene(number, "test")
        things = look(scene).thing
        patches += int((things >= 0).sum())
        on_image.append(read.on_image.cpu().numpy())
        for row, (name, translators) in enumerate(both.items()):
            kl[name].append(distances(read, translators))
            hits[row] += _named(read, translators, scene, things, words)
    whole = {name: np.concatenate(parts, 1) for name, parts in kl.items()}
    return _table(whole, np.concatenate(on_image), hits / max(1, patches))


def _reads(reader: Reader, count: int) -> Iterator[tuple[int, Read]]:
    for number in range(FIRST_EXAMINED, FIRST_EXAMINED + count):
        read = reader.read(drawn_sample(number, "Describe the image."))
        assert read is not None
        yield number, read


@torch.no_grad()
def _named(
    read: Read,
    translators: Mapping[int, Translator],
    scene: Scene,
    things: np.ndarray,
    words: Words,
) -> np.ndarray:
    """How many patches of things name their colour or shape first, (layer,)."""
    places = torch.from_numpy(np.flatnonzero(read.on_image.cpu().numpy())[things >= 0])
    owners = [scene.things[index] for index in things[things >= 0]]
    colour = words.colours[[list(COLOURS).index(thing.colour) for thing in owners]]
    shape = words.shapes[[SHAPES.index(thing.shape) for thing in owners]]
    found = []
    for layer, state in enumerate(read.states[:-1]):
        here = translated(translators, layer, state[places])
        first = read.tail(here, slice(None)).argmax(-1).cpu()
        found.append(int(((first == colour) | (first == shape)).sum()))
    return np.array(found)


def _table(kl: dict[str, np.ndarray], on_image: np.ndarray, named: np.ndarray) -> str:
    lines = [
        "| layer | KL, image: logit | lens | KL, text: logit | lens | KL, all: logit | lens "
        "| patches named: logit | lens |",
        "|---" * 9 + "|",
    ]
    every = np.ones_like(on_image)
    for layer in range(len(kl["logit"])):
        medians = [
            np.median(kl[name][layer, which])
            for which in (on_image, ~on_image, every)
            for name in ("logit", "lens")
        ]
        cells = [f"{value:.3f}" for value in (*medians, *named[:, layer])]
        lines.append(f"| {layer} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
