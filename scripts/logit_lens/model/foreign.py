"""What lies on a disk and is no checkpoint of transformers, or only a part of one.

Told from names of files, the configuration and the first bytes, so that it can be said before any
memory is reckoned: what it is, and what to use instead. Does not import torch.

>>> refuse_foreign_folder(Path("stable-diffusion"), "stable-diffusion")
LensError: stable-diffusion is a diffusers pipeline: it draws pictures and writes no text …
"""

import fnmatch
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .. import LensError
from .gguf import refuse_unreadable_gguf, the_gguf_file
from .weight_files import (
    has_weights,
    is_weights,
    matching_names,
    read_json,
    refuse_damaged_json,
    refuse_missing_shards,
    tensor_names,
)

_POINTER = b"version https://git-lfs"
_CONVERTED = "use the checkpoint that was converted for transformers, on the hub often named …-hf"
_LLAVA_TYPES = {"llava_next", "llava_next_video", "llava_onevision"}  # transformers' own
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst")


class _Sign(NamedTuple):
    """Something else: file names that give it away, what it is, what to do instead."""

    files: tuple[str, ...]
    what: str
    instead: str


# asked in this order, of folders that hold no configuration with weights
_SIGNS = (
    _Sign(
        ("model_index.json",),
        "a diffusers pipeline: it draws pictures and writes no text",
        "use a vision-language model or a language model",
    ),
    _Sign(
        ("consolidated*.pth", "consolidated*.safetensors", "params.json"),
        "in the format of Meta's or Mistral's own code",
        _CONVERTED,
    ),
    _Sign(
        ("mm_projector.bin", "non_lora_trainables.bin"),
        "a piece of a model in the original LLaVA repository's format",
        "use a whole model that was converted for transformers (llava-hf/… on the hub)",
    ),
    _Sign(
        ("zero_to_fp32.py", "global_step*"),
        "a checkpoint of DeepSpeed, in one piece per process",
        "join it with zero_to_fp32.py, which DeepSpeed put beside it, and name the joined folder",
    ),
    _Sign(
        ("*.distcp", "pytorch_model_fsdp*"),
        "a checkpoint of FSDP, in one piece per process",
        "join it with `accelerate merge-weights` and name the joined folder",
    ),
    _Sign(
        ("tf_model*.h5", "flax_model*.msgpack", "*.ckpt.index", "saved_model.pb"),
        "a checkpoint of TensorFlow or Flax",
        "use one with model.safetensors",
    ),
    _Sign(
        ("*.onnx", "onnx", "*.mlmodelc", "*.mlpackage", "*.tflite", "*.engine", "*.nemo"),
        "a model in the format of another runtime",
        "use the checkpoint that it was made from",
    ),
    _Sign(
        ("models--*",),
        "a cache of the hub, with several models",
        "name one of the folders in it, or the model's hub id",
    ),
    _Sign(
        ("checkpoint-*",),
        "the folder of a training run",
        "name one of the checkpoints in it",
    ),
)


def refuse_foreign_folder(folder: Path, said: str) -> str:
    """Let a folder pass that transformers can load, an adapter, and a GGUF that can be read.

    Args:
        folder: where to look.
        said: what the user called it.

    Returns:
        the name of the GGUF file where the folder holds one and no checkpoint; else empty.

    Raises:
        LensError: it holds something else, or a checkpoint in part.
    """
    names = sorted((path.name for path in folder.iterdir() if path.exists()), key=_by_number)
    for name in names:
        _refuse_pointer(folder / name, f"{name} in {said}")
    refuse_damaged_json(folder, said)
    config = read_json(folder / "config.json") if "config.json" in names else None
    if config is not None:
        refuse_foreign_config(config, said)
    if config is not None and has_weights(names):
        refuse_missing_shards(folder, names, said)
        _refuse_packed_for_mlx(folder, names, config, said)
        return ""
    if "adapter_config.json" in names and "non_lora_trainables.bin" not in names:
        return ""  # adapter.py's
    if ggufs := fnmatch.filter(names, "*.gguf"):
        return the_gguf_file(ggufs, said)
    _refuse_by_names(names, said)
    if config is None:
        raise LensError(_without_config(folder, names, said))
    return ""  # its kind is looked at before its weights are missed


def refuse_foreign_hub_id(names: Sequence[str], said: str) -> None:
    """Say of a model of the hub that has no configuration what it holds instead, where that shows.

    Args:
        names: its files.
        said: its hub id.

    Raises:
        LensError: it holds something else.
    """
    if ggufs := fnmatch.filter(names, "*.gguf"):
        raise LensError(
            f"{said} is a model in GGUF, llama.cpp's format; use the checkpoint that it was made "
            f"from, or, if it is a language model, get one file, `hf download {said} {ggufs[0]}`, "
            "and name it"
        )
    _refuse_by_names(names, said)


def _refuse_by_names(names: Sequence[str], said: str) -> None:
    for sign in _SIGNS:
        if found := matching_names(names, sign.files):
            raise LensError(f"{said} is {sign.what} ({found[-1]}); {sign.instead}")


def refuse_foreign_config(config: dict[str, Any], said: str) -> None:
    """Let a configuration pass by which transformers understands what its author meant.

    Raises:
        LensError: it is the original LLaVA's, or MLX's.
    """
    model_type = str(config.get("model_type", ""))
    architectures = " ".join(map(str, config.get("architectures") or ()))
    if (
        "mm_vision_tower" in config
        or (model_type.startswith("llava_") and model_type not in _LLAVA_TYPES)
        or re.search(r"\bLlava\w+ForCausalLM\b", architectures)
    ):
        raise LensError(
            f"{said} is in the original LLaVA repository's format, which transformers does not "
            "read; use the converted model, such as --model llava-hf/llava-1.5-7b-hf (llava-hf on "
            "the hub has all of them)"
        )
    packed, known = config.get("quantization"), config.get("quantization_config")
    if isinstance(packed, dict) and "bits" in packed and not (known or {}).get("quant_method"):
        raise LensError(_mlx(said))


def foreign_file(path: Path, said: str) -> None:
    """Let a GGUF file pass; say of any other file what to name instead.

    Raises:
        LensError: it is no GGUF file, or one that cannot be read.
    """
    _refuse_pointer(path, said)
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"GGUF":
        return refuse_unreadable_gguf(path.name, said)
    if path.suffix.lower() == ".gguf":
        raise LensError(f"{said} is no GGUF file, or a damaged one; download it again")
    if path.suffix.lower() in _ARCHIVES:
        raise LensError(f"{said} is an archive; unpack it and name the folder that comes out")
    if (path.parent / "config.json").exists():
        raise LensError(
            f"{said} is a file; name the folder that holds the model: --model {path.parent}"
        )
    raise LensError(
        f"{said} is a single file; name the folder that holds the model: its config.json, weights "
        "and tokenizer"
    )


def _refuse_pointer(path: Path, said: str) -> None:
    if not path.is_file() or path.stat().st_size > 1024:
        return
    with path.open("rb") as file:
        if file.read(len(_POINTER)) == _POINTER:
            raise LensError(
                f"{said} is only a pointer of git-lfs; fetch what it points to: `git lfs pull` in "
                "that folder"
            )


def _refuse_packed_for_mlx(
    folder: Path, names: Sequence[str], config: dict[str, Any], said: str
) -> None:
    """MLX keeps ``.scales`` and ``.biases`` beside packed weights, and its config need not tell."""
    first = next((n for n in names if is_weights(n) and n.endswith(".safetensors")), "")
    if not first or "quantization_config" in config:
        return
    tensors = tensor_names(folder / first)
    scaled = {name.removesuffix(".scales") for name in tensors if name.endswith(".scales")}
    if any(f"{name}.biases" in tensors and f"{name}.weight" in tensors for name in scaled):
        raise LensError(_mlx(said))


def _mlx(said: str) -> str:
    return (
        f"{said} is packed for MLX, Apple's framework, which transformers does not read; use the "
        "model that it was made from (--quantize 4bit packs it here)"
    )


def _without_config(folder: Path, names: Sequence[str], said: str) -> str:
    if not names:
        return f"the folder {said} is empty; name one that holds a model"
    if has_weights(names):
        return (
            f"{said} has weights but no config.json; copy it from the model that they were trained "
            "from"
        )
    inner = [name for name in names if (folder / name / "config.json").exists()]
    if inner:
        return f"{said} holds no model itself, but a folder that does: --model {folder / inner[0]}"
    return (
        f"{said} holds no model: it has no config.json; name the folder where that, the weights "
        "and the tokenizer are"
    )


def _by_number(name: str) -> list[Any]:
    """``checkpoint-500`` comes before ``checkpoint-1000``."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]
