"""A report → the record that it shows, as far as the page holds it.

For reports that do not carry what is asked of them now. Numbers come back as the page has them,
rounded to 3 significant digits; tracked tokens and the experiments stay behind.

>>> unpacked(Path("outputs/demo.html")).top_ids.shape
(9, 75, 10)
"""

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .. import LensError
from ..record import LensRecord
from .blocks import decimal_values
from .summary import json_in

_BLOCK = re.compile(
    rb'<script type="application/octet-stream" data-name="(\w+)" data-type="(\w+)">'
    rb"([A-Za-z0-9+/=]*)</script>"
)
_PICTURE = re.compile(rb'<img id="picture"[^>]*src="data:image/\w+;base64,([A-Za-z0-9+/=]*)"')
_MOST = 2_000_000_000  # bytes that a block may unpack to


def unpacked(path: Path) -> LensRecord:
    """Read a report.

    Raises:
        LensError: it is no report, or its data is damaged.
    """
    try:
        data = path.read_bytes()
        blocks = {m[1].decode(): _array(m[2].decode(), m[3]) for m in _BLOCK.finditer(data)}
        return _record(json_in(data, "info"), blocks, _picture(data))
    except OSError as error:
        raise LensError(f"cannot read {path.name}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, IndexError, zlib.error) as error:
        raise LensError("its data is damaged") from error


def _record(info: dict[str, Any], blocks: dict[str, Any], image: np.ndarray) -> LensRecord:
    cells = len(info["layers"]), info["positions"]  # (layer, position)
    ids = blocks["token_id"]
    order = np.argsort(ids)  # the page's table begins with the most frequent
    nowhere = np.full(cells, np.nan, np.float32)

    def numbers(name: str) -> np.ndarray:
        if name not in blocks:
            return nowhere
        return decimal_values(blocks[name]).astype(np.float32).reshape(cells)

    return LensRecord(
        meta=info["meta"],
        layers=np.array(info["layers"], np.int32),
        input_ids=ids[blocks["input"]].astype(np.int64),
        position_kind=blocks["kind"],
        top_ids=ids[blocks["top"]].reshape(*cells, info["ranks"]),
        top_probs=decimal_values(blocks["prob"]).astype(np.float32).reshape(*cells, -1),
        entropy=numbers("entropy"),
        kl=numbers("kl"),
        patch_boxes=blocks["box"].reshape(-1, 4),
        patch_view=blocks["patch_view"],
        tracked_ids=np.zeros(0, np.int32),
        tracked_probs=np.zeros((*cells, 0), np.float32),
        tracked_ranks=np.zeros((*cells, 0), np.int32),
        token_ids=ids[order],
        token_text=np.array(blocks["token_text"], dtype=str)[order],
        image=image,
    )


def _array(kind: str, text: bytes) -> Any:
    """A block, see `array_block`."""
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(base64.b64decode(text), _MOST)
    if not unpacker.eof:
        raise ValueError("a block ends early")
    if kind == "json":
        return json.loads(data)
    dtype = np.dtype(kind).newbyteorder("<")
    planes = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1)
    return np.ascontiguousarray(planes.T).view(dtype).ravel().astype(kind)


def _picture(data: bytes) -> np.ndarray:
    found = _PICTURE.search(data)
    return np.frombuffer(base64.b64decode(found[1]) if found else b"", np.uint8)
