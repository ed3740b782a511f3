"""Where decoder layers, final norm and unembedding are, in every family that can be made small."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from families.shrunk import build_shrunk, read_text
from torch import nn

from logit_lens import LensError
from logit_lens.model.anatomy import find_anatomy, find_image_token_id
from logit_lens.reading.residual import ResidualStream
from logit_lens.reading.tail import choose_tail

# names that differ from layers, norm, get_output_embeddings(), or that hide one level deeper
USUAL = """aria aya_vision exaone4_5 fuyu gemma3 git idefics3 kosmos-2.5 lfm2_vl lighton_ocr llava
mistral3 mllama paligemma qwen3_5 qwen3_vl smolvlm video_llava"""
OTHERS = """cohere2_vision cosmos3_edge cosmos3_omni deepseek_vl got_ocr2 idefics2 internvl janus
kimi_k25 lfm3_vl llama4 minicpmv4_6 minimax_m3_vl ovis2 qianfan_ocr qwen3_5_moe
qwen3_omni_moe_thinker qwen3_vl_moe shieldgemma2 unlimited_ocr video_llama_3"""
TEXT_ONLY = "llama qwen2 qwen3 gemma2 gpt2 opt mistral phi3 olmo2 gpt_neox bloom"


@pytest.mark.parametrize(
    "family",
    [*USUAL.split(), *(pytest.param(f, marks=pytest.mark.slow) for f in OTHERS.split())],
)
def test_layers_norm_and_head_are_found_in_every_family(family: str) -> None:
    reads_itself(build_shrunk(family))


@pytest.mark.parametrize("model_type", TEXT_ONLY.split())
def test_text_only_language_models_have_the_same_anatomy(model_type: str) -> None:
    reads_itself(build_shrunk(model_type))


def reads_itself(model: Any) -> None:
    """Every layer runs once, in order, and the last one read through norm and head is the model."""
    anatomy = find_anatomy(model)
    inputs = read_text(model)
    with torch.inference_mode(), ResidualStream(anatomy.layers) as stream:
        logits = model(**inputs, use_cache=False).logits[0]
        states = stream.states(12)
        _, name, check = choose_tail(
            model, anatomy, states[-1], logits, torch.arange(12), torch.float32
        )
    cross = model.config.model_type == "mllama"  # a layer that runs for images only
    assert len(stream.numbers) == len(anatomy.layers) + (0 if cross else 1)
    assert check.passed
    assert name in ("plain", "replay")


def test_a_family_without_a_final_norm_has_none() -> None:
    assert find_anatomy(build_shrunk("git")).norm is None


def test_a_hidden_unembedding_is_found() -> None:
    config = transformers.BlipConfig(
        text_config=dict(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=4, vocab_size=50,
            intermediate_size=48, encoder_hidden_size=32, projection_dim=32,
        ),
        vision_config=dict(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
            image_size=28, patch_size=14, projection_dim=32,
        ),
    )  # fmt: skip
    model = transformers.BlipForConditionalGeneration(config)
    assert model.get_output_embeddings() is None
    assert find_anatomy(model).head is model.text_decoder.cls


def fake(**parts: Any) -> Any:
    model = nn.Module()
    model.config = SimpleNamespace(model_type="strange")  # type: ignore[assignment]
    model.get_decoder = lambda: parts.get("decoder", model)  # type: ignore[assignment]
    model.get_output_embeddings = lambda: parts.get("head")  # type: ignore[assignment]
    return model


def test_a_model_without_layers_is_refused_by_name() -> None:
    with pytest.raises(LensError, match="decoder layers of a 'strange' model"):
        find_anatomy(fake(head=nn.Linear(2, 2)))


def test_a_model_without_an_unembedding_is_refused_by_name() -> None:
    decoder = nn.Module()
    decoder.layers = nn.ModuleList([nn.Linear(2, 2)])
    with pytest.raises(LensError, match="unembedding of a 'strange' model"):
        find_anatomy(fake(decoder=decoder))


def test_the_image_token_is_the_one_that_the_model_replaces() -> None:
    config = SimpleNamespace(image_token_id=7)
    assert find_image_token_id(config, SimpleNamespace(image_token_id=3)) == 7
    assert find_image_token_id(SimpleNamespace(), SimpleNamespace(image_token_id=3)) == 3
    assert find_image_token_id(SimpleNamespace(image_token_id=None), SimpleNamespace()) is None
