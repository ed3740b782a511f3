"""Small records made by hand, for tests that need no model."""

import dataclasses
import io

import numpy as np
from PIL import Image

from logit_lens.record import FORMAT, LensRecord


def make_test_record(
    n_layers: int = 4, n_positions: int = 9, k: int = 3, n_tracked: int = 2, seed: int = 0
) -> LensRecord:
    """A record with a prompt of text and a 2 × 2 image, an answer, and random numbers."""
    rng = np.random.default_rng(seed)
    shape = (n_layers, n_positions)
    token_ids = np.arange(10, 60, dtype=np.int32)
    probs = -np.sort(-rng.dirichlet(np.ones(k + 3), shape)[..., :k], axis=-1)
    kind = np.zeros(n_positions, np.uint8)
    kind[1:5], kind[-2:] = 1, 2
    boxes = np.full((n_positions, 4), np.nan, np.float32)
    boxes[1:5] = [[0, 0, 8, 8], [8, 0, 16, 8], [0, 8, 8, 16], [8, 8, 16, 16]]
    png = io.BytesIO()
    Image.new("RGB", (16, 16), "teal").save(png, "PNG")
    return LensRecord(
        meta={
            "format": FORMAT,
            "model": "test/model",
            "prompt": "USER: <image>\nWhat? ASSISTANT:",
            "answer": "a thing",
            "image": {"name": "test.png", "width": 16, "height": 16},
            "check": {"positions": n_positions, "argmax_agree": 1.0, "max_abs_logit_diff": 0.0},
        },
        layers=np.arange(n_layers, dtype=np.int32),
        input_ids=rng.choice(token_ids, n_positions).astype(np.int64),
        position_kind=kind,
        top_ids=rng.choice(token_ids, (*shape, k)).astype(np.int32),
        top_probs=probs.astype(np.float32),
        entropy=rng.uniform(0, 9, shape).astype(np.float32),
        kl=rng.uniform(0, 9, shape).astype(np.float32),
        patch_boxes=boxes,
        patch_view=np.where(kind == 1, 0, -1).astype(np.int16),
        tracked_ids=token_ids[:n_tracked].copy(),
        tracked_probs=rng.uniform(0, 1, (*shape, n_tracked)).astype(np.float32),
        tracked_ranks=rng.integers(0, 50, (*shape, n_tracked)).astype(np.int32),
        token_ids=token_ids,
        token_text=np.array([f"▁w{i}" for i in token_ids]),
        image=np.frombuffer(png.getvalue(), np.uint8),
    )


replace = dataclasses.replace
