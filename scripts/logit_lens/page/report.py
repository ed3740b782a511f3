"""LensRecord → payload → Jinja2 → one HTML file that needs no network.

Does not know torch, nor how the page draws: the payload that it writes is described in
``templates/README.md`` and read by ``templates/js/core/payload.js``.

>>> write_report(load_record(Path("outputs/demo.npz")), Path("outputs/demo.html"))
"""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..files import write_atomically
from ..record import ANSWER, LensRecord
from ..tokens import readable
from .blocks import array_block, block
from .inline import page_code, template
from .pictures import opened
from .readings import lens_names, reading_blocks
from .statistics import count
from .summary import question_of, summarise
from .word_blocks import word_blocks

FORMAT = "logit-lens-page/1"
LOADER, SCRIPT = "js/loader.js", "js/main.js"  # they import all others
PANELS = ("image", "grid", "tooltip", "find", "answer", "pinned", "maps", "lenses", "dialogs")
STYLES = (
    *("theme.css", "report.css"),
    *(f"css/{panel}.css" for panel in PANELS),
    "css/paper.css",  # last: it overrules all others
)


def write_report(record: LensRecord, path: Path, made_from: str = "") -> None:
    """Render a record and put it in place, whole or not at all.

    Args:
        record: what to show.
        path: where the report goes.
        made_from: what tells a later run that the report is that of its record.

    Raises:
        LensError: the file cannot be written.
    """
    write_atomically(path, report_bytes(record, made_from))


def report_bytes(record: LensRecord, made_from: str = "") -> bytes:
    """The report as a file's bytes."""
    # names of files may hold bytes that are no text
    return render_report(record, made_from).encode("utf-8", "replace")


def render_report(record: LensRecord, made_from: str = "") -> str:
    """The report as one HTML document."""
    info, blocks = build_payload(record)
    picture = opened(record.image)
    return template("report.html.j2").render(
        meta=printable(record.meta),
        info=info,
        summary=summarise(record, picture, made_from),  # this and the next are for an index
        statistics=count(record, picture),
        blocks=blocks,
        picture=picture_uri(record.image),
        question=printable(question_of(record.meta)),
        answer=_answer_texts(record),
        **page_code(STYLES, LOADER, SCRIPT),
    )


def build_payload(record: LensRecord) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """What the page needs to know: small things as JSON, big ones as deflated blocks.

    Token ids become indices into one table of distinct tokens, the most frequent first, so that
    most of them fit the low byte.
    """
    table, texts, index_of = _token_table(record)
    index_type = "uint16" if len(table) <= 0xFFFF else "uint32"
    names = lens_names(record)
    info = {
        "format": FORMAT,
        "meta": _finite(record.meta),
        "layers": record.layers.tolist(),
        "positions": len(record.input_ids),
        "ranks": record.top_ids.shape[2],
        "tokens": len(table),
        "tracked": index_of(record.tracked_ids).tolist(),
        **({"lenses": names} if len(names) > 1 else {}),
    }
    blocks = [
        block("token_text", "json", json.dumps(texts).encode()),
        array_block("token_id", "int32", table),
        array_block("input", index_type, index_of(record.input_ids)),
        array_block("kind", "uint8", record.position_kind),
        array_block("box", "float32", record.patch_boxes),
        array_block("patch_view", "int16", record.patch_view),
        *reading_blocks(record, index_of, index_type),
    ]
    return info, blocks + word_blocks(record, index_of)


def _token_table(record: LensRecord) -> tuple[np.ndarray, list[str], Any]:
    """Distinct token ids by falling frequency, their texts, and the map from ids to rows."""
    ids = record.token_ids
    read = [record.top_ids.ravel(), record.extra.get("lens_top_ids", np.zeros(0, int)).ravel()]
    counts = np.bincount(np.searchsorted(ids, np.concatenate(read)), minlength=len(ids))
    order = np.argsort(-counts, kind="stable")
    row_of = np.empty(len(ids), np.int64)
    row_of[order] = np.arange(len(ids))

    def index_of(some_ids: np.ndarray) -> np.ndarray:
        return row_of[np.searchsorted(ids, some_ids)]

    # a record may come from anywhere: marks that would turn the text around them are named
    return ids[order], [readable(str(text)) for text in record.token_text[order]], index_of


def _answer_texts(record: LensRecord) -> list[str]:
    return [record.token(i) for i in record.input_ids[record.position_kind == ANSWER]]


def picture_uri(image: np.ndarray) -> str:
    """The picture as an address that holds it; empty without one."""
    data = image.tobytes()
    if not data:
        return ""
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity; where meta holds one, it says null."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def printable(value: Any) -> Any:
    """HTML has no NUL; where text holds one, its picture stands for it."""
    if isinstance(value, Mapping):
        return {key: printable(item) for key, item in value.items()}
    return value.replace("\0", "␀") if isinstance(value, str) else value
