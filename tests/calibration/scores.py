"""What rules in use elsewhere do with scores, repeats and clusters, beside evalkit on the same draws.

All but evalkit take every value for a case of its own: draws of one case and cases of one group are
to them as good as new cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from scipy.stats import binom

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Limit, LimitKind, Statistic, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stats.arrays import BoolArray, FloatArray
from evalkit.stats.asked import Asked
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.estimates import engine_of
from evalkit.stats.evidence import Evidence
from tests.calibration.layout import ALPHA, RUNS, SEED, SIZES, Z, both, head, percent, spread
from tests.calibration.worlds import (
    ANY,
    World,
    amounts,
    clusters,
    echoes,
    near_one,
    repeats,
    skewed,
    zero_heavy,
)

RESAMPLES = 999
MEASURED = 200
"""So many runs of a cell ask evalkit for its limits, which cost more than its claims."""

EVALKIT, CLT, BOOTSTRAP = "evalkit", "CLT interval", "percentile bootstrap"
RULES = (EVALKIT, CLT, BOOTSTRAP, "point comparison", "not significant = pass")


@dataclass(frozen=True, slots=True)
class Scores:
    """A mean with its truth, and a limit ``room`` away that such a candidate keeps.

    ``rare`` is the share of cases that run away.
    """

    name: str
    world: World
    truth: float
    room: float
    upper: bool = False
    support: Support = UNIT_INTERVAL
    approximate: bool = False
    rare: float = 0.0

    @property
    def bare(self) -> str:
        """The name without the limit."""
        return self.name.partition(", at")[0]

    @property
    def short(self) -> str:
        """The name without the limit, marked where evalkit is approximate."""
        return f"{self.bare} (evalkit approximate)" if self.approximate else self.bare

    @property
    def limits(self) -> tuple[float, float]:
        """The truth as a limit, and the limit that is kept."""
        return self.truth, self.truth + (self.room if self.upper else -self.room)


WORLDS = (
    Scores("score, 80 % zeros, at most .1", zero_heavy, 0.1, 0.05, upper=True),
    Scores("score, 3 % zeros, at least .94", near_one, 0.97 * 0.97, 0.05),
    Scores("rate, 3 draws a case, ICC .5, at least .9", repeats, 0.9, 0.05),
    Scores("rate, 5 equal draws a case, at least .9", echoes, 0.9, 0.05),
    Scores("rate, groups of 5, ICC .3, at least .9", clusters, 0.9, 0.05),
    Scores(
        "lognormal amount, at most 1.65 (evalkit approximate)", skewed, float(np.exp(0.5)), 0.33,
        upper=True, support=NON_NEGATIVE, approximate=True,
    ),
    Scores(
        "amount, 1 % at 100 times the median, at most 1.99 (evalkit approximate)",
        partial(amounts, 0.01), 0.99 + 1.0, 0.4, upper=True, support=ANY, approximate=True,
        rare=0.01,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a rule passes and calls broken: on the limit, and where it is kept.

    ``width`` is that of its interval, where it has one.
    """

    wrong_pass: float
    wrong_fail: float
    kept: float
    blocked: float
    width: float | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """What a rule says in every run of a cell about the two limits: above, and below, each."""

    above: tuple[BoolArray, BoolArray]
    below: tuple[BoolArray, BoolArray]
    width: float | None = None

    @classmethod
    def of(cls, lower: FloatArray, upper: FloatArray, limits: tuple[float, float]) -> Claims:
        """Return the claims of a rule that compares two numbers of its own with a limit."""
        first, second = limits
        width = float((upper - lower).mean())
        return cls((lower >= first, lower >= second), (upper < first, upper < second), width)

    @classmethod
    def upside(cls, lower: FloatArray, upper: FloatArray, limits: tuple[float, float]) -> Claims:
        """Return the same for a ceiling, which an interval keeps where its upper end does."""
        first, second = limits
        width = float((upper - lower).mean())
        return cls((lower > first, lower > second), (upper <= first, upper <= second), width)

    def rates(self, *, upper: bool) -> Rates:
        """Return the rates of a floor, or of a ceiling."""
        passes, fails = (self.below, self.above) if upper else (self.above, self.below)
        return Rates(
            wrong_pass=float(passes[0].mean()),
            wrong_fail=float(fails[0].mean()),
            kept=float(passes[1].mean()),
            blocked=float(fails[1].mean()),
            width=self.width,
        )


def cell(scores: Scores, n: int, *, runs: int = RUNS) -> dict[str, Rates]:
    """Return what each rule does on one set of draws."""
    rng, resampling = np.random.default_rng([SEED, n]), np.random.default_rng([SEED, n, 1])
    ours = np.zeros((4, runs), np.bool_)
    widths, means, spreads, percentiles = [], np.zeros(runs), np.zeros(runs), np.zeros((2, runs))
    for run in range(runs):
        evidence = scores.world(rng, n)
        engine = _engine(scores, evidence, run)
        ours[:, run] = _claims(engine, scores)
        if run < MEASURED:
            widths.append(engine.upper(ALPHA) - engine.lower(ALPHA))
        values = evidence.arms[Arm.CANDIDATE].values
        means[run], spreads[run] = values.mean(), values.std(ddof=1) / np.sqrt(values.size)
        percentiles[:, run] = _resampled(resampling, values)
    return {
        name: claims.rates(upper=scores.upper)
        for name, claims in {
            EVALKIT: Claims((ours[0], ours[1]), (ours[2], ours[3]), float(np.mean(widths))),
            **_of_others(scores, means, Z * spreads, percentiles),
        }.items()
    }


def _engine(scores: Scores, evidence: Evidence, seed: int) -> Engine:
    low, high = (None, scores.truth) if scores.upper else (scores.truth, None)
    limit = Limit(LimitKind.ABSOLUTE, min=low, max=high)
    found = engine_of(
        evidence, LimitKind.ABSOLUTE, Arm.CANDIDATE, Statistic.parse("mean"), scores.support,
        asked=Asked(limit, ALPHA, seed=seed),
    )  # fmt: skip
    assert not isinstance(found, Unmeasured), found
    return found


def _claims(engine: Engine, scores: Scores) -> tuple[bool, bool, bool, bool]:
    """Return the claims above and below the truth and the limit that is kept.

    What is not claimed of the nearer one is not asked of the one further away.
    """
    truth, kept = scores.limits
    above, below = engine.p_above, engine.p_below
    if scores.upper:
        over, under = above(truth) <= ALPHA, below(kept) <= ALPHA
        return over, over and above(kept) <= ALPHA, under and below(truth) <= ALPHA, under
    over, under = above(kept) <= ALPHA, below(truth) <= ALPHA
    return over and above(truth) <= ALPHA, over, under, under and below(kept) <= ALPHA


def _of_others(
    scores: Scores, means: FloatArray, reach: FloatArray, percentiles: FloatArray
) -> Mapping[str, Claims]:
    compared = Claims.upside if scores.upper else Claims.of
    means = np.round(means, 12)  # A sum of tenths that should be the limit is it.
    # Silence passes: the end of the interval that could show the bound to be broken is all there is.
    silent = means - reach if scores.upper else means + reach
    return {
        CLT: compared(means - reach, means + reach, scores.limits),
        BOOTSTRAP: compared(percentiles[0], percentiles[1], scores.limits),
        "point comparison": compared(means, means, scores.limits),
        "not significant = pass": compared(silent, silent, scores.limits),
    }


def _resampled(rng: np.random.Generator, values: FloatArray) -> tuple[float, float]:
    """Return the 5th and the 95th percentile of resampled means; exactly, where all are 0 or 1."""
    n = values.size
    if ((values == 0) | (values == 1)).all():
        return _of_ones(int(values.sum()), n)
    drawn = rng.integers(0, n, (RESAMPLES, n), dtype=np.uint16)
    means = np.sort(np.take(values, drawn).mean(axis=1))
    return float(means[round(ALPHA * (RESAMPLES + 1)) - 1]), float(
        means[round((1 - ALPHA) * (RESAMPLES + 1)) - 1]
    )


@cache
def _of_ones(ones: int, n: int) -> tuple[float, float]:
    return binom.ppf(ALPHA, n, ones / n) / n, binom.ppf(1 - ALPHA, n, ones / n) / n


# ---------------------------------------------------------------- tables

Found = Mapping[tuple[Scores, int], Mapping[str, Rates]]
"""What the rules do, by world and number of cases."""


def error_lines(scores: Scores, found: Found) -> Iterator[str]:
    """Yield a row a rule: how often it is wrong either way where the truth is the limit."""
    for rule in RULES:
        cells = {n: found[scores, n][rule] for n in SIZES}
        yield spread(
            [scores.name, rule],
            {n: both(rates.wrong_pass, rates.wrong_fail) for n, rates in cells.items()},
        )


def error_table(found: Found) -> Iterator[str]:
    """Yield what every rule does where the truth is the limit."""
    yield head("truth is the limit", "rule")
    for scores in WORLDS:
        yield from error_lines(scores, found)


def power_table(found: Found) -> Iterator[str]:
    """Yield what every rule does with a candidate that keeps the limit."""
    yield head("limit is kept by", "rule")
    for scores in WORLDS:
        name = f"{scores.short}: {scores.room:g}"
        for rule in RULES:
            cells = {n: found[scores, n][rule] for n in SIZES}
            shown = {n: both(rates.kept, rates.blocked) for n, rates in cells.items()}
            yield spread([name, rule], shown)


def width_table(found: Found) -> Iterator[str]:
    """Yield how often each interval holds the truth, and how wide it is."""
    yield head("interval", "rule")
    for scores in WORLDS:
        for rule in (EVALKIT, CLT, BOOTSTRAP):
            cells = {n: found[scores, n][rule] for n in SIZES}
            shown = {
                n: f"{100 * (1 - rates.wrong_pass - rates.wrong_fail):.1f} / {rates.width:.3f}"
                for n, rates in cells.items()
            }
            yield spread([scores.short, rule], shown)


def worst_fail(rule: str, found: Found) -> float:
    """Return the highest rate at which a rule calls a mean with a range broken on its limit."""
    return max(
        rates[rule].wrong_fail for (scores, _), rates in found.items() if not scores.approximate
    )


def worst(rule: str, found: Found) -> tuple[float, str]:
    """Return the highest rate of wrong passes of a mean with a range, and where that is."""
    share, name, n = max(
        (rates[rule].wrong_pass, scores.short, n)
        for (scores, n), rates in found.items()
        if not scores.approximate
    )
    return share, f"{percent(share)} ({name}, n = {n:,})"
