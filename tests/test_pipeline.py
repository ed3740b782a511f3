"""The whole path on a real (small) model, against a float64 brute force written apart from it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, LlavaConfig, LlavaForConditionalGeneration

from logit_lens import LensError
from logit_lens.command.arguments import parse_arguments
from logit_lens.images import open_picture
from logit_lens.model.vlm import load_vlm
from logit_lens.reading.check import refusal
from logit_lens.reading.options import ReadOptions
from logit_lens.reading.pipeline import make_record
from logit_lens.reading.recording import Recording
from logit_lens.resources import DEMO_MODEL

ROOT = Path(__file__).resolve().parents[1]
SCENE = ROOT / "images" / "demo_scene.png"


@pytest.fixture(scope="session")
def random_llava(tmp_path_factory):
    """A folder with a random LLaVA whose norms are random too (ones would hide a missing norm)."""
    folder = tmp_path_factory.mktemp("random_llava")
    config = LlavaConfig.from_pretrained(DEMO_MODEL)
    config.text_config.num_hidden_layers = 3
    config.text_config.vocab_size += 7  # a padded vocabulary, as llava-1.5-7b's
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(config)
    for name, parameter in model.named_parameters():
        if "norm" in name:
            torch.nn.init.uniform_(parameter, 0.5, 2.0)
    model.save_pretrained(folder)
    AutoProcessor.from_pretrained(DEMO_MODEL).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session", params=["demo", "random"])
def folder(request):
    return DEMO_MODEL if request.param == "demo" else request.getfixturevalue("random_llava")


def run(folder, *flags):
    flags = ["--image", str(SCENE), "--model", str(folder), "--max-new-tokens", "5", *flags]
    vlm = load_vlm(str(folder), device="cpu", dtype=parse_arguments(flags).dtype)
    return make_record(vlm, open_picture(SCENE), parse_arguments(flags).reading)


def float64_lens(folder, record):
    """log p of every layer, position and token, from transformers' own hidden states.

    Its last hidden state is normed already; the others are normed here by the definition of RMSNorm
    (Zhang & Sennrich 2019).
    """
    model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(folder)
    pixels = processor.image_processor(open_picture(SCENE).image, return_tensors="pt")[
        "pixel_values"
    ]
    with torch.no_grad():
        out = model(
            input_ids=torch.tensor(record.input_ids)[None],
            pixel_values=pixels,
            output_hidden_states=True,
        )
    gain = model.model.language_model.norm.weight.double().numpy(force=True)
    head = model.lm_head.weight.double().numpy(force=True)
    states = [h[0].double().numpy(force=True) for h in out.hidden_states]
    eps = model.config.text_config.rms_norm_eps
    normed = [h / np.sqrt((h**2).mean(-1, keepdims=True) + eps) * gain for h in states[:-1]]
    logits = np.stack([*normed, states[-1]]) @ head.T  # (layer, position, vocab)
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), out.logits[0].numpy(force=True)


def test_every_cell_equals_a_float64_brute_force(folder):
    record = run(folder, "--track", "red", "cat")
    log_p, _ = float64_lens(folder, record)
    p = np.exp(log_p)
    assert record.top_ids.shape == (*p.shape[:2], 10)

    # what was kept is the top: in order, and nothing left out is more likely
    kept = np.take_along_axis(p, record.top_ids.astype(int), -1)
    np.testing.assert_allclose(record.top_probs, kept, atol=1e-5, rtol=1e-4)
    assert (np.diff(kept, axis=-1) <= 1e-6).all()
    assert (np.sort(p, -1)[..., -10] <= kept[..., -1] + 1e-6).all()

    np.testing.assert_allclose(record.entropy, -(p * log_p).sum(-1), atol=2e-4)
    np.testing.assert_allclose(record.kl, (p[-1] * (log_p[-1] - log_p)).sum(-1), atol=2e-4)

    assert len(record.tracked_ids) >= 2
    for n, token in enumerate(record.tracked_ids):
        mine = p[..., [token]]
        np.testing.assert_allclose(record.tracked_probs[..., n], mine[..., 0], atol=1e-5, rtol=1e-4)
        # float32 may swap neighbours that are equal to seven digits
        surely, perhaps = (p > mine * (1 + 1e-4)).sum(-1), (p > mine * (1 - 1e-4)).sum(-1)
        rank = record.tracked_ranks[..., n]
        assert ((surely <= rank) & (rank <= perhaps)).all()


def test_the_lens_at_the_last_layer_is_the_models_own_output(folder):
    record = run(folder)
    check = record.meta["check"]
    assert check["passed"] and check["positions"] == len(record.input_ids)
    assert check["argmax_agree"] == 1.0 and check["answer_agree"] == 1.0
    assert check["max_abs_logit_diff"] <= 1e-4
    _, logits = float64_lens(folder, record)
    assert (record.top_ids[-1, :, 0] == logits.argmax(-1)).all()
    assert np.abs(record.kl[-1]).max() < 1e-5


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_check_passes_in_half_precision_by_its_tolerance(folder, dtype):
    check = run(folder, "--dtype", dtype).meta["check"]
    assert check["passed"]
    assert 1e-4 < check["tolerance"] < 1.0


def test_the_answer_is_what_the_model_generates_and_every_token_of_it_is_read():
    record = run(DEMO_MODEL, "--max-new-tokens", "8")
    answer = np.flatnonzero(record.position_kind == 2)
    assert len(answer) >= 1
    # greedy: each answer token is the final layer's first choice at the position before it
    assert (record.top_ids[-1, answer - 1, 0] == record.input_ids[answer]).all()
    assert set(record.input_ids[answer]) <= set(record.tracked_ids)
    text = "".join(record.token(i) for i in record.input_ids[answer])
    assert text.replace("▁", " ").strip() == record.meta["answer"]


def test_the_answer_is_greedy_whatever_penalties_the_checkpoint_brings():
    flags = ["--model", str(DEMO_MODEL), "--max-new-tokens", "24"]
    vlm = load_vlm(str(DEMO_MODEL), device="cpu")
    plain = make_record(vlm, open_picture(SCENE), parse_arguments(flags).reading)
    vlm.model.generation_config.no_repeat_ngram_size = 1
    vlm.model.generation_config.repetition_penalty = 5.0
    penalised = make_record(vlm, open_picture(SCENE), parse_arguments(flags).reading)
    assert penalised.meta["answer"] == plain.meta["answer"]
    assert penalised.meta["check"]["answer_agree"] == 1.0
    assert vlm.model.generation_config.repetition_penalty == 5.0


def tokens_read(vlm):
    """How many positions each call of the first decoder layer read, as a list that fills."""
    lengths = []

    def note(layer, args, kwargs):
        lengths.append((args[0] if args else kwargs["hidden_states"]).shape[1])

    vlm.anatomy.layers[0].register_forward_pre_hook(note, with_kwargs=True)
    return lengths


def test_every_position_is_read_once_by_the_model_and_the_answers_last_token_too(folder):
    vlm = load_vlm(str(folder), device="cpu")
    lengths = tokens_read(vlm)
    record = make_record(vlm, open_picture(SCENE), ReadOptions(max_new_tokens=5))
    n_answer = int((record.position_kind == 2).sum())
    assert n_answer >= 1
    assert lengths == [len(record.input_ids) - n_answer] + [1] * n_answer
    assert list(record.meta["seconds"]) == ["load", "generate", "lens"]
    lengths.clear()
    record = make_record(vlm, open_picture(SCENE), ReadOptions(max_new_tokens=0))
    assert lengths == [len(record.input_ids)]
    assert list(record.meta["seconds"]) == ["load", "generate", "forward", "lens"]


def test_what_is_recorded_while_the_model_answers_is_what_one_forward_would_give(
    folder, monkeypatch
):
    flags = ["--track", "red", "--max-new-tokens", "6"]
    answering = run(folder, *flags)
    monkeypatch.setattr(Recording, "of", refuse_once(Recording.of))
    at_once = run(folder, *flags)
    assert "forward" in at_once.meta["seconds"] and "forward" not in answering.meta["seconds"]
    assert answering.meta["answer"] == at_once.meta["answer"]
    assert answering.meta["check"]["positions"] == at_once.meta["check"]["positions"]
    for name in ("input_ids", "tracked_ids"):
        assert np.array_equal(getattr(answering, name), getattr(at_once, name)), name
    assert np.array_equal(answering.top_ids[..., 0], at_once.top_ids[..., 0])
    # neighbours that are equal to seven digits may change places
    assert np.abs(answering.tracked_ranks - at_once.tracked_ranks).max() <= 1
    for name in ("top_probs", "entropy", "kl", "tracked_probs"):
        difference = np.abs(getattr(answering, name) - getattr(at_once, name)).max()
        assert difference <= 1e-4, name


def refuse_once(of):
    calls = iter(range(10))

    def refusing(self, ids):
        if next(calls) == 0:
            raise LensError("not every position once")
        return of(self, ids)

    return refusing


def test_a_model_that_overflows_gives_a_record_whose_check_failed():
    vlm = load_vlm(str(DEMO_MODEL), device="cpu")
    vlm.model.lm_head.register_forward_hook(lambda m, a, out: out * float("nan"))
    record = make_record(vlm, open_picture(SCENE), ReadOptions(max_new_tokens=0))
    assert not record.meta["check"]["passed"]
    assert "in float32 and with finite weights" in refusal(record.meta["check"], vlm)


def test_what_a_processor_refuses_is_one_line():
    vlm = load_vlm(str(DEMO_MODEL), device="cpu")

    def refuse(*args, **kwargs):
        raise ValueError("absolute aspect ratio must be smaller than 200")

    vlm.processor.image_processor.preprocess = refuse
    with pytest.raises(LensError, match="refuses this input: absolute aspect ratio"):
        make_record(vlm, open_picture(SCENE), ReadOptions(max_new_tokens=0))


def test_a_split_word_is_named_with_the_piece_that_is_tracked():
    record = run(DEMO_MODEL, "--track", "triangle", "--max-new-tokens", "0")
    assert "▁tri" in record.meta["tracked_words"]["triangle"]


def test_no_new_tokens_means_the_prompt_only():
    record = run(DEMO_MODEL, "--max-new-tokens", "0")
    assert record.meta["answer"] == "" and (record.position_kind != 2).all()


def test_a_selection_of_layers_gives_the_same_numbers_as_all_of_them(folder):
    whole, part = run(folder), run(folder, "--layers", "0,2")
    assert part.layers.tolist() == [0, 2, whole.layers[-1]]
    for name in ("top_ids", "top_probs", "entropy", "kl"):
        assert np.array_equal(getattr(part, name), getattr(whole, name)[part.layers])


def test_image_positions_have_boxes_and_text_positions_have_none(folder):
    record = run(folder)
    on_image = record.position_kind == 1
    assert on_image.sum() == 144
    assert np.isfinite(record.patch_boxes[on_image]).all()
    assert np.isnan(record.patch_boxes[~on_image]).all()
    assert (record.patch_view[on_image] == 0).all() and (record.patch_view[~on_image] == -1).all()


def test_the_prompt_alone_works_too(folder):
    vlm = load_vlm(str(folder), device="cpu")
    record = make_record(vlm, None, ReadOptions("Hi"))
    assert (record.position_kind != 1).all() and len(record.image) == 0
    assert record.meta["check"]["passed"]


@pytest.mark.parametrize(
    "prompt", ["</script>{{ 7*7 }}{% raw %}", "שלום 🚀 \u202e", "nul\x00byte", "x" * 3000]
)
def test_a_prompt_may_hold_anything(prompt):
    vlm = load_vlm(str(DEMO_MODEL), device="cpu")
    arguments = parse_arguments(["--prompt", prompt, "--max-new-tokens", "1"])
    record = make_record(vlm, open_picture(SCENE), arguments.reading)
    assert prompt in record.meta["prompt"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--top-k", "100000"], r"has \d+ tokens"),
        (["--layers", "77"], "no layer 77"),
        (["--prompt", "a <image> b"], "holds the image token"),
        (["--raw-prompt", "--prompt", "a"], "no image token"),
        (["--raw-prompt", "--prompt", "<image> <image>"], "2 image tokens"),
    ],
)
def test_an_argument_that_does_not_fit_the_model_is_refused_with_exit_code_2(folder, flags, says):
    with pytest.raises(LensError, match=says) as error:
        run(folder, *flags)
    assert error.value.exit_code == 2


def test_a_raw_prompt_is_used_verbatim():
    record = run(DEMO_MODEL, "--raw-prompt", "--prompt", "<image> red")
    assert record.meta["prompt"] == "<image> red"


def test_a_failing_self_check_says_by_how_much(random_llava, tmp_path, monkeypatch):
    """A model whose logits are not norm and head of its last layer, and that replay cannot mend."""
    folder = tmp_path / "odd"
    shutil.copytree(random_llava, folder)
    vlm = load_vlm(str(folder), device="cpu")
    calls = iter(range(1000))
    vlm.model.lm_head.register_forward_hook(lambda m, a, out: out + next(calls))
    record = make_record(vlm, open_picture(SCENE), ReadOptions(max_new_tokens=0))
    check = record.meta["check"]
    assert not check["passed"]
    assert check["max_abs_logit_diff"] >= 1
