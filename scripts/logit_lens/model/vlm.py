"""A model and its processor, loaded for reading: eval mode, no gradients, on the right device.

Knows Hugging Face's Auto classes, devices, dtypes and how much memory a model takes. Does not know
prompts, lenses or patches.

>>> vlm = load_vlm("llava-hf/llava-1.5-7b-hf")
>>> len(vlm.anatomy.layers), vlm.dtype
(32, torch.float16)
"""

import atexit
import shutil
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    BitsAndBytesConfig,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
)

from .. import LensError
from ..files import is_folder
from .anatomy import Anatomy, find_anatomy, find_image_token_id, input_device
from .device_map import DeviceMap
from .load_errors import explain_loading, guard_incomplete
from .memory import needed_bytes, refuse_when_too_large
from .processor import load_processor

# a checkpoint may bring code; running it unasked would be running a stranger's program
_NO_CODE = {"trust_remote_code": False}


@dataclass(frozen=True)
class VLM:
    """A loaded model with all that the pipeline asks of it.

    Attributes:
        name: its hub id, or the name of its folder.
        revision: the commit of the checkpoint on the hub; empty for a folder.
        model: in eval mode.
        processor: the processor, or the tokenizer of a text-only model.
        anatomy: decoder layers, final norm, unembedding.
        image_token_id: the id that stands for an image position in input_ids; None for models
            whose images never enter the sequence.
        device: where inputs go.
        dtype: what the model computes in.
        seconds_to_load: how long loading took.
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
) -> VLM:
    """Load a model and its processor.

    Args:
        name: a hub id or a folder.
        device: "auto" (cuda, then mps, then cpu) or a torch device.
        dtype: "auto" (the checkpoint's on an accelerator, float32 on a CPU) or a torch dtype name.
        device_map: spread the model over devices, memory and disk instead: "auto", or modules to
            devices.
        quantize: "8bit" or "4bit" weights, through bitsandbytes.
        local_rank: the number of this process on its machine; "auto" gives each a GPU of its own.
        incomplete: go on with a checkpoint that lacks weights, which are random then.

    Raises:
        LensError: unknown model, nothing cached and no network, weights missing, no unembedding,
            too little memory.
    """
    begin = time.perf_counter()
    where = choose_device(device, local_rank)
    if where.type == "cuda":
        torch.cuda.set_device(where)  # or each process would also take room on the first GPU
    with explain_loading(name, str(where)):
        config = AutoConfig.from_pretrained(name, **_NO_CODE)
        auto_class = _auto_class(config, name)
        number_type = choose_dtype(dtype, config, where)
        if quantize is not None and quantized(config):
            raise LensError(f"{name} is quantised already; leave out --quantize", exit_code=2)
        if device_map is None and not quantized(config):  # of those the shapes say too little
            need = needed_bytes(auto_class, config, number_type, quantize)
            refuse_when_too_large(need, name, where, number_type, quantize)
        processor = load_processor(name, **_NO_CODE)
        options: dict[str, Any] = {"config": config, "dtype": number_type, **_NO_CODE}
        options |= _spread(device_map, quantize, where, number_type)
        model, loading = auto_class.from_pretrained(name, output_loading_info=True, **options)
        if not incomplete:
            guard_incomplete(name, model, loading)
        if isinstance(device_map, dict):
            _refuse_unknown_modules(name, model, device_map)
        model = (model if "device_map" in options else model.to(where)).eval()
    return VLM(
        # a folder's place on this machine is nobody else's business
        name=Path(name).resolve().name if is_folder(name) else name,
        revision=getattr(config, "_commit_hash", None) or "",
        model=model,
        processor=processor,
        anatomy=find_anatomy(model),
        image_token_id=find_image_token_id(config, processor),
        device=input_device(model),
        dtype=number_type,
        seconds_to_load=time.perf_counter() - begin,
    )


def _spread(
    device_map: DeviceMap | None, quantize: str | None, where: torch.device, dtype: torch.dtype
) -> dict[str, Any]:
    """What ``from_pretrained`` is told of devices and packed weights."""
    options: dict[str, Any] = {}
    if device_map is not None:
        options |= {"device_map": device_map, "offload_folder": _offload_folder()}
    if quantize is not None:
        options["quantization_config"] = _quantization(quantize, dtype)
        options.setdefault("device_map", {"": str(where)})
    return options


def _refuse_unknown_modules(name: str, model: Any, device_map: dict[str, Any]) -> None:
    unknown = device_map.keys() - {module for module, _ in model.named_modules()}
    if unknown:
        raise LensError(f"--device-map: {name} has no module {min(unknown)!r}", exit_code=2)


def _offload_folder() -> str:
    """A folder for weights that fit neither devices nor memory; removed when the process ends."""
    folder = tempfile.mkdtemp(prefix="logit-lens-offload-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _quantization(bits: str, dtype: torch.dtype) -> Any:
    if bits == "8bit":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
    )


def choose_device(device: str, local_rank: int = 0) -> torch.device:
    """The torch device of a name; "auto" is cuda, then mps, then cpu.

    Of several processes on a machine each takes the GPU of its number, in turn where there are
    fewer.
    """
    if device in ("auto", "cuda") and torch.cuda.is_available():
        return torch.device("cuda", local_rank % torch.cuda.device_count())
    if device == "auto":
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        where = torch.device(device)
        torch.empty(1, device=where).item()  # a device without numbers (meta) is none
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        # torch goes on to list all that it was ever built for
        reason = textwrap.shorten(str(error).splitlines()[0], 100, placeholder=" …")
        raise LensError(
            f"--device {device} does not work here ({reason}); leave it out for the best there is",
            exit_code=2,
        ) from error
    return where


def quantized(config: Any) -> bool:
    """Whether a checkpoint's weights are packed already (bitsandbytes, AWQ, GPTQ, …)."""
    return getattr(config, "quantization_config", None) is not None


def choose_dtype(dtype: str, config: Any, device: torch.device) -> torch.dtype:
    """The torch dtype of a name.

    "auto" is the checkpoint's, but float32 on a CPU, unless its weights are packed: then the rest
    must stay what it was packed with.
    """
    if dtype != "auto":
        return getattr(torch, dtype)
    if device.type == "cpu" and not quantized(config):
        return torch.float32
    stored = getattr(config, "dtype", None) or getattr(config.get_text_config(), "dtype", None)
    return stored if isinstance(stored, torch.dtype) else torch.float16


def _auto_class(config: Any, name: str) -> Any:
    if config.model_type in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        return AutoModelForImageTextToText
    if config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return AutoModelForCausalLM
    raise LensError(
        f"{name} is a {config.model_type!r} model: it does not write text, so it has no "
        "unembedding to read its layers with; use a vision-language or a language model"
    )
