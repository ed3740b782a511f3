"""Any image that Pillow reads comes out upright and RGB; anything else is one clear error."""

import base64
import io
import struct
import subprocess
import sys
import types
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from logit_lens import LensError, images
from logit_lens.images import decode_picture, open_picture

# a red picture of 64 x 48 with a blue corner, as pillow-heif writes it
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAA"
    "AAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAADMAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABo"
    "dmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEA"
    "GEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAA"
    "AwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAAB"
    "AAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAADtt"
    "ZGF0AAAALygBr1j5Et3/5IbkdOJ/nwy8cw1Cykj+Q7XcXramU7H1q22k3/Nk7foJ9oRMctPc"
)


def save(path, image, **options):
    image.save(path, **options)
    return path


def test_a_rotated_photo_comes_out_upright(tmp_path):
    image = Image.new("RGB", (40, 20), "red")
    exif = image.getexif()
    exif[0x0112] = 6  # "rotate by 90 degrees to see it"
    picture = open_picture(save(tmp_path / "r.jpg", image, exif=exif))
    assert picture.image.size == (20, 40)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("rgba.png", Image.new("RGBA", (5, 4), (255, 0, 0, 0))),
        ("palette.png", Image.new("P", (5, 4), 3)),
        ("grey.png", Image.new("L", (5, 4), 9)),
        ("grey_alpha.png", Image.new("LA", (5, 4), (9, 100))),
        ("bit.png", Image.new("1", (5, 4), 1)),
        ("deep.png", Image.fromarray(np.full((4, 5), 40000, np.uint16))),
        ("float.tif", Image.fromarray(np.full((4, 5), 0.5, np.float32))),
        ("cmyk.jpg", Image.new("CMYK", (5, 4), (0, 255, 255, 0))),
        ("dot.png", Image.new("RGB", (1, 1))),
        ("long.png", Image.new("RGB", (10_000, 100))),
        ("two words '<b>\" тест.png", Image.new("RGB", (5, 4))),
    ],
)
def test_every_mode_and_shape_becomes_rgb_of_the_same_size(tmp_path, name, image):
    picture = open_picture(save(tmp_path / name, image))
    assert picture.image.mode == "RGB"
    assert picture.image.size == image.size
    assert picture.name == name
    embedded = Image.open(io.BytesIO(picture.embedded()))
    assert max(embedded.size) == min(1024, max(image.size))


def test_transparency_lies_on_white(tmp_path):
    picture = open_picture(save(tmp_path / "a.png", Image.new("RGBA", (2, 2), (255, 0, 0, 0))))
    assert picture.image.getpixel((0, 0)) == (255, 255, 255)


RAMP = np.linspace(0, 1, 256)[None]
EVEN = np.arange(256)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("sixteen bits.png", (RAMP * 65535).astype(np.uint16)),
        ("twelve in sixteen.png", (RAMP * 4095).round().astype(np.uint16)),
        ("twelve in sixteen.tif", (RAMP * 4095).round().astype(np.uint16)),
        ("eight in sixteen.png", (RAMP * 255).astype(np.uint16)),
        ("integers.tif", (RAMP * 1e6).astype(np.int32)),
        ("small integers.tif", (RAMP * 255).astype(np.int32)),
        ("negative integers.tif", (RAMP * 3000 - 1000).astype(np.int32)),
        ("floats to 1.tif", RAMP.astype(np.float32)),
        ("floats to 255.tif", (RAMP * 255).astype(np.float32)),
        ("floats to 7.tif", (RAMP * 7).astype(np.float32)),
        ("floats from -1 to 1.tif", (RAMP * 2 - 1).astype(np.float32)),
        ("tiny floats.tif", (RAMP * 1e-30).astype(np.float32)),
        ("huge floats.tif", (RAMP * 6e38 - 3e38).astype(np.float32)),
    ],
)
def test_numbers_beyond_eight_bits_are_stretched_from_black_to_white(tmp_path, name, numbers):
    picture = open_picture(save(tmp_path / name, Image.fromarray(numbers)))
    pixels = np.asarray(picture.image).astype(int)
    assert np.abs(pixels[0] - EVEN[:, None]).max() <= 1


def test_zero_stays_black_where_all_numbers_are_larger(tmp_path):
    numbers = np.array([[1000, 3000, 4000]], np.uint16)
    picture = open_picture(save(tmp_path / "d.png", Image.fromarray(numbers)))
    assert np.asarray(picture.image)[0, :, 0].tolist() == [64, 191, 255]


def test_eight_bits_are_taken_as_they_are(tmp_path):
    dark = Image.fromarray(np.arange(40, dtype=np.uint8)[None])
    picture = open_picture(save(tmp_path / "d.png", dark))
    assert np.asarray(picture.image)[0, :, 0].tolist() == list(range(40))


@pytest.mark.parametrize(
    ("numbers", "pixels"),
    [
        ([0, 1, np.nan, 2], [0, 128, 0, 255]),
        ([np.nan, np.nan, np.nan, np.nan], [0, 0, 0, 0]),
        ([0, np.inf, -np.inf, 2], [0, 255, 0, 255]),
        ([np.nan, np.inf, -np.inf, 0], [0, 255, 0, 0]),
        ([-4, np.nan, -2, -3], [0, 0, 255, 128]),
        ([0, 0, 0, 0], [0, 0, 0, 0]),
        ([7, 7, 7, 7], [255, 255, 255, 255]),
    ],
)
def test_nan_is_black_and_never_warns(tmp_path, numbers, pixels):
    save(tmp_path / "f.tif", Image.fromarray(np.array([numbers], np.float32)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = open_picture(tmp_path / "f.tif")
    assert np.asarray(picture.image)[0, :, 0].tolist() == pixels


def png_of_sixteen_bits(numbers):
    """A PNG of (row, column, channel) 16-bit numbers, which Pillow cannot write in colour."""

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows, columns, channels = numbers.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    head = struct.pack(">IIBBBBB", columns, rows, 16, colour, 0, 0, 0)
    data = b"".join(b"\0" + row.astype(">u2").tobytes() for row in numbers)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("greatest", [65535, 4095])
def test_colours_of_more_bits_are_stretched_together_and_transparency_is_not(channels, greatest):
    numbers = np.repeat((RAMP * greatest).round().astype(np.uint16)[..., None], channels, -1)
    if channels == 3:
        numbers[..., 1] //= 2
    if channels in (2, 4):
        numbers[..., -1] = 65535
        numbers[0, 9, -1] = 0
    pixels = np.asarray(decode_picture(png_of_sixteen_bits(numbers), "x").image).astype(int)[0]
    wanted = np.stack([EVEN, EVEN // 2 if channels == 3 else EVEN, EVEN], -1)
    if channels in (2, 4):
        wanted[9] = 255
    # of 12 bits in colour, 4 are left when Pillow has made 8 of 16
    assert np.abs(pixels - wanted).max() <= (1 if greatest == 65535 or channels == 1 else 17)


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    red, _, blue = open_picture(tmp_path / "a.gif").image.getpixel((0, 0))
    assert red > 200 and blue < 50


def test_the_embedded_copy_carries_no_metadata(tmp_path):
    image = Image.new("RGB", (8, 8))
    exif = image.getexif()
    exif[0x010F] = "SecretCamera"
    picture = open_picture(save(tmp_path / "m.jpg", image, exif=exif))
    assert b"SecretCamera" not in picture.embedded()


@pytest.mark.parametrize("name", ["x.heic", "x.jpg", "x"])
def test_heic_is_known_by_its_bytes_whatever_it_is_called(tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes(HEIC)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    with pytest.raises(LensError, match="it is a HEIC image: pip install pillow-heif"):
        open_picture(tmp_path / name)


@pytest.mark.parametrize(
    ("head", "is_heic"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", True),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", True),
        (b"\0\0\0\x14ftypmsf1\0\0\0\0hevc", True),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", False),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", False),
        (b"heicftyp", False),
        (b"", False),
    ],
)
def test_heic_is_told_from_its_relatives(head, is_heic):
    assert (images.kind_of(head) == "HEIC") == is_heic


def test_heic_named_jpeg_bytes_are_a_jpeg(tmp_path):
    Image.new("RGB", (5, 4)).save(tmp_path / "x.heic", "JPEG")
    assert open_picture(tmp_path / "x.heic").image.size == (5, 4)


def test_heic_is_read_through_pillow_heif(tmp_path, monkeypatch):
    """A stand-in of the package: it gets asked once its bytes show, and what it opens is read."""

    red = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(red, "PNG")

    def register_heif_opener():
        accepts = HEIC[:12].__eq__
        Image.register_open("HEIF", lambda *_: Image.open(red), lambda head: accepts(head[:12]))

    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    package = types.SimpleNamespace(register_heif_opener=register_heif_opener)
    monkeypatch.setitem(sys.modules, "pillow_heif", package)
    (tmp_path / "x.jpg").write_bytes(HEIC)
    assert open_picture(tmp_path / "x.jpg").image.getpixel((9, 9)) == (255, 0, 0)


def test_a_real_heic_is_read_where_pillow_heif_is_installed(tmp_path):
    pytest.importorskip("pillow_heif")
    (tmp_path / "x.heic").write_bytes(HEIC)
    picture = open_picture(tmp_path / "x.heic")
    assert picture.image.size == (64, 48)
    red, blue = (picture.image.getpixel(at) for at in ((50, 40), (5, 5)))
    assert red[0] > 150 > red[2] and blue[2] > 150 > blue[0]


def damaged_tiffs(folder):
    """TIFFs of whose damage libtiff, Pillow's logger and Python's warnings would each speak."""
    noise = Image.effect_noise((60, 50), 80)
    for name, options in {"lzw": {"compression": "tiff_lzw"}, "raw": {}}.items():
        buffer = io.BytesIO()
        noise.save(buffer, "TIFF", **options)
        data = bytearray(buffer.getvalue())
        directory = struct.unpack_from("<I", data, 4)[0]
        (folder / f"cut_{name}.tif").write_bytes(data[:-300] if directory < 999 else data)
        for entry in range(struct.unpack_from("<H", data, directory)[0]):
            at = directory + 2 + 12 * entry
            (tag,) = struct.unpack_from("<H", data, at)
            changed = bytearray(data)
            struct.pack_into("<I", changed, at + 8, 0xF0 + 0xFFFF * (entry % 2))
            (folder / f"{name}_{tag}.tif").write_bytes(changed)
        data[len(data) // 3 : len(data) // 2] = bytes(range(200)) * 99
        (folder / f"overwritten_{name}.tif").write_bytes(data)


def test_libraries_print_nothing_of_their_own(tmp_path):
    damaged_tiffs(tmp_path)
    code = (
        "import sys; from pathlib import Path; from logit_lens import LensError\n"
        "from logit_lens.images import open_picture\n"
        "for path in sorted(Path(sys.argv[1]).iterdir()):\n"
        "    try: open_picture(path)\n"
        "    except LensError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        cwd=Path(__file__).resolve().parents[1] / "scripts",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.count("cannot read") > 5
    assert all(line.startswith("cannot read") for line in done.stdout.splitlines())


def truncated_jpeg(path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    path.write_bytes(buffer.getvalue()[: buffer.tell() // 2])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_text("hello"), "not an image"),
        (truncated_jpeg, "truncated"),
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40)), "a damaged PNG image"),
        (lambda path: path.write_bytes(b"RIFF\1\0\0\0WEBPVP8 "), "the image is damaged"),
        (lambda path: path.write_bytes(b"\0" * 3), "not an image"),
    ],
)
def test_what_is_no_image_is_one_line_that_names_the_file(tmp_path, make, says):
    path = tmp_path / "x.jpg"
    make(path)
    with pytest.raises(LensError) as error:
        open_picture(path)
    assert says in str(error.value) and str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    path = save(tmp_path / "b.png", Image.new("1", (20_000, 6_000)))
    with pytest.raises(LensError, match="120 megapixels"):
        open_picture(path)
    path = save(tmp_path / "c.png", Image.new("1", (20_000, 12_000)))
    with pytest.raises(LensError, match="megapixels"):
        open_picture(path)
    assert images.MAX_PIXELS == 100_000_000
