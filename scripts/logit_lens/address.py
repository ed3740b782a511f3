"""Addresses of images as text: which are fetched, which are files, and what of them may be shown.

Of an address neither ``user:password@`` nor what follows the ``?`` is shown or written: both may be
secrets, and a report is passed on. Does not know the network.

>>> shown_address("https://me:secret@example.org/dogs/rex.jpg?token=abc")
'https://example.org/dogs/rex.jpg?…'
"""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from . import LensError

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://|(file|data):", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/?#]*@")


def is_address(text: str) -> bool:
    """Whether it is to be fetched."""
    return scheme_of(text) in ("http", "https")


def scheme_of(text: str) -> str:
    """The part before ``://``, in small letters; empty for a path (a Windows drive is one)."""
    match = _SCHEME.match(text)
    return (match[1] or match[2]).lower() if match else ""


def path_of(address: str) -> str:
    """The path that a ``file:`` address means.

    Raises:
        LensError: it is a path on another machine.
    """
    parts = urlsplit(address)
    if parts.netloc not in ("", "localhost"):
        raise LensError(f"{address} is a file on another machine ({parts.netloc}); copy it here")
    return url2pathname(parts.path)


def identity_of(address: str) -> str:
    """The text that two addresses of the same image share, whoever asks for it."""
    return _USER.sub("", address).partition("#")[0]


def shown_address(address: str) -> str:
    """The address as a report and a message may show it."""
    place, question, _ = identity_of(address).partition("?")
    return _text(place) + ("?…" if question else "")


def name_of(address: str) -> str:
    """What its image is called: the last part of the path, else the server."""
    place = re.sub(r"^[^/]*//", "", identity_of(address).partition("?")[0])
    return _text(unquote(PurePosixPath(place).name)) or "image"


def _text(address: str) -> str:
    # arguments need not be UTF-8; records and pages must be, and a line is a line
    text = address.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "�" for letter in text)
