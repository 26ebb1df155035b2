"""Counts on slices become findings: where the arms differ, and how much of that chance does not explain.

Every comparison is paid for: with k of them each interval is made at the level 0.05 / k, so that
all of them hold together 95 times in 100, and the largest of many differences is no finding by itself.
Which slices are compared is decided by how many requests they have, never by what was found on them.

Assumes: users (or requests, where no user is known) are independent of each other. Approximate: a
score interval for two samples, each taken for as many requests as it is worth after what those of one
user have in common; that both arms saw the same requests is not made use of, which errs on the safe side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.envelope import Kind, Metric
from evalkit.core.model import Arm
from evalkit.core.shadow import Finding, SliceSearch
from evalkit.core.verdict import Estimate
from evalkit.stages.shadow.slices import EVERYTHING, Counts, Part, SliceCounts, SliceKey
from evalkit.stats.unpaired import RateDifference

LEAST_REQUESTS = 50
LEAST_USERS = 20
"""A slice of fewer in an arm is not compared: nothing honest could be said of it."""
SHOWN = 20
CONFIDENCE = 0.95
METHOD = "score interval, all slices at once"


@dataclass(frozen=True, slots=True)
class _Rates:
    """How often a rate is 1 on a slice, by arm."""

    known: tuple[int, int]
    ones: tuple[int, int]

    @classmethod
    def of(cls, counts: Counts, place: int) -> _Rates:
        b_known, b_ones, c_known, c_ones = counts[4 * place : 4 * place + 4]
        return cls((b_known, c_known), (b_ones, c_ones))

    def rate(self, side: int) -> float:
        return self.ones[side] / self.known[side]

    @property
    def difference(self) -> float:
        return self.rate(1) - self.rate(0)

    def without(self, other: _Rates) -> _Rates:
        known = self.known[0] - other.known[0], self.known[1] - other.known[1]
        return _Rates(known, (self.ones[0] - other.ones[0], self.ones[1] - other.ones[1]))


def found_slices(counts: SliceCounts, metrics: Mapping[str, Metric]) -> SliceSearch:
    """Return where the rates of the arms differ most, the largest certain difference first.

    Args:
        counts: what was counted on all slices.
        metrics: the metric behind each rate, for the words of its values.
    """
    places = range(len(counts.rates))
    wanted = [(key, place) for key in sorted(counts.parts) if key != EVERYTHING for place in places]
    large = [(key, place) for key, place in wanted if _is_large(counts, key, place)]
    looks = max(1, len(large))
    found = [
        _finding(counts, (key, place), metrics[counts.rates[place]], looks=looks)
        for key, place in large
    ]
    ordered = sorted(found, key=_order)
    told = sum(finding.told for finding in ordered)
    shown = ordered[: max(SHOWN, min(told, 2 * SHOWN))]
    return SliceSearch(
        fields=tuple(sorted({field for field, _ in counts.parts.keys() - {EVERYTHING}})),
        looked_at=len(wanted),
        compared=len(large),
        too_small=len(wanted) - len(large),
        least_requests=LEAST_REQUESTS,
        least_users=LEAST_USERS if counts.clustered else 0,
        confidence=CONFIDENCE,
        findings=tuple(shown),
        left_out=len(ordered) - len(shown),
    )


def _is_large(counts: SliceCounts, key: SliceKey, place: int) -> bool:
    """Return whether there are enough requests on a slice, and enough of others beside it."""
    part = counts.parts[key]
    rates = _Rates.of(part.counts, place)
    rest = _Rates.of(counts.parts[EVERYTHING].counts, place).without(rates)
    if min(*rates.known, *rest.known) < LEAST_REQUESTS:
        return False
    return not counts.clustered or _users(part, place) >= LEAST_USERS


def _users(part: Part, place: int) -> int:
    """Return how many of the kept users have requests in the arm that has fewer of them."""
    rates = [_Rates.of(counts, place) for counts in part.users.values()]
    return min(sum(each.known[side] > 0 for each in rates) for side in (0, 1))


def _order(finding: Finding) -> tuple[float, float, str, str, str]:
    return -abs(finding.least), finding.p, finding.metric, finding.field, finding.value


def _finding(
    counts: SliceCounts, of: tuple[SliceKey, int], metric: Metric, *, looks: int
) -> Finding:
    key, place = of
    everything = counts.parts[EVERYTHING]
    part = counts.parts[key]
    rates = _Rates.of(part.counts, place)
    worth = 1 / alikeness([_Rates.of(own, place) for own in part.users.values()])
    engine = RateDifference(
        rates.ones[1] * worth, rates.known[1] * worth, rates.ones[0] * worth, rates.known[0] * worth
    )
    alpha = (1 - CONFIDENCE) / looks / 2
    lower, upper = engine.lower(alpha), engine.upper(alpha)
    rest = _Rates.of(everything.counts, place).without(rates)
    return Finding(
        metric=metric.name,
        labels=metric.labels,
        field=key[0],
        value=key[1],
        requests=dict(zip(Arm, rates.known, strict=True)),
        users=part.user_count,
        baseline=rates.rate(0),
        candidate=rates.rate(1),
        effect=Estimate(
            value=rates.difference,
            lower=lower,
            upper=upper,
            confidence=CONFIDENCE,
            n=sum(rates.known),
            samples=sum(part.requests),
            clusters=part.user_count if counts.clustered else sum(rates.known),
            missing=sum(part.requests) - sum(rates.known),
            method=METHOD,
            approximate=True,
        ),
        elsewhere=rest.difference if min(rest.known) > 0 else None,
        least=lower if lower > 0 else upper if upper < 0 else 0.0,
        p=min(1.0, 2 * looks * min(engine.p_above(0.0), engine.p_below(0.0))),
        users_estimated=not part.keeps_all,
    )


def alikeness(users: Sequence[_Rates]) -> float:
    """Return how many requests of users like these are worth one that stands alone; at least 1.

    That is the variance of the difference of rates by users over the one by requests (the design
    effect of a survey), on the users that are at hand.
    """
    known = sum(each.known[0] for each in users), sum(each.known[1] for each in users)
    if len(users) < 2 or not min(known):
        return 1.0
    whole = _Rates(known, (sum(u.ones[0] for u in users), sum(u.ones[1] for u in users)))
    alone = sum(whole.rate(side) * (1 - whole.rate(side)) / known[side] for side in (0, 1))
    if not alone:
        return 1.0
    squares = sum(gap * gap for gap in _gaps(users, whole))
    return max(1.0, squares * len(users) / (len(users) - 1) / alone)


def _gaps(users: Sequence[_Rates], whole: _Rates) -> Iterator[float]:
    """Yield how far each user moves the difference of both rates."""
    for user in users:
        sides = [
            (user.ones[side] - whole.rate(side) * user.known[side]) / whole.known[side]
            for side in (0, 1)
        ]
        yield sides[1] - sides[0]


def rate_metrics(metrics: Sequence[Metric]) -> dict[str, Metric]:
    """Return the metrics whose values are 0 and 1, by name."""
    return {metric.name: metric for metric in metrics if metric.kind is Kind.RATE}
