"""The model's own answer, appended to its prompt, so that one forward reads both alike.

Knows generation; does not know templates, layers or lenses.

>>> exchange = answer_prompt(vlm, prompt, max_new_tokens=32)
>>> vlm.model(**exchange.inputs)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn
from transformers import GenerationConfig
from transformers.utils import ModelOutput

from .. import LensError
from ..model.vlm import VLM
from .prompt import Prompt

# GPT-2's and its like; OPT's and BERT's; the last two keep some rows for padding
_POSITION_TABLES = ("wpe", "embed_positions", "position_embeddings")


@dataclass(frozen=True)
class Exchange:
    """Prompt and answer in one, as one forward reads them.

    Attributes:
        inputs: the model's inputs.
        ids: (position,) the tokens that the decoder reads.
        n_answer: how many of them, at the end, are the answer.
        image_positions: (position,) True where one stands for a piece of the image.
    """

    inputs: dict[str, Any]
    ids: Tensor
    n_answer: int
    image_positions: np.ndarray

    @property
    def answer_ids(self) -> Tensor:
        """(answer position,) the answer."""
        return self.ids[len(self.ids) - self.n_answer :]


def answer_prompt(vlm: VLM, prompt: Prompt, max_new_tokens: int) -> Exchange:
    """Let the model answer greedily, and append the answer to the prompt.

    The end-of-sequence token is left out: it is what the last position predicts. In encoder-decoder
    models the prompt stays in the encoder, and the decoder's sequence is its start token and the
    answer.

    Raises:
        LensError: the model has no positions for so long a sequence.
    """
    ids = prompt.inputs["input_ids"][0]
    encoder_decoder = bool(vlm.model.config.is_encoder_decoder)
    limit = _learned_positions(vlm.model)
    if limit is not None and not encoder_decoder and len(ids) + max_new_tokens > limit:
        raise LensError(
            f"{vlm.name} has {limit:,} positions, but the prompt takes {len(ids):,} and the answer "
            f"up to {max_new_tokens:,}: lower --max-new-tokens or shorten the prompt"
        )
    if max_new_tokens == 0 and not encoder_decoder:
        return Exchange(dict(prompt.inputs), ids, 0, prompt.image_positions)
    with _greedy(vlm):
        # one token more than asked for, so that the answer's last is read too
        generated = vlm.model.generate(**prompt.inputs, max_new_tokens=max_new_tokens + 1)[0]
    return with_answer(vlm, prompt, generated[:-1])  # without that one, or the end


def with_answer(vlm: VLM, prompt: Prompt, generated: Tensor) -> Exchange:
    """Prompt and answer in one.

    Args:
        vlm: the model.
        prompt: what was asked.
        generated: (position,) what the decoder reads: the prompt, where it reads that, and the
            answer.
    """
    ids, encoder_decoder = prompt.inputs["input_ids"][0], bool(vlm.model.config.is_encoder_decoder)
    n_prompt = 1 if encoder_decoder else len(ids)
    n_answer = len(generated) - n_prompt
    on_image = np.zeros(len(generated), bool)
    if encoder_decoder:
        inputs = dict(prompt.inputs) | {"decoder_input_ids": generated[None]}
    else:
        inputs = _grow(vlm, prompt.inputs, n_answer) | {"input_ids": generated[None]}
        on_image[:n_prompt] = prompt.image_positions
    return Exchange(inputs, generated, n_answer, on_image)


def note_on_length(vlm: VLM, n_positions: int) -> str:
    """One line where a sequence is longer than the model was made for; else empty."""
    config = vlm.model.config.get_text_config(decoder=True)
    limit = getattr(config, "max_position_embeddings", None)
    if not isinstance(limit, int) or n_positions <= limit:
        return ""
    return (
        f"{n_positions:,} positions, but {vlm.name} was made for {limit:,}; what it says "
        "beyond them means little"
    )


def _learned_positions(model: Any) -> int | None:
    """How many positions have a learned vector in the decoder; None where they are computed."""
    for name, module in model.get_decoder().named_modules():
        if name.rpartition(".")[2] in _POSITION_TABLES and isinstance(module, nn.Embedding):
            return module.num_embeddings - int(getattr(module, "offset", 0))
    return None


@contextmanager
def _greedy(vlm: VLM) -> Iterator[None]:
    """Inside, the model generates by its own logits alone.

    Checkpoints bring penalties and forced tokens for chatting (Qwen2.5-VL a repetition penalty);
    with these the answer would not be what the last layer says.
    """
    own = vlm.model.generation_config
    pad = vlm.tokenizer.pad_token_id
    vlm.model.generation_config = GenerationConfig(
        do_sample=False,
        bos_token_id=own.bos_token_id,
        eos_token_id=_end_tokens(vlm),
        pad_token_id=vlm.tokenizer.eos_token_id if pad is None else pad,
        decoder_start_token_id=own.decoder_start_token_id,
    )
    try:
        yield
    finally:
        vlm.model.generation_config = own


def _end_tokens(vlm: VLM) -> list[int] | None:
    """What ends an answer: the checkpoint's own list, and the tokenizer's word for it."""
    eos = vlm.model.generation_config.eos_token_id
    ends = eos if isinstance(eos, list) else [eos]
    found = {token for token in (*ends, vlm.tokenizer.eos_token_id) if token is not None}
    return sorted(found) or None


def _grow(vlm: VLM, inputs: dict[str, Any], n_tokens: int) -> dict[str, Any]:
    """Masks, types and positions for ``n_tokens`` more tokens of text.

    Each family knows how its own inputs grow while it generates (PaliGemma's types turn from prefix
    to suffix, Mllama's cross-attention mask repeats its last row), so the model is asked.
    """
    grown = {key: value for key, value in inputs.items() if key != "input_ids"}
    for _ in range(n_tokens):
        grown = vlm.model._update_model_kwargs_for_generation(
            ModelOutput(), grown, is_encoder_decoder=False
        )
    return grown
