"""A bound and its evidence become estimates and a p-value: everything but the last word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

import numpy as np

from evalkit.core.envelope import Bound, Kind, LimitKind, Scope
from evalkit.core.model import Arm
from evalkit.core.verdict import Detector, Estimate, Reason, Unmeasured
from evalkit.stats.asked import Asked
from evalkit.stats.decision import p_outside
from evalkit.stats.doubt import Mistakes, to_break
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.estimates import engine_of, estimate_of, uncalibrated
from evalkit.stats.evidence import Evidence, Exhibit, case_means, exceeds, paired

NO_MISTAKES: Mistakes = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Measured:
    """An engine and the estimate it gave."""

    engine: Engine
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known about one bound before all bounds are looked at together.

    ``judged`` is what the limit is laid on; ``complete`` the same from the observed samples
    alone, where some are missing; ``uncalibrated`` says why labels do not correct it that should;
    ``moved`` counts cases that gained and lost the metric.
    """

    bound: Bound
    exhibit: Exhibit
    baseline: Measured | Unmeasured | None
    candidate: Measured | Unmeasured
    effect: Measured | Unmeasured | None
    complete: Measured | None
    p_broken: float | None
    uncalibrated: str | None
    moved: tuple[int, int] | None

    @property
    def judged(self) -> Measured | Unmeasured:
        """What the limit is laid on."""
        return self.effect if self.effect is not None else self.candidate

    @property
    def mistakes(self) -> Mistakes:
        """How much of each arm's rate may be mistakes of its detector."""
        return self.exhibit.evidence.mistakes

    @property
    def sides(self) -> int:
        """On how many sides of its limit a bound could lie outside by chance alone."""
        limit, judged = self.bound.limit, self.judged
        if limit.min is None or limit.max is None or isinstance(judged, Unmeasured):
            return 1
        return 2 if judged.estimate.upper - judged.estimate.lower > limit.max - limit.min else 1


def draft(bound: Bound, exhibit: Exhibit, *, max_missing: float) -> Draft:
    """Return everything about one bound that does not depend on the other bounds."""
    evidence = exhibit.evidence
    compares = bound.limit.compares
    guessed = exhibit.guessed or exhibit.dependent
    measured = partial(_measured, bound, evidence, guessed=guessed)
    faults = {arm: _too_much_missing(exhibit, arm, max_missing) for arm in evidence.arms}
    baseline = None
    if Arm.BASELINE in evidence.arms:
        baseline = measured(LimitKind.ABSOLUTE, Arm.BASELINE)
    candidate = faults[Arm.CANDIDATE] or measured(LimitKind.ABSOLUTE, Arm.CANDIDATE)
    effect = None
    if compares:
        fault = faults[Arm.BASELINE] or faults[Arm.CANDIDATE]
        effect = fault or measured(bound.limit.kind, Arm.CANDIDATE)
    judged = effect if compares else candidate
    assert judged is not None
    gap = None if isinstance(judged, Unmeasured) else uncalibrated(bound, evidence)
    return Draft(
        bound=bound,
        exhibit=exhibit,
        baseline=baseline,
        candidate=candidate,
        effect=effect,
        complete=_complete(bound, evidence, judged),
        p_broken=1.0 if gap else _p_broken(to_break(bound, evidence.mistakes), judged),
        uncalibrated=gap,
        moved=_moved(bound, evidence),
    )


def drafted(
    bound: Bound,
    candidate: Measured | Unmeasured,
    *,
    baseline: Measured | Unmeasured | None = None,
    effect: Measured | Unmeasured | None = None,
    complete: Measured | None = None,
    mistakes: Mistakes = NO_MISTAKES,
    unit: str = "",
    detector: Detector | None = None,
) -> Draft:
    """Return the draft of a bound that was estimated elsewhere, from more samples than are kept.

    Args:
        bound: the bound.
        candidate: what is known of the candidate alone.
        baseline: likewise of the baseline, where there is one.
        effect: candidate against baseline, where the limit compares them.
        complete: what the limit is laid on, from the observed samples alone, where some are missing.
        mistakes: how much of each arm's rate may be mistakes of its detector.
        unit: what is printed behind a number.
        detector: who read the values, where that takes judgement.
    """
    judged = candidate if effect is None else effect
    evidence = Evidence(0, {}, mistakes=mistakes)
    return Draft(
        bound=bound,
        exhibit=Exhibit((), evidence, {}, unit=unit, detector=detector),
        baseline=baseline,
        candidate=candidate,
        effect=effect,
        complete=complete,
        p_broken=_p_broken(to_break(bound, mistakes), judged),
        uncalibrated=None,
        moved=None,
    )


def _measured(
    bound: Bound, evidence: Evidence, kind: LimitKind, arm: Arm, *, guessed: bool
) -> Measured | Unmeasured:
    arms = [arm] if kind is LimitKind.ABSOLUTE else list(Arm)
    if kind is LimitKind.ABSOLUTE and bound.limit.kind is LimitKind.SHIFT:
        if bound.metric.kind is Kind.CATEGORY:
            return Unmeasured(Reason.NO_VALUES, "a category has no mean")
        evidence = replace(
            evidence, arms={each: seen.finite() for each, seen in evidence.arms.items()}
        )
    if bound.scope is Scope.GOLDEN_SET:
        evidence = evidence.by_draw(arms)
    asked = Asked.of(bound) if kind is bound.limit.kind and arm is Arm.CANDIDATE else None
    engine = engine_of(evidence, kind, arm, bound.statistic, bound.metric.support, asked=asked)
    if isinstance(engine, Unmeasured):
        return engine
    estimate = estimate_of(engine, evidence, arms, bound.alpha)
    # The interval is that of the ruler at hand, which is not quite the one the limit speaks of; or
    # cases do not stand alone, as engines take them to.
    return Measured(engine, replace(estimate, approximate=estimate.approximate or guessed))


def _too_much_missing(exhibit: Exhibit, arm: Arm, max_missing: float) -> Unmeasured | None:
    evidence = exhibit.evidence
    if not evidence.cases:
        return Unmeasured(Reason.NO_CASES, "no case of this run belongs to the slice")
    observed = evidence.arms[arm]
    if not exceeds(observed.missing, max_missing, of=observed.samples):
        return None
    reason = Reason.MISSING if observed.missing < observed.samples else Reason.NO_VALUES
    return Unmeasured(reason, _gap_sentence(exhibit, arm, max_missing))


def _gap_sentence(exhibit: Exhibit, arm: Arm, max_missing: float) -> str:
    observed = exhibit.evidence.arms[arm]
    why = " and ".join(f"{count:,} have {reason}" for reason, count in exhibit.gaps[arm].items())
    cause = f" ({why})" if why else ""
    return (
        f"{observed.missing:,} of {observed.samples:,} {arm} samples are missing{cause}; "
        f"at most {100 * max_missing:.3g}\u00a0% may be"
    )


def _complete(bound: Bound, evidence: Evidence, judged: Measured | Unmeasured) -> Measured | None:
    """Return the estimate from the observed samples alone, where some are missing."""
    if isinstance(judged, Unmeasured) or not judged.estimate.missing:
        return None
    seen = evidence.only(_arms(bound)).without_gaps()
    found = _measured(bound, seen, bound.limit.kind, Arm.CANDIDATE, guessed=False)
    return found if isinstance(found, Measured) else None


def _arms(bound: Bound) -> list[Arm]:
    return list(Arm) if bound.limit.compares else [Arm.CANDIDATE]


def _p_broken(bound: Bound, judged: Measured | Unmeasured) -> float | None:
    if isinstance(judged, Unmeasured):
        return None
    limit, engine, estimate = bound.limit, judged.engine, judged.estimate
    low, high = limit.min, limit.max
    return p_outside(
        None if low is None else engine.p_below(low),
        None if high is None else engine.p_above(high),
        interval_width=estimate.upper - estimate.lower,
        band_width=0.0 if low is None or high is None else high - low,
    )


def _moved(bound: Bound, evidence: Evidence) -> tuple[int, int] | None:
    """Return how many cases gained the metric and how many lost it, for a rate of both arms."""
    if bound.metric.kind is not Kind.RATE or Arm.BASELINE not in evidence.arms:
        return None
    fill = (0.0, 1.0)
    change = paired(
        case_means(evidence, Arm.CANDIDATE, fill), case_means(evidence, Arm.BASELINE, fill)
    )
    moved = change.seen[change.known]
    return int(np.count_nonzero(moved >= 0.5)), int(np.count_nonzero(moved <= -0.5))
