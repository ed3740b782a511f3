"""How a fit goes, on stderr: a bar on a terminal, else a line at every look at what is held out.

>>> with Bar(rounds=250, hidden=False) as bar:
...     bar.show(25, 2.31, 2.47)
"""

import math
import sys
import time
from typing import Any

from tqdm import tqdm


class Bar:
    """Rounds, loss and time left."""

    def __init__(self, rounds: int, hidden: bool) -> None:
        """Prepare for so many rounds."""
        self._rounds = rounds
        self._lines = not hidden and not sys.stderr.isatty()
        self._bar: Any = tqdm(total=rounds, unit="round", disable=True if hidden else None)
        self._words: dict[str, str] = {}
        self._begun = (time.monotonic(), 0)
        self._first = True

    def __enter__(self) -> "Bar":
        """Nothing to show yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it as it stands."""
        self._bar.close()

    def show(self, rounds: int, loss: float, held_out: float | None) -> None:
        """So many rounds are made."""
        if self._first and rounds > 1:  # the others were made before a kill
            self._bar.initial = self._bar.n = rounds - 1
            self._begun = (time.monotonic(), rounds)
        self._first = False
        if math.isfinite(loss):
            self._words["KL"] = f"{loss:.3f}"
        if held_out is not None:
            self._words["held out"] = f"{held_out:.3f}"
            self._line(rounds)
        self._bar.set_postfix(self._words, refresh=False)
        self._bar.update()

    def _line(self, rounds: int) -> None:
        if not self._lines:
            return
        begun, before = self._begun
        each = (time.monotonic() - begun) / max(1, rounds - before)
        left = each * (self._rounds - rounds) / 60
        words = ", ".join(f"{name} {value}" for name, value in self._words.items())
        print(f"round {rounds} of {self._rounds}: {words}, {left:.1f} min left", file=sys.stderr)
