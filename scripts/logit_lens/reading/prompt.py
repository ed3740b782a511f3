"""Image + question → model inputs.

Knows processors; does not know chat templates, answers, layers, lenses or where a patch lies.

>>> prompt = encode_prompt(vlm, picture, "Describe the image.")
>>> vlm.model(**prompt.inputs)
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from .. import LensError
from ..images import Picture
from ..model.vlm import VLM
from .chat import as_written, render_chat


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
        chat = render_chat(vlm, question, picture is not None, holders)
        text = _without_template(vlm, picture, question, holders) if chat is None else chat
    try:
        inputs = _process(vlm, picture, text)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise LensError(f"the processor of {vlm.name} refuses this input: {reason}") from error
    ids = inputs["input_ids"][0].cpu().numpy()
    image_positions = np.zeros(len(ids), bool)
    if picture is not None and vlm.image_token_id is not None:
        image_positions = ids == vlm.image_token_id
        if not image_positions.any():
            raise LensError(_no_image(vlm))
    return Prompt(text=text, inputs=inputs, image_positions=image_positions)


def _no_image(vlm: VLM) -> str:
    """What to say where no position of the prompt stands for the image."""
    own = getattr(vlm.processor, "image_token_id", None)
    if isinstance(own, int) and own != vlm.image_token_id:
        return (
            f"the processor of {vlm.name} writes its image token as id {own}, but config.json says "
            f"{vlm.image_token_id}; set the image token's id there to {own}"
        )
    return (
        f"the processor of {vlm.name} puts no image token (id {vlm.image_token_id}) into the "
        "prompt; write it yourself with --raw-prompt"
    )


def _check_raw(found: int, has_image: bool, holders: list[str]) -> None:
    if has_image and found != 1 and holders:
        amount = "no image token" if found == 0 else f"{found} image tokens"
        raise LensError(
            f"--raw-prompt: the prompt holds {amount}; write {as_written(holders[0])} exactly "
            "once, where the image belongs",
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


def _without_template(vlm: VLM, picture: Picture | None, question: str, holders: list[str]) -> str:
    """The question, with the image before it."""
    if picture is None or not holders or _puts_image_first(vlm, picture, question):
        return question
    return f"{as_written(holders[0])}\n{question}"


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
