"""The index of a folder of many reports: time, memory and size to make it, time to open it.

The reports are made up: their beginnings, which are all that an index reads, are like those of
llava-1.5-7b over photographs (33 layers, 576 patches, some hundred words each); the rest of each
file is a hole. Words occur as often as words do, and pictures are as hard to pack as photographs.

>>> print(measure_folder(10_000)[0].text())
"""

import json
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from logit_lens.page.blocks import decimal_codes
from logit_lens.page.folder_tables import TABLES
from logit_lens.page.index import write_index
from logit_lens.page.pictures import patch_crop, small_thumbnail, thumbnail
from logit_lens.page.statistics import CROPS, EDGE, FORMAT
from logit_lens.page.summaries import INDEX, MEMORY
from logit_lens.page.summary import FORMAT as SUMMARY

from .measure import Bytes, extra_memory, spread
from .report import browser, find_chromium
from .table import Row, Table

LAYERS, SIDE, FIRST = 33, 24, 5  # decoder layers and embeddings; patches along a side; before them
VOCABULARY, WORDS = 20_000, 110  # words that occur, and how many of them in one image
REPORT = 500_000  # bytes of a report
_PICTURES = 20
_START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def measure_folder(count: int, visits: int = 3) -> list[Table]:
    """Make a folder of so many reports, its index, the index of one more; open it in Chromium.

    Args:
        count: of reports; a tenth of them is measured too, for comparison.
        visits: how often the index is opened.
    """
    rows: list[Row] = []
    opened: list[Row] = []
    reports = MadeUp()
    for size in sorted({max(1, count // 10), count}):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for number in range(size):
                reports.write(folder, number)
            rows.append(_making(folder, f"{size:,} new reports"))
            reports.write(folder, size)
            rows.append(_making(folder, f"{size:,} and one more"))
            if size == count and find_chromium() is not None:
                opened = _opening(folder, visits)
    title = f"Index of a folder, made-up reports of {LAYERS} layers × {SIDE * SIDE} patches"
    note = "memory: above what Python, NumPy and Pillow took before"
    tables = [Table(title, rows, [note])]
    return [*tables, Table(f"It opens, {count:,} reports", opened)] if opened else tables


def _making(folder: Path, what: str) -> Row:
    seconds: list[float] = []

    def run() -> None:
        begin = time.perf_counter(), time.process_time()
        write_index(folder)
        seconds.extend((time.perf_counter() - begin[0], time.process_time() - begin[1]))

    memory = extra_memory(run)
    return {
        "index of": what,
        "time": spread(seconds[:1]),
        "processor": spread(seconds[1:]),
        "memory": memory,
        "index.html": Bytes((folder / INDEX).stat().st_size),
        "tables": Bytes(sum((folder / table).stat().st_size for table in TABLES)),
        "memory file": Bytes((folder / MEMORY).stat().st_size),
    }


def _opening(folder: Path, visits: int) -> list[Row]:
    """Milliseconds until each view is there, and until a word's patches are."""
    times: dict[str, list[float]] = {}
    with browser() as chromium:
        for _ in range(visits):
            page = chromium.new_page(viewport={"width": 1280, "height": 800})
            for view, address in {"reports": "", "statistics": "#view=statistics"}.items():
                page.goto("about:blank")
                page.goto((folder / INDEX).as_uri() + address)
                ready = "performance.getEntriesByName('index-ready')[0]?.startTime"
                page.wait_for_function(f"() => {ready}")
                times.setdefault(view, []).append(float(page.evaluate(ready)))
            times.setdefault("a word is typed", []).append(float(page.evaluate(_TYPED)))
            page.close()
    return [{"view": name, "time": spread(values, "ms")} for name, values in times.items()]


_TYPED = """async () => {
    const input = document.getElementById("word-search");
    input.value = "ba";
    const begin = performance.now();
    input.dispatchEvent(new Event("input"));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    return performance.now() - begin;
}"""


class MadeUp:
    """Writes made-up reports, as many as are asked for."""

    def __init__(self) -> None:
        """Make words and pictures that the reports share."""
        rng = np.random.default_rng(0)
        self._words = [_word(n) for n in range(VOCABULARY)]
        often = 1 / (np.arange(VOCABULARY) + 10)
        self._often = often / often.sum()
        pictures = [_photograph(rng) for _ in range(_PICTURES)]
        self._whole = [(thumbnail(one), small_thumbnail(one)) for one in pictures]
        self._crops = [_crop(one, rng) for one in pictures for _ in range(6)]

    def write(self, folder: Path, number: int) -> None:
        """Write the report of a number: the same whenever it is written."""
        rng = np.random.default_rng(number)
        chosen = rng.choice(VOCABULARY, WORDS, replace=False, p=self._often)
        lines = [_line(self._words[n], int(n), rng) for n in chosen]
        lines.sort(key=lambda line: -line[3])
        large, small = self._whole[number % _PICTURES]
        statistics = _numbers(rng) | {
            "words": lines,
            "small": small,
            "crops": [self._crops[n] for n in rng.choice(len(self._crops), CROPS)],
        }
        summary = _summary(number, [line[0] for line in lines[:6]], large)
        _write(folder / f"photo_{number:06d}_logit_lens.html", summary, statistics)


def _write(path: Path, summary: dict[str, Any], statistics: dict[str, Any]) -> None:
    """The beginning of a report, a hole, and the end of one."""
    tag = '<script type="application/json" id="{}">{}</script>\n'
    head = "".join(
        tag.format(name, json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))
        for name, value in (("summary", summary), ("statistics", statistics))
    )
    with path.open("wb") as file:
        file.write(f"<!doctype html>\n{head}".encode())
        file.seek(REPORT)
        file.write(b"</body>\n</html>")


def _summary(number: int, words: list[str], picture: str) -> dict[str, Any]:
    return {
        "format": SUMMARY,
        "fingerprint": f"{number:064x}",
        "source": f"{number:010x}",
        "name": f"photos/{number // 1000:03d}/photo_{number:06d}.jpg",
        "question": "Describe the image.",
        "answer": f"The image shows a {words[0]} next to a {words[1]}, with {words[2]} and "
        f"{words[3]} in the background. A {words[4]} can be seen near the {words[5]}.",
        "model": "llava-hf/llava-1.5-7b-hf",
        "passed": True,
        "words": words,
        "width": 1024,
        "height": 768,
        "created": (_START + timedelta(seconds=number)).isoformat(),
        "thumbnail": picture,
        "made_from": f"{number:016x}",
    }


def _numbers(rng: np.random.Generator) -> dict[str, Any]:
    """Curves by layer like those of a real model, a little different for every image."""
    depth = np.linspace(0, 1, LAYERS)
    curves = {
        "whole": 0.95 - 0.5 * depth**8,
        "decided": depth**6,
        "entropy": 9 - 7 * depth,
        "kl": 12 * (1 - depth),
    }
    noisy = {name: curve * rng.normal(1, 0.05, LAYERS) for name, curve in curves.items()}
    codes = {name: decimal_codes(np.maximum(curve, 0)).tolist() for name, curve in noisy.items()}
    about = {"format": FORMAT, "model": "llava-hf/llava-1.5-7b-hf", "patches": SIDE * SIDE}
    return about | {"layers": list(range(LAYERS))} | codes


def _line(word: str, token: int, rng: np.random.Generator) -> list[Any]:
    row, patch = int(rng.integers(12, LAYERS - 1)), int(rng.integers(SIDE * SIDE))
    patches = int(rng.geometric(0.25))
    code = int(decimal_codes(np.array([rng.uniform(0.02, 1) ** 0.7]))[0])
    part = EDGE / SIDE
    box = [patch % SIDE, patch // SIDE, patch % SIDE + 1, patch // SIDE + 1]
    place = [round(part * side) for side in box]
    return [word, patches, patches * row, code, row, FIRST + patch, token, -1, place]


def _word(number: int) -> str:
    syllables = [c + v for c in "bcdfghjklmnprstvw" for v in "aeiou"]
    word = ""
    while number or not word:
        number, rest = divmod(number, len(syllables))
        word += syllables[rest]
    return word


def _photograph(rng: np.random.Generator) -> Image.Image:
    """Noise whose strength falls with its frequency, as that of photographs does."""
    high, wide = 384, 512
    across, down = np.fft.fftfreq(wide)[None], np.fft.fftfreq(high)[:, None]
    strength = 1 / np.maximum(np.hypot(across, down), 1 / wide)
    noise = np.fft.fft2(rng.normal(size=(3, high, wide)))
    waves = np.fft.ifft2(noise * strength).real
    waves = (waves - waves.mean()) / waves.std()
    grey = waves.mean(0, keepdims=True)
    pixels = np.clip(128 + 45 * (1.6 * grey + 0.4 * waves), 0, 255)
    return Image.fromarray(pixels.transpose(1, 2, 0).astype(np.uint8))


def _crop(picture: Image.Image, rng: np.random.Generator) -> list[Any]:
    left, top = rng.integers(0, SIDE, 2) / SIDE
    uri, place = patch_crop(picture, (left, top, left + 1 / SIDE, top + 1 / SIDE))
    return [uri, [min(EDGE, max(0, round(EDGE * side))) for side in place]]
