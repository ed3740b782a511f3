"""How much memory a model takes and a device has, known before anything is loaded.

Does not know how models are loaded.

>>> needed_bytes(AutoModelForImageTextToText, config, torch.float16, quantize=None).total
14126854144
"""

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import init_empty_weights
from torch import nn

from .. import LensError

# with the scales that are kept beside the packed weights
_BYTES_PER_WEIGHT = {"8bit": 1.01, "4bit": 0.57}


@dataclass(frozen=True)
class Need:
    """What the weights take, in bytes, and how many they are."""

    elements: int
    total: int


def needed_bytes(auto_class: Any, config: Any, dtype: torch.dtype, quantize: str | None) -> Need:
    """What a model's weights take on a device, from its shapes alone: nothing is allocated."""
    with init_empty_weights():
        empty = auto_class.from_config(config)
        empty.tie_weights()  # or tied embeddings would count twice
    elements = sum(parameter.numel() for parameter in empty.parameters())
    if quantize is None:
        return Need(elements, elements * dtype.itemsize)
    # bitsandbytes packs the linear layers, but neither embeddings nor the unembedding
    head = empty.get_output_embeddings()
    linear = sum(
        module.weight.numel()
        for module in empty.modules()
        if isinstance(module, nn.Linear) and module is not head
    )
    packed = int(linear * _BYTES_PER_WEIGHT[quantize])
    return Need(elements, packed + (elements - linear) * dtype.itemsize)


def refuse_when_too_large(
    need: Need, name: str, device: torch.device, dtype: torch.dtype, quantize: str | None
) -> None:
    """Say before loading that a model cannot fit, and what would."""
    free = free_bytes(device)
    if free is None or need.total < free:
        return
    form = quantize or str(dtype).removeprefix("torch.")
    raise LensError(
        f"{name} needs {need.total / 1e9:.1f} GB on {device} in {form}, "
        f"{free / 1e9:.1f} GB are free; {_what_would_fit(need, device, free)}"
    )


def _what_would_fit(need: Need, device: torch.device, free: int) -> str:
    options = []
    for size, flag in ((2.0, "--dtype bfloat16"), (0.6, "--quantize 4bit")):
        if size * need.elements < min(free, need.total):
            options.append(f"{flag} (about {size * need.elements / 1e9:.1f} GB) fits")
    options.append("--device-map auto spreads it over all devices, memory and disk")
    return "; ".join(options)


def free_bytes(device: torch.device) -> int | None:
    """Free memory of a device in bytes; None where it cannot be asked."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "cpu":
        import psutil

        return int(psutil.virtual_memory().available)
    return None


def free_memory() -> None:
    """Give back what a failed step left behind."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether that is what happened; CPU, MPS and cuBLAS have no exception type of their own."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    words = ("out of memory", "allocate memory", "ALLOC_FAILED")
    # the subclasses (a lost device, an operation that a device lacks) are other things
    return type(error) is RuntimeError and any(word in str(error) for word in words)


@contextlib.contextmanager
def explain_out_of_memory(device: torch.device) -> Iterator[None]:
    """Turn running out of memory while an image is read into one line that says what to lower."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        free_memory()
        raise LensError(
            f"out of memory on {device}: lower --max-new-tokens or --layers, use a smaller image, "
            "--quantize 4bit or --device-map auto"
        ) from error
