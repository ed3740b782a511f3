"""The embedded demo model: its scenes are true, its training works, the shipped one is good."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

import train_demo_model
from demo_model import language
from demo_model.batches import Batcher, cut
from demo_model.build import SPLIT, Sizes, build_model, build_tokenizer
from demo_model.drawing import BACKGROUNDS, COLOURS, SHAPES
from demo_model.evaluate import HELD_OUT, Examinee, Marks, examine, near
from demo_model.language import language_step, lower_layers, upper_layers
from demo_model.pictures import PICTURES, draw
from demo_model.questions import KINDS, NUMBERS, ask, ask_many, plural, vocabulary
from demo_model.scenes import GRID, PATCH, SIDE, canvas_box, random_scene, single_object_scene
from demo_model.seen import look, patch_cover
from demo_model.stages import State, decode, look_at

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "models" / "demo"
TOY = Sizes(width=32, decoder_layers=4, decoder_hidden=96, vision_layers=1)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def square_scenes(number: int):
    """The first test scenes that are already as large as the model's view."""
    scenes = (random_scene(seed, "test") for seed in range(100))
    return [scene for scene in scenes if scene.owner.shape == (SIDE, SIDE)][:number]


# scenes


def test_a_seed_fixes_the_scene_and_its_questions():
    first, again, other = (random_scene(seed) for seed in (3, 3, 4))
    assert np.array_equal(first.image, again.image)
    assert ask_many(first, 8) == ask_many(again, 8)
    assert not np.array_equal(first.image, other.image)


def test_training_and_examination_share_no_scene():
    assert not np.array_equal(random_scene(3, "train").image, random_scene(3, "test").image)


def test_every_pixel_of_a_thing_has_its_colour():
    palette = np.array(list(COLOURS.values()), float)
    for scene in square_scenes(8):
        for index, thing in enumerate(scene.things):
            pixels = scene.image[scene.owner == index].astype(float)
            nearest = ((pixels[:, None] - palette) ** 2).sum(-1).argmin(1)
            share = (nearest == list(COLOURS).index(thing.colour)).mean()
            assert share > 0.95, (thing, share)  # all but the blended rim


def test_patch_labels_agree_with_a_count_of_pixels():
    for scene in square_scenes(4):
        view = look(scene)
        for patch in range(GRID**2):
            row, column = divmod(patch, GRID)
            box = np.s_[row * PATCH : (row + 1) * PATCH, column * PATCH : (column + 1) * PATCH]
            owner, ground = scene.owner[box], scene.ground[box]
            half = [i for i in range(len(scene.things)) if (owner == i).sum() * 2 >= PATCH**2]
            assert view.thing[patch] == (half[0] if half else -1)
            if (owner >= 0).mean() < 0.15:
                for index in range(len(BACKGROUNDS)):
                    share = ((ground == index) & (owner < 0)).sum() / (owner < 0).sum()
                    assert view.share[patch, index] == pytest.approx(share, abs=1e-5)
            else:
                assert view.share[patch].sum() == 0


def test_the_view_of_a_wide_canvas_is_its_middle_square():
    image, mask = single_object_scene("square", "red", (420, 150), 60, (840, 300))
    assert image.size == (840, 300)
    assert mask.shape == (300, 840)
    assert canvas_box(840, 300) == (270, 0, 570, 300)
    cover = patch_cover(mask).reshape(GRID, GRID)
    assert cover[5:7, 5:7].min() == 1
    assert cover.mean() == pytest.approx(mask.sum() / 300**2, abs=1e-3)


@pytest.mark.parametrize("size", [(672, 504), (504, 672), (168, 168), (1000, 333)])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_single_object_lies_where_it_was_put(size, shape):
    x, y, radius = size[0] * 0.5, size[1] * 0.6, min(size) * 0.2
    image, mask = single_object_scene(shape, "black", (x, y), radius, size, ("sky", "snow"))
    rows, columns = np.nonzero(mask)
    assert image.size == size
    assert np.hypot(columns - x, rows - y).max() <= 1.26 * radius + 1
    assert mask.sum() > 0.9 * radius**2
    pixels = np.asarray(image)
    assert pixels[mask].max(1).mean() < 60  # black, on
    assert pixels[~mask].max(1).min() > 90  # much brighter ground, but for the rim


# questions


def test_answers_are_true_of_the_things():
    seen = set()
    for seed in range(60):
        scene = random_scene(seed, "test")
        left, top, right, bottom = canvas_box(*scene.owner.shape[::-1])
        for kind, question, answer in ask_many(scene, 12):
            seen.add(kind)
            words = question.rstrip("?").split()
            things = scene.things
            if kind == "colour":
                assert [t.colour for t in things if t.shape == words[-1]] == [answer]
            elif kind == "shape":
                assert [t.shape for t in things if t.colour == words[-2]] == [answer]
            elif kind == "exists":
                assert any([t.colour, t.shape] == words[-2:] for t in things) == (answer == "yes")
            elif kind == "count":
                assert sum(plural(t.shape) == words[2] for t in things) == NUMBERS.index(answer)
            elif kind == "total":
                assert len(things) == NUMBERS.index(answer)
            elif kind == "where":
                thing = next(t for t in things if [t.colour, t.shape] == words[-2:])
                assert ("top" in answer) == (thing.y < (top + bottom) / 2)
                assert ("left" in answer) == (thing.x < (left + right) / 2)
            elif kind == "describe":
                names = [answer.lower().index(f"{t.colour} {t.shape}") for t in things]
                assert names == sorted(names)
    assert seen == set(KINDS)


def test_yes_and_no_come_equally_often():
    answers = [ask(random_scene(seed, "test"), "exists")[1] for seed in range(200)]
    assert 0.4 < np.mean([answer == "yes" for answer in answers]) < 0.6


# tokens and batches


def test_every_word_is_one_token_but_the_two_that_are_meant_to_be_split():
    tokenizer = build_tokenizer()
    for word in vocabulary():
        pieces = tokenizer.tokenize(f"a {word} and")
        expected = ["▁" + word]
        if word.removesuffix("s") in SPLIT:
            first, second = SPLIT[word.removesuffix("s")]
            expected = ["▁" + first, second] + ["s"] * word.endswith("s")
        assert pieces == ["▁a", *expected, "▁and"]


@pytest.mark.parametrize("text", ["What is löß?", "two  spaces", "a\nb", "日本 x"])
def test_any_text_survives_the_tokenizer(text):
    tokenizer = build_tokenizer()
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == text


def test_packed_questions_read_as_if_each_were_asked_alone():
    torch.manual_seed(0)
    tokenizer = build_tokenizer()
    model = build_model(tokenizer, TOY).eval()
    batcher = Batcher(tokenizer, 3)
    batch = batcher(range(2))
    with torch.no_grad():
        projected = look_at(model, batch.pixels)[1]
        packed = model.lm_head(decode(model, batch, projected, batcher.image_start)[-1])
        for row in range(2):
            for branch in (1, 2, 3):
                mine = batch.branch[row] == branch
                ids = torch.cat([batch.ids[row][batch.branch[row] == 0], batch.ids[row][mine]])
                alone = model(input_ids=ids[None], pixel_values=batch.pixels[row : row + 1]).logits
                torch.testing.assert_close(
                    packed[row][mine], alone[0, -int(mine.sum()) :], atol=1e-4, rtol=1e-4
                )


def test_dropping_image_tokens_keeps_every_position():
    batcher = Batcher(build_tokenizer(), 2)
    batch = batcher(range(2))
    kept = torch.arange(0, GRID**2, 2).expand(2, -1)
    small = cut(batch, kept, batcher.image_start)
    image = slice(batcher.image_start, batcher.image_start + kept.shape[1])
    assert torch.equal(small.position[:, image], kept + batcher.image_start)
    assert torch.equal(small.share, batch.share[:, ::2])
    assert torch.equal(small.ids[:, image.stop :], batch.ids[:, batcher.image_start + GRID**2 :])


@pytest.mark.parametrize(("lesson", "own"), [("lens", upper_layers), ("quiet", lower_layers)])
def test_a_lens_lesson_reaches_only_its_own_layers(lesson, own, tmp_path):
    gradients = []
    for given in (None, lesson):
        state = State.fresh(0, TOY, tmp_path)
        batcher = Batcher(state.tokenizer, 2)
        language_step(state, batcher(range(2)), batcher, cheap=False, lesson=given)
        gradients.append({name: p.grad for name, p in state.model.named_parameters()})
    mine = {id(p) for p in own(state.model)}
    changed = {
        name
        for name, p in state.model.named_parameters()
        if p.grad is not None and not torch.equal(gradients[0][name], gradients[1][name])
    }
    assert changed == {name for name, p in state.model.named_parameters() if id(p) in mine}


# training


def train_toy(folder: Path) -> Path:
    sizes = "--width 32 --decoder-layers 4 --vision-layers 1 --scenes 0 --workers 0"
    steps = "--vision-steps 2 --language-steps 5 --seed 1"
    where = f"--output {folder / 'model'} --work {folder / 'work'}"
    train_demo_model.main(f"{sizes} {steps} {where}".split())
    return folder / "model"


def test_the_training_script_makes_the_same_loadable_model_twice(tmp_path):
    first, second = train_toy(tmp_path / "first"), train_toy(tmp_path / "second")
    digests = {
        hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        for folder in (first, second)
    }
    assert len(digests) == 1
    examinee = Examinee.load(first)
    assert type(examinee.model).__name__ == "LlavaForConditionalGeneration"
    assert type(examinee.processor).__name__ == "LlavaProcessor"
    answer = examinee.answer(Image.new("RGB", (50, 30)), ["What is in the background?"])
    assert isinstance(answer[0], str)


def test_a_run_cut_off_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    whole = train_toy(tmp_path / "whole")
    monkeypatch.setattr(language, "SAVE_EVERY", 2)
    steps = []

    def cut_off(*args):
        steps.append(args)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return language_step(*args)

    monkeypatch.setattr(language, "language_step", cut_off)
    with pytest.raises(KeyboardInterrupt):
        train_toy(tmp_path / "cut")
    resumed = train_toy(tmp_path / "cut")
    assert len(steps) == 4 + 3  # the steps after the second, again
    weights = [(folder / "model.safetensors").read_bytes() for folder in (whole, resumed)]
    assert weights[0] == weights[1]


def test_a_saved_state_of_another_recipe_is_refused(tmp_path):
    train_toy(tmp_path)
    with pytest.raises(SystemExit, match="another recipe"):
        train_demo_model.main(f"--work {tmp_path / 'work'} --scenes 0".split())


# the shipped model


def check(marks: Marks, slack: float) -> None:
    """The figures that the demo must hold; `slack` for a small sample."""
    best = marks.best
    colour, shape, either, both, ground, leak, _ = marks.lens[best]
    assert either >= 0.95 - slack
    assert both >= 0.95 - slack
    assert ground >= 0.97 - slack
    assert leak <= 0.02 + slack
    assert marks.lens[:3, 2].max() <= 0.10
    on, on_five, far, far_five = marks.single[best]
    assert on >= 0.90
    assert on_five >= 0.90
    assert far == 0
    assert far_five == 0
    for kind, least in {"back": 0.98, "shape": 0.92, "total": 0.85}.items():
        assert marks.share(kind) >= least - 2 * slack, (kind, marks.wrong)


def test_the_shipped_model_sees_and_answers():
    check(examine(DEMO, range(HELD_OUT, HELD_OUT + 12), singles=12), slack=0.03)


@pytest.mark.slow
def test_the_shipped_model_holds_its_published_figures():
    marks = examine(DEMO, range(HELD_OUT, HELD_OUT + 200))
    check(marks, slack=0.0)
    published = (DEMO / "README.md").read_text().splitlines()
    for kind in KINDS:
        row = next(line for line in published if line.startswith(f"| {kind} |"))
        # Not to the digit: another processor rounds differently, and may tip a close decision.
        assert float(row.split("|")[2]) == pytest.approx(marks.share(kind), abs=0.02)


@pytest.mark.parametrize("name", PICTURES)
def test_the_shipped_model_answers_right_about_the_pictures(name):
    scene = draw(PICTURES[name])
    with Image.open(ROOT / "images" / name) as file:
        image = ImageOps.exif_transpose(file)
    difference = np.abs(np.asarray(image, float) - scene.image)
    assert difference.mean() < 4  # the file shows what the labels are about, but for JPEG's loss
    pairs = [pair for kind in KINDS if (pair := ask(scene, kind)) is not None]
    answers = Examinee.load(DEMO).answer(image, [question for question, _ in pairs])
    assert dict(zip((q for q, _ in pairs), answers, strict=True)) == dict(pairs)


def test_the_shipped_model_is_small():
    assert sum(path.stat().st_size for path in DEMO.iterdir()) < 8e6


@pytest.mark.parametrize("rotation", [1, 3, 6, 8])
@pytest.mark.parametrize("size", [(672, 504), (504, 672)])
def test_an_objects_words_stand_on_it_and_nowhere_else(size, rotation, tmp_path):
    centre, radius = (size[0] * 0.55, size[1] * 0.45), 100
    upright, mask = single_object_scene("star", "red", centre, radius, size)
    undo = {1: None, 3: Image.Transpose.ROTATE_180}
    undo |= {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    stored = upright.transpose(undo[rotation]) if undo[rotation] is not None else upright
    exif = Image.Exif()
    exif[0x0112] = rotation
    stored.save(tmp_path / "photo.jpg", exif=exif, quality=92)
    with Image.open(tmp_path / "photo.jpg") as photo:
        image = ImageOps.exif_transpose(photo)
    assert image.size == size
    examinee = Examinee.load(DEMO)
    wanted = examinee.processor.tokenizer.convert_tokens_to_ids(["▁red", "▁star"])
    top = examinee.lens(image)[-1].topk(5, -1).indices.numpy()
    cover = patch_cover(mask)
    named = np.isin(top, wanted).any(-1)
    assert named[cover >= 0.5].mean() >= 0.9
    assert not named[~near(cover > 0)].any()
