"""Layouts with one grid over the whole image, or over what a crop or padding leaves of it.

Each is a function of one prepared image that lists its views in the order of the sequence, and
takes grids from the processor's own outputs wherever it gives them. Does not import torch.

>>> [view.n_tokens for view in merged_grid(prepared)]      # Qwen-VL
[66]
"""

from math import ceil, sqrt

from .views import Prepared, View


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
    """Pixtral, Mistral 3: the whole image to a grid of its own shape.

    LightOnOCR drops a last row or column of patches that is too few for a cell.
    """
    high, wide = map(int, image.encoded["image_sizes"][image.index])
    cell = image.processor.patch_size * image.processor.spatial_merge_size
    rows, columns = high // cell, wide // cell
    width, height = image.size
    region = (0, 0, width * columns * cell / wide, height * rows * cell / high)
    return [View.over(rows, columns, region)]


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
