"""Where a fit stands, on disk: written whole, so that a kill at any moment leaves one to resume.

>>> checkpoint = Checkpoint(Path("lens.safetensors.part"), settings, seconds=60)
>>> state = checkpoint.load()            # None at the beginning
"""

import io
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from logit_lens import LensError
from logit_lens.files import remove_leftovers, write_atomically


class Checkpoint:
    """One fit's."""

    def __init__(self, path: Path, settings: str, seconds: float) -> None:
        """Keep it at ``path``.

        Args:
            path: the file.
            settings: what the fit depends on; a checkpoint of another is not gone on from.
            seconds: how often it is written at most.
        """
        self._path, self._settings, self._seconds = path, settings, seconds
        self._last = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Where the fit stood; None where it is new.

        Raises:
            LensError: the file is another fit's, or no checkpoint.
        """
        if not self._path.exists():
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                state = torch.load(self._path, map_location="cpu", weights_only=True)
            settings = state["settings"]
        except Exception as error:  # torch raises anything on foreign files
            raise LensError(f"{self._path} is no checkpoint of fit_lens.py; remove it") from error
        if settings != self._settings:
            raise LensError(
                f"{self._path} is of a fit with other settings, pictures or another model; remove "
                "it, or name another --output"
            )
        return dict(state)

    def save_when_due(self, state: Callable[[], dict[str, Any]]) -> None:
        """Write it, unless that was done a moment ago."""
        if time.monotonic() - self._last >= self._seconds:
            buffer = io.BytesIO()
            torch.save({"settings": self._settings} | state(), buffer)
            write_atomically(self._path, buffer.getvalue())
            self._last = time.monotonic()

    def remove(self) -> None:
        """The fit is done."""
        self._path.unlink(missing_ok=True)
        remove_leftovers(self._path.parent)
