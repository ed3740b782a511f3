"""Where a model goes and in what numbers: device, dtype, packing, and what spreads it.

Does not load anything.

>>> choose_dtype("auto", config, choose_device("auto"))
torch.float16
"""

import atexit
import shutil
import tempfile
import textwrap
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from .. import LensError
from .device_map import DeviceMap


def spread_options(
    device_map: DeviceMap | None, quantize: str | None, where: torch.device, dtype: torch.dtype
) -> dict[str, Any]:
    """What ``from_pretrained`` is told of numbers, devices and packed weights."""
    options: dict[str, Any] = {"dtype": dtype}
    if device_map is not None:
        options |= {"device_map": device_map, "offload_folder": _offload_folder()}
    if quantize is not None:
        options["quantization_config"] = _quantization(quantize, dtype)
        options.setdefault("device_map", {"": str(where)})
    return options


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


def take_device(device: str, local_rank: int) -> torch.device:
    """The torch device of a name, which this process uses from now on."""
    where = choose_device(device, local_rank)
    if where.type == "cuda":
        torch.cuda.set_device(where)  # or each process would also take room on the first GPU
    return where


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
