"""Tuned and Jacobian lenses: read from files of other programs, equal to a brute force."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from causal import Twin, stock
from lenses import brute_force, random_maps, run_with, tiny_llama, write_jacobian, write_tuned
from real_parts import part
from transformers import AutoModelForCausalLM, AutoProcessor

from logit_lens.command.arguments import parse_arguments
from logit_lens.command.fingerprint import model_identity, settings_of
from logit_lens.images import open_picture
from logit_lens.model import hub_files
from logit_lens.model.vlm import load_vlm
from logit_lens.reading.lenses import files
from logit_lens.reading.lenses.files import read_lens_file
from logit_lens.reading.lenses.lens import Translator
from logit_lens.reading.lenses.load import load_lenses, unembedding_hash
from logit_lens.reading.lenses.ours import lens_bytes
from logit_lens.record import LensRecord, load_record
from logit_lens.resources import DEMO_MODEL

FIELDS = ("top_ids", "top_probs", "entropy", "kl", "tracked_probs", "tracked_ranks")
N, WIDTH = 3, 32  # of the twins


@pytest.fixture(scope="module")
def subject(twin: Twin, tmp_path_factory: pytest.TempPathFactory) -> Twin:
    """A tiny LLaVA with its image, or a tiny Llama without one."""
    llama = tiny_llama(tmp_path_factory.mktemp("llama") / "model")
    return lambda name: (llama, None) if name == "llama" else twin(name)  # type: ignore[return-value]


def expected(subject: Twin, name: str, record: LensRecord, translate: Callable[..., Any]) -> Any:
    folder, image = subject(name)
    inputs = {"input_ids": torch.from_numpy(record.input_ids)[None]}
    if image is None:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    else:
        model = stock(folder)
        pixels = AutoProcessor.from_pretrained(folder).image_processor
        inputs["pixel_values"] = pixels(open_picture(image).image, return_tensors="pt")[
            "pixel_values"
        ]
    return brute_force(model, inputs, translate)


def assert_reads(record: LensRecord, row: int, p: np.ndarray, kl: np.ndarray) -> None:
    """The lens of this row against (layer, position, vocab) probabilities."""
    extra = record.extra
    ids = extra["lens_top_ids"][row].astype(int)
    kept = np.take_along_axis(p, ids, -1)
    np.testing.assert_allclose(extra["lens_top_probs"][row], kept, atol=1e-4)
    assert (np.diff(kept, axis=-1) <= 1e-6).all()
    assert (np.sort(p, -1)[..., -ids.shape[-1]] <= kept[..., -1] + 1e-6).all()
    np.testing.assert_allclose(extra["lens_kl"][row], kl, atol=1e-3)
    entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(-1)
    np.testing.assert_allclose(extra["lens_entropy"][row], entropy, atol=1e-3)
    tracked = record.tracked_ids.astype(int)
    np.testing.assert_allclose(extra["lens_tracked_probs"][row], p[..., tracked], atol=1e-4)
    for n, token in enumerate(tracked):
        mine = p[..., [token]]
        surely, perhaps = (p > mine * (1 + 1e-4)).sum(-1), (p > mine * (1 - 1e-4)).sum(-1)
        rank = extra["lens_tracked_ranks"][row][..., n]
        assert ((surely <= rank) & (rank <= perhaps)).all()


@pytest.mark.parametrize("name", ["llava", "llama"])
def test_a_tuned_lens_and_a_jacobian_file_equal_a_brute_force(
    command: Any, subject: Twin, tmp_path: Path, name: str
) -> None:
    maps = random_maps(N, WIDTH)
    tuned = write_tuned(tmp_path / "tuned", maps)
    # blocks 0 and 1 are layers 1 and 2; block 2 is the last layer, which is never translated
    matrices = {block: random_maps(1, WIDTH, seed=block + 5)[0][0] for block in range(N)}
    jacobian = write_jacobian(tmp_path / "jacobian.pt", matrices)
    record = run_with(command, subject, name, "--lens", tuned, jacobian)
    assert record.extra["lens_names"].tolist() == ["logit", "tuned", "jacobian"]

    p, kl = expected(subject, name, record, lambda i, h: h + h @ maps[i][0].T + maps[i][1])
    assert_reads(record, 0, p, kl)
    p, kl = expected(subject, name, record, lambda i, h: h @ matrices[i - 1].T if i else h)
    assert_reads(record, 1, p, kl)
    # and the translation is no small thing
    assert np.abs(record.extra["lens_kl"][:, 1] - record.kl[1]).max() > 0.1
    assert record.meta["check"]["passed"]


def test_the_real_package_writes_what_is_read(
    command: Any, subject: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its own forward gives the same logits."""
    try:
        import tuned_lens
    except ImportError:
        monkeypatch.syspath_prepend(part("tuned-lens"))
        tuned_lens = pytest.importorskip("tuned_lens")
    folder, _ = subject("llama")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    lens = tuned_lens.TunedLens.from_model(model)
    torch.manual_seed(0)
    for parameter in lens.layer_translators.parameters():
        torch.nn.init.normal_(parameter, 0, 0.2)
    lens.save(tmp_path / "lens")
    record = run_with(command, subject, "llama", "--lens", tmp_path / "lens")
    assert record.meta["notes"] == []  # the hash of the unembedding is the package's own
    with torch.no_grad():
        out = model(torch.from_numpy(record.input_ids)[None], output_hidden_states=True)
        logits = [lens(h[0], i) for i, h in enumerate(out.hidden_states[:-1])]
    p = torch.stack([*logits, out.logits[0]]).softmax(-1).numpy()
    kept = np.take_along_axis(p, record.extra["lens_top_ids"][0].astype(int), -1)
    np.testing.assert_allclose(record.extra["lens_top_probs"][0], kept, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_an_identity_file_gives_the_logit_lenss_arrays_bit_for_bit(
    command: Any, subject: Twin, tmp_path: Path, dtype: str
) -> None:
    zero = [(np.zeros((WIDTH, WIDTH)), np.zeros(WIDTH))] * N
    one = dict.fromkeys(range(N), np.eye(WIDTH))
    sources = [write_tuned(tmp_path / "tuned", zero), write_jacobian(tmp_path / "j.pt", one)]
    flags = ["--dtype", dtype, "--layers", "0,2"]
    record = run_with(command, subject, "llava", *flags, "--lens", *sources)
    plain = run_with(command, subject, "llava", *flags)
    for name in FIELDS:
        own = getattr(plain, name)
        assert own.tobytes() == getattr(record, name).tobytes(), name
        for row in (0, 1):
            assert own.tobytes() == record.extra[f"lens_{name}"][row].tobytes(), name
    assert "lens_names" not in plain.extra and "lenses" not in plain.meta


def test_only_the_layers_that_a_lens_translates_change(
    command: Any, subject: Twin, tmp_path: Path
) -> None:
    matrix, bias = (torch.from_numpy(a).float() for a in random_maps(1, WIDTH)[0])
    folder, _ = subject("llava")
    write_ours(tmp_path / "one.safetensors", folder, {1: Translator((matrix,), bias)})
    record = run_with(command, subject, "llava", "--lens", tmp_path / "one.safetensors")
    same = [np.array_equal(record.extra["lens_kl"][0][row], record.kl[row]) for row in range(N + 1)]
    assert same == [True, False, True, True]


def write_ours(path: Path, folder: Path, translators: dict[int, Translator], **about: Any) -> Path:
    vlm = load_vlm(str(folder), device="cpu")
    own = {
        "model": vlm.name,
        "n_layers": vlm.n_layers,
        "d_model": WIDTH,
        "unembedding": unembedding_hash(vlm.anatomy.head),
    }
    path.write_bytes(lens_bytes("tuned", translators, own | about))
    return path


def test_a_translator_of_low_rank_is_the_product_of_its_factors(tmp_path: Path) -> None:
    torch.manual_seed(0)
    down, up, bias, state = (torch.randn(s) for s in ((4, WIDTH), (WIDTH, 4), (WIDTH,), (7, WIDTH)))
    about = {"model": "m", "n_layers": 3, "d_model": WIDTH}
    path = tmp_path / "low.safetensors"
    path.write_bytes(lens_bytes("tuned", {2: Translator((down, up), bias)}, about))
    found = read_lens_file(path).translators
    assert list(found) == [2]
    expected = state + state @ (up @ down).T + bias
    torch.testing.assert_close(found[2](state), expected)


def test_several_lenses_of_one_kind_are_told_apart(subject: Twin, tmp_path: Path) -> None:
    vlm = load_vlm(str(subject("llava")[0]), device="cpu")
    maps = random_maps(N, WIDTH)
    (tmp_path / "b").mkdir()
    sources = [write_tuned(tmp_path / name, maps) for name in ("text", "images", "b/text")]
    sources.append(write_jacobian(tmp_path / "j.pt", {0: np.eye(WIDTH)}))
    names = [lens.name for lens in load_lenses(vlm, [str(s) for s in sources])]
    assert names == ["tuned text", "tuned images", "tuned text 2", "jacobian"]


def test_a_lens_with_another_unembedding_is_read_and_a_note_says_so(
    command: Any, subject: Twin, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {"unembed_hash": "0" * 64, "base_model_name_or_path": "meta-llama/Llama-2-7b-hf"}
    source = write_tuned(tmp_path / "llama2", random_maps(N, WIDTH), **other)
    record = run_with(command, subject, "llava", "--lens", source)
    said = "lens llama2 was fitted with another unembedding, that of meta-llama/Llama-2-7b-hf"
    assert [note for note in record.meta["notes"] if said in note]
    assert said in record.meta["lenses"][0]["note"]
    vlm = load_vlm(str(subject("llava")[0]), device="cpu")
    own = unembedding_hash(vlm.anatomy.head)
    source = write_tuned(tmp_path / "own", random_maps(N, WIDTH), unembed_hash=own)
    assert run_with(command, subject, "llava", "--lens", source).meta["notes"] == []


def test_the_lens_is_in_the_record_and_what_it_read_is_in_the_fingerprint(tmp_path: Path) -> None:
    source = write_tuned(tmp_path / "lens", random_maps(8, 128))

    def settings() -> Any:
        arguments = parse_arguments(["--demo", "--lens", str(source)])
        return settings_of(arguments, model_identity(arguments.model))

    first = settings()
    assert first == settings()
    write_tuned(tmp_path / "lens", random_maps(8, 128, seed=1))
    assert first != settings()


def test_a_file_is_read_once_for_all_images_and_again_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_tuned(tmp_path / "lens", random_maps(8, 128))
    loads: list[Path] = []
    own = files._load
    monkeypatch.setattr(files, "_load", lambda path: loads.append(path) or own(path))  # type: ignore[func-returns-value]
    vlm = load_vlm(str(DEMO_MODEL), device="cpu")
    for _ in range(3):
        load_lenses(vlm, [str(source)])
    assert len(loads) == 1
    write_tuned(source, random_maps(8, 128, seed=1), bias=False)
    load_lenses(vlm, [str(source)])
    assert len(loads) == 2


class Evil:
    def __reduce__(self) -> Any:
        return print, ("this ran",)


def broken_lenses(folder: Path) -> dict[str, str]:
    """Sources that are none for the demo, and what is said of each."""
    maps = random_maps(8, 128)
    nan = [*maps[:7], (np.full((128, 128), np.nan), np.zeros(128))]
    write_tuned(folder / "nan", nan)
    write_tuned(folder / "narrow", random_maps(8, 64))
    write_tuned(folder / "short", maps[:5])
    write_tuned(folder / "lacks", maps[:5], num_hidden_layers=8)
    write_tuned(folder / "nonlinear", maps, lens_type="mlp")
    write_tuned(folder / "claims", maps, d_model=64)
    write_jacobian(folder / "deep.pt", {40: np.eye(128)})
    write_jacobian(folder / "j_nan.pt", {1: np.full((128, 128), np.inf)})
    write_jacobian(folder / "wide.pt", {1: np.eye(256)})
    torch.save({"weights": torch.zeros(3)}, folder / "other.pt")
    torch.save({"J": {0: Evil()}}, folder / "evil.pt")
    (folder / "pickle.pt").write_bytes(pickle.dumps(Evil()))
    (folder / "text.pt").write_text("no lens")
    (folder / "text.safetensors").write_text("no lens")
    (folder / "empty").mkdir()
    about = {"n_layers": 8, "d_model": 128, "unembedding": "1" * 64}
    full = {1: Translator((torch.zeros(128, 128),), torch.zeros(128))}
    write = (folder / "theirs.safetensors").write_bytes
    write(lens_bytes("tuned", full, about | {"model": "someone/other-7b"}))
    (folder / "kind.safetensors").write_bytes(lens_bytes("odd", full, about | {"model": "demo"}))
    return {
        "nan": "holds numbers that are not finite (of layer 7)",
        "narrow": "states of 64 numbers, but those of demo have 128",
        "short": "of a model with 5 layers, but demo has 8",
        "lacks": "should translate 8 layers, but has 5",
        "nonlinear": "is a 'mlp'; only linear tuned lenses",
        "claims": "should hold (64, 64) numbers for layer 0, not (128, 128)",
        "deep.pt": "at least 41 layers, but demo has 8",
        "j_nan.pt": "not finite (of layer 2)",
        "wide.pt": "states of 256 numbers",
        "other.pt": 'should hold {"J": {block: matrix}}',
        "evil.pt": "a pickle may run any code and is not loaded",
        "pickle.pt": "a pickle may run any code and is not loaded",
        "text.pt": "holds more than tensors, or is damaged",
        "text.safetensors": "cannot be read",
        "empty": "has no params.pt",
        "theirs.safetensors": "was fitted on someone/other-7b, and this is demo",
        "kind.safetensors": "a lens of kind 'odd'",
        "nowhere/at/all.pt": "cannot find nowhere/at/all.pt",
        "/nowhere.pt": "there is no file or folder /nowhere.pt",
        "someone/some-lens": "neither here nor cached, and the hub did not give it",
        str(DEMO_MODEL): "holds 2 files that could be one; name the lens's file",
        str(DEMO_MODEL / "model.safetensors"): "is no lens of this program",
    }


def test_what_is_no_lens_of_this_model_is_one_line(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(self: object, hub_id: str, repo_type: str | None = None) -> list[str]:
        raise OSError("no network")

    monkeypatch.setattr(hub_files.HfApi, "list_repo_files", unreachable)
    for name, says in broken_lenses(tmp_path).items():
        code, out, err = command("--demo", "--max-new-tokens", "1", "--lens", name)
        assert (code, out, len(err)) == (1, [], 1), (name, err)
        assert says in err[0], name
        assert "this ran" not in err[0]


def test_a_bad_lens_stops_a_folder_of_images_at_once(command: Any, tmp_path: Path) -> None:
    images = [str(DEMO_MODEL.parents[1] / "images" / "demo_scene.png")] * 2
    (tmp_path / "text.pt").write_text("no lens")
    argv = ["--demo", "--image", *images, "--output", "out", "--lens", "text.pt"]
    code, _, err = command(*argv)
    assert code == 1 and len([line for line in err if "damaged" in line]) == 1


def test_a_lens_comes_from_the_hub_by_its_id_and_its_place_there(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a space, as those of tuned-lens are; never a whole model's weights."""
    source = write_tuned(tmp_path / "lens", random_maps(8, 128))
    listed = {
        "model": ["config.json", "model.safetensors"],
        "space": ["app.py", "lens/demo/config.json", "lens/demo/params.pt", "lens/b/params.pt"],
    }
    asked: list[str] = []

    def listing(self: object, hub_id: str, repo_type: str = "model") -> list[str]:
        if (hub_id == "some/space") != (repo_type == "space"):
            raise OSError("no such repository")
        return listed[repo_type]

    def download(hub_id: str, name: str, repo_type: str) -> str:
        asked.append(f"{repo_type} {hub_id} {name}")
        return str(source / Path(name).name)

    monkeypatch.setattr(hub_files.HfApi, "list_repo_files", listing)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    short = ["--demo", "--max-new-tokens", "1", "--save-data", "--output", "r.html"]
    code, _, err = command(*short, "--lens", "some/space/lens/demo")
    assert code == 0, err
    assert load_record(Path("r.npz")).meta["lenses"][0]["file"] == "lens"
    assert asked == [f"space some/space lens/demo/{n}" for n in ("params.pt", "config.json")]
    code, _, err = command(*short, "--lens", "some/model")
    assert code == 1 and err[0].endswith("some/model is a model, not a lens of one")
    assert len(asked) == 2


def test_from_data_and_an_empty_name_are_refused(command: Any, tmp_path: Path) -> None:
    code, _, err = command("--from-data", "x.npz", "--lens", "y.pt")
    assert code == 2 and "--lens needs the model" in err[0]
    code, _, err = command("--demo", "--lens", "")
    assert code == 2 and "--lens has an empty name" in err[0]


def test_the_record_of_two_lenses_renders_again(command: Any, tmp_path: Path) -> None:
    source = write_tuned(tmp_path / "lens", random_maps(8, 128))
    argv = ["--demo", "--max-new-tokens", "2", "--save-data", "--lens", str(source)]
    assert command(*argv, "--output", "r.html")[0] == 0
    record = load_record(Path("r.npz"))
    assert json.loads(json.dumps(record.meta["lenses"]))[0]["kind"] == "tuned"
    assert str(tmp_path) not in json.dumps(record.meta)
    first = Path("r.html").read_bytes()
    assert command("--from-data", "r.npz", "--output", "again.html")[0] == 0
    assert Path("again.html").read_bytes() == first
