"""A record that carries another: a comparison in one file, which can be shown again.

The first record's optional arrays hold all of the second one (``other_…``) and what only the two
live models knew (``diff_kl``, ``diff_variation``). Whoever does not know these keys reads the first
record. Does not know how anything was computed.

>>> carried(load_record(Path("run.npz"))).cells.exact
True
"""

from dataclasses import replace
from typing import Any

from .. import LensError
from ..contract import CONTRACT
from ..images import embedded_size
from ..record import LensRecord
from .difference import Comparison, Exact, compare

_OTHER = "other_"


def carry(a: LensRecord, b: LensRecord, exact: Exact) -> LensRecord:
    """The first record, with the second one and the exact distances in it."""
    arrays = {_OTHER + name: getattr(b, name) for name in CONTRACT}
    distances = {"diff_kl": exact.kl, "diff_variation": exact.variation}
    return replace(a, meta=a.meta | {"other": b.meta}, extra={**a.extra, **arrays, **distances})


def carries_another(record: LensRecord) -> bool:
    """Whether a record is a comparison."""
    return _OTHER + "layers" in record.extra


def carried(record: LensRecord) -> Comparison:
    """The comparison that a record holds.

    Raises:
        LensError: a part of the second record is missing or malformed.
    """
    names = [*(_OTHER + name for name in CONTRACT), "diff_kl", "diff_variation"]
    missing = [name for name in names if name not in record.extra]
    other = record.meta.get("other")
    if missing or not isinstance(other, dict):
        raise LensError(f"the record that it was compared with lacks {[*missing, 'meta'][0]}")
    try:
        arrays: dict[str, Any] = {name: record.extra[_OTHER + name] for name in CONTRACT}
        if len(arrays["image"]):
            embedded_size(arrays["image"].tobytes())
        b = LensRecord(meta=other, **arrays)
    except LensError as error:
        raise LensError(f"the record that it was compared with is malformed: {error}") from error
    own = {name: array for name, array in record.extra.items() if name not in names}
    meta = {key: value for key, value in record.meta.items() if key != "other"}
    a = replace(record, meta=meta, extra=own)
    exact = Exact(record.extra["diff_kl"], record.extra["diff_variation"])
    return compare(a, b, exact)
