"""Where processor and model disagree on how many tokens an image is: both numbers, key and file.

transformers counts one side in tokens and the other in numbers. Does not mend anything: what the
model's configuration tells was filled in when the processor was loaded.

>>> with explain_image_tokens(vlm):
...     vlm.model(**prompt.inputs)
LensError: …: the processor writes 257 image tokens, the model makes 256 of the image; set …
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import LensError
from ..model.vlm import VLM

_DISAGREE = re.compile(r"tokens do not match\W*tokens:?\s*(\d+)\D+features:?\s*(\d+)", re.I)
# what says how many tokens a picture becomes, in one family or another
_COUNTS = ("image_seq_length", "image_seq_len", "num_image_tokens", "num_query_tokens")
_SIZES = ("merge_size", "spatial_merge_size", "patch_size", "size")


@contextmanager
def explain_image_tokens(vlm: VLM) -> Iterator[None]:
    """Turn what a model raises on a wrong number of image tokens into a line that says what to do.

    Raises:
        LensError: processor and model disagree.
    """
    try:
        yield
    except ValueError as error:
        found = _DISAGREE.search(str(error))
        if found is None:
            raise
        written, made = int(found[1]), _in_tokens(vlm, int(found[1]), int(found[2]))
        raise LensError(
            f"{vlm.name}: the processor writes {written:,} image tokens, the model makes {made:,} "
            f"of this image; {_what_to_set(vlm.processor, written, made)}",
            for_all=True,
        ) from error


def _in_tokens(vlm: VLM, tokens: int, features: int) -> int:
    """Some families count features, others their numbers: whichever is nearer is meant."""
    width = vlm.model.config.get_text_config(decoder=True).hidden_size
    if features % width or not tokens:
        return features
    return min(features, features // width, key=lambda n: abs(math.log(n / tokens)))


def _what_to_set(processor: Any, written: int, made: int) -> str:
    for part, file in (
        (processor, "processor_config.json"),
        (getattr(processor, "image_processor", None), "preprocessor_config.json"),
    ):
        for key in _COUNTS:
            value = getattr(part, key, None)
            if isinstance(value, int) and value * made % written == 0:
                return f"set {key} to {value * made // written} (it is {value}) in {file}"
        for key in _SIZES:
            if isinstance(getattr(part, key, None), int):
                return f"{key} in {file} ({getattr(part, key)}) is not what the model was made with"
    return "take the processor's files (preprocessor_config.json) that belong to this model"
