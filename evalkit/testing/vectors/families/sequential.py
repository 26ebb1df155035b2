"""Tests that look at their data a few times, or after every observation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evalkit.stats import gaffke
from evalkit.testing.comparison.group_sequential import (
    nominal_levels,
    obrien_fleming_spending,
    power_spending,
    upper_bounds,
)
from evalkit.testing.comparison.sprt import mean_sample_numbers
from evalkit.testing.vectors.data import DIFFERENCE, changes
from evalkit.testing.vectors.data import claim as parsed
from evalkit.testing.vectors.methods import Outputs, method

# ruff: noqa: N803 - K is the word of the vectors


@method
def gst_power_family_bounds(
    *, rho: float, alpha_one_sided: float, K: int | None = None, t: Sequence[float] | None = None
) -> Outputs:
    return _bounds(_looks(K, t), power_spending(alpha_one_sided, rho))


@method
def gst_obf_spending_bounds(
    *, alpha_one_sided: float, K: int | None = None, t: Sequence[float] | None = None
) -> Outputs:
    return _bounds(_looks(K, t), obrien_fleming_spending(alpha_one_sided))


@method
def group_sequential_look_decision(
    *, look: int, K: int, rho: float, n_look: int, losses: int, gains: int, claim: str,
    alpha_one_sided: float = 0.05,
) -> Outputs:  # fmt: skip
    above, bound = parsed(claim)
    if isinstance(bound, str):
        raise ValueError(f"expected a claim with a number, found {claim!r}")  # noqa: TRY004
    p_value = gaffke.p_above if above else gaffke.p_below
    p = p_value(changes(losses, gains, n_look), DIFFERENCE, bound)
    bounds = upper_bounds(_looks(K, None), power_spending(alpha_one_sided, rho))
    nominal = nominal_levels(bounds)[look - 1]
    return {"p": p, "nominal_alpha": nominal, "stop_pass": p <= nominal}


@method
def wald_sprt_asn(*, p0: float, p1: float, alpha: float, beta: float) -> Outputs:
    at_null, at_alternative = mean_sample_numbers(p0, p1, alpha=alpha, beta=beta)
    return {"asn_h0": at_null, "asn_h1": at_alternative}


def _looks(count: int | None, shares: Sequence[float] | None) -> list[float]:
    if shares is not None:
        return list(shares)
    if not count:
        raise ValueError("expected K looks, or t with the information shares of the looks")
    return [look / count for look in range(1, count + 1)]


def _bounds(shares: list[float], spending: Callable[[float], float]) -> Outputs:
    found = upper_bounds(shares, spending)
    return {"z": found, "nominal_p": nominal_levels(found)}
