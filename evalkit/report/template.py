"""A page is filled in here: self-contained, with a policy that allows no network and no script.

Prompts, answers and names are untrusted. Every value a template prints passes through ``_shown``
and the escaping of jinja2; only the page's own style is printed as it is.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evalkit.report.safe import visible


def filled(template: str, page: object, *, rules: str = "") -> str:
    """Return a page, the same bytes for the same input.

    Args:
        template: the name of its template.
        page: what the template shows.
        rules: lines of style that this page needs beside the common ones; nothing untrusted.
    """
    style = files("evalkit.report").joinpath("templates", "report.css").read_text("utf-8") + rules
    digest = b64encode(sha256(style.encode()).digest()).decode()
    found = _environment().get_template(template)
    return found.render(page=page, style=Markup(style), digest=digest)  # noqa: S704 - our own


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("evalkit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        optimized=False,  # a template is compiled once and rendered once
    )


def _shown(value: object) -> object:
    """Return a value as text in which nothing hides; jinja2 escapes what comes out of here."""
    if isinstance(value, Markup):
        return value
    text = visible(str(value))
    # Half of a surrogate pair is no character: a file could not hold it.
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
