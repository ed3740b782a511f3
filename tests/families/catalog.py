"""All families of the tests."""

from importlib.util import find_spec

import transformers

from . import gemma, llava, qwen, relatives, tiled, torchvision_only, unplaced
from .twin import Family

# The release for Python 3.10 reads Gemma 4's images through torchvision only, and does not cap
# the logits of a PaliGemma 2.
NEWER = {"gemma4", "paligemma2"} if transformers.__version__ < "5.23" else set()

ALL: list[Family] = [
    *llava.FAMILIES,
    *qwen.FAMILIES,
    *gemma.FAMILIES,
    *tiled.FAMILIES,
    *relatives.FAMILIES,
    *unplaced.FAMILIES,
    *(torchvision_only.FAMILIES if find_spec("torchvision") else []),
]
FAMILIES = [family for family in ALL if family.name not in NEWER]
