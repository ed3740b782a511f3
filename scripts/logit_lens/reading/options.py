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
        lenses: lenses to read through beside the logit lens: files, folders, hub ids.
        ablate: replace windows of patches, and see what the answer loses.
        ablate_window: patches along a window's side.
        ablate_stride: patches from one window to the next; 1 puts every patch into equally many
            windows, with those that reach past the edge.
        ablate_with: what to put there: "mean" of this image's patches, "zero", or a file that holds
            a vector (.npy, .pt).
        knockout: block attention by bands of layers, and see what the answer loses.
        attribute: split the answer's logits into what each part of the model wrote.
        against_token: the word to contrast the answer's tokens with; empty for the runner-up.
    """

    prompt: str = DEFAULT_PROMPT
    raw_prompt: bool = False
    top_k: int = 10
    layers: str = ""
    max_new_tokens: int = 32
    track: Sequence[str] = ()
    lenses: Sequence[str] = ()
    ablate: bool = False
    ablate_window: int = 3
    ablate_stride: int = 2
    ablate_with: str = "mean"
    knockout: bool = False
    attribute: bool = False
    against_token: str = ""

    @property
    def experiments(self) -> bool:
        """Whether the decoder is to be run again on changed inputs."""
        return self.ablate or self.knockout or self.attribute
