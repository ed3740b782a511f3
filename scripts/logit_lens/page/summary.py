"""What an index says of a report, kept in the report itself so that it cannot be out of date.

A report carries its summary as JSON near its beginning: an index of thousands is made by reading a
few kilobytes of each. Knows records and the block's place in a page; does not know torch or runs.

>>> read_summary(Path("outputs/demo.html"))["words"]
['red', 'circle', 'sky']
"""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..record import LensRecord
from .pictures import thumbnail
from .words import SPACES, marks_spaces, readings_of

FORMAT = "logit-lens-summary/1"
WORDS = 6
_HEAD = 2**16  # the summary ends within so many bytes of a report
_TEMPLATE = re.compile(
    r"<\|?image\|?>\s*|^\s*(USER|User|Human)\s*:|\s(ASSISTANT|Assistant|AI)\s*:\s*$"
)
_END = b"</html>"
_KEYS = frozenset(
    ("fingerprint", "source", "name", "question", "answer", "model", "passed", "words")
    + ("width", "height", "created", "thumbnail")
)


def summarise(
    record: LensRecord, picture: Image.Image | None, made_from: str = ""
) -> dict[str, Any]:
    """The summary of a record, as JSON takes it.

    Args:
        record: what it is of.
        picture: the record's, opened.
        made_from: what tells a later run that the report is that of its record.
    """
    meta, run = record.meta, record.meta.get("run") or {}
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
        "thumbnail": thumbnail(picture),
        "made_from": made_from,
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

    Every patch has one vote, see `readings_of`; of the pieces of longer words, only those that
    begin one count.
    """
    readings = readings_of(record)
    votes: defaultdict[str, float] = defaultdict(float)
    marked = marks_spaces(record.token_text)
    for token_id in np.unique(readings.ids):
        token = record.token(int(token_id))
        word = token.strip(SPACES)
        if word.isalpha():
            begins = token != word or not word.isascii() or not marked
            weight = 1 if begins else 0.01
            votes[word.casefold()] += float(readings.probs[readings.ids == token_id].sum()) * weight
    return sorted(votes, key=votes.__getitem__, reverse=True)[:count]


def read_summary(path: Path) -> dict[str, Any] | None:
    """The summary of a report; None where the file is no complete report of this tool."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            file.seek(max(0, path.stat().st_size - 64))
            whole = file.read().rstrip().endswith(_END)
    except OSError:
        return None
    summary = json_in(head, "summary") if whole else None
    return summary if _is_summary(summary) else None


def is_report(path: Path) -> bool:
    """Whether a file begins like a report of this tool, complete or not."""
    try:
        with path.open("rb") as file:
            return json_in(file.read(_HEAD), "summary") is not None
    except OSError:
        return False


def json_in(head: bytes, name: str) -> Any:
    """What the beginning of a page holds as JSON by a name; None where there is no such thing."""
    _, begin, rest = head.partition(f'<script type="application/json" id="{name}">'.encode())
    text, end, _ = rest.partition(b"</script>")
    try:
        return json.loads(text) if begin and end else None
    except (ValueError, RecursionError):
        return None


def _is_summary(found: Any) -> bool:
    return isinstance(found, dict) and found.get("format") == FORMAT and found.keys() >= _KEYS


def _text(value: Any, length: int) -> str:
    text = str(value or "").encode("utf-8", "replace").decode()
    return text if len(text) <= length else text[: length - 1] + "…"
