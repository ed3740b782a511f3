r"""A question put into a chat template: in the form that the template reads, in bounded time.

A template is a program that a checkpoint brings. Some want a list of parts, some plain text; some
drop what they do not know; some never end. Does not know processors' inputs.

>>> render_chat(vlm, "What is it?", has_image=True, holders=["<image>"])
'USER: <image>\nWhat is it? ASSISTANT:'
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .. import LensError
from ..model.chat_templates import the_template
from ..model.vlm import VLM

_SECONDS = 3.0  # a template takes milliseconds
_LETTERS = 1_000_000  # and writes a few hundred letters beside the question
_SPELLED_OUT = ("{'type': '", '{"type": "')  # a list of parts, written as Python or JSON
# Qwen's models know an image by what is round its token
_FRAMED = {"<|image_pad|>": "<|vision_start|><|image_pad|><|vision_end|>"}


class _TooLongError(Exception):
    """A template that does not end."""


def render_chat(vlm: VLM, question: str, has_image: bool, holders: list[str]) -> str | None:
    """The prompt; None where the checkpoint has no template.

    Args:
        vlm: the model.
        question: what to ask.
        has_image: whether an image goes with it.
        holders: what stands for an image in this model's prompts, the most usual first.

    Raises:
        LensError: the template fails, does not end, or leaves the question or the image out.
    """
    template = the_template(vlm.processor, vlm.name)
    if template is None:
        return None
    reason, without_image = "", ""
    for content in _contents(vlm, question, has_image, holders):
        try:
            with _time_bound(_SECONDS):
                text = str(_render(vlm, template, content))
        except _TooLongError:
            reason = f"does not come to an end (it was stopped after {_SECONDS:.0f} seconds)"
            break
        except Exception as error:  # it may raise anything
            reason = f"fails ({str(error).strip() or type(error).__name__})"
            continue
        if len(text) > _LETTERS + len(question):
            reason = f"writes {len(text):,} letters for one question"
            break
        if not _holds(text, question):
            reason = reason or "leaves the question out"
        elif has_image and holders and _drops_image(vlm, template, content, text, holders):
            without_image = without_image or text
        else:
            return text
    if without_image and not _needs_holder(vlm):
        return without_image
    if without_image:
        reason = "leaves the image out"
    where = (
        f", with {as_written(holders[0])} where the image belongs" if has_image and holders else ""
    )
    raise LensError(
        f"the chat template of {vlm.name} {reason}; use --raw-prompt and write all of the prompt "
        f"yourself{where}, or give a template with --chat-template FILE"
    )


def as_written(holder: str) -> str:
    """What stands for an image in a prompt that is written by hand."""
    return _FRAMED.get(holder, holder)


def _contents(vlm: VLM, question: str, has_image: bool, holders: list[str]) -> list[Any]:
    """What a message may hold, in the order in which it is tried.

    Processors' templates mostly want a list of parts, those of language models plain text.
    """
    parts = [{"type": "image"}] * has_image + [{"type": "text", "text": question}]
    plain = f"{as_written(holders[0])}\n{question}" if has_image and holders else question
    return [plain, parts] if vlm.processor is vlm.tokenizer else [parts, plain]


def _render(vlm: VLM, template: str, content: Any) -> Any:
    return vlm.processor.apply_chat_template(
        [{"role": "user", "content": content}],
        chat_template=template,
        add_generation_prompt=True,
        tokenize=False,
    )


def _drops_image(vlm: VLM, template: str, content: Any, text: str, holders: list[str]) -> bool:
    """Whether nothing in a rendered prompt stands for the image.

    What stands for it need not be the token that the processor multiplies (Phi-4's is numbered),
    but the prompt without an image must look different.
    """
    if any(holder in text for holder in holders):
        return False
    return isinstance(content, str) or text == _render(vlm, template, content[1:])


def _holds(text: str, question: str) -> bool:
    """Whether the question is there, and not a list of parts spelled out (templates trim, wrap)."""
    if any(mark in text and mark not in question for mark in _SPELLED_OUT):
        return False
    return "".join(question.split()) in "".join(text.split())


def _needs_holder(vlm: VLM) -> bool:
    """Whether the processor only multiplies a token of the text; others put the image in."""
    return isinstance(getattr(vlm.processor, "image_token", None), str)


@contextmanager
def _time_bound(seconds: float) -> Iterator[None]:
    """Inside, Python code of this thread that is still running after that time is stopped.

    Compiled templates are Python, so their loops are; this needs neither signals nor the main
    thread. A debugger's or a coverage tool's own tracing pauses meanwhile.
    """
    end = time.monotonic() + seconds

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if time.monotonic() > end:
            raise _TooLongError
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
