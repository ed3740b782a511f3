"""The chat templates that a checkpoint brings, by name, and which of them is used.

A tokenizer or a processor has one template, or several with names: one dialect each for chatting,
tools, retrieval. Does not render them; does not import torch.

>>> templates = named_templates(processor)
>>> sorted(templates)
['default', 'tool_use']
"""

import os
from pathlib import Path
from typing import Any

from .. import LensError
from .weight_files import read_json

DEFAULT = "default"


def named_templates(processor: Any) -> dict[str, str]:
    """Name → template, of a processor and its tokenizer; the processor's come first."""
    tokenizer = getattr(processor, "tokenizer", processor)
    own = _by_name(getattr(processor, "chat_template", None))
    return own or _by_name(getattr(tokenizer, "chat_template", None))


def choose_template(processor: Any, wanted: str | None, model: str) -> None:
    """Leave a processor with the one template that is used, or with none.

    Where there are several, none of them the default, and none was chosen, they stay: a prompt
    that needs one is refused then (``the_template``).

    Args:
        processor: the processor, or the tokenizer of a text-only model.
        wanted: what ``--chat-template`` says, a name or a file; None for the default.
        model: the model's name, for messages.

    Raises:
        LensError: there is no such template.
    """
    templates = named_templates(processor)
    if wanted is not None:
        processor.chat_template = _wanted(templates, wanted, model)
    elif DEFAULT in templates:
        processor.chat_template = templates[DEFAULT]
    elif templates:
        processor.chat_template = templates


def the_template(processor: Any, model: str) -> str | None:
    """The one template that is used; None where the checkpoint has none.

    Raises:
        LensError: there are several, and the user has to choose.
    """
    templates = named_templates(processor)
    if templates and DEFAULT not in templates:
        raise LensError(
            f"{model} has chat templates by name and none of them is the default; choose with "
            f"--chat-template: {', '.join(sorted(templates))}",
            exit_code=2,
        )
    return templates.get(DEFAULT)


def _wanted(templates: dict[str, str], wanted: str, model: str) -> str:
    if wanted in templates:
        return templates[wanted]
    if os.path.isfile(wanted):  # noqa: PTH113 (a name may be too long for a path: then it is none)
        return _from_file(Path(wanted))
    names = ", ".join(sorted(templates)) or "none"
    raise LensError(
        f"--chat-template {wanted}: {model} has no template of that name (it has: {names}), and "
        "there is no such file",
        exit_code=2,
    )


def _from_file(path: Path) -> str:
    """The template in a file: Jinja, or the JSON that older processors keep theirs in."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LensError(f"--chat-template: cannot read {path}: {error}", exit_code=2) from error
    if path.suffix == ".json":
        found = _by_name(read_json(path).get("chat_template"))
        if DEFAULT not in found:
            raise LensError(f"--chat-template: {path} holds no chat_template", exit_code=2)
        return found[DEFAULT]
    return text


def _by_name(found: Any) -> dict[str, str]:
    """One template, a mapping, a list of ``{name, template}``: all as a mapping."""
    if isinstance(found, str):
        return {DEFAULT: found} if found else {}
    if isinstance(found, list | tuple):
        found = {
            entry.get("name"): entry.get("template") for entry in found if isinstance(entry, dict)
        }
    if isinstance(found, dict):
        pairs = found.items()
        return {
            name: text for name, text in pairs if isinstance(name, str) and isinstance(text, str)
        }
    return {}
