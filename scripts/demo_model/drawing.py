"""Draws the two ingredients of a demo scene: textured backgrounds and coloured shapes.

Everything is measured in *units*: the short side of a canvas is 168 units, whatever its pixels, so
the same scene can be drawn small for training and large for a picture to look at. Knows nothing of
patches, labels or questions.

>>> sky = texture(np.random.default_rng(0), "sky", 96, 168, unit=1.0)  # (96, 168, 3) float32
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {
    "red": (214, 38, 38),
    "orange": (245, 135, 20),
    "yellow": (248, 222, 40),
    "green": (24, 140, 60),
    "blue": (35, 75, 215),
    "purple": (132, 45, 170),
    "white": (248, 248, 248),
    "black": (22, 22, 24),
}
SHAPES = ("circle", "square", "triangle", "rectangle", "star", "cross", "heart", "moon")
UPPER = ("sky", "sunset", "night")
LOWER = ("grass", "sand", "sea", "snow")
WHOLE = ("bricks", "paper")
BACKGROUNDS = UPPER + LOWER + WHOLE

# The largest turn, in radians to either side, that leaves a shape recognisable.
MAX_TURN = {
    "circle": 0.0,
    "square": 0.3,
    "triangle": 0.35,
    "rectangle": 0.35,
    "star": 0.6,
    "cross": 0.25,
    "heart": 0.35,
    "moon": 0.6,
}


def _rgb(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def _noise(rng: np.random.Generator, h: int, w: int, cell: float) -> np.ndarray:
    """Smooth noise of unit variance at its grid points, (h, w); `cell` is the grid in pixels."""
    rows, columns = int(h / cell) + 2, int(w / cell) + 2
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    if cell <= 1:
        return grid[:h, :w]
    return np.asarray(Image.fromarray(grid).resize((w, h), Image.Resampling.BILINEAR))


def _sky(rng: np.random.Generator, h: int, w: int, u: float) -> np.ndarray:
    y = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    base = _rgb(105, 170, 235) * (1 - y) + _rgb(185, 220, 245) * y
    cloud = 0.6 * np.clip(_noise(rng, h, w, 28 * u) - 0.35, 0, 1)[..., None]
    return base * (1 - cloud) + _rgb(245, 247, 250) * cloud


def _sunset(rng: np.random.Generator, h: int, w: int, u: float) -> np.ndarray:
    y = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    base = _rgb(190, 95, 140) * (1 - y) + _rgb(250, 180, 120) * y
    return base + 7 * _noise(rng, h, w, 40 * u)[..., None]


def _night(rng: np.random.Generator, h: int, w: int, u: float) -> np.ndarray:
    y = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    out = (_rgb(12, 14, 48) * (1 - y) + _rgb(40, 44, 92) * y) * np.ones((1, w, 1), np.float32)
    count, dot = max(1, int(h * w / u**2 / 450)), max(1, round(u))
    for y0, x0 in zip(rng.integers(0, h, count), rng.integers(0, w, count), strict=True):
        out[y0 : y0 + dot, x0 : x0 + dot] = _rgb(225, 225, 235)
    return out


def _grass(rng: np.random.Generator, h: int, w: int, u: float) -> np.ndarray:
    blades = 16 * _noise(rng, h, w, 3 * u) + 8 * _noise(rng, h, w, 16 * u)
    return _rgb(120, 178, 70) + blades[..., None] * _rgb(0.9, 1, 0.6)


def _sand(rng: np.random.Generator, h: int, w: int, u: float) -> np.ndarray:
    grains = 9 * _noise(rng, h, w, u) + 6 * _noise(rng, h, w, 20 * u)
    return _rgb(216, 190, 140) + grains[..., None]


def _sea(rng: np.random.Generator, h: int, w: int, u: float) -> np.ndarray:
    y, x = np.arange(h, dtype=np.float32)[:, None] / u, np.arange(w, dtype=np.float32)[None] / u
    wave = 12 * np.sin(0.75 * y + 2 * np.sin(0.12 * x + rng.uniform(0, 2 * math.pi)))
    return _rgb(38, 130, 150) + wave[..., None].astype(np.float32)


def _snow(rng: np.random.Generator, h: int, w: int, u: float) -> np.ndarray:
    return _rgb(228, 234, 242) + 6 * _noise(rng, h, w, 10 * u)[..., None] * _rgb(1, 1, 0.6)


def _bricks(rng: np.random.Generator, h: int, w: int, u: float) -> np.ndarray:
    y, x = np.arange(h)[:, None] / u, np.arange(w)[None] / u + rng.integers(0, 22)
    odd_row = (y // 10) % 2
    mortar = (y % 10 < 2) | ((x + 11 * odd_row) % 22 < 2)
    brick = _rgb(165, 100, 82) + 8 * _noise(rng, h, w, 12 * u)[..., None]
    return np.where(mortar[..., None], _rgb(190, 178, 168), brick)


def _paper(rng: np.random.Generator, h: int, w: int, u: float) -> np.ndarray:
    return _rgb(205, 200, 190) + 5 * _noise(rng, h, w, 60 * u)[..., None]


_TEXTURES = {
    "sky": _sky,
    "sunset": _sunset,
    "night": _night,
    "grass": _grass,
    "sand": _sand,
    "sea": _sea,
    "snow": _snow,
    "bricks": _bricks,
    "paper": _paper,
}


def texture(rng: np.random.Generator, kind: str, h: int, w: int, unit: float) -> np.ndarray:
    """One background as (h, w, 3) float32 in 0..255; `unit` is the pixels of one unit."""
    return _TEXTURES[kind](rng, h, w, unit).astype(np.float32, copy=False)


def _outline(shape: str) -> list[tuple[float, float]]:
    """The corners of a shape of radius 1 around the origin, y pointing down."""
    if shape == "square":
        return [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]
    if shape == "rectangle":
        return [(-1.08, -0.5), (1.08, -0.5), (1.08, 0.5), (-1.08, 0.5)]
    if shape == "triangle":
        return [(0, -1.05), (1.0, 0.75), (-1.0, 0.75)]
    if shape == "star":
        reach = [1.12 if i % 2 == 0 else 0.5 for i in range(10)]
        return [
            (r * math.sin(i * math.pi / 5), -r * math.cos(i * math.pi / 5))
            for i, r in enumerate(reach)
        ]
    if shape == "cross":
        a, b = 1.05, 0.36
        quarter = [(-b, -a), (b, -a), (b, -b)]
        points = []
        for _ in range(4):
            points += quarter
            quarter = [(-y, x) for x, y in quarter]
        return points
    turns = np.linspace(0, 2 * math.pi, 60)  # heart
    x = np.sin(turns) ** 3
    y = 13 * np.cos(turns) - 5 * np.cos(2 * turns) - 2 * np.cos(3 * turns) - np.cos(4 * turns)
    return list(zip(x.tolist(), (-y / 15.5 - 0.1).tolist(), strict=True))


def shape_alpha(shape: str, radius: float, turn: float) -> np.ndarray:
    """How much of each pixel the shape covers, (n, n) float32 in 0..1, n odd, centred."""
    fine = 4 if radius < 60 else 2  # subpixels per pixel and side
    n = 2 * math.ceil(radius * 1.25) + 1
    image = Image.new("L", (n * fine, n * fine), 0)
    draw = ImageDraw.Draw(image)
    middle, r = n * fine / 2, radius * fine
    cos, sin = math.cos(turn), math.sin(turn)

    def disc(x: float, y: float, reach: float, ink: int) -> None:
        draw.ellipse([x - reach, y - reach, x + reach, y + reach], fill=ink)

    if shape == "circle":
        disc(middle, middle, 0.92 * r, 255)
    elif shape == "moon":
        disc(middle, middle, 1.05 * r, 255)
        disc(middle + 0.62 * r * cos, middle + 0.62 * r * sin, 0.82 * r, 0)
    else:
        corners = [
            (middle + r * (x * cos - y * sin), middle + r * (x * sin + y * cos))
            for x, y in _outline(shape)
        ]
        draw.polygon(corners, fill=255)
    return np.asarray(image.resize((n, n), Image.Resampling.BOX), np.float32) / 255
