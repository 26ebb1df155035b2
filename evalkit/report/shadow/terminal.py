"""The verdict on production logs as a person reads it in a terminal, at most 100 columns wide.

All meaning is in symbols and words: without colour the text is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from evalkit.core.shadow import Course, Shadow
from evalkit.core.verdict import Estimate, Outcome
from evalkit.core.wording import count_text
from evalkit.report.shadow.words import (
    FindingRow,
    day_text,
    figure_title,
    finding_row,
    search_sentence,
    traffic_sentences,
    trend_text,
    window_text,
    worst_text,
)
from evalkit.report.text.columns import TITLE_COLUMNS, fitted, short
from evalkit.report.text.lines import (
    DIM,
    WIDEST,
    banner_lines,
    heading,
    show,
    width_of,
    wrapped,
)
from evalkit.report.text.safe import visible
from evalkit.report.verdict.terminal import BANNERS, BLOCKS, drift_lines, plot_lines, ways_out
from evalkit.report.view import CaseText, View

MOST_DAYS = 3
"""So many days stand side by side, the newest of them; the report has all."""
DAY_COLUMNS = 22
MOST_FINDINGS = 6
TICKS = "▁▂▃▄▅▆▇█"
MOST_TICKS = 48
NARROW_INDENT = 4
BY_HOUR = "  candidate by hour"


def print_shadow(
    shadow: Shadow,
    view: View,
    console: Console,
    *,
    report: str,
    texts: Mapping[str, CaseText],
) -> None:
    """Print what logs say.

    Args:
        shadow: what they say.
        view: the verdict, as reports show it.
        console: where to.
        report: where the HTML report lies.
        texts: the answers that words are quoted from.
    """
    show(_lines(shadow, view, width_of(console), report=report, texts=texts), console)


def _lines(
    shadow: Shadow, view: View, width: int, *, report: str, texts: Mapping[str, CaseText]
) -> Iterator[Text]:
    verdict = shadow.verdict
    mark, colour = BANNERS[verdict.outcome]
    yield Text()
    yield from banner_lines(mark, view.word, colour, verdict.sentence, width)
    yield from wrapped(verdict.lead, width)
    yield Text()
    yield from plot_lines(view, width)
    yield from ways_out(view, width)
    yield from _courses(shadow, view, width)
    yield from _slices(shadow, width)
    yield from drift_lines(view, width, texts)
    yield from _sampled(shadow, width)
    yield Text()
    if verdict.outcome is Outcome.INCONCLUSIVE and verdict.exit_code:
        yield from wrapped(BLOCKS, width)
    for note in verdict.facts.notes:
        yield from wrapped(f"Note: {visible(note)}", width)
    for sentence in traffic_sentences(shadow):
        yield from wrapped(sentence, width, style=DIM)
    yield Text(f"Report  {report}")
    yield Text(f"exit {int(verdict.exit_code)}", DIM)


# ---------------------------------------------------------------- over time


def _courses(shadow: Shadow, view: View, width: int) -> Iterator[Text]:
    courses = [course for course in shadow.courses if course.days]
    if not courses:
        return
    days = [window.start for window in courses[0].days][-_room(width) :]
    hidden = len(courses[0].days) - len(days)
    yield Text()
    earlier = f" (the newest {len(days)} of {len(courses[0].days)} days)" if hidden else ""
    yield heading(f"By day, baseline → candidate{earlier}")
    head = "  " + " " * TITLE_COLUMNS + "".join(f"{day_text(day):<{DAY_COLUMNS}}" for day in days)
    yield Text(head.rstrip(), DIM)
    for course in courses:
        yield _by_day(course, days)
    first = view.rows[0].bound.metric if view.rows else ""
    shown = next((each for each in courses if each.figure.metric == first), courses[0])
    yield from _told(courses, shown, width)


def _room(width: int) -> int:
    return max(1, min(MOST_DAYS, (width - TITLE_COLUMNS - 2) // DAY_COLUMNS))


def _by_day(course: Course, days: Sequence[int]) -> Text:
    found = {window.start: window for window in course.days}
    line = f"  {fitted(visible(figure_title(course.figure)), TITLE_COLUMNS - 1):<{TITLE_COLUMNS}}"
    for day in days:
        text = short(window_text(course.figure, found[day])) if day in found else "–"
        line += f"{text:<{DAY_COLUMNS}}"
    return Text(line.rstrip())


def _told(courses: Sequence[Course], shown: Course, width: int) -> Iterator[Text]:
    """Yield trends and worst hours that are told, and count those that are not."""
    lines = []
    for course in courses:
        title = visible(figure_title(course.figure))
        if course.trend is not None and course.trend.told:
            lines.append(f"{title}: {trend_text(course)}")
        if course.worst is not None and course.worst.told:
            lines.append(f"{title}, worst hour: {worst_text(course)}")
    still = sum(course.trend is not None and not course.trend.told for course in courses)
    calm = sum(course.worst is not None and not course.worst.told for course in courses)
    rest = []
    if still:
        rest.append(f"no drift over time is shown of {count_text(still, 'figure')}")
    if calm:
        rest.append(f"no hour stands out beyond chance in {calm:,}")
    if rest:
        lines.append(f"{'; '.join(rest)}.".capitalize())
    yield Text()
    yield from _by_hour(shown, width)
    for line in lines:
        yield from (Text(f"  {part.plain}") for part in wrapped(line, width - 2))


def _by_hour(course: Course, width: int) -> Iterator[Text]:
    """Yield the candidate by hour as a line of bars; an hour without a value is a dot."""
    room = min(MOST_TICKS, width - TITLE_COLUMNS - 2 - len(BY_HOUR))
    hours = course.hours[-max(1, room) :]
    values = [w.candidate.value if isinstance(w.candidate, Estimate) else None for w in hours]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return
    low, high = min(known), max(known)
    whole = high - low or 1.0
    bars = "".join(
        "·" if value is None else TICKS[round((value - low) / whole * (len(TICKS) - 1))]
        for value in values
    )
    title = visible(figure_title(course.figure))
    yield Text(f"  {fitted(title, TITLE_COLUMNS - 1):<{TITLE_COLUMNS}}{bars}{BY_HOUR}")


# ---------------------------------------------------------------- slices


def _slices(shadow: Shadow, width: int) -> Iterator[Text]:
    search = shadow.slices
    if not search.looked_at:
        return
    yield Text()
    yield heading("Where the arms differ most")
    told = [finding_row(item) for item in search.findings if item.told]
    for row in told[:MOST_FINDINGS]:
        yield from _finding(row, width)
    if len(told) > MOST_FINDINGS:
        yield Text(f"  and {len(told) - MOST_FINDINGS:,} more in the report")
    for part in wrapped(search_sentence(search), width - 2):
        yield Text(f"  {part.plain}")


def _finding(row: FindingRow, width: int) -> Iterator[Text]:
    """Yield a slice beside its numbers, or above them where its name is long or the terminal narrow."""
    what = visible(f"{row.metric}, {row.where}")
    indent = TITLE_COLUMNS + 2 if width >= WIDEST else NARROW_INDENT
    if len(what) >= TITLE_COLUMNS or width < WIDEST:
        yield Text(f"  {fitted(what, width - 2)}")
        what = ""
    detail = f"{row.n} requests an arm{f', {row.users}' if row.users else ''}"
    if row.elsewhere:
        detail += f"; on all others {row.elsewhere}"
    numbers = f"{row.levels:<16} {row.change}"
    for style, text in (("", numbers), (DIM, detail)):
        for part in wrapped(text, max(20, width - indent)):
            line = f"  {what:<{TITLE_COLUMNS}}" if what else " " * indent
            yield Text(line + part.plain, style)
            what = ""


def _sampled(shadow: Shadow, width: int) -> Iterator[Text]:
    sampled = shadow.sampled
    if sampled is None:
        return
    yield Text()
    yield heading("Cases to label")
    parts = ", ".join(f"{item.taken:,} of {item.size:,} {item.name}" for item in sampled.strata)
    left = []
    if sampled.alike:
        left.append(f"{sampled.alike:,} asked what another one asks")
    if sampled.without_input:
        left.append(f"{sampled.without_input:,} had no input")
    rest = f" Left out: {' and '.join(left)}." if left else ""
    text = f"{count_text(sampled.cases, 'case')} in {sampled.path}: {parts}.{rest}"
    for part in wrapped(text, width - 2):
        yield Text(f"  {part.plain}")
