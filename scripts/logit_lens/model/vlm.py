"""A model and its processor, loaded for reading: eval mode, no gradients, on the right device.

Knows Hugging Face's Auto classes, devices, dtypes and how much memory a model takes. Does not know
prompts, lenses or patches.

>>> vlm = load_vlm("llava-hf/llava-1.5-7b-hf")
>>> len(vlm.anatomy.layers), vlm.dtype
(32, torch.float16)
"""

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    PretrainedConfig,
    modeling_gguf_pytorch_utils,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
)
from transformers.utils import logging

from .. import LensError
from .adapter import Adapter, apply_adapter, find_adapter
from .anatomy import Anatomy, find_anatomy, find_image_token_id, input_device
from .chat_templates import choose_template
from .checkpoint import Checkpoint, find_checkpoint
from .device import choose_dtype, quantized, spread_options, take_device
from .device_map import DeviceMap
from .foreign import refuse_foreign_config, refuse_foreign_hub_id
from .hub_files import hub_files
from .load_errors import explain_loading
from .memory import needed_bytes, refuse_when_too_large
from .misfit import guard_embedding, guard_incomplete, refuse_other_shapes
from .processor import load_processor
from .processor_repair import repair_processor
from .weight_files import refuse_without_weights

# a checkpoint may bring code; running it unasked would be running a stranger's program
_NO_CODE = {"trust_remote_code": False}


@dataclass(frozen=True)
class VLM:
    """A loaded model with all that the pipeline asks of it.

    Attributes:
        name: its hub id, or the name of its folder; with an adapter, both names.
        revision: the commit of the checkpoint on the hub; empty for a folder.
        model: in eval mode.
        processor: the processor, or the tokenizer of a text-only model.
        anatomy: decoder layers, final norm, unembedding.
        image_token_id: the id that stands for an image position in input_ids; None for models
            whose images never enter the sequence.
        device: where inputs go.
        dtype: what the model computes in.
        seconds_to_load: how long loading took.
        adapter: what was put on top of the model; None for most.
        notes: what the user should know of how it was loaded, a line each.
    """

    name: str
    revision: str
    model: Any  # a PreTrainedModel; its methods are typed too loosely to be of use
    processor: Any
    anatomy: Anatomy
    image_token_id: int | None
    device: torch.device
    dtype: torch.dtype
    seconds_to_load: float = 0.0
    adapter: Adapter | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer."""
        return getattr(self.processor, "tokenizer", self.processor)

    @property
    def sees_images(self) -> bool:
        """Whether the model takes an image."""
        return self.model.config.model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

    @property
    def n_layers(self) -> int:
        """The number of decoder layers, N."""
        return len(self.anatomy.layers)

    @property
    def n_vocab(self) -> int:
        """The number of rows of the unembedding; more than the tokenizer knows, in some models."""
        config = self.model.config.get_text_config(decoder=True)
        return int(getattr(self.anatomy.head, "out_features", None) or config.vocab_size)


def load_vlm(
    name: str,
    device: str = "auto",
    dtype: str = "auto",
    device_map: DeviceMap | None = None,
    quantize: str | None = None,
    local_rank: int = 0,
    incomplete: bool = False,
    adapter: str | None = None,
    chat_template: str | None = None,
) -> VLM:
    """Load a model and its processor.

    Args:
        name: a hub id, a folder, a GGUF file, or an adapter that names its base.
        device: "auto" (cuda, then mps, then cpu) or a torch device.
        dtype: "auto" (the checkpoint's on an accelerator, float32 on a CPU) or a torch dtype name.
        device_map: spread it over devices, memory and disk: "auto", or modules to devices.
        quantize: "8bit" or "4bit" weights, through bitsandbytes.
        local_rank: the number of this process on its machine; "auto" gives each a GPU of its own.
        incomplete: go on with a checkpoint that lacks weights, which are random then.
        adapter: a hub id or a folder with an adapter to put on top of the model.
        chat_template: the name of one of the checkpoint's templates, or a file with another.

    Raises:
        LensError: it cannot be loaded; says why, and what to do.
    """
    begin = time.perf_counter()
    where = take_device(device, local_rank)
    with explain_loading(name, str(where)):
        base, on_top = find_adapter(find_checkpoint(name), adapter)
    name = base.source if on_top and adapter is None else name
    with explain_loading(base.gguf_file or name, str(where), on_top.source if on_top else None):
        config, auto_class = _read_config(base)
        number_type = choose_dtype(dtype, config, where)
        if quantize is not None and quantized(config):
            raise LensError(f"{name} is quantised already; leave out --quantize", exit_code=2)
        if device_map is None and not quantized(config):  # of those the shapes say too little
            need = needed_bytes(auto_class, config, number_type, quantize)
            refuse_when_too_large(need, name, where, number_type, quantize)
        processor, notes = _load_processor(base, on_top, config, chat_template)
        options = spread_options(device_map, quantize, where, number_type)
        model = _load_model(auto_class, base, incomplete, options | {"config": config})
        _refuse_unknown_modules(name, model, device_map)
        if on_top is not None:
            apply_adapter(model, on_top)
        model = (model if "device_map" in options else model.to(where)).eval()
    return VLM(
        name=base.name + (on_top.suffix if on_top else ""),
        revision=base.revision or getattr(config, "_commit_hash", None) or "",
        model=model,
        processor=processor,
        anatomy=find_anatomy(model),
        image_token_id=find_image_token_id(config, processor),
        device=input_device(model),
        dtype=number_type,
        seconds_to_load=time.perf_counter() - begin,
        adapter=on_top,
        notes=notes,
    )


def _read_config(base: Checkpoint) -> tuple[Any, Any]:
    """The configuration, and the class that loads what it describes."""
    try:
        if base.folder is None:  # of a folder this was asked already
            refuse_foreign_config(PretrainedConfig.get_config_dict(base.source)[0], base.name)
        config = AutoConfig.from_pretrained(base.source, **base.gguf, **_NO_CODE)
    except OSError:
        if base.folder is None:
            refuse_foreign_hub_id(hub_files(base.source), base.name)
        raise
    auto_class = _auto_class(config, base.name)
    if base.folder is not None and not base.gguf_file:
        refuse_without_weights(base.folder, base.name)
    return config, auto_class


def _load_processor(
    base: Checkpoint, on_top: Adapter | None, config: Any, chat_template: str | None
) -> tuple[Any, list[str]]:
    """The processor, mended where it does not fit the model, and what is to be said of it."""
    source = on_top.checkpoint if on_top is not None and on_top.brings_processor else base
    sees_images = config.model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    processor = load_processor(source.source, sees_images, **source.gguf, **_NO_CODE)
    choose_template(processor, chat_template, base.name)
    note = repair_processor(processor, config)
    notes = [on_top.note] if on_top is not None and on_top.note else []
    return processor, [*notes, note] if note else notes


def _load_model(auto_class: Any, base: Checkpoint, incomplete: bool, options: Any) -> Any:
    """The model, with a guard at whatever in it is not the checkpoint's own."""
    # its bar knows neither --quiet nor whether there is a terminal
    modeling_gguf_pytorch_utils.tqdm = logging.tqdm  # type: ignore[assignment]
    model, loading = auto_class.from_pretrained(
        base.source,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # told below, better than there
        adapter_kwargs={"subfolder": "none"},  # or transformers would apply one unasked
        **base.weights,
        **options,
        **_NO_CODE,
    )
    if not incomplete:
        refuse_other_shapes(base.name, model, loading)
        guard_incomplete(base.name, model, loading)
    guard_embedding(base.name, model)
    return model


def _refuse_unknown_modules(name: str, model: Any, device_map: DeviceMap | None) -> None:
    if not isinstance(device_map, dict):
        return
    unknown = device_map.keys() - {module for module, _ in model.named_modules()}
    if unknown:
        raise LensError(f"--device-map: {name} has no module {min(unknown)!r}", exit_code=2)


def _auto_class(config: Any, name: str) -> Any:
    if config.model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return AutoModelForImageTextToText
    if config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return AutoModelForCausalLM
    raise LensError(
        f"{name} is a {config.model_type!r} model: it does not write text, so it has no "
        "unembedding to read its layers with; use a vision-language or a language model"
    )
