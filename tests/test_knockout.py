"""Blocking attention: against attention that is written out, and blocks that do not block."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from causal import Twin, bare, called
from families.base import text
from families.twin import randomise, toy_tokenizer
from torch import nn

from logit_lens import LensError
from logit_lens.reading.answer import Exchange
from logit_lens.reading.causal import knockout
from logit_lens.reading.causal.knockout import Route, bands, blocked, knock_out, routes_of
from logit_lens.reading.causal.rerun import DecoderCall
from logit_lens.reading.tail import PlainTail


def toy_llama(n_layers: int, n_kv: int = 2) -> tuple[Any, Any]:
    tokenizer = toy_tokenizer({}, [])
    config = transformers.LlamaConfig(
        **text("llama", len(tokenizer), num_hidden_layers=n_layers, num_key_value_heads=n_kv)
    )
    model = transformers.LlamaForCausalLM(config).eval()
    randomise(model, 3)
    return model, tokenizer


def by_hand(model: Any, ids: torch.Tensor, hidden: Callable[[int], np.ndarray]) -> torch.Tensor:
    """A Llama written out: logits (position, vocab); ``hidden(layer)`` is (position, position)."""
    config, weights = model.config, dict(model.double().named_parameters())
    n, d_head, n_heads = len(ids), config.head_dim, config.num_attention_heads
    groups = n_heads // config.num_key_value_heads

    def norm(x: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
        return gain * x / (x.pow(2).mean(-1, keepdim=True) + config.rms_norm_eps).sqrt()

    def turn(x: torch.Tensor) -> torch.Tensor:
        """Rotary positions of (position, d_head)."""
        half = d_head // 2
        theta = config.rope_parameters["rope_theta"]
        angle = torch.arange(n)[:, None] * theta ** (-torch.arange(half) / half)
        cos, sin = angle.cos().double(), angle.sin().double()
        a, b = x[:, :half], x[:, half:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    x = weights["model.embed_tokens.weight"][ids]
    for layer in range(config.num_hidden_layers):
        w = {
            k.split(f"layers.{layer}.")[1]: v for k, v in weights.items() if f"layers.{layer}." in k
        }
        h = norm(x, w["input_layernorm.weight"])
        q, k, v = (h @ w[f"self_attn.{p}_proj.weight"].T for p in "qkv")
        heads = []
        for head in range(n_heads):
            qs, ks = (
                slice(head * d_head, (head + 1) * d_head),
                slice(head // groups * d_head, (head // groups + 1) * d_head),
            )
            scores = turn(q[:, qs]) @ turn(k[:, ks]).T / math.sqrt(d_head)
            gone = torch.from_numpy(hidden(layer) | np.triu(np.ones((n, n), bool), 1))
            heads.append(scores.masked_fill(gone, -torch.inf).softmax(-1) @ v[:, ks])
        x = x + torch.cat(heads, -1) @ w["self_attn.o_proj.weight"].T
        h = norm(x, w["post_attention_layernorm.weight"])
        gate, up = (h @ w[f"mlp.{p}_proj.weight"].T for p in ("gate", "up"))
        x = x + (nn.functional.silu(gate) * up) @ w["mlp.down_proj.weight"].T
    return norm(x, weights["model.norm.weight"]) @ weights["lm_head.weight"].T


@pytest.mark.parametrize("n_kv", [2, 4])
def test_blocking_a_route_in_some_layers_equals_deleting_it_from_attention_written_out(
    n_kv: int,
) -> None:
    model, _ = toy_llama(2, n_kv)
    ids = torch.tensor([1, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    images = np.zeros(10, bool)
    images[2:5] = True
    answer = 3
    vlm: Any = bare(model)
    exchange = Exchange({"input_ids": ids[None]}, ids, answer, images)
    with torch.inference_mode():
        call = DecoderCall(vlm, PlainTail(vlm.anatomy.norm, vlm.anatomy.head), exchange)
        routes = routes_of(images, answer)
        spans = [(1, 2), (1, 1), (2, 2)]
        drop = knock_out(call, vlm.anatomy.layers, routes, spans)
    targets = [{6, 7, 8, 9}, {5}, {6, 7, 8, 9}]
    sources = [{2, 3, 4}, {2, 3, 4}, {1, 5}]

    def log_p(r: int | None, span: tuple[int, int]) -> np.ndarray:
        def hidden(layer: int) -> np.ndarray:
            gone = np.zeros((10, 10), bool)
            if r is not None and span[0] <= layer + 1 <= span[1]:
                for i in targets[r]:
                    for j in sources[r]:
                        gone[i, j] = True
            return gone

        logits = by_hand(model, ids, hidden)
        return logits.log_softmax(-1)[[6, 7, 8], ids[[7, 8, 9]]].detach().numpy()

    for b, span in enumerate(spans):
        for r in range(3):
            np.testing.assert_allclose(drop[:, b, r], log_p(None, span) - log_p(r, span), atol=2e-5)
    assert (np.abs(drop).max((0, 1)) > 1e-3).all()


def test_a_block_that_blocks_nothing_is_caught(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    vlm, exchange, call = called(twin, "demo")
    routes = routes_of(exchange.image_positions, exchange.n_answer)
    monkeypatch.setattr(knockout, "_without", lambda mask, states, route: mask)
    with torch.inference_mode(), pytest.raises(LensError, match="does not work in layer 1"):
        knock_out(call, vlm.anatomy.layers, routes, bands(8))


@pytest.mark.parametrize("how", ["sdpa", "eager"])
def test_a_block_works_on_additive_and_on_boolean_masks(how: str, twin: Twin) -> None:
    vlm, exchange, call = called(twin, "gemma3")
    vlm.model.set_attn_implementation(how)
    with torch.inference_mode():
        call = DecoderCall(vlm, PlainTail(vlm.anatomy.norm, vlm.anatomy.head), exchange)
        routes = routes_of(exchange.image_positions, exchange.n_answer)
        drop = knock_out(call, vlm.anatomy.layers, routes, bands(vlm.n_layers))
    assert np.isfinite(drop).all() and np.abs(drop).max() > 1e-3


def test_the_hooks_of_a_block_are_gone_afterwards(twin: Twin) -> None:
    vlm, exchange, call = called(twin, "demo")
    before = [len(layer._forward_pre_hooks) for layer in vlm.anatomy.layers]
    route = Route(torch.tensor([160]), torch.tensor([10]))
    with pytest.raises(ZeroDivisionError), blocked(vlm.anatomy.layers, route):
        raise ZeroDivisionError
    assert [len(layer._forward_pre_hooks) for layer in vlm.anatomy.layers] == before


@pytest.mark.parametrize("n", [1, 2, 3, 8, 26, 32, 80])
def test_bands_are_a_quarter_wide_an_eighth_apart_and_reach_the_last_layer(n: int) -> None:
    found = bands(n)
    assert found[0][0] == 1 and found[-1][1] == n
    assert {last - first + 1 for first, last in found} == {max(1, n // 4)}
    steps = {b[0] - a[0] for a, b in zip(found, found[1:], strict=False)}
    assert all(1 <= step <= max(1, n // 8) for step in steps)
