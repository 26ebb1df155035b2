"""The verdict as one self-contained page: no network, no script, and a policy that allows neither.

Prompts, answers and names are untrusted. Every value a template prints passes through ``_shown``
and the escaping of jinja2; only the page's own style is printed as it is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evalkit.core.run import Manifest
from evalkit.report.page import page_of
from evalkit.report.safe import visible
from evalkit.report.view import CaseText, View


def render_html(view: View, texts: Mapping[str, CaseText], manifest: Manifest) -> str:
    """Return the HTML report of a verdict, the same bytes for the same input.

    Args:
        view: what to show.
        texts: what was asked and answered, by case: those of ``cases_to_show(view,
            most=MOST_TEXTS)``; a case without is shown by name.
        manifest: where the verdict came from.
    """
    page = page_of(view, texts, manifest)
    style = _style(page.filters)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    template = _environment().get_template("page.html")
    return template.render(page=page, style=Markup(style), digest=digest)  # noqa: S704 - our own


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


def _style(filters: int) -> str:
    """Return the style of a page that filters its flips by so many kinds, without a script."""
    style = files("evalkit.report").joinpath("templates", "report.css").read_text("utf-8")
    rules = [
        f"#flips:has(#kind-{place}:checked) .group:not(.kind-{place}) {{ display: none; }}\n"
        for place in range(1, filters)
    ]
    return style + "".join(rules)
