"""Evidence becomes a verdict here. Pure: no clock, no file, no idea who asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from evalkit.core.envelope import Bound, Envelope, LimitKind, Require
from evalkit.core.model import Arm
from evalkit.core.phrases import reason_sentence
from evalkit.core.rounding import six_digits
from evalkit.core.verdict import (
    BaselineDrift,
    BoundResult,
    Detector,
    Estimate,
    ExitCode,
    Facts,
    MetricResult,
    Outcome,
    Reason,
    Result,
    SliceResult,
    Unmeasured,
    Verdict,
)
from evalkit.stages.judge.drafts import Draft, Measured, draft
from evalkit.stages.judge.resolution import detects, sees
from evalkit.stages.judge.sentence import look_sentence, sentences, stopped_sentences
from evalkit.stages.judge.settle import settle
from evalkit.stages.judge.told_apart import Apart
from evalkit.stages.judge.unbound import metric_result, slice_result
from evalkit.stats.decision import proves_inside, proves_outside
from evalkit.stats.doubt import doubt_about, to_hold
from evalkit.stats.engines.betting import BettingMean
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.evidence import Exhibit, Sliced
from evalkit.stats.multiplicity import holm
from evalkit.stats.requirements import fewest_valid, least_of
from evalkit.stats.standing import keeps

NO_DRIFTS: Mapping[str, BaselineDrift] = MappingProxyType({})
"""Nobody has asked a recorded baseline anew."""

ITSELF = "Both arms are the same snapshot: it was compared with itself."


def judge(
    envelope: Envelope,
    exhibits: Sequence[Exhibit],
    metric_exhibits: Sequence[Exhibit],
    facts: Facts,
    drifts: Mapping[str, BaselineDrift] = NO_DRIFTS,
    *,
    sliced: Sequence[Sliced] = (),
    slices_left_out: int = 0,
) -> Verdict:
    """Return the verdict on a candidate, its numbers rounded to six digits.

    Args:
        envelope: what is acceptable.
        exhibits: the evidence for each bound, in the envelope's order.
        metric_exhibits: the same for each metric without a bound.
        facts: what the verdict reports beside its bounds.
        drifts: how far the recorded baseline has moved, by the name of each bound that is watched.
        sliced: the evidence on tags that no bound names, which decides nothing.
        slices_left_out: how many such tags there are beside them.
    """
    return verdict_on(
        envelope,
        [
            draft(bound, exhibit, max_missing=envelope.max_missing)
            for bound, exhibit in zip(envelope.bounds, exhibits, strict=True)
        ],
        facts,
        drifts,
        metrics=[
            metric_result(metric, exhibit)
            for metric, exhibit in zip(envelope.metrics, metric_exhibits, strict=True)
        ],
        slices=[slice_result(part) for part in sliced],
        slices_left_out=slices_left_out,
        remark=ITSELF if envelope.baseline == envelope.candidate else "",
    )


def verdict_on(
    envelope: Envelope,
    drafts: Sequence[Draft],
    facts: Facts,
    drifts: Mapping[str, BaselineDrift] = NO_DRIFTS,
    *,
    metrics: Sequence[MetricResult] = (),
    slices: Sequence[SliceResult] = (),
    slices_left_out: int = 0,
    remark: str = "",
) -> Verdict:
    """Return the verdict on a candidate whose bounds have been estimated, by whatever engines.

    Args:
        envelope: what is acceptable.
        drafts: what is known of each bound on its own.
        facts: what the verdict reports beside its bounds.
        drifts: how far the recorded baseline has moved, by the name of each bound that is watched.
        metrics: what is known of metrics without a bound.
        slices: likewise of tags that no bound names.
        slices_left_out: how many such tags there are beside them.
        remark: what is said behind the lead.
    """
    apart = Apart.of(envelope, facts.drift)
    claims = [(item.bound, item.p_broken) for item in drafts]
    corrected = _corrected(claims if apart is None else [*claims, (apart.bound, apart.p_broken)])
    family = len(corrected)
    bounds = [
        _decided(item, corrected.get(item.bound.name), family, facts, drifts.get(item.bound.name))
        for item in drafts
    ]
    if apart is not None:
        bounds.append(apart.result(corrected.get(apart.bound.name), family))
    outcome = _folded(bounds, facts)
    exit_code = _exit_code(outcome, envelope, smoke=facts.smoke)
    headline, lead = sentences(
        outcome,
        bounds,
        _candidate_name(facts),
        smoke=facts.smoke,
        let_through=exit_code is ExitCode.PASS,
    )
    if facts.stopped:
        headline, lead = stopped_sentences(headline, lead, outcome, facts.stopped)
    if remark:
        lead = f"{lead} {remark}"
    if facts.look > 1:
        lead = f"{lead} {look_sentence(facts.look)}"
    verdict = Verdict(
        envelope=envelope.name,
        outcome=outcome,
        exit_code=exit_code,
        sentence=headline,
        lead=lead,
        bounds=tuple(bounds),
        metrics=tuple(metrics),
        facts=facts,
        slices=tuple(slices),
        slices_left_out=slices_left_out,
    )
    return six_digits(verdict)


# ---------------------------------------------------------------- several bounds


def _corrected(claims: Sequence[tuple[Bound, float | None]]) -> dict[str, float]:
    """Return p-values of "outside" corrected for all blocking bounds, by the bound's name."""
    family = [(bound.name, p) for bound, p in claims if bound.blocks and p is not None]
    return dict(zip((name for name, _ in family), holm([p for _, p in family]), strict=True))


def _folded(bounds: Sequence[BoundResult], facts: Facts) -> Outcome:
    blocking = [bound for bound in bounds if bound.blocks]
    if any(bound.result is Result.BROKEN for bound in blocking):
        return Outcome.FAIL
    if facts.stopped or any(bound.result is Result.UNMEASURED for bound in blocking):
        return Outcome.UNMEASURED
    undecided = any(
        bound.result is Result.UNDECIDED and bound.require is Require.PROVEN for bound in blocking
    )
    return Outcome.INCONCLUSIVE if undecided or facts.smoke else Outcome.PASS


def _exit_code(outcome: Outcome, envelope: Envelope, *, smoke: bool) -> ExitCode:
    if outcome is Outcome.INCONCLUSIVE and not envelope.inconclusive_blocks and not smoke:
        return ExitCode.PASS
    return {
        Outcome.PASS: ExitCode.PASS,
        Outcome.FAIL: ExitCode.FAIL,
        Outcome.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        Outcome.UNMEASURED: ExitCode.UNMEASURED,
    }[outcome]


def _candidate_name(facts: Facts) -> str:
    summary = facts.snapshots[Arm.CANDIDATE]
    if summary.requested:
        return summary.requested
    return summary.served[0] if len(summary.served) == 1 else "The candidate"


# ---------------------------------------------------------------- one bound


def _decided(
    item: Draft, p_holm: float | None, family: int, facts: Facts, drift: BaselineDrift | None
) -> BoundResult:
    bound, judged = item.bound, item.judged
    result, reason = _result(item, p_holm)
    if drift is not None and drift.stale and result is not Result.UNMEASURED:
        # Neither claim is about the baseline of today, whichever of them was made.
        result, reason = Result.UNDECIDED, Reason.BASELINE_STALE
    way_out = None
    family = family if bound.blocks else 1
    if reason is not None and isinstance(judged, Measured):
        way_out = settle(item, reason, family * item.sides, facts.arms[Arm.CANDIDATE])
        if reason is Reason.TOO_NOISY and way_out.n is None and way_out.repeats is None:
            reason = Reason.AT_MARGIN
    found = BoundResult(
        **bound.heading,
        unit=item.exhibit.unit,
        labels=bound.metric.labels,
        scope=bound.scope,
        result=result,
        reason=reason,
        detail="",
        baseline=None if item.baseline is None else _estimate(item.baseline),
        candidate=_estimate(item.candidate),
        effect=None if item.effect is None else _estimate(item.effect),
        p_broken=item.p_broken,
        p_holm=p_holm,
        settle=way_out,
        detects=detects(bound, judged, item.mistakes),
        sees=sees(bound, judged, item.mistakes),
        decided_after=_decided_after(item) if result is Result.HOLDS else None,
        baseline_drift=drift,
        detector=_detector(item),
        uncalibrated=item.uncalibrated,
    )
    return replace(found, detail=reason_sentence(found, item.moved, family))


def _decided_after(item: Draft) -> int | None:
    """Return after how many units a bound was proven, where it was bet on."""
    judged, limit = item.judged, item.bound.limit
    if not isinstance(judged, Measured) or not isinstance(judged.engine, BettingMean):
        return None
    engine = judged.engine
    above = 0 if limit.min is None else engine.above_after(limit.min)
    below = 0 if limit.max is None else engine.below_after(limit.max)
    return None if above is None or below is None else max(above, below)


def _result(item: Draft, p_holm: float | None) -> tuple[Result, Reason | None]:
    bound, judged = item.bound, item.judged
    if isinstance(judged, Unmeasured):
        return Result.UNMEASURED, judged.reason
    estimate = judged.estimate
    if estimate.clusters < fewest_valid(bound, cases=estimate.n, units=estimate.clusters):
        return Result.UNDECIDED, Reason.TOO_FEW
    if _has_no_ground(item):
        return Result.UNDECIDED, Reason.NO_BASELINE
    if item.uncalibrated:
        return Result.UNDECIDED, Reason.INSTRUMENT
    return _claimed(item, judged, p_holm)


def _claimed(item: Draft, judged: Measured, p_holm: float | None) -> tuple[Result, Reason | None]:
    """Return what the limits of a number claim about its bound."""
    bound, estimate = item.bound, judged.estimate
    if proves_outside(estimate.lower, estimate.upper, bound.limit):
        p = p_holm if p_holm is not None else item.p_broken
        broken = p is not None and p <= bound.alpha
        return (Result.BROKEN, None) if broken else (Result.UNDECIDED, _why_not_broken(item))
    if proves_inside(estimate.lower, estimate.upper, bound.limit):
        doubt = _why_not_proven(item, judged.engine)
        return (Result.UNDECIDED, doubt) if doubt else (Result.HOLDS, None)
    return Result.UNDECIDED, _why_undecided(item, estimate)


def _why_not_proven(item: Draft, engine: Engine) -> Reason | None:
    """Return why a bound is not proven whose interval lies inside; nothing where it is."""
    if engine.constant:
        return Reason.ZERO_VARIANCE
    held = to_hold(item.bound, item.mistakes)
    return None if held is item.bound or keeps(held, engine) else Reason.INSTRUMENT


def _why_not_broken(item: Draft) -> Reason:
    """Return why a bound is not called broken whose interval lies outside on its own."""
    doubtful = bool(item.mistakes) and (item.p_broken or 0.0) > item.bound.alpha
    return Reason.INSTRUMENT if doubtful else Reason.MULTIPLICITY


def _detector(item: Draft) -> Detector | None:
    """Return who read the answers, and how far its mistakes may move the number that was judged."""
    doubt, found = doubt_about(item.bound, item.mistakes), item.exhibit.detector
    if found is None or doubt is None:
        return found
    return replace(found, down=doubt.down, up=doubt.up)


def _has_no_ground(item: Draft) -> bool:
    """Return whether a ratio stands on a baseline whose mean may be 0."""
    baseline = item.baseline
    return (
        item.bound.limit.kind is LimitKind.RATIO
        and isinstance(baseline, Measured)
        and baseline.estimate.lower <= 0
    )


def _why_undecided(item: Draft, estimate: Estimate) -> Reason:
    if estimate.clusters < least_of(item.bound, cases=estimate.n, units=estimate.clusters):
        return Reason.IMPOSSIBLE
    if item.complete is not None:
        lower, upper = item.complete.estimate.lower, item.complete.estimate.upper
        limit = item.bound.limit
        if proves_inside(lower, upper, limit) or proves_outside(lower, upper, limit):
            return Reason.MISSING
    return Reason.TOO_NOISY


def _estimate(found: Measured | Unmeasured) -> Estimate | Unmeasured:
    return found.estimate if isinstance(found, Measured) else found
