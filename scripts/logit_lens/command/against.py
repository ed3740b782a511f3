"""What ``--against`` names. Does not know how it is read.

>>> read_against("swap-prompt=Is there a dog?")
Against(kind='prompt', value='Is there a dog?')
"""

from dataclasses import dataclass

from .. import LensError
from ..edits import EDITS

_WITH_VALUE = {"swap-prompt": "prompt", "model": "model"}


@dataclass(frozen=True)
class Against:
    """What a reading is compared with.

    Attributes:
        kind: "blur" or "grey" (the picture, edited), "image", "prompt" or "model".
        value: the image, the question or the model; empty for an edit.
    """

    kind: str
    value: str = ""


def read_against(text: str) -> Against:
    """Read the flag's value.

    Raises:
        LensError: there is nothing behind its ``=``.
    """
    name, equals, value = text.partition("=")
    if equals and name in _WITH_VALUE:
        if not value.strip():
            raise LensError(f"--against {text} names nothing; say {name}=SOMETHING", exit_code=2)
        return Against(_WITH_VALUE[name], value)
    return Against(text) if text in EDITS else Against("image", text)
