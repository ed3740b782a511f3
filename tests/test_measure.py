"""measure.py: fresh scenes, the right pixels for every word, the record's own maps, a run that goes
on where it stopped, and a folder of pictures with COCO-style masks."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from causal import stock
from PIL import Image

import measure
from demo_model.drawing import BACKGROUNDS
from demo_model.evaluate import HELD_OUT
from demo_model.scenes import random_scene
from logit_lens import LensError
from logit_lens.model.vlm import VLM, load_vlm
from logit_lens.reading.options import ReadOptions
from logit_lens.reading.pipeline import make_record
from logit_lens.reading.prompt import encode_prompt
from logit_lens.record import IMAGE, LensRecord
from logit_lens.resources import DEMO_MODEL
from measuring import window_study
from measuring.cases import Case, Target, covered
from measuring.coco import coco_samples
from measuring.examine import (
    COVERED,
    RANDOM_SETS,
    SHARES,
    Row,
    examine,
    matched,
    replaced_sets,
)
from measuring.journal import Journal
from measuring.map_tables import best_cuts, ratio_of_means
from measuring.scenes import FIRST_MEASURED, FIRST_TUNING, scene_samples
from measuring.summary import tables

NUMBER = FIRST_MEASURED + 2  # a green moon and a purple star


@pytest.fixture(scope="module")
def vlm() -> VLM:
    return load_vlm(str(DEMO_MODEL), device="cpu")


@pytest.fixture(scope="module")
def case() -> Case:
    return next(iter(scene_samples(NUMBER - FIRST_MEASURED + 1, 0)[-1].cases()))


@pytest.fixture(scope="module")
def row(vlm: VLM, case: Case) -> Row:
    return examine(vlm, case)


@pytest.fixture(scope="module")
def record(vlm: VLM, case: Case) -> LensRecord:
    options = ReadOptions(case.question, top_k=1, ablate=True, attribute=True)
    return make_record(vlm, case.picture, options)


def test_scenes_are_fresh_and_those_for_thresholds_are_others() -> None:
    samples = scene_samples(500, 100)
    assert [sample.tuning for sample in samples] == [True] * 100 + [False] * 500
    assert len({sample.key for sample in samples}) == 600
    # the model's own examination takes its scenes from HELD_OUT on, training none of this split
    assert min(FIRST_MEASURED, FIRST_TUNING) > HELD_OUT + 10_000
    assert FIRST_MEASURED + 500 < FIRST_TUNING


def test_every_word_of_a_right_answer_has_its_pixels() -> None:
    for sample in scene_samples(6, 0):
        scene = random_scene(int(sample.key.split()[1]), "test")
        for case in sample.cases():
            assert case.truth is not None
            spoken = [word.strip(",.").lower() for word in case.truth.split()]
            found = matched(spoken, case.targets)
            assert [target for _, target in found] == list(case.targets)
            for n, target in found:
                assert spoken[n] == target.word
                owners = set(scene.owner[target.region].tolist())
                if target.kind == "background":
                    assert owners <= {-1}
                    words = {BACKGROUNDS[i] for i in scene.ground[target.region]}
                    assert words == {target.word}
                    continue
                (owner,) = owners
                thing = scene.things[owner]
                assert target.word == (thing.colour if target.kind == "colour" else thing.shape)
                assert (target.region == (scene.owner == owner)).all()
                assert (target.alike >= target.region).all()


def test_a_thing_that_is_named_first_is_the_leftmost() -> None:
    for sample in scene_samples(6, 0):
        case = next(iter(sample.cases()))
        left = [np.flatnonzero(t.region.any(0)).mean() for t in case.targets if t.kind == "object"]
        assert left == sorted(left)


def test_words_are_matched_in_order_each_target_once_and_names_of_several_words_whole() -> None:
    nothing = np.zeros((1, 1), bool)
    targets = [Target("object", name, nothing, nothing) for name in ("dog", "hot dog", "bus")]
    spoken = ["A", "hot", "dog", "two", "buses", "a", "hot", "day", "Dogs", "dog"]
    found = [(n, target.word) for n, target in matched(spoken, targets)]
    assert found == [(1, "hot dog"), (2, "dog"), (4, "bus")]


def test_the_maps_are_those_of_the_record(row: Row, record: LensRecord, case: Case) -> None:
    extra, images = record.extra, record.position_kind == IMAGE
    assert row["answer"] == case.truth and row["right"] is True
    assert [word["text"] for word in row["words"]] == [target.word for target in case.targets]
    for word, target in zip(row["words"], case.targets, strict=True):
        first, last = extra["word_spans"][word["word"]]
        share = covered(target.region, record.patch_boxes[images])
        mask, maps = share >= COVERED, {}
        slot = list(record.tracked_ids).index(extra["word_ids"][word["word"]])
        probs = record.tracked_probs[1:-1][:, images, slot]
        maps["reads as"] = probs[extra["support_cell"][word["word"], 0] - 1]
        maps["reads as, any layer"] = probs.max(0)
        maps["depends on"] = np.array(
            [
                np.mean([extra["ablate_drop"][first:last, g].sum() for g in covering])
                for covering in map(np.flatnonzero, extra["ablate_windows"].T)
            ]
        )
        wrote = extra["attribution_patch"][first] - extra["against_patch"][first]
        maps["writes directly"] = wrote.sum(0)
        for name, values in maps.items():
            found = word["maps"][name]
            assert found["on"] == mask[values.argmax()], name
            assert found["touching"] == (share[values.argmax()] > 0)
            predicted = values >= SHARES[9] * values.max()
            iou = (predicted & mask).sum() / (predicted | mask).sum()
            assert found["iou"][9] == pytest.approx(iou, abs=1e-3)


def test_the_support_of_words_that_were_said_is_the_records(row: Row, record: LensRecord) -> None:
    listed = {item["word"]: item for item in row["support"]}
    assert len(listed) == 25
    present = {word for word, item in listed.items() if item["present"]}
    assert present == {word["text"] for word in row["words"]}
    for n, word in enumerate(row["words"]):
        item, at = listed[word["text"]], word["word"]
        assert max(item["layers"]) == pytest.approx(record.extra["support_max"][at], rel=1e-3), n
        assert item["percentile"] == pytest.approx(record.extra["support_percentile"][at])
        assert len(item["layers"]) == len(record.layers) - 2


def test_drops_of_an_objects_patches_are_those_of_edited_embeddings(
    row: Row, record: LensRecord, case: Case, vlm: VLM
) -> None:
    """By plain transformers: the image features are edited where they enter the decoder."""
    model: Any = stock(DEMO_MODEL)
    images = torch.from_numpy(record.position_kind == IMAGE)
    ids = torch.from_numpy(record.input_ids)[None]
    inputs = encode_prompt(vlm, case.picture, case.question).inputs
    with torch.inference_mode():
        features = model.get_image_features(pixel_values=inputs["pixel_values"])
        features = torch.cat(list(getattr(features, "pooler_output", features))).flatten(0, -2)
        embeds = model.get_input_embeddings()(ids)
        embeds[0, images] = features
        word, target = row["words"][1], case.targets[1]
        first, last = record.extra["word_spans"][word["word"]]
        answer = int((record.position_kind == 2).argmax())
        share = covered(target.region, record.patch_boxes[images.numpy()])

        def log_p(replaced: np.ndarray) -> float:
            changed = embeds.clone()
            changed[0, np.flatnonzero(images)[replaced]] = embeds[0, images].mean(0)
            logits = model.lm_head(model.model.language_model(inputs_embeds=changed)[0])[0]
            at = np.arange(answer + first, answer + last)
            log_p = logits.double().log_softmax(-1)[at - 1, record.input_ids[at]]
            return float(log_p.sum())

        clean = log_p(np.zeros(144, bool))
        for name, replaced in (
            ("object", share >= 0.5),
            ("touched", share > 0),
            ("others", share == 0),
        ):
            drop = clean - log_p(replaced)
            assert word["drops"][name] == pytest.approx(drop, rel=1e-3, abs=1e-4), name
    assert word["drops"]["window"] == pytest.approx(
        record.extra["ablate_drop"][first:last].sum(0).max(), rel=1e-3
    )


def test_what_is_replaced_together_is_the_object_or_as_many_patches() -> None:
    share = np.array([0.5, 0.9, 0.0, 0.2, 0.0, 0.0, 0.49, 0.0])
    sets = replaced_sets(share, seed=1)
    assert np.flatnonzero(sets["object"][0]).tolist() == [0, 1]
    assert np.flatnonzero(sets["touched"][0]).tolist() == [0, 1, 3, 6]
    assert np.flatnonzero(sets["others"][0]).tolist() == [2, 4, 5, 7]
    assert sets["random"].sum(1).tolist() == [2] * RANDOM_SETS
    assert sets["random others"].sum() == 4 and sets["whole image"].all()
    assert (replaced_sets(share, seed=1)["random"] == sets["random"]).all()


def test_a_wrong_answer_has_no_words_to_map(vlm: VLM, case: Case) -> None:
    wrong = Case(case.picture, "describe", case.question, "Two dogs.", case.targets, [])
    row = examine(vlm, wrong)
    assert row["right"] is False and row["words"] == [] and "support" not in row


def test_a_journal_goes_on_after_a_cut_and_refuses_another_setting(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "rows.jsonl"
    journal = Journal(path, {"model": "demo"})
    journal.add({"key": "a", "cases": []})
    journal.add({"key": "b", "cases": []})
    path.write_text(path.read_text()[:-9])  # killed while it wrote b
    journal = Journal(path, {"model": "demo"})
    assert list(journal.rows) == ["a"]
    journal.add({"key": "b", "cases": [1]})
    assert Journal(path, {"model": "demo"}).rows["b"] == {"key": "b", "cases": [1]}
    with pytest.raises(LensError, match="another run"):
        Journal(path, {"model": "llava"})
    path.write_text("hello\n")
    with pytest.raises(LensError, match="no rows"):
        Journal(path, {"model": "demo"})


def synthetic(key: int, tuning: bool, iou: list[float], drops: tuple[float, float]) -> Row:
    """A picture with one word, and two listed ones."""
    a_map = {"on": 1.0, "alike": 1.0, "touching": 1.0, "iou": iou}
    own, random = drops
    lost = {"object": own, "random": random, "touched": own, "others": 0.0, "random others": 1.0}
    lost |= {"whole image": 2.0}
    word = {
        "word": 0, "kind": "object", "text": "dog", "on": 0.1, "alike": 0.1, "touching": 0.2,
        "maps": {name: a_map for name in ("reads as", "depends on")},
        "drops": lost | {"window": 0.5, "control": 0.1},
    }  # fmt: skip
    support = [
        {"kind": "object", "word": "dog", "present": True, "layers": [0.1, 0.8], "percentile": 1.0},
        {"kind": "object", "word": "cat", "present": False, "layers": [0.3, 0.2], "percentile": 0},
    ]
    case = {"name": "describe", "answer": "", "right": None, "support": support, "words": [word]}
    return {"key": str(key), "tuning": tuning, "cases": [case]}


def test_thresholds_come_from_other_pictures_than_the_tables() -> None:
    tuned = [synthetic(n, True, [0.1, 0.9, 0.3], (1, 1)) for n in range(3)]
    measured = [synthetic(n, False, [0.9, 0.25, 0.3], (3.0, 0.5)) for n in range(9)]
    assert best_cuts([word for row in tuned for word in row["cases"][0]["words"]]) == {
        ("reads as", "object"): 1,
        ("depends on", "object"): 1,
    }
    text = tables([*tuned, *measured], draws=50)
    points = "| describe | object | 9 | depends on | 1.000 (1.000–1.000) | 1.000 | 1.000 |"
    assert f"{points} 0.250 | 0.10 |" in text
    drops = "| describe | object | 9 | 3.00 | 3.00 | 0.5000 | 6.00 (6.00–6.00) | 2.50 (2.50–2.50) |"
    assert drops in text
    assert "| describe | object | 9 | 3.00 | 3.00 | 0.00 | 1.00 | 2.00 |" in text
    assert "| describe | object | < 1 | 100% | 1.000 | 1.000 | 1.000 | 1.00 |" in text
    assert "| object | 9 / 9 | 0.800 | 0.300 | 1.000 (1.000–1.000) |" in text
    assert "| 1 | 0.000 | cat: 100% of pictures; there in 0% |" in text
    assert "writes directly" not in text


def test_a_ratio_to_nothing_is_infinite() -> None:
    assert ratio_of_means(np.array([2.0, 4.0]), np.array([1.0, 0.0])) == 6
    assert ratio_of_means(np.array([2.0]), np.array([0.0])) == float("inf")
    assert ratio_of_means(np.array([2.0]), np.array([-1e-9])) == float("inf")


def polygon(mask: np.ndarray) -> list[list[float]]:
    """A mask as one rectangle a row: exact, and polygons all the same."""
    found = []
    for y in np.flatnonzero(mask.any(1)):
        x = np.flatnonzero(mask[y])
        assert (np.diff(x) == 1).all(), "holes need other polygons"
        found.append([float(v) for v in (x[0], y, x[-1] + 1, y, x[-1] + 1, y + 1, x[0], y + 1)])
    return found


def runs(mask: np.ndarray) -> list[int]:
    edges = np.flatnonzero(np.diff(mask.T.ravel().astype(int))) + 1
    ends = [0, *edges.tolist(), mask.size]
    return [0] * bool(mask[0, 0]) + np.diff(ends).tolist()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures with masks of both kinds, and categories that are in neither."""
    names = ["moon", "star", "circle", "square", "hot dog"]
    coco: dict[str, Any] = {"images": [], "annotations": []}
    coco["categories"] = [{"id": 10 * n, "name": name} for n, name in enumerate(names)]
    for n in (2, 0):
        scene = random_scene(FIRST_MEASURED + n, "test")
        Image.fromarray(scene.image).save(tmp_path / f"{n}.png")
        height, width = scene.owner.shape
        image = {"id": n, "file_name": f"{n}.png", "height": height, "width": width}
        coco["images"].append(image)
        for index, thing in enumerate(scene.things):
            mask = scene.owner == index
            convex = thing.shape in ("circle", "square")
            segmentation = (
                polygon(mask) if convex else {"size": [*mask.shape], "counts": runs(mask)}
            )
            coco["annotations"].append(
                {
                    "image_id": n,
                    "category_id": 10 * names.index(thing.shape),
                    "segmentation": segmentation,
                }
            )
    (tmp_path / "instances.json").write_text(json.dumps(coco))
    return tmp_path


def test_categories_are_words_and_their_masks_what_the_words_are_true_of(folder: Path) -> None:
    samples = coco_samples(folder / "instances.json", folder, "What?", tuning=1)
    assert [(sample.key, sample.tuning) for sample in samples] == [
        ("image 0", True),
        ("image 2", False),
    ]
    for n, sample in zip((0, 2), samples, strict=True):
        (case,) = sample.cases()
        scene = random_scene(FIRST_MEASURED + n, "test")
        assert case.question == "What?" and case.truth is None
        for target in case.targets:
            things = [i for i, thing in enumerate(scene.things) if thing.shape == target.word]
            np.testing.assert_array_equal(target.region, np.isin(scene.owner, things))
        there = {thing.shape for thing in scene.things}
        assert {word.word for word in case.listed if word.present} == there
        assert len(case.listed) == 5


def test_a_folder_with_masks_is_measured_and_a_second_run_needs_no_model(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = folder / "page.md"
    page.write_text("Before\n<!-- tables -->\nold\n<!-- /tables -->\nafter\n")
    where = ["--coco", str(folder / "instances.json"), "--images", str(folder), "--tuning", "1"]
    where += ["--work", str(folder / "rows.jsonl"), "--output", str(page)]
    assert measure.main(where) == 0
    text = capsys.readouterr().out
    assert "| describe | 1 | 0 | 2 |" in text  # a moon and a star, and no right answer known
    assert "| object | 2 / 3 |" in text
    assert "depends on" in text and "writes directly" in text
    assert page.read_text() == f"Before\n<!-- tables -->\n{text}<!-- /tables -->\nafter\n"

    def no_model(*_: object, **__: object) -> None:
        raise AssertionError("everything is measured already")

    monkeypatch.setattr("logit_lens.model.vlm.load_vlm", no_model)
    assert measure.main(where) == 0
    assert capsys.readouterr().out == text


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--coco", "a.json"], "belong together"),
        (["--coco", "missing.json", "--images", "."], "No such file"),
        (["--coco", "text.json", "--images", "."], "holds no COCO annotations"),
        (["--coco", "list.json", "--images", "."], "holds no COCO annotations"),
        (["--coco", "stray.json", "--images", "."], "holds no COCO annotations"),
        (["--scenes", "0", "--tuning", "0"], "nothing to measure"),
    ],
)
def test_bad_input_is_one_line(
    flags: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.json").write_text("hello")
    Path("list.json").write_text("[1]")
    stray = {"images": [], "categories": [], "annotations": [{"image_id": 1}]}
    Path("stray.json").write_text(json.dumps(stray))
    assert measure.main([*flags, "--work", "rows.jsonl"]) == 2
    out = capsys.readouterr()
    assert words in out.err and len(out.err.splitlines()) == 1 and out.out == ""


def test_a_picture_that_its_masks_do_not_fit_is_named_and_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (50, 40)).save(folder / "2.png")
    where = ["--coco", str(folder / "instances.json"), "--images", str(folder), "--tuning", "0"]
    work = str(folder / "rows.jsonl")
    assert measure.main([*where, "--work", work, "--max-new-tokens", "4"]) == 1
    out = capsys.readouterr()
    assert "error: the annotations of 2.png cannot be used" in out.err
    assert "**Answers**, 1 pictures" in out.out
    (folder / "0.png").unlink()
    assert measure.main([*where, "--work", work + ".other"]) == 1
    out = capsys.readouterr()
    assert out.out == "" and "no picture could be measured" in out.err and "0.png" in out.err


def test_shapes_of_windows_are_compared_on_the_pictures_for_tuning(
    vlm: VLM, case: Case, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_study, "SHAPES", ((3, 2, False), (4, 2, True)))
    rows = window_study.study(vlm, case)
    assert len(rows) == 2 * len(case.targets)
    assert {(*found["shape"], found["windows"]) for found in rows} == {
        (3, 2, False, 36),
        (4, 2, True, 64),
    }
    default = [found for found in rows if found["shape"] == [3, 2, False]]
    for found, measured in zip(default, row["words"], strict=True):  # the product's own windows
        assert found["kind"] == measured["kind"]
        assert found["peak"] == pytest.approx(measured["drops"]["window"], rel=1e-2, abs=1e-5)
        assert found["on"] == measured["maps"]["depends on"]["on"]
        assert found["touching"] == measured["maps"]["depends on"]["touching"]
    table = window_study.study_table([{"words": rows}], draws=20)
    assert "| object | 3 × 3 | 2 | no | 36 | 2 |" in table
    assert window_study.study(vlm, replace(case, truth="Two dogs.")) == []


def test_windows_are_compared_from_the_command_line_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_study, "SHAPES", ((5, 5, False),))
    where = ["--windows", "--tuning", "1", "--work", str(tmp_path / "rows.jsonl")]
    assert measure.main(where) == 0
    assert "| object | 5 × 5 | 5 | no | 9 |" in capsys.readouterr().out
    assert measure.main([*where[1:], "--scenes", "1"]) == 2  # the same file, of another part
    assert "another run" in capsys.readouterr().err
