"""Folders as people really have them, made from the demo model: copies with something amiss."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from logit_lens.resources import DEMO_MODEL

COMMIT = "0123456789abcdef0123456789abcdef01234567"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 14126\n"


def copy_of_demo(folder: Path, *without: str) -> Path:
    """The demo model's files in a folder of their own, but for some."""
    shutil.copytree(DEMO_MODEL, folder, ignore=shutil.ignore_patterns("README.md", *without))
    return folder


def edit_json(path: Path, **changes: Any) -> None:
    """Set keys of a JSON file; None removes one."""
    found = json.loads(path.read_text()) if path.exists() else {}
    found |= changes
    path.write_text(json.dumps({key: value for key, value in found.items() if value is not None}))


def edit_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Change a checkpoint's weights in place."""
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def old_processor(folder: Path) -> Path:
    """The demo with the files of a processor from 2023: the image part alone."""
    copy_of_demo(folder, "processor_config.json")
    whole = json.loads((DEMO_MODEL / "processor_config.json").read_text())
    images = whole["image_processor"] | {"processor_class": "LlavaProcessor"}
    (folder / "preprocessor_config.json").write_text(json.dumps(images))
    return folder


def hub_cache(root: Path) -> Path:
    """A folder of the hub's cache that holds the demo as ``someone/tiny-llava``."""
    folder = root / "models--someone--tiny-llava"
    copy_of_demo(folder / "snapshots" / COMMIT)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    return folder


def lora(folder: Path, base: str = str(DEMO_MODEL), layers: str = "", **settings: Any) -> Path:
    """A LoRA of rank 4 on the demo's q_proj and v_proj, with random weights.

    Args:
        folder: where to put it; may be there.
        base: what it says it was trained on.
        layers: what its weights call the decoder layers; empty for the names of today.
        settings: further keys of its configuration.
    """
    folder.mkdir(exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    weights = {}
    for layer in range(8):
        for name in ("q_proj", "v_proj"):
            where = layers or "model.language_model.layers"
            module = f"base_model.model.{where}.{layer}.self_attn.{name}"
            weights[f"{module}.lora_A.weight"] = torch.randn(4, 128, generator=generator) / 5
            weights[f"{module}.lora_B.weight"] = torch.randn(128, 4, generator=generator) / 5
    save_file(weights, folder / "adapter_model.safetensors")
    known = {
        "peft_type": "LORA", "base_model_name_or_path": base, "r": 4, "lora_alpha": 8,
        "target_modules": r".*language_model.*\.(q_proj|v_proj)", "lora_dropout": 0.0,
        "bias": "none", "inference_mode": True,
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(known | settings))
    return folder


def merged_by_hand(lora_folder: Path, folder: Path) -> Path:
    """The demo with W + (alpha / r) B A in place of every W that the LoRA touches, in float32."""
    copy_of_demo(folder)
    adapter = load_file(lora_folder / "adapter_model.safetensors")

    def merge(weights: dict[str, torch.Tensor]) -> None:
        for layer in range(8):
            for name in ("q_proj", "v_proj"):
                tail = f".{layer}.self_attn.{name}"
                first = next(k for k in adapter if k.endswith(f"{tail}.lora_A.weight"))
                low = adapter[first].double()
                high = adapter[first.replace("lora_A", "lora_B")].double()
                key = next(
                    k for k in weights if k.endswith(f"layers{tail}.weight") and "vis" not in k
                )
                weights[key] = (weights[key].double() + 8 / 4 * high @ low).float()

    edit_weights(folder, merge)
    return folder
