"""Tiny random twins of vision-language models: real classes, hub-like settings, no hub.

``FAMILIES`` names them, ``build`` makes one, ``save`` puts it into a folder that loads like any
checkpoint, ``wiring`` finds out by painting which piece of an image reaches which position.
"""

from .catalog import FAMILIES
from .twin import Family, Twin, build, save

__all__ = ["FAMILIES", "Family", "Twin", "build", "save"]
