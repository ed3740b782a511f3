"""The lens against a brute force in float64 NumPy that shares no code with it."""

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from logit_lens import LensError
from logit_lens.reading import lens
from logit_lens.reading import ranks as ranks_module
from logit_lens.reading.check import RunningCheck
from logit_lens.reading.lens import Reading, Tail, read_lens
from logit_lens.reading.ranks import largest, ranks
from logit_lens.reading.tail import PlainTail

LAYERS, POSITIONS, WIDTH = 4, 13, 24


class ToyModel:
    """A random norm (its weights too) and head, and random states that differ by layer."""

    def __init__(self, vocab: int = 1000, layers: int = LAYERS, positions: int = POSITIONS) -> None:
        torch.manual_seed(0)
        self.norm = nn.RMSNorm(WIDTH)
        nn.init.normal_(self.norm.weight, 1, 0.5)
        self.head = nn.Linear(WIDTH, vocab)
        nn.init.normal_(self.head.weight)
        self.states = list(torch.randn(layers, positions, WIDTH).cumsum(0))
        self.positions = positions

    def to(self, dtype: torch.dtype) -> "ToyModel":
        self.norm.to(dtype)
        self.head.to(dtype)
        self.states = [state.to(dtype) for state in self.states]
        return self

    def tail(self, state: Tensor, at: slice) -> Tensor:
        result: Tensor = self.head(self.norm(state[at]))
        return result

    def logits(self) -> np.ndarray:
        """(layer, position, vocab) in float64, as the tail returns them."""
        with torch.no_grad():
            rows = [self.tail(state, slice(None)).double().numpy() for state in self.states]
        return np.stack(rows)

    def read(self, tail: Tail | None = None, **options: Any) -> Reading:
        return read_lens(tail or self.tail, self.states, self.positions, **options)


def tail_of(logits: np.ndarray, dtype: torch.dtype = torch.float32) -> tuple[Tail, list[Tensor]]:
    """A tail whose states are the logits themselves."""
    states = [torch.from_numpy(rows).to(dtype) for rows in logits]
    return (lambda state, at: state[at]), states


def brute_force(logits: np.ndarray, k: int, tracked: list[int]) -> dict[str, np.ndarray]:
    """Cell by cell, word by word, from (layer, position, vocab) in float64."""
    layers, positions, vocab = logits.shape
    shape = (layers, positions)
    out: dict[str, np.ndarray] = {
        "top_ids": np.zeros((*shape, k), int),
        "top_probs": np.zeros((*shape, k)),
        "entropy": np.zeros(shape),
        "kl": np.zeros(shape),
        "tracked_probs": np.zeros((*shape, len(tracked))),
        "tracked_ranks": np.zeros((*shape, len(tracked)), int),
    }
    for position in range(positions):
        row = logits[-1, position]
        final = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        for layer in range(layers):
            row = logits[layer, position]
            weights = np.exp(row - row.max())
            p = weights / weights.sum()
            order = sorted(range(vocab), key=lambda word: (-row[word], word))[:k]
            at = layer, position
            out["top_ids"][at] = order
            out["top_probs"][at] = p[order]
            out["entropy"][at] = -sum(x * np.log(x) for x in p if x > 0)
            both = [(x, y) for x, y in zip(final, p, strict=True) if x > 0]
            with np.errstate(divide="ignore"):
                out["kl"][at] = sum(x * (np.log(x) - np.log(y)) for x, y in both)
            out["tracked_probs"][at] = p[tracked]
            out["tracked_ranks"][at] = [(row > row[word]).sum() for word in tracked]
    return out


def assert_equal(reading: Reading, expected: dict[str, np.ndarray]) -> None:
    for name, values in expected.items():
        found = getattr(reading, name)
        assert found.shape == values.shape, name
        if values.dtype.kind == "i":
            assert found.dtype == np.int32, name
            np.testing.assert_array_equal(found, values, name)
        else:
            assert found.dtype == np.float32, name
            np.testing.assert_allclose(found, values, rtol=2e-5, atol=1e-5, err_msg=name)


def assert_same(one: Reading, other: Reading) -> None:
    for field in fields(Reading):
        np.testing.assert_allclose(
            getattr(one, field.name), getattr(other, field.name), rtol=1e-5, atol=2e-6
        )


@pytest.fixture(params=["as on a CPU", "as on an accelerator"])
def any_device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operations of an accelerator, on a CPU: where they differ, both must be right."""
    if request.param == "as on an accelerator":
        for module in (lens, ranks_module):
            monkeypatch.setattr(module, "on_cpu", lambda tensor: False)


@pytest.mark.usefixtures("any_device")
@pytest.mark.parametrize("vocab", [7, 96, 100, 1000, 1920, 2001])
def test_every_cell_equals_brute_force(vocab: int) -> None:
    model = ToyModel(vocab)
    tracked = [0, vocab - 1, vocab // 2, 3]
    reading = model.read(top_k=7, tracked_ids=tracked)
    assert_equal(reading, brute_force(model.logits(), 7, tracked))


@pytest.mark.usefixtures("any_device")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_are_read_in_float32(dtype: torch.dtype) -> None:
    model = ToyModel(2001).to(dtype)
    tracked = [5, 2000]
    reading = model.read(top_k=10, tracked_ids=tracked)
    # bfloat16 logits tie all the time, so this also proves the order of equal ones
    assert_equal(reading, brute_force(model.logits(), 10, tracked))


@pytest.mark.parametrize("chunk", [1, 7, POSITIONS, 1000])
@pytest.mark.parametrize("cached", [1, 3000, 10**9])
def test_chunks_and_slices_change_nothing(
    chunk: int, cached: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ToyModel()
    whole = model.read(top_k=5, tracked_ids=[1, 2])
    monkeypatch.setattr(lens, "CACHED_ELEMENTS", cached)
    assert_same(model.read(top_k=5, tracked_ids=[1, 2], chunk=chunk), whole)


@pytest.mark.parametrize(("layers", "positions"), [(1, 1), (1, 5), (3, 1)])
def test_one_layer_and_one_position_are_enough(layers: int, positions: int) -> None:
    model = ToyModel(layers=layers, positions=positions)
    assert_equal(model.read(top_k=3, tracked_ids=[9]), brute_force(model.logits(), 3, [9]))


@pytest.mark.usefixtures("any_device")
@pytest.mark.parametrize("vocab", [1, 50, 300])
def test_k_may_be_the_whole_vocabulary(vocab: int) -> None:
    model = ToyModel(vocab)
    assert_equal(model.read(top_k=vocab), brute_force(model.logits(), vocab, []))


def test_the_final_layer_has_no_divergence_from_itself() -> None:
    reading = ToyModel().read(top_k=1)
    assert (reading.kl[-1] == 0).all()
    assert (reading.kl >= 0).all()


@pytest.mark.usefixtures("any_device")
def test_equal_logits_come_lowest_id_first_and_share_a_rank() -> None:
    rng = np.random.default_rng(0)
    logits = rng.integers(-3, 4, (2, 5, 2001)).astype(float)  # ties everywhere
    logits[0, 0] = 0.0
    logits[0, 1] = -0.0
    logits[0, 1, 77] = 0.0  # the same number
    tail, states = tail_of(logits)
    tracked = list(range(0, 2001, 50))
    reading = read_lens(tail, states, 5, top_k=12, tracked_ids=tracked)
    assert_equal(reading, brute_force(logits, 12, tracked))
    assert reading.top_ids[0, 1].tolist() == list(range(12))
    assert (reading.tracked_ranks[0, 1] == 0).all()


@pytest.mark.usefixtures("any_device")
def test_words_that_cannot_be_have_no_part_in_the_statistics() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (3, 4, 500))
    logits[..., 100:300] = -np.inf  # a model that masks part of its vocabulary
    tail, states = tail_of(logits)
    tracked = [99, 100, 300]
    reading = read_lens(tail, states, 4, top_k=5, tracked_ids=tracked)
    assert_equal(reading, brute_force(np.float32(logits).astype(float), 5, tracked))
    everything = read_lens(tail, states, 4, top_k=500)
    assert sorted(everything.top_ids[0, 0].tolist()) == list(range(500))


@pytest.mark.usefixtures("any_device")
def test_divergence_is_infinite_where_a_layer_excludes_what_the_model_says() -> None:
    logits = np.zeros((2, 1, 200))
    logits[0, 0, :50] = -np.inf
    tail, states = tail_of(logits)
    assert read_lens(tail, states, 1, top_k=1).kl.tolist() == [[np.inf], [0.0]]


@pytest.mark.usefixtures("any_device")
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_overflow_spoils_its_own_cell_only(value: float) -> None:
    logits = np.random.default_rng(0).normal(size=(3, 4, 2000))
    tail, states = tail_of(logits, torch.float16)
    clean = read_lens(tail, states, 4, top_k=3, tracked_ids=[1])
    states[1][2, 1234] = value
    reading = read_lens(tail, states, 4, top_k=3, tracked_ids=[1])
    spoilt = np.zeros((3, 4), bool)
    spoilt[1, 2] = True
    for name in ("top_probs", "entropy", "kl", "tracked_probs"):
        found = getattr(reading, name)
        assert np.isnan(found[spoilt]).all(), name
        np.testing.assert_array_equal(found[~spoilt], getattr(clean, name)[~spoilt])


@pytest.mark.usefixtures("any_device")
def test_a_common_offset_of_the_logits_costs_no_precision() -> None:
    logits = np.random.default_rng(0).integers(0, 10, (2, 3, 500)).astype(float)
    tail, states = tail_of(logits + 10_000)
    assert_equal(read_lens(tail, states, 3, top_k=4), brute_force(logits, 4, []))


def test_only_the_tail_indexes_the_states() -> None:
    """A family with several streams of the residual, and states that are no tensors at all."""
    torch.manual_seed(0)
    streams = torch.randn(3, 4, POSITIONS, WIDTH)  # (layer, stream, position, d_model)
    head = nn.Linear(WIDTH, 300)

    def tail(state: Tensor, at: slice) -> Tensor:
        result: Tensor = head(state[:, at].mean(0))
        return result

    with torch.no_grad():
        logits = head(streams.mean(1)).double().numpy()
    reading = read_lens(tail, list(streams), POSITIONS, top_k=5, chunk=4)
    assert_equal(reading, brute_force(logits, 5, []))


def test_without_statistics_entropy_and_divergence_are_nan() -> None:
    model = ToyModel()
    reading = model.read(top_k=5, tracked_ids=[1], statistics=False)
    assert np.isnan(reading.entropy).all()
    assert np.isnan(reading.kl).all()
    full = model.read(top_k=5, tracked_ids=[1])
    np.testing.assert_array_equal(reading.top_probs, full.top_probs)
    np.testing.assert_array_equal(reading.tracked_probs, full.tracked_probs)


def test_progress_counts_every_cell_once() -> None:
    done: list[int] = []
    ToyModel().read(top_k=1, chunk=5, on_progress=done.append)
    assert sum(done) == LAYERS * POSITIONS


def test_what_does_not_fit_the_vocabulary_is_an_error() -> None:
    model = ToyModel(50)
    for k in (0, 51):
        with pytest.raises(LensError, match="use 1 to 50"):
            model.read(top_k=k)
    for token_id in (-1, 50):
        with pytest.raises(LensError, match="the ids are 0 to 49"):
            model.read(top_k=1, tracked_ids=[token_id])


def test_chunks_shrink_as_the_vocabulary_grows() -> None:
    """Memory goes with the chunk: no product is larger than the budget, at any length."""
    for vocab, positions in [(32_064, 620), (32_064, 5000), (152_000, 700), (262_144, 300)]:
        asked: list[int] = []

        def tail(state: Tensor, at: slice, vocab: int = vocab, asked: Any = asked) -> Tensor:
            asked.append(at.stop - at.start)
            return torch.zeros(1, vocab).expand(at.stop - at.start, -1)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lens, "_read_logits", lambda *_: None)
            read_lens(tail, [torch.empty(0)], positions, top_k=1, statistics=False)
        assert asked[0] == 1  # the product that tells the vocabulary
        assert sum(asked[1:]) == positions
        assert max(asked) * vocab <= lens.CHUNK_ELEMENTS
        assert max(asked[1:]) - min(asked[1:]) <= 1


class NoNewcomers(TorchDispatchMode):
    """Refuses what would wait for a copy from the CPU, once reading has begun."""

    begun = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
        if self.begun and any(x.device.type == "cpu" for x in tensors):
            raise RuntimeError(f"{func} is given numbers from the CPU")
        return func(*args, **(kwargs or {}))


def read_without_numbers(on_final: Callable[[Tensor, slice], object]) -> int:
    """Read on the meta device, which raises where a number is asked for; returns the cells read.

    It stands for an accelerator: asking it for a number means waiting for all that was begun.
    """
    meta = torch.device("meta")
    norm, head = nn.RMSNorm(WIDTH, device=meta), nn.Linear(WIDTH, 32_064, device=meta)
    plain, mode, done = PlainTail(norm, head), NoNewcomers(), list[int]()

    def tail(state: Tensor, at: slice) -> Tensor:
        mode.begun = at != slice(0, 1)  # the first tells the vocabulary
        return plain(state, at)

    with mode, pytest.raises(Exception, match="(?i)meta|numbers"):
        read_lens(
            tail,
            [torch.empty(620, WIDTH, device=meta) for _ in range(3)],
            620,
            top_k=10,
            tracked_ids=range(0, 32_000, 1000),
            on_progress=done.append,
            on_final=on_final,
        )
    return sum(done)


@pytest.mark.parametrize("step", [1, 7])
def test_nothing_waits_for_the_device_before_everything_is_read(step: int) -> None:
    checked = torch.arange(0, 620, step)
    logits = torch.empty(len(checked), 32_064, device="meta")
    check = RunningCheck(logits, checked, torch.float32)
    assert read_without_numbers(check.compare) == 3 * 620


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x[0, 0].item(),
        lambda x: bool((x > 0).all()),
        lambda x: x.cpu(),
        lambda x: x[:1].tolist(),
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: torch.equal(x, x),
        lambda x: x[torch.tensor([0, 1])],
        lambda x: x.copy_(torch.zeros(1)),
    ],
)
def test_the_test_above_would_notice(ask: Callable[[Tensor], object]) -> None:
    assert read_without_numbers(lambda logits, at: ask(logits)) < 3 * 620


def _peak_bytes(run: Callable[[], object]) -> int:
    """The most memory that torch tensors held at a time during the run."""
    with torch.profiler.profile(profile_memory=True, record_shapes=False) as profile:
        run()
    held = peak = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak


def test_memory_grows_with_the_chunk_and_not_with_the_sequence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vocab = 4000
    monkeypatch.setattr(lens, "CHUNK_ELEMENTS", 50 * vocab)
    monkeypatch.setattr(lens, "CACHED_ELEMENTS", 2 * vocab)
    chunk_bytes = 50 * vocab * 4
    for positions in (50, 400):
        model = ToyModel(vocab, layers=3, positions=positions)
        peak = _peak_bytes(partial(model.read, top_k=5, tracked_ids=[1, 2]))
        assert chunk_bytes < peak < 2.6 * chunk_bytes  # the logits, and p_N beside them


def test_largest_and_ranks_hold_at_the_edges_of_blocks() -> None:
    for vocab in (191, 192, 193, 288, 2 * 96 * 3):
        logits = torch.zeros(3, vocab)
        logits[0, vocab - 1] = 1
        logits[1] = torch.arange(vocab)
        logits[2] = -torch.inf
        assert largest(logits, 1)[:, 0].tolist() == [vocab - 1, vocab - 1, 0]
        assert largest(logits, 3)[2].tolist() == [0, 1, 2]
        found = ranks(logits, torch.tensor([0, vocab - 1]))
        assert found.tolist() == [[1, 0], [vocab - 1, 0], [0, 0]]


def naive_ranks(logits: Tensor, ids: list[int]) -> list[list[int]]:
    """Word by word; NaN is larger than everything and equal to NaN."""

    def key(value: float) -> tuple[bool, float]:
        return (value != value, 0.0 if value != value else value)

    rows = [[key(value) for value in row] for row in logits.tolist()]
    return [[sum(other > row[i] for other in row) for i in ids] for row in rows]


@pytest.mark.usefixtures("any_device")
@pytest.mark.parametrize("vocab", [1, 31, 32, 33, 500, 1024])
@pytest.mark.parametrize("count", [1, 8, ranks_module.COMPARED, ranks_module.COMPARED + 1, 100])
def test_ranks_equal_brute_force_with_ties_and_numbers_that_are_none(
    vocab: int, count: int
) -> None:
    rng = np.random.default_rng(vocab)
    logits = torch.from_numpy(rng.integers(-9, 10, (7, vocab)).astype(np.float32))  # many ties
    logits[1] = torch.from_numpy(rng.normal(size=vocab))
    logits[2, rng.random(vocab) < 0.3] = -torch.inf
    logits[3, rng.random(vocab) < 0.3] = torch.nan
    logits[4, rng.random(vocab) < 0.3] = torch.inf
    logits[5] = torch.tensor([torch.nan, -torch.inf, torch.inf, -0.0, 0.0])[
        torch.from_numpy(rng.integers(0, 5, vocab))
    ]
    logits[6] = torch.nan
    ids = rng.integers(0, vocab, count)  # some of them twice
    assert ranks(logits, torch.from_numpy(ids)).tolist() == naive_ranks(logits, ids.tolist())


@pytest.mark.usefixtures("any_device")
def test_ranks_are_exact_in_vocabularies_larger_than_any_models() -> None:
    vocab = 300_000
    logits = torch.arange(vocab, dtype=torch.float32)[None]
    ids = torch.tensor([0, 1, vocab // 2, vocab - 1])
    assert ranks(logits, ids).tolist() == [[vocab - 1, vocab - 2, vocab // 2 - 1, 0]]
