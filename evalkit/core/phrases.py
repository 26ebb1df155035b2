"""Bound results become sentences, the same in the verdict, the terminal and every report.

Written without adjectives for size, without exclamation marks, and never without a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from evalkit.core.envelope import Kind, Limit, LimitKind
from evalkit.core.verdict import (
    BaselineDrift,
    BoundResult,
    Detector,
    Estimate,
    Reason,
    Result,
    Settle,
    Unmeasured,
)
from evalkit.core.wording import (
    NO_END,
    Line,
    count_text,
    difference_text,
    end_text,
    estimate_text,
    interval_text,
    limit_text,
    money_text,
    side_text,
    value_text,
)


def title(bound: Line) -> str:
    """Return what a bound is about: ``latency_ms, p95 on prime``."""
    return _title(bound, "")


def told_apart(bound: Line) -> str:
    """Return what a bound is about, beside another on the same number: ``refusal, delta``."""
    if bound.limit.kind is LimitKind.SHIFT:
        return _title(bound, f" {bound.limit.distance}")
    return _title(bound, f", {bound.limit.kind}" if bound.limit.compares else "")


def _title(bound: Line, compares: str) -> str:
    statistic = "" if bound.statistic in _USUAL[bound.kind] else f", {bound.statistic}"
    if bound.limit.kind is LimitKind.SHIFT and bound.kind is not Kind.CATEGORY:
        statistic = ", shift"  # of whole distributions, whatever statistic is shown beside it
    return f"{bound.metric}{statistic}{compares}{f' on {bound.on}' if bound.on else ''}"


_USUAL = {
    Kind.RATE: ("rate", "mean"), Kind.SCORE: ("mean",), Kind.AMOUNT: (), Kind.TIME: (),
    Kind.CATEGORY: ("mean",),
}  # fmt: skip


def allowed(bound: Line) -> str:
    """Return the limit of a bound in words."""
    return limit_text(bound.limit, bound.kind, bound.unit)


def permitted(bound: Line) -> str:
    """Return the limit of a bound as a clause: ``where ±3 points are allowed``."""
    text = allowed(bound).removesuffix(" of baseline")
    if text.startswith("within "):
        return f"where {text.removeprefix('within ')} are allowed"
    return f"where {text} is required"


def of_slice(bound: Line) -> str:
    """Return which cases a bound speaks about, behind a count of them: `` tagged prime``."""
    one_tag = bound.on and not set(bound.on) & set("=|&")
    return f" tagged {bound.on}" if one_tag else f" of {bound.on}" if bound.on else ""


def judged_text(bound: BoundResult) -> str:
    """Return the number the limit was laid on, or ``no value``."""
    estimate = bound.judged
    return estimate_text(bound, estimate) if isinstance(estimate, Estimate) else "no value"


def arm_text(bound: Line, estimate: Estimate | Unmeasured | None) -> str:
    """Return the value of one arm, or ``no value``."""
    if not isinstance(estimate, Estimate):
        return "no value"
    if math.isinf(estimate.value):
        return NO_END
    return value_text(estimate.value, bound.kind, bound.unit)


def movement(bound: BoundResult) -> str:
    """Return what happened between the arms: ``rose from 2.1 % to 76.7 %``."""
    before, after = bound.baseline, bound.candidate
    if not isinstance(after, Estimate):
        return "was not measured"
    if not isinstance(before, Estimate):
        return f"is {arm_text(bound, after)}"
    old, new = arm_text(bound, before), arm_text(bound, after)
    if old == new:
        return f"stayed at {new}"
    verb = "rose" if after.value > before.value else "fell"
    return f"{verb} from {old} to {new}"


def interval_name(confidence: float) -> str:
    """Return how the interval of two one-sided limits is called: ``90 % interval``."""
    return f"{100 - 200 * (1 - confidence):.6g}\u00a0% interval"


# ---------------------------------------------------------------- one bound


def reason_sentence(bound: BoundResult, moved: tuple[int, int] | None, family: int) -> str:
    """Return why a bound is what it is.

    Args:
        bound: the result, its ``detail`` still empty.
        moved: how many cases gained and lost the metric, where it is a rate of both arms.
        family: how many bounds were corrected for together.
    """
    judged = bound.judged
    if isinstance(judged, Unmeasured):
        return f"{judged.detail}."
    match bound.result:
        case Result.BROKEN:
            return _broken(bound, judged, moved)
        case Result.UNDECIDED:
            return _undecided(bound, judged, family)
    return f"{estimate_text(bound, judged)}, {interval_text(bound, judged)}: {allowed(bound)}."


def _broken(bound: BoundResult, judged: Estimate, moved: tuple[int, int] | None) -> str:
    low, high = bound.limit.min, bound.limit.max
    # By the interval: the value of a bet that was won early may have come back since.
    under = low is not None and judged.upper < low
    side, broken = ("below", low) if under else ("above", high)
    assert broken is not None
    if bound.limit.compares:
        fact = (
            _moves(bound, judged, moved) or f"{estimate_text(bound, judged)} ({movement(bound)})."
        )
        limit = side_text(broken, bound.limit, bound.kind, bound.unit)
        return f"{fact} The whole interval, {interval_text(bound, judged)}, lies {side} {limit}."
    end, name = (judged.upper, "upper") if under else (judged.lower, "lower")
    return (
        f"{estimate_text(bound, judged)}, where {allowed(bound)} is required{_baseline(bound)}. "
        f"Even the {name} end, {end_text(bound, judged, end)}, is {side} it."
    )


def _baseline(bound: BoundResult) -> str:
    if not isinstance(bound.baseline, Estimate):
        return ""
    return f"; the baseline has {arm_text(bound, bound.baseline)}"


def _moves(bound: BoundResult, judged: Estimate, moved: tuple[int, int] | None) -> str:
    if moved is None or bound.limit.kind is not LimitKind.DELTA:
        return ""
    yes, no = bound.labels or ("1", "0")
    gained, lost = moved
    if judged.value < 0:
        yes, no, gained, lost = no, yes, lost, gained
    return (
        f"{gained:,} of {count_text(judged.n, 'case')} went from {no} to {yes}, "
        f"{lost:,} the other way."
    )


def _undecided(bound: BoundResult, judged: Estimate, family: int) -> str:
    fact = f"{estimate_text(bound, judged)} observed, {allowed(bound)} required"
    return f"{fact}: {_why_undecided(bound, judged, family)}."


def _why_undecided(bound: BoundResult, judged: Estimate, family: int) -> str:
    interval = interval_text(bound, judged)
    because = f"the limit lies inside the interval, {interval}"
    way = bound.settle or Settle()
    least, valid = way.n_least, way.n_valid
    match bound.reason:
        case Reason.MULTIPLICITY if family > 1:
            because = (
                f"the interval, {interval}, lies outside on its own, not after correction for "
                f"{count_text(family, 'bound')}"
            )
        case Reason.MULTIPLICITY:
            because = (
                f"the interval, {interval}, lies outside, and is so wide that by chance it could "
                "lie outside on the other side as well"
            )
        case Reason.IMPOSSIBLE if least is not None:
            because = (
                f"{count_text(least, _unit(judged))} is the least that can prove this; "
                f"there are {judged.clusters:,}"
            )
        case Reason.TOO_FEW if valid is not None:
            because = (
                f"the method is valid from {count_text(valid, _unit(judged))} on; "
                f"there are {judged.clusters:,}"
            )
        case Reason.ZERO_VARIANCE:
            because = _equal(bound, judged)
        case Reason.MISSING:
            because = (
                f"with {count_text(judged.missing, 'missing sample')} put at the worst, the "
                f"interval is {interval}; the others alone would decide the bound"
            )
        case Reason.NO_BASELINE if isinstance(bound.baseline, Estimate):
            low, high = (
                value_text(end, bound.kind, bound.unit)
                for end in (bound.baseline.lower, bound.baseline.upper)
            )
            because = (
                f"the baseline's own interval, {low} to {high}, holds 0, so that a ratio to it "
                "says nothing"
            )
        case Reason.INSTRUMENT:
            because = _instrument(bound, interval)
        case Reason.BASELINE_STALE if bound.baseline_drift is not None:
            because = f"the baseline is no longer what was recorded; {_stale(bound, bound.baseline_drift)}"
    return because


def _equal(bound: BoundResult, judged: Estimate) -> str:
    if _redraws(bound):
        return (
            f"however its {judged.n:,} cases are drawn again, nothing moves, and so nothing says how far "
            "an unseen one could move it"
        )
    return f"all {judged.n:,} cases are equal, and no declared range says how far an unseen one could lie"


def _instrument(bound: BoundResult, interval: str) -> str:
    if bound.uncalibrated is not None:
        return f"the calibration of {bound.metric} {bound.uncalibrated}"
    assert bound.detector is not None, "whoever makes mistakes has a name"
    return (
        f"its interval, {interval}, would decide it, but mistakes of {bound.detector.id} "
        f"{_doubt(bound, bound.detector)}"
    )


def known_error(bound: Line, detector: Detector) -> str:
    """Return what is known of a detector's mistakes: on labelled answers, and in this run."""
    usually, at_worst = (
        difference_text(bias, Kind.RATE, "").removeprefix("+")
        for bias in (detector.usually, detector.at_worst)
    )
    known = (
        f"{detector.id}: on {count_text(detector.labelled, 'labelled answer')} in "
        f"{count_text(detector.groups, 'group')} its rate was {usually} off in the median, "
        f"{at_worst} at worst"
    )
    return known if detector.up is None else f"{known}; here its mistakes {_doubt(bound, detector)}"


def _doubt(bound: Line, detector: Detector) -> str:
    """Return how far the mistakes of a detector may move what it measured in this run."""
    down, up = (_moved_by(bound, move or 0.0) for move in (-(detector.down or 0.0), detector.up))
    return f"may move this by {down} to {up}"


def _moved_by(bound: Line, move: float) -> str:
    if bound.limit.kind is LimitKind.RATIO:
        return f"{move:+.3f}".replace("-", "\N{MINUS SIGN}")
    return difference_text(move, bound.kind, bound.unit)


def _unit(estimate: Estimate) -> str:
    """Return what is independent of each other: cases, groups of them, or the draws of each."""
    if estimate.clusters == estimate.n:
        return "case"
    return "independent group" if estimate.clusters < estimate.n else "draw"


# ---------------------------------------------------------------- ways out


def settle_lines(bound: BoundResult) -> list[str]:
    """Return the ways out of a bound that is undecided or not measured: what to add, or to edit."""
    if bound.result is Result.UNMEASURED:
        return [_CURES[bound.reason]] if bound.reason in _CURES else []
    return list(_ways_out(bound))


_CURES = {
    Reason.MISSING: "record what is missing, or drop this bound",
    Reason.NO_VALUES: "record what is missing, or drop this bound",
    Reason.OUT_OF_RANGE: "a wider range:, or correct records",
    Reason.TOO_FEW: "more cases, or range: [low, high] on the bound, if the values have a known end",
    Reason.NOT_IN_LOGS: "evalkit gate, which has the golden set; --skip-labelled leaves it to the gate",
}


def _other_baseline(bound: BoundResult) -> Iterator[str]:
    if bound.reason is Reason.NO_BASELINE:
        yield "delta: in place of ratio:, which a baseline near 0 can bear"
    if bound.reason is Reason.BASELINE_STALE and bound.baseline_drift is not None:
        yield f"a baseline recorded anew: {_stale(bound, bound.baseline_drift)}"


def _stale(bound: BoundResult, drift: BaselineDrift) -> str:
    """Return what a sentinel found of a baseline that is no longer what was recorded."""
    return (
        f"asked again in {count_text(drift.cases, 'case')} of {count_text(drift.runs, 'run')}, its "
        f"snapshot is {difference_text(drift.value, bound.kind, bound.unit)} from the recording"
    )


def _ways_out(bound: BoundResult) -> Iterator[str]:
    way, judged = bound.settle, bound.judged
    if way is None or not isinstance(judged, Estimate):
        return
    tagged = of_slice(bound)
    truth = f"if the truth is {estimate_text(bound, judged)}"
    if bound.reason is Reason.MISSING:
        yield f"{count_text(judged.missing, 'missing sample')} recorded: the others decide the bound"
    yield from _other_baseline(bound)
    if bound.reason is Reason.INSTRUMENT or _fills_the_margin(bound):
        yield f"labels of people: evalkit calibrate RUN {bound.metric}"
    if way.n is not None:
        cost = f" ({money_text(way.cost_usd)})" if way.cost_usd else ""
        yield f"{_more(way.n, judged)}{tagged}{cost}, {truth}"
    if way.n_unchanged is not None and way.n_unchanged != way.n:
        yield f"{_more(way.n_unchanged, judged)}{tagged}, if the candidate is truly unchanged"
    if way.repeats is not None:
        yield f"repeats: {way.repeats}, so many draws of each case, {truth}"
    yield from _out_of_equal_values(bound, judged)
    if way.margin is not None:
        these = "this one case" if judged.n == 1 else f"these {judged.n:,} cases"
        yield f"{edit(way.margin, bound.kind)}: holds with {these}"
    if way.n is None and way.repeats is None and bound.reason is Reason.AT_MARGIN:
        yield f"more cases would not help soon, {truth}"


def _redraws(bound: Line) -> bool:
    """Return whether a comparison draws cases again, so that arms that are equal tell it nothing."""
    mean = bound.statistic in {"mean", "rate"}
    return bound.limit.kind is LimitKind.SHIFT or (bound.limit.compares and not mean)


def _out_of_equal_values(bound: BoundResult, judged: Estimate) -> Iterator[str]:
    """Yield what bears values that are all equal, or too few of them to do without a range."""
    if bound.reason is not Reason.ZERO_VARIANCE or not _redraws(bound):
        if bound.kind in {Kind.AMOUNT, Kind.TIME} and _waits_for_range(bound, judged):
            yield "range: [low, high] on the bound, if the values have a known end"
        return
    if bound.limit.kind is not LimitKind.SHIFT:
        yield f"max: in place of {bound.limit.kind}:, which equal values can bear"
    elif bound.kind in {Kind.RATE, Kind.SCORE}:
        yield "delta: in place of shift:, which equal values can bear"
    elif bound.kind is not Kind.CATEGORY:
        yield "delta: and range: [low, high] in place of shift:, if the values have a known end"
    yield "answers of its own for each arm, if one is a copy of the other"


def _fills_the_margin(bound: BoundResult) -> bool:
    """Return whether mistakes of a detector leave no room inside a limit, so that no number of cases helps."""
    found, limit = bound.detector, bound.limit
    if bound.reason is not Reason.AT_MARGIN or found is None:
        return False
    least = -1.0 if limit.kind is LimitKind.DELTA else 0.0
    low = least if limit.min is None else limit.min + (found.down or 0.0)
    high = 1.0 if limit.max is None else limit.max - (found.up or 0.0)
    return limit.kind in {LimitKind.DELTA, LimitKind.ABSOLUTE} and low >= high


def _more(cases: int, judged: Estimate) -> str:
    """Return how many more cases, and in how many more groups where it is those that count."""
    text = count_text(cases, "more case")
    if judged.clusters >= judged.n:
        return text
    groups = max(1, round(cases * judged.clusters / judged.n))
    return f"{text} in {count_text(groups, 'more group')}"


def _waits_for_range(bound: BoundResult, judged: Estimate) -> bool:
    """Return whether a range would help: all values are equal, or too few to do without one.

    A quantile, and a mean with a range, wait for more groups of cases, which no range replaces.
    """
    too_few = bound.reason is Reason.TOO_FEW and bound.statistic == "mean" and judged.approximate
    return too_few or bound.reason is Reason.ZERO_VARIANCE


def edit(limit: Limit, kind: Kind) -> str:
    """Return a limit as an envelope writes it.

    >>> edit(Limit(LimitKind.DELTA, -0.091, 0.091), Kind.RATE)
    'delta: 9.1%'
    """

    def number(value: float) -> str:
        shares = kind is Kind.RATE and limit.kind is not LimitKind.RATIO
        return f"{100 * value:.12g}%" if shares else f"{value:.12g}"

    if limit.kind is LimitKind.DELTA and limit.max is not None and limit.min == -limit.max:
        return f"delta: {number(limit.max)}"
    sides = [
        f"{name}: {number(value)}"
        for name, value in (("min", limit.min), ("max", limit.max))
        if value is not None
    ]
    text = ", ".join(sides)
    return text if limit.kind is LimitKind.ABSOLUTE else f"{limit.kind}: {{{text}}}"
