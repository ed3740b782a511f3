"""Small pictures, good and bad, for tests that run the command over folders.

>>> good_pictures(folder, 3)
[PosixPath('…/p0.png'), PosixPath('…/p1.png'), PosixPath('…/p2.png')]
"""

import random
from pathlib import Path

from PIL import Image


def good_pictures(folder: Path, count: int, seed: int = 0, prefix: str = "p") -> list[Path]:
    """Pictures of one square each, no two alike."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{prefix}{number}.png" for number in range(count)]
    for path in paths:
        save_picture(path, chance.randrange(2**24))
    return paths


def save_picture(path: Path, seed: int) -> None:
    """A square on a ground, both of random colours."""
    chance = random.Random(seed)

    def colour() -> tuple[int, int, int]:
        return chance.randrange(256), chance.randrange(256), chance.randrange(256)

    image = Image.new("RGB", (96, 80), colour())
    left, top = chance.randrange(60), chance.randrange(40)
    image.paste(colour(), (left, top, left + 30, top + 30))
    image.save(path)


def bad_pictures(folder: Path) -> None:
    """One that is cut off, one that is a text, one that is empty."""
    noise = random.Random(0).randbytes(200 * 200)
    Image.frombytes("L", (200, 200), noise).save(folder / "cut.jpg")
    whole = (folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.png").write_text("hello")
    (folder / "empty.png").touch()
