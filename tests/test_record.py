"""A record survives its file, and a file that is not one is refused by name."""

import dataclasses
import json

import numpy as np
import pytest
from records import make_record

from logit_lens import LensError
from logit_lens.contract import CONTRACT, OPTIONAL
from logit_lens.record import load_record

IMAGE = make_record().meta["image"]


def test_a_record_is_the_same_after_it_was_kept(tmp_path):
    record = make_record()
    record.save(tmp_path / "r.npz")
    again = load_record(tmp_path / "r.npz")
    assert again.meta == record.meta
    for name in CONTRACT:
        before, after = getattr(record, name), getattr(again, name)
        assert before.dtype == after.dtype and np.array_equal(
            before, after, equal_nan=before.dtype.kind == "f"
        )


SIZES = {"L": 5, "T": 25, "k": 5, "n": 3, "P": 16, "A": 3, "N": 4, "1+2N": 9}  # of make_record
SIZES |= {"W": 2, "G": 7, "B": 2, "R": 3, "X": 2, "1+X": 3}  # free
SIZES |= {"l": 3, "t": 4, "K": 2, "s": 1, "v": 6, "y": 9}  # of a second record


def extras():
    """Every optional array in a shape that fits ``make_record``, all of its values allowed."""
    return {
        name: np.ones([SIZES.get(axis, axis) for axis in axes], dtype)
        for name, (dtype, axes) in OPTIONAL.items()
    }


def test_optional_arrays_are_kept_when_present_and_absent_otherwise(tmp_path):
    assert make_record().extra == {}
    dataclasses.replace(make_record(), extra=extras()).save(tmp_path / "r.npz")
    again = load_record(tmp_path / "r.npz").extra
    assert again.keys() == OPTIONAL.keys()
    for name, before in extras().items():
        assert again[name].dtype == before.dtype and np.array_equal(again[name], before)
    one = {"answer_logprob": np.zeros(3, np.float32)}
    dataclasses.replace(make_record(), extra=one).save(tmp_path / "one.npz")
    assert load_record(tmp_path / "one.npz").extra.keys() == one.keys()


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_optional_array_of_another_shape_or_type_is_named(name):
    fits = extras()[name]
    for wrong in (np.ones((2, *fits.shape), fits.dtype), fits.astype("complex64")):
        with pytest.raises(LensError, match=f"^{name} has "):
            dataclasses.replace(make_record(), extra={name: wrong})


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({"answer_logprob": np.zeros(4, np.float32)}, "answer_logprob has shape .4,., but A is 3"),
        ({"attribution": np.zeros((3, 8), np.float32)}, "1.2N is 9"),
        ({"ablate_windows": np.zeros((2, 15), bool)}, "P is 16"),
        ({"word_spans": np.array([[0, 4]], np.int32)}, "word_spans points at"),
        ({"support_cell": np.array([[5, 0]], np.int32)}, "support_cell points at"),
        ({"support_cell": np.array([[0, -1]], np.int32)}, "support_cell points at"),
        ({"knockout_bands": np.array([[0, 2]], np.int32)}, "knockout_bands points at"),
        ({"support_max": np.array([1.5], np.float32)}, "support_max has values outside 0..1"),
        ({"lens_top_ids": np.full((1, 5, 25, 5), 777, np.int32)}, "lens_top_ids holds an id"),
        ({"surprise": np.zeros(1)}, "extra holds 'surprise'"),
        ({"lens_kl": [[1.0]]}, "lens_kl is not an array"),
    ],
)
def test_optional_arrays_fit_the_others(extra, says):
    with pytest.raises(LensError, match=says):
        dataclasses.replace(make_record(), extra=extra)


def test_arrays_that_share_an_axis_agree_on_it(tmp_path):
    windows = np.zeros((7, 16), bool)
    with pytest.raises(LensError, match="ablate_drop has shape .3, 6., but G is 7"):
        dataclasses.replace(
            make_record(),
            extra={"ablate_windows": windows, "ablate_drop": np.zeros((3, 6), np.float32)},
        )


def test_the_same_record_gives_the_same_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        make_record().save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_token_is_found_by_its_id():
    record = make_record()
    assert record.token(13) == "▁word13"
    with pytest.raises(KeyError):
        record.token(120)


def rewrite(path, **changes):
    arrays = dict(np.load(path, allow_pickle=False)) | changes
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})


@pytest.mark.parametrize("key", ["meta", *CONTRACT])
def test_a_missing_key_is_named(tmp_path, key):
    make_record().save(tmp_path / "r.npz")
    rewrite(tmp_path / "r.npz", **{key: None})
    with pytest.raises(LensError, match=f"lacks {key}"):
        load_record(tmp_path / "r.npz")


@pytest.mark.parametrize("key", list(CONTRACT))
def test_a_malformed_key_is_named(tmp_path, key):
    make_record().save(tmp_path / "r.npz")
    rewrite(tmp_path / "r.npz", **{key: np.zeros((2, 2, 2, 2, 2))})
    with pytest.raises(LensError, match=key):
        load_record(tmp_path / "r.npz")


def test_unknown_keys_are_ignored(tmp_path):
    make_record().save(tmp_path / "r.npz")
    rewrite(tmp_path / "r.npz", surprise=np.zeros(3))
    assert load_record(tmp_path / "r.npz").meta["model"] == make_record().meta["model"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"top_ids": np.full((5, 25, 5), 777, np.int32)}, "top_ids holds an id"),
        ({"top_probs": np.full((5, 25, 5), 1.5, np.float32)}, "top_probs"),
        ({"tracked_probs": np.full((5, 25, 3), 7.0, np.float32)}, "tracked_probs"),
        ({"tracked_ranks": np.full((5, 25, 3), -5, np.int32)}, "tracked_ranks"),
        ({"meta": make_record().meta | {"image": {}}}, r"meta\['image'\] lacks 'name'"),
        ({"meta": make_record().meta | {"image": "x"}}, r"meta\['image'\] is not of type dict"),
        ({"meta": make_record().meta | {"check": None}}, r"meta\['check'\]"),
        ({"meta": make_record().meta | {"run": "x"}}, r"meta\['run'\] is not of type dict"),
        ({"meta": make_record().meta | {"seconds": 3}}, r"meta\['seconds'\] is not of type dict"),
        ({"meta": make_record().meta | {"crop": [1]}}, "4 numbers of crop"),
        ({"meta": make_record().meta | {"image": IMAGE | {"name": 5}}}, "is not of type str"),
        ({"meta": make_record().meta | {"image": IMAGE | {"width": float("nan")}}}, "width"),
        ({"meta": make_record().meta | {"image": IMAGE | {"height": "x"}}}, "height"),
        ({"layers": np.array([0, 2, 1, 3, 4], np.int32)}, "layers do not ascend"),
        ({"position_kind": np.full(25, 3, np.uint8)}, "position_kind"),
        ({"entropy": np.zeros((5, 24), np.float32)}, "entropy has shape"),
    ],
)
def test_values_that_cannot_be_are_refused(changes, says):
    record = make_record()  # (5, 25, 5)
    with pytest.raises(LensError, match=says):
        dataclasses.replace(record, **changes)


def test_probabilities_of_a_model_that_overflowed_may_be_nan():
    record = make_record()
    nan = np.full_like(record.top_probs, np.nan)
    assert np.isnan(dataclasses.replace(record, top_probs=nan).top_probs).all()


@pytest.mark.parametrize("meta", ["{", "[]", '{"format": "other/9"}'])
def test_a_foreign_meta_is_refused(tmp_path, meta):
    make_record().save(tmp_path / "r.npz")
    rewrite(tmp_path / "r.npz", meta=np.array(meta))
    with pytest.raises(LensError, match="meta"):
        load_record(tmp_path / "r.npz")


def write_pickled(path):
    np.savez(path, meta=np.array([{"a": 1}], object))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: None,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("hello"),
        lambda path: path.write_bytes(path.with_name("good.npz").read_bytes()[:3000]),
        lambda path: path.mkdir(),
        lambda path: path.write_text(json.dumps({"a": 1})),
        write_pickled,
    ],
    ids=["missing", "empty", "text", "truncated", "folder", "json", "pickled"],
)
def test_a_file_that_is_no_record_is_one_line_that_names_it(tmp_path, write):
    make_record().save(tmp_path / "good.npz")
    path = tmp_path / "r.npz"
    write(path)
    with pytest.raises(LensError) as error:
        load_record(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_any_damaged_byte_gives_an_error_or_the_record_never_a_crash(tmp_path):
    path = tmp_path / "r.npz"
    make_record().save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(whole), 200):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            load_record(path)
        except LensError:
            continue
