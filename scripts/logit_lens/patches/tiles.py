"""Layouts that cut the image into tiles.

Each is a function of one prepared image that lists its views in the order of the sequence, and
takes the tiling from the processor's own functions: families differ in it under the same names.
Does not import torch.

>>> [view.number for view in internvl(prepared)]      # tiles, then the whole image
[1, 2, 3, 4, 5, 6, 0]
"""

import sys
from math import ceil, sqrt
from typing import Any

import numpy as np

from .views import Prepared, View, tiles


def pan_and_scan(image: Prepared) -> list[View]:
    """Gemma 3: the whole image to a square, then its crops along the long side, if any."""
    width, height = image.size
    n = int(sqrt(image.config.mm_tokens_per_image))
    n_crops = len(image.encoded["pixel_values"]) - 1
    views = [View.over(n, n, image.whole)]
    along = width if width >= height else height
    step = ceil(along / n_crops) if n_crops > 0 else along
    for number, start in enumerate(range(0, step * n_crops, step), start=1):
        stop = min(start + step, along)
        region = (start, 0, stop, height) if width >= height else (0, start, width, stop)
        views.append(View.over(n, n, region, number=number))
    return views


def internvl(image: Prepared) -> list[View]:
    """InternVL: tiles row by row, then the whole image."""
    return _tiles_then_whole(image, int(sqrt(image.processor.image_seq_length)))


def aya_vision(image: Prepared) -> list[View]:
    """Aya Vision: as InternVL."""
    return _tiles_then_whole(image, image.processor.img_size // image.processor.patch_size)


def cohere2_vision(image: Prepared) -> list[View]:
    """Command A Vision: as InternVL, tiles chosen otherwise."""
    return _tiles_then_whole(image, int(image.processor.patch_size))


def _module(images: Any) -> Any:
    """The module of an image processor, with the functions that it uses."""
    return sys.modules[type(images).__module__]


def _tiles_then_whole(image: Prepared, n: int) -> list[View]:
    images, (width, height) = image.images, image.size
    if len(image.encoded["pixel_values"]) == 1:
        return [View.over(n, n, image.whole)]
    side = images.size["height"], images.size["width"]
    choose = _module(images).get_optimal_tiled_canvas
    columns, rows = choose((height, width), side, images.min_patches, images.max_patches)
    return _and_whole(image, int(rows), int(columns), n)


def idefics3(image: Prepared) -> list[View]:
    """Idefics 3, SmolVLM: tiles row by row, then the whole image; all stretched."""
    width, height = image.size
    _, rows, columns = image.images.get_number_of_image_patches(height, width)
    return _and_whole(image, rows, columns, int(sqrt(image.processor.image_seq_len)))


def _and_whole(image: Prepared, n_rows: int, n_columns: int, n: int) -> list[View]:
    """Tiles and then the whole image; where there would be one tile, only that."""
    cut = tiles(image.whole, n_rows, n_columns, n) if n_rows * n_columns > 1 else []
    return [*cut, View.over(n, n, image.whole)]


def perception_lm(image: Prepared) -> list[View]:
    """Perception LM: the whole image, then tiles row by row; all stretched."""
    images, (width, height) = image.images, image.size
    tile = images.tile_size
    n = tile // image.processor.patch_size // image.processor.pooling_ratio
    whole = View.over(n, n, image.whole)
    if images.vision_input_type != "thumb+tile":
        return [whole]
    size = {"img_width": width, "img_height": height, "tile_size": tile}
    columns, rows = images._fit_image_to_canvas(**size) or images._find_closest_aspect_ratio(**size)
    return [whole, *tiles(image.whole, rows, columns, n)]


def llama4(image: Prepared) -> list[View]:
    """Llama 4: tiles over the image in the top left corner of a canvas, then all of it stretched.

    An image of one tile is not stretched but lies in the corner, too.
    """
    width, height = image.size
    side = image.images.size["height"]
    n = int(sqrt((side // image.processor.patch_size) ** 2 / image.processor.downsample_ratio))
    row_end = image.processor.tokenizer.convert_tokens_to_ids(image.processor.tile_global_token)
    rows = max(1, int(np.sum(image.encoded["input_ids"] == row_end)))
    columns = max(1, (len(image.encoded["pixel_values"]) - 1) // rows)
    high, wide = rows * side, columns * side
    if not image.images.resize_to_max_canvas:  # small images are not blown up to the canvas
        high, wide = min(max(height, side), high), min(max(width, side), wide)
    if wide / width < high / height:
        high = min(int(height * (wide / width)), high)
    else:
        wide = min(int(width * (high / height)), wide)
    canvas = (0.0, 0.0, columns * side * width / wide, rows * side * height / high)
    if rows * columns == 1:
        return [View.over(n, n, canvas)]
    return [*tiles(canvas, rows, columns, n), View.over(n, n, image.whole)]


def lfm2_vl(image: Prepared) -> list[View]:
    """LFM2-VL: a grid of the image's own shape; large images as tiles, then that grid."""
    images, (width, height) = image.images, image.size
    cell = image.config.downsample_factor
    shapes = [[ceil(int(n) / cell) for n in shape] for shape in image.encoded["spatial_shapes"]]
    n_rows, n_columns = shapes[-1]
    whole = View.over(n_rows, n_columns, image.whole)
    if len(shapes) == 1:
        return [whole]
    columns, rows, *_ = images._get_grid_layout(
        height, width, images.min_tiles, images.max_tiles, images.tile_size
    )
    cut = tiles(image.whole, rows, columns, shapes[0][0])
    return [*cut, whole] if len(shapes) > len(cut) else cut


def molmo2(image: Prepared) -> list[View]:
    """Molmo 2: the whole image coarsely, then finely; patches are pooled, the last ones alone."""
    images, (width, height) = image.images, image.size
    side, patch = images.size["height"], images.patch_size
    *_, high, wide = _module(images).compute_crop_geometry(
        height,
        width,
        max_crops=images.max_crops,
        overlap_margins=images.overlap_margins,
        crop_size=side,
        patch_size=patch,
    )
    pool_rows, pool_columns = images.pooling_size
    views = []
    for number, n_rows, n_columns in (
        (0, side // patch, side // patch),
        (1, high // patch, wide // patch),
    ):
        across = _pooled(n_columns, pool_columns, width)
        views.append(View(across, _pooled(n_rows, pool_rows, height), number=number))
    return views


def _pooled(n_patches: int, pool: int, length: float) -> list[tuple[float, float]]:
    """Cells of ``pool`` patches along a side; what is left over makes the last one."""
    edges = [min(i, n_patches) * length / n_patches for i in range(0, n_patches + pool, pool)]
    return list(zip(edges[:-1], edges[1:], strict=True))
