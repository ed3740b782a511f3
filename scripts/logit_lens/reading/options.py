"""What to ask and what to keep of the reading. Does not import torch.

>>> ReadOptions(prompt="What is on the grass?", top_k=5).max_new_tokens
32
"""

from collections.abc import Sequence
from dataclasses import dataclass

DEFAULT_PROMPT = "Describe the image."


@dataclass(frozen=True)
class ReadOptions:
    """The question, and what to keep of every layer and position.

    Attributes:
        prompt: the question; the model's chat template is put around it.
        raw_prompt: use ``prompt`` verbatim; it must hold the image token.
        top_k: how many tokens to keep of every cell.
        layers: which layers, in the form of ``select_layers``; empty for all.
        max_new_tokens: length of the greedy answer at most; 0 reads the prompt only.
        track: words whose probability and rank are kept in every cell.
    """

    prompt: str = DEFAULT_PROMPT
    raw_prompt: bool = False
    top_k: int = 10
    layers: str = ""
    max_new_tokens: int = 32
    track: Sequence[str] = ()
