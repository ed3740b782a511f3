"""Makes demo scenes: coloured shapes on a landscape, with the owner of every pixel known.

A scene is drawn from one random generator, so a seed fixes picture, labels and (in `questions`) the
questions. The canvas may have any size; the model sees what LlavaProcessor shows it, the short edge
shrunk to 168 pixels and the middle square cut out (`views`).

>>> picture, mask = single_object_scene("star", "red", (300, 200), 80, (672, 504))
>>> scene = random_scene(seed=7, split="test")
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from .drawing import (
    BACKGROUNDS,
    COLOURS,
    LOWER,
    MAX_TURN,
    SHAPES,
    UPPER,
    WHOLE,
    shape_alpha,
    texture,
)

SIDE = 168  # pixels of the square that the model sees
PATCH = 14
GRID = SIDE // PATCH
FINE = 7  # cells per side of a patch on which outlines are taught
_SPLITS = {"train": 1, "test": 2, "crowd": 3}


@dataclass
class Thing:
    """One object. `x`, `y`, `radius` are in pixels of the canvas."""

    shape: str
    colour: str
    x: float
    y: float
    radius: float
    turn: float = 0.0


@dataclass
class Scene:
    """A picture and the truth about it; things are in order from left to right."""

    image: np.ndarray  # (height, width, 3) uint8
    things: list[Thing]
    backgrounds: tuple[str, ...]  # from top to bottom
    owner: np.ndarray  # (height, width) int8: index into `things`, -1 for background
    ground: np.ndarray  # (height, width) int8: index into BACKGROUNDS, also behind things
    rng: np.random.Generator = field(repr=False)  # goes on to choose the questions


def canvas_box(width: int, height: int) -> tuple[float, float, float, float]:
    """The middle square that the processor leaves of a canvas: left, top, right, bottom."""
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def paint(
    rng: np.random.Generator,
    size: tuple[int, int],
    backgrounds: tuple[str, ...],
    horizon: float,
    things: list[Thing],
) -> Scene:
    """Draw a scene. `size` is (width, height), `horizon` a share of the height."""
    width, height = size
    unit = min(size) / SIDE
    edges = [0, height] if len(backgrounds) == 1 else [0, round(height * horizon), height]
    image = np.empty((height, width, 3), np.float32)
    ground = np.empty((height, width), np.int8)
    for word, top, bottom in zip(backgrounds, edges, edges[1:], strict=False):
        image[top:bottom] = texture(rng, word, bottom - top, width, unit)
        ground[top:bottom] = BACKGROUNDS.index(word)
    things = sorted(things, key=lambda thing: thing.x)
    owner = np.full((height, width), -1, np.int8)
    for index in rng.permutation(len(things)):  # who overlaps whom must not depend on the place
        _stamp(rng, image, owner, things[index], index)
    grain = _grain(rng, height, width, unit)
    image = np.clip(image + grain, 0, 255).astype(np.uint8)
    return Scene(image, things, backgrounds, owner, ground, rng)


def _grain(rng: np.random.Generator, height: int, width: int, unit: float) -> np.ndarray:
    """Camera noise, as coarse as a pixel of the model's view, (height, width, 1)."""
    rows, columns = math.ceil(height / unit), math.ceil(width / unit)
    grain = 2 * rng.standard_normal((rows, columns), dtype=np.float32)
    if (rows, columns) != (height, width):
        grain = np.asarray(Image.fromarray(grain).resize((width, height), Image.Resampling.NEAREST))
    return grain[..., None]


def _stamp(
    rng: np.random.Generator, image: np.ndarray, owner: np.ndarray, thing: Thing, index: int
) -> None:
    """Draw one thing over what is there, shaded from top to bottom, and note its pixels."""
    alpha = shape_alpha(thing.shape, thing.radius, thing.turn)
    height, width = owner.shape
    left, top = round(thing.x - alpha.shape[1] / 2), round(thing.y - alpha.shape[0] / 2)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + alpha.shape[1], width), min(top + alpha.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    alpha = alpha[y0 - top : y1 - top, x0 - left : x1 - left]
    base = np.array(COLOURS[thing.colour], np.float32) + rng.uniform(-12, 12, 3)
    shade = 1 + 0.1 * np.linspace(1, -1, y1 - y0, dtype=np.float32)[:, None, None]
    paint_ = np.clip(np.clip(base, 0, 255) * shade, 0, 255)
    image[y0:y1, x0:x1] += alpha[..., None] * (paint_ - image[y0:y1, x0:x1])
    owner[y0:y1, x0:x1][alpha > 0.5] = index


def _pick(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]


def _place(
    rng: np.random.Generator, count: int, box: tuple[float, float, float, float], cut: bool
) -> list[tuple[float, float, float]]:
    """Up to `count` places (x, y, radius), hardly overlapping, each with a column of its own."""
    unit = (box[2] - box[0]) / SIDE
    largest = {1: 44, 2: 38, 3: 31, 4: 30}.get(count, 27)
    places: list[tuple[float, float, float]] = []
    for _ in range(count):
        for _ in range(30):
            r = rng.uniform(19, largest) * unit
            margin = 0.75 * r if cut else r + 2 * unit
            x = rng.uniform(box[0] + margin, box[2] - margin)
            y = rng.uniform(box[1] + margin, box[3] - margin)
            if all(
                math.hypot(x - x2, y - y2) > 0.92 * (r + r2) and abs(x - x2) > 9 * unit
                for x2, y2, r2 in places
            ):
                places.append((x, y, r))
                break
    return places


def _cast(rng: np.random.Generator, count: int, repeats: bool) -> list[tuple[str, str]]:
    """`count` different (shape, colour) pairs; some casts share a shape or a colour.

    Without shared shapes every count would be one, without shared colours colour alone would name
    an object. A crowd (`repeats`) need not be different.
    """
    colours = tuple(COLOURS)
    shape, colour = _pick(rng, SHAPES), _pick(rng, colours)
    shared = rng.random() < 0.5
    share_shape = rng.random() < 0.7
    cast: list[tuple[str, str]] = []
    while len(cast) < count:
        pair = (_pick(rng, SHAPES), _pick(rng, colours))
        if shared and rng.random() < 0.75:
            pair = (shape, pair[1]) if share_shape else (pair[0], colour)
        if repeats or pair not in cast:
            cast.append(pair)
    return cast


def random_scene(seed: int, split: str = "train", size: tuple[int, int] | None = None) -> Scene:
    """Scene number `seed` of a split; splits share no scene. `size` None: the split's own choice.

    "crowd" holds seven things a scene: the dense lessons of the vision stage.
    """
    rng = np.random.default_rng([_SPLITS[split], seed])
    size = size or _canvas(rng)
    horizon = rng.uniform(0.35, 0.65)
    if rng.random() < 0.25:
        backgrounds: tuple[str, ...] = (_pick(rng, WHOLE),)
    else:
        backgrounds = (_pick(rng, UPPER), _pick(rng, LOWER))
    crowd = split == "crowd"
    count = 7 if crowd else int(rng.choice(4, p=(0.15, 0.3, 0.3, 0.25))) + 1
    places = _place(rng, count, canvas_box(*size), cut=rng.random() < 0.12)
    cast = _cast(rng, len(places), repeats=crowd)
    things = [
        Thing(shape, colour, x, y, r, rng.uniform(-1, 1) * MAX_TURN[shape])
        for (shape, colour), (x, y, r) in zip(cast, places, strict=True)
    ]
    return paint(rng, size, backgrounds, horizon, things)


def _canvas(rng: np.random.Generator) -> tuple[int, int]:
    """Mostly the model's own square, sometimes a larger landscape or portrait picture.

    A model that only ever saw pictures at their final size is thrown by the softer pixels of one
    that the processor had to shrink.
    """
    if rng.random() < 0.75:
        return SIDE, SIDE
    short = int(rng.integers(180, 340))
    long = int(short * rng.uniform(1, 1.5))
    return (short, long) if rng.random() < 0.5 else (long, short)


def single_object_scene(
    shape: str,
    colour: str,
    centre: tuple[float, float],
    radius: float,
    size: tuple[int, int],
    backgrounds: tuple[str, ...] = ("sky", "grass"),
    seed: int = 0,
) -> tuple[Image.Image, np.ndarray]:
    """A picture with one object, and the object's pixels as a boolean mask, (height, width).

    Args:
        shape: one of `drawing.SHAPES`.
        colour: one of `drawing.COLOURS`.
        centre: x, y in pixels of the canvas.
        radius: in pixels; training had 0.11 to 0.26 of the short side.
        size: width, height in pixels.
        backgrounds: an upper and a lower one, or one of `drawing.WHOLE`.
        seed: of the texture's noise.
    """
    rng = np.random.default_rng([4, seed])
    thing = Thing(shape, colour, *centre, radius)
    scene = paint(rng, size, backgrounds, 0.5, [thing])
    return Image.fromarray(scene.image), scene.owner == 0
