"""Image + question → model inputs, and the model's own answer appended to them.

Knows chat templates and processors; does not know layers, lenses or where a patch lies.

>>> prompt = encode_prompt(vlm, picture, "Describe the image.")
>>> exchange = answer_prompt(vlm, prompt, max_new_tokens=32)
>>> vlm.model(**exchange.inputs)      # one forward reads prompt and answer alike
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor
from transformers import GenerationConfig
from transformers.utils import ModelOutput

from . import LensError
from .images import Picture
from .vlm import VLM


@dataclass(frozen=True)
class Prompt:
    """A prompt as the model takes it.

    Attributes:
        text: the prompt with its chat template, before image tokens are multiplied.
        inputs: what the processor gave, on the model's device; input_ids is (1, position).
        image_positions: (position,) True where a position stands for a piece of the image.
    """

    text: str
    inputs: dict[str, Any]
    image_positions: np.ndarray


def encode_prompt(vlm: VLM, picture: Picture | None, question: str, raw: bool = False) -> Prompt:
    """Put the model's own chat template round a question and let the processor encode it.

    Args:
        vlm: the model.
        picture: the image, or None for a prompt without one.
        question: what to ask; with ``raw`` the whole prompt, verbatim.
        raw: use ``question`` as it stands; it must hold the image token once.

    Raises:
        LensError: the image token is missing, there twice, or there where the template adds it; the
            model takes no image; the processor refuses.
    """
    if picture is not None and not vlm.sees_images:
        raise LensError(f"{vlm.name} is a language model: it takes no image; leave out --image")
    holders = _image_placeholders(vlm)
    found = max((question.count(holder) for holder in holders), default=0)
    if raw:
        _check_raw(found, picture is not None, holders)
        text = question
    else:
        if found:
            raise LensError(
                f"the prompt holds the image token {holders[0]}, which the chat template adds "
                "itself; remove it, or write the whole prompt with --raw-prompt",
                exit_code=2,
            )
        text = _apply_template(vlm, picture, question, holders)
    try:
        inputs = _process(vlm, picture, text)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise LensError(f"the processor of {vlm.name} refuses this input: {reason}") from error
    ids = inputs["input_ids"][0].cpu().numpy()
    image_positions = np.zeros(len(ids), bool)
    if picture is not None and vlm.image_token_id is not None:
        image_positions = ids == vlm.image_token_id
    return Prompt(text=text, inputs=inputs, image_positions=image_positions)


def _check_raw(found: int, has_image: bool, holders: list[str]) -> None:
    if has_image and found != 1 and holders:
        amount = "no image token" if found == 0 else f"{found} image tokens"
        raise LensError(
            f"--raw-prompt: the prompt holds {amount}; write {holders[0]} exactly once, where the "
            "image belongs",
            exit_code=2,
        )
    if not has_image and found:
        raise LensError("the prompt holds an image token, but there is no --image", exit_code=2)


def _image_placeholders(vlm: VLM) -> list[str]:
    """What stands for an image in this model's prompts, the most usual first."""
    names = ("boi_token", "image_token") if _expands_boi(vlm.processor) else ("image_token",)
    texts = [getattr(vlm.processor, name, None) for name in names]
    if vlm.image_token_id is not None:
        texts.append(vlm.tokenizer.convert_ids_to_tokens(vlm.image_token_id))
    return list(dict.fromkeys(text for text in texts if isinstance(text, str) and text))


def _expands_boi(processor: Any) -> bool:
    # Gemma 3's processor multiplies <start_of_image>, not the soft token that it becomes
    return hasattr(processor, "full_image_sequence") and hasattr(processor, "boi_token")


def _apply_template(vlm: VLM, picture: Picture | None, question: str, holders: list[str]) -> str:
    template = _chat_template(vlm)
    if template is None:
        if picture is None or not holders or _puts_image_first(vlm, picture, question):
            return question
        return f"{holders[0]}\n{question}"
    content: Any = [{"type": "text", "text": question}]
    if picture is not None:
        content.insert(0, {"type": "image"})
    if vlm.processor is vlm.tokenizer:
        content = question
    message = {"role": "user", "content": content}
    try:
        text = vlm.processor.apply_chat_template(
            [message], chat_template=template, add_generation_prompt=True, tokenize=False
        )
    except Exception as error:  # a template is a program of the checkpoint's: it may raise anything
        raise LensError(
            f"the chat template of {vlm.name} fails ({error}); write the prompt with --raw-prompt"
        ) from error
    return str(text)


def _chat_template(vlm: VLM) -> Any:
    """The processor's, or else its tokenizer's; None where the checkpoint has none."""
    own = getattr(vlm.processor, "chat_template", None)
    return own or getattr(vlm.tokenizer, "chat_template", None)


def _puts_image_first(vlm: VLM, picture: Picture, question: str) -> bool:
    """Whether the processor writes the image's tokens itself (PaliGemma, BLIP-2, Florence-2)."""
    try:
        ids = _process(vlm, picture, question)["input_ids"]
    except Exception:  # most miss their image token in the text, each in its own way
        return False
    return bool((ids == vlm.image_token_id).any())


def _process(vlm: VLM, picture: Picture | None, text: str) -> dict[str, Any]:
    bos = getattr(vlm.tokenizer, "bos_token", None)
    options: dict[str, Any] = {"return_tensors": "pt"}
    if bos and text.startswith(bos):
        options["add_special_tokens"] = False  # the template wrote it already
    if vlm.processor is vlm.tokenizer:
        encoded = vlm.tokenizer(text, **options)
    elif picture is None:
        encoded = vlm.processor(text=[text], **options)
    else:
        encoded = vlm.processor(images=[picture.image], text=[text], **options)
    if encoded["input_ids"].shape[1] == 0:
        raise LensError("the prompt is empty: the tokenizer makes no token of it", exit_code=2)
    encoded.pop("labels", None)  # PaliGemma's, for training
    if vlm.processor is vlm.tokenizer:
        # many tokenizers give them, few language models take them
        encoded.pop("token_type_ids", None)
    return {key: _to_model(vlm, value) for key, value in encoded.items()}


def _to_model(vlm: VLM, value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    return value.to(vlm.device, vlm.dtype if value.is_floating_point() else None)


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
    """
    ids = prompt.inputs["input_ids"][0]
    encoder_decoder = bool(vlm.model.config.is_encoder_decoder)
    if max_new_tokens == 0 and not encoder_decoder:
        return Exchange(dict(prompt.inputs), ids, 0, prompt.image_positions)
    with _greedy(vlm):
        generated = vlm.model.generate(**prompt.inputs, max_new_tokens=max(1, max_new_tokens))[0]
    n_prompt = 1 if encoder_decoder else len(ids)
    if max_new_tokens == 0:
        generated = generated[:n_prompt]
    elif int(generated[-1]) in _end_tokens(vlm) and len(generated) > n_prompt:
        generated = generated[:-1]
    n_answer = len(generated) - n_prompt
    on_image = np.zeros(len(generated), bool)
    if encoder_decoder:
        inputs = dict(prompt.inputs) | {"decoder_input_ids": generated[None]}
    else:
        inputs = _grow(vlm, prompt.inputs, n_answer) | {"input_ids": generated[None]}
        on_image[:n_prompt] = prompt.image_positions
    return Exchange(inputs, generated, n_answer, on_image)


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
        eos_token_id=own.eos_token_id,
        pad_token_id=vlm.tokenizer.eos_token_id if pad is None else pad,
        decoder_start_token_id=own.decoder_start_token_id,
    )
    try:
        yield
    finally:
        vlm.model.generation_config = own


def _end_tokens(vlm: VLM) -> set[int]:
    eos = vlm.model.generation_config.eos_token_id
    ends = eos if isinstance(eos, list) else [eos]
    return {token for token in (*ends, vlm.tokenizer.eos_token_id) if token is not None}


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
