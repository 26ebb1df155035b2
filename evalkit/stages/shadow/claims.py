"""A bound and what was counted of the logs become the numbers that it is judged by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from evalkit.core.envelope import Bound, LimitKind, Statistic, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Estimate, Reason, Unmeasured
from evalkit.core.wording import count_text
from evalkit.stages.shadow.block import ARMS, Measure
from evalkit.stages.shadow.estimates import (
    counts,
    delta,
    estimate,
    limits,
    ratio,
    reach,
    single,
)
from evalkit.stages.shadow.gaps import WithGaps
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.tally import UNSURE
from evalkit.stages.shadow.views import View
from evalkit.stats.doubt import Mistaken
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.evidence import exceeds

Claim: TypeAlias = "tuple[Engine, Estimate] | Unmeasured"
"""An engine with the estimate it gave, or why there is none."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What is known of one bound: of each arm, of their comparison, and without what is missing."""

    baseline: Claim
    candidate: Claim
    effect: Claim | None
    complete: Claim | None


@dataclass(frozen=True, slots=True)
class Matching:
    """Whether the arms saw the same requests, and how many of each arm have no partner.

    ``judged`` are the arms whose lone requests count as missing, ``apart`` says that the arms have
    no hour in common.
    """

    paired: bool
    requests: Mapping[Arm, int]
    unmatched: Mapping[Arm, int]
    judged: tuple[Arm, ...]
    apart: bool

    def fault(self, max_missing: float) -> Unmeasured | None:
        """Return why the arms cannot be compared honestly; nothing where they can."""
        if self.apart and not self.paired:
            return Unmeasured(
                Reason.NO_BASELINE,
                "the arms have no hour in common: what differs may be the time and not the candidate",
            )
        for arm in self.judged if self.paired else ():
            absent, of = self.unmatched[arm], self.requests[arm]
            if exceeds(absent, max_missing, of=of):
                other = Arm.CANDIDATE if arm is Arm.BASELINE else Arm.BASELINE
                return Unmeasured(
                    Reason.MISSING,
                    f"{absent:,} of {count_text(of, 'request')} of the {arm} have no answer of the "
                    f"{other}; at most {100 * max_missing:.3g}\u00a0% may lack one (if only a part of "
                    "the traffic was mirrored: --join part)",
                )
        return None


LEAST_IN_PAIRS = 0.5
"""The arms saw the same requests where that share of the smaller one has a partner."""


def matching(logs: Logs, judged: tuple[Arm, ...]) -> Matching:
    """Return how far the arms of some logs saw the same requests.

    Args:
        logs: what was counted.
        judged: the arms whose lone requests count as missing; none where pairs are not to be made.
    """
    rows = {arm: logs.tally.rows(code) for code, arm in enumerate(ARMS)}
    pairs = 0 if logs.pairs is None else logs.pairs.pairs
    paired = bool(judged) and pairs > 0 and pairs >= LEAST_IN_PAIRS * min(rows.values())
    hours = [set(logs.tally.of_arm(code).hours.tolist()) for code in range(len(ARMS))]
    return Matching(
        paired=paired,
        requests=rows,
        unmatched={arm: _alone(logs, code) for code, arm in enumerate(ARMS)},
        judged=judged,
        apart=all(hours) and not hours[0] & hours[1],
    )


def _alone(logs: Logs, code: int) -> int:
    return 0 if logs.pairs is None else logs.pairs.alone(code) + logs.pairs.unnamed(code)


def compared(logs: Logs, match: Matching) -> Logs:
    """Return logs whose pairs are there only where the arms are to be compared by them."""
    return logs if match.paired else replace(logs, pairs=None)


def read_with(logs: Logs, own: Measure, other: Measure, max_missing: float) -> Measure:
    """Return the measure that both arms are read with: another one where an arm lacks its own."""
    for arm in ARMS:
        rows, missing = _rows(logs, own, arm)
        if exceeds(missing, max_missing, of=rows) and _rows(logs, other, arm)[1] < missing:
            return other
    return own


FALSE, MISSED = "!false", "!missed"
MEAN = Statistic("mean")


def mistakes(logs: Logs, measure: Measure, measures: Mapping[str, Measure]) -> dict[Arm, Mistaken]:
    """Return how much of the rate of each arm may be mistakes of its detector, where that is known."""
    found = {}
    false, missed = (measures.get(measure.name + ending) for ending in (FALSE, MISSED))
    for arm in ARMS if false is not None and missed is not None else ():
        assert false is not None
        assert missed is not None
        means = [single(logs, each, arm, MEAN) for each in (measure, false, missed)]
        values = [None if isinstance(mean, Unmeasured) else mean.value for mean in means]
        if None not in values:
            found[arm] = Mistaken(*(value for value in values if value is not None))
    return found


def claims(
    bound: Bound, logs: Logs, measure: Measure, match: Matching, *, max_missing: float
) -> Claims:
    """Return what the logs say about the number that a bound limits.

    Args:
        bound: the bound.
        logs: what was counted on its slice.
        measure: the column of its metric.
        match: how far both arms saw the same requests.
        max_missing: the share of requests that may have no value.
    """
    statistic, kind = bound.statistic, bound.limit.kind
    by_arm = {
        arm: _claim(
            lambda arm=arm: single(logs, measure, arm, statistic),  # type: ignore[misc]
            bound, logs, measure, arm=arm,
        )
        for arm in ARMS
    }  # fmt: skip
    faults = {arm: _too_much_missing(logs, measure, arm, max_missing) for arm in ARMS}
    candidate = faults[Arm.CANDIDATE] or by_arm[Arm.CANDIDATE]
    effect: Claim | None = None
    if bound.limit.compares:
        compare = ratio if kind is LimitKind.RATIO else delta
        effect = (
            faults[Arm.BASELINE]
            or faults[Arm.CANDIDATE]
            or match.fault(max_missing)
            or _claim(
                lambda: compare(compared(logs, match), measure, statistic),
                bound,
                compared(logs, match),
                measure,
                arm=None,
            )
        )
    judged = candidate if effect is None else effect
    return Claims(by_arm[Arm.BASELINE], candidate, effect, _complete(judged, reach(measure, kind)))


def _claim(
    engine_of: Callable[[], Engine | Unmeasured],
    bound: Bound,
    logs: Logs,
    measure: Measure,
    *,
    arm: Arm | None,
) -> Claim:
    engine = engine_of()
    if isinstance(engine, Unmeasured):
        return engine
    found = counts(logs, measure, arm, statistic=bound.statistic)
    within = reach(measure, LimitKind.ABSOLUTE if arm is not None else bound.limit.kind)
    plain = estimate(engine, found, bound.confidence, within=within)
    share = _missing_share(logs, measure) if arm is not Arm.BASELINE else 0.0
    if not share:
        return engine, plain
    support = (
        _support(bound, measure) if arm is not None or bound.limit.kind is LimitKind.DELTA else None
    )
    if support is None:
        return engine, replace(plain, approximate=True)
    wide = WithGaps(engine, share, support)
    lower, upper = limits(wide, bound.alpha, within)
    return wide, replace(plain, lower=lower, upper=upper)


def _support(bound: Bound, measure: Measure) -> Support | None:
    """Return where a missing value may lie, where that has both ends and the number is a mean."""
    if bound.statistic.quantile is not None or not measure.support.bounded:
        return None
    if bound.limit.kind is LimitKind.DELTA:
        return measure.support.minus(measure.support)
    return measure.support


def _missing_share(logs: Logs, measure: Measure) -> float:
    rows, missing = _rows(logs, measure, Arm.CANDIDATE)
    return missing / rows if rows else 0.0


def _rows(logs: Logs, measure: Measure, arm: Arm) -> tuple[int, int]:
    """Return how many requests an arm has, and how many of them have no value."""
    found = counts(logs, measure, arm)
    rows = logs.tally.rows(ARMS.index(arm))
    return rows, max(found.missing, 0)


def _too_much_missing(
    logs: Logs, measure: Measure, arm: Arm, max_missing: float
) -> Unmeasured | None:
    rows, missing = _rows(logs, measure, arm)
    if not rows:
        return Unmeasured(
            Reason.NO_CASES, f"no request of the {arm} is in these logs, or on this slice"
        )
    if not exceeds(missing, max_missing, of=rows):
        return None
    fault = View.of(logs, measure, arm).fault()
    if fault is not None and fault.reason is Reason.OUT_OF_RANGE:
        return fault  # they are there, and are no values of this metric
    unsure = View.of(logs, measure, arm).count(UNSURE)
    why = (
        f"; {unsure:,} of them were logged again with another one: if an id is not one request, "
        "--map id=FIELD says what is"
        if unsure
        else ""
    )
    return Unmeasured(
        Reason.MISSING if missing < rows else Reason.NO_VALUES,
        f"{missing:,} of {rows:,} {arm} requests have no {measure.name}; "
        f"at most {100 * max_missing:.3g}\u00a0% may be{why}",
    )


def _complete(judged: Claim, within: Support) -> Claim | None:
    """Return the estimate from what was observed alone, where some is missing."""
    if isinstance(judged, Unmeasured):
        return None
    engine, found = judged
    if not isinstance(engine, WithGaps):
        return None
    lower, upper = limits(engine.engine, 1 - found.confidence, within)
    return engine.engine, replace(found, lower=lower, upper=upper)
