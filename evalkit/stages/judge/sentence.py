"""The verdict in one sentence, and the one under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalkit.core.corridor import in_order
from evalkit.core.envelope import Require
from evalkit.core.model import Arm
from evalkit.core.phrases import (
    interval_name,
    judged_text,
    movement,
    permitted,
    settle_lines,
    title,
)
from evalkit.core.verdict import BoundResult, Estimate, Outcome, Result
from evalkit.core.wording import count_text, interval_text


def sentences(
    outcome: Outcome,
    bounds: Sequence[BoundResult],
    candidate: str,
    *,
    smoke: bool,
    let_through: bool,
) -> tuple[str, str]:
    """Return the headline of a verdict and the sentence under it."""
    blocking = in_order([bound for bound in bounds if bound.blocks])
    by_result = {
        result: [bound for bound in blocking if bound.result is result] for result in Result
    }
    undecided = [b for b in by_result[Result.UNDECIDED] if b.require is Require.PROVEN]
    match outcome:
        case Outcome.FAIL:
            return _fail(by_result[Result.BROKEN], len(blocking), candidate)
        case Outcome.UNMEASURED:
            return _unmeasured(by_result[Result.UNMEASURED], len(blocking))
        case Outcome.INCONCLUSIVE if smoke and not undecided:
            return (
                f"A smoke run: {_kept(blocking, candidate)} on a part.",
                "A run on part of the golden set or of the bounds is never a pass.",
            )
        case Outcome.INCONCLUSIVE:
            return _inconclusive(undecided, len(blocking), candidate, let_through=let_through)
    return _pass(bounds, blocking, candidate)


def _fail(broken: Sequence[BoundResult], blocking: int, candidate: str) -> tuple[str, str]:
    first = broken[0]
    judged = first.judged
    assert isinstance(judged, Estimate)
    difference = f"{judged_text(first)}, " if first.limit.compares else ""
    interval = f"{interval_name(judged.confidence)} {interval_text(first, judged)}"
    return (
        f"{candidate} breaks {len(broken)} of {count_text(blocking, 'blocking bound')}.",
        f"Furthest out: {title(first)} {movement(first)}, {difference}{permitted(first)} ({interval}).",
    )


def _unmeasured(unmeasured: Sequence[BoundResult], blocking: int) -> tuple[str, str]:
    if not unmeasured:
        return "Not everything could be measured.", "Nothing is said about the candidate."
    first = unmeasured[0]
    return (
        f"{len(unmeasured)} of {count_text(blocking, 'blocking bound')} could not be measured.",
        f"{title(first)}: {first.detail} Nothing is said about the candidate there.",
    )


def _inconclusive(
    undecided: Sequence[BoundResult], blocking: int, candidate: str, *, let_through: bool
) -> tuple[str, str]:
    first = undecided[0]
    ways = settle_lines(first)
    count, verb = len(undecided), "is" if len(undecided) == 1 else "are"
    lead = f"{title(first)} needs {ways[0]}." if ways else f"{title(first)}: {first.detail}"
    if let_through:
        were = "was" if count == 1 else "were"
        headline = f"{candidate} breaks no bound; {count} undecided {were} let through."
        return headline, f"{lead} It was let through by inconclusive: warn."
    headline = f"{count} of {count_text(blocking, 'bound')} {verb} undecided; none is shown broken."
    return headline, lead


def _pass(
    bounds: Sequence[BoundResult], blocking: Sequence[BoundResult], candidate: str
) -> tuple[str, str]:
    if not blocking:
        return (
            f"{candidate} was not held to any bound: all {len(bounds)} only warn.",
            "Nothing is proven by this run; give at least one bound severity: block.",
        )
    closest = blocking[0]
    lead = f"Closest to a limit: {title(closest)} {movement(closest)}, {permitted(closest)}."
    loose = sum(bound.require is Require.NOT_DISPROVEN for bound in blocking)
    near = sum(_approximate(bound) for bound in blocking)
    if loose:
        lead += f" {count_text(loose, 'bound')} only had to be not disproven."
    if near:
        rest = "rests" if near == 1 else "rest"
        lead += f" {count_text(near, 'bound')} {rest} on an approximate interval."
    return f"{_kept(blocking, candidate)}.", lead


def _kept(blocking: Sequence[BoundResult], candidate: str) -> str:
    """Return what a candidate did with its bounds: one that is undecided was not kept."""
    count = len(blocking)
    if not count:
        return f"{candidate} was not held to any bound that blocks"
    if any(bound.result is Result.UNDECIDED for bound in blocking):
        whole = "its one bound" if count == 1 else f"any of its {count} bounds"
        return f"{candidate} is not shown to break {whole}"
    return f"{candidate} keeps {'its one bound' if count == 1 else f'all {count} bounds'}"


def _approximate(bound: BoundResult) -> bool:
    return isinstance(bound.judged, Estimate) and bound.judged.approximate


def stopped_sentences(
    headline: str, lead: str, outcome: Outcome, stopped: Mapping[Arm, str]
) -> tuple[str, str]:
    """Return headline and lead where an arm could not be asked to the end: the cause comes first."""
    causes = " ".join(
        f"The {arm} could not be asked to the end: {why.rstrip('.')}."
        for arm, why in stopped.items()
    )
    if outcome is Outcome.UNMEASURED:
        return headline, causes
    return headline, f"{lead} {causes}"


def look_sentence(look: int) -> str:
    """Return what it costs to have looked at one candidate before."""
    return (
        f"This is look {look} at this candidate: a wrong claim may be made {look * (look + 1)} times "
        "less often than at the first, so that trying again does not turn luck into a pass."
    )
