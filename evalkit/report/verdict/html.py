"""The verdict as one self-contained page: no network, and no script but its own small one."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.core.run import Manifest
from evalkit.report.template import filled
from evalkit.report.verdict.page import page_of
from evalkit.report.view import CaseText, View


def render_html(view: View, texts: Mapping[str, CaseText], manifest: Manifest) -> str:
    """Return the HTML report of a verdict, the same bytes for the same input.

    Args:
        view: what to show.
        texts: what was asked and answered, by case: those of ``cases_to_show(view)``; a case
            without is shown by name.
        manifest: where the verdict came from.
    """
    page = page_of(view, texts, manifest)
    return filled("page.html", page, rules=_filters(page.filters), script="report.js")


def _filters(count: int) -> str:
    """Return the style that filters flips by so many kinds, without a script."""
    return "".join(
        f"#flips:has(#kind-{place}:checked) .group:not(.kind-{place}) {{ display: none; }}\n"
        for place in range(1, count)
    )
