"""fit_lens.py: what it fits is what it says, and whatever ends it, it ends with the same file."""

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from broken import copy_of_demo
from pictures import good_pictures
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

import fit_lens
from fitting.divergence import distances
from fitting.held_out import Measured
from fitting.jacobian import JacobianFit, truncated
from fitting.loop import Found, Plan
from fitting.outcome import keep_better
from fitting.samples import FIRST_DRAWN, Sample, drawn_samples, split
from fitting.states import Read, Reader
from fitting.team import Team
from fitting.tuned import TunedFit
from logit_lens import LensError
from logit_lens.model.vlm import load_vlm
from logit_lens.reading.lenses.files import read_lens_file
from logit_lens.reading.lenses.lens import Translator
from logit_lens.record import load_record
from logit_lens.resources import DEMO_LENS, DEMO_MODEL

SCRIPT = Path(fit_lens.__file__)
TOY = ["--kind", "tuned", "--scenes", "3", "--rounds", "4", "--batch", "2", "--every", "2"]
TOY += ["--rank", "4", "--rate", "0.02", "--max-new-tokens", "2", "--held-out", "0.3"]
TOY += ["--device", "cpu", "--checkpoint", "0", "--quiet"]


class Toy(nn.Module):
    """Decoder layers in a row, as a model calls them."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.requires_grad_(False)

    def forward(self, states: Tensor, use_cache: bool = True) -> Tensor:
        for layer in self.layers:
            states = layer(states)
        return states


class Mixing(nn.Module):
    """A layer in which every position looks at those before it, and that is not linear."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.own, self.past = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, states: Tensor) -> Tensor:
        length = states.shape[1]
        look = torch.ones(length, length).tril() / torch.arange(1, length + 1)[:, None]
        moved: Tensor = states + torch.tanh(self.own(states)) + torch.sin(self.past(look @ states))
        return moved


def jacobian_of(model: Toy, states: list[Tensor], weights: list[Tensor], skip: int) -> Tensor:
    fit = JacobianFit(model, model.layers, states[0].shape[-1], skip)
    for each, weight in zip(states, weights, strict=True):
        fit.contribute({"states": each}, weight)
    fit.finish(Team(on_cpu=True))
    return fit.matrices()


def test_the_jacobian_of_a_linear_toy_is_the_analytic_product() -> None:
    torch.manual_seed(0)
    layers = [nn.Linear(6, 6) for _ in range(3)]
    found = jacobian_of(Toy(*layers), [torch.randn(1, 9, 6)], [torch.rand(9)], skip=2)
    a, b, c = (layer.weight for layer in layers)
    for matrix, product in zip(found, (c @ b @ a, c @ b, c), strict=True):
        torch.testing.assert_close(matrix, product)


def test_the_jacobian_of_a_two_layer_toy_is_autograds_averaged_by_hand() -> None:
    torch.manual_seed(0)
    width, skip = 5, 2
    model = Toy(Mixing(width), Mixing(width))
    states = [torch.randn(1, length, width) for length in (7, 9)]
    weights = [torch.rand(7), torch.rand(9)]
    found = jacobian_of(model, states, weights, skip)
    for layer in (0, 1):
        total, weight = torch.zeros(width, width), 0.0
        for each, own in zip(states, weights, strict=True):
            start = each if layer == 0 else model.layers[0](each)

            def rest(h: Tensor, layer: int = layer) -> Tensor:
                for part in list(model.layers)[layer:]:
                    h = part(h[None])[0]
                return h

            whole = torch.autograd.functional.jacobian(rest, start[0])  # (to, i, from, j)
            counted = range(skip, each.shape[1] - 1)
            for source in counted:
                to_all = sum(whole[target, :, source] for target in counted)
                total += own[source] * to_all
                weight += float(own[source])
        torch.testing.assert_close(found[layer], total / weight, atol=1e-5, rtol=1e-4)


def toy_read(width: int = 6, vocab: int = 30, positions: int = 12) -> Read:
    torch.manual_seed(0)
    norm, head = nn.RMSNorm(width), nn.Linear(width, vocab)
    head.requires_grad_(False)
    states = list(torch.randn(4, positions, width).cumsum(0))
    weights = torch.rand(positions)
    on_image = torch.arange(positions) < 5
    return Read(states, weights, on_image, lambda state, at: head(norm(state[at])))


def test_the_loss_of_a_step_is_the_weighted_kl_and_the_step_goes_down_it() -> None:
    read = toy_read()
    fit = TunedFit(6, 3, None, rate=0.01, steps=10, seed=0, device=torch.device("cpu"))
    matrices = torch.zeros(3, 6, 6, requires_grad=True)
    q = [
        read.tail(h + h @ m.T, slice(None)).softmax(-1)
        for h, m in zip(read.states[:-1], matrices, strict=True)
    ]
    p = read.tail(read.states[-1], slice(None)).softmax(-1)
    kl = torch.stack([(p * (p / each).log()).sum(-1) for each in q])  # (layer, position)
    expected = (kl @ read.weights).sum() / read.weights.sum()
    (slope,) = torch.autograd.grad(expected, matrices)
    fit.contribute(read)
    loss = fit.finish(Team(on_cpu=True))
    assert loss == pytest.approx(float(expected.detach()) / 3, rel=1e-4)
    moved = torch.stack([t.factors[0] for t in fit.translators().values()])
    clear = slope.abs() > 1e-5
    assert (moved.sign() == -slope.sign())[clear].all()
    np.testing.assert_allclose(distances(read, {}), kl.detach().numpy(), atol=1e-5)
    after = distances(read, fit.translators()) @ read.weights.numpy()
    assert (after < distances(read, {}) @ read.weights.numpy()).all()


def test_a_low_rank_jacobian_is_the_nearest_of_its_rank() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(8, 8)
    down, up = truncated(Translator((matrix,)), 3).factors
    assert down.shape == (3, 8) and up.shape == (8, 3)
    left = torch.linalg.svdvals(matrix)[3:]
    assert float((matrix - up @ down).norm()) == pytest.approx(float(left.norm()), rel=1e-4)


def test_pictures_are_held_out_whole_and_every_sample_has_its_turn() -> None:
    samples = drawn_samples(20)
    fitted, held = split(samples, 0.2, seed=0)
    assert len({s.image for s in held}) == 4
    assert not {s.image for s in held} & {s.image for s in fitted}
    assert sorted(s.key for s in fitted + held) == sorted(s.key for s in samples)
    plan = Plan(rounds=9, batch=4, every=1, patience=0, seed=0)
    drawn = [s.key for number in range(9) for s in plan.batch_of(fitted, number)]
    assert sorted(drawn[: len(fitted)]) == sorted(s.key for s in fitted)
    again = [s.key for number in range(9) for s in plan.batch_of(fitted, number)]
    assert drawn == again and drawn[: len(fitted)] != [s.key for s in fitted]
    with pytest.raises(LensError, match="name two or more"):
        split(samples[:1], 0.1, seed=0)


class Judge:
    """What is held out, with given KL: 1 through the logit lens, else what the layer is worth."""

    def __init__(self, worth: list[float]) -> None:
        self._worth = worth

    def measure(self, translators: dict[int, Translator]) -> Measured:
        kl = [self._worth[n] if n in translators else 1.0 for n in range(len(self._worth))]
        columns = np.repeat(np.array(kl, np.float32)[:, None], 4, 1)
        return Measured(columns, np.ones(4, np.float32), np.array([True, True, False, False]))


def test_a_layer_that_is_no_better_than_the_logit_lens_stays_as_it_is() -> None:
    one = Translator((torch.zeros(2, 2),))
    found = Found({n: (0.0, one) for n in range(3)}, [])
    judge: Any = Judge([0.4, 1.2, 1.0])
    kept = keep_better(found, judge, judge.measure({}), torch.float32)
    assert list(kept.translators) == [0]
    assert kept.measured.mean.tolist() == pytest.approx([0.4, 1.0, 1.0])
    judge = Judge([1.0, 1.2, 3.0])
    with pytest.raises(LensError, match="no layer reads better"):
        keep_better(found, judge, judge.measure({}), torch.float32)


def test_the_best_of_every_layer_is_kept_and_standing_still_ends_the_fit() -> None:
    found = Found({}, [])
    old, new = Translator((torch.zeros(2, 2),)), Translator((torch.ones(2, 2),))
    found.look(Judge([0.5, 0.5]).measure({0: old, 1: old}), {0: old, 1: old})
    found.look(Judge([0.4, 0.9]).measure({0: new, 1: new}), {0: new, 1: new})
    assert found.best[0][1] is new and found.best[1][1] is old
    assert found.looks == pytest.approx([1.0, 0.9])
    assert not found.stands_still(1) and not found.stands_still(2)
    found.look(Judge([0.5, 0.5]).measure({0: new, 1: new}), {0: new, 1: new})
    assert found.stands_still(1) and not found.stands_still(2) and not found.stands_still(0)


def test_states_are_those_of_the_models_own_forward_and_images_weigh_as_asked() -> None:
    vlm = load_vlm(str(DEMO_MODEL), device="cpu")
    sample = drawn_samples(1)[0]
    reader = Reader(vlm, image_weight=0.25, max_new_tokens=3)
    first, again = reader.read(sample), reader.read(sample)
    assert first is not None and again is not None
    assert set(first.weights[first.on_image].tolist()) == {0.25}
    assert set(first.weights[~first.on_image].tolist()) == {1.0}
    assert int(first.on_image.sum()) == 144
    for one, other in zip(first.states, again.states, strict=True):
        assert torch.equal(one, other)  # the kept answer gives what the generated one gave
    exchange = reader.exchange(sample)
    assert exchange is not None and exchange.n_answer == 3
    with torch.no_grad():
        out = vlm.model(**exchange.inputs, output_hidden_states=True)
    for layer in range(vlm.n_layers):
        torch.testing.assert_close(first.states[layer], out.hidden_states[layer][0])


def run_in_child(argv: list[str], folder: Path) -> None:
    os.chdir(folder)
    os._exit(fit_lens.main(argv))


@pytest.fixture(scope="module")
def start() -> Callable[[Path], Any]:
    """Start a toy fit in a folder, in a process forked from one that has imported torch."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warm"])

    def begin(folder: Path) -> Any:
        argv = [*TOY, "--output", "lens.safetensors"]
        process = context.Process(target=run_in_child, args=(argv, folder), daemon=True)
        process.start()
        return process

    return begin


KILLS = int(os.environ.get("FIT_LENS_KILLS", "2"))


def killed_at_random(process: Any, part: Path, chance: random.Random) -> bool:
    """Kill it before it begins, or some moment after one of its next checkpoints."""

    def now() -> int | None:
        return part.stat().st_ino if part.exists() else None

    wanted, last = chance.choice((0, 1, 1, 2)), now()
    while process.is_alive() and wanted:
        time.sleep(0.002)
        wanted, last = wanted - (now() not in (None, last)), now()
    process.join(chance.uniform(0, 0.4))
    alive = process.exitcode is None
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    return alive


def test_killed_at_random_moments_and_rerun_it_ends_with_the_same_file(
    start: Callable[[Path], Any], tmp_path: Path
) -> None:
    folders = whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in folders:
        folder.mkdir()
    process = start(whole)
    process.join(300)
    assert process.exitcode == 0
    expected = (whole / "lens.safetensors").read_bytes()
    chance, part, lens = random.Random(0), killed / "lens.safetensors.part", "lens.safetensors"
    kills = goes_on = 0
    for _ in range(KILLS):
        kills += killed_at_random(start(killed), part, chance)
        if part.exists():
            goes_on += 1
            assert torch.load(part, weights_only=True)["rounds"] >= 1  # whole, always
        if (killed / lens).exists():
            assert (killed / lens).read_bytes() == expected
            (killed / lens).unlink()
            part.unlink(missing_ok=True)
    process = start(killed)
    process.join(300)
    assert process.exitcode == 0
    assert (killed / lens).read_bytes() == expected
    assert [path.name for path in killed.iterdir()] == [lens]
    print(f"{kills} killed, {goes_on} left a checkpoint to go on from")
    assert goes_on and kills


@pytest.mark.parametrize("kind", ["tuned", pytest.param("jacobian", marks=pytest.mark.slow)])
def test_two_processes_give_what_one_gives_within_rounding(tmp_path: Path, kind: str) -> None:
    rest = [*TOY, "--kind", kind, "--skip-first", "8"]
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    assert fit_lens.main([*rest, "--output", str(one)]) == 0
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*launcher, "--nproc-per-node", "2", SCRIPT, *rest, "--output", two],
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    alone, together = load_file(one), load_file(two)
    assert alone.keys() == together.keys()
    for name, tensor in alone.items():
        torch.testing.assert_close(together[name], tensor, atol=2e-4, rtol=1e-3, msg=name)
    assert done.stdout.splitlines()[-1] == str(two)


def test_what_is_finished_is_kept_and_another_fit_is_not_mixed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    argv = [*TOY, "--rounds", "1", "--every", "1", "--output", "lens.safetensors"]
    assert fit_lens.main(argv) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "lens.safetensors" and out[0].startswith("| layer |")
    with safe_open("lens.safetensors", framework="pt") as file:
        said = json.loads(file.metadata()["lens"])
    assert said["kind"] == "tuned" and said["model"] == "demo" and said["n_layers"] == 8
    assert len(said["held_out"]["lens"]["median"]) == 8
    first = Path("lens.safetensors").read_bytes()
    assert fit_lens.main(argv) == 0
    assert "finished already" in capsys.readouterr().err
    assert fit_lens.main([*argv, "--seed", "1"]) == 1
    assert "from another fit" in capsys.readouterr().err
    torch.save({"settings": "another"}, "lens.safetensors.part")
    assert fit_lens.main([*argv, "--overwrite"]) == 1
    assert "a fit with other settings" in capsys.readouterr().err
    assert Path("lens.safetensors").read_bytes() == first
    # every layer that the file does not translate, it names
    found = read_lens_file(Path("lens.safetensors"))
    assert sorted([*found.translators, *said["left_as_is"]]) == list(range(8))


def test_pictures_of_a_folder_are_fitted_and_a_broken_one_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    good_pictures(tmp_path / "photos", 3)
    (tmp_path / "photos" / "broken.png").write_text("no picture")
    argv = ["--kind", "tuned", "--images", "photos", "--prompt", "Hi?", "Describe the image."]
    argv += ["--rounds", "3", "--batch", "4", "--every", "3", "--rank", "4", "--rate", "0.02"]
    argv += ["--max-new-tokens", "1", "--held-out", "0.4", "--device", "cpu"]
    assert fit_lens.main([*argv, "--output", "lens.safetensors"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "lens.safetensors"
    notes = [line for line in err.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1 and notes[0].startswith("note: photos/broken.png is left out: cannot")
    assert "round 3 of 3: KL" in err and "min left" in err
    fit = read_lens_file(Path("lens.safetensors")).about["fit"]
    assert fit["images"] == 4 and fit["prompt"] == ["Hi?", "Describe the image."]


def test_a_lens_that_is_written_into_the_models_folder_does_not_make_it_another_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = copy_of_demo(tmp_path / "model", "lens.safetensors")
    argv = [*TOY, "--rounds", "2", "--model", str(model), "--output", str(model / "l.safetensors")]
    with pytest.MonkeyPatch.context() as patch:

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr("fitting.command.keep_better", stop)
        assert fit_lens.main(argv) == 130
    assert (model / "l.safetensors.part").exists()
    assert "goes on from here" in capsys.readouterr().err
    assert fit_lens.main(argv) == 0
    assert fit_lens.main(argv) == 0
    assert "finished already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (["--scenes", "4", "--output", "x.safetensors"], 2, "name a --kind"),
        (["--kind", "tuned", "--output", "x.safetensors"], 2, "name --images or --scenes"),
        (["--kind", "tuned", "--scenes", "4", "--output", "x.pt"], 2, "in .safetensors"),
        ([*TOY, "--rank", "0", "--output", "x.safetensors"], 2, "--rank is below 1"),
        ([*TOY, "--held-out", "1", "--output", "x.safetensors"], 2, "--held-out is a share"),
        ([*TOY, "--scenes", "1", "--output", "x.safetensors"], 1, "name two or more"),
        (
            ["--kind", "tuned", "--images", "none", "--output", "x.safetensors"],
            1,
            "there is no file",
        ),
        (["--examine", "none.pt", "--images", "x"], 2, "--examine looks at --scenes"),
        (["--examine", "/none.pt", "--scenes", "2"], 1, "no file or folder /none.pt"),
    ],
)
def test_what_cannot_be_fitted_is_one_line(
    argv: list[str],
    code: int,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert fit_lens.main(argv) == code
    err = capsys.readouterr().err.splitlines()
    assert [line for line in err if says in line and line.startswith("error: ")], err


def held_out_demo(count: int) -> tuple[np.ndarray, np.ndarray]:
    """KL (layer, position) of scenes that no fit drew: through the logit lens, the demo's own."""
    reader = Reader(load_vlm(str(DEMO_MODEL), device="cpu"), 1.0, 24)
    lens = read_lens_file(DEMO_LENS)
    before, after = [], []
    for number in range(count):
        scene = 340_000 + number
        sample = next(s for s in drawn_samples_from(scene))
        read = reader.read(sample)
        assert read is not None
        before.append(distances(read, {}))
        after.append(distances(read, lens.translators))
    return np.concatenate(before, 1), np.concatenate(after, 1)


def drawn_samples_from(number: int) -> list[Sample]:
    from fitting.samples import drawn_sample

    assert number > FIRST_DRAWN
    return [drawn_sample(number, "Describe the image.")]


def test_the_demos_lens_is_small_and_reads_scenes_better_that_no_fit_has_seen() -> None:
    assert DEMO_LENS.stat().st_size <= 1_500_000
    lens = read_lens_file(DEMO_LENS)
    assert {1, 2, 3, 4} <= set(lens.translators)
    before, after = (np.median(kl, 1) for kl in held_out_demo(8))
    for layer in lens.translators:
        assert after[layer] < before[layer], layer
    assert (after[1:5] <= 0.5 * before[1:5]).all(), (before, after)


def test_the_demo_shows_both_lenses(command: Any) -> None:
    assert command("--demo", "--max-new-tokens", "2", "--save-data", "--output", "r.html")[0] == 0
    record = load_record(Path("r.npz"))
    assert record.extra["lens_names"].tolist() == ["logit", "tuned"]
    assert record.meta["notes"] == [] and record.meta["lenses"][0]["file"] == "lens.safetensors"
