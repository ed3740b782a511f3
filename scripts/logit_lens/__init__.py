"""Read a vision-language model's residual stream, patch by patch, layer by layer.

Six rooms, and arrows that run one way::

    command/   the command line: arguments, which images, what is finished      may use all others
    model/     a checkpoint, loaded: weights, processor, where its layers are   torch
    patches/   image position → box on the original image, per family
    reading/   picture and question → record: prompt, answer, residual stream, lens   torch
    comparing/ two records → which cells belong together, and how far apart they are
    page/      record → one self-contained HTML file

All stand on the modules that lie beside them: ``record.py`` (LensRecord, the result, and its .npz
form), ``tokens.py``, ``images.py``, ``files.py``, ``resources.py``. ``reading`` uses ``model``,
``patches`` and ``comparing``. All that ``page`` gets is a record, or two that were compared.

In Python, without the command line::

    from logit_lens import load_model, read_image, write_report

    model = load_model("llava-hf/llava-1.5-7b-hf")
    record = read_image(model, "dog.jpg", "What is on the grass?")
    record.top(layer=26, position=100)
    write_report(record, "dog.html")
"""

from typing import Any

__version__ = "1.1.0"


class LensError(Exception):
    """Something the user can mend. Its text is the one line that the command prints.

    Attributes:
        exit_code: 2 when an argument is at fault, 1 for everything else.
        for_all: whether every other image would fail in the same way.
    """

    def __init__(self, message: str, exit_code: int = 1, for_all: bool = False) -> None:
        """Say in one line what is wrong and what to do."""
        super().__init__(message)
        self.exit_code = exit_code
        self.for_all = for_all or exit_code == 2


_PUBLIC = ("load_model", "read_image", "write_report", "show_report", "load_record")
__all__ = ["LensError", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """The functions for notebooks, imported when first used: some of them import torch."""
    if name in _PUBLIC:
        from . import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
