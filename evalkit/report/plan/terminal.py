"""A plan as a person reads it in a terminal, at most 100 columns wide.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from evalkit.core.plan import Plan
from evalkit.core.plan_phrases import Prospect
from evalkit.report.figures.curve import curve_of, drawable
from evalkit.report.figures.curve_text import curve_lines
from evalkit.report.plan.view import PlanRow, PlanView, plan_view
from evalkit.report.text.columns import TITLE_COLUMNS, short
from evalkit.report.text.lines import (
    COLOURS,
    DIM,
    WIDEST,
    banner_lines,
    beside,
    heading,
    labelled,
    show,
    titled,
    width_of,
    wrapped,
)
from evalkit.report.text.safe import visible

BAR_COLUMNS = 10
CATCHES_COLUMNS = 27

MARKS = {
    Prospect.IMPOSSIBLE: "✗",
    Prospect.OUTSIDE: "✗",
    Prospect.UNKNOWN: "∅",
    Prospect.UNLIKELY: "!",
    Prospect.LIKELY: "✓",
}


def print_plan(plan: Plan, console: Console, *, report: str | None, curves: bool = False) -> None:
    """Print a plan.

    Args:
        plan: what to show.
        console: where to.
        report: where the page of the plan lies, if one was written.
        curves: whether to show what becomes of every true value of every bound.
    """
    show(_lines(plan_view(plan), width_of(console), report=report, curves=curves), console)


def _lines(view: PlanView, width: int, *, report: str | None, curves: bool) -> Iterator[Text]:
    plan = view.plan
    mark, colour = ("✓", "green") if view.ready else ("!", "yellow")
    yield Text()
    yield from banner_lines(mark, "PLAN", colour, plan.sentence, width)
    yield from wrapped(plan.lead, width)
    yield Text()
    yield from _table(view, width)
    yield from _changes(view, width)
    if curves:
        yield from _curves(view, width)
    yield Text()
    yield from labelled("Joint", view.joint, width)
    yield from labelled("Cost", view.cost, width)
    yield from labelled("Stops", view.stops, width)
    if report is not None:
        yield Text(f"{'Report':<8}{report}")
    for footnote in view.footnotes:
        yield from wrapped(footnote, width, style=DIM)


# ---------------------------------------------------------------- bounds


def _table(view: PlanView, width: int) -> Iterator[Text]:
    head = f"  {'bound':<{TITLE_COLUMNS}}{'n':>6}"
    head += f"{'least':>7}  passes if unchanged" if width >= 80 else "  passes"
    yield Text(f"{head}   would catch" if width >= WIDEST else head, DIM)
    for row in view.rows:
        yield from _row(row, width)


def _row(row: PlanRow, width: int) -> Iterator[Text]:
    colour = COLOURS[row.tone]
    line = titled(MARKS[row.prospect], colour, row.title)
    line.append(f"{row.n:>6}")
    if width >= 80:
        line.append(f"{row.least:>7}  ")
        line.append_text(_bar(row, colour))
        line.append(f"{row.chance if row.share is not None else '':>9}")
    else:
        line.append(f"{row.chance:>8}")
    if width < WIDEST:
        line.append(f" {row.note}" if row.note else "", DIM)
        yield line
        return
    caught = f"{short(row.catches)}{f' {row.note}' if row.note else ''}"
    indent = line.cell_len
    for text in wrapped(caught, CATCHES_COLUMNS):
        line.append(" " * (indent + 3 - line.cell_len))
        yield line.append_text(text)
        line = Text()


def _bar(row: PlanRow, colour: str) -> Text:
    if row.share is None:
        return Text(f"{row.chance:<{BAR_COLUMNS}}", DIM)
    # A bar is full only where the chance is: what is missing is seen.
    full = int(BAR_COLUMNS * row.share)
    return Text.assemble(("█" * full, colour), ("·" * (BAR_COLUMNS - full), DIM))


def _changes(view: PlanView, width: int) -> Iterator[Text]:
    rows = [row for row in view.rows if row.changes]
    if not rows:
        return
    yield Text()
    yield heading("What to change")
    for row in rows:
        why, *ways = row.changes
        texts = [why, *(f"{'or ' if place else ''}{way}" for place, way in enumerate(ways))]
        yield from beside(titled(MARKS[row.prospect], COLOURS[row.tone], row.title), texts, width)


# ---------------------------------------------------------------- curves


def _curves(view: PlanView, width: int) -> Iterator[Text]:
    """Yield what becomes of every true value, for the bounds of which that is known."""
    rows = [row for row in view.rows if drawable(row.bound.curve)]
    if rows:
        yield Text()
        yield heading("What this gate can see")
        yield Text("█ holds   ▒ undecided   · broken", DIM)
    for row in rows:
        curve = curve_of(row.bound, row.bound.curve, row.title, catches=row.bound.catches)
        yield Text()
        yield Text(f"{visible(row.title)}: {row.allowed}")
        yield from wrapped(curve.short, width)
        for line in curve_lines(curve, width):
            yield Text(line)
