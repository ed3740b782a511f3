"""Small hand-made records: what a run would give, without a model.

>>> make_record(grid=(4, 4), answer=3).top_ids.shape
(5, 25, 5)
"""

import io
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from logit_lens.record import ANSWER, FORMAT, IMAGE, LensRecord

HOSTILE_TEXTS = [
    "</script><script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "{{ 7*7 }}{% raw %}",
    "'\"><b onmouseover=window.hacked=1>",
    '=HYPERLINK("http://evil","x")',
    "@SUM(1+1)",
    "+1-1",
    "\u202eevil",
    "<!--",
    "]]>",
    "\u2028\u2029",
    "👩‍👩‍👧",
    "e\u0301\u0301\u0301\u0301\u0301",
    "العربية",
    "x" * 300,
    "",
    " ",
    "&lt;b&gt;&amp;",
    "constructor",
    "__proto__",
    "${window.hacked=1}",
    "\\u003c",
    "javascript:window.hacked=1",
]


def make_record(
    layers: int = 5,
    grid: tuple[int, int] = (4, 4),
    text: int = 6,
    answer: int = 3,
    k: int = 5,
    vocabulary: int = 120,
    tracked: int = 3,
    statistics: bool = True,
    texts: list[str] | None = None,
    meta: dict[str, Any] | None = None,
    views: int = 1,
    picture_size: tuple[int, int] = (160, 120),
    seed: int = 0,
) -> LensRecord:
    """A record with a prompt, an image block in its middle and an answer, all random but seeded."""
    random = np.random.default_rng(seed)
    rows, columns = grid
    patches = rows * columns * views
    positions = text + patches + answer
    first = text // 2
    kind = np.zeros(positions, np.uint8)
    kind[first : first + patches] = IMAGE
    kind[positions - answer :] = ANSWER
    top_ids, top_probs = _random_top(random, layers, positions, k, vocabulary)
    names = [f"▁word{n}" if n % 2 else f"piece{n}" for n in range(vocabulary)]
    names[: len(texts or [])] = texts or []
    return LensRecord(
        meta=_meta(picture_size, patches > 0) | (meta or {}),
        layers=np.arange(layers, dtype=np.int32),
        input_ids=random.integers(0, vocabulary, positions).astype(np.int64),
        position_kind=kind,
        top_ids=top_ids,
        top_probs=top_probs,
        entropy=_statistic(random, (layers, positions), 9, statistics),
        kl=_statistic(random, (layers, positions), 12, statistics),
        patch_boxes=_boxes(kind, rows, columns, views, picture_size),
        patch_view=_views(kind, rows * columns),
        tracked_ids=np.arange(tracked, dtype=np.int32),
        tracked_probs=np.float32(10)
        ** random.uniform(-9, 0, (layers, positions, tracked)).astype("f"),
        tracked_ranks=random.integers(0, 32000, (layers, positions, tracked)).astype(np.int32),
        token_ids=np.arange(vocabulary, dtype=np.int32),
        token_text=np.array(names),
        image=_picture(picture_size) if patches else np.zeros(0, np.uint8),
    )


def hostile_record() -> LensRecord:
    """Every place in which text is shown holds something that would like to be more than text."""
    nasty = HOSTILE_TEXTS[0] + "\"'&{{ 1 }}"
    return make_record(
        texts=HOSTILE_TEXTS,
        vocabulary=40,
        meta={
            "model": nasty,
            "revision": nasty,
            "prompt": nasty + "\x00\u202e",
            "answer": nasty,
            "dtype": nasty,
            "image": {"name": nasty, "width": 160, "height": 120},
            "versions": {nasty: nasty},
            "seconds": {nasty: float("nan")},
            "extra": [nasty, float("inf")],
        },
    )


def _meta(size: tuple[int, int], image: bool) -> dict[str, Any]:
    width, height = size
    side = min(size)
    left, top = (width - side) / 2, (height - side) / 2
    return {
        "format": FORMAT,
        "model": "tests/tiny-llava",
        "revision": "0123abc",
        "lens": "logit",
        "prompt": "USER: <image>\nWhat is in the middle? ASSISTANT:",
        "answer": "a red circle",
        "dtype": "float32",
        "device": "cpu",
        "image": {"name": "scene.png", "width": width, "height": height},
        "crop": [left, top, left + side, top + side] if image else None,
        "check": {
            "positions": 25,
            "argmax_agree": 1.0,
            "max_abs_logit_diff": 1.5e-6,
            "tolerance": 1e-4,
            "passed": True,
        },
        "seconds": {"load": 1.25, "forward": 0.5, "lens": 0.125, "write": 0.0625},
        "versions": {"torch": "2.13.0", "transformers": "5.0.0"},
        "created": "2026-01-02T03:04:05+00:00",
    }


def _random_top(
    random: np.random.Generator, layers: int, positions: int, k: int, vocabulary: int
) -> tuple[np.ndarray, np.ndarray]:
    """Distinct tokens per cell and falling probabilities, both (layer, position, rank)."""
    first = random.integers(0, vocabulary, (layers, positions, 1))
    step = random.integers(1, max(2, vocabulary // k), (layers, positions, 1))
    ids = (first + step * np.arange(k)) % vocabulary
    ids[-2:, :, 0] = ids[-1, :, 0]  # the end of the model has made up its mind
    duplicate = (ids[:, :, 1:] == ids[:, :, :1]).any(-1)
    ids[duplicate] = ids[duplicate][:, :1] + np.arange(k)
    logs = np.sort(random.uniform(-7, 0, (layers, positions, k)))[:, :, ::-1]
    probs = 10.0**logs
    probs /= np.maximum(1, probs.sum(-1, keepdims=True))
    return (ids % vocabulary).astype(np.int32), probs.astype(np.float32)


def _statistic(
    random: np.random.Generator, shape: tuple[int, int], most: float, recorded: bool
) -> np.ndarray:
    values = random.uniform(0, most, shape).astype(np.float32)
    return values if recorded else np.full(shape, np.nan, np.float32)


def _boxes(
    kind: np.ndarray, rows: int, columns: int, views: int, size: tuple[int, int]
) -> np.ndarray:
    """The centre square; every view beyond the first covers its own quarter of it."""
    boxes = np.full((len(kind), 4), np.nan, np.float32)
    side = min(size)
    left, top = (size[0] - side) / 2, (size[1] - side) / 2
    places = []
    for view in range(views):
        part = side if view == 0 else side / 2
        x0 = left + (side / 2 if view in (2, 4) else 0)
        y0 = top + (side / 2 if view in (3, 4) else 0)
        for row in range(rows):
            for column in range(columns):
                x, y = x0 + column * part / columns, y0 + row * part / rows
                places.append((x, y, x + part / columns, y + part / rows))
    if places:
        boxes[kind == IMAGE] = places
    return boxes


def _views(kind: np.ndarray, per_view: int) -> np.ndarray:
    views = np.full(len(kind), -1, np.int16)
    count = int((kind == IMAGE).sum())
    views[kind == IMAGE] = np.arange(count) // max(1, per_view)
    return views


def _picture(size: tuple[int, int]) -> np.ndarray:
    width, height = size
    across = np.linspace(0, 255, width, dtype=np.uint8)[None, :].repeat(height, 0)
    down = np.linspace(0, 255, height, dtype=np.uint8)[:, None].repeat(width, 1)
    buffer = io.BytesIO()
    Image.fromarray(np.stack([across, down, 255 - across], -1)).save(buffer, "PNG")
    return np.frombuffer(buffer.getvalue(), np.uint8)


def with_words(record: LensRecord, seed: int = 0) -> LensRecord:
    """The record with all that is known of its answer's words: every answer token is one."""
    random = np.random.default_rng(seed)
    n_answer = int((record.position_kind == ANSWER).sum())
    n_patches = int((record.position_kind == IMAGE).sum())
    n_layers = int(record.layers[-1])
    windows = np.stack([np.arange(n_patches) // 4 == g for g in range(-(-n_patches // 4))])
    signed = random.normal(0, 1, (n_answer, n_layers, n_patches)).astype(np.float32)
    spans = np.stack([np.arange(n_answer), np.arange(1, n_answer + 1)], -1).astype(np.int32)
    extra = {
        "answer_logprob": -random.exponential(1, n_answer).astype(np.float32),
        "word_spans": spans,
        "word_ids": record.tracked_ids[np.arange(n_answer) % len(record.tracked_ids)],
        "support_max": random.uniform(0, 1, n_answer).astype(np.float32),
        "support_rank": np.arange(n_answer, dtype=np.int32),
        "support_percentile": np.ones(n_answer, np.float32),
        "support_cell": np.tile(
            np.array([1, np.argmax(record.position_kind == IMAGE)], np.int32), (n_answer, 1)
        ),
        "ablate_windows": windows,
        "ablate_drop": random.normal(0, 1, (n_answer, len(windows))).astype(np.float32),
        "ablate_control": random.normal(0, 0.1, (n_answer, 32)).astype(np.float32),
        "knockout_bands": np.array([[1, 1], [1, n_layers]], np.int32),
        "knockout_drop": random.normal(0, 1, (n_answer, 2, 3)).astype(np.float32),
        "attribution": random.normal(0, 1, (n_answer, 1 + 2 * n_layers)).astype(np.float32),
        "attribution_patch": signed,
        "attribution_rest": np.zeros(n_answer, np.float32),
        "against_ids": np.full(n_answer, record.token_ids[1], np.int32),
        "against_attribution": np.zeros((n_answer, 1 + 2 * n_layers), np.float32),
        "against_patch": np.zeros_like(signed),
        "against_rest": np.zeros(n_answer, np.float32),
    }
    meta = record.meta | {
        "ablation": {"what": "log p lost", "window": 3, "with": "the mean of this image's patches"},
        "knockout": {"what": "log p lost", "routes": ["a", "b", "c"]},
        "attribution": {"what": "a sum", "layers": n_layers, "layers_by_patch": n_layers},
    }
    return replace(record, meta=meta, extra=extra)


def with_lenses(record: LensRecord, *names: str, seed: int = 1) -> LensRecord:
    """The record, read through further lenses too: random, but the same at the last layer."""
    random = np.random.default_rng(seed)
    layers, positions, k = record.top_ids.shape
    read = []
    for _ in names:
        ids, probs = _random_top(random, layers, positions, k, len(record.token_ids))
        lens = {
            "top_ids": record.token_ids[ids],
            "top_probs": probs,
            "entropy": _statistic(
                random, (layers, positions), 7, not np.isnan(record.entropy[0, 0])
            ),
            "kl": _statistic(random, (layers, positions), 5, not np.isnan(record.kl[0, 0])),
            "tracked_probs": np.float32(10) ** random.uniform(-9, 0, record.tracked_probs.shape),
            "tracked_ranks": random.integers(0, 32000, record.tracked_ranks.shape),
        }
        for name, values in lens.items():
            values[-1] = getattr(record, name)[-1]
        read.append(lens)
    extra = {
        f"lens_{name}": np.stack([lens[name] for lens in read]).astype(getattr(record, name).dtype)
        for name in read[0]
    }
    meta = record.meta | {"lenses": [{"name": name, "kind": "tuned"} for name in names]}
    return replace(
        record,
        meta=meta,
        extra=dict(record.extra) | extra | {"lens_names": np.array(["logit", *names])},
    )
