"""What the tests of further lenses share: files as other programs write them, and a brute force."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from causal import Twin
from families.twin import randomise, toy_tokenizer
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from logit_lens.record import LensRecord, load_record


def tiny_llama(folder: Path) -> Path:
    """A language model of three layers that spells its text byte by byte."""
    tokenizer = toy_tokenizer({}, [])
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = LlamaForCausalLM(config).eval()
    randomise(model, seed=3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def random_maps(count: int, width: int, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Matrices and biases that change a reading a lot."""
    rng = np.random.default_rng(seed)
    return [
        (rng.normal(0, width**-0.5, (width, width)), rng.normal(0, 0.3, width))
        for _ in range(count)
    ]


def write_tuned(folder: Path, maps: list[Any], **config: Any) -> Path:
    """A folder as the package tuned-lens writes it: a ModuleList's state, its documented keys."""
    width = len(maps[0][0])
    layers = nn.ModuleList([nn.Linear(width, width) for _ in maps])
    with torch.no_grad():
        for layer, (matrix, bias) in zip(layers, maps, strict=True):
            assert isinstance(layer, nn.Linear)
            layer.weight.copy_(torch.from_numpy(np.asarray(matrix)))
            layer.bias.copy_(torch.from_numpy(np.asarray(bias)))
    folder.mkdir(exist_ok=True)
    torch.save(layers.state_dict(), folder / "params.pt")
    keys = {
        "base_model_name_or_path": "model",
        "d_model": width,
        "num_hidden_layers": len(maps),
        "bias": True,
        "base_model_revision": None,
        "unembed_hash": None,
        "lens_type": "linear_tuned_lens",
    }
    (folder / "config.json").write_text(json.dumps(keys | config))
    return folder


def write_jacobian(path: Path, matrices: dict[int, np.ndarray], **more: Any) -> Path:
    """A Jacobian file of its documented form; matrices by block, counted from 0."""
    stored = {block: torch.from_numpy(matrix).float() for block, matrix in matrices.items()}
    width = len(next(iter(matrices.values())))
    said = {"n_prompts": 100, "source_layers": sorted(stored), "d_model": width}
    torch.save({"J": stored} | said | more, path)
    return path


def brute_force(
    model: Any, inputs: dict[str, Any], translate: Any
) -> tuple[np.ndarray, np.ndarray]:
    """p of every layer, position and token, and KL to the last layer, in float64 NumPy.

    From transformers' own hidden states, of which the last is normed already; RMSNorm by its
    definition.
    """
    model = model.double()
    doubled = {k: v.double() if v.is_floating_point() else v for k, v in inputs.items()}
    with torch.no_grad():
        out = model(**doubled, output_hidden_states=True)
    states = [h[0].numpy() for h in out.hidden_states]
    text = model.config.get_text_config()
    norm = next(
        m for n, m in model.named_modules() if n.endswith(("language_model.norm", "model.norm"))
    )
    gain, head = norm.weight.detach().numpy(), model.lm_head.weight.detach().numpy()
    moved = [translate(layer, h) for layer, h in enumerate(states[:-1])]
    normed = [h / np.sqrt((h**2).mean(-1, keepdims=True) + text.rms_norm_eps) * gain for h in moved]
    logits = np.stack([*normed, states[-1]]) @ head.T
    log_p = logits - logits.max(-1, keepdims=True)
    log_p -= np.log(np.exp(log_p).sum(-1, keepdims=True))
    return np.exp(log_p), (np.exp(log_p[-1]) * (log_p[-1] - log_p)).sum(-1)


def run_with(command: Any, twin: Twin, name: str, *flags: Any, text: str = "Hi?") -> LensRecord:
    """The record that the command makes of a twin, or of a text model's folder."""
    folder, image = twin(name)
    where = ["--model", folder, *(["--image", image] if image else [])]
    argv = [*where, "--prompt", text, "--max-new-tokens", "4", "--output", "run.html"]
    code, _, err = command(*argv, "--save-data", "--quiet", *flags)
    assert code == 0, err
    return load_record(Path("run.npz"))
