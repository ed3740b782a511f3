"""What the reports of a folder say together is what NumPy finds in their records."""

import base64
import csv
import io
import json
import os
import re
import zlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from records import make_record

from logit_lens.page import summaries
from logit_lens.page.blocks import decimal_codes, decimal_values
from logit_lens.page.gathered import BEST, FolderModel, Surest, shown
from logit_lens.page.index import refuse_foreign_index, render_index, write_index
from logit_lens.page.pictures import SMALL_BYTES, opened, patch_crop, small_thumbnail
from logit_lens.page.report import write_report
from logit_lens.page.statistics import count, is_statistics
from logit_lens.page.summaries import MEMORY, Summaries
from logit_lens.page.unpacked import unpacked
from logit_lens.page.words import words_of
from logit_lens.record import LensRecord, load_record

SYLLABLES = ["bo", "ca", "du", "fi", "go", "ha"]
# whole words in two spellings, pieces, signs
WORDS = [f"▁{a}{b}" for a in SYLLABLES for b in SYLLABLES]
TEXTS = [*WORDS, *(word.title().replace("▁", "Ġ") for word in WORDS[:6]), *SYLLABLES, "▁1", "▁a"]
CODES = ("whole", "decided", "entropy", "kl")


def some_record(seed: int, **changes: Any) -> LensRecord:
    """One of many: sizes and layers differ, statistics may be missing."""
    shape: dict[str, Any] = {
        "layers": 4 + seed % 3,
        "grid": (3 + seed % 2, 4),
        "texts": TEXTS,
        "vocabulary": len(TEXTS),
        "statistics": seed % 4 != 3,
        "seed": seed,
        "meta": {"image": {"name": f"p{seed}.png", "width": 160, "height": 120}},
    }
    record = make_record(**(shape | changes))
    layers = record.layers * (1 + seed % 2)  # some recorded every other layer
    kl = record.kl.copy()
    kl[-1] *= 0  # what is not recorded stays so
    return replace(record, layers=layers.astype(np.int32), kl=kl)


def a_folder(folder: Path, seeds: range) -> dict[str, LensRecord]:
    """Reports and their records; name of the report → the record as its file has it."""
    found = {}
    for seed in seeds:
        record = some_record(seed)
        path = folder / f"p{seed}.html"
        record.save(path.with_suffix(".npz"))
        write_report(record, path)
        found[path.name] = load_record(path.with_suffix(".npz"))
    return found


def lines_of(path: Path) -> list[dict[str, str]]:
    text = path.read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def brute_by_layer(record: LensRecord) -> dict[str, list[float]]:
    """Share of whole words, share decided, median entropy and KL, in plain loops."""
    patches = [t for t, kind in enumerate(record.position_kind) if kind == 1]
    values: dict[str, list[float]] = {name: [] for name in CODES}
    for row in range(len(record.layers)):
        texts = [record.token(record.top_ids[row, t, 0]) for t in patches]
        whole = [re.fullmatch(r"[▁Ġ][^\W\d_]{2,}", text) is not None for text in texts]
        stays = [len(set(record.top_ids[row:, t, 0].tolist())) == 1 for t in patches]
        values["whole"].append(sum(whole) / len(patches))
        values["decided"].append(sum(stays) / len(patches))
        for name in ("entropy", "kl"):
            # in double precision, as the medians of float32 numbers are not float32 numbers
            numbers = getattr(record, name)[row, patches].astype(np.float64)
            values[name].append(float(np.median(numbers)))
    return values


def brute_words(records: dict[str, LensRecord]) -> dict[str, dict[str, Any]]:
    """Patches, images, layers and surest patch of every word."""
    found: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"patches": 0, "images": set(), "layers": [], "surest": (-1.0,)}
    )
    for name, record in records.items():
        for t in np.flatnonzero(record.position_kind == 1):
            row = max(range(len(record.layers) - 1), key=lambda r: record.top_probs[r, t, 0])
            text = record.token(record.top_ids[row, t, 0])
            if not re.fullmatch(r"[▁Ġ][^\W\d_]{2,}", text):
                continue
            word = found[text[1:].lower()]
            word["patches"] += 1
            word["images"].add(name)
            word["layers"].append(int(record.layers[row]))
            p = float(record.top_probs[row, t, 0])
            word["surest"] = max(word["surest"], (p, name, int(record.layers[row]), int(t)))
    return dict(found)


def test_numbers_by_layer_are_the_quartiles_that_numpy_finds_in_the_records(tmp_path: Path) -> None:
    records = a_folder(tmp_path, range(13))
    write_index(tmp_path)
    values: defaultdict[tuple[int, str], list[float]] = defaultdict(list)
    for record in records.values():
        for name, numbers in brute_by_layer(record).items():
            for layer, value in zip(record.layers, numbers, strict=True):
                if not np.isnan(value):
                    values[int(layer), name].append(value)
    lines = lines_of(tmp_path / "index_layers.csv")
    assert len(lines) == len(values) > 30
    said = {"whole": "whole word", "decided": "stays", "entropy": "entropy", "kl": "KL"}
    for line in lines:
        (name,) = [key for key, words in said.items() if words in line["quantity"]]
        numbers = values[int(line["layer"]), name]
        assert int(line["images"]) == len(numbers)
        exact = np.quantile(numbers, [0.25, 0.5, 0.75], method="inverted_cdf")
        rounded = [float(f"{number:.2e}") for number in exact]
        assert [float(line[k]) for k in ("quartile_1", "median", "quartile_3")] == rounded


def test_words_are_those_that_numpy_finds_in_the_records(tmp_path: Path) -> None:
    records = a_folder(tmp_path, range(13))
    write_index(tmp_path)
    words = brute_words(records)
    lines = lines_of(tmp_path / "index_words.csv")
    assert {line["word"] for line in lines} == set(words) and len(words) > 20
    assert [int(line["patches"]) for line in lines] == sorted(
        (word["patches"] for word in words.values()), reverse=True
    )
    for line in lines:
        word = words[line["word"]]
        assert (int(line["patches"]), int(line["images"])) == (
            word["patches"],
            len(word["images"]),
        )
        assert float(line["mean_layer"]) == round(float(np.mean(word["layers"])), 3)
        p, name, layer, position = word["surest"]
        assert float(line["surest_probability"]) == float(f"{p:.2e}")
        assert line["surest_report"] == name
        assert (int(line["surest_layer"]), int(line["surest_position"])) == (layer, position)


def parts_of(page: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The numbers by layer that an index carries, and its arrays."""
    info = json.loads(re.search(r'id="layers">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    blocks: dict[str, Any] = {}
    pattern = r'data-name="(\w+)" data-type="(\w+)">(.*?)</script>'
    for name, kind, text in re.findall(pattern, page):
        data = zlib.decompress(base64.b64decode(text))
        if kind == "json":
            blocks[name] = json.loads(data)
            continue
        width = np.dtype(kind).itemsize
        planes = np.frombuffer(data, np.uint8).reshape(width, -1)
        blocks[name] = np.ascontiguousarray(planes.T).view(kind).ravel()
    return info, blocks


def test_the_page_and_the_tables_say_the_same(tmp_path: Path) -> None:
    a_folder(tmp_path, range(6))
    path = write_index(tmp_path)
    info, blocks = parts_of(path.read_text(encoding="utf-8"))
    (model,) = info["models"]
    lines = lines_of(tmp_path / "index_layers.csv")
    flat = [codes for layer in model["quartiles"] for codes in layer if codes]
    medians = [float(f"{value:.3g}") for value in decimal_values(np.array(flat)[:, 1])]
    assert medians == [float(line["median"]) for line in lines]
    words = lines_of(tmp_path / "index_words.csv")
    assert blocks["word_text"] == [line["word"] for line in words]
    assert blocks["word_patches"].tolist() == [int(line["patches"]) for line in words]
    assert blocks["word_best"].sum() == len(blocks["patch_report"])
    assert (np.diff(blocks["word_patches"].astype(int)) <= 0).all()


def test_an_empty_folder_and_pictureless_reports_have_no_statistics(tmp_path: Path) -> None:
    info, blocks = parts_of(render_index(tmp_path))
    assert info["models"] == [] and blocks["word_text"] == []
    write_report(make_record(grid=(0, 0)), tmp_path / "text.html")
    info, _ = parts_of(render_index(tmp_path))
    assert info["models"] == [] and info["uncounted"] == 1
    assert info["problems"] == [{"name": "text.html", "reason": "no image in it"}]


def test_models_are_counted_apart(tmp_path: Path) -> None:
    for seed, model in enumerate(["a/one", "a/one", "b/two"]):
        write_report(some_record(seed, meta={"model": model}), tmp_path / f"{seed}.html")
    info, blocks = parts_of(render_index(tmp_path))
    assert [(one["name"], one["images"]) for one in info["models"]] == [("a/one", 2), ("b/two", 1)]
    assert set(blocks["word_model"]) == {0, 1}


# which reports are opened


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of reports, as they are opened."""
    names: list[str] = []
    read = summaries._read

    def noted(path: Path) -> dict[str, Any]:
        names.append(path.name)
        return read(path)

    monkeypatch.setattr(summaries, "_read", noted)
    return names


def test_one_more_report_opens_only_that_one(tmp_path: Path, reads: list[str]) -> None:
    a_folder(tmp_path, range(5))
    write_index(tmp_path)
    assert reads == [f"p{seed}.html" for seed in range(5)]
    reads.clear()
    write_report(some_record(7), tmp_path / "p7.html")
    write_index(tmp_path)
    assert reads == ["p7.html"]
    reads.clear()
    write_report(some_record(8), tmp_path / "p3.html")  # made again
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert reads == ["p3.html"]
    (tmp_path / MEMORY).unlink()
    assert write_index(tmp_path).read_text(encoding="utf-8") == page


@pytest.mark.parametrize("damage", ["cut", "noise", "swapped", "empty"])
def test_a_damaged_memory_costs_time_and_nothing_else(tmp_path: Path, damage: str) -> None:
    a_folder(tmp_path, range(4))
    page = write_index(tmp_path).read_bytes()
    memory = tmp_path / MEMORY
    data = memory.read_bytes()
    lines = data.splitlines(keepends=True)
    damaged = {
        "cut": data[: len(data) * 2 // 3],
        "noise": os.urandom(5000) + data[5000:],
        "swapped": b"".join(reversed(lines)).replace(b"p1.html", b"p2.html"),
        "empty": b"",
    }
    memory.write_bytes(damaged[damage])
    assert write_index(tmp_path).read_bytes() == page
    write_report(some_record(9), tmp_path / "p9.html")  # the memory goes on after it
    write_index(tmp_path)
    assert len(list(Summaries(tmp_path))) == 5


def test_the_memory_does_not_grow_with_reports_that_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "_WASTE", 1000)
    a_folder(tmp_path, range(3))
    sizes = []
    for turn in range(12):
        write_report(some_record(turn), tmp_path / "p0.html")
        os.utime(tmp_path / "p0.html", ns=(turn, turn))
        write_index(tmp_path)
        sizes.append((tmp_path / MEMORY).stat().st_size)
    assert max(sizes) < 4 * sizes[0]


def test_a_report_of_before_is_counted_from_what_it_shows(tmp_path: Path) -> None:
    record = some_record(1)
    write_report(record, tmp_path / "new.html")
    text = (tmp_path / "new.html").read_text(encoding="utf-8")
    old = re.sub(r'<script type="application/json" id="statistics">.*?</script>\n', "", text)
    assert len(old) < len(text)
    (tmp_path / "old.html").write_text(old, encoding="utf-8")
    new, again = Summaries(tmp_path)
    assert new.statistics and again.statistics and again.problem == ""
    assert again.statistics["words"] == new.statistics["words"]
    assert again.statistics["crops"] == new.statistics["crops"]
    for name in CODES:  # medians of numbers that were rounded once already
        codes = np.array([new.statistics[name], again.statistics[name]]).astype(int)
        assert (np.abs(codes[0] - codes[1]) <= 1).all()


def test_what_a_report_shows_can_be_had_back(tmp_path: Path) -> None:
    record = some_record(2)
    write_report(record, tmp_path / "a.html")
    back = unpacked(tmp_path / "a.html")
    for name in ("layers", "input_ids", "position_kind", "top_ids", "patch_boxes", "image"):
        np.testing.assert_array_equal(getattr(back, name), getattr(record, name))
    for name in ("top_probs", "entropy", "kl"):
        np.testing.assert_allclose(getattr(back, name), getattr(record, name), rtol=0.006)
    assert [back.token(i) for i in back.token_ids] == [record.token(i) for i in back.token_ids]


# bad input


def test_bad_reports_are_named_and_the_rest_is_counted(tmp_path: Path) -> None:
    a_folder(tmp_path, range(3))
    text = (tmp_path / "p0.html").read_text(encoding="utf-8")
    bare = re.sub(r'id="statistics">.*?</script>', 'id="statistics">{}</script>', text)
    no_data = re.sub(r'data-name="top" .*?</script>', "</script>", bare)
    garbage = re.sub(r'(data-name="top" [^>]*>).{40}', r"\1" + "A" * 40, bare)
    (tmp_path / "x1.html").write_text(no_data, encoding="utf-8")
    (tmp_path / "x2.html").write_text(garbage, encoding="utf-8")
    (tmp_path / "x3.html").write_text(text[: len(text) // 2], encoding="utf-8")  # no report at all
    (tmp_path / "x4.html").symlink_to("nowhere")
    info, _ = parts_of(render_index(tmp_path))
    assert [(one["name"], one["reason"]) for one in info["problems"]] == [
        ("x1.html", "its data is damaged"),
        ("x2.html", "its data is damaged"),
    ]
    assert info["models"][0]["images"] == 3


def test_a_copy_of_a_report_counts_once(tmp_path: Path) -> None:
    a_folder(tmp_path, range(2))
    (tmp_path / "p9.html").write_bytes((tmp_path / "p0.html").read_bytes())
    info, _ = parts_of(render_index(tmp_path))
    assert (info["models"][0]["images"], info["copies"]) == (2, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "logit-lens-statistics/9"},
        {"layers": []},
        {"layers": [0, 1]},
        {"whole": [0] * 3 + ["<b>"]},
        {"whole": [0] * 3 + [70_000]},
        {"whole": [0] * 3 + [0.5]},
        {"whole": None},
        {"words": [["boat", 1]]},
        {"words": [["boat", 1, 2, 3, 99, 5, 6, -1, None]]},
        {"words": [["boat", 0, 2, 3, 1, 5, 6, -1, None]]},
        {"words": [["boat", 1, 2, 3, 1, 5, 6, -1, [1, 2, 3, 999]]]},
        {"words": [[None, 1, 2, 3, 1, 5, 6, -1, None]]},
        {"crops": [["javascript:1", [0, 0, 1, 1]]]},
        {"crops": ["x"]},
        {"model": 3},
        {"patches": "many"},
    ],
)
def test_statistics_of_another_form_are_not_taken(change: dict[str, Any]) -> None:
    record = some_record(0)
    found = json.loads(json.dumps(count(record, opened(record.image))))
    assert is_statistics(found)
    assert not is_statistics(found | change)


def test_other_peoples_tables_are_not_replaced(tmp_path: Path) -> None:
    write_index(tmp_path)
    refuse_foreign_index(tmp_path)
    (tmp_path / "index_words.csv").write_text("mine,yours\n")
    with pytest.raises(Exception, match=r"index_words.csv is not a table of this program"):
        refuse_foreign_index(tmp_path)


def test_no_field_of_a_table_can_be_a_formula(tmp_path: Path) -> None:
    write_report(some_record(0, meta={"model": "=SUM(1)"}), tmp_path / "@x.html")
    write_index(tmp_path)
    for name in ("index_layers.csv", "index_words.csv"):
        for line in lines_of(tmp_path / name):
            assert not any(value[:1] in "=@+-" for value in line.values() if value)


# pictures and words


def test_small_pictures_are_as_small_as_promised_also_of_noise() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (500, 700, 3), np.uint8)
    from PIL import Image

    for picture in (Image.fromarray(noise), Image.new("RGB", (1, 1)), Image.new("RGB", (4000, 3))):
        uri = small_thumbnail(picture)
        assert uri.startswith("data:image/")
        assert len(base64.b64decode(uri.split(",")[1])) <= SMALL_BYTES
    assert small_thumbnail(None) == ""


@pytest.mark.parametrize("patch", [(0, 0, 0.1, 0.1), (0.9, 0.9, 1, 1), (0.45, 0.2, 0.55, 0.3)])
def test_a_crop_shows_the_patch_where_it_says(patch: tuple[float, float, float, float]) -> None:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (400, 300), "white")
    sides = np.multiply(patch, (400, 300, 400, 300))
    ImageDraw.Draw(picture).rectangle(tuple(sides), fill="black")
    uri, place = patch_crop(picture, patch)
    crop = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("L"))
    rows, columns = np.nonzero(crop < 100)
    left, top, right, bottom = np.array(place) * crop.shape[0]
    assert abs(columns.min() - left) < 2 and abs(columns.max() + 1 - right) < 2
    assert abs(rows.min() - top) < 2 and abs(rows.max() + 1 - bottom) < 2


def test_whole_words_begin_have_letters_only_and_are_spelled_one_way() -> None:
    texts = [
        "▁Dog",
        "Ġdog",
        "dog",
        "▁a",
        "▁",
        "</s>",
        "<0xE2>",
        "▁犬",
        "犬",
        "▁12",
        "▁don't",
        "▁हिंदी",
    ]
    assert words_of(texts) == ["dog", "dog", *[""] * 5, "犬", "犬", "", "", "हिंदी"]
    assert words_of(["dog", "Cat", "."]) == ["dog", "cat", ""]  # nothing tells pieces from words


def test_decimal_codes_stand_for_what_they_were_made_of() -> None:
    values = np.array([0, 1e-40, 0.00123, 0.999, 1, 12.3, 9.99e9, np.nan])
    np.testing.assert_allclose(decimal_values(decimal_codes(values)), values, rtol=1e-12)


def test_packed_patches_are_ordered_by_probability_and_then_by_report() -> None:
    first = Surest(500, 3, 1, 2, 70_000, 151_000, -1, -1, (0, 1, 249, 250))
    others = [first._replace(report=4), first._replace(code=499, report=0), first._replace(code=3)]
    assert Surest.unpacked(first.packed()) == first
    assert sorted([one.packed() for one in [*others, first]], reverse=True) == [
        one.packed() for one in [first, *others]
    ]


def test_of_many_images_only_the_surest_patches_of_a_word_are_kept() -> None:
    model, codes = FolderModel(), np.random.default_rng(0).permutation(200).tolist()
    record = some_record(0)
    statistics = count(record, None)
    for number, code in enumerate(codes):
        line = ["boat", 2, 6, code, 1, 9, 5, -1, None]
        model.add(number, statistics | {"words": [line]})
    ((text, word, best),) = shown(model)
    assert (text, word.patches, word.images, word.mean_layer) == ("boat", 400, 200, 3.0)
    assert [(one.code, codes[one.report]) for one in best] == [
        (code, code) for code in range(199, 199 - BEST, -1)
    ]
    assert [len(best) for *_, best in shown(model, room=7)] == [6]
    assert [len(best) for *_, best in shown(model, room=0)] == [1]
