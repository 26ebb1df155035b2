"""Rules that decide on a rate and a floor, with exact error rates, coverage and widths.

A rule is a pair of limits for every number of successes, so that whatever it does is a sum of exact
probabilities. Rules in use elsewhere are written anew by what they do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeAlias

import numpy as np
from scipy.stats import binom

from evalkit.stats import binomial
from evalkit.stats.arrays import FloatArray
from tests.calibration.layout import ALPHA, SIZES, Z, both, head, spread

Limits: TypeAlias = Callable[[int], tuple[FloatArray, FloatArray]]
"""For n cases: the lower and the upper limit, each at 95 %, for 0 to n successes.

A lower limit at the floor or above passes; an upper limit below the floor is a broken bound.
"""

FLOORS = (0.5, 0.8, 0.9, 0.95, 0.99)
KEPT = ((0.9, 0.95), (0.95, 1.0))
"""A floor, and the rate of a candidate that keeps it."""


@cache
def exact(n: int) -> tuple[FloatArray, FloatArray]:
    """Return the exact limits (Clopper–Pearson, which is engine G on 0s and 1s): evalkit."""
    lower = [binomial.lower_limit(x, n, ALPHA) for x in range(n + 1)]
    # The upper limit of so many successes is the lower limit of as many failures.
    return np.array(lower), 1 - np.array(lower[::-1])


def wald(n: int) -> tuple[FloatArray, FloatArray]:
    """Return estimate ± 1.645 standard errors: the CLT interval of many tools."""
    share = np.arange(n + 1) / n
    error = Z * np.sqrt(share * (1 - share) / n)
    return share - error, share + error


def wilson(n: int) -> tuple[FloatArray, FloatArray]:
    """Return the limits at which the score test is just not significant."""
    share = np.arange(n + 1) / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + (Z / (2 * n)) ** 2)
    return np.maximum(middle - reach, 0), np.minimum(middle + reach, 1)


def bootstrap(n: int) -> tuple[FloatArray, FloatArray]:
    """Return the 5th and the 95th percentile of resampled rates: the percentile bootstrap.

    Resampling 0s and 1s is drawing from a binomial distribution, whose percentiles are exact.
    """
    share = np.arange(n + 1) / n
    return binom.ppf(ALPHA, n, share) / n, binom.ppf(1 - ALPHA, n, share) / n


def point(n: int) -> tuple[FloatArray, FloatArray]:
    """Return the estimate twice: a threshold on a score."""
    share = np.arange(n + 1) / n
    return share, share


def not_significant(n: int) -> tuple[FloatArray, FloatArray]:
    """Return the exact upper limit twice: whatever is not significantly below the floor passes."""
    _, upper = exact(n)
    return upper, upper


RULES: dict[str, Limits] = {
    "evalkit (exact)": exact,
    "CLT interval": wald,
    "Wilson interval": wilson,
    "percentile bootstrap": bootstrap,
    "point comparison": point,
    "not significant = pass": not_significant,
}

INTERVALS = ("evalkit (exact)", "CLT interval", "Wilson interval", "percentile bootstrap")


def passes(rule: Limits, n: int, floor: float, truth: float) -> float:
    """Return the probability that a rule passes."""
    lower, _ = rule(n)
    return float(_chances(n, truth) @ (lower >= floor))


def fails(rule: Limits, n: int, floor: float, truth: float) -> float:
    """Return the probability that a rule calls the bound broken."""
    _, upper = rule(n)
    return float(_chances(n, truth) @ (upper < floor))


def coverage(rule: Limits, n: int, truth: float) -> float:
    """Return the probability that the truth lies within both limits."""
    lower, upper = rule(n)
    return float(_chances(n, truth) @ ((lower <= truth + 1e-12) & (truth - 1e-12 <= upper)))


def width(rule: Limits, n: int, truth: float) -> float:
    """Return how far both limits lie apart on average."""
    lower, upper = rule(n)
    return float(_chances(n, truth) @ (upper - lower))


def _chances(n: int, truth: float) -> FloatArray:
    return np.asarray(binom.pmf(np.arange(n + 1), n, truth), np.float64)


# ---------------------------------------------------------------- tables


def error_tables() -> Iterator[str]:
    """Yield what every rule does with a rate on its floor."""
    for name, rule in RULES.items():
        yield f"\n**{name}**: passes / is called broken where the truth is the floor, in %\n"
        yield head("floor")
        for floor in FLOORS:
            cells = {
                n: both(passes(rule, n, floor, floor), fails(rule, n, floor, floor)) for n in SIZES
            }
            yield spread([f"{floor:g}"], cells)


def power_tables() -> Iterator[str]:
    """Yield what every rule does with a candidate that keeps the floor."""
    for floor, truth in KEPT:
        yield f"\nFloor {floor:g}, truth {truth:g}: passes / is called broken, in %\n"
        yield head("rule")
        for name, rule in RULES.items():
            cells = {
                n: both(passes(rule, n, floor, truth), fails(rule, n, floor, truth)) for n in SIZES
            }
            yield spread([name], cells)


def coverage_tables() -> Iterator[str]:
    """Yield how often an interval holds the truth, and how wide it is."""
    for name in INTERVALS:
        rule = RULES[name]
        yield f"\n**{name}**: holds the truth in % / mean width in points\n"
        yield head("truth")
        for truth in (*FLOORS, 1.0):
            cells = {n: both(coverage(rule, n, truth), width(rule, n, truth)) for n in SIZES}
            yield spread([f"{truth:g}"], cells)


def worst_pass(rule: Limits, *, least: int = SIZES[0]) -> float:
    """Return the highest rate of wrong passes from so many cases on."""
    return max(passes(rule, n, floor, floor) for n in SIZES if n >= least for floor in FLOORS)


def worst_fail(rule: Limits) -> float:
    """Return the highest rate at which a rate on its floor is called broken."""
    return max(fails(rule, n, floor, floor) for n in SIZES for floor in FLOORS)


def least_coverage(rule: Limits) -> float:
    """Return how rarely an interval holds the truth at worst."""
    return min(coverage(rule, n, truth) for n in SIZES for truth in (*FLOORS, 1.0))


SIX = ((0.85, 0.90), (0.95, 0.98), (0.97, 0.99), (0.90, 0.94), (0.95, 0.98), (0.98, 0.995))
"""Six floors of an envelope, and a candidate that keeps all of them."""


def blocked() -> str:
    """Return how often six bounds block a harmless candidate by point comparison."""
    found = {
        n: 1 - math.prod(passes(point, n, floor, truth) for floor, truth in SIX)
        for n in (40, 80, 150)
    }
    return ", ".join(f"{100 * share:.0f}\u00a0% at {n} cases" for n, share in found.items())
