"""Asks a scene questions of eight kinds and knows the answers. Knows nothing of tokens.

>>> ask(random_scene(seed=7), "colour")
('What colour is the star?', 'red')
"""

from __future__ import annotations

from collections import Counter

from .drawing import BACKGROUNDS, COLOURS, SHAPES
from .scenes import SIDE, Scene, Thing, canvas_box

KINDS = ("describe", "colour", "shape", "count", "total", "exists", "back", "where")
NUMBERS = ("zero", "one", "two", "three", "four")
# How often training asks each kind: more of what takes two steps to see (find it, then read it).
WEIGHTS = {
    "describe": 1.2,
    "colour": 1.4,
    "shape": 1.0,
    "count": 1.4,
    "total": 0.7,
    "exists": 1.4,
    "back": 0.4,
    "where": 1.0,
}


# What questions and answers are made of beside the words for things.
_FRAME = """
yes no top bottom left right on the and a an colour shape object objects of is are there in
background image how many what where What How Is Where Describe USER ASSISTANT A An
"""


def plural(word: str) -> str:
    """The plural of a shape word."""
    return word + ("es" if word.endswith("s") else "s")


def vocabulary() -> list[str]:
    """Every word that a question or an answer can hold, in a fixed order."""
    plurals = [plural(shape) for shape in SHAPES]
    return [*COLOURS, *SHAPES, *plurals, *BACKGROUNDS, *NUMBERS, *_FRAME.split()]


def _with_article(words: str) -> str:
    return ("an " if words[0] in "aeiou" else "a ") + words


def _name(thing: Thing) -> str:
    return _with_article(f"{thing.colour} {thing.shape}")


def _describe(scene: Scene) -> tuple[str, str]:
    names = [_name(thing) for thing in scene.things]
    things = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
    ground = " and ".join("the " + word for word in reversed(scene.backgrounds))
    text = f"{things} on {ground}."
    return "Describe the image.", text[0].upper() + text[1:]


def _count(scene: Scene) -> tuple[str, str]:
    """First a number, then a shape that occurs so often: or nearly every answer would be "one"."""
    counts = Counter(thing.shape for thing in scene.things)
    by_number: dict[int, list[str]] = {}
    for shape in SHAPES:
        by_number.setdefault(counts[shape], []).append(shape)
    numbers = sorted(by_number)
    chances = [0.6 if number == 0 else 1.0 for number in numbers]
    total = sum(chances)
    number = int(scene.rng.choice(numbers, p=[chance / total for chance in chances]))
    shapes = by_number[number]
    shape = shapes[int(scene.rng.integers(len(shapes)))]
    return f"How many {plural(shape)} are there?", NUMBERS[number]


def _exists(scene: Scene) -> tuple[str, str]:
    """Yes and no equally often; most of what is not there differs in one word from what is."""
    rng, pairs = scene.rng, [(thing.colour, thing.shape) for thing in scene.things]
    colours = tuple(COLOURS)
    answer = "yes" if rng.random() < 0.5 else "no"
    colour, shape = pairs[int(rng.integers(len(pairs)))]
    while answer == "no" and (colour, shape) in pairs:
        change = rng.random()
        colour, shape = pairs[int(rng.integers(len(pairs)))]
        if change < 0.6:
            colour = colours[int(rng.integers(8))]
        if change > 0.4:
            shape = SHAPES[int(rng.integers(8))]
    return f"Is there {_with_article(f'{colour} {shape}')}?", answer


def _where(scene: Scene) -> tuple[str, str] | None:
    """Only of things that do not sit on a middle line, where the answer would be a matter of taste.

    The middle is that of the square that the model sees, which is the canvas's own.
    """
    height, width = scene.owner.shape
    left, top, right, bottom = canvas_box(width, height)
    x, y, slack = (left + right) / 2, (top + bottom) / 2, 8 * (right - left) / SIDE
    clear = [t for t in scene.things if min(abs(t.x - x), abs(t.y - y)) > slack]
    if not clear:
        return None
    thing = clear[int(scene.rng.integers(len(clear)))]
    place = ("top" if thing.y < y else "bottom") + " " + ("left" if thing.x < x else "right")
    return f"Where is the {thing.colour} {thing.shape}?", place


def _property(scene: Scene, kind: str) -> tuple[str, str] | None:
    """The colour of the only star, the shape of the only red thing."""
    known = "shape" if kind == "colour" else "colour"
    counts = Counter(getattr(thing, known) for thing in scene.things)
    single = [thing for thing in scene.things if counts[getattr(thing, known)] == 1]
    if not single:
        return None
    thing = single[int(scene.rng.integers(len(single)))]
    if kind == "colour":
        return f"What colour is the {thing.shape}?", thing.colour
    return f"What shape is the {thing.colour} object?", thing.shape


def ask(scene: Scene, kind: str) -> tuple[str, str] | None:
    """One question of a kind with its answer, or None where the scene allows none."""
    if kind == "describe":
        return _describe(scene)
    if kind == "back":
        return "What is in the background?", " and ".join(scene.backgrounds)
    if kind == "total":
        return "How many objects are there?", NUMBERS[len(scene.things)]
    if kind == "count":
        return _count(scene)
    if kind == "exists":
        return _exists(scene)
    if kind == "where":
        return _where(scene)
    return _property(scene, kind)


def ask_many(scene: Scene, number: int) -> list[tuple[str, str, str]]:
    """Up to `number` different questions as (kind, question, answer), kinds drawn by WEIGHTS."""
    weights = [WEIGHTS[kind] for kind in KINDS]
    chances = [weight / sum(weights) for weight in weights]
    asked: dict[str, tuple[str, str, str]] = {}
    for index in scene.rng.choice(len(KINDS), size=3 * number, p=chances):
        kind = KINDS[int(index)]
        pair = ask(scene, kind)
        if pair is not None:
            asked.setdefault(pair[0], (kind, *pair))
        if len(asked) == number:
            break
    return list(asked.values())
