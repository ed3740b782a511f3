"""Two readings whose states are alive: distances are those of the whole distributions."""

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import ImageDraw, ImageOps
from records import make_record

from logit_lens import LensError
from logit_lens.comparing.align import align
from logit_lens.comparing.carried import carried
from logit_lens.comparing.difference import Comparison, compare
from logit_lens.edits import edited
from logit_lens.images import Picture, open_picture
from logit_lens.model.anatomy import find_anatomy
from logit_lens.model.vlm import VLM, load_vlm
from logit_lens.reading import against
from logit_lens.reading.against import Alive, exact_distances, read_alive, read_difference
from logit_lens.reading.options import ReadOptions
from logit_lens.record import IMAGE, LensRecord, load_record
from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL

OPTIONS = ReadOptions(max_new_tokens=6, top_k=5)


@pytest.fixture(scope="module")
def demo() -> VLM:
    return load_vlm(str(DEMO_MODEL), device="cpu")


@pytest.fixture(scope="module")
def picture() -> Picture:
    return open_picture(DEMO_IMAGE)


@pytest.fixture(scope="module")
def blurred(demo: VLM, picture: Picture) -> tuple[Alive, Alive]:
    return read_alive(demo, picture, OPTIONS), read_alive(demo, edited(picture, "blur"), OPTIONS)


@pytest.fixture(scope="module")
def asked(demo: VLM, picture: Picture) -> tuple[Alive, Alive]:
    """Two questions: text after the image stands at other positions."""
    other = replace(OPTIONS, prompt="Is there a red circle in the image?")
    return read_alive(demo, picture, OPTIONS), read_alive(demo, picture, other)


def distributions(vlm: VLM, alive: Alive) -> np.ndarray:
    """(layer, position, vocab) by the model's own norm and head, in float64."""
    assert vlm.anatomy.norm is not None
    norm, head = (deepcopy(module).double() for module in (vlm.anatomy.norm, vlm.anatomy.head))
    with torch.inference_mode():
        logits = torch.stack([head(norm(state.double())) for state in alive.states]).numpy()
    p = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(p / p.sum(-1, keepdims=True))


def both(vlm: VLM, alive: tuple[Alive, Alive]) -> tuple[Comparison, np.ndarray, np.ndarray]:
    """The comparison, and p and q of its pairs in float64."""
    found = carried(read_difference(*alive))
    (rows_a, rows_b), (at_a, at_b) = found.alignment.layers.T, found.alignment.positions.T
    p, q = (distributions(vlm, one) for one in alive)
    return found, p[np.ix_(rows_a, at_a)], q[np.ix_(rows_b, at_b)]


@pytest.mark.parametrize("readings", ["blurred", "asked"])
def test_kl_and_total_variation_are_those_of_the_whole_distributions(
    demo: VLM, readings: str, request: pytest.FixtureRequest
) -> None:
    found, p, q = both(demo, request.getfixturevalue(readings))
    assert found.cells.kl is not None and found.cells.exact
    kl = (p * np.log(p / q)).sum(-1)
    assert kl.max() > 1 and len(found.alignment.positions) > 144
    same = np.array_equal(*found.alignment.positions.T)
    assert same is (readings == "blurred")
    np.testing.assert_allclose(found.cells.kl, kl, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(found.cells.variation, abs(p - q).sum(-1) / 2, atol=1e-5)


def test_kl_is_what_scipy_says(demo: VLM, blurred: tuple[Alive, Alive]) -> None:
    special = pytest.importorskip("scipy.special")
    found, p, q = both(demo, blurred)
    assert found.cells.kl is not None
    np.testing.assert_allclose(found.cells.kl, special.rel_entr(p, q).sum(-1), atol=1e-5, rtol=1e-5)


def test_the_bound_of_the_records_alone_holds(blurred: tuple[Alive, Alive]) -> None:
    exact = carried(read_difference(*blurred))
    bound = compare(exact.a, exact.b).cells.variation
    assert (bound <= exact.cells.variation + 1e-5).all()
    assert bound.max() > 0.5


def test_a_reading_against_itself_is_zero_to_the_last_bit(demo: VLM, picture: Picture) -> None:
    alive = read_alive(demo, picture, OPTIONS), read_alive(demo, picture, OPTIONS)
    cells = carried(read_difference(*alive)).cells
    assert cells.kl is not None
    for values in (cells.kl, cells.variation, cells.flip, cells.entropy, cells.probs, cells.ranks):
        assert values.size and not values.any()


def test_the_other_way_round_distances_stay_and_changes_turn(
    blurred: tuple[Alive, Alive],
) -> None:
    forth, back = carried(read_difference(*blurred)), carried(read_difference(*blurred[::-1]))
    order = np.argsort(back.alignment.positions[:, 1])
    np.testing.assert_array_equal(
        forth.alignment.positions, back.alignment.positions[order][:, ::-1]
    )
    np.testing.assert_allclose(forth.cells.variation, back.cells.variation[:, order], atol=1e-7)
    np.testing.assert_array_equal(forth.cells.entropy, -back.cells.entropy[:, order])
    slots = [back.cells.tracked_ids.tolist().index(i) for i in forth.cells.tracked_ids]
    np.testing.assert_array_equal(forth.cells.probs, -back.cells.probs[:, order][..., slots])
    np.testing.assert_array_equal(forth.cells.ranks, -back.cells.ranks[:, order][..., slots])


def test_what_one_tracks_is_tracked_in_the_other_too(
    demo: VLM, blurred: tuple[Alive, Alive]
) -> None:
    found = carried(read_difference(*blurred))
    own = [set(alive.record.tracked_ids.tolist()) for alive in blurred]
    assert own[0] != own[1]
    assert set(found.cells.tracked_ids.tolist()) == own[0] | own[1]
    for record, alive in ((found.a, blurred[0]), (found.b, blurred[1])):
        p = distributions(demo, alive)[..., record.tracked_ids]
        np.testing.assert_allclose(record.tracked_probs, p, atol=1e-5)
        ranks = (
            distributions(demo, alive)[..., None, :]
            > distributions(demo, alive)[..., record.tracked_ids, None]
        ).sum(-1)
        assert (record.tracked_ranks == ranks).mean() > 0.999  # near ties, float32 and float64


def test_small_chunks_change_nothing(
    blurred: tuple[Alive, Alive], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_difference(*blurred).extra
    monkeypatch.setattr(against, "CHUNK_ELEMENTS", 2 * 830 * 7)
    monkeypatch.setattr(against, "CACHED_ELEMENTS", 830 * 3)
    seen: list[int] = []
    parts = read_difference(*blurred, lambda step, done, of: seen.append(done)).extra
    for name in ("diff_kl", "diff_variation"):
        np.testing.assert_allclose(parts[name], whole[name], rtol=1e-5, atol=1e-5, equal_nan=True)
    n_pairs = int((~np.isnan(whole["diff_kl"])).sum())
    assert sum(seen) == n_pairs and max(seen) == 7


def test_what_b_cannot_say_at_all_is_infinitely_far() -> None:
    record = read_toy(torch.zeros(1, 3, 4))
    other = read_toy(torch.tensor([[[0, 0, 0, -torch.inf]] * 3]))
    found = exact_distances(record, other, align(record.record, other.record))
    assert np.isinf(found.kl).all()
    np.testing.assert_allclose(found.variation, 0.25, atol=1e-6)
    back = exact_distances(other, record, align(record.record, other.record))
    np.testing.assert_allclose(back.kl, np.log(4 / 3), atol=1e-6)


def test_vocabularies_of_two_sizes_are_refused() -> None:
    a, b = read_toy(torch.zeros(1, 3, 4)), read_toy(torch.zeros(1, 3, 5))
    with pytest.raises(LensError, match="have 4 and 5 tokens"):
        exact_distances(a, b, align(a.record, b.record))


def read_toy(logits: torch.Tensor) -> Alive:
    """States that are logits (layer, position, vocab), and a record of as many positions."""
    record = make_record(layers=1, grid=(1, 1), text=2, answer=0)
    return Alive(record, lambda state, at: state[at], list(logits))


def patches_alone(vlm: VLM) -> VLM:
    """The same model whose tower has no attention: a patch knows only its own pixels."""
    model = deepcopy(vlm.model)
    layers = [
        m for name, m in model.named_modules() if name.endswith("self_attn") and "vision" in name
    ]
    assert len(layers) == 4
    for attention in layers:
        attention.register_forward_hook(
            lambda module, args, output: (torch.zeros_like(output[0]), *output[1:])
        )
    return replace(vlm, model=model, anatomy=find_anatomy(model))


def test_a_planted_object_is_the_difference_at_layer_0_and_spreads_later(
    demo: VLM, picture: Picture
) -> None:
    changed = picture.image.copy()
    ImageDraw.Draw(changed).ellipse((290, 110, 420, 240), fill=(20, 160, 60))
    vlm = patches_alone(demo)
    scenes = picture, replace(picture, image=changed)
    options = ReadOptions(max_new_tokens=0)
    a, b = (read_alive(vlm, scene, options) for scene in scenes)
    found = carried(read_difference(a, b))
    # which patches have other pixels, as the processor cuts them: 12 x 12 of 14 x 14
    pixels = [vlm.processor.image_processor(s.image)["pixel_values"][0] for s in scenes]
    apart = abs(np.asarray(pixels[0]) - np.asarray(pixels[1])).max(0)
    planted = apart.reshape(12, 14, 12, 14).max((1, 3)).ravel() > 0
    assert 10 < planted.sum() < 40
    image = found.a.position_kind[found.alignment.positions[:, 0]] == IMAGE
    variation = found.cells.variation[:, image]
    assert (variation[0][planted] > 0.001).all()  # all of the object, and nothing else
    assert not variation[0][~planted].any()
    assert not found.cells.variation[0, ~image].any()
    spread = (variation > 0.01).sum(1)
    print("patches that differ by more than 0.01, by layer:", spread.tolist())
    assert spread[0] <= planted.sum() and spread[-1] > 1.5 * planted.sum()
    first = int(np.argmax(planted))
    assert not variation[:, :first].any()  # what was read before the object cannot know of it


@pytest.mark.parametrize("what", ["grey", "swap-prompt=Is there a red circle?", "image.png"])
def test_the_command_reads_twice_and_the_data_make_the_page_again(
    command: Any, picture: Picture, tmp_path: Path, what: str
) -> None:
    ImageOps.mirror(picture.image).save(tmp_path / "image.png")
    flags = ["--max-new-tokens", "4", "--quiet", "--save-data", "--output", "x.html"]
    code, out, err = command("--demo", "--against", what, *flags)
    assert code == 0 and out == ["x.html"], err
    first = Path("x.html").read_bytes()
    code, _, err = command("--from-data", "x.npz", "--output", "again.html")
    assert code == 0 and Path("again.html").read_bytes() == first, err
    found = carried(load("x.npz"))
    assert found.cells.exact and found.cells.variation.max() > 0.3
    names = {
        "grey": ("demo_scene.png, without colours", "Describe the image."),
        "image.png": ("image.png", "Describe the image."),
    }
    assert (found.b.meta["image"]["name"], found.b.meta["run"]["question"]) == names.get(
        what, ("demo_scene.png", "Is there a red circle?")
    )


def load(path: str) -> LensRecord:
    return load_record(Path(path))


def test_two_models_are_read_one_after_the_other(command: Any, tmp_path: Path) -> None:
    vlm = load_vlm(str(DEMO_MODEL), device="cpu")
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in vlm.model.model.language_model.layers[5].parameters():
            parameter.add_(0.3 * parameter.std() * torch.randn_like(parameter))
    vlm.model.save_pretrained(tmp_path / "tuned")
    vlm.processor.save_pretrained(tmp_path / "tuned")
    flags = ["--max-new-tokens", "4", "--quiet", "--save-data", "--output", "x.html"]
    code, out, err = command("--demo", "--against", "model=tuned", *flags)
    assert code == 0 and out == ["x.html"], err
    found = carried(load("x.npz"))
    assert found.b.meta["model"] == "tuned" and found.cells.kl is not None
    assert found.cells.kl[:6].max() < 1e-4  # layer 6 is the first that was changed
    assert found.cells.kl[6:].max() > 0.05


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--against", "model="], "names nothing"),
        (["--against", "swap-prompt= "], "names nothing"),
        (["--against", "blur", "--ablate"], "leave out --ablate"),
        (["--against", "model=x", "--image", "a.png", "b.png"], "name one --image"),
    ],
)
def test_what_cannot_be_read_twice_is_refused_at_once(
    command: Any, flags: list[str], says: str
) -> None:
    code, _, err = command("--demo", *flags)
    assert code == 2 and len(err) == 1 and says in err[0]


def test_another_image_that_is_missing_is_one_line(command: Any) -> None:
    code, out, err = command("--demo", "--against", "none.png", "--quiet", "--output", "x.html")
    assert code == 1 and not out
    assert [line for line in err if line.startswith("error: ")] == [err[-1]]
    assert "none.png" in err[-1] and not Path("x.html").exists()
