"""What logs say becomes words, the same in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from evalkit.core.envelope import Kind
from evalkit.core.model import Arm
from evalkit.core.run import Manifest
from evalkit.core.shadow import (
    Course,
    Figure,
    Finding,
    Joined,
    Shadow,
    SliceSearch,
    Window,
)
from evalkit.core.verdict import Estimate, Outcome, Unmeasured
from evalkit.core.wording import SPACE, count_text, difference_text, value_text
from evalkit.report.text.safe import one_line
from evalkit.report.view import View, view_of

ADVICE = {
    Outcome.PASS: "may go on to a canary",
    Outcome.FAIL: "do not roll out",
    Outcome.INCONCLUSIVE: "do not roll out yet",
    Outcome.UNMEASURED: "do not roll out yet",
}
MOST_WORD = 60


def shadow_view(shadow: Shadow, manifest: Manifest) -> View:
    """Return what reports show of the verdict on logs."""
    view = view_of(shadow.verdict, manifest)
    outcome, code = shadow.verdict.outcome, shadow.verdict.exit_code
    advice = view.advice if outcome is Outcome.INCONCLUSIVE and code == 0 else ADVICE[outcome]
    return replace(view, advice=advice, facts=facts_text(shadow))


def facts_text(shadow: Shadow) -> str:
    """Return how much was looked at, in one line."""
    traffic = shadow.traffic
    counts = [
        f"{count_text(arm.requests, f'{name} request')}" for name, arm in traffic.arms.items()
    ]
    joined = {
        Joined.PAIRED: f"{count_text(traffic.pairs, 'pair')} by request id",
        Joined.UNPAIRED: "not paired",
        Joined.ONE_ARM: "one arm only",
    }[traffic.joined]
    users = [count_text(traffic.users, "user")] if traffic.clustered else []
    return " · ".join([*counts, joined, *users, span_text(shadow)])


def span_text(shadow: Shadow) -> str:
    """Return from when to when the requests are."""
    first, last = shadow.traffic.first, shadow.traffic.last
    if first is None or last is None:
        return "no request says when it came"
    return f"{hour_text(first)} to {hour_text(last + 1)} UTC"


def traffic_sentences(shadow: Shadow) -> Iterator[str]:
    """Yield where the numbers come from, and everything that was left out."""
    traffic = shadow.traffic
    arms = traffic.arms
    labels = ", ".join(
        f"{arm.requests:,} of the {name}"
        + ("" if arm.label == name else f" (“{one_line(arm.label, most=MOST_WORD)}”)")
        for name, arm in arms.items()
    )
    yield f"Requests: {labels}; {span_text(shadow)}."
    match traffic.joined:
        case Joined.PAIRED:
            alone = " and ".join(f"{arm.unmatched:,} of the {name}" for name, arm in arms.items())
            yield (
                f"Paired by request id: {count_text(traffic.pairs, 'request')} in both arms; "
                f"{alone} without a partner."
            )
        case Joined.UNPAIRED:
            yield "Not paired: the arms are compared as two samples of different requests."
    if traffic.clustered:
        yield (
            f"Requests of one user count as belonging together: {count_text(traffic.users, 'user')}."
        )
    else:
        yield "No request says who asked: each counts as independent of the others."
    yield from _logged_again(shadow)
    clockless = sum(arm.clockless for arm in arms.values())
    if clockless:
        yield f"{count_text(clockless, 'request')} without a time: in no hour and in no day below."
    yield from _left_out(shadow)


def _logged_again(shadow: Shadow) -> Iterator[str]:
    """Yield what became of requests that share an id."""
    arms = shadow.traffic.arms.values()
    twice = sum(arm.duplicates for arm in arms)
    if twice:
        slices = ", but among slices" if shadow.slices.compared else ""
        yield (
            f"{count_text(twice, 'record')} logged again under an id that was there already: each "
            f"request counts once{slices}."
        )
    differing = sum(arm.differing for arm in arms)
    if differing:
        yield (
            f"Of {count_text(differing, 'request')} the copies differ: what they differ in counts as "
            "missing. If an id is not one request, --map id=FIELD says what is."
        )
    shared = sum(arm.shared for arm in arms)
    if shared:
        yield f"{count_text(shared, 'request')} in no pair: their ids are those of other users' requests as well."


def _left_out(shadow: Shadow) -> Iterator[str]:
    traffic = shadow.traffic
    if traffic.other_arms:
        named = ", ".join(
            f"{one_line(label, most=MOST_WORD)} ({count:,})"
            for label, count in list(traffic.other_arms.items())[:5]
        )
        total = sum(traffic.other_arms.values())
        yield f"{count_text(total, 'request')} of neither arm left out: {named}."
    if traffic.malformed:
        yield f"{count_text(traffic.malformed, 'malformed record')} passed over."


def hour_text(hour: int) -> str:
    """Return an hour in UTC.

    >>> hour_text(0)
    '1970-01-01 00:00'
    """
    return f"{datetime.fromtimestamp(3600 * hour, UTC):%Y-%m-%d %H:%M}"


def short_hour(hour: int) -> str:
    """Return an hour without its year.

    >>> short_hour(19)
    '1 Jan 19:00'
    """
    moment = datetime.fromtimestamp(3600 * hour, UTC)
    return f"{moment.day} {moment:%b %H:%M}"


def day_text(hour: int) -> str:
    """Return the day of an hour.

    >>> day_text(25)
    '2 Jan'
    """
    moment = datetime.fromtimestamp(3600 * hour, UTC)
    return f"{moment.day} {moment:%b}"


# ---------------------------------------------------------------- figures


def figure_title(figure: Figure) -> str:
    """Return what is followed over time: ``refusal``, ``latency_ms, p95``."""
    plain = figure.kind is Kind.RATE or (figure.kind is Kind.SCORE and figure.statistic == "mean")
    return figure.metric if plain else f"{figure.metric}, {figure.statistic}"


def arm_value(figure: Figure, found: Estimate | Unmeasured) -> str:
    """Return the value of one arm, or a dash."""
    return value_text(found.value, figure.kind, figure.unit) if isinstance(found, Estimate) else "–"


def change_text(figure: Figure, found: Estimate) -> str:
    """Return a difference with its interval, the unit once."""
    low, high = (difference_text(x, figure.kind, figure.unit) for x in (found.lower, found.upper))
    value = difference_text(found.value, figure.kind, figure.unit)
    return f"{value} [{from_to(low, high)}]"


def from_to(low: str, high: str) -> str:
    """Return both ends of an interval, a unit that they share once."""
    number, _, unit = low.rpartition(SPACE)
    shared = number and high.endswith(f"{SPACE}{unit}")
    return f"{number if shared else low} to {high}"


def window_text(figure: Figure, window: Window) -> str:
    """Return both arms of a window, the unit once: ``1.2 → 1.4 %``."""
    before, after = arm_value(figure, window.baseline), arm_value(figure, window.candidate)
    number, _, unit = before.rpartition(SPACE)
    shared = number and after.endswith(f"{SPACE}{unit}")
    return f"{number if shared else before} → {after}"


def trend_text(course: Course) -> str:
    """Return whether the difference of the arms moved, or nothing where nobody can say."""
    trend, figure = course.trend, course.figure
    if trend is None:
        return ""
    first, second = (
        difference_text(value, figure.kind, figure.unit) for value in (trend.first, trend.second)
    )
    moved = f"{first} before {short_hour(trend.split)}, {second} since: {change_text(figure, trend.change)}"
    if trend.told:
        return f"the difference of the arms moved: {moved}"
    return f"no drift shown: {moved}"


def worst_text(course: Course) -> str:
    """Return which hour differs most and what that is worth, or nothing where nobody can say."""
    worst, figure = course.worst, course.figure
    if worst is None:
        return ""
    usual = difference_text(worst.usual, figure.kind, figure.unit)
    fact = f"{short_hour(worst.window.start)}, {change_text(figure, worst.effect)} where {usual} is usual"
    if worst.told:
        return f"{fact}; more than the worst of {worst.windows:,} hours would by chance"
    return f"{fact}; the worst of {worst.windows:,} hours lies that far out by chance alone"


# ---------------------------------------------------------------- slices


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One slice in words."""

    metric: str
    where: str
    n: str
    users: str
    levels: str
    change: str
    elsewhere: str
    told: bool


def finding_row(finding: Finding) -> FindingRow:
    """Return a finding in words."""
    both = min(finding.requests[arm] for arm in Arm)
    figure = Figure(finding.metric, Kind.RATE, "rate", "", finding.labels)
    levels = [value_text(x, Kind.RATE, "") for x in (finding.baseline, finding.candidate)]
    return FindingRow(
        metric=finding.metric,
        where=slice_text(finding),
        n=f"{both:,}",
        users=users_text(finding),
        levels=" → ".join(levels).replace(f"{SPACE}%", "", 1),
        change=change_text(figure, finding.effect),
        elsewhere=""
        if finding.elsewhere is None
        else difference_text(finding.elsewhere, Kind.RATE, ""),
        told=finding.told,
    )


def users_text(finding: Finding) -> str:
    """Return how many users a slice has, and that it is an estimate where it is; nothing where none is known."""
    about = "about " if finding.users_estimated else ""
    return f"{about}{count_text(finding.users, 'user')}" if finding.users else ""


def slice_text(finding: Finding) -> str:
    """Return which requests a finding is about; what names them is untrusted."""
    value = one_line(finding.value, most=MOST_WORD)
    field = one_line(finding.field, most=MOST_WORD)
    return f"tag {value}" if finding.field == "tag" else f"{field} = {value}"


def search_sentence(search: SliceSearch) -> str:
    """Return what was looked for, and what that is worth."""
    if not search.compared:
        return (
            f"{count_text(search.looked_at, 'slice')} looked at, none with at least "
            f"{search.least_requests} requests an arm"
            f"{f' of {search.least_users} users' if search.least_users else ''}: nothing was compared."
        )
    told = sum(finding.told for finding in search.findings)
    few = f"{search.too_small:,} were too small to compare" if search.too_small else ""
    shown = f"{told:,} shown to differ" if told else "none shown to differ"
    users = f" of {search.least_users} users" if search.least_users else ""
    return (
        f"{search.compared:,} comparisons of slices with at least {search.least_requests} requests"
        f"{users} an arm, {shown}; all of their intervals hold at once, "
        f"{100 * search.confidence:.3g} times in 100.{f' {few}.' if few else ''}"
    )
