"""Replacing patches: against plain transformers, to the last bit, out of memory, bad input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from causal import Twin, called, run_command, said, stock
from torch import nn

from logit_lens.images import open_picture
from logit_lens.model.vlm import load_vlm
from logit_lens.patches.windows import random_sets, windows
from logit_lens.reading.answer import answer_prompt
from logit_lens.reading.causal import ablate as ablation
from logit_lens.reading.causal import rerun
from logit_lens.reading.causal.ablate import ablate, copies_that_fit, mean_patch, read_vector
from logit_lens.reading.prompt import encode_prompt
from logit_lens.record import IMAGE, load_record


@pytest.mark.parametrize("name", ["demo", "qwen2_vl", "gemma3"])
def test_the_command_ablates_as_plain_transformers_with_edited_features_does(
    name: str, twin: Twin, command: Any
) -> None:
    record = run_command(command, twin, name, "--ablate")
    assert record.meta["notes"] == []
    model: Any = stock(twin(name)[0])
    # the prompt and answer of the record, through the stock model with the stock processor's inputs
    vlm = load_vlm(str(twin(name)[0]), device="cpu")
    question = "Hi?" if name != "demo" else "Describe the image."
    with torch.inference_mode():
        inputs = encode_prompt(vlm, open_picture(twin(name)[1]), question).inputs
    whole = {k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in inputs.items()}
    n_more = len(record.input_ids) - whole["input_ids"].shape[1]
    whole["input_ids"] = torch.from_numpy(record.input_ids)[None]
    for key in ("attention_mask", "token_type_ids", "mm_token_type_ids"):
        if key in whole:
            fill = whole[key].new_full((1, n_more), 1 if key == "attention_mask" else 0)
            whole[key] = torch.cat([whole[key], fill], 1)
    image_id = int(record.input_ids[record.position_kind == IMAGE][0])
    plain = model.get_input_embeddings()
    caught: list[torch.Tensor] = []

    def run(chosen: np.ndarray | None, fill: torch.Tensor | None) -> np.ndarray:
        """The stock forward, in which the language model's own input is edited by hand."""

        def edit(module: Any, args: Any, kwargs: Any) -> Any:
            embeds = kwargs["inputs_embeds"].clone()
            at = (whole["input_ids"][0] == image_id).nonzero()[:, 0]
            caught.append(embeds[0, at])
            if chosen is not None:
                for n in np.flatnonzero(chosen):
                    embeds[0, at[n]] = fill
            return args, {**kwargs, "inputs_embeds": embeds}

        handle = model.model.language_model.register_forward_pre_hook(edit, with_kwargs=True)
        with torch.inference_mode():
            logits = model(**whole).logits[0]
        handle.remove()
        return said(logits, record)

    assert plain is not None
    before = run(None, None)
    np.testing.assert_allclose(record.extra["answer_logprob"], before, atol=1e-5)
    fill = caught[0].mean(0)
    sets, drop = record.extra["ablate_windows"], record.extra["ablate_drop"]
    for g in range(0, len(sets), max(1, len(sets) // 5)):
        np.testing.assert_allclose(drop[:, g], before - run(sets[g], fill), atol=1e-5)
    assert np.abs(drop).max() > 1e-3  # or nothing was compared


@pytest.mark.parametrize("name", ["demo", "llava_next"])
def test_replacing_patches_by_themselves_changes_nothing_to_the_last_bit(
    name: str, twin: Twin
) -> None:
    _, exchange, call = called(twin, name)
    images = exchange.image_positions
    with torch.inference_mode():
        own = call.embeds[0, torch.from_numpy(images)]
        sets = random_sets(np.ones(images.sum(), bool), 7, 11)
        for copies in (1, 4, 11):
            assert (ablate(call, images, sets, own, copies=copies) == 0).all()
        with call.prefix_kept(int(np.argmax(images)), 1e-3):
            assert (ablate(call, images, sets, own, copies=4) == 0).all()


@pytest.mark.parametrize(("window", "stride", "used"), [(3, 1, 1), (3, 3, 3), (1, 2, 1)])
def test_windows_leave_no_patch_out_and_with_a_stride_of_one_cover_all_equally_often(
    window: int, stride: int, used: int, twin: Twin, command: Any
) -> None:
    flags = ("--ablate", "--ablate-window", str(window), "--ablate-stride", str(stride))
    record = run_command(command, twin, "demo", *flags)
    covered = record.extra["ablate_windows"].sum(0)
    assert (covered >= 1).all() and record.meta["ablation"]["stride"] == used
    assert (covered == window**2).all() or used > 1
    assert np.isfinite(record.extra["ablate_drop"]).all()


def test_what_is_decided_before_a_patch_never_depends_on_it(twin: Twin) -> None:
    _, exchange, call = called(twin, "demo")
    images = exchange.image_positions
    first = int(np.argmax(images))
    call.rows = torch.arange(0, first + 40)  # into the image: up to its 40th patch
    call.ids = exchange.ids[1 : first + 41]
    late = np.zeros((1, images.sum()), bool)
    late[0, 40:] = True
    with torch.inference_mode():
        drop = ablate(call, images, late, torch.zeros(call.embeds.shape[-1]))
        assert (drop == 0).all()
        early = ~late
        assert np.abs(ablate(call, images, early, torch.zeros(call.embeds.shape[-1]))).max() > 0.01


def test_keys_and_values_of_the_prefix_are_reused_and_change_nothing(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rerun, "_WORTH_KEEPING", 0)
    for name in ("demo", "qwen2_vl", "gemma3"):
        _, exchange, call = called(twin, name)
        images = exchange.image_positions
        with torch.inference_mode():
            fill = mean_patch(call, images)
            sets = random_sets(np.ones(images.sum(), bool), 9, 5)
            whole = ablate(call, images, sets, fill)
            lengths: list[int] = []
            real = call.decoder.forward
            call.decoder.forward = _noting(real, lengths)
            with call.prefix_kept(int(np.argmax(images)), 1e-3):
                reused = ablate(call, images, sets, fill)
            assert lengths[-1] == len(exchange.ids) - int(np.argmax(images)), name
            np.testing.assert_allclose(whole, reused, atol=1e-4)


@pytest.mark.parametrize(("n", "read_again"), [(4, 0), (40, 40)])
def test_only_a_prefix_of_some_length_is_kept(n: int, read_again: int, twin: Twin) -> None:
    _, exchange, call = called(twin, "demo")
    lengths: list[int] = []
    call.decoder.forward = _noting(call.decoder.forward, lengths)
    with torch.inference_mode():
        right = call.log_probs(call.embeds)
        with call.prefix_kept(n, 1e-3):
            torch.testing.assert_close(call.log_probs(call.embeds), right)
    assert lengths[-1] == len(exchange.ids) - read_again


def _noting(forward: Any, lengths: list[int]) -> Any:
    """A decoder's forward that notes how long its inputs are."""

    def run(**kwargs: Any) -> Any:
        lengths.append(kwargs["inputs_embeds"].shape[1])
        return forward(**kwargs)

    return run


def test_a_cache_that_gives_another_answer_is_not_used(twin: Twin) -> None:
    _, _, call = called(twin, "demo")
    n = 40
    with torch.inference_mode():
        right = call.log_probs(call.embeds)
        real = call._read_prefix

        def broken(n: int) -> Any:
            prefix = real(n)
            assert prefix is not None
            length, cache = prefix
            for layer in cache.layers:
                layer.values = layer.values * 3
            return length, cache

        call._read_prefix = broken  # type: ignore[method-assign]
        with call.prefix_kept(n, 1e-3):
            torch.testing.assert_close(call.log_probs(call.embeds), right)


def test_out_of_memory_halves_the_batch_once_and_goes_on(twin: Twin) -> None:
    _, exchange, call = called(twin, "demo")
    images = exchange.image_positions
    sets = random_sets(np.ones(images.sum(), bool), 9, 10)
    with torch.inference_mode():
        fill = mean_patch(call, images)
        expected = ablate(call, images, sets, fill, copies=4)
        real, sizes = call.last_states, []

        def small(embeds: torch.Tensor) -> torch.Tensor:
            sizes.append(len(embeds))
            if len(embeds) > 4:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return real(embeds)

        call.last_states = small  # type: ignore[method-assign]
        np.testing.assert_array_equal(ablate(call, images, sets, fill, copies=8), expected)
        assert sizes == [8, 4, 4, 4, 4]
        with pytest.raises(torch.OutOfMemoryError):
            ablate(call, images, sets, fill, copies=64)


def test_copies_are_as_many_as_fit_into_a_gigabyte(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, call = called(twin, "demo")
    call.embeds = call.embeds.to("meta")  # as on an accelerator
    monkeypatch.setattr(ablation, "free_bytes", lambda device: None)
    assert copies_that_fit(call) == ablation.MOST_COPIES
    monkeypatch.setattr(ablation, "bytes_of_a_copy", lambda call: 300_000_000)
    assert copies_that_fit(call) == 3
    monkeypatch.setattr(ablation, "free_bytes", lambda device: 100)
    assert copies_that_fit(call) == 1


def test_on_a_cpu_copies_are_as_few_as_its_caches_like(twin: Twin) -> None:
    _, _, call = called(twin, "demo")
    n_positions = call.embeds.shape[1]
    assert 512 < copies_that_fit(call) * n_positions <= ablation.CPU_POSITIONS
    call.embeds = call.embeds.repeat(1, 20, 1)
    assert copies_that_fit(call) == 1


def test_windows_cover_every_patch_and_stay_inside_their_tile() -> None:
    def boxes(rows: int, columns: int, left: float = 0) -> np.ndarray:
        r, c = np.divmod(np.arange(rows * columns), columns)
        return np.stack([left + c * 7.3, r * 5.1, left + (c + 1) * 7.3, (r + 1) * 5.1], -1)

    one = windows(boxes(24, 24), np.zeros(576, np.int16))
    assert one.shape == (144, 576) and one.any(0).all() and (one.sum(1) == 9).all()
    two = np.concatenate([boxes(5, 4), np.full((3, 4), np.nan), boxes(2, 2, 100)])
    view = np.array([0] * 20 + [-1] * 3 + [1] * 4)
    sets = windows(two, view, 3, 2)
    assert not sets[:, 20:23].any() and sets[:, view >= 0].any(0).all()
    assert all(len(set(view[s])) == 1 for s in sets)
    assert sorted(sets.sum(1))[0] == 4 and len(sets) == 4 + 1
    nowhere = windows(np.full((20, 4), np.nan), np.full(20, -1), 3)
    assert nowhere.sum(1).tolist() == [9, 9, 2] and nowhere.any(0).all()


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 1), (3, 2), (4, 2), (5, 1)])
def test_past_the_edge_windows_begin_at_every_start_that_reaches_a_patch(
    size: int, stride: int
) -> None:
    r, c = np.divmod(np.arange(8 * 11), 11)
    boxes = np.stack([c, r, c + 1, r + 1], -1).astype(float)
    sets = windows(boxes, np.zeros(88), size, stride, past_edge=True)
    expected = set()
    for top in range(-size + 1, 8, stride):
        for left in range(-size + 1, 11, stride):
            square = (r >= top) & (r < top + size) & (c >= left) & (c < left + size)
            expected.add(tuple(np.flatnonzero(square)))
    assert {tuple(np.flatnonzero(some)) for some in sets} == expected
    if stride == 1:  # the corner lies in as many windows as the middle
        assert (sets.sum(0) == size * size).all()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: np.save(p / "v.npy", np.ones(7, np.float32)), "have 192 numbers|numbers"),
        (lambda p: np.save(p / "v.npy", np.full(128, np.nan, np.float32)), "not finite|numbers"),
        (lambda p: np.save(p / "v.npy", np.array([{}]), allow_pickle=True), "no plain tensor"),
        (lambda p: torch.save({"a": 1}, p / "v.pt"), "holds dict"),
        (lambda p: torch.save(nn.Linear(2, 2), p / "v.pt"), "no plain tensor"),
        (lambda p: (p / "v.pt").write_text("hello"), "no plain tensor"),
        (lambda p: (p / "v.npy").write_bytes(b""), "no plain tensor"),
    ],
)
def test_a_vector_that_cannot_stand_for_a_patch_is_refused_in_one_line(
    make: Any, says: str, command: Any, tmp_path: Path
) -> None:
    make(tmp_path)
    (path,) = tmp_path.glob("v.*")
    code, out, err = command("--demo", "--ablate-with", path, "--max-new-tokens", "3", "--quiet")
    assert code == 2 and out == []
    (line,) = err
    import re

    assert line.startswith("error: --ablate-with: ") and re.search(says, line), line


def test_a_vector_from_a_file_is_what_is_put_there(twin: Twin, tmp_path: Path) -> None:
    _, exchange, call = called(twin, "demo")
    width = call.embeds.shape[-1]
    vector = torch.linspace(-1, 1, width)
    torch.save(vector[None, None].half().float(), tmp_path / "v.pt")
    np.save(tmp_path / "v.npy", vector.half().float().numpy())
    a, b = read_vector(tmp_path / "v.pt", width), read_vector(tmp_path / "v.npy", width)
    torch.testing.assert_close(a, vector, atol=1e-3, rtol=0)
    assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--ablate", "--prompt", "Hi"), "name an --image"),
        (("--ablate", "--image", "x.png", "--max-new-tokens", "0"), "no answer to ask about"),
        (("--knockout", "--image", "x.png", "--max-new-tokens", "0"), "no answer to ask about"),
        (("--attribute", "--prompt", "Hi", "--max-new-tokens", "0"), "no answer to ask about"),
        (("--ablate", "--image", "x.png", "--ablate-window", "0"), "below 1"),
        (("--ablate", "--image", "x.png", "--ablate-stride", "0"), "below 1"),
        (("--ablate", "--image", "x.png", "--ablate-stride", "4"), "at most a window's side"),
        (("--ablate", "--image", "x.png", "--ablate-with", "noise"), "neither mean, nor zero"),
        (("--image", "x.png", "--against-token", "dog"), "belongs to --attribute"),
        (("--from-data", "x.npz", "--ablate"), "needs the model"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_loaded(
    flags: tuple[str, ...], says: str, command: Any
) -> None:
    code, out, err = command(*flags)
    assert (code, out) == (2, []) and says in err[-1] and len(err) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("qwen3_vl", "DeepStack"),
        ("mllama", "cross-attention"),
        ("florence2", "in its encoder"),
    ],
)
def test_a_family_whose_image_enters_elsewhere_is_told_in_one_line_and_reported(
    name: str, says: str, twin: Twin, command: Any
) -> None:
    folder, image = twin(name)
    where = ["--model", folder, "--image", image, "--output", "run.html", "--save-data", "--quiet"]
    code, _, err = command(*where, "--prompt", "Hi?", "--max-new-tokens", "2", "--ablate")
    assert code == 0
    (line,) = [line for line in err if "--ablate" in line]
    assert line.startswith("note: --ablate: ") and says in line
    record = load_record(Path("run.npz"))
    assert "ablate_drop" not in record.extra and says in record.meta["ablation"]["refused"]


def test_an_empty_answer_is_a_note_not_a_crash(command: Any, monkeypatch: Any) -> None:
    from logit_lens.reading import pipeline

    monkeypatch.setattr(
        pipeline,
        "answer_prompt",
        lambda vlm, prompt, n: answer_prompt(vlm, prompt, 0),
    )
    code, _, err = command("--demo", "--output", "run.html", "--quiet")
    assert code == 0
    assert [line for line in err if "the model said nothing" in line]
