"""Results as plain text for a person and as JSON for a machine.

>>> print(Table("Lens", [{"method": "bare products", "time": spread([4.0])}]).text())
"""

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows with the same keys in the same order; a value of None prints as a dash.

    Attributes:
        title: what was measured, on what.
        rows: column name → text, number, ``Spread`` or ``Bytes``.
        notes: what a reader must know to judge the numbers.
    """

    title: str
    rows: list[Row]
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The first column to the left, the others to the right."""
        columns: list[str] = list(dict.fromkeys(key for row in self.rows for key in row))
        lines = [columns] + [[_cell(row.get(column)) for column in columns] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        out = [self.title]
        for line in lines:
            first, *others = (
                text.ljust(width) if i == 0 else text.rjust(width)
                for i, (text, width) in enumerate(zip(line, widths, strict=True))
            )
            out.append("  " + "   ".join([first, *others]).rstrip())
        return "\n".join([*out, *(f"  {note}" for note in self.notes)])

    def as_json(self) -> dict[str, Any]:
        """The same, with plain numbers."""
        rows = [{key: _plain(value) for key, value in row.items()} for row in self.rows]
        return {"title": self.title, "rows": rows, "notes": self.notes}


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _plain(value: Any) -> Any:
    return value.as_json() if hasattr(value, "as_json") else value
