"""Ranks of quantile limits, p-values of several bounds, and verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from evalkit.core.envelope import Limit, LimitKind
from evalkit.stats.decision import proves_inside, proves_outside
from evalkit.stats.multiplicity import benjamini_hochberg, holm
from evalkit.stats.quantile import rank_limits
from evalkit.testing.vectors.data import floats
from evalkit.testing.vectors.methods import Outputs, method


@method
def quantile_order_stat_ranks(*, n: int, q: float, confidence_one_sided: float) -> Outputs:
    lower, upper = rank_limits(n, q, 1 - confidence_one_sided)
    return {"lower_rank": lower or None, "upper_rank": upper if upper <= n else None}


@method
def p_adjust(*, p: Sequence[float]) -> Outputs:
    found = floats(p).tolist()
    return {"holm": holm(found), "bh": benjamini_hochberg(found)}


@method
def verdict(
    *, lower: float | None, upper: float | None, bound: Mapping[str, float | None]
) -> Outputs:
    low = -math.inf if lower is None else lower
    high = math.inf if upper is None else upper
    limit = Limit(LimitKind.ABSOLUTE, bound.get("min"), bound.get("max"))
    return {"verdict": word_of(low, high, limit)}


def word_of(lower: float, upper: float, limit: Limit) -> str:
    """Return PASS, FAIL or INCONCLUSIVE."""
    if proves_inside(lower, upper, limit):
        return "PASS"
    return "FAIL" if proves_outside(lower, upper, limit) else "INCONCLUSIVE"
