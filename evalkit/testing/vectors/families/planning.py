"""How many cases a bound needs, and its chance to be proven."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from evalkit.stats.least import least_units
from evalkit.stats.planning import (
    Changes,
    cases_for_floor,
    critical_successes,
    floor_power,
    paired_chances,
    paired_start,
)
from evalkit.testing.comparison.tango import noninferiority_power
from evalkit.testing.vectors.data import DIFFERENCE
from evalkit.testing.vectors.methods import Outputs, method


@method
def plan_n_min_zero_failures(*, margin: float, alpha: float) -> Outputs:
    return {"n": least_units(DIFFERENCE, -margin, margin, alpha)}


@method
def plan_n_exact_binomial(*, bound: float, planned: float, alpha: float, power: float) -> Outputs:
    # What is planned below a bound is a floor under what does not happen.
    ceiling = planned < bound
    floor, truth = (1 - bound, 1 - planned) if ceiling else (bound, planned)
    cases = cases_for_floor(floor, truth, alpha, power)
    if cases is None:
        return {"n": None, "n_safe": None, "critical_x": None}
    critical = critical_successes(cases.first, floor, alpha)
    return {
        "n": cases.first,
        "n_safe": cases.safe,
        "critical_x": cases.first - critical if ceiling else critical,
    }


@method
def plan_n_paired_normal_start(
    *, margin: float, discordance: float, kind: str, alpha: float, power: float
) -> Outputs:
    return {"n": paired_start(margin, discordance, alpha, power, both=_both(kind))}


@method
def power_floor_exact(*, n: int, floor: float, true_p: float, alpha: float) -> Outputs:
    return {"power": floor_power(n, floor, true_p, alpha)}


@method
def power_paired_noninferiority(
    *, n: int, margin: float, discordance: float, true_delta: float, alpha: float, method: str
) -> Outputs:
    if method == "gaffke":
        changes = Changes.of(discordance, true_delta)
        return {"power": paired_chances(n, -margin, None, changes, alpha)[0]}
    if method == "tango":
        power = noninferiority_power(
            n, margin, discordance=discordance, difference=true_delta, alpha=alpha
        )
        return {"power": power}
    raise ValueError(f"expected method gaffke or tango, found {method!r}")


@method
def joint_pass_probability(
    *, n: int, floors: Sequence[Mapping[str, float]], alpha: float
) -> Outputs:
    powers = [floor_power(n, floor["bound"], floor["truth"], alpha) for floor in floors]
    return {"probability": math.prod(powers)}


def _both(kind: str) -> bool:
    if kind not in {"NI", "EQ"}:
        raise ValueError(f"expected kind NI or EQ, found {kind!r}")
    return kind == "EQ"
