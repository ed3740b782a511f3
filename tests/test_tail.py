"""What a model does after its last layer: plain, or replayed by its own code."""

from pathlib import Path
from typing import Any

import accelerate
import numpy as np
import pytest
import torch
from families.shrunk import build_shrunk, read_text
from families.twin import cut_after
from torch import Tensor, nn

from logit_lens.model.anatomy import Anatomy, find_anatomy
from logit_lens.reading.lens import read_lens
from logit_lens.reading.plain_tail import PlainTail
from logit_lens.reading.residual import ResidualStream
from logit_lens.reading.tail import ReplayTail, choose_tail

N_POSITIONS = 12
ALL = slice(None)
# cap, scale or several streams: head(norm(h)) is not the model's output
REPLAYED = """cohere_compass gemma3n_text gemma4 gemma4_unified glm5_next granite4_vision
granite_docling hyperclovax_vision_v2 mistral_large4 muse_glimmer qwen4_exp t5gemma2"""
# among them families with a scale or a cap in the config that the model does not apply
PLAIN = """aya_vision cohere2_vision gemma3 qwen3_vl llama4 mllama ovis2 lfm2_vl
qwen3_omni_moe_thinker"""


def record(model: Any) -> tuple[Anatomy, list[Tensor], Tensor]:
    """Anatomy, states of all layers and the model's logits for some text."""
    anatomy = find_anatomy(model)
    with torch.inference_mode(), ResidualStream(anatomy.layers) as stream:
        logits = model(**read_text(model), use_cache=False).logits[0]
    return anatomy, stream.states(N_POSITIONS), logits


def choose(model: Any, anatomy: Anatomy, states: list[Tensor], logits: Tensor) -> Any:
    with torch.inference_mode():
        return choose_tail(
            model, anatomy, states[-1], logits, torch.arange(N_POSITIONS), torch.float32
        )


@pytest.mark.parametrize("family", REPLAYED.split())
def test_capped_scaled_and_multi_stream_families_are_replayed(family: str) -> None:
    model = build_shrunk(family)
    anatomy, states, logits = record(model)
    tail, name, check = choose(model, anatomy, states, logits)
    assert (name, check.passed, check.argmax_agree) == ("replay", True, 1)
    middle = len(states) // 2
    with torch.inference_mode():
        read = tail(states[middle], ALL)
        with cut_after(model, middle):
            expected = model(**read_text(model), use_cache=False).logits[0]
    assert (read - expected).abs().max() <= 1e-4
    assert (read - logits).abs().max() > 0.01


@pytest.mark.parametrize("family", PLAIN.split())
def test_families_whose_config_promises_more_than_they_do_are_plain(family: str) -> None:
    model = build_shrunk(family)
    anatomy, states, logits = record(model)
    tail, name, check = choose(model, anatomy, states, logits)
    assert (name, check.passed, check.argmax_agree) == ("plain", True, 1)
    with torch.inference_mode():
        replay = ReplayTail(model, anatomy.layers)
        for state in states:
            assert (replay(state, ALL) - tail(state, ALL)).abs().max() <= 1e-5


@pytest.mark.parametrize("family", ["gemma3n_text", "glm5_next", "gemma4"])
def test_a_replay_reads_any_positions_of_any_shape_of_state(family: str) -> None:
    model = build_shrunk(family)
    anatomy, states, logits = record(model)
    with torch.inference_mode():
        tail = ReplayTail(model, anatomy.layers)
        whole = tail(states[1], ALL)
        assert whole.shape == logits.shape
        for at in (slice(0, 1), slice(3, 9), torch.tensor([0, 5, 11])):
            assert (tail(states[1], at) - whole[at]).abs().max() <= 1e-5


def test_a_replay_leaves_the_model_as_it_was() -> None:
    model = build_shrunk("gemma4")
    anatomy, states, logits = record(model)
    with torch.inference_mode():
        tail = ReplayTail(model, anatomy.layers)
        tail(states[0], ALL)
        with pytest.raises(IndexError):
            tail(states[0], torch.tensor([N_POSITIONS]))
    assert not any("forward" in layer.__dict__ for layer in anatomy.layers)
    assert torch.equal(record(model)[2], logits)


def test_where_neither_tail_is_right_the_failing_check_says_so() -> None:
    model = build_shrunk("gemma4")
    anatomy, states, logits = record(model)
    _, _, check = choose(model, anatomy, states, logits + 1)
    assert not check.passed
    assert check.max_abs_logit_diff == pytest.approx(1, abs=1e-3)


def test_a_doubled_norm_or_a_layer_off_by_one_fails_the_check() -> None:
    model = build_shrunk("gemma3")
    anatomy, states, logits = record(model)
    assert anatomy.norm is not None
    for wrong in (anatomy.norm(states[-1]).detach(), states[-2]):
        assert not choose(model, anatomy, [wrong], logits)[2].passed


def test_the_plain_tail_moves_the_state_to_where_the_norm_is() -> None:
    norm, head = nn.LayerNorm(4), nn.Linear(4, 7)
    tail = PlainTail(norm.double(), head.double())
    state = torch.randn(5, 4, dtype=torch.float64)
    assert torch.equal(tail(state, slice(1, 3)), head(norm(state))[1:3])


@pytest.mark.parametrize(
    ("family", "expected"), [("llava", "plain"), ("hyperclovax_vision_v2", "replay")]
)
def test_both_tails_work_when_accelerate_keeps_the_weights_on_disk(
    family: str, expected: str, tmp_path: Path
) -> None:
    model = build_shrunk(family)
    _, _, before = record(model)
    accelerate.disk_offload(model, str(tmp_path), execution_device=torch.device("cpu"))
    assert find_anatomy(model).head.weight.device.type == "meta"
    anatomy, states, logits = record(model)
    assert torch.equal(logits, before)
    tail, name, check = choose(model, anatomy, states, logits)
    assert (name, check.passed) == (expected, True)
    assert tail(states[1], slice(2, 7)).shape == (5, logits.shape[1])
    assert torch.equal(record(model)[2], before)  # accelerate's hooks are as they were


@pytest.mark.filterwarnings("error")  # torch's, where the memory does not fit the logits
@pytest.mark.parametrize("bias", [False, True])
def test_a_reusing_tail_gives_the_same_logits_in_the_memory_of_the_last_ones(bias: bool) -> None:
    torch.manual_seed(0)
    plain = PlainTail(nn.RMSNorm(16), nn.Linear(16, 50, bias=bias))
    states = torch.randn(2, N_POSITIONS, 16)
    reusing = plain.reusing()
    with torch.no_grad():
        expected = [plain(state, ALL) for state in states]
        first = reusing(states[0], ALL)
        assert torch.allclose(first, expected[0], atol=1e-6)
        second = reusing(states[1], slice(0, 5))
        assert torch.allclose(second, expected[1][:5], atol=1e-6)
        assert second.data_ptr() == first.data_ptr()
        grown = reusing(torch.cat((states[1], states[1])), ALL)
        assert torch.allclose(grown, torch.cat((expected[1], expected[1])), atol=1e-6)


def test_a_head_that_is_more_than_a_matrix_is_called_as_it_is() -> None:
    class Scaled(nn.Linear):
        def forward(self, hidden: Tensor) -> Tensor:
            return super().forward(hidden) / 2

    hooked, replaced = nn.Linear(16, 50), nn.Linear(16, 50)
    hooked.register_forward_hook(lambda module, args, output: output / 2)
    replaced.forward = lambda hidden: hidden  # type: ignore[assignment]
    for head in (Scaled(16, 50), hooked, replaced, nn.Sequential(nn.Linear(16, 50))):
        tail = PlainTail(None, head)
        assert tail.reusing() is tail


def test_the_lens_reads_a_reusing_tail_as_it_reads_any_other() -> None:
    torch.manual_seed(0)
    plain = PlainTail(nn.RMSNorm(16), nn.Linear(16, 400))
    states = list(torch.randn(4, 700, 16))
    options: dict[str, Any] = {"top_k": 5, "tracked_ids": [0, 7], "chunk": 300}
    ours = read_lens(plain, states, 700, **options)
    anew = read_lens(lambda state, at: plain(state, at), states, 700, **options)
    for name, values in vars(ours).items():
        assert np.allclose(values, vars(anew)[name], atol=1e-5), name
