"""What passes leave behind adds up to a sequence, or is refused."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from families.base import text
from families.twin import randomise
from torch import Tensor, nn

from logit_lens import LensError
from logit_lens.reading import recording as recording_module
from logit_lens.reading.recording import Recorded, Recording

VOCAB, N = 50, 12
IDS = (torch.arange(N) * 7 + 3) % VOCAB


@pytest.fixture(scope="module")
def llama() -> Any:
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**text("llama", VOCAB)))
    randomise(model, 0)
    layers = model.model.layers
    return SimpleNamespace(
        model=model.eval(),
        name="llama",
        n_vocab=VOCAB,
        n_layers=len(layers),
        anatomy=SimpleNamespace(layers=layers),
    )


def read(llama: Any, *lengths: int, n_first: int = N, numbers: Any = range(4)) -> Recording:
    """Record the passes over so many tokens each, with a cache."""
    cache = transformers.DynamicCache(config=llama.model.config)
    with torch.no_grad(), Recording(llama, numbers, n_first) as recording:
        for part in IDS[: sum(lengths)].split(lengths):
            llama.model(input_ids=part[None], past_key_values=cache, use_cache=True)
    return recording


def at_once(llama: Any) -> tuple[list[Tensor], Tensor]:
    """The states as transformers gives them, all but the last, and the logits."""
    with torch.no_grad():
        out = llama.model(input_ids=IDS[None], output_hidden_states=True)
    return [state[0] for state in out.hidden_states[:-1]], out.logits[0]


def assert_whole(recorded: Recorded, llama: Any) -> None:
    states, logits = at_once(llama)
    assert recorded.numbers == [0, 1, 2, 3]
    for found, expected in zip(recorded.states[:-1], states, strict=True):
        assert (found - expected).abs().max() <= 1e-5
    assert recorded.states[-1].shape == states[0].shape
    assert recorded.checked.tolist() == list(range(N))
    assert (recorded.logits - logits).abs().max() <= 1e-5


@pytest.mark.parametrize("lengths", [(12,), (9, 1, 1, 1), (5, 5, 2), (4, 4, 1, 3), (1,) * 12])
def test_passes_in_pieces_of_any_size_are_one_sequence(
    llama: Any, lengths: tuple[int, ...]
) -> None:
    recording = read(llama, *lengths, n_first=lengths[0])
    assert_whole(recording.of(IDS), llama)


def test_a_model_that_reads_all_again_for_every_token_is_recorded_by_its_last_pass(
    llama: Any,
) -> None:
    with torch.no_grad(), Recording(llama, range(4), N - 2) as recording:
        for n in (N - 2, N - 1, N):
            llama.model(input_ids=IDS[None, :n], use_cache=False)
    assert_whole(recording.of(IDS), llama)


def test_passes_after_the_end_are_left_out(llama: Any) -> None:
    recorded = read(llama, 7, 1, 1, 1, 1, 1).of(IDS[:9])
    states, _ = at_once(llama)
    assert (recorded.states[1] - states[1][:9]).abs().max() <= 1e-5
    assert recorded.checked.tolist() == list(range(9))


@pytest.mark.parametrize(
    ("lengths", "ids"),
    [
        ((), IDS),  # nothing was read
        ((8, 1, 1), IDS),  # the end is missing
        ((8, 4), IDS[:10]),  # the end lies within a pass
        ((12,), IDS.flip(0)),  # other tokens
    ],
)
def test_what_is_not_every_position_once_is_refused(
    llama: Any, lengths: tuple[int, ...], ids: Tensor
) -> None:
    with pytest.raises(LensError, match="did not read every position of the sequence once"):
        read(llama, *lengths).of(ids)


def test_a_token_that_is_read_twice_is_refused(llama: Any) -> None:
    with torch.no_grad(), Recording(llama, range(4), N) as recording:
        for part in (IDS[:8], IDS[7:8], IDS[8:]):
            llama.model(input_ids=part[None])
    with pytest.raises(LensError, match="once"):
        recording.of(IDS)


def test_vectors_instead_of_tokens_are_refused(llama: Any) -> None:
    with torch.no_grad(), Recording(llama, range(4), N) as recording:
        llama.model(inputs_embeds=llama.model.get_input_embeddings()(IDS[None]))
    with pytest.raises(LensError, match="once"):
        recording.of(IDS)


def test_layers_that_run_on_their_own_are_refused(llama: Any) -> None:
    """As a family does whose answer comes from its language model alone (BLIP-2)."""
    with torch.no_grad(), Recording(llama, range(4), N) as recording:
        llama.model.model(input_ids=IDS[None])
    with pytest.raises(LensError, match="once"):
        recording.of(IDS)


def test_a_layer_that_skips_a_pass_is_refused(llama: Any) -> None:
    recording = read(llama, 10, 2)
    del recording._stream._passes[1][2]
    with pytest.raises(LensError, match="same layers in every pass"):
        recording.of(IDS)


def test_a_last_layer_that_does_not_run_is_refused(llama: Any) -> None:
    with pytest.raises(LensError, match="last of the 3 decoder layers of llama did not run"):
        read(llama, 12, numbers=[0, 1]).of(IDS)


def test_no_more_logits_are_kept_than_memory_is_given(
    llama: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_module, "_CHECK_BYTES", 0)  # 16 positions
    _, logits = at_once(llama)
    recording = Recording(llama, range(4), 100)
    assert len(recording._spread) == 12 and {0, 99} <= recording._spread
    assert list(recording._later) == [100, 101, 102, 103]
    recording = Recording(llama, range(4), 8)
    recording._spread, recording._later = {0, 3}, range(8, 10)
    cache = transformers.DynamicCache(config=llama.model.config)
    with torch.no_grad(), recording:
        for part in IDS.split((8, 1, 1, 1, 1)):
            llama.model(input_ids=part[None], past_key_values=cache)
    recorded = recording.of(IDS)
    assert recorded.checked.tolist() == [0, 3, 8, 9]
    assert (recorded.logits - logits[[0, 3, 8, 9]]).abs().max() <= 1e-5


def test_the_positions_to_check_are_named_on_the_cpu_where_any_device_can_read_them() -> None:
    """The last layer of a model that is spread over devices is not where its inputs are."""

    class Spread(nn.Module):
        asked = torch.empty(0)

        def forward(self, input_ids: Tensor, logits_to_keep: Tensor) -> Any:
            self.asked = logits_to_keep
            layers[0](torch.zeros(1, 5, 3))
            return SimpleNamespace(logits=torch.zeros(1, len(logits_to_keep), 7))

    layers, model = nn.ModuleList([nn.Identity()]), Spread()
    anatomy = SimpleNamespace(layers=layers)
    vlm: Any = SimpleNamespace(n_vocab=7, n_layers=1, name="m", anatomy=anatomy, model=model)
    with Recording(vlm, [0, 1], 5) as recording:
        model(input_ids=torch.zeros((1, 5), device="meta"))
    assert model.asked.tolist() == [0, 1, 2, 3, 4] and model.asked.device.type == "cpu"
    assert recording._passes[0].kept == [0, 1, 2, 3, 4]


def test_nothing_stays_behind(llama: Any) -> None:
    def hooks() -> int:
        modules = llama.model.modules()
        return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in modules)

    before = hooks()
    with pytest.raises(RuntimeError), Recording(llama, range(4), N):
        assert hooks() > before
        raise RuntimeError("out of memory")
    assert hooks() == before
