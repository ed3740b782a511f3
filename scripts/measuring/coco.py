"""A folder of pictures with COCO-style masks as cases: category names are the words.

Every category of the file is listed for each picture, present where an annotation says so. A word
of the answer stands for all of that category's objects. A name of several words counts by its first
one, as a word of several pieces does by its first piece: that is what the model would write next.

>>> samples = coco_samples(Path("instances_val2017.json"), Path("val2017"), "Describe the image.")
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from logit_lens import LensError
from logit_lens.images import open_picture

from .cases import Case, Listed, Sample, Target
from .masks import decode


def coco_samples(
    annotations: Path, images: Path, question: str, tuning: int = 100, limit: int | None = None
) -> list[Sample]:
    """The pictures of a file of annotations, in the order of their ids.

    Args:
        annotations: ``instances_*.json``.
        images: the folder that holds the pictures.
        question: what is asked of each.
        tuning: the first so many only serve to choose thresholds.
        limit: how many to measure at most after these.

    Raises:
        LensError: the file is not of that kind.
    """
    try:
        found = json.loads(annotations.read_text(encoding="utf-8"))
        pictures = sorted(found["images"], key=lambda image: image["id"])
        names = {category["id"]: str(category["name"]) for category in found["categories"]}
        by_picture: dict[Any, list[dict[str, Any]]] = {image["id"]: [] for image in pictures}
        for annotation in found["annotations"]:
            by_picture[annotation["image_id"]].append(annotation)
    except OSError as error:
        raise LensError(f"cannot read {annotations}: {error.strerror}", 2) from error
    except (ValueError, KeyError, TypeError) as error:
        raise LensError(f"{annotations} holds no COCO annotations ({error!r})", 2) from error
    pictures = pictures[: None if limit is None else tuning + limit]
    return [
        Sample(
            f"image {image['id']}",
            n < tuning,
            partial(_cases, image, by_picture[image["id"]], names, images, question),
        )
        for n, image in enumerate(pictures)
    ]


def _cases(
    image: dict[str, Any],
    annotations: list[dict[str, Any]],
    names: dict[Any, str],
    folder: Path,
    question: str,
) -> Iterator[Case]:
    picture = open_picture(folder / str(image["file_name"]))
    width, height = picture.image.size
    regions: dict[str, np.ndarray] = {}
    try:
        for annotation in annotations:
            mask = decode(annotation["segmentation"], height, width)
            name = names[annotation["category_id"]]
            regions[name] = regions.get(name, np.zeros_like(mask)) | mask
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise LensError(f"the annotations of {picture.name} cannot be used: {error}") from error
    targets = [Target("object", name, region, region) for name, region in regions.items()]
    listed = [Listed("object", name, name in regions) for name in names.values()]
    yield Case(picture, "describe", question, None, targets, listed)
