"""An image's bytes are had once, for its hash and for its pixels."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from logit_lens import LensError
from logit_lens.command import source as source_module
from logit_lens.command.source import Source, load


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "dog.png")
    return tmp_path / "dog.png"


def opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """How often a file is opened from now on, as a list that fills."""
    times: list[Path] = []
    own = Path.open

    def noting(self: Path, *args: Any, **options: Any) -> Any:
        if self == path:
            times.append(self)
        return own(self, *args, **options)

    monkeypatch.setattr(Path, "open", noting)
    return times


@pytest.mark.parametrize(("held", "times"), [(2**20, 1), (10, 2)])
def test_a_file_is_read_once_unless_it_is_too_large_to_be_held(
    picture: Path, monkeypatch: pytest.MonkeyPatch, held: int, times: int
) -> None:
    monkeypatch.setattr(source_module, "_HELD_BYTES", held)
    expected = np.asarray(Image.open(picture))
    seen = opened(picture, monkeypatch)
    content = load(Source(str(picture)), quiet=True)
    assert content.picture().name == "dog.png"
    assert len(seen) == times
    assert np.array_equal(np.asarray(content.picture().image), expected)
    assert content.digest == hashlib.sha256(picture.read_bytes()).hexdigest()


def test_what_cannot_be_read_is_said_where_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no image")
    for name, reason in (("none.png", "no such file"), ("text.png", "not an image")):
        content = load(Source(str(tmp_path / name)), quiet=True)
        assert bool(content.digest) == (name == "text.png")
        with pytest.raises(LensError, match=f"cannot read .*{name}: .*{reason}"):
            content.picture()
