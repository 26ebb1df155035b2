"""Other ways to judge a paired difference, and a mean as its values come."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.stats import paired_exact
from evalkit.stats.betting import Plan, bet_above
from evalkit.stats.paired_exact import Outcome
from evalkit.testing.comparison.tango import PairedCounts
from evalkit.testing.vectors.data import claim as parsed
from evalkit.testing.vectors.data import floats
from evalkit.testing.vectors.methods import Outputs, method


@method
def tango_score_ci(
    *, n11: int, n12: int, n21: int, n22: int, confidence_one_sided: float
) -> Outputs:
    found, alpha = PairedCounts(n12, n21, n11 + n12 + n21 + n22), 1 - confidence_one_sided
    return {"estimate": found.value, "lower": found.lower(alpha), "upper": found.upper(alpha)}


@method
def paired_exact_unconditional(
    *, b: int, c: int, n: int, margin: float, gamma: float, claim: str = "> -margin"
) -> Outputs:
    above, bound = parsed(claim)
    if isinstance(bound, str):
        bound = {"margin": margin, "-margin": -margin}[bound]
    outcome = Outcome(losses=b, gains=c, pairs=n)
    # Below a bound is above its mirror image, with the arms exchanged.
    outcome, bound = (outcome, bound) if above else (outcome.mirrored, -bound)
    score = paired_exact.statistic(outcome.losses, outcome.gains, n, bound)
    return {
        "statistic": score,
        "q_upper": paired_exact.discordance_limit(outcome, gamma),
        "p_value": paired_exact.p_above(outcome, bound, gamma=gamma),
    }


@method
def star_psi(
    *, x: Sequence[float], m: float, alpha: float, plan_values: Sequence[float],
    plan_probs: Sequence[float], plan_weight: float, cap: float, grid: int,
    horizon: int | None = None,
) -> Outputs:  # fmt: skip
    plan = Plan(floats(plan_values), floats(plan_probs), plan_weight, grid, cap)
    bet = bet_above(floats(x), m, alpha, plan, horizon=horizon)
    return {
        "log_wealth": bet.log_wealth,
        "stopped_at": bet.stopped_at,
        "p_value": bet.p_value,
        "claim_mean_above_m": bet.stopped_at is not None,
    }
