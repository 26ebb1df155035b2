"""Independent reference values are held against our implementations.

A file of vectors is a JSON list of ``{id, method, inputs, expected, tolerance, source}``. Each
method has one function here that hands the inputs to the statistics as a gate would and gives the
outputs back under the names of the vector.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from evalkit.core.envelope import Limit, LimitKind, Statistic, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stats import binomial, gaffke
from evalkit.stats.arrays import FloatArray
from evalkit.stats.decision import proves_inside, proves_outside
from evalkit.stats.estimates import engine_of
from evalkit.stats.evidence import Evidence, Observed, cluster_sums
from evalkit.stats.gaffke import Units
from evalkit.stats.multiplicity import benjamini_hochberg, holm
from evalkit.stats.planning import least_units
from evalkit.stats.quantile import rank_limits
from evalkit.stats.ratio import fieller_limit
from evalkit.stats.repeats import Components
from evalkit.stats.skew_t import Spread
from evalkit.stats.tally import Tally

Outputs: TypeAlias = Mapping[str, Any]
Method: TypeAlias = Callable[..., Outputs]

METHODS: dict[str, Method] = {}
UNIT = Support(0.0, 1.0)
DIFFERENCE = Support(-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Vector:
    """One reference value with where it comes from."""

    id: str
    method: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: float
    relative: bool
    source: str


def read_vectors(path: Path) -> list[Vector]:
    """Return the vectors of a file."""
    return [
        Vector(
            id=item["id"],
            method=item["method"],
            inputs=item["inputs"],
            expected=item["expected"],
            tolerance=item["tolerance"],
            relative=item.get("tolerance_kind") == "relative",
            source=item["source"],
        )
        for item in json.loads(path.read_text(encoding="utf-8"))
    ]


def mismatches(vector: Vector) -> Iterator[str]:
    """Yield a sentence for each expected value that we do not reproduce.

    Raises:
        KeyError: no function implements the method.
    """
    known = {key: value for key, value in vector.inputs.items() if key != "note"}
    found = METHODS[vector.method](**known)
    for name, wanted in vector.expected.items():
        if name == "note":
            continue
        if name not in found:
            yield f"{vector.id}: {name} is not computed"
        elif not _agrees(found[name], wanted, vector):
            yield f"{vector.id}: {name} is {found[name]}, expected {wanted} ({vector.source})"


def _agrees(found: Any, wanted: Any, vector: Vector) -> bool:
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(
            _agrees(a, b, vector) for a, b in zip(found, wanted, strict=True)
        )
    if isinstance(wanted, (str, bool)) or wanted is None or found is None:
        return bool(found == wanted)
    if math.isinf(found):
        return False
    scale = abs(wanted) if vector.relative else 1.0
    return bool(abs(found - wanted) <= vector.tolerance * scale)


def method(function: Method) -> Method:
    """Register a function as the implementation of the method of its name."""
    METHODS[function.__name__] = function
    return function


# ---------------------------------------------------------------- proportions and bounded means


@method
def clopper_pearson(*, x: int, n: int, confidence_one_sided: float) -> Outputs:
    alpha = 1 - confidence_one_sided
    return {"lower": binomial.lower_limit(x, n, alpha), "upper": binomial.upper_limit(x, n, alpha)}


@method
def exact_binomial_pvalues(*, x: int, n: int, bound: float) -> Outputs:
    return {
        "p_claim_above": binomial.p_above(x, n, bound),
        "p_claim_below": binomial.p_below(x, n, bound),
    }


@method
def clopper_pearson_worst_case_missing(
    *, successes: int, n_observed: int, n_missing: int, confidence_one_sided: float
) -> Outputs:
    alpha, n = 1 - confidence_one_sided, n_observed + n_missing
    return {
        "lower": binomial.lower_limit(successes, n, alpha),
        "upper": binomial.upper_limit(successes + n_missing, n, alpha),
    }


@method
def gaffke_mean(
    *, x: Sequence[float], support: Sequence[float], confidence_one_sided: float
) -> Outputs:
    return _gaffke_limits(_units(x, Support(*support)), Support(*support), confidence_one_sided)


@method
def gaffke_pvalues(*, x: Sequence[float], support: Sequence[float], bound: float) -> Outputs:
    units = _units(x, Support(*support))
    return {
        "p_claim_mean_below": gaffke.p_below(units, Support(*support), bound),
        "p_claim_mean_above": gaffke.p_above(units, Support(*support), bound),
    }


@method
def gaffke_paired_delta(*, losses: int, gains: int, n: int, confidence_one_sided: float) -> Outputs:
    return _gaffke_limits(_paired(losses, gains, n), DIFFERENCE, confidence_one_sided)


@method
def gaffke_paired_delta_pvalues(*, losses: int, gains: int, n: int, margin: float) -> Outputs:
    units = _paired(losses, gains, n)
    return {
        "p_claim_delta_above_minus_margin": gaffke.p_above(units, DIFFERENCE, -margin),
        "p_claim_delta_below_plus_margin": gaffke.p_below(units, DIFFERENCE, margin),
    }


@method
def gaffke_clustered_mean(
    *, cluster_sums: Sequence[float], cluster_sizes: Sequence[float], support: Sequence[float],
    confidence_one_sided: float,
) -> Outputs:  # fmt: skip
    sums, sizes = np.array(cluster_sums, float), np.array(cluster_sizes, float)
    units = Units(sums, sizes, np.ones_like(sums))
    return _gaffke_limits(units, Support(*support), confidence_one_sided)


@method
def delta_golden_set_pooled(
    *, cases: int, k_candidate: int, g_baseline_per_candidate_draw: int,
    candidate: Sequence[Sequence[int]], baseline_counts: Sequence[Sequence[int]], margin: float,
    confidence_one_sided: float,
) -> Outputs:  # fmt: skip
    each = g_baseline_per_candidate_draw
    # A count of successes among so many draws, one draw after the other.
    baseline = [[float(n < x) for x in counts for n in range(each)] for counts in baseline_counts]
    arms = {Arm.CANDIDATE: _observed(candidate), Arm.BASELINE: _observed(baseline)}
    evidence = Evidence(cases, arms).by_draw(list(Arm))
    assert evidence.draws == k_candidate
    engine = engine_of(evidence, LimitKind.DELTA, Arm.CANDIDATE, Statistic("rate"), UNIT)
    assert not isinstance(engine, Unmeasured)
    alpha = 1 - confidence_one_sided
    return {
        "estimate": engine.value,
        "lower": engine.lower(alpha),
        "upper": engine.upper(alpha),
        "p_lower": engine.p_above(-margin),
        "p_upper": engine.p_below(margin),
    }


@method
def variance_components_anova(*, values: Sequence[Sequence[float]]) -> Outputs:
    found = Components.of(_observed(values), len(values))
    assert found is not None
    return {
        "ms_between": found.mean_square_between,
        "ms_within": found.mean_square_within,
        "var_within": found.within,
        "var_between": found.between,
        "icc": found.correlation,
    }


def _observed(draws: Sequence[Sequence[float]]) -> Observed:
    case = np.repeat(np.arange(len(draws)), [len(found) for found in draws])
    return Observed(case, np.array([x for found in draws for x in found], float), case >= 0)


def _units(values: Sequence[float], support: Support) -> Units:
    return Tally.of(np.array(values, float), support).units


def _paired(losses: int, gains: int, n: int) -> Units:
    return _units([-1.0] * losses + [1.0] * gains + [0.0] * (n - losses - gains), DIFFERENCE)


def _gaffke_limits(units: Units, support: Support, confidence: float) -> Outputs:
    alpha = 1 - confidence
    return {
        "estimate": units.mean,
        "lower": gaffke.lower_limit(units, support, alpha),
        "upper": gaffke.upper_limit(units, support, alpha),
    }


# ---------------------------------------------------------------- unbounded means


@method
def t_interval(*, x: Sequence[float], confidence_one_sided: float) -> Outputs:
    spread = _spread(x)
    alpha = 1 - confidence_one_sided
    return {"lower": spread.t_lower(alpha), "upper": spread.t_upper(alpha)}


@method
def hall_skew_t(*, x: Sequence[float], confidence_one_sided: float) -> Outputs:
    spread = _spread(x)
    alpha = 1 - confidence_one_sided
    return {
        "estimate": spread.mean,
        "lower": spread.hall_lower(alpha),
        "upper": spread.hall_upper(alpha),
    }


@method
def skew_guarded_t(*, x: Sequence[float], confidence_one_sided: float) -> Outputs:
    return _guarded(_spread(x), confidence_one_sided)


@method
def skew_guarded_t_clustered(
    *, y: Sequence[float], cluster: Sequence[int], confidence_one_sided: float
) -> Outputs:
    return _guarded(_clustered_spread(y, cluster), confidence_one_sided)


@method
def cluster_robust_mean_cr2(
    *, y: Sequence[float], cluster: Sequence[int], confidence_one_sided: float
) -> Outputs:
    spread = _clustered_spread(y, cluster)
    alpha = 1 - confidence_one_sided
    return {
        "estimate": spread.mean,
        "se": spread.error,
        "df": spread.freedom,
        "lower": spread.t_lower(alpha),
        "upper": spread.t_upper(alpha),
        "se_cr1": _cr1_error(y, cluster),
    }


def _spread(values: Sequence[float]) -> Spread:
    found = np.array(values, float)
    return Spread.of(found, np.ones_like(found))


def _clustered_spread(values: Sequence[float], cluster: Sequence[int]) -> Spread:
    return Spread.of(*cluster_sums(np.array(values, float), np.array(cluster, np.int64)))


def _guarded(spread: Spread, confidence: float) -> Outputs:
    alpha = 1 - confidence
    return {
        "estimate": spread.mean,
        "se": spread.error,
        "df": spread.freedom,
        "skewness": spread.skew,
        "lower": spread.lower(alpha),
        "upper": spread.upper(alpha),
    }


def _cr1_error(values: Sequence[float], cluster: Sequence[int]) -> float:
    """Return the simpler cluster-robust error that others use; only for comparison."""
    sums, sizes = cluster_sums(np.array(values, float), np.array(cluster, np.int64))
    n, clusters = float(sizes.sum()), sums.size
    residuals = sums - sizes * (float(sums.sum()) / n)
    return math.sqrt(clusters / (clusters - 1) * float((residuals**2).sum())) / n


# ---------------------------------------------------------------- ratios, quantiles, decisions


@method
def ratio_of_means_fieller_t(
    *, base: Sequence[float], cand: Sequence[float], confidence_one_sided: float
) -> Outputs:
    return _fieller(base, cand, confidence_one_sided, Spread.t_lower, Spread.t_upper)


@method
def ratio_of_means_fieller_hall(
    *, base: Sequence[float], cand: Sequence[float], confidence_one_sided: float
) -> Outputs:
    return _fieller(base, cand, confidence_one_sided, Spread.hall_lower, Spread.hall_upper)


def _fieller(
    base: Sequence[float], cand: Sequence[float], confidence: float,
    lower: Callable[[Spread, float], float], upper: Callable[[Spread, float], float],
) -> Outputs:  # fmt: skip
    baseline, candidate = np.array(base, float), np.array(cand, float)
    ratio, alpha = float(candidate.mean() / baseline.mean()), 1 - confidence

    def spread(factor: float) -> Spread:
        difference: FloatArray = candidate - factor * baseline
        return _spread(difference.tolist())

    return {
        "estimate": ratio,
        "lower": fieller_limit(lambda r: lower(spread(r), alpha), ratio, upward=False),
        "upper": fieller_limit(lambda r: upper(spread(r), alpha), ratio, upward=True),
    }


@method
def quantile_order_stat_ranks(*, n: int, q: float, confidence_one_sided: float) -> Outputs:
    lower, upper = rank_limits(n, q, 1 - confidence_one_sided)
    return {"lower_rank": lower or None, "upper_rank": upper if upper <= n else None}


@method
def p_adjust(*, p: Sequence[float]) -> Outputs:
    return {"holm": holm(p), "bh": benjamini_hochberg(p)}


@method
def verdict(*, lower: float, upper: float, bound: Mapping[str, float]) -> Outputs:
    limit = Limit(LimitKind.ABSOLUTE, bound.get("min"), bound.get("max"))
    if proves_inside(lower, upper, limit):
        return {"verdict": "PASS"}
    return {"verdict": "FAIL" if proves_outside(lower, upper, limit) else "INCONCLUSIVE"}


@method
def plan_n_min_zero_failures(*, margin: float, alpha: float) -> Outputs:
    return {"n": least_units(DIFFERENCE, -margin, margin, alpha)}
