"""What ``--model`` may name, and what is said of the rest: one line, before memory is reckoned."""

import json
import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from broken import COMMIT, POINTER, copy_of_demo, edit_json, edit_weights, hub_cache
from safetensors.torch import load_file

from logit_lens import LensError
from logit_lens.command.arguments import parse_arguments
from logit_lens.command.batch import plan
from logit_lens.command.fingerprint import model_identity
from logit_lens.model import gguf, hub_files, memory, weight_files
from logit_lens.model import vlm as vlm_module
from logit_lens.model.checkpoint import find_checkpoint
from logit_lens.record import load_record
from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL

SHORT = ("--image", DEMO_IMAGE, "--max-new-tokens", "1", "--top-k", "2", "--save-data")


@pytest.fixture
def no_memory(monkeypatch):
    """What is no checkpoint is said first, however little memory there is."""
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1)


def folder_of(folder: Path, **files: str | bytes | None) -> Path:
    """A folder with these files; None makes a folder. ``__`` in a name stands for a dot."""
    folder.mkdir()
    for name, content in files.items():
        path = folder / name.replace("__", ".").replace("_HYPHEN_", "-")
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


CONFIG = (DEMO_MODEL / "config.json").read_text()


def original_llava(folder: Path) -> Path:
    copy_of_demo(folder)
    edit_json(folder / "config.json", mm_vision_tower="openai/clip-vit-large-patch14-336")
    return folder


def llava_llama(folder: Path) -> Path:
    copy_of_demo(folder)
    changes = {"architectures": ["LlavaLlamaForCausalLM"], "model_type": "llava_llama"}
    edit_json(folder / "config.json", **changes)
    return folder


def mlx_by_config(folder: Path) -> Path:
    copy_of_demo(folder)
    packed = {"group_size": 64, "bits": 4}
    edit_json(folder / "config.json", quantization=packed, quantization_config=packed)
    return folder


def mlx_by_weights(folder: Path) -> Path:
    copy_of_demo(folder)
    more = {f"q.{part}": torch.zeros(2) for part in ("weight", "scales", "biases")}
    edit_weights(folder, lambda weights: weights.update(more))
    return folder


def pointer_of(name: str):
    def make(folder: Path) -> Path:
        copy_of_demo(folder)
        (folder / name).write_text(POINTER)
        return folder

    return make


def half_of_the_shards(folder: Path) -> Path:
    copy_of_demo(folder, "model.safetensors")
    shards = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
    (folder / shards[0]).write_bytes(b"")
    index = {"weight_map": {"a": shards[0], "b": shards[1]}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def in_a_folder(folder: Path) -> Path:
    folder.mkdir()
    copy_of_demo(folder / "inner")
    return folder


FOREIGN = [
    (original_llava, "original LLaVA repository's format", "--model llava-hf/llava-1.5-7b-hf"),
    (llava_llama, "original LLaVA repository's format", "--model llava-hf/llava-1.5-7b-hf"),
    (mlx_by_config, "packed for MLX", "use the model that it was made from"),
    (mlx_by_weights, "packed for MLX", "use the model that it was made from"),
    (pointer_of("model.safetensors"), "a pointer of git-lfs", "git lfs pull"),
    (pointer_of("tokenizer.json"), "a pointer of git-lfs", "git lfs pull"),
    (half_of_the_shards, "lacks 1 of its 2 files of weights (model-00002-of", "download it again"),
    (in_a_folder, "a folder that does", "/inner"),
    (
        lambda f: folder_of(f, model_index__json="{}", unet=None),
        "a diffusers pipeline",
        "use a vision-language model",
    ),
    (
        lambda f: folder_of(f, params__json="{}", consolidated__00__pth=b"PK"),
        "Meta's or Mistral's own code",
        "converted for transformers",
    ),
    (
        lambda f: folder_of(f, config__json=CONFIG, tf_model__h5=b"x"),
        "of TensorFlow or Flax",
        "use one with model.safetensors",
    ),
    (
        lambda f: folder_of(f, config__json=CONFIG, model__onnx=b"x"),
        "format of another runtime",
        "the checkpoint that it was made from",
    ),
    (lambda f: folder_of(f, zero_to_fp32__py="", latest="x"), "of DeepSpeed", "join it with"),
    (lambda f: folder_of(f, __0_0_HYPHEN_0__distcp=b"x"), "FSDP", "accelerate merge-weights"),
    (
        lambda f: folder_of(f, checkpoint_HYPHEN_500=None, checkpoint_HYPHEN_1000=None),
        "training run (checkpoint-1000)",
        "name one of the checkpoints",
    ),
    (lambda f: folder_of(f), "is empty", "name one that holds a model"),
    (lambda f: folder_of(f, notes__txt="x"), "holds no model", "name the folder where"),
    (lambda f: folder_of(f, model__safetensors=b"x"), "no config.json", "copy it from the model"),
    (lambda f: folder_of(f, config__json=CONFIG), "no weights", "download it again"),
    (
        lambda f: folder_of(f, config__json=CONFIG, mine__safetensors=b"x"),
        "but mine.safetensors",
        "call it model.safetensors",
    ),
]


@pytest.mark.parametrize(("make", "what", "instead"), FOREIGN)
def test_what_is_no_checkpoint_is_named_with_what_to_use_instead_before_memory_is_reckoned(
    command, tmp_path, no_memory, make, what, instead
):
    code, out, err = command("--model", make(tmp_path / "mine"), *SHORT)
    assert code == 1 and out == [] and len(err) == 1
    assert what in err[0] and instead in err[0] and "mine" in err[0]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("https://huggingface.co/llava-hf/llava-1.5-7b-hf", "--model llava-hf/llava-1.5-7b-hf"),
        ("https://huggingface.co/a/b.c-1/tree/main?x=1", "--model a/b.c-1"),
        ("huggingface.co/a/b", "--model a/b"),
        ("git@hf.co:a/b.git", "--model a/b"),
        ("hf://a/b", "--model a/b"),
        ("hf://models/a/b", "--model a/b"),
        ("https://example.org/model.zip", "download it and name its folder"),
        ("s3://bucket/model", "download it and name its folder"),
        ("/no/such/folder", "there is no folder /no/such/folder"),
        ("./llava", "there is no folder ./llava"),
        ("~/llava", "there is no folder ~/llava"),
        ("models/mine/llava", "there is no folder models/mine/llava"),
        (r"C:\models\llava", r"there is no folder C:\models\llava"),
        ("my llava", "there is no folder my llava"),
    ],
)
def test_an_address_or_a_path_that_leads_nowhere_is_no_hub_id(command, name, says):
    code, _, err = command("--model", name, *SHORT)
    assert code == 1 and len(err) == 1
    assert says in err[0] and "hf download" not in err[0]


def test_a_missing_folder_beside_others_is_not_to_be_downloaded(command, tmp_path):
    (tmp_path / "models").mkdir()
    code, _, err = command("--model", "models/llava", *SHORT)
    assert code == 1 and "there is no folder models/llava" in err[0] and "hf download" not in err[0]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.tar.gz", b"x", "an archive; unpack it"),
        ("a.gguf", b"nothing", "no GGUF file, or a damaged one"),
        ("model.safetensors", b"x", "name the folder that holds the model"),
        ("model.safetensors", POINTER.encode(), "git lfs pull"),
    ],
)
def test_a_file_that_is_no_model_says_what_to_name_instead(command, tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    code, _, err = command("--model", name, *SHORT)
    assert code == 1 and len(err) == 1 and says in err[0]


@pytest.mark.parametrize("part", ["", "snapshots", f"snapshots/{COMMIT}"])
def test_a_folder_of_the_hubs_cache_is_its_snapshot_by_its_own_name(command, tmp_path, part):
    folder = hub_cache(tmp_path) / part
    code, out, err = command("--model", folder, *SHORT)
    assert (code, err) == (0, [])
    assert out == ["outputs/tiny-llava_demo_scene_logit_lens.html"]
    meta = load_record(Path(out[0]).with_suffix(".npz")).meta
    assert (meta["model"], meta["revision"]) == ("someone/tiny-llava", COMMIT)
    assert f"<title>{COMMIT}" not in Path(out[0]).read_text(encoding="utf-8")


def test_a_cache_without_its_main_reference_gives_the_newest_snapshot_and_an_empty_one_a_line(
    tmp_path,
):
    folder = hub_cache(tmp_path)
    (folder / "refs" / "main").unlink()
    assert find_checkpoint(str(folder)).revision == COMMIT
    empty = tmp_path / "models--a--b"
    (empty / "snapshots").mkdir(parents=True)
    with pytest.raises(LensError, match="hf download a/b"):
        find_checkpoint(str(empty))


@pytest.mark.parametrize(
    "name", ["model.fp16.safetensors", "model.fp16-00001-of-00001.safetensors"]
)
def test_weights_of_a_variant_are_read(command, tmp_path, name):
    folder = copy_of_demo(tmp_path / "mine")
    (folder / "model.safetensors").rename(folder / name)
    if "-of-" in name:
        index = {"metadata": {}, "weight_map": dict.fromkeys(load_file(folder / name), name)}
        (folder / "model.safetensors.index.fp16.json").write_text(json.dumps(index))
    assert find_checkpoint(str(folder)).variant == "fp16"
    first = command("--model", folder, *SHORT)
    plain = command("--model", DEMO_MODEL, *SHORT)
    assert first[0] == plain[0] == 0, first
    a, b = (load_record(Path(run[1][0]).with_suffix(".npz")) for run in (first, plain))
    assert np.array_equal(a.top_probs, b.top_probs)


def gguf_file(path: Path) -> Path:
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 0))
    return path


def test_gguf_is_named_and_the_package_that_reads_it(command, tmp_path, monkeypatch, no_memory):
    monkeypatch.setattr(gguf.importlib.util, "find_spec", lambda name: None)
    (tmp_path / "mine").mkdir()
    path = gguf_file(tmp_path / "mine" / "llama.Q4_K_M.gguf")
    for name in (path, path.parent):
        code, _, err = command("--model", name, *SHORT)
        assert code == 1 and len(err) == 1
        assert "GGUF" in err[0] and "pip install gguf" in err[0]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["llava.gguf", "mmproj-model-f16.gguf"], "vision tower is mmproj-model-f16.gguf"),
        (["a.Q4.gguf", "a.Q8.gguf"], "holds 2 GGUF files; name one of them: a.Q4.gguf"),
        (["a-00001-of-00002.gguf", "a-00002-of-00002.gguf"], "llama-gguf-split --merge"),
    ],
)
def test_gguf_that_is_not_one_language_model_says_why(tmp_path, names, says):
    for name in names:
        gguf_file(tmp_path / name)
    with pytest.raises(LensError, match=says):
        find_checkpoint(str(tmp_path))


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (["llama.Q4_K_M.gguf", "README.md"], "`hf download someone/thing llama.Q4_K_M.gguf`"),
        (["model_index.json", "unet"], "a diffusers pipeline"),
        (["params.json", "consolidated.00.pth"], "Meta's or Mistral's own code"),
    ],
)
@pytest.mark.parametrize("cached", [False, True])
def test_a_hub_id_that_holds_something_else_is_named_too(
    command, tmp_path, monkeypatch, files, says, cached
):
    def listing(self, hub_id, repo_type=None):
        if cached:
            raise OSError("no network")
        return files

    monkeypatch.setattr(hub_files.HfApi, "list_repo_files", listing)
    monkeypatch.setattr(hub_files.constants, "HF_HUB_CACHE", str(tmp_path))
    if cached:
        snapshot = tmp_path / "models--someone--thing" / "snapshots" / COMMIT
        snapshot.mkdir(parents=True)
        for name in files:
            (snapshot / name).touch()
    code, _, err = command("--model", "someone/thing", *SHORT)
    assert code == 1 and len(err) == 1 and says in err[0]


def test_a_hub_id_in_the_original_llava_format_is_named_too(command, monkeypatch):
    config = {"model_type": "llava", "mm_vision_tower": "openai/clip"}
    monkeypatch.setattr(
        vlm_module.PretrainedConfig, "get_config_dict", lambda *a, **k: (config, {})
    )
    code, _, err = command("--model", "liuhaotian/llava-v1.5-7b", *SHORT)
    assert code == 1 and len(err) == 1 and "--model llava-hf/llava-1.5-7b-hf" in err[0]


@pytest.mark.skipif(find_spec("gguf") is None, reason="needs the package gguf")
def test_a_damaged_gguf_is_one_line(command, tmp_path):
    code, _, err = command("--model", gguf_file(tmp_path / "a.gguf"), *SHORT)
    assert code == 1 and len(err) == 1
    assert "a.gguf" in err[0] and "the checkpoint that it was made from" in err[0]


def test_weights_in_other_shapes_than_the_config_says_are_one_tensor_and_both_shapes(
    command, tmp_path
):
    resized = copy_of_demo(tmp_path / "resized")

    def double(weights):
        for key in [
            key for key in weights if key.endswith(("embed_tokens.weight", "lm_head.weight"))
        ]:
            weights[key] = torch.cat([weights[key]] * 2)

    edit_weights(resized, double)
    code, _, err = command("--model", resized, *SHORT)
    assert code == 1 and len(err) == 1
    assert "lm_head.weight is 1,660 × 128 in the weights and 830 × 128" in err[0]
    assert "set vocab_size to 1660 in config.json" in err[0]

    other = copy_of_demo(tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    config["text_config"]["hidden_size"] = 64
    (other / "config.json").write_text(json.dumps(config))
    code, _, err = command("--model", other, *SHORT)
    assert code == 1 and len(err) == 1
    assert "830 × 128 in the weights and 830 × 64 by the configuration" in err[0]
    assert "take the config.json that was saved with these weights" in err[0]


@pytest.mark.parametrize("token_id", [825, 99_999])
def test_an_image_token_that_the_tokenizer_does_not_write_is_both_ids(command, tmp_path, token_id):
    folder = copy_of_demo(tmp_path / "mine")
    edit_json(folder / "config.json", image_token_index=token_id)
    code, _, err = command("--model", folder, *SHORT)
    assert code == 1 and len(err) == 1
    assert "as id 3" in err[0] and f"config.json says {token_id}" in err[0]


def test_a_token_outside_of_the_embedding_is_one_line(command, tmp_path):
    folder = copy_of_demo(tmp_path / "mine")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    image = next(token for token in tokenizer["added_tokens"] if token["content"] == "<image>")
    image["content"] = "<image_old>"
    tokenizer["model"]["vocab"]["<image_old>"] = tokenizer["model"]["vocab"].pop("<image>", 3)
    tokenizer["added_tokens"].append({**image, "content": "<image>", "id": 830})
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    edit_json(folder / "config.json", image_token_index=830)
    code, _, err = command("--model", folder, *SHORT)
    assert code == 1 and len(err) == 1
    assert "token 830 is outside of the embedding, which has 830 rows" in err[0]


class Runs:
    def __reduce__(self):
        return (Path.mkdir, (Path("ran"),))


def test_a_pickle_that_torch_refuses_never_says_how_to_switch_the_safety_off(command, tmp_path):
    folder = copy_of_demo(tmp_path / "mine", "model.safetensors")
    torch.save({"x": Runs()}, folder / "pytorch_model.bin")
    code, out, err = command("--model", folder, *SHORT)
    assert code == 1 and out == [] and len(err) == 1
    assert "a checkpoint with model.safetensors" in err[0] and "weights_only" not in err[0]
    assert not Path("ran").exists()


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "tokenizer_config.json", "processor_config.json"]
)
def test_settings_that_were_cut_off_are_named(command, tmp_path, monkeypatch, name, large):
    monkeypatch.setattr(weight_files, "_LARGE", 0 if large else 2**20)
    folder = copy_of_demo(tmp_path / "mine")
    (folder / name).write_bytes((folder / name).read_bytes()[:200])
    code, out, err = command("--model", folder, *SHORT)
    assert code == 1 and out == [] and len(err) == 1
    assert err[0].startswith(f"error: {name} of {folder} is no valid JSON")
    assert "download it again" in err[0]


def test_weights_of_torch_that_were_cut_are_called_so(command, tmp_path):
    folder = copy_of_demo(tmp_path / "mine", "model.safetensors")
    torch.save({"x": torch.zeros(1000)}, folder / "pytorch_model.bin")
    whole = (folder / "pytorch_model.bin").read_bytes()
    (folder / "pytorch_model.bin").write_bytes(whole[: len(whole) // 2])
    code, _, err = command("--model", folder, *SHORT)
    assert code == 1 and len(err) == 1 and "damaged or half downloaded" in err[0]
    assert len(err[0]) < 500


def test_the_name_of_a_folder_of_the_cache_names_reports_and_its_content_is_the_fingerprint(
    tmp_path,
):
    folder = hub_cache(tmp_path)
    arguments = parse_arguments(["--model", str(folder), "--image", str(DEMO_IMAGE)])
    assert plan(arguments).jobs[0].plain.name == "tiny-llava_demo_scene_logit_lens.html"
    before = model_identity(str(folder))
    templates = folder / "snapshots" / COMMIT / "additional_chat_templates"
    templates.mkdir()
    (templates / "rag.jinja").write_text("x")
    assert model_identity(str(folder)) != before
