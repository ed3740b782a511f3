"""Image + question → model inputs, and the model's own answer appended to them.

Knows chat templates and processors; does not know layers, lenses or where a patch lies.

>>> prompt = encode_prompt(vlm, picture, "Describe the image.")
>>> answer_ids = generate_answer(vlm, prompt, max_new_tokens=32)
>>> inputs = with_answer(prompt, answer_ids)      # one forward reads prompt and answer alike
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

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

    def __len__(self) -> int:
        """The number of positions."""
        return int(self.inputs["input_ids"].shape[1])


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
        text = _apply_template(vlm, question, picture is not None, holders)
    inputs = _process(vlm, picture, text)
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


def _apply_template(vlm: VLM, question: str, has_image: bool, holders: list[str]) -> str:
    holder = holders[0] + "\n" if has_image and holders else ""
    if not getattr(vlm.processor, "chat_template", None):
        return holder + question
    content: Any = [{"type": "text", "text": question}]
    if has_image:
        content.insert(0, {"type": "image"})
    if vlm.processor is vlm.tokenizer:
        content = question
    message = {"role": "user", "content": content}
    try:
        text = vlm.processor.apply_chat_template(
            [message], add_generation_prompt=True, tokenize=False
        )
    except Exception as error:  # a template is a program of the checkpoint's: it may raise anything
        raise LensError(
            f"the chat template of {vlm.name} fails ({error}); write the prompt with --raw-prompt"
        ) from error
    return str(text)


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
    encoded.pop("token_type_ids", None) if vlm.processor is vlm.tokenizer else None
    return {key: _to_model(vlm, value) for key, value in encoded.items()}


def _to_model(vlm: VLM, value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    return value.to(vlm.device, vlm.dtype if value.is_floating_point() else None)


def generate_answer(vlm: VLM, prompt: Prompt, max_new_tokens: int) -> Tensor:
    """The model's greedy answer.

    Returns:
        (answer position,) token ids, without the end-of-sequence token.
    """
    if max_new_tokens == 0:
        return prompt.inputs["input_ids"].new_empty(0)
    pad = vlm.tokenizer.pad_token_id
    out = vlm.model.generate(
        **prompt.inputs,
        max_new_tokens=max_new_tokens,
        do_sample=False,
        num_beams=1,
        pad_token_id=vlm.tokenizer.eos_token_id if pad is None else pad,
    )
    answer = out[0, len(prompt) :]
    ends = _end_tokens(vlm)
    if len(answer) and int(answer[-1]) in ends:
        answer = answer[:-1]
    return answer


def _end_tokens(vlm: VLM) -> set[int]:
    eos = vlm.model.generation_config.eos_token_id
    ends = eos if isinstance(eos, list) else [eos]
    return {token for token in (*ends, vlm.tokenizer.eos_token_id) if token is not None}


def with_answer(prompt: Prompt, answer_ids: Tensor) -> dict[str, Any]:
    """Model inputs for prompt and answer in one sequence.

    Every input that has a value for each position grows with it: the attention mask by ones, types
    by the type of generated text, cross-attention masks by their last row.
    """
    n_prompt, n_answer = len(prompt), len(answer_ids)
    if n_answer == 0:
        return dict(prompt.inputs)
    grown = dict(prompt.inputs)
    grown["input_ids"] = torch.cat([prompt.inputs["input_ids"], answer_ids[None]], dim=1)
    for key, value in prompt.inputs.items():
        per_position = isinstance(value, Tensor) and value.ndim >= 2 and value.shape[0] == 1
        if key == "input_ids" or not per_position or value.shape[1] != n_prompt:
            continue
        if key == "cross_attention_mask":
            more = value[:, -1:].expand(-1, n_answer, *value.shape[2:])
        else:
            fill = 1 if key == "attention_mask" else 0
            more = value.new_full((1, n_answer, *value.shape[2:]), fill)
        grown[key] = torch.cat([value, more], dim=1)
    return grown
