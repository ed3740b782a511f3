"""What a run over images says while it works and when it ends, on stderr.

Does not know models or files. The bar needs a terminal; errors and the closing words do not.

>>> progress = Progress(total=20, quiet=False)
>>> progress.failed(item, "the file is empty")
error: a/broken.jpg: the file is empty
"""

import sys
from types import TracebackType
from typing import Any

from tqdm import tqdm

from ..page.index import Failure
from .batch import Item

_UNITS = {"lens": " cells", "ablate": " sets", "knockout": " passes"}


class StepBars:
    """A bar for every step of one reading, each made when its step begins."""

    def __init__(self, hidden: bool) -> None:
        """``hidden`` shows none; without a terminal there are none either."""
        self._hidden = True if hidden else None
        self._bars: dict[str, Any] = {}

    def __enter__(self) -> "StepBars":
        """Nothing to show yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bars as they stand."""
        for bar in self._bars.values():
            bar.close()

    def advance(self, step: str, done: int, of: int) -> None:
        """So much of a step was just finished, of so much in all."""
        if step not in self._bars:
            unit = _UNITS.get(step, "")
            self._bars[step] = tqdm(
                total=of, desc=step, unit=unit, unit_scale=True, disable=self._hidden
            )
        self._bars[step].update(done)


class Progress:
    """Counts images, and shows a bar with the image at work, the time left and the failures."""

    def __init__(self, total: int, quiet: bool, of: int | None = None, what: str = "image") -> None:
        """Prepare for ``total`` images (or ``what`` else), ``of`` so many that processes share.

        ``quiet`` leaves only the errors.
        """
        self.total, self.of, self.made, self.kept = total, of or total, 0, 0
        self.failures: list[Failure] = []
        self._quiet, self._what = quiet, what
        # one image needs no bar of images: its positions have their own
        hidden = True if quiet or total < 2 else None
        self._bar: Any = tqdm(total=total, unit=what, disable=hidden, dynamic_ncols=True)

    def __enter__(self) -> "Progress":
        """Start the clock."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar as it stands."""
        self._bar.close()

    def working_on(self, name: str) -> None:
        """Name the image whose turn it is."""
        self._bar.set_description_str(name[-30:], refresh=False)

    def finished(self, item: Item) -> None:
        """A report was written, or was there already."""
        self.made += not item.kept
        self.kept += item.kept
        self._bar.update()

    def failed(self, item: Item, reason: str) -> None:
        """An image has no report."""
        self.failures.append(Failure(item.job.name, reason))
        tqdm.write(f"error: {item.job.name}: {reason}", file=sys.stderr)
        self._bar.set_postfix_str(f"{len(self.failures)} failed", refresh=False)
        self._bar.update()

    def close_words(self, failures: list[Failure]) -> None:
        """Say what was done, and list what failed, in whichever process."""
        if self._quiet:
            return
        words = [f"{self.made:,} made"] * bool(self.made)
        words += [f"{self.kept:,} finished already"] * bool(self.kept)
        words += [f"{len(failures):,} failed"] * bool(failures)
        words = words or ["all of them belong to other processes"]
        reads = "reads" if self._what == "image" else "makes"
        hint = f"; nothing to do for the model (--overwrite {reads} them anew)" if self.kept else ""
        share = "" if self.total == self.of else f"{self.total:,} of "
        images = f"{self.of:,} {self._what}{'' if self.of == 1 else 's'}"
        print(f"{share}{images}: {', '.join(words)}{'' if self.made else hint}", file=sys.stderr)
        for failure in failures:
            print(f"  failed: {failure.name}: {failure.reason}", file=sys.stderr)
