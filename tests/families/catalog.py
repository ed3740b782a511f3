"""All families of the tests."""

from . import gemma, llava, qwen, tiled, unplaced
from .twin import Family

FAMILIES: list[Family] = [
    *llava.FAMILIES,
    *qwen.FAMILIES,
    *gemma.FAMILIES,
    *tiled.FAMILIES,
    *unplaced.FAMILIES,
]
