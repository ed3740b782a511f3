"""What an index says of a report, kept in the report itself so that it cannot be out of date.

A report carries its summary as JSON near its beginning: an index of thousands is made by reading a
few kilobytes of each. Knows records and the block's place in a page; does not know torch or runs.

>>> read_summary(Path("outputs/demo.html"))["words"]
['red', 'circle', 'sky']
"""

import base64
import io
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .. import LensError
from ..images import embedded_size
from ..record import IMAGE, LensRecord

FORMAT = "logit-lens-summary/1"
THUMBNAIL = 96  # pixels of the longer side
_THUMBNAIL_OF = 16_000_000  # pixels; a record's picture has a million, one from elsewhere may not
WORDS = 6
_HEAD = 65536  # the summary ends within so many bytes of a report
_BLOCK = re.compile(rb'<script type="application/json" id="summary">(.*?)</script>', re.DOTALL)
_TEMPLATE = re.compile(
    r"<\|?image\|?>\s*|^\s*(USER|User|Human)\s*:|\s(ASSISTANT|Assistant|AI)\s*:\s*$"
)
_END = b"</html>"
_KEYS = frozenset(
    ("fingerprint", "source", "name", "question", "answer", "model", "passed", "words")
    + ("width", "height", "created", "thumbnail")
)


def summarise(record: LensRecord) -> dict[str, Any]:
    """The summary of a record, as JSON takes it."""
    meta, run = record.meta, record.meta.get("run", {})
    image, check = meta["image"], meta["check"]
    return {
        "format": FORMAT,
        "fingerprint": run.get("fingerprint", ""),
        "source": run.get("source", ""),
        "name": _text(run.get("name") or image.get("name"), 300),
        "question": _text(question_of(meta), 500),
        "answer": _text(meta["answer"], 500),
        "model": _text(meta["model"], 200),
        "passed": bool(check.get("passed")) if isinstance(check, dict) else False,
        "words": strongest_words(record),
        "width": image.get("width", 0),
        "height": image.get("height", 0),
        "created": _text(meta.get("created"), 40),
        "thumbnail": _thumbnail(record.image),
    }


def question_of(meta: dict[str, Any]) -> str:
    """What was asked, without the template around it.

    Where a record does not say, the prompt without what marks image and speakers.
    """
    run = meta.get("run")
    asked = str(run.get("question") or "") if isinstance(run, dict) else ""
    return asked or _TEMPLATE.sub(" ", str(meta["prompt"])).strip() or str(meta["prompt"])


def strongest_words(record: LensRecord, count: int = WORDS) -> list[str]:
    """The words that the image's patches are surest of, on the way through the model.

    Every patch has one vote: its top token at the layer of the upper half, the last excepted,
    where that token is most probable. The last layer speaks of the next word of the text.
    """
    patches = record.position_kind == IMAGE
    layers = range(len(record.layers) // 2, max(len(record.layers) - 1, 1))
    ids, probs = (a[layers][:, patches, 0] for a in (record.top_ids, record.top_probs))
    if not ids.size:
        return []
    surest = probs.argmax(0)[None]  # (1, patch)
    ids, probs = (np.take_along_axis(a, surest, 0)[0] for a in (ids, probs))
    votes: defaultdict[str, float] = defaultdict(float)
    marked = any(str(text).startswith(("▁", "Ġ")) for text in record.token_text)
    for token_id in np.unique(ids):
        token = record.token(int(token_id))
        word = token.strip("▁Ġ ")
        if word.isalpha():  # of the pieces of longer words, only those that begin one count
            begins = token != word or not word.isascii() or not marked
            votes[word.casefold()] += float(probs[ids == token_id].sum()) * (1 if begins else 0.01)
    return sorted(votes, key=votes.__getitem__, reverse=True)[:count]


def read_summary(path: Path) -> dict[str, Any] | None:
    """The summary of a report; None where the file is no complete report of this tool."""
    try:
        with path.open("rb") as file:
            match = _BLOCK.search(file.read(_HEAD))
            file.seek(max(0, path.stat().st_size - 64))
            if not match or not file.read().rstrip().endswith(_END):
                return None
        summary = json.loads(match[1])
    except (OSError, ValueError):
        return None
    whole = (
        isinstance(summary, dict) and summary.get("format") == FORMAT and summary.keys() >= _KEYS
    )
    return summary if whole else None


def _text(value: Any, length: int) -> str:
    text = str(value or "").encode("utf-8", "replace").decode()
    return text if len(text) <= length else text[: length - 1] + "…"


def _thumbnail(image: np.ndarray) -> str:
    """A data: URI of a few kilobytes; empty without an image or with one that Pillow refuses."""
    data, buffer = image.tobytes(), io.BytesIO()
    try:
        width, height = embedded_size(data)
        if width * height > _THUMBNAIL_OF:
            return ""
        with Image.open(io.BytesIO(data)) as picture:
            small = picture.convert("RGB")
            small.thumbnail((THUMBNAIL, THUMBNAIL))
            small.save(buffer, "JPEG", quality=72, optimize=True)
    except (LensError, OSError, ValueError, SyntaxError):
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
