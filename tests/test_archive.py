"""Records from elsewhere: refused before they are unpacked, in one line, in little memory."""

import dataclasses
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy
from PIL import Image
from records import make_record

from logit_lens import LensError
from logit_lens.record import load_meta, load_record

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
ALLOWED = 200e6  # bytes of memory above what a valid record takes


def header(dtype, shape, version=(1, 0)):
    buffer = io.BytesIO()
    said = {"descr": dtype, "fortran_order": False, "shape": shape}
    write = {(1, 0): npy.write_array_header_1_0, (2, 0): npy.write_array_header_2_0}
    write[version](buffer, said)
    return buffer.getvalue()


def write_zeros(zipped, name, head, size):
    with zipped.open(f"{name}.npy", "w", force_zip64=True) as member:
        member.write(head)
        block = bytes(2**22)
        for begin in range(0, size, len(block)):
            member.write(block[: size - begin])


def valid_record(path, changes=None, zeros=None, packed=zipfile.ZIP_DEFLATED):
    """A valid record, but for some arrays, some of which are a header and so many zeros."""
    record, zeros = make_record(), zeros or {}
    arrays = {"meta": np.array(json.dumps(record.meta))} | record.arrays() | (changes or {})
    with zipfile.ZipFile(path, "w", packed) as zipped:
        for name, array in arrays.items():
            if name not in zeros:
                buffer = io.BytesIO()
                np.save(buffer, array)
                zipped.writestr(f"{name}.npy", buffer.getvalue())
        for name, (dtype, shape, size) in zeros.items():
            write_zeros(zipped, name, header(dtype, shape), size)
    return path


def with_meta(path, **changes):
    return valid_record(path, {"meta": np.array(json.dumps(make_record().meta | changes))})


def of_zeros(path, layers, positions, k):
    """Every array as the contract wants it, and nothing but zeros."""
    cells = (layers, positions)
    shapes = {"top_ids": ("<i4", (*cells, k)), "top_probs": ("<f4", (*cells, k))}
    shapes |= {"entropy": ("<f4", cells), "kl": ("<f4", cells), "input_ids": ("<i8", cells[1:])}
    shapes |= {"position_kind": ("|u1", cells[1:]), "patch_boxes": ("<f4", (positions, 4))}
    shapes |= {"patch_view": ("<i2", cells[1:]), "tracked_ids": ("<i4", (1,))}
    shapes |= {"tracked_probs": ("<f4", (*cells, 1)), "tracked_ranks": ("<i4", (*cells, 1))}
    zeros = {n: (d, s, int(np.prod(s)) * np.dtype(d).itemsize) for n, (d, s) in shapes.items()}
    return valid_record(path, {"layers": np.arange(layers, dtype=np.int32)}, zeros)


def picture(mode, size):
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "PNG")
    return {"image": np.frombuffer(buffer.getvalue(), np.uint8)}


def many_names(path):
    with zipfile.ZipFile(valid_record(path), "a") as zipped:
        for number in range(100_000):
            zipped.writestr(f"x{number}.npy", b"")


def replaced(path, name, write):
    """A valid record in which ``write`` puts one array."""
    valid_record(path)
    with zipfile.ZipFile(path) as old:
        others = {member: old.read(member) for member in old.namelist() if member != f"{name}.npy"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for member, data in others.items():
            new.writestr(member, data)
        write(new)


def long_header(path):
    head = b"\x93NUMPY\x02\x00" + (10**9).to_bytes(4, "little")
    replaced(path, "kl", lambda zipped: write_zeros(zipped, "kl", head, 4 * 10**8))


def other_packing(path):
    valid_record(path, zeros={"kl": ("<f4", (5, 25), 4 * 10**8)}, packed=zipfile.ZIP_LZMA)


BOMBS = {
    "one array": (
        lambda path: valid_record(path, zeros={"top_probs": ("<f4", (5, 25, 10**6), 5 * 10**8)}),
        "unpack",
    ),
    "zeros of every shape": (lambda path: of_zeros(path, 33, 100_000, 10), "unpack"),
    "few zeros": (lambda path: of_zeros(path, 33, 15_000, 10), "unpack"),
    "texts": (
        lambda path: valid_record(path, zeros={"token_text": ("<U1000000", (120,), 48 * 10**7)}),
        "unpack",
    ),
    "meta": (
        lambda path: valid_record(path, zeros={"meta": ("<U100000000", (), 4 * 10**8)}),
        "unpack",
    ),
    "meta of spaces": (
        lambda path: valid_record(path, {"meta": np.array(" " * 30_000_000)}),
        "meta has 30,000,000 characters",
    ),
    "bytes of the picture": (
        lambda path: valid_record(path, zeros={"image": ("|u1", (5 * 10**8,), 5 * 10**8)}),
        "unpack",
    ),
    "more than its shape": (
        lambda path: valid_record(path, zeros={"kl": ("<f4", (5, 25), 4 * 10**8)}),
        "kl says that it has shape (5, 25), but holds",
    ),
    "less than its shape": (
        lambda path: valid_record(path, zeros={"kl": ("<f4", (5, 10**12), 500)}),
        "kl says that it has shape (5, 1000000000000), but holds",
    ),
    "an endless header": (long_header, "kl is not an array"),
    "another packing": (other_packing, "is packed in a way that NumPy never uses"),
    "names": (many_names, "more arrays than any record"),
    "pixels": (lambda path: valid_record(path, picture("1", (30_000, 20_000))), "megapixels"),
    "nesting": (
        lambda path: valid_record(path, {"meta": np.array("[" * 10**6 + "]" * 10**6)}),
        "nested",
    ),
}


PEAK = """
import re, sys, create_logit_lens
code = create_logit_lens.main(sys.argv[1:])
print(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
sys.exit(code)
"""


def peak_of(path, folder):
    """Exit code, stderr and the most memory of a run of the command, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, "--from-data", path, "--output", folder / "x.html"],
        cwd=SCRIPTS,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr, int(done.stdout.splitlines()[-1]) * 1024


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """The memory that a valid record takes."""
    folder = tmp_path_factory.mktemp("usual")
    code, said, peak = peak_of(valid_record(folder / "r.npz"), folder)
    assert (code, said) == (0, "")
    return peak


@needs_linux
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_one_line_and_little_memory(tmp_path, usual, name):
    make, says = BOMBS[name]
    make(tmp_path / "bomb.npz")
    code, said, peak = peak_of(tmp_path / "bomb.npz", tmp_path)
    assert code == 1 and says in said and said.count("\n") == 1 and len(said) < 400, said
    assert peak - usual < ALLOWED, f"{(peak - usual) / 1e6:.0f} MB"
    assert not (tmp_path / "x.html").exists()


@needs_linux
def test_a_picture_just_below_the_limit_takes_little_memory_too(tmp_path, usual):
    valid_record(tmp_path / "r.npz", picture("RGB", (9_900, 9_900)))
    code, said, peak = peak_of(tmp_path / "r.npz", tmp_path)
    assert (code, said) == (0, "")
    assert peak - usual < ALLOWED


@pytest.mark.parametrize("data", [b"hello" * 99, b"<svg onload='x()'/>", b"GIF89a" + bytes(60)])
def test_a_picture_of_another_kind_is_refused(tmp_path, data):
    valid_record(tmp_path / "r.npz", {"image": np.frombuffer(data, np.uint8)})
    with pytest.raises(LensError, match="image is neither a PNG nor a JPEG"):
        load_record(tmp_path / "r.npz")


def test_a_large_record_that_is_honest_is_read(tmp_path):
    record = make_record(layers=60, grid=(70, 70), k=10, vocabulary=3000)  # 40 MB of numbers
    record.save(tmp_path / "r.npz")
    again = load_record(tmp_path / "r.npz")
    assert np.array_equal(again.top_probs, record.top_probs)


def test_long_texts_that_are_padded_for_many_others_are_read(tmp_path):
    texts = [f"t{number}" for number in range(60_000)] + ["x" * 400]
    changes = {"token_text": np.array(texts), "token_ids": np.arange(60_001, dtype=np.int32)}
    valid_record(tmp_path / "r.npz", changes)
    assert (tmp_path / "r.npz").stat().st_size < 500_000
    assert load_record(tmp_path / "r.npz").token(60_000) == "x" * 400


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_what_numpy_reads(tmp_path, version, order):
    wanted = np.asarray(make_record().top_probs, order=order)
    buffer = io.BytesIO()
    npy.write_array(buffer, wanted, version)
    path = tmp_path / "r.npz"
    replaced(path, "top_probs", lambda zipped: zipped.writestr("top_probs.npy", buffer.getvalue()))
    assert np.array_equal(load_record(path).top_probs, make_record().top_probs)


def test_a_record_without_picture_and_tracked_tokens_is_read(tmp_path):
    make_record(grid=(0, 0), tracked=0, answer=0).save(tmp_path / "r.npz")
    record = load_record(tmp_path / "r.npz")
    assert record.image.shape == (0,) and record.tracked_probs.shape == (5, 6, 0)


def test_python_objects_are_never_unpacked(tmp_path):
    valid_record(tmp_path / "r.npz", {"kl": np.array([print], object)})
    with pytest.raises(LensError, match="kl holds Python objects"):
        load_record(tmp_path / "r.npz")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"model": 5}, r"meta\['model'\] is not of type str"),
        ({"revision": {"a": 1}}, r"meta\['revision'\] is not of type str"),
        ({"created": 5}, r"meta\['created'\]"),
        ({"note": [1]}, r"meta\['note'\]"),
        ({"tracked_words": {"dog": 5}}, r"meta\['tracked_words'\]\['dog'\] is not of type list"),
        ({"check": {"positions": "many"}}, r"meta\['check'\]\['positions'\] is not a number"),
        ({"check": {"passed": "yes"}}, r"meta\['check'\]\['passed'\] is not of type bool"),
        ({"check": {"tolerance": True}}, r"meta\['check'\]\['tolerance'\] is not a number"),
        ({"seconds": {"load": "long"}}, r"meta\['seconds'\]\['load'\] is not a number"),
        ({"versions": {"torch": [2]}}, r"meta\['versions'\]\['torch'\]"),
        ({"run": {"name": 5}}, r"meta\['run'\]\['name'\]"),
        ({"seconds": {"x" * 500: "?"}}, r"meta\['seconds'\]\['xxx[x]+…\]"),
        ({"crop": [1, 2, 3, "4"]}, "4 numbers of crop"),
        ({"crop": [1, 2, 3, True]}, "4 numbers of crop"),
        ({"crop": [0, 0, 1e38, 5]}, r"meta\['crop'\] lies outside of the picture, 160 × 120"),
        ({"crop": [50, 0, 10, 5]}, r"meta\['crop'\] is not left, top, right, bottom"),
        ({"image": {"name": "x", "width": -4, "height": 3}}, "image width and height"),
        ({"deep": json.loads("[" * 40 + "]" * 40)}, "meta is nested more than 32 deep"),
        ({"deep": json.loads('{"a":' * 900 + "1" + "}" * 900)}, "meta is nested more than 32 deep"),
    ],
)
def test_odd_meta_is_refused_by_name(tmp_path, changes, says):
    with pytest.raises(LensError, match=says) as error:
        load_record(with_meta(tmp_path / "r.npz", **changes))
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize("text", ['{"format": 1' + "0" * 5000 + "}", "9" * 5000, '{"a": 1e', "nul"])
def test_meta_that_json_refuses_is_one_line(tmp_path, text):
    valid_record(tmp_path / "r.npz", {"meta": np.array(text)})
    with pytest.raises(LensError, match="meta is not JSON") as error:
        load_record(tmp_path / "r.npz")
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize("missing", ["revision", "lens", "seconds", "versions", "created", "crop"])
def test_meta_may_lack_or_leave_empty_what_no_page_needs(tmp_path, missing):
    with_meta(tmp_path / "r.npz", **{missing: None})
    assert load_record(tmp_path / "r.npz").meta[missing] is None


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ([0, 0, 1e38, 9], "far outside of the picture, 160 × 120"),
        ([0, 0, 9, np.inf], "far outside"),
        ([-1e6, 0, 9, 9], "far outside"),
        ([0, 0, 321, 9], "far outside"),
        ([9, 0, 3, 9], "left, top, right, bottom"),
        ([0, 9, 3, 5], "left, top, right, bottom"),
        ([np.nan, 0, 3, 9], "only a part is NaN"),
    ],
)
def test_a_box_that_no_picture_has_is_refused_by_name(box, says):
    boxes = make_record().patch_boxes.copy()
    boxes[5] = box
    with pytest.raises(LensError, match=f"patch_boxes has a box.*{says}"):
        dataclasses.replace(make_record(), patch_boxes=boxes)


@pytest.mark.parametrize(
    ("width", "height", "box"),
    [
        (160, 120, [-160, -160, 320, 320]),
        (160, 120, [-160, -160, -150, -150]),
        (160, 120, [5, 5, 5, 5]),
        (0, 0, [0, 0, 2e6, 2e6]),
        (0, 0, [-1e6, -1e6, 0, 0]),
        (999_999_999, 1, [0, 0, 1, 1]),
        (1, 999_999_999, [0, 0, 1, 1.9e9]),
        (1e-300, 1e-300, [0, 0, 0, 0]),
    ],
)
def test_the_page_bears_every_box_and_size_that_is_allowed(open_report, width, height, box):
    boxes = make_record().patch_boxes.copy()
    boxes[:] = np.nan
    boxes[5] = box
    image = {"name": "x", "width": width, "height": height}
    meta = make_record().meta | {"image": image, "crop": None}
    page = open_report(dataclasses.replace(make_record(), patch_boxes=boxes, meta=meta))
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("p")
    page.keyboard.press("]")


def test_what_a_record_says_of_itself_is_read_without_its_arrays(tmp_path):
    path = of_zeros(tmp_path / "r.npz", 33, 100_000, 10)
    assert load_meta(path)["model"] == "tests/tiny-llava"
