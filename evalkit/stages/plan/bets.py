"""What may be expected of a bound that is bet on: its chances, and when the bet is won.

A bet takes about 1.15 times the cases that engine G does for the same chance (decision 8), and is
usually won well before the last of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evalkit.core.envelope import Bound, LimitKind, Support
from evalkit.core.model import Arm
from evalkit.core.plan import Basis, Cases
from evalkit.stages.plan.outlook import Outlook
from evalkit.stats.arrays import FloatArray
from evalkit.stats.betting import bet_above_many
from evalkit.stats.engines.betting import MORE_UNITS, usual_plan
from evalkit.stats.evidence import CaseMeans, Evidence, case_means, paired
from evalkit.stats.operating import Pair
from evalkit.stats.unchanged import Draws, Unchanged

RUNS = 100


@dataclass(frozen=True, slots=True)
class BetOutlook:
    """The outlook of a bound by engine G, ``fixed``, on the part of the cases that it would need.

    ``source`` is where an unchanged candidate's answers come from, where that is known.
    """

    bound: Bound
    fixed: Outlook
    source: Unchanged | None
    draws: Draws
    seed: int

    @property
    def basis(self) -> Basis:
        """What the chances come from."""
        return self.fixed.basis

    @property
    def truth(self) -> float:
        """The value of an unchanged candidate."""
        return self.fixed.truth

    def unchanged(self, n: int) -> Pair:
        """Return the chances of an unchanged candidate on so many cases."""
        return self.fixed.unchanged(_fewer(n))

    def about(self, n: int) -> Pair:
        """Return the same without new work, where work is much."""
        return self.fixed.about(_fewer(n))

    def at(self, truth: float, n: int) -> Pair:
        """Return the chances of a candidate with another true value."""
        return self.fixed.at(truth, _fewer(n))

    def cases(self, aim: float, n: int) -> Cases | None:
        """Return how many cases to plan for, so that an unchanged candidate has a chance."""
        found = self.fixed.cases(aim, _fewer(n))
        if found is None:
            return None
        return Cases(math.ceil(found.first * MORE_UNITS), math.ceil(found.safe * MORE_UNITS))

    def margins(self, n: int, aim: float) -> Pair | None:
        """Return both limits that an unchanged candidate keeps with a chance of ``aim``."""
        return self.fixed.margins(_fewer(n), aim)

    def repeats(self, n: int, aim: float) -> int | None:
        """Return how many draws a case would give the chance, where more draws help."""
        return self.fixed.repeats(_fewer(n), aim)

    def scatter(self, n: int) -> float:
        """Return about how far an estimate on so many cases lies from the truth."""
        return self.fixed.scatter(_fewer(n))

    def stops_after(self, n: int) -> float | None:
        """Return after how many of n cases an unchanged candidate's bet is won, on average.

        All of them count where it is not won. Nothing is returned for quantiles and clusters, whose
        bets are not simulated.
        """
        source = self.source
        if source is None or source.groups is not None or self.bound.statistic.quantile is not None:
            return None
        rng = np.random.default_rng([self.seed, n, 2])
        runs = [self._means(source.draw(rng, n, self.draws)) for _ in range(RUNS)]
        low, high = (np.stack([each.low for each in runs]), np.stack([each.high for each in runs]))
        limit, won = self.bound.limit, np.zeros(RUNS)
        if limit.min is not None:
            won = np.maximum(won, self._won(low, limit.min, up=False, planned=n))
        if limit.max is not None:
            won = np.maximum(won, self._won(high, limit.max, up=True, planned=n))
        return float(won.mean())

    def _means(self, evidence: Evidence) -> CaseMeans:
        support = self.bound.metric.support
        ends = support.lower, support.upper
        candidate = case_means(evidence, Arm.CANDIDATE, ends)
        if self.bound.limit.kind is LimitKind.ABSOLUTE:
            return candidate
        return paired(candidate, case_means(evidence, Arm.BASELINE, ends))

    def _won(self, values: FloatArray, bound: float, *, up: bool, planned: int) -> FloatArray:
        """Return after how many cases each run's bet on one side was won; all, where it was not."""
        support = self._support
        scaled, side = (
            (values - support.lower) / support.width,
            (bound - support.lower) / support.width,
        )
        rate = bool(np.isin(scaled, (0.0, 1.0)).all())
        plan = usual_plan(self.bound.limit, support, rate=rate, reach=self.draws.reach)
        if up:
            scaled, side, plan = 1 - scaled, 1 - side, plan.mirrored
        if not 0 < side < 1:
            return np.full(RUNS, 0.0 if side <= 0 else float(planned))
        stopped = bet_above_many(scaled, side, self.bound.alpha, plan).stopped_at
        return np.where(stopped > 0, stopped, planned).astype(np.float64)

    @property
    def _support(self) -> Support:
        support = self.bound.metric.support
        differs = self.bound.limit.kind is not LimitKind.ABSOLUTE
        return support.minus(support) if differs else support


def _fewer(n: int) -> int:
    return max(1, round(n / MORE_UNITS))
