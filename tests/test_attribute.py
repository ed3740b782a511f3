"""The parts of a logit: they sum up, and equal what eager attention weights give."""

from typing import Any

import numpy as np
import pytest
import torch
from causal import Twin, called, run_command, stock
from torch import nn

from logit_lens.reading.causal.attribute import attribute
from logit_lens.reading.causal.linear import FrozenNorm, transposed
from logit_lens.record import ANSWER


@pytest.mark.parametrize("name", ["demo", "llava", "qwen2_vl", "gemma3", "paligemma"])
def test_the_parts_of_a_logit_sum_up_to_the_models_own(name: str, twin: Twin, command: Any) -> None:
    record = run_command(command, twin, name, "--attribute")
    assert record.meta["notes"] == []
    for key in ("attribution", "against_attribution"):
        rest = record.extra["against_rest" if "against" in key else "attribution_rest"]
        parts = record.extra[key]
        assert np.isfinite(parts).all()
        logits = parts.sum(1) + rest
        assert (np.abs(rest) <= 1e-3 * np.maximum(np.abs(logits), 1)).all()
    assert record.meta["attribution"]["layers_by_patch"] == len(record.layers) - 1


@pytest.mark.parametrize("name", ["demo", "llava", "qwen2_vl"])
def test_parts_and_patches_equal_a_computation_from_eager_attention_weights(
    name: str, twin: Twin
) -> None:
    vlm, exchange, call = called(twin, name)
    with torch.inference_mode():
        found = attribute(call, vlm.anatomy, exchange.image_positions, call.ids)
    model: Any = stock(twin(name)[0], attn_implementation="eager")
    language = model.model.language_model
    kept: dict[str, torch.Tensor] = {}

    def keep(key: str) -> Any:
        def hook(module: Any, args: Any, output: Any) -> None:
            kept[key] = (output[0] if isinstance(output, tuple) else output)[0].double()

        return hook

    for n, layer in enumerate(language.layers):
        layer.self_attn.register_forward_hook(keep(f"attn {n}"))
        layer.mlp.register_forward_hook(keep(f"mlp {n}"))
        layer.self_attn.v_proj.register_forward_hook(keep(f"v {n}"))
        layer.register_forward_hook(keep(f"out {n}"))
    inputs = {
        k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in exchange.inputs.items()
    }
    with torch.no_grad():
        out = model(**inputs, output_attentions=True)
    kept = {key: state.detach() for key, state in kept.items()}
    last = kept[f"out {len(language.layers) - 1}"]
    gain = language.norm.weight.detach().double()
    eps = getattr(language.norm, "variance_epsilon", 1e-6)
    head = model.lm_head.weight.detach().double()
    places = np.flatnonzero(exchange.image_positions)
    config = language.config
    d_head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    groups = config.num_attention_heads // config.num_key_value_heads
    for a, (row, token) in enumerate(zip(call.rows.tolist(), call.ids.tolist(), strict=True)):
        scale = (last[row].pow(2).mean() + eps).sqrt()
        direction = gain * head[token] / scale
        for n, layer in enumerate(language.layers):
            attn, mlp = (kept[f"{part} {n}"][row] @ direction for part in ("attn", "mlp"))
            np.testing.assert_allclose(found.parts[a, 2 * n + 1], attn.detach(), atol=2e-4)
            np.testing.assert_allclose(found.parts[a, 2 * n + 2], mlp.detach(), atol=2e-4)
            back = direction @ layer.self_attn.o_proj.weight.detach().double()
            for p in (0, len(places) // 2, len(places) - 1):
                wrote = 0.0
                for h in range(config.num_attention_heads):
                    g = h // groups
                    value = kept[f"v {n}"][places[p], g * d_head : (g + 1) * d_head]
                    look = out.attentions[n][0, h, row, places[p]].double()
                    wrote += float(look * (value @ back[h * d_head : (h + 1) * d_head]))
                np.testing.assert_allclose(found.patches[a, n, p], wrote, atol=2e-4)


def test_taking_one_part_away_at_the_frozen_scale_moves_the_logit_by_its_value(twin: Twin) -> None:
    vlm, exchange, call = called(twin, "demo")
    with torch.inference_mode():
        found = attribute(call, vlm.anatomy, exchange.image_positions, call.ids)
        state = call.last_states(call.embeds)[0].double()  # (answer token, d_model)
    wrote: dict[int, torch.Tensor] = {}
    layers = vlm.model.model.language_model.layers
    for n in (2, 5):
        layers[n].mlp.register_forward_hook(
            lambda m, a, out, n=n: wrote.__setitem__(n, out[0, call.rows].double())
        )
    with torch.inference_mode():
        vlm.model(**exchange.inputs)
    norm, head = vlm.model.model.language_model.norm, vlm.model.lm_head.weight.detach().double()
    gain = norm.weight.detach().double()
    state = state.clone()  # out of inference mode
    wrote = {n: part.clone() for n, part in wrote.items()}
    scale = (state.pow(2).mean(-1, keepdim=True) + norm.variance_epsilon).sqrt()
    for n in (2, 5):
        logits = [
            ((gain * h / scale) @ head.T).gather(1, call.ids.clone()[:, None])[:, 0]
            for h in (state, state - wrote[n])
        ]
        moved = (logits[0] - logits[1]).detach().numpy()
        np.testing.assert_allclose(found.parts[:, 2 * n + 2], moved, atol=1e-4)


def test_the_contrast_is_the_runner_up_or_the_word_that_was_named(twin: Twin, command: Any) -> None:
    record = run_command(command, twin, "demo", "--attribute", "--top-k", "2")
    at = np.flatnonzero(record.position_kind == ANSWER) - 1
    runner_up = np.where(
        record.top_ids[-1, at, 0] == record.input_ids[at + 1],
        record.top_ids[-1, at, 1],
        record.top_ids[-1, at, 0],
    )
    np.testing.assert_array_equal(record.extra["against_ids"], runner_up)
    assert record.meta["attribution"]["against"] == "the runner-up"
    record = run_command(command, twin, "demo", "--attribute", "--against-token", "blue")
    assert {record.token(int(i)) for i in record.extra["against_ids"]} == {"▁blue"}


def test_a_layer_whose_parts_do_not_sum_up_is_left_to_the_remainder(twin: Twin) -> None:
    vlm, exchange, call = called(twin, "demo")
    vlm.anatomy.layers[3].register_forward_hook(lambda m, a, out: out * 1.5)
    with torch.inference_mode():
        found = attribute(call, vlm.anatomy, exchange.image_positions, call.ids)
    assert np.isnan(found.parts[:, [7, 8]]).all()
    kept = np.delete(found.parts, [7, 8], axis=1)
    assert np.isfinite(kept).all()
    np.testing.assert_allclose(found.rest, found.logits - kept.sum(1), atol=1e-4)
    assert np.abs(found.rest).max() > 0.01


@pytest.mark.parametrize("kind", ["rms", "rms plus one", "layer norm", "none"])
def test_a_frozen_norm_is_the_norm_and_its_transpose_the_derivative(kind: str) -> None:
    torch.manual_seed(0)
    width = 24

    class PlusOne(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(width) * 0.3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * (1 + self.weight)

    norm: Any = {
        "rms": nn.RMSNorm(width, eps=1e-5),
        "rms plus one": PlusOne(),
        "layer norm": nn.LayerNorm(width),
        "none": None,
    }[kind]
    if norm is not None:
        for parameter in norm.parameters():
            nn.init.normal_(parameter, 0.5, 1)
    h = torch.randn(5, width) * 3
    frozen = FrozenNorm.at(norm, h)
    assert frozen.error < 1e-5
    rows = torch.randn(5, width)
    pulled = frozen.transposed(rows)
    expected = (norm(h) if norm is not None else h) - frozen.bias
    torch.testing.assert_close(
        (pulled * h).sum(-1), (rows * expected).sum(-1), atol=1e-4, rtol=1e-4
    )


def test_the_transpose_of_a_projection_is_its_weights() -> None:
    linear = nn.Linear(6, 9)
    rows = torch.randn(4, 9)
    with torch.inference_mode():
        rows = rows.clone()
        torch.testing.assert_close(transposed(linear, rows, 6), rows @ linear.weight)
    assert linear.weight.grad is None
