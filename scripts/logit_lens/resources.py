"""Where the files that come with the program lie: in a checkout, or inside an installed package.

>>> TEMPLATES.joinpath("report.html.j2").exists()
True
"""

from pathlib import Path

_INSTALLED = Path(__file__).resolve().parent / "_data"  # a wheel keeps them there
ROOT = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).resolve().parents[2]

TEMPLATES = ROOT / "templates"
DEMO_MODEL = ROOT / "models" / "demo"
DEMO_LENS = DEMO_MODEL / "lens.safetensors"
DEMO_IMAGE = ROOT / "images" / "demo_scene.png"
