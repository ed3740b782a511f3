"""Two compared records → one HTML file: A, B and their difference, side by side.

Its own template and script, so that reports of one record carry nothing of it. The payload holds
both records as a report would, and what only the comparison knows; ``templates/README.md``
describes it. Does not know torch.

>>> write_comparison(compare(a, b), Path("outputs/a_against_b.html"))
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..comparing.carried import carried, carries_another
from ..comparing.difference import Comparison
from ..files import write_atomically
from ..record import LensRecord
from .blocks import array_block, decimal_codes, three_digits
from .inline import page_code, template
from .pictures import opened
from .report import LOADER, build_payload, picture_uri, printable, report_bytes
from .statistics import count
from .summary import question_of, summarise

FORMAT = "logit-lens-comparison/1"
COMPARISON_SCRIPT = "js/compare.js"
COMPARISON_STYLES = (
    *("theme.css", "report.css"),
    *(f"css/{panel}.css" for panel in ("tooltip", "dialogs", "comparison")),
)


def page_bytes(record: LensRecord, made_from: str = "") -> bytes:
    """The page of a record: its report or, where it carries another record, what differs.

    Args:
        record: what to show.
        made_from: what tells a later run that the page is that of its record.

    Raises:
        LensError: what it carries is malformed.
    """
    if carries_another(record):
        return comparison_bytes(carried(record), made_from)
    return report_bytes(record, made_from)


def write_comparison(comparison: Comparison, path: Path) -> None:
    """Render a comparison and put it in place, whole or not at all.

    Raises:
        LensError: the file cannot be written.
    """
    write_atomically(path, comparison_bytes(comparison))


def comparison_bytes(comparison: Comparison, made_from: str = "") -> bytes:
    """The page as a file's bytes."""
    return render_comparison(comparison, made_from).encode("utf-8", "replace")


def render_comparison(comparison: Comparison, made_from: str = "") -> str:
    """The page as one HTML document."""
    info, blocks = build_comparison(comparison)
    picture = opened(comparison.a.image)
    return template("comparison.html.j2").render(
        sides=[_side(name, record) for name, record in _sides(comparison)],
        one_picture=np.array_equal(comparison.a.image, comparison.b.image),
        info=info,
        summary=summarise(comparison.a, picture, made_from),  # to an index it is A's
        statistics=count(comparison.a, picture),
        blocks=blocks,
        failed=[
            name
            for name, record in _sides(comparison)
            if record.meta["check"].get("passed") is False
        ],
        **page_code(COMPARISON_STYLES, LOADER, COMPARISON_SCRIPT),
    )


def build_comparison(comparison: Comparison) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """What the page needs to know: both records' payloads, and the pairs of cells."""
    alignment, cells = comparison.alignment, comparison.cells
    infos, blocks = {}, []
    for name, record in _sides(comparison):
        infos[name], own = build_payload(replace(record, extra={}))
        blocks += [one | {"name": f"{name}_{one['name']}"} for one in own]
    rows = alignment.rows(len(comparison.a.input_ids), len(comparison.b.input_ids))
    info = {
        "format": FORMAT,
        **infos,
        "layers": alignment.layers.tolist(),
        "notes": list(alignment.notes),
        "exact": cells.exact,
        "tracked": cells.tracked_ids.tolist(),
        "pairs": len(alignment.positions),
    }
    blocks += [
        array_block("rows", "int32", rows),
        array_block("flip", "uint8", cells.flip),
        array_block("shared", "uint16", decimal_codes(cells.shared)),
        array_block("variation", "uint16", decimal_codes(cells.variation)),
        array_block("parting", "int32", comparison.parting()),
    ]
    if cells.kl is not None:
        blocks.append(array_block("divergence", "uint16", decimal_codes(cells.kl)))
    if not np.isnan(cells.entropy).all():
        blocks.append(array_block("entropy_change", "float32", three_digits(cells.entropy)))
    if len(cells.tracked_ids):
        blocks.append(array_block("prob_change", "float32", three_digits(cells.probs)))
        blocks.append(array_block("rank_change", "int32", cells.ranks))
    return info, blocks


def _sides(comparison: Comparison) -> list[tuple[str, LensRecord]]:
    return [("a", comparison.a), ("b", comparison.b)]


def _side(name: str, record: LensRecord) -> dict[str, Any]:
    """What the page says of one record without a script."""
    return {
        "letter": name.upper(),
        "meta": printable(record.meta),
        "question": printable(question_of(record.meta)),
        "picture": picture_uri(record.image),
    }
