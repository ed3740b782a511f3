"""All families of the tests."""

from importlib.util import find_spec

from . import gemma, llava, qwen, relatives, tiled, torchvision_only, unplaced
from .twin import Family

FAMILIES: list[Family] = [
    *llava.FAMILIES,
    *qwen.FAMILIES,
    *gemma.FAMILIES,
    *tiled.FAMILIES,
    *relatives.FAMILIES,
    *unplaced.FAMILIES,
    *(torchvision_only.FAMILIES if find_spec("torchvision") else []),
]
