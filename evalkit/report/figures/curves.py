"""Operating curves become a section of a page: a few of them open, the rest folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.core.verdict import Estimate, Result
from evalkit.core.wording import count_text
from evalkit.report.figures.curve import Curve, curve_of, drawable
from evalkit.report.view import Row

MOST_OPEN, MOST_DRAWN = 6, 24
"""So many curves are open, and so many drawn at all: nobody reads those of 200 bounds."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Figures in order; ``under`` says what is drawn under their axes, ``rest`` what is not drawn."""

    open: tuple[Curve, ...]
    folded: tuple[Curve, ...]
    summary: str
    under: str
    rest: str


def curves_of(found: Sequence[Curve], *, under: str, elsewhere: str) -> Curves | None:
    """Return the section that shows curves, or nothing where there are none.

    Args:
        found: the curves, in order.
        under: what is drawn under their axes.
        elsewhere: what has the numbers of the curves that are too many to be drawn.
    """
    if not found:
        return None
    folded, left = tuple(found[MOST_OPEN:MOST_DRAWN]), len(found) - MOST_DRAWN
    rest = f"{count_text(left, 'further bound')} not drawn; {elsewhere}." if left > 0 else ""
    summary = f"{count_text(len(folded), 'more bound')}"
    return Curves(tuple(found[:MOST_OPEN]), folded, summary, under, rest)


def verdict_curves(rows: Sequence[Row]) -> Curves | None:
    """Return what a gate could see: undecided bounds first, then those nearest to their limit."""
    order = [Result.UNDECIDED, Result.HOLDS, Result.BROKEN, Result.UNMEASURED]
    found = sorted(
        (row for row in rows if drawable(row.bound.sees)),
        key=lambda row: order.index(row.bound.result),
    )
    return curves_of(
        [curve_of(row.bound, row.bound.sees, row.title, run=_run(row)) for row in found],
        under="the interval of this run lies under the axis",
        elsewhere="verdict.json has their numbers under sees",
    )


def _run(row: Row) -> tuple[Estimate, Result] | None:
    return None if row.judged is None else (row.judged, row.bound.result)
