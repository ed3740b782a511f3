"""Any image that Pillow reads comes out upright and RGB; anything else is one clear error."""

import io

import numpy as np
import pytest
from PIL import Image

from logit_lens import LensError, images
from logit_lens.images import open_picture


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


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16)[None]
    picture = open_picture(save(tmp_path / "d.png", Image.fromarray(ramp)))
    assert np.abs(np.asarray(picture.image)[0, :, 0].astype(int) - np.arange(256)).max() <= 1


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
        (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40)), "cannot read"),
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
