"""A baseline recording becomes bounds here: which are worth a line, and how tight each may be.

Pure: what an unchanged candidate may expect of a bound is told by whoever plans, through ``Reach``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np

from evalkit.core.envelope import Bound, Kind, Limit, LimitKind
from evalkit.core.model import ABSENT, Arm, Case, Json
from evalkit.core.verdict import Estimate
from evalkit.stats.doubt import doubt_about
from evalkit.stats.evidence import Evidence
from evalkit.stats.planning import ASSUMED_DISCORDANCE, paired_start, rate_chances

USUAL_MARGIN = 0.03
"""What people ask for against the baseline: 3 points."""

RIGHT_ENOUGH = 0.5
"""A scorer that finds so many of the baseline's answers right reads what the references mean."""

ACCURACY = "accuracy"
MOST_FIELDS = 4
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""What a metric may be called."""

TWO_DIGITS = 1


class Reach(Protocol):
    """How far the limits of an unchanged candidate's runs reach."""

    def margins(self, n: int, aim: float) -> tuple[float, float] | None:
        """Return both limits that it keeps with a chance of ``aim``."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A bound whose limit is still open.

    ``wide`` is how far a limit may lie from today's value and still say something: in the metric's
    own unit, or as a share of the value where ``relative``. Drafts of one ``group`` stand in for
    each other: the first that can be proven is taken.
    """

    metric: str
    sides: tuple[str, ...]
    wide: float
    group: str
    compares: bool = False
    relative: bool = False
    statistic: str | None = None
    severity: str | None = None

    def written(self, limit: Mapping[str, Json]) -> dict[str, Json]:
        """Return the bound with a limit, as an envelope file holds it."""
        found: dict[str, Json] = {"metric": self.metric}
        if self.statistic is not None:
            found["statistic"] = self.statistic
        if not self.compares:
            found |= limit
        else:
            found["delta"] = limit["max"] if len(self.sides) > 1 else dict(limit)
        return found if self.severity is None else {**found, "severity": self.severity}

    def open_limit(self) -> dict[str, Json]:
        """Return a limit of the right form, tighter than anything could prove."""
        if self.compares:
            return {side: 0.001 if side == "max" else -0.001 for side in self.sides}
        if len(self.sides) > 1:
            return {"min": 0.001, "max": 0.002}
        return {side: 0.001 if side == "max" else 0.999 for side in self.sides}


def drafts(accuracy: Sequence[str], *, timed: bool, priced: bool) -> Iterator[Draft]:
    """Yield the bounds that are worth a line, those that stand in for others behind them.

    Args:
        accuracy: the metrics that compare with references.
        timed: whether every answer says how long it took.
        priced: whether every answer says what it cost.
    """
    for metric in accuracy:
        yield Draft(metric, ("min",), 0.25, f"{metric} min")
        yield Draft(metric, ("min",), 0.2, f"{metric} delta", compares=True)
    yield Draft("refusal", ("min", "max"), 0.2, "refusal", compares=True)
    yield Draft("error_rate", ("max",), 0.1, "error_rate")
    yield Draft("length.words", ("min", "max"), 1.0, "length", relative=True, statistic="mean")
    if timed:
        for statistic in ("p95", "p90", "p50"):
            yield Draft("latency_ms", ("max",), 2.0, "latency", relative=True, statistic=statistic)
    if priced:
        yield Draft(
            "cost_usd", ("max",), 1.0, "cost", relative=True, statistic="mean", severity="warn"
        )


# ---------------------------------------------------------------- accuracy


def readings(cases: Sequence[Case], taken: Collection[str] = ()) -> dict[str, dict[str, Json]]:
    """Return the scorers that could read the references, strictest first, by metric.

    A field of the references that is called like one of the names ``taken`` gets another name.
    """
    references = [case.reference for case in cases]
    if not references or ABSENT in references:
        return {}
    mappings = [reference for reference in references if isinstance(reference, dict)]
    if len(mappings) == len(references):
        return {
            f"{key}-field" if key in {ACCURACY, *taken} else key: {
                "scorer": "json_field",
                "field": key,
                "reference_field": key,
            }
            for key in _common(mappings)
        }
    if mappings:
        return {}
    return {
        ACCURACY: {"scorer": "exact_match", "ignore_case": True},
        "accuracy-contains": {"scorer": "contains"},
        **({"accuracy-numeric": {"scorer": "numeric"}} if all(map(_is_number, references)) else {}),
    }


def _common(references: Sequence[Mapping[str, Json]]) -> list[str]:
    """Return the keys with one plain value each that every reference has."""
    plain = [
        key
        for key in references[0]
        if _WORD.fullmatch(key)
        and all(isinstance(each.get(key), str | int | float) for each in references)
    ]
    return plain[:MOST_FIELDS]


def _is_number(reference: object) -> bool:
    return isinstance(reference, int | float) and not isinstance(reference, bool)


def chosen(rates: Mapping[str, float]) -> str | None:
    """Return the strictest reading that finds enough right, else the one that finds most.

    >>> chosen({"exact": 0.03, "contains": 0.88})
    'contains'
    >>> chosen({"exact": 0.01, "contains": 0.02}) is None
    True
    """
    for name, rate in rates.items():
        if rate >= RIGHT_ENOUGH:
            return name
    best = max(rates, key=lambda name: rates[name], default=None)
    return best if best is not None and rates[best] >= RIGHT_ENOUGH / 2 else None


# ---------------------------------------------------------------- noise and limits


def discordance(baseline: Estimate) -> float:
    """Return on which share of cases two draws are taken to differ, where each was drawn once.

    Two draws of a rate p never differ on more than 2p(1 − p) of the cases; p is taken where its
    interval comes nearest to a half.

    >>> from evalkit.core.verdict import Estimate
    >>> round(discordance(Estimate(0.0, 0.0, 0.01, 0.95, 300, 300, 300, 0, "G")), 4)
    0.0198
    """
    rate = min(max(0.5, baseline.lower), baseline.upper)
    return min(ASSUMED_DISCORDANCE, 2 * rate * (1 - rate))


def reach_of(
    bound: Bound, seen: Reach, evidence: Evidence, n: int, aim: float
) -> tuple[float, float] | None:
    """Return the limits that an unchanged candidate keeps with a chance of ``aim``, if there are."""
    quantile = bound.statistic.quantile
    found = seen.margins(n, aim)
    if found is not None or quantile is None or bound.limit.kind is not LimitKind.ABSOLUTE:
        return found
    values = np.sort(evidence.arms[Arm.BASELINE].without_gaps().values)
    # One more answer may lie beyond all that were seen: the share below the k-th is k/(n + 1).
    kept = [
        rate_chances(n, quantile, None, (place + 1) / (values.size + 1), bound.alpha)[0] >= aim
        for place in range(values.size)
    ]
    if True not in kept or not math.isfinite(values[kept.index(True)]):
        return None
    return 0.0, float(values[kept.index(True)])


def reach_by_interval(told: Estimate, alpha: float, aim: float) -> tuple[float, float] | None:
    """Return about the same by the interval of one run: a first guess, for whoever tries it out.

    The limits of another run lie as far from its value as those of this one, and its value
    scatters by what their distance stands for.
    """
    normal = NormalDist()
    factor = 1 + normal.inv_cdf(aim) / normal.inv_cdf(1 - alpha)
    found = (
        told.value - (told.value - told.lower) * factor,
        told.value + (told.upper - told.value) * factor,
    )
    return found if math.isfinite(found[1]) else None


def beyond_doubt(
    reach: tuple[float, float], bound: Bound, evidence: Evidence
) -> tuple[float, float]:
    """Return limits as far out as the mistakes of the detector behind them may move a number."""
    doubt = doubt_about(bound, evidence.mistakes)
    return reach if doubt is None else (reach[0] - doubt.down, reach[1] + doubt.up)


def limit_of(
    draft: Draft, bound: Bound, reach: tuple[float, float], value: float, *, wider: float = 1.0
) -> Limit | None:
    """Return the limit of a draft, rounded outward; nothing where it would say nothing.

    Args:
        draft: the bound to be.
        bound: the same with an open limit.
        reach: where the limits of an unchanged candidate lie.
        value: what the limit is laid on today.
        wider: how many times as far from that value as the reach asks for.
    """
    low, high = (value + (end - value) * wider for end in reach)
    kind = bound.metric.kind
    sides = {
        "min": _outward(low, low - value, kind, down=True),
        "max": _outward(high, high - value, kind, down=False),
    }
    room = draft.wide * abs(value) if draft.relative else draft.wide
    if any(abs(sides[side] - value) > room for side in draft.sides):
        return None
    if kind is Kind.RATE and not draft.compares and not 0 < sides[draft.sides[0]] < 1:
        return None
    if draft.compares and len(draft.sides) > 1:
        most = max(-sides["min"], sides["max"])
        sides = {"min": -most, "max": most}
    minimum = sides["min"] if "min" in draft.sides else None
    maximum = sides["max"] if "max" in draft.sides else None
    return Limit(bound.limit.kind, minimum, maximum)


def wish(bound: Bound, discordance: float, aim: float) -> tuple[float, int] | None:
    """Return the usual margin and about how many cases it takes, where the proposed one is wider."""
    sides = [abs(side) for side in (bound.limit.min, bound.limit.max) if side is not None]
    if max(sides) <= USUAL_MARGIN:
        return None
    return USUAL_MARGIN, paired_start(
        USUAL_MARGIN, discordance, bound.alpha, aim, both=len(sides) > 1
    )


def written_limit(limit: Limit, kind: Kind) -> dict[str, Json]:
    """Return the sides of a limit as an envelope file holds them.

    >>> written_limit(Limit(LimitKind.DELTA, -0.035, 0.035), Kind.RATE)
    {'min': '-3.5%', 'max': '3.5%'}
    """
    sides = {"min": limit.min, "max": limit.max}
    return {
        name: f"{100 * side:.10g}%" if kind is Kind.RATE else float(f"{side:.10g}")
        for name, side in sides.items()
        if side is not None
    }


def _outward(end: float, distance: float, kind: Kind, *, down: bool) -> float:
    """Return a limit on a round number that lies no nearer to today's value."""
    if kind in {Kind.RATE, Kind.SCORE}:
        step = 0.01 if abs(distance) > 0.05 else 0.005
    else:
        step = 10.0 ** (math.floor(math.log10(abs(end))) - TWO_DIGITS) if end else 1.0
    steps = end / step
    return float(f"{(math.floor(steps + 1e-9) if down else math.ceil(steps - 1e-9)) * step:.10g}")
