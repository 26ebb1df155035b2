"""Here the outlook of a bound is chosen: by what its evidence shows, or by what is assumed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from evalkit.core.envelope import Bound, Kind, LimitKind, Method, Scope
from evalkit.core.model import Arm
from evalkit.core.plan import Basis
from evalkit.stages.plan.bets import BetOutlook
from evalkit.stages.plan.outlook import (
    ChangeOutlook,
    Outlook,
    RateOutlook,
    SimulatedOutlook,
)
from evalkit.stats.arrays import FloatArray
from evalkit.stats.doubt import to_hold
from evalkit.stats.evidence import Evidence
from evalkit.stats.planning import ASSUMED_DISCORDANCE
from evalkit.stats.quantile import sample_quantile
from evalkit.stats.unchanged import Draws, Unchanged

FEWEST_SEEN = 10
"""Fewer independent units than these show nothing that a chance could rest on."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all bounds of a plan share: assumptions by bound, draws a case, a seed.

    ``noisy`` is how often a case of the candidate is drawn where the baseline's draws disagree,
    ``max_missing`` the share of samples a gate would do without.
    """

    assumed: Mapping[str, float]
    baseline: int
    candidate: int
    noisy: int | None
    seed: int
    max_missing: float = 1.0


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is nothing to compute chances from, and this is why."""

    why: str


def outlook(bound: Bound, evidence: Evidence | None, setting: Setting) -> Outlook | Unknown:
    """Return what may be expected of a bound.

    Args:
        bound: what is asked.
        evidence: the samples at hand on its slice; nothing where there are none at all.
        setting: what all bounds share.
    """
    if evidence is not None and evidence.mistakes:
        # What will be judged has to hold with the detector at its worst.
        bound = to_hold(bound, evidence.mistakes)
        evidence = replace(evidence, mistakes={})
    if bound.method is Method.BETTING:
        return _bet(bound, evidence, setting)
    if bound.name in setting.assumed or evidence is None:
        return _assumed(bound, setting.assumed.get(bound.name))
    pilot = _pilot(bound, evidence)
    source = Unchanged.of(pilot, bound.metric.support, compares=bound.limit.compares)
    if source is None or source.units < FEWEST_SEEN:
        return _assumed(bound, None)
    if _counts(bound, source, setting):
        return _counted(bound, source)
    draws = _draws(bound, setting)
    return SimulatedOutlook(bound, source, draws, setting.seed, setting.max_missing)


def _bet(bound: Bound, evidence: Evidence | None, setting: Setting) -> Outlook | Unknown:
    """Return the outlook of a bound that is bet on, by that of the same bound if it were not."""
    fixed = outlook(replace(bound, method=Method.USUAL), evidence, setting)
    if isinstance(fixed, Unknown):
        return fixed
    source = None
    if evidence is not None and fixed.basis is not Basis.ASSUMED:
        pilot = _pilot(bound, evidence)
        source = Unchanged.of(pilot, bound.metric.support, compares=bound.limit.compares)
    return BetOutlook(bound, fixed, source, _draws(bound, setting), setting.seed)


def _draws(bound: Bound, setting: Setting) -> Draws:
    return Draws(setting.baseline, setting.candidate, setting.noisy, bound.metric.support)


def _pilot(bound: Bound, evidence: Evidence) -> Evidence:
    """Return the evidence with a baseline: the candidate's own answers where no other are there."""
    arms = dict(evidence.arms)
    baseline = arms.get(Arm.BASELINE)
    nothing = baseline is None or baseline.missing == baseline.samples
    if nothing and not bound.limit.compares:
        arms[Arm.BASELINE] = arms[Arm.CANDIDATE]
    return replace(evidence, arms=arms)


# ---------------------------------------------------------------- counted exactly


def _counts(bound: Bound, source: Unchanged, setting: Setting) -> bool:
    """Return whether a bound only counts cases, one draw of each that stands alone."""
    once = setting.candidate == 1 and setting.noisy is None
    alone = source.groups is None and not source.missing
    population = bound.scope is Scope.POPULATION
    if not (once and alone and population) or bound.method is not Method.USUAL:
        return False
    if bound.limit.kind is LimitKind.ABSOLUTE:
        quantile = bound.statistic.quantile is not None and _one_sided(bound)
        return bound.metric.kind is Kind.RATE or quantile
    # One draw of a case that was chosen at random is 0 or 1, however noisy the case.
    changes = bound.limit.kind is LimitKind.DELTA and bound.metric.kind is Kind.RATE
    return changes and source.basis is Basis.LAST_RUN


def _counted(bound: Bound, source: Unchanged) -> Outlook:
    values = source.values
    weights = np.repeat(1 / source.count, source.count)
    if bound.limit.kind is LimitKind.DELTA:
        assert source.other is not None
        changed = float(np.mean(values[source.start] != source.other))
        return ChangeOutlook(bound, source.basis, changed)
    if bound.statistic.quantile is None:
        rate = float(weights @ values) / source.cases
        return _rate(bound, source.basis, rate)
    order = np.argsort(values, kind="stable")
    now = sample_quantile(values[order], bound.statistic.quantile, weights[order])
    return _quantile(bound, source.basis, now, partial(_share, values, weights, bound, now))


def _rate(bound: Bound, basis: Basis, rate: float) -> RateOutlook:
    return RateOutlook(bound, basis, rate, bound.limit.min, bound.limit.max, _itself)


def _quantile(bound: Bound, basis: Basis, truth: float, share: partial[float]) -> RateOutlook:
    """Return the outlook of a quantile: at most X is a floor under the share of values up to X."""
    quantile = bound.statistic.quantile
    low, high = (quantile, None) if bound.limit.max is not None else (None, quantile)
    return RateOutlook(bound, basis, truth, low, high, share)


def _itself(truth: float) -> float:
    return truth


def _share(
    values: FloatArray, weights: FloatArray, bound: Bound, now: float, truth: float
) -> float:
    """Return which share of values lies up to the limit once all are scaled to another quantile."""
    # A timeout stays one, however fast everything else becomes.
    finite = np.isfinite(values)
    scaled = np.where(finite, np.where(finite, values, 0.0) * (truth / now if now else 1.0), np.inf)
    if bound.limit.max is not None:
        inside = scaled <= bound.limit.max
    else:
        inside = scaled < (bound.limit.min or 0.0)
    return float(weights @ inside) / float(weights.sum())


# ---------------------------------------------------------------- assumed


def _assumed(bound: Bound, stated: float | None) -> Outlook | Unknown:
    kind, limit = bound.metric.kind, bound.limit
    if limit.kind is LimitKind.DELTA and kind is Kind.RATE:
        return ChangeOutlook(
            bound, Basis.ASSUMED, ASSUMED_DISCORDANCE if stated is None else stated
        )
    if limit.kind is LimitKind.ABSOLUTE and kind is Kind.RATE:
        return _rate(bound, Basis.ASSUMED, _half_the_room(bound) if stated is None else stated)
    quantile = bound.statistic.quantile
    if limit.kind is LimitKind.ABSOLUTE and quantile is not None and _one_sided(bound):
        inside = (1 + quantile) / 2 if limit.max is not None else quantile / 2
        share = inside if stated is None else stated
        return _quantile(bound, Basis.ASSUMED, math.nan, partial(_same, share))
    return Unknown(
        f"how far {bound.metric.name} scatters was never seen; record the baseline, "
        f"{'twice a case, ' if limit.compares else ''}or plan with a pilot run"
    )


def _half_the_room(bound: Bound) -> float:
    """Return a rate in the middle between the limits, or between the one there is and the end."""
    low = 0.0 if bound.limit.min is None else bound.limit.min
    high = 1.0 if bound.limit.max is None else bound.limit.max
    return (low + high) / 2


def _one_sided(bound: Bound) -> bool:
    return bound.limit.min is None or bound.limit.max is None


def _same(share: float, truth: float) -> float:
    del truth
    return share
