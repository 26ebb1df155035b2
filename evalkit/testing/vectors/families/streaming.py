"""Evidence that may be looked at at any time."""

from __future__ import annotations

from evalkit.stats.streaming import (
    Events,
    Prior,
    log_e_above,
    log_e_below,
    log_e_different,
    log_e_planned,
    running_boundary,
)
from evalkit.testing.vectors.data import claim as parsed
from evalkit.testing.vectors.methods import Outputs, method


@method
def bernoulli_eprocess_log(*, n: int, x: int, bound: float, planned: float) -> Outputs:
    return {"log_e": log_e_planned(Events(x, n), bound, planned)}


@method
def beta_binomial_log_evalue(
    *, x: int, n: int, theta0: float, prior_a: float, prior_b: float
) -> Outputs:
    return {"log_e": log_e_different(Events(x, n), theta0, Prior(prior_a, prior_b))}


@method
def beta_binomial_log_evalue_one_sided(
    *, x: int, n: int, theta0: float, prior_a: float, prior_b: float, claim: str
) -> Outputs:
    above, _ = parsed(claim)
    function = log_e_above if above else log_e_below
    return {"log_e": function(Events(x, n), theta0, Prior(prior_a, prior_b))}


@method
def normal_mixture_bound(*, v: float, alpha: float, v_opt: float, one_sided: bool) -> Outputs:
    return {"bound": running_boundary(v, alpha, tuned_for=v_opt, one_sided=one_sided)}
