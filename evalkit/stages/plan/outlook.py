"""The chances of one bound at any number of cases: exact where they can be, else simulated."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Protocol, TypeAlias

import numpy as np

from evalkit.core.envelope import Bound, LimitKind, Require, Scope
from evalkit.core.model import Arm
from evalkit.core.plan import Basis, Cases
from evalkit.core.verdict import Unmeasured
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.estimates import judged_engine
from evalkit.stats.evidence import Evidence
from evalkit.stats.operating import Chances, Operating, Pair
from evalkit.stats.planning import (
    MOST_CASES,
    Changes,
    cases_for,
    cases_for_floor,
    paired_chances,
    paired_start,
    rate_chances,
)
from evalkit.stats.requirements import least_cases, least_of
from evalkit.stats.standing import Standing, standing
from evalkit.stats.unchanged import Draws, Unchanged

Point: TypeAlias = tuple[float, float, float]
"""The root of a number of cases, the deviate of a chance, and how much that counts."""

A_FEW, SOME, MANY = 200, 400, 1000
"""So many simulated runs show that all agree, find a number of cases, and give a chance."""

A_HANDFUL, MOST_RESAMPLED = 100, 500
"""So many runs, on so many cases, are judged where each of them is resampled."""

_NORMAL = NormalDist()

TRIED_REPEATS = (2, 3, 5)
MOST_STEPS = 6
MOST_COUNTED = 5_000
"""From so many pairs on the normal approximation is right to a hundredth."""

MOST_SIMULATED = 30_000
"""So many cases are worth simulating; whoever needs more should ask for less."""

WORTH_A_LOOK = 0.09
"""A chance this near to the aim is worth knowing better."""

NEAR_ENOUGH = 0.03
START_WEIGHT, END_WEIGHT = 4.0, 100.0
NEAREST = 0.001


class Outlook(Protocol):
    """What may be expected of one bound."""

    @property
    def basis(self) -> Basis:
        """What the chances come from."""
        ...

    @property
    def truth(self) -> float:
        """The value of an unchanged candidate."""
        ...

    def unchanged(self, n: int) -> Pair:
        """Return the chances of an unchanged candidate on so many cases."""
        ...

    def about(self, n: int) -> Pair:
        """Return the same without new work, where work is much: read off what is known by now."""
        ...

    def at(self, truth: float, n: int) -> Pair:
        """Return the chances of a candidate with another true value."""
        ...

    def cases(self, aim: float, n: int) -> Cases | None:
        """Return how many cases give an unchanged candidate a chance of ``aim``.

        ``n`` is how many there are.
        """
        ...

    def margins(self, n: int, aim: float) -> Pair | None:
        """Return both limits that an unchanged candidate keeps with a chance of ``aim``."""
        ...

    def repeats(self, n: int, aim: float) -> int | None:
        """Return how many draws a case would give the chance, where more draws help."""
        ...

    def scatter(self, n: int) -> float:
        """Return about how far an estimate on so many cases lies from the truth; 0 if unknown."""
        ...


# ---------------------------------------------------------------- exact


@dataclass(frozen=True, slots=True)
class RateOutlook:
    """A rate of one arm, or a quantile: the share of values that must lie on one side of a limit.

    ``share`` returns what share of a candidate's values counts as a success, for its true value.
    """

    bound: Bound
    basis: Basis
    truth: float
    low: float | None
    high: float | None
    share: Callable[[float], float]

    def unchanged(self, n: int) -> Pair:
        """Return the chances of an unchanged candidate."""
        return self.at(self.truth, n)

    def about(self, n: int) -> Pair:
        """Return the same: nothing is simulated here."""
        return self.unchanged(n)

    def at(self, truth: float, n: int) -> Pair:
        """Return the chances of a candidate with another true value."""
        return rate_chances(n, self.low, self.high, self.share(truth), self.bound.alpha)

    def cases(self, aim: float, n: int) -> Cases | None:
        """Return how many cases give a chance of ``aim``."""
        share, alpha = self.share(self.truth), self.bound.alpha
        if self.low is not None and self.high is not None:
            inside = self.low < share < self.high
            return cases_for(lambda k: self.unchanged(k)[0], aim, start=n) if inside else None
        if self.low is not None:
            return cases_for_floor(self.low, share, alpha, aim)
        assert self.high is not None
        return cases_for_floor(1 - self.high, 1 - share, alpha, aim)

    def margins(self, n: int, aim: float) -> Pair | None:
        """Return the limits that an unchanged candidate keeps, each on its own."""
        if self.bound.statistic.quantile is not None:
            return None
        share, alpha = self.share(self.truth), self.bound.alpha
        low = _widest(lambda floor: rate_chances(n, floor, None, share, alpha)[0] >= aim, share, 0)
        high = _widest(lambda top: rate_chances(n, None, top, share, alpha)[0] >= aim, share, 1)
        return low, high

    def repeats(self, n: int, aim: float) -> int | None:  # noqa: ARG002
        """Return nothing: how much of the scatter is noise was not seen."""
        return None

    def scatter(self, n: int) -> float:
        """Return about how far an estimate lies from the truth; a tenth for a quantile."""
        side = self.bound.limit.min if self.bound.limit.max is None else self.bound.limit.max
        assert side is not None
        if self.bound.statistic.quantile is not None:
            return 0.0 if math.isnan(self.truth) else abs(side) / 10
        return math.sqrt(max(side * (1 - side), 1 / n) / n)


@dataclass(frozen=True, slots=True)
class ChangeOutlook:
    """The paired difference of a rate, one draw a case in both arms."""

    bound: Bound
    basis: Basis
    discordance: float
    truth: float = 0.0

    def unchanged(self, n: int) -> Pair:
        """Return the chances of an unchanged candidate."""
        return self.at(self.truth, n)

    def about(self, n: int) -> Pair:
        """Return the same: nothing is simulated here."""
        return self.unchanged(n)

    def at(self, truth: float, n: int) -> Pair:
        """Return the chances of a candidate with another true difference."""
        limit = self.bound.limit
        changes = Changes.of(self.discordance, truth)
        return paired_chances(n, limit.min, limit.max, changes, self.bound.alpha)

    def cases(self, aim: float, n: int) -> Cases | None:
        """Return how many cases give a chance of ``aim``."""
        del n
        limit, alpha = self.bound.limit, self.bound.alpha
        sides = [abs(side) for side in (limit.min, limit.max) if side is not None]
        if not min(sides):
            return None
        both = len(sides) > 1
        start = paired_start(min(sides), max(self.discordance, 1e-3), alpha, aim, both=both)
        least = least_cases(self.bound)
        if max(start, least) > MOST_CASES:
            return None
        if start > MOST_COUNTED:
            # Beside so many, what engine G needs to prove anything at all is added up well enough.
            about = start + least
            return Cases(about, about)
        return cases_for(lambda k: self.unchanged(k)[0], aim, start=start)

    def margins(self, n: int, aim: float) -> Pair | None:
        """Return the differences that an unchanged candidate keeps, the same both ways."""
        limit, alpha = self.bound.limit, self.bound.alpha
        changes = Changes.of(self.discordance)

        def keeps(margin: float) -> bool:
            low = None if limit.min is None else -margin
            high = None if limit.max is None else margin
            return paired_chances(n, low, high, changes, alpha)[0] >= aim

        margin = _widest(keeps, 0.0, 1)
        return -margin, margin

    def repeats(self, n: int, aim: float) -> int | None:  # noqa: ARG002
        """Return nothing: how much of the scatter is noise was not seen."""
        return None

    def scatter(self, n: int) -> float:
        """Return the standard error of a difference, not below that of one or two changes."""
        return math.sqrt(max(self.discordance, 1.5 / n) / n)


def _widest(keeps: Callable[[float], bool], near: float, far: float) -> float:
    """Return the limit nearest to ``near`` that is kept, to a tenth of a point."""
    while abs(far - near) > NEAREST:
        middle = (near + far) / 2
        near, far = (near, middle) if keeps(middle) else (middle, far)
    return far


# ---------------------------------------------------------------- simulated


@dataclass(frozen=True, slots=True)
class SimulatedOutlook:
    """Any bound, by judging runs that are drawn from what the baseline did."""

    bound: Bound
    source: Unchanged
    draws: Draws
    seed: int
    max_missing: float = 1.0
    _runs: dict[int, list[Standing]] = field(default_factory=dict)
    _rngs: dict[int, np.random.Generator] = field(default_factory=dict)
    _seen: dict[int, Chances | None] = field(default_factory=dict)

    @property
    def basis(self) -> Basis:
        """What the chances come from."""
        return self.source.basis

    @property
    def truth(self) -> float:
        """The value of an unchanged candidate: that of the baseline, no difference, or one of 1."""
        match self.bound.limit.kind:
            case LimitKind.DELTA | LimitKind.SHIFT:
                return 0.0
            case LimitKind.RATIO:
                return 1.0
        engine = self._engine(self.source.cases)
        return engine.value if engine else math.nan

    def unchanged(self, n: int) -> Pair:
        """Return the chances of an unchanged candidate."""
        return self._unchanged(n, MANY)

    def about(self, n: int) -> Pair:
        """Return the chances of an unchanged candidate, by those at other numbers of cases."""
        known = self._known
        if not known or n in known:
            return self._unchanged(n, A_FEW if known else MANY)
        nearest = min(known, key=lambda size: abs(size - n))
        start, rise = self._line()
        return _NORMAL.cdf(start + rise * math.sqrt(n)), self._unchanged(nearest, A_FEW)[1]

    def at(self, truth: float, n: int) -> Pair:
        """Return the chances of a candidate with another true value, by the scatter of one run."""
        seen = self._operating(n)
        return (0.0, 0.0) if seen is None else seen.at(truth)

    def cases(self, aim: float, n: int) -> Cases | None:
        """Return about how many cases give a chance of ``aim``.

        A first guess is read off one run; what was simulated there, and elsewhere, corrects it.
        """
        if self._resampled:
            return self._by_reach(aim, n)
        size = self._guess(aim, n)
        for _ in range(MOST_STEPS):
            if size is None or size > MOST_SIMULATED:
                return None
            if abs(self._unchanged(size, A_FEW)[0] - aim) < WORTH_A_LOOK:
                self._unchanged(size, SOME)
            following = self._corrected(size, aim)
            if abs(following / size - 1) < NEAR_ENOUGH:
                return Cases(following, following)
            size = following
        # A chance that leaps is not found by a line: the least number that was seen to do is.
        enough = [size for size in self._known if self._unchanged(size, A_FEW)[0] >= aim]
        return Cases(min(enough), min(enough)) if enough else None

    @property
    def _resampled(self) -> bool:
        """Whether each run is resampled itself, so that only a handful of them can be judged."""
        quantile = self.bound.limit.compares and self.bound.statistic.quantile is not None
        return quantile or self.bound.limit.kind is LimitKind.SHIFT

    def _by_reach(self, aim: float, n: int) -> Cases | None:
        """Return the cases whose limits are near enough, as those of more of them draw nearer."""
        least = least_of(self.bound, cases=n, units=n)
        size = min(max(n, least), MOST_RESAMPLED)
        reach, limit, truth = self._kept(size, aim), self.bound.limit, self.truth
        if reach is None:
            return None
        sides = [] if limit.min is None else [(truth - reach[0], truth - limit.min)]
        sides += [] if limit.max is None else [(reach[1] - truth, limit.max - truth)]
        if min(room for _, room in sides) <= 0:
            return None
        factor = max(max(far, 0.0) / room for far, room in sides) ** 2
        found = max(least, math.ceil(min(size * factor, 2 * MOST_CASES)))
        return None if found > MOST_CASES else Cases(found, found)

    def _guess(self, aim: float, n: int) -> int | None:
        """Return how many cases bring the aim if the limits of more of them only draw nearer."""
        least = least_of(self.bound, cases=n, units=n)
        size = max(least, 8)
        while size <= MOST_SIMULATED:
            seen = self._operating(size)
            if seen is not None and seen.at(self.truth)[0] >= aim:
                return size
            size = math.ceil(size * 1.25)
        return None

    def _corrected(self, size: int, aim: float) -> int:
        """Return the number of cases at which the chance should be the wanted one."""
        least = least_of(self.bound, cases=size, units=size)
        start, rise = self._line()
        wanted = (_NORMAL.inv_cdf(aim) - start) / rise if rise > 0 else math.inf
        return max(least, round(min(max(wanted**2, size / 4), 4 * size)))

    @property
    def _known(self) -> list[int]:
        enough = A_HANDFUL if self._resampled else A_FEW
        return sorted(size for size, runs in self._runs.items() if len(runs) >= enough)

    def _line(self) -> Pair:
        """Return the line that the deviate of the chance is, in the root of the number of cases.

        It starts about where chance alone would prove the bound. A number of runs counts by what
        it tells about the deviate. Where all of them agree that is no more than an end of it, which
        counts where the line would lie on its wrong side.
        """
        points = [(0.0, _NORMAL.inv_cdf(self.bound.alpha), START_WEIGHT)]
        none: list[Point] = []
        every: list[Point] = []
        for size in self._known:
            share, runs = self._unchanged(size, A_FEW)[0], self._runs[size]
            deviate = _NORMAL.inv_cdf(share)
            if _agree(runs):
                ends = every if runs[0].inside else none
                ends.append((math.sqrt(size), deviate, END_WEIGHT))
            else:
                told = len(runs) * _NORMAL.pdf(deviate) ** 2 / (share * (1 - share))
                points.append((math.sqrt(size), deviate, told))
        start, rise = _fitted(points) if len(points) > 1 else (points[0][1], 0.0)
        nearest = [*none[-1:], *every[:1]]
        wrong = [end for end in nearest if (start + rise * end[0] - end[1]) * end[1] < 0]
        return _fitted([*points, *wrong]) if wrong else (start, rise)

    def margins(self, n: int, aim: float) -> Pair | None:
        """Return the limits that so many simulated runs lie inside."""
        return None if self.bound.limit.kind is LimitKind.SHIFT else self._kept(n, aim)

    def _kept(self, n: int, aim: float) -> Pair | None:
        alpha, rng = self.bound.alpha, self._rng(n)
        runs = A_HANDFUL if self._resampled else A_FEW
        found = [self._engine_on(rng, n) for _ in range(runs)]
        lower = [engine.lower(alpha) for engine in found if engine]
        upper = [engine.upper(alpha) for engine in found if engine]
        if len(lower) < runs or not np.isfinite(lower + upper).all():
            return None
        limit = self.bound.limit
        if limit.min is not None and limit.max is not None and limit.min == -limit.max:
            reach = float(np.quantile(np.maximum(-np.array(lower), np.array(upper)), aim))
            return -reach, reach
        return float(np.quantile(lower, 1 - aim)), float(np.quantile(upper, aim))

    def repeats(self, n: int, aim: float) -> int | None:
        """Return how many draws a case would give the chance, where the draws' noise was seen."""
        if self.basis is not Basis.DRAWS or not self.bound.limit.compares:
            return None
        for more in TRIED_REPEATS:
            if more > self.draws.candidate:
                draws = replace(self.draws, candidate=more)
                again = replace(self, draws=draws, _runs={}, _rngs={}, _seen={})
                if again._unchanged(n, SOME)[0] >= aim:  # noqa: SLF001
                    return more
        return None

    def scatter(self, n: int) -> float:
        """Return about how far an estimate lies from the truth, by one run."""
        seen = self._operating(n)
        return 0.0 if seen is None else seen.scatter

    def _operating(self, n: int) -> Chances | None:
        if n not in self._seen:
            engine = self._engine(n)
            self._seen[n] = None if engine is None else Operating.of(self.bound, engine)
        return self._seen[n]

    def _unchanged(self, n: int, runs: int) -> Pair:
        """Return the chances by at least so many runs; fewer are enough where all agree."""
        known = self._runs.setdefault(n, [])
        rng = self._rng(n)
        runs = min(runs, A_HANDFUL) if self._resampled else runs
        while len(known) < runs:
            if len(known) == A_FEW and _agree(known):
                break
            known.append(standing(self.bound, self._draw(rng, n), max_missing=self._most()))
        broken = sum(self._unkept(found) for found in known)
        inside = sum(found.inside for found in known)
        return _likely(inside, len(known)), _likely(broken, len(known))

    def _unkept(self, found: Standing) -> bool:
        """Return whether a bound is shown broken; what could not be measured is not disproven either."""
        unmeasured = found.p_broken is None and self.bound.require is Require.NOT_DISPROVEN
        return unmeasured or found.broken(self.bound.alpha)

    def _most(self) -> dict[Arm, float]:
        """Return which share of samples may be missing: a baseline that keeps to it, keeps to it."""
        recorded = 1.0 if self.source.missing <= self.max_missing else self.max_missing
        return {Arm.CANDIDATE: self.max_missing, Arm.BASELINE: recorded}

    def _rng(self, n: int) -> np.random.Generator:
        if n not in self._rngs:
            self._rngs[n] = np.random.default_rng([self.seed, n])
        return self._rngs[n]

    def _draw(self, rng: np.random.Generator, n: int) -> Evidence:
        return self.source.draw(rng, n, self.draws)

    def _engine(self, n: int) -> Engine | None:
        return self._engine_on(np.random.default_rng([self.seed, n, 1]), n)

    def _engine_on(self, rng: np.random.Generator, n: int) -> Engine | None:
        bound, evidence = self.bound, self._draw(rng, n)
        if bound.scope is Scope.GOLDEN_SET:
            evidence = evidence.by_draw(list(Arm) if bound.limit.compares else [Arm.CANDIDATE])
        engine = judged_engine(bound, evidence)
        return None if isinstance(engine, Unmeasured) else engine


def _likely(count: int, runs: int) -> float:
    """Return the share of runs; so many do not show that a chance is 0 or 1."""
    return min(max(count / runs, 0.5 / runs), 1 - 0.5 / runs)


def _fitted(points: Sequence[Point]) -> Pair:
    """Return start and rise of the line through weighted points."""
    places, heights, weights = np.array(points).T
    rise, start = np.polyfit(places, heights, 1, w=np.sqrt(weights))
    return float(start), float(rise)


def _agree(runs: list[Standing]) -> bool:
    return len({found.inside for found in runs}) == 1
