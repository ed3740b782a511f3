"""What a lens is fitted on: pictures and questions, and which of them are held out.

Does not know models, and does not open a picture before it is asked for.

>>> fitted, held_out = split(folder_samples(["photos"], ["Describe the image."]), 0.1, seed=0)
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PIL import Image

from demo_model.questions import ask_many
from demo_model.scenes import random_scene
from logit_lens import LensError
from logit_lens.command.find import find_images
from logit_lens.command.patterns import named_images
from logit_lens.command.source import Source, load
from logit_lens.images import Picture

# numbers of the "test" split: neither training nor any examination draws these
FIRST_DRAWN = 300_000


@dataclass(frozen=True)
class Sample:
    """A picture and a question.

    Attributes:
        image: names the picture for good.
        question: what is asked.
        picture: opens it.
    """

    image: str
    question: str
    picture: Callable[[], Picture]

    @property
    def key(self) -> str:
        """Names the sample for good."""
        return f"{self.image}\n{self.question}"


def folder_samples(named: Sequence[str], questions: Sequence[str]) -> list[Sample]:
    """Every picture that is named or lies in a folder that is named, with every question.

    Raises:
        LensError: one is not there.
    """
    found = [(source, name) for source, name, _ in find_images(named_images(named))]
    for source, _ in found:
        if source.path is not None and not source.path.exists():
            raise LensError(f"there is no file or folder {source.path}")
    return [Sample(name, q, partial(_open, source)) for source, name in found for q in questions]


def drawn_samples(count: int) -> list[Sample]:
    """Scenes of the demo: of each its description, and one other question."""
    samples = []
    for number in range(FIRST_DRAWN, FIRST_DRAWN + count):
        scene = random_scene(number, "test")
        asked = [question for _, question, _ in ask_many(scene, 1)]
        for question in dict.fromkeys(["Describe the image.", *asked]):
            samples.append(drawn_sample(number, question))
    return samples


def drawn_sample(number: int, question: str) -> Sample:
    """A question about one scene."""
    return Sample(f"scene {number}", question, partial(_draw, number))


def split(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """(what is fitted, what is held out): all samples of a picture on one side.

    Raises:
        LensError: there are not two pictures.
    """
    images = list(dict.fromkeys(sample.image for sample in samples))
    if len(images) < 2:
        raise LensError("a lens is judged by pictures that it was not fitted on; name two or more")
    images.sort(key=lambda image: hashlib.sha256(f"{seed} {image}".encode()).digest())
    held = set(images[: min(len(images) - 1, max(1, round(share * len(images))))])
    return (
        [sample for sample in samples if sample.image not in held],
        [sample for sample in samples if sample.image in held],
    )


def _open(source: Source) -> Picture:
    return load(source, quiet=True).picture()


def _draw(number: int) -> Picture:
    return Picture(f"scene {number}", Image.fromarray(random_scene(number, "test").image))
