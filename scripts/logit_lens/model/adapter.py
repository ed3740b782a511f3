"""Adapters (LoRA and its like): weights trained on top of a base model, found and applied.

Needs the package peft, which is not among the requirements. Does not load the base.

>>> base, adapter = find_adapter(find_checkpoint("my-lora"), None)
>>> base.name, adapter.name
('llava-hf/llava-1.5-7b-hf', 'my-lora')
"""

import importlib.util
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers.utils.hub import cached_file
from transformers.utils.peft_utils import find_adapter_config_file

from .. import LensError
from .checkpoint import Checkpoint, find_checkpoint
from .weight_files import has_weights, read_json

# they add tokens or states of their own before the prompt, where the lens has nothing to read
_PROMPT_KINDS = {"PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "MULTITASK_PROMPT_TUNING", "CPT"}
_QUIETLY = {
    "_raise_exceptions_for_gated_repo": False,
    "_raise_exceptions_for_missing_entries": False,
    "_raise_exceptions_for_connection_errors": False,
}
_LAYER = re.compile(r"\.(?:lora|ia3|hada|lokr|oft|boft|vera|hra|bone|miss)_\w+")
# parts of a name that came and went between releases of transformers
_LEVELS = {"model", "language_model", "vision_model", "text_model"}


@dataclass(frozen=True)
class Adapter:
    """An adapter and where it belongs.

    Attributes:
        checkpoint: where it lies, and what it is called.
        settings: its ``adapter_config.json``.
        base: what its base is called.
        note: what the user should know of how it is used; mostly empty.
    """

    checkpoint: Checkpoint
    settings: dict[str, Any]
    base: str
    note: str = ""

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.checkpoint.name

    @property
    def source(self) -> str:
        """Where it is loaded from."""
        return self.checkpoint.source

    @property
    def suffix(self) -> str:
        """What it adds to the name of its base."""
        return " + its adapter" if self.name == self.base else f" + {self.name}"

    @property
    def brings_processor(self) -> bool:
        """Whether it lies beside a tokenizer and the image part of a processor."""
        folder = self.checkpoint.folder
        names = {path.name for path in folder.iterdir()} if folder else set()
        return "tokenizer_config.json" in names and bool(
            names & {"preprocessor_config.json", "processor_config.json"}
        )


def find_adapter(model: Checkpoint, given: str | None) -> tuple[Checkpoint, Adapter | None]:
    """The base and the adapter that ``--model`` and ``--adapter`` stand for.

    An adapter that is named as the model brings its base: the weights that lie beside it, or else
    the model that its configuration names.

    Args:
        model: what ``--model`` stands for.
        given: what ``--adapter`` says; None where it was not used.

    Raises:
        LensError: no adapter, one that cannot be applied, no peft, no base.
    """
    if given is None:
        settings = _settings(model)
        if settings is None:
            return model, None
        _refuse_unusable(settings, model.name)
        if _is_adapter_only(model):
            base = _base(settings, model)
            return base, Adapter(model, settings, base.name)
        note = (
            f"the adapter in {model.name} is applied to the weights that lie beside it; to read "
            "these alone, move its adapter_config.json away"
        )
        return model, Adapter(model, settings, model.name, note)
    place = find_checkpoint(given)
    settings = _settings(place)
    if settings is None:
        where = "" if place.folder else ", or the hub did not give it"
        raise LensError(f"--adapter {given} is no adapter: it has no adapter_config.json{where}", 2)
    _refuse_unusable(settings, place.name)
    if _is_adapter_only(model):
        raise LensError(
            f"--model {model.name} is an adapter too; name the base that {place.name} was trained "
            "on",
            exit_code=2,
        )
    return model, Adapter(place, settings, model.name)


def apply_adapter(model: Any, adapter: Adapter) -> None:
    """Put an adapter's layers into its base.

    Every weight of the adapter must find its place: one that did not would leave the base as it
    was, and the report would be of the wrong model.

    Args:
        model: the base, loaded.
        adapter: what to apply.

    Raises:
        LensError: the adapter does not fit the base.
    """
    from peft import PeftConfig
    from peft.utils import load_peft_weights

    source = adapter.source
    try:
        settings = PeftConfig.from_pretrained(source)
        names = list(load_peft_weights(source, device="cpu"))
        lost = _inject(model, source, settings, names)
    except (ValueError, RuntimeError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        both = f"the adapter {adapter.name} to {adapter.base}"
        raise LensError(f"cannot apply {both}: {reason}") from error
    if lost:
        raise LensError(
            f"the adapter {adapter.name} does not fit {adapter.base}: {len(lost)} of its "
            f"{len(names)} tensors have no place there ({lost[0]}); name the base that it was "
            "trained on with --model, or merge the two with peft and name the result"
        )


def _inject(model: Any, source: str, settings: Any, names: list[str]) -> list[str]:
    """Put the layers in and load them; gives the names of those that found no place."""
    try:
        found = model.load_adapter(source, peft_config=settings, ignore_mismatched_sizes=True)
    except ValueError as error:
        places = _places(model, names)
        if not places or "not found in the base model" not in str(error):
            raise
        # written when the modules had other names: say where its own weights belong
        settings.target_modules = places
        found = model.load_adapter(source, peft_config=settings, ignore_mismatched_sizes=True)
    return sorted([*found.unexpected_keys, *(key for key, *_ in found.mismatched_keys)])


def _places(model: Any, names: Iterable[str]) -> list[str]:
    """The modules that an adapter's weights belong to; empty where one of them is not there."""
    paths = (_LAYER.split(name, maxsplit=1)[0] for name in names)
    wanted = {_core(path.removeprefix("base_model.model.")) for path in paths}
    found = {_core(name): name for name, _ in model.named_modules()}
    return sorted(found[core] for core in wanted) if wanted <= found.keys() else []


def _core(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in _LEVELS)


def _is_adapter_only(place: Checkpoint) -> bool:
    """Whether there is an adapter, and no weights beside it that it could be applied to."""
    if place.gguf_file or _settings(place) is None:
        return False
    if place.folder is None:
        return cached_file(place.source, "config.json", **_QUIETLY) is None
    return not has_weights(path.name for path in place.folder.iterdir())


def _settings(place: Checkpoint) -> dict[str, Any] | None:
    """The configuration of an adapter; None where there is none."""
    if place.gguf_file:
        return None
    path = find_adapter_config_file(place.source)
    return None if path is None else read_json(Path(path))


def _refuse_unusable(settings: dict[str, Any], name: str) -> None:
    kind = settings.get("peft_type")
    if not kind:
        raise LensError(
            f"{name} is no adapter of peft (its adapter_config.json names no peft_type); merge it "
            "into its base with the tool that made it, and name the result"
        )
    if kind in _PROMPT_KINDS:
        raise LensError(
            f"{name} is an adapter of kind {kind}, which puts states of its own before the prompt "
            "and cannot be read; LoRA and other kinds that change weights can"
        )
    if importlib.util.find_spec("peft") is None:
        raise LensError(
            f"{name} is an adapter, which needs the package peft: pip install peft; or merge it "
            "into its base (merge_and_unload) and name the result"
        )


def _base(settings: dict[str, Any], adapter: Checkpoint) -> Checkpoint:
    named = settings.get("base_model_name_or_path")
    try:
        if named:
            return find_checkpoint(named)
        reason = f"{adapter.source} is an adapter, and does not say of which model"
    except LensError as error:
        reason = f"{adapter.source} is an adapter of {named}, which cannot be read here ({error})"
        if "there is no folder" in str(error):
            reason = f"{adapter.source} is an adapter of {named}, which is not here"
    raise LensError(f"{reason}; name both: --model BASE --adapter {adapter.source}")
