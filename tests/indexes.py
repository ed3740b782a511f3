"""What an index.html carries, unpacked apart from the code that packs it."""

import base64
import json
import re
import zlib
from typing import Any


def entries_of(page: str) -> list[dict[str, Any]]:
    """The rows of an index, in its order."""
    chunks = re.findall(r'class="entries">(.*?)</script>', page, re.DOTALL)
    unpacked = (json.loads(zlib.decompress(base64.b64decode(chunk))) for chunk in chunks)
    return [entry for chunk in unpacked for entry in chunk]
