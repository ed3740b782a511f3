"""What every page of this program is made with: the templates, our own files inlined, the CSP.

Whatever is big travels deflated, as base64; ``templates/js/core/inflate.js`` unpacks it. So do the
scripts of a report: a small loader, which the CSP allows by its hash, unpacks them, and the CSP
allows what comes out by a hash of its own.

Does not know what a page says.

>>> template("report.html.j2").render(style=source("theme.css"), …)
"""

import base64
import functools
import hashlib
import re
import zlib
from collections.abc import Sequence
from typing import Any

import jinja2
from markupsafe import Markup

from ..resources import TEMPLATES
from .bundle import bundle


def template(name: str) -> jinja2.Template:
    """A template; what is filled in is escaped, and an undefined name is an error."""
    return _environment().get_template(name)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {
        "separators": (",", ":"),
        "allow_nan": False,
        "sort_keys": False,
    }
    return environment


@functools.cache
def source(*names: str) -> Markup:
    """Style sheets of ours, without comments, one after another: never parsed as a template."""
    texts = [(TEMPLATES / name).read_text(encoding="utf-8") for name in names]
    return Markup("\n" + re.sub(r"\s*/\*.*?\*/", "", "\n".join(texts), flags=re.DOTALL))


def script(name: str) -> Markup:
    """A module of ours and all that it imports, as one: never parsed as a template."""
    return Markup("\n" + bundle(TEMPLATES / name))


@functools.cache
def packed_script(name: str) -> tuple[str, str]:
    """As `script`, deflated; and the hash by which the policy allows it once it is unpacked."""
    code = f"{bundle(TEMPLATES / name)}//# sourceURL=logit-lens.js\n"
    return deflated(code.encode("utf-8"), 9), csp_hash(code)


def page_code(styles: Sequence[str], loader: str, packed: str) -> dict[str, Any]:
    """Styles and scripts of a page whose script travels deflated, as its template names them."""
    style, first = source(*styles), script(loader)
    code, code_hash = packed_script(packed)
    return {
        "style": style,
        "loader": first,
        "code": code,
        "style_hash": csp_hash(style),
        "script_hashes": [csp_hash(first), code_hash],
    }


def deflated(data: bytes, level: int = 6) -> str:
    """Data as a page carries it."""
    return base64.b64encode(zlib.compress(data, level)).decode("ascii")


def csp_hash(text: str) -> str:
    """The name by which a Content-Security-Policy allows one inlined script or style."""
    digest = hashlib.sha256(str(text).encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
