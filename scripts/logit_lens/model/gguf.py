"""Models in GGUF, llama.cpp's format: which of them transformers can read. Does not import torch.

>>> the_gguf_file(["SmolLM2-135M-Instruct.Q4_1.gguf"], "models/smol")
'SmolLM2-135M-Instruct.Q4_1.gguf'
"""

import importlib.util
import re
from collections.abc import Sequence

from .. import LensError

_ORIGINAL = "use the checkpoint that it was made from"


def the_gguf_file(names: Sequence[str], said: str) -> str:
    """The one GGUF file of a folder.

    Raises:
        LensError: there are several, or it cannot be read.
    """
    for name in names:
        if "mmproj" in name.lower():
            raise LensError(
                f"{said} is a vision-language model in GGUF (its vision tower is {name}), of which "
                f"transformers reads only the language half; {_ORIGINAL}"
            )
    if len(names) > 1 and not re.search(r"-\d+-of-\d+\.gguf$", names[0]):
        raise LensError(f"{said} holds {len(names)} GGUF files; name one of them: {names[0]}")
    refuse_unreadable_gguf(names[0], said)
    return names[0]


def refuse_unreadable_gguf(name: str, said: str) -> None:
    """Let a GGUF file pass that can be read here.

    Raises:
        LensError: it is a piece, or a vision tower, or the package that reads it is missing.
    """
    if re.search(r"-\d+-of-\d+\.gguf$", name):
        raise LensError(
            f"{said} is a GGUF in several pieces; join them with llama.cpp's "
            f"`llama-gguf-split --merge`, or {_ORIGINAL}"
        )
    if "mmproj" in name.lower():
        raise LensError(f"{said} is only the vision tower of a model in GGUF; {_ORIGINAL}")
    if importlib.util.find_spec("gguf") is None:
        raise LensError(
            f"{said} is a model in GGUF, llama.cpp's format; {_ORIGINAL}, or, if it is a language "
            "model, install the package that reads it: pip install gguf"
        )
