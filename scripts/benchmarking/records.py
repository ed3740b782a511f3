"""Made-up records of any size, to render and to measure. Does not know torch.

>>> synthetic_record(33, 593, 5).top_ids.shape
(33, 593, 5)
"""

import io
from typing import Any

import numpy as np
from PIL import Image

from logit_lens.record import FORMAT, LensRecord


def synthetic_record(layers: int, positions: int, k: int, seed: int = 0) -> LensRecord:
    """A record like that of a real run: a square of patches between text, tokens that change.

    Token frequencies fall like 1/rank, as in text, and every layer keeps most of what the one
    before it said, so that the page's bytes are neither those of noise nor of a constant.
    """
    rng = np.random.default_rng(seed)
    side = max(1, int(np.sqrt(max(1, positions - 16))))
    first = min(5, positions - 1)
    n_patches = min(side * side, positions - first)
    words = int(20 * positions**0.5 + 200) // k  # for each rank its own, so that none comes twice
    vocabulary = np.arange(100, 100 + words * k, dtype=np.int32)
    weights = 1 / np.arange(1, words + 1)
    shape = (layers, positions)
    choice = rng.choice(words, (*shape, k), p=weights / weights.sum())
    top_ids = vocabulary[choice * k + np.arange(k)]
    for layer in range(1, layers):
        keep = rng.random(positions) < 0.6
        top_ids[layer, keep] = top_ids[layer - 1, keep]
    raw = rng.exponential(1, (*shape, k + 1)) ** 3
    probs = -np.sort(-(raw / raw.sum(-1, keepdims=True))[..., :k], axis=-1)
    kind = np.zeros(positions, np.uint8)
    kind[first : first + n_patches] = 1
    kind[-min(5, max(0, positions - first - n_patches)) or positions :] = 2
    boxes = np.full((positions, 4), np.nan, np.float32)
    boxes[first : first + n_patches] = _patch_boxes(side, 14.0)[:n_patches]
    size = 14 * side
    return LensRecord(
        meta=_meta(positions, size),
        layers=np.arange(layers, dtype=np.int32),
        input_ids=rng.choice(vocabulary, positions).astype(np.int64),
        position_kind=kind,
        top_ids=top_ids.astype(np.int32),
        top_probs=probs.astype(np.float32),
        entropy=rng.uniform(0, 10, shape).astype(np.float32),
        kl=rng.uniform(0, 10, shape).astype(np.float32),
        patch_boxes=boxes,
        patch_view=np.where(kind == 1, 0, -1).astype(np.int16),
        tracked_ids=vocabulary[:3].copy(),
        tracked_probs=rng.uniform(0, 0.1, (*shape, 3)).astype(np.float32),
        tracked_ranks=rng.integers(0, 30_000, (*shape, 3)).astype(np.int32),
        token_ids=vocabulary,
        token_text=np.array([_word(i) for i in range(len(vocabulary))]),
        image=_picture(size, rng),
    )


def _meta(positions: int, size: int) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "model": "synthetic/model",
        "revision": "",
        "lens": "logit",
        "prompt": "USER: <image>\nDescribe the image. ASSISTANT:",
        "answer": "made up",
        "dtype": "float32",
        "device": "cpu",
        "image": {"name": "synthetic.jpg", "width": size, "height": size},
        "crop": [0.0, 0.0, float(size), float(size)],
        "check": {
            "positions": positions,
            "argmax_agree": 1.0,
            "max_abs_logit_diff": 0.0,
            "tolerance": 1e-4,
            "passed": True,
        },
        "seconds": {"load": 0.0, "forward": 0.0, "lens": 0.0, "write": 0.0},
        "versions": {},
        "created": "2000-01-01T00:00:00+00:00",
    }


def _word(index: int) -> str:
    """A made-up word: ▁ and two to four syllables."""
    syllables: list[str] = []
    while index or not syllables:
        index, digit = divmod(index, 50)
        syllables.append("bdfgklmnrs"[digit // 5] + "aeiou"[digit % 5])
    return "▁" + "".join(syllables)


def _patch_boxes(side: int, size: float) -> np.ndarray:
    row, column = np.divmod(np.arange(side * side), side)
    return np.stack([column, row, column + 1, row + 1], -1).astype(np.float32) * size


def _picture(size: int, rng: np.random.Generator) -> np.ndarray:
    colours = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(colours).resize((min(size, 1024),) * 2).save(buffer, "JPEG")
    return np.frombuffer(buffer.getvalue(), np.uint8)
