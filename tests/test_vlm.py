"""Devices, dtypes and what a checkpoint's config says of them."""

from types import SimpleNamespace

import pytest
import torch
from transformers import BitsAndBytesConfig, LlamaConfig

from logit_lens.model.device import choose_device, choose_dtype

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


@pytest.mark.parametrize(
    ("name", "device", "packed", "expected"),
    [
        ("auto", CPU, False, torch.float32),
        ("auto", GPU, False, torch.bfloat16),
        ("auto", CPU, True, torch.bfloat16),  # what lies beside packed weights fits them alone
        ("float16", CPU, False, torch.float16),
    ],
)
def test_auto_is_the_checkpoints_dtype_but_float32_on_a_cpu(name, device, packed, expected):
    config = LlamaConfig(dtype=torch.bfloat16)
    if packed:
        config.quantization_config = BitsAndBytesConfig(load_in_4bit=True)
    assert choose_dtype(name, config, device) == expected


@pytest.mark.parametrize(("name", "rank", "expected"), [("auto", 3, 1), ("cuda", 2, 0)])
def test_each_process_has_the_gpu_of_its_number_in_turn(monkeypatch, name, rank, expected):
    cuda = SimpleNamespace(is_available=lambda: True, device_count=lambda: 2)
    monkeypatch.setattr(torch, "cuda", cuda)
    assert choose_device(name, rank) == torch.device("cuda", expected)
