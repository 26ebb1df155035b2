"""A page is filled in here: self-contained, with a policy that allows no network.

Its own style and script are all that may act on it: the policy knows them by their digests.
Prompts, answers and names are untrusted. Every value a template prints passes through ``_shown``
and the escaping of jinja2; only the page's own style and script are printed as they are.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evalkit.report.compiled import CompiledTemplates
from evalkit.report.text.safe import visible


def filled(template: str, page: object, *, rules: str = "", script: str = "") -> str:
    """Return a page, the same bytes for the same input.

    Args:
        template: the name of its template.
        page: what the template shows.
        rules: lines of style that this page needs beside the common ones; nothing untrusted.
        script: the file of the page's script, beside its template; nothing runs without one.
    """
    style = _own("report.css") + rules
    code = _own(script) if script else ""
    policy = ["default-src 'none'", f"style-src {_source(style)}"]
    policy += [f"script-src {_source(code)}"] if code else []
    policy += ["base-uri 'none'", "form-action 'none'"]
    found = templates().get_template(template)
    return found.render(
        page=page,
        policy=Markup("; ".join(policy)),  # noqa: S704 - these three are our own
        style=Markup(style),  # noqa: S704
        script=Markup(code),  # noqa: S704
    )


def _own(name: str) -> str:
    return files("evalkit.report").joinpath("templates", name).read_text("utf-8")


def _source(text: str) -> str:
    """Return what a policy calls a text in the page itself."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def templates() -> Environment:
    """Return the templates of all pages; each is compiled when it is first asked for, and kept."""
    return Environment(
        loader=PackageLoader("evalkit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        optimized=False,  # a template is rendered once
        bytecode_cache=CompiledTemplates(__file__),
    )


def _shown(value: object) -> object:
    """Return a value as text in which nothing hides; jinja2 escapes what comes out of here."""
    if isinstance(value, Markup):
        return value
    text = visible(str(value))
    # Half of a surrogate pair is no character: a file could not hold it.
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
