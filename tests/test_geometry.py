"""A thing drawn at a known place is read at that place: boxes by ground truth, not by formula.

The demo model reads a scene with one object; the object's words must lie on the object's pixels,
in landscape, portrait and a photo that the camera stored lying on its side.
"""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo_model.scenes import single_object_scene
from logit_lens.command.arguments import parse_arguments
from logit_lens.images import open_picture
from logit_lens.model.vlm import load_vlm
from logit_lens.reading.pipeline import make_record
from logit_lens.resources import DEMO_MODEL

SCENES = [
    ("star", "red", (0.3, 0.6), (672, 504), None),
    ("circle", "blue", (0.6, 0.3), (672, 504), None),
    ("square", "yellow", (0.5, 0.35), (420, 700), None),
    ("heart", "purple", (0.4, 0.6), (420, 700), None),
    ("cross", "orange", (0.7, 0.5), (640, 480), 6),
    ("circle", "red", (0.35, 0.4), (480, 640), 8),
]


@pytest.fixture(scope="module")
def vlm():
    return load_vlm(str(DEMO_MODEL), device="cpu")


def save_scene(folder: Path, shape, colour, place, size, orientation):
    """The picture's file, and which pixels of the upright picture the object covers."""
    width, height = size
    # places are given in the square that the model sees, so that the whole object is in it
    side = min(size)
    x = (width - side) / 2 + place[0] * side
    y = (height - side) / 2 + place[1] * side
    picture, mask = single_object_scene(shape, colour, (x, y), 0.17 * side, size)
    path = folder / "scene.png"
    if orientation is None:
        picture.save(path)
    else:
        path = folder / "scene.jpg"
        lying = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[orientation]
        stored = picture.transpose(lying)
        exif = stored.getexif()
        exif[0x0112] = orientation
        stored.save(path, exif=exif, quality=95)
    return path, np.asarray(mask)


def object_words(record, colour, shape):
    """Token ids that name the object: its colour, or the first piece of its shape's word."""
    return [
        int(i)
        for i, text in zip(record.token_ids, record.token_text, strict=True)
        if (word := str(text).removeprefix("▁")) == colour
        or (len(word) > 2 and shape.startswith(word))
    ]


@pytest.mark.parametrize(("shape", "colour", "place", "size", "orientation"), SCENES)
def test_an_objects_words_lie_on_the_object(vlm, tmp_path, shape, colour, place, size, orientation):
    path, mask = save_scene(tmp_path, shape, colour, place, size, orientation)
    picture = open_picture(path)
    assert picture.image.size == size
    record = make_record(vlm, picture, parse_arguments(["--max-new-tokens", "0"]).reading)

    patches = np.flatnonzero(record.position_kind == 1)
    boxes = record.patch_boxes[patches]
    covered = np.array([mask[int(t) : int(b), int(lt) : int(r)].mean() for lt, t, r, b in boxes])
    named = np.isin(record.top_ids[:, patches, 0], object_words(record, colour, shape))
    ys, xs = np.nonzero(mask)
    cell = boxes[0, 2] - boxes[0, 0]
    near = (boxes[:, 2] > xs.min() - cell) & (boxes[:, 0] < xs.max() + cell)
    near &= (boxes[:, 3] > ys.min() - cell) & (boxes[:, 1] < ys.max() + cell)
    # the layer at which the object is read best, on itself and not elsewhere
    layer = (named[:, covered >= 0.5].mean(1) - named[:, ~near].mean(1)).argmax()
    assert named[layer, covered >= 0.5].mean() >= 0.9
    assert not named[layer, ~near].any()
