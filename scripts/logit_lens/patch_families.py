"""How each family lays its image tokens over the image: a few lines per family.

A layout is a function of one prepared image that lists its views in the order of the sequence. It
takes tilings and grids from the processor's own outputs and functions wherever it gives them. Each
was checked by painting stripes on an image and watching which positions change
(``tests/test_patches.py``), not by reading the processors. Does not import torch.
"""

import sys
from collections.abc import Callable
from math import ceil, sqrt

from .views import Prepared, View, tiled

Layout = Callable[[Prepared], list[View]]


def clip_like(image: Prepared) -> list[View]:
    """LLaVA: shortest edge to a size, then centre crop; or padded to a square; or stretched."""
    (width, height), images = image.size, image.images
    vision = image.config.vision_config
    if vision.model_type == "pixtral":  # Pixtral-12B calls itself a LLaVA
        return pixtral(image)
    n = vision.image_size // vision.patch_size
    if getattr(images, "do_pad", False):
        return [View.over(n, n, _square(width, height))]
    edge = images.size.get("shortest_edge") if images.do_resize else None
    if not edge or not getattr(images, "do_center_crop", False):
        return [View.over(n, n, (0, 0, width, height))]
    wide = int(edge * width / height) if width > height else edge
    high = int(edge * height / width) if height > width else edge
    crop_width, crop_height = images.crop_size["width"], images.crop_size["height"]
    left, top = (wide - crop_width) // 2, (high - crop_height) // 2
    x, y = width / wide, height / high
    region = (left * x, top * y, (left + crop_width) * x, (top + crop_height) * y)
    return [View.over(n, n, region)]


def padded_square(image: Prepared) -> list[View]:
    """DeepSeek-VL, Janus: longest side to a size, padded to a square round the image."""
    vision = image.config.vision_config
    n = vision.image_size // vision.patch_size
    return [View.over(n, n, _square(*image.size))]


def _square(width: int, height: int) -> tuple[float, float, float, float]:
    """The square that padding makes of an image, in the image's pixels."""
    side = max(width, height)
    left, top = (side - width) // 2, (side - height) // 2
    return (-left, -top, side - left, side - top)


def stretched(image: Prepared) -> list[View]:
    """PaliGemma: the whole image to a square."""
    vision = image.config.vision_config
    n = vision.image_size // vision.patch_size
    return [View.over(n, n, image.whole)]


def merged_grid(image: Prepared) -> list[View]:
    """Qwen-VL, GLM-4V: the whole image to a grid of its own shape, patches merged in squares."""
    _, rows, columns = map(int, image.encoded["image_grid_thw"][image.index])
    merge = image.config.vision_config.spatial_merge_size
    return [View.over(rows // merge, columns // merge, image.whole)]


def position_grid(image: Prepared) -> list[View]:
    """Gemma 4: the whole image to a grid of its own shape, told by the patches' positions."""
    at = image.encoded["image_position_ids"][image.index]  # (patch, x and y), −1 is padding
    pool = image.config.vision_config.pooling_kernel_size
    columns, rows = (int(at[:, axis].max() + 1) // pool for axis in (0, 1))
    return [View.over(rows, columns, image.whole)]


def pixtral(image: Prepared) -> list[View]:
    """Pixtral, Mistral 3: the whole image to a grid of its own shape."""
    high, wide = map(int, image.encoded["image_sizes"][image.index])
    cell = image.processor.patch_size * image.processor.spatial_merge_size
    return [View.over(high // cell, wide // cell, image.whole)]


def any_resolution(image: Prepared) -> list[View]:
    """LLaVA-NeXT: the squeezed image, then the best-fitting grid of tiles as one."""
    return _any_resolution(image, max_tiles=None)


def any_resolution_max(image: Prepared) -> list[View]:
    """LLaVA-OneVision: as LLaVA-NeXT, and a grid of more than so many tiles is shrunk."""
    limit = image.config.vision_aspect_ratio.removeprefix("anyres_max_")
    return _any_resolution(image, max_tiles=int(limit))


def _any_resolution(image: Prepared, max_tiles: int | None) -> list[View]:
    width, height = image.size
    vision = image.config.vision_config
    tile, patch = vision.image_size, vision.patch_size
    n = tile // patch  # patches along a tile; what is left of it, the vision tower does not see
    best_height, best_width = _best_resolution(image.size, image.config.image_grid_pinpoints)
    # the image fills the tiled canvas in one direction and is padded in the other
    if best_width / width < best_height / height:
        wide, high = best_width, min(ceil(height * best_width / width), best_height)
    else:
        wide, high = min(ceil(width * best_height / height), best_width), best_height
    pad_x, pad_y = (best_width - wide) // 2, (best_height - high) // 2
    columns, rows = best_width // tile * n, best_height // tile * n
    # the model drops the padding again, by whole rows or columns of features
    skip_x = skip_y = 0
    if width / height > columns / rows:
        skip_y = (rows - int(round(height * (columns / width), 7))) // 2
    else:
        skip_x = (columns - int(round(width * (rows / height), 7))) // 2
    x, y = width / wide, height / high
    lefts = [(c // n * tile + c % n * patch - pad_x) * x for c in range(skip_x, columns - skip_x)]
    tops = [(r // n * tile + r % n * patch - pad_y) * y for r in range(skip_y, rows - skip_y)]
    base = View.over(n, n, (0, 0, width * n * patch / tile, height * n * patch / tile))
    across = [(left, left + patch * x) for left in lefts]
    down = [(top, top + patch * y) for top in tops]
    shrink = sqrt(len(across) * len(down) / (max_tiles * n * n)) if max_tiles else 1
    if shrink > 1.1:
        region = (across[0][0], down[0][0], across[-1][1], down[-1][1])
        n_rows, n_columns = int(len(down) // shrink), int(len(across) // shrink)
        return [base, View.over(n_rows, n_columns, region, number=1, row_end=1)]
    return [base, View(across, down, number=1, row_end=1)]


def _best_resolution(size: tuple[int, int], choices: list[list[int]]) -> tuple[int, int]:
    """The (height, width) that shows most of the image and wastes least, the first of equals."""
    width, height = size

    def merit(choice: list[int]) -> tuple[int, int]:
        high, wide = choice
        scale = min(wide / width, high / height)
        shown = min(int(width * scale) * int(height * scale), width * height)
        return shown, -(wide * high - shown)

    high, wide = max(choices, key=merit)
    return high, wide


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


def _tiles_then_whole(image: Prepared, n: int) -> list[View]:
    images, (width, height) = image.images, image.size
    if len(image.encoded["pixel_values"]) == 1:
        return [View.over(n, n, image.whole)]
    side = images.size["height"], images.size["width"]
    # the processor's own choice of the canvas; families differ in it under the same name
    choose = sys.modules[type(images).__module__].get_optimal_tiled_canvas
    columns, rows = choose((height, width), side, images.min_patches, images.max_patches)
    return tiled(image, int(rows), int(columns), n)


def idefics3(image: Prepared) -> list[View]:
    """Idefics 3, SmolVLM: tiles row by row, then the whole image; all stretched."""
    width, height = image.size
    _, rows, columns = image.images.get_number_of_image_patches(height, width)
    return tiled(image, rows, columns, int(sqrt(image.processor.image_seq_len)))


LAYOUTS: dict[str, Layout] = {
    "aya_vision": aya_vision,
    "deepseek_vl": padded_square,
    "gemma3": pan_and_scan,
    "gemma4": position_grid,
    "glm4v": merged_grid,
    "idefics3": idefics3,
    "internvl": internvl,
    "janus": padded_square,
    "llava": clip_like,
    "llava_next": any_resolution,
    "llava_onevision": any_resolution_max,
    "mistral3": pixtral,
    "paligemma": stretched,
    "smolvlm": idefics3,
    "qwen2_5_vl": merged_grid,
    "qwen2_vl": merged_grid,
    "qwen3_5": merged_grid,
    "qwen3_vl": merged_grid,
    "vipllava": clip_like,
}

_RESAMPLED = "a resampler makes this family's image tokens: each one sees the whole image"
_QFORMER = "a Q-Former makes this family's image tokens: each one sees the whole image"
_CROSS = (
    "this family reads the image through cross-attention: no position of the sequence stands for it"
)
_ENCODER = "this family reads the image in its encoder: the positions here are the decoder's text"
_POOLED = "this family puts the whole image in front of the text, not among its tokens"

WITHOUT_GEOMETRY: dict[str, str] = {
    "aria": _RESAMPLED,
    "blip": _CROSS,
    "blip-2": _QFORMER,
    "evolla": _CROSS,
    "florence2": _ENCODER,
    "git": _POOLED,
    "idefics": _CROSS,
    "idefics2": _RESAMPLED,
    "instructblip": _QFORMER,
    "instructblipvideo": _QFORMER,
    "kosmos-2": _RESAMPLED,
    "kosmos-2.5": _RESAMPLED,
    "mllama": _CROSS,
    "pix2struct": _ENCODER,
    "pp_formulanet": _ENCODER,
    "t5gemma2": _ENCODER,
    "udop": _ENCODER,
    "vision-encoder-decoder": _ENCODER,
}
