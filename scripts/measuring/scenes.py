"""Demo scenes as cases: fresh ones, of the split that training never draws.

Asked of each: the description, and what has a one-word answer: the colour of a shape, the shape of
a colour, the background.

>>> samples = scene_samples(measured=500, tuning=100)
>>> [case.question for case in samples[0].cases()]
['Describe the image.', 'What colour is the star?', …]
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from PIL import Image

from demo_model.drawing import BACKGROUNDS, COLOURS, SHAPES
from demo_model.questions import ask
from demo_model.scenes import Scene, Thing, random_scene
from logit_lens.images import Picture

from .cases import Case, Listed, Sample, Target

# numbers of the "test" split: far from those that the model's own examination takes
FIRST_MEASURED, FIRST_TUNING = 200_000, 250_000
QUESTIONS = ("describe", "colour", "shape", "back")


def scene_samples(measured: int, tuning: int) -> list[Sample]:
    """Scenes to choose thresholds on, then scenes to measure."""
    numbers = [(FIRST_TUNING + n, True) for n in range(tuning)]
    numbers += [(FIRST_MEASURED + n, False) for n in range(measured)]
    return [Sample(f"scene {n}", tuned, partial(_cases, n)) for n, tuned in numbers]


def _cases(number: int) -> Iterator[Case]:
    scene = random_scene(number, "test")
    picture = Picture(f"scene {number}", Image.fromarray(scene.image))
    for name in QUESTIONS:
        pair = ask(scene, name)
        if pair is not None:
            # image tokens come before the question: whatever is asked, their states are the same
            listed = _listed(scene) if name == "describe" else []
            yield Case(picture, name, *pair, _targets(scene, name, *pair), listed)


def _targets(scene: Scene, name: str, question: str, truth: str) -> list[Target]:
    """The words of the right answer, in its order, each with its pixels."""
    if name == "describe":
        things = [target for thing in scene.things for target in _both(scene, thing)]
        return things + [_ground(scene, word) for word in reversed(scene.backgrounds)]
    if name == "back":
        return [_ground(scene, word) for word in scene.backgrounds]
    asked, given = ("colour", "shape") if name == "colour" else ("shape", "colour")
    words = question.rstrip("?").split()
    thing = next(t for t in scene.things if getattr(t, given) in words)
    return [target for target in _both(scene, thing) if target.word == getattr(thing, asked)]


def _both(scene: Scene, thing: Thing) -> Sequence[Target]:
    region = scene.owner == scene.things.index(thing)
    colour = [n for n, other in enumerate(scene.things) if other.colour == thing.colour]
    shape = [n for n, other in enumerate(scene.things) if other.shape == thing.shape]
    return (
        Target("colour", thing.colour, region, np.isin(scene.owner, colour)),
        Target("object", thing.shape, region, np.isin(scene.owner, shape)),
    )


def _ground(scene: Scene, word: str) -> Target:
    region: np.ndarray = (scene.ground == BACKGROUNDS.index(word)) & (scene.owner < 0)
    return Target("background", word, region, region)


def _listed(scene: Scene) -> list[Listed]:
    """Every colour, shape and background there is."""
    there = {t.colour for t in scene.things} | {t.shape for t in scene.things}
    there |= set(scene.backgrounds)
    kinds = {"object": SHAPES, "colour": tuple(COLOURS), "background": BACKGROUNDS}
    return [Listed(k, word, word in there) for k, words in kinds.items() for word in words]
