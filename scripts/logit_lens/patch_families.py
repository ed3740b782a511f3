"""How each family lays its image tokens over the image: a few lines per family."""

from collections.abc import Callable

from .views import Prepared, View

Layout = Callable[[Prepared], list[View]]


def clip_like(image: Prepared) -> list[View]:
    """LLaVA: shortest edge to a size, centre crop; or padded to a square; or stretched."""
    (width, height), images = image.size, image.images
    vision = image.config.vision_config
    n = vision.image_size // vision.patch_size
    if getattr(images, "do_pad", False):
        side = max(width, height)
        left, top = (side - width) // 2, (side - height) // 2
        return [View.over(n, n, (-left, -top, side - left, side - top))]
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


LAYOUTS: dict[str, Layout] = {
    "llava": clip_like,
    "vipllava": clip_like,
}

WITHOUT_GEOMETRY: dict[str, str] = {}
