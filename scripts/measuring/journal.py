"""Rows on disk, one a line, as soon as each is measured: a run that is cut off goes on.

The first line says what is measured with what; rows of another setting are never mixed in. Knows
files and JSON; does not know what is in a row.

>>> journal = Journal(Path("rows.jsonl"), {"model": "demo"})
>>> journal.add({"key": "scene 1", "cases": []})
>>> sorted(Journal(Path("rows.jsonl"), {"model": "demo"}).rows)
['scene 1']
"""

import json
from pathlib import Path
from typing import Any

from logit_lens import LensError


class Journal:
    """The rows of one measurement.

    Attributes:
        rows: by key, in the order in which they were measured.
    """

    def __init__(self, path: Path, setting: dict[str, Any]) -> None:
        """Open a journal, or begin it.

        Raises:
            LensError: the file is of another setting, or no journal.
        """
        self._path = path
        self.rows: dict[str, dict[str, Any]] = {}
        lines = path.read_text(encoding="utf-8").splitlines(True) if path.exists() else []
        whole = [line for line in lines if line.endswith("\n")]  # a kill may cut the last one
        try:
            found = [json.loads(line) for line in whole]
            self.rows = {row["key"]: row for row in found[1:]}
        except (ValueError, KeyError, TypeError) as error:
            raise LensError(
                f"{path} holds no rows of measure.py; name another --work", 2
            ) from error
        if found and found[0] != setting:
            raise LensError(
                f"{path} holds rows of another run ({json.dumps(found[0])}); name another --work", 2
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = whole or [json.dumps(setting) + "\n"]
        path.write_text("".join(kept), encoding="utf-8")

    def add(self, row: dict[str, Any]) -> None:
        """Write a row."""
        self.rows[row["key"]] = row
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
