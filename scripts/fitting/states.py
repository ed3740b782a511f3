"""A sample through the model: question, the model's own answer, and the state after every layer.

Answers are generated once and kept; states are always those of one forward over everything, so that
they do not depend on what was kept. Does not know lenses.

>>> read = Reader(vlm, image_weight=1.0, max_new_tokens=32).read(sample)
>>> read.states[0].shape, read.weights.shape
(torch.Size([601, 4096]), torch.Size([601]))
"""

import sys
from dataclasses import dataclass

import torch
from torch import Tensor

from logit_lens import LensError
from logit_lens.model.vlm import VLM
from logit_lens.reading.answer import Exchange, answer_prompt, with_answer
from logit_lens.reading.lens import Tail
from logit_lens.reading.pipeline import read_at_once
from logit_lens.reading.prompt import encode_prompt
from logit_lens.reading.recording import Recorded
from logit_lens.reading.tail import choose_tail

from .samples import Sample


@dataclass(frozen=True, eq=False)
class Read:
    """What one sample leaves behind.

    Attributes:
        states: (position, d_model) of layers 0 to N.
        weights: float32 (position,) how much each position counts.
        on_image: bool (position,).
        tail: the model's own reading of a state.
    """

    states: list[Tensor]
    weights: Tensor
    on_image: Tensor
    tail: Tail


class Reader:
    """Puts samples through the model."""

    def __init__(self, vlm: VLM, image_weight: float, max_new_tokens: int) -> None:
        """Prepare to read.

        Args:
            vlm: the model; its weights are frozen.
            image_weight: how much a position of the image counts beside one of text.
            max_new_tokens: length of an answer at most.
        """
        self.vlm = vlm
        vlm.model.requires_grad_(False)
        self._image_weight, self._max_new_tokens = image_weight, max_new_tokens
        self._generated: dict[str, Tensor] = {}
        self._left_out: set[str] = set()
        self._tail: Tail | None = None

    @torch.no_grad()
    def exchange(self, sample: Sample) -> Exchange | None:
        """Question and answer; None where the picture or the processor refuses."""
        try:
            prompt = encode_prompt(self.vlm, sample.picture(), sample.question)
        except LensError as error:
            if error.for_all:
                raise
            if sample.image not in self._left_out:
                self._left_out.add(sample.image)
                print(f"note: {sample.image} is left out: {error}", file=sys.stderr)
            return None
        known = self._generated.get(sample.key)
        if known is not None:
            return with_answer(self.vlm, prompt, known.to(self.vlm.device))
        found = answer_prompt(self.vlm, prompt, self._max_new_tokens)
        self._generated[sample.key] = found.ids.cpu()
        return found

    @torch.no_grad()
    def read(self, sample: Sample) -> Read | None:
        """Its states; None where the picture or the processor refuses."""
        exchange = self.exchange(sample)
        if exchange is None:
            return None
        numbers = list(range(self.vlm.n_layers + 1))
        recorded = read_at_once(self.vlm, exchange, numbers)
        if recorded.numbers != numbers or recorded.states[0].ndim != 2:
            raise LensError(
                f"{self.vlm.name} skips layers or has several streams; no lens is fitted to it"
            )
        weights, on_image = self.weigh(exchange, recorded.states[-1].device)
        return Read(recorded.states, weights, on_image, self._tail_of(recorded))

    def weigh(self, exchange: Exchange, device: torch.device) -> tuple[Tensor, Tensor]:
        """How much each position counts, and which are the image's."""
        on_image = torch.from_numpy(exchange.image_positions).to(device)
        return torch.where(on_image, self._image_weight, 1.0), on_image

    def _tail_of(self, recorded: Recorded) -> Tail:
        """What reads a state, chosen once by the first sample."""
        if self._tail is None:
            vlm, own = self.vlm, (recorded.logits, recorded.checked)
            last = recorded.states[-1]
            self._tail, _, check = choose_tail(vlm.model, vlm.anatomy, last, *own, vlm.dtype)
            if not check.passed:
                raise LensError(
                    f"the lens at the last layer of {vlm.name} is not the model's own output; no "
                    "lens can be fitted to it"
                )
        return self._tail
