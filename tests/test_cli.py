"""The command as a user meets it: paths on stdout, one-line errors on stderr, exit codes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub.errors import GatedRepoError
from PIL import Image
from records import make_record
from safetensors.torch import load_file, save_file

from logit_lens.model import memory
from logit_lens.model import vlm as vlm_module
from logit_lens.record import load_record
from logit_lens.resources import DEMO_MODEL

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "create_logit_lens.py"
SCENE = ROOT / "images" / "demo_scene.png"


def demo(*argv):
    return ("--demo", "--max-new-tokens", "2", *argv)


def test_the_demo_writes_a_report_and_prints_its_path_and_nothing_else(command, tmp_path):
    code, out, err = command(*demo())
    assert code == 0 and err == []
    assert out == ["outputs/demo_demo_scene_logit_lens.html"]
    assert (tmp_path / out[0]).read_text(encoding="utf-8").startswith("<!")


def test_save_data_keeps_the_record_beside_the_report_and_from_data_renders_it_again(command):
    code, out, _ = command(*demo("--save-data", "--output", "here/r.html"))
    assert (code, out) == (0, ["here/r.html"])
    first = Path("here/r.html").read_bytes()
    assert load_record(Path("here/r.npz")).meta["check"]["passed"]
    code, out, err = command("--from-data", "here/r.npz", "--output", "again.html")
    assert (code, out, err) == (0, ["again.html"], [])
    assert Path("again.html").read_bytes() == first


@pytest.mark.parametrize("name", ["two words.png", "q'uo\"te.png", "<b>.png", "картинка.png"])
def test_any_file_name_works(command, tmp_path, name):
    Image.new("RGB", (60, 40), "teal").save(tmp_path / name)
    code, out, err = command(*demo("--image", name, "--save-data"))
    assert code == 0 and err == []
    record = load_record(Path(out[-1]).with_suffix(".npz"))
    assert record.meta["image"]["name"] == name


@pytest.mark.parametrize("size", [(1, 1), (2000, 20)])
def test_any_shape_of_image_works(command, tmp_path, size):
    Image.new("RGB", size, "teal").save(tmp_path / "i.png")
    code, _, err = command(*demo("--image", "i.png"))
    assert code == 0, err


def test_a_record_names_no_folder_of_this_machine(command):
    _, out, _ = command(*demo("--save-data"))
    meta = load_record(Path(out[-1]).with_suffix(".npz")).meta
    assert str(ROOT) not in json.dumps(meta) and meta["model"] == "demo"


def bad_files(folder):
    (folder / "empty.png").touch()
    (folder / "text.png").write_text("hello")
    (folder / "folder").mkdir()
    (folder / "cut.npz").write_bytes(b"PK\x03\x04 and nothing more")
    (folder / "no_head").mkdir()
    config = {"model_type": "clip", "architectures": ["CLIPModel"]}
    (folder / "no_head" / "config.json").write_text(json.dumps(config))
    (folder / "no_config").mkdir()
    (folder / "own_code").mkdir()
    (folder / "cut_weights").mkdir()
    for path in DEMO_MODEL.iterdir():
        kept = path.read_bytes()[: 1_000_000 if path.suffix == ".safetensors" else None]
        (folder / "cut_weights" / path.name).write_bytes(kept)
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe.npz")
    (folder / "text.npz").write_text("hello")
    own = {"model_type": "zzz", "auto_map": {"AutoConfig": "configuration.Zzz"}}
    (folder / "own_code" / "config.json").write_text(json.dumps(own))


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (demo("--image", "absent.png"), 1, "no such file"),
        (demo("--image", "empty.png"), 1, "is empty"),
        (demo("--image", "text.png"), 1, "not an image"),
        (demo("--image", "pipe.png"), 1, "not a regular file"),
        (demo("--image", ""), 2, "an empty path"),
        (demo("--image", "x" * 300), 1, "File name too long"),
        (demo("--image", "folder", "text.png"), 1, "no image in the folder folder"),
        (demo("--prompt", ""), 2, "--prompt is empty"),
        (("--top-k", "5"), 2, "nothing to read"),
        (demo("--raw-prompt", "--prompt", "hello"), 2, "no image token"),
        (demo("--raw-prompt", "--prompt", "<image><image>"), 2, "2 image tokens"),
        (demo("--prompt", "see <image>"), 2, "holds the image token"),
        (demo("--top-k", "0"), 2, "--top-k"),
        (demo("--top-k", "9999999"), 2, "--top-k"),
        (demo("--layers", "99"), 2, "no layer 99"),
        (demo("--layers", " "), 2, "--layers: cannot read ''"),
        (demo("--layers", "1,,"), 2, "--layers: cannot read ''"),
        (demo("--track", ""), 2, "--track"),
        (demo("--device", "meta"), 2, "--device meta does not work here"),
        (demo("--device", "mps"), 2, "--device mps does not work here"),
        (demo("--device-map", "{}"), 2, "--device-map"),
        (demo("--device-map", '{"": true}'), 2, "--device-map"),
        (demo("--device-map", '{"nowhere": "cpu", "": "cpu"}'), 2, "no module 'nowhere'"),
        (("--model", "x" * 300, "--image", SCENE), 1, "cannot find the model"),
        (("--model", DEMO_MODEL / "config.json", "--image", SCENE), 1, "name the folder"),
        (("--model", "cut_weights", "--image", SCENE), 1, "damaged or half downloaded"),
        (demo("--device", "cuda:77"), 2, "--device cuda:77"),
        (demo("--device", "abacus"), 2, "--device abacus"),
        (("--model", "nobody/nothing", "--image", SCENE), 1, "hf download nobody/nothing"),
        (("--model", "no_head", "--image", SCENE), 1, "no unembedding"),
        (("--model", "no_config", "--image", SCENE), 1, "no_config"),
        (("--model", "own_code", "--image", SCENE), 1, "code of its own"),
        (demo("--output", "folder/x.html/y.html", "--image", "text.png"), 1, "not an image"),
        (("--from-data", "cut.npz"), 1, "cut.npz"),
        (("--from-data", "absent.npz"), 1, "no such file"),
        (("--from-data", "text.npz"), 1, "no .npz file"),
        (("--from-data", "pipe.npz"), 1, "not a file"),
        (("--from-data", "folder"), 1, "no record in the folder"),
    ],
)
def test_bad_input_is_one_line_an_exit_code_and_no_file(command, tmp_path, argv, code, says):
    bad_files(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    got, out, err = command(*argv)
    assert got == code
    assert out == []
    assert len(err) == 1 and err[0].startswith("error: ") and says in err[0], err
    assert len(err[0]) < 900
    assert sorted(tmp_path.rglob("*")) == before


def test_a_checkpoint_that_lacks_weights_is_read_only_when_forced(command, tmp_path):
    tensors = load_file(DEMO_MODEL / "model.safetensors")
    gone = next(name for name in tensors if "layers.3.mlp" in name)
    shutil.copytree(DEMO_MODEL, tmp_path / "lacking")
    save_file(
        {name: tensor for name, tensor in tensors.items() if name != gone},
        tmp_path / "lacking" / "model.safetensors",
        {"format": "pt"},
    )
    run = ("--model", "lacking", "--image", SCENE, "--max-new-tokens", "0", "--output", "r.html")
    code, out, err = command(*run)
    assert (code, out) == (1, []) and len(err) == 1
    assert "lacks 1 of the weights" in err[0] and "layers.3.mlp" in err[0], err
    assert command(*run, "--force")[0] == 0


def test_an_error_that_nobody_foresaw_is_one_line_and_where_it_came_from(command, monkeypatch):
    def broken(*args, **kwargs):
        raise IndexError("index out of range in self\nand more")

    monkeypatch.setattr(vlm_module, "load_vlm", broken)
    code, out, err = command(*demo())
    assert (code, out) == (1, [])
    assert len(err) == 1 and err[0].startswith("error: IndexError: index out of range in self (in ")


@pytest.mark.parametrize(("stream", "code"), [("closed", 0), ("full", 1), ("no stderr", 0)])
def test_a_report_is_written_whoever_listens(tmp_path, stream, code):
    render = "'{0}' '{1}' --from-data r.npz --output a.html"
    runs = {
        "closed": f"{render} | head -c 0; exit ${{{{PIPESTATUS[0]}}}}",
        "full": f"{render} > /dev/full",
        "no stderr": "'{0}' '{1}' --demo --max-new-tokens 0 --output a.html 2>&-",
    }
    make_record().save(tmp_path / "r.npz")
    done = subprocess.run(
        ["bash", "-c", runs[stream].format(sys.executable, SCRIPT)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == code  # one line when stdout is full, else none
    assert (tmp_path / "a.html").exists()


def test_an_output_that_cannot_be_written_is_named(command, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "folder.html").mkdir()
    monkeypatch.setattr(vlm_module, "load_vlm", None)  # said before any model is loaded
    code, out, err = command(*demo("--output", "file/r.html"))
    assert (code, out) == (1, []) and "cannot write file/r.html" in err[-1]
    code, out, err = command(*demo("--output", "folder.html"))
    assert (code, out) == (1, []) and "is a folder" in err[-1]
    code, out, err = command(*demo("--output", "x" * 300 + ".html"))
    assert (code, out) == (1, []) and "File name too long" in err[-1]


def test_too_little_memory_is_said_before_loading(command, monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda device: 9_000_000)
    code, _, err = command(*demo())
    assert code == 1
    assert "are free" in err[0] and "--dtype bfloat16" in err[0]


def test_a_failed_self_check_writes_nothing_unless_forced(command, tmp_path, monkeypatch):
    real = vlm_module.load_vlm

    def odd(*args, **kwargs):
        vlm = real(*args, **kwargs)
        calls = iter(range(1000))
        vlm.model.lm_head.register_forward_hook(lambda m, a, out: out + next(calls))
        return vlm

    monkeypatch.setattr(vlm_module, "load_vlm", odd)
    code, out, err = command(*demo("--output", "r.html"))
    assert (code, out) == (1, [])
    assert "layer 8" in err[0] and "--force" in err[0]
    assert list(tmp_path.iterdir()) == []
    code, out, _ = command(*demo("--output", "r.html", "--force", "--save-data"))
    assert (code, out) == (0, ["r.html"])
    assert load_record(Path("r.npz")).meta["check"]["passed"] is False


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["--top-k", "x"], ["--prompt", ""]])
def test_help_and_argument_errors_never_import_torch(argv):
    code = (
        "import sys, create_logit_lens\n"
        "try: create_logit_lens.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'numpy', 'PIL', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *argv], cwd=ROOT / "scripts", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("seconds", [0.02, 0.04, 0.06, 0.1])
def test_an_interrupt_before_its_first_word_is_answered_too(tmp_path, seconds):
    # -S: Python's own start, which nobody can answer in, ends sooner without its site packages
    process = subprocess.Popen(
        [sys.executable, "-S", "-E", SCRIPT, "--help"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "logit_lens" not in err and "create_logit_lens.py" not in err, err


@pytest.mark.parametrize("seconds", [0.0, 1.5, 4.0])
def test_an_interrupt_at_any_moment_is_one_line_and_exit_code_130(tmp_path, seconds):
    process = subprocess.Popen(
        [sys.executable, SCRIPT],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    assert process.stderr is not None
    assert "demo" in process.stderr.readline()  # its first words: Python itself has started
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    if process.returncode == 0:  # it was over before the interrupt came
        assert (tmp_path / out.strip()).exists()
    else:
        assert (process.returncode, out, err) == (130, "", "error: interrupted\n")
    assert not list(tmp_path.rglob("*.part"))


def test_the_script_runs_from_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--demo", "--max-new-tokens", "0", "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / done.stdout.strip()).exists()


def test_two_runs_give_the_same_numbers(command):
    for name in ("a", "b"):
        command(*demo("--save-data", "--output", f"{name}.html"))
    a, b = load_record(Path("a.npz")), load_record(Path("b.npz"))
    for key in ("top_ids", "top_probs", "entropy", "kl", "tracked_probs", "tracked_ranks"):
        assert np.array_equal(getattr(a, key), getattr(b, key))


def test_two_runs_write_the_same_report_but_for_its_times(tmp_path):
    """In processes of their own: nothing may depend on a hash seed, an address or an order."""
    pages = []
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, SCRIPT, *demo("--output", f"{seed}.html", "--quiet")],
            cwd=tmp_path,
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
        page = (tmp_path / f"{seed}.html").read_text(encoding="utf-8")
        pages.append(re.sub(r'"created": ?"[^"]*"|"seconds": ?\{[^}]*\}', "", page))
        assert len(page) - len(pages[-1]) < 500
    assert pages[0] == pages[1]


def test_the_demo_model_is_in_the_repository():
    assert (DEMO_MODEL / "model.safetensors").stat().st_size < 8_000_000


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (
            GatedRepoError.__new__(GatedRepoError),
            "licence",
        ),  # it wants a response that nobody reads
        (OSError(28, "No space left on device"), "disk of the hub's cache is full"),
    ],
)
def test_why_the_hub_gave_nothing_is_said(command, monkeypatch, cause, says):
    def fail(*_args, **_kwargs):
        raise OSError("You are trying to access a gated repo.") from cause

    # whichever of the two is asked first
    monkeypatch.setattr(vlm_module.AutoConfig, "from_pretrained", fail)
    monkeypatch.setattr(vlm_module.PretrainedConfig, "get_config_dict", fail)
    code, _, err = command("--model", "some/model", "--image", SCENE)
    assert code == 1 and says in err[-1]
