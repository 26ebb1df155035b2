"""Several draws a case: of given cases, of a recorded baseline, and what their noise is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalkit.core.envelope import UNIT_INTERVAL, Limit, LimitKind, Statistic
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.estimates import engine_of
from evalkit.stats.evidence import Evidence
from evalkit.stats.repeats import Components, noisy_cases
from evalkit.testing.vectors.data import counted, observed
from evalkit.testing.vectors.families.decisions import word_of
from evalkit.testing.vectors.methods import Outputs, method


@method
def delta_golden_set_pooled(
    *, cases: int, k_candidate: int, g_baseline_per_candidate_draw: int,
    candidate: Sequence[Sequence[int]], baseline_counts: Sequence[Sequence[int]], margin: float,
    confidence_one_sided: float,
) -> Outputs:  # fmt: skip
    each = g_baseline_per_candidate_draw
    # A count of successes among so many draws, one draw after the other.
    baseline = [
        [d for draws in counted(x, [each] * len(x)) for d in draws] for x in baseline_counts
    ]
    arms = {Arm.CANDIDATE: observed(candidate), Arm.BASELINE: observed(baseline)}
    evidence = Evidence(cases, arms).by_draw(list(Arm))
    if evidence.draws != k_candidate:
        raise ValueError(f"expected {k_candidate} draws a case, found {evidence.draws}")
    return _delta(_change(evidence), margin, 1 - confidence_one_sided)


@method
def delta_recorded_baseline(
    *, baseline_refusals: Sequence[int], k_baseline: int, k_noisy: int,
    candidate_refusals: Sequence[int], margin: float, confidence_one_sided: float,
) -> Outputs:  # fmt: skip
    cases = len(baseline_refusals)
    baseline = observed(counted(baseline_refusals, [k_baseline] * cases))
    draws = np.where(noisy_cases(baseline, cases, UNIT_INTERVAL), k_noisy, 1).tolist()
    if any(x > k for x, k in zip(candidate_refusals, draws, strict=True)):
        raise ValueError(f"expected refusals among {draws} draws, found {candidate_refusals}")
    candidate = observed(counted(candidate_refusals, draws))
    evidence = Evidence(cases, {Arm.CANDIDATE: candidate, Arm.BASELINE: baseline})
    found = _delta(_change(evidence), margin, 1 - confidence_one_sided)
    limit = Limit(LimitKind.DELTA, -margin, margin)
    word = word_of(found["lower"], found["upper"], limit)
    return {**found, "k_candidate": draws, "verdict": word}


@method
def variance_components_anova(*, values: Sequence[Sequence[float]]) -> Outputs:
    found = Components.of(observed(values), len(values))
    if found is None:
        raise ValueError("expected two cases, one of them with two draws")
    return {
        "ms_between": found.mean_square_between,
        "ms_within": found.mean_square_within,
        "var_within": found.within,
        "var_between": found.between,
        "icc": found.correlation,
    }


def _change(evidence: Evidence) -> Engine:
    found = engine_of(evidence, LimitKind.DELTA, Arm.CANDIDATE, Statistic("rate"), UNIT_INTERVAL)
    if isinstance(found, Unmeasured):
        raise ValueError(f"expected a difference, found {found}")  # noqa: TRY004 - of the data
    return found


def _delta(engine: Engine, margin: float, alpha: float) -> dict[str, float]:
    return {
        "estimate": engine.value,
        "lower": engine.lower(alpha),
        "upper": engine.upper(alpha),
        "p_lower": engine.p_above(-margin),
        "p_upper": engine.p_below(margin),
    }
