r"""An image from an address: over http(s), within limits of time, size and kind, in memory only.

What is shown of an address is ``address.py``'s. Does not know where its progress is shown.

>>> fetch_image("https://example.org/dog.jpg")[:4]
b'\xff\xd8\xff\xe0'
"""

import base64
import http.client
import re
import socket
import ssl
import time
import urllib.error
import urllib.request as web
from collections.abc import Callable
from urllib.parse import quote, unquote, urljoin, urlsplit

from . import LensError, __version__
from .address import is_address, name_of, shown_address
from .images import Picture, decode_picture, kind_of

MAX_BYTES = 100_000_000
_TIMEOUT = 20.0  # seconds without a byte
_PATIENCE = 30.0  # seconds more than a line of _SLOWEST would need
_SLOWEST = 10_000  # bytes a second
_REDIRECTS = 10
_HEAD = 64  # bytes that say what kind of image it is
_PIECE = 2**16
_KEPT = "/%:@!$&'()*+,;=~?"  # what stands for itself in an address, and escapes that are there
_NO_PICTURES = {
    "",
    "EPS",
    "WMF",
    "MPEG",
    "BUFR",
    "GRIB",
    "HDF5",
}  # Pillow knows them, and needs help
_HEADERS = {"User-Agent": f"logit-lens/{__version__}", "Accept": "image/*, */*;q=0.1"}
Progress = Callable[[int, int], object]


def fetch_image(address: str, on_progress: Progress | None = None) -> bytes:
    """Fetch an image file.

    Args:
        address: http or https; ``user:password@`` in it is sent as a login.
        on_progress: called with the bytes that are here, and of how many (0 where nobody says).

    Raises:
        LensError: one line that says why it could not be had.
    """
    try:
        return _follow(address, on_progress)
    except LensError as error:
        raise LensError(f"cannot read {shown_address(address)}: {error}") from error


def fetch_picture(address: str) -> Picture:
    """Fetch an image and decode it.

    Raises:
        LensError: it cannot be had, or is not an image.
    """
    return picture_of(address, fetch_image(address))


def picture_of(address: str, data: bytes) -> Picture:
    """The picture that was fetched from an address.

    Raises:
        LensError: it is damaged, or too large.
    """
    shown = shown_address(address)
    try:
        return decode_picture(data, name_of(address), shown)
    except LensError as error:
        raise LensError(f"cannot read {shown}: {error}") from error


def _follow(address: str, on_progress: Progress | None) -> bytes:
    for _ in range(_REDIRECTS):
        try:
            with _opener().open(_request(address), timeout=_TIMEOUT) as response:
                return _body(response, on_progress)
        except urllib.error.HTTPError as error:
            with error:
                target = error.headers.get("Location")
            if error.code not in (301, 302, 303, 307, 308) or not target:
                raise LensError(_status(error.code)) from error
            address = urljoin(address, target)
            if not is_address(address):
                text = f"it redirects to {shown_address(address)[:80]}, which is no web address"
                raise LensError(text) from error
        except (OSError, http.client.HTTPException) as error:
            raise LensError(_reason(error, urlsplit(address).hostname or "")) from error
    raise LensError("it redirects without end")


def _opener() -> web.OpenerDirector:
    """What speaks http(s), through a proxy where the environment names one, and nothing else."""
    opener = web.OpenerDirector()
    for handler in (web.ProxyHandler, web.HTTPHandler, web.HTTPSHandler):
        opener.add_handler(handler())
    opener.add_handler(web.HTTPErrorProcessor())
    opener.add_handler(web.HTTPDefaultErrorHandler())
    return opener


def _request(address: str) -> web.Request:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError as error:
        raise LensError(f"it is not an address ({error})") from error
    if not host or re.search(r"[^\w.:-]", host):
        raise LensError("it is not an address (it names no server)")
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    path, query = (quote(part, safe=_KEPT, errors="surrogateescape") for part in parts[2:4])
    url = f"{parts.scheme}://{place}{path or '/'}" + (f"?{query}" if query else "")
    request = web.Request(url, headers=_HEADERS)
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        request.add_header("Authorization", f"Basic {base64.b64encode(login).decode()}")
    return request


def _body(response: http.client.HTTPResponse, on_progress: Progress | None) -> bytes:
    of, begin, data = response.length or 0, time.monotonic(), bytearray()
    _refuse_large(of)
    known = False
    while piece := response.read1(_PIECE):
        data += piece
        _refuse_large(len(data))
        if not known and len(data) >= _HEAD:
            known = _refuse_other_kinds(data, response)
        if time.monotonic() - begin > _PATIENCE + len(data) / _SLOWEST:
            raise LensError("the server is too slow; download it first, then name the file")
        if on_progress:
            on_progress(len(data), of)
    if len(data) < of:
        raise LensError(f"the connection broke after {len(data):,} of {of:,} bytes; try again")
    if not data:
        raise LensError("the server sent nothing")
    _refuse_other_kinds(data, response)
    return bytes(data)


def _refuse_large(size: int) -> None:
    if size > MAX_BYTES:
        raise LensError(f"it has more than {MAX_BYTES / 1e6:.0f} MB; make it smaller")


def _refuse_other_kinds(data: bytearray, response: http.client.HTTPResponse) -> bool:
    """Look at the first bytes, not at what the server says of them; True where they are fine."""
    if kind_of(bytes(data[:_HEAD])) in _NO_PICTURES:
        said = response.headers.get_content_type()
        raise LensError(f"what the server sends is not an image ({said[:60]})")
    return True


def _status(code: int) -> str:
    words = http.client.responses.get(code, "")  # the server's own could be anything
    login = "; if it needs a login, download it first" if code in (401, 403) else ""
    return f"the server says {code} {words}".rstrip() + login


def _reason(error: Exception, host: str) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, socket.gaierror):
        return f"{host} cannot be found: no network, or no such server; name a file instead"
    if isinstance(cause, TimeoutError):
        return f"{host} did not answer for {_TIMEOUT:.0f} seconds; try again, or name a file"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate of {host} is not valid ({cause.verify_message})"
    if isinstance(cause, http.client.IncompleteRead | ConnectionResetError):
        return "the connection broke; try again"
    words = getattr(cause, "strerror", None) or str(cause).splitlines()[:1] or type(cause).__name__
    return f"{host} cannot be reached ({words[0] if isinstance(words, list) else words})"
