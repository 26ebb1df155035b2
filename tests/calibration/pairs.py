"""Rules that decide whether a paired difference lies above −margin, with exact error rates.

A rule is the set of outcomes that it passes and the set that it calls broken. Rules that look at
pairs know an outcome by its losses and gains; rules that take both arms for unrelated groups know
it by the successes of each arm, which the same pairs give.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from scipy.stats import binom

from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.planning import fewest_gains
from evalkit.testing.comparison.tango import scores
from tests.calibration.layout import ALPHA, SIZES, Z, both, head, spread
from tests.calibration.rates import wilson

Decides: TypeAlias = Callable[[int, float], BoolArray]
"""For n pairs and a margin: a truth value for each outcome.

Of losses (a row) and gains (a column) for rules about pairs; of the baseline's successes (a row)
and the candidate's (a column) for rules about groups.
"""

MOST_MOVED = 330
"""Pairs of counts are looked at up to so many losses and gains: more are too rare to matter."""

BASELINE = 0.8
"""The rate of the baseline, which only rules about groups depend on."""

NEGLIGIBLE = 1e-12


@dataclass(frozen=True, slots=True)
class Rule:
    """When a rule passes, and when it calls the bound broken: whatever does not pass, or less."""

    passes: Decides
    breaks: Decides | None = None
    groups: bool = False

    def fails(self, n: int, margin: float) -> BoolArray:
        """Return which outcomes are called broken."""
        return ~self.passes(n, margin) if self.breaks is None else self.breaks(n, margin)


@dataclass(frozen=True, slots=True)
class Cell:
    """How many pairs differ, and by how much the candidate may be lower."""

    discordance: float
    margin: float


CELLS = (Cell(0.02, 0.02), Cell(0.05, 0.02), Cell(0.05, 0.05), Cell(0.1, 0.05), Cell(0.3, 0.05))
UNCHANGED = (Cell(0.02, 0.05), Cell(0.05, 0.05), Cell(0.1, 0.05))


@cache
def counts(n: int) -> tuple[FloatArray, FloatArray]:
    """Return the losses and the gains of every outcome that is looked at."""
    most = min(n, MOST_MOVED) + 1
    losses, gains = np.meshgrid(np.arange(most), np.arange(most), indexing="ij")
    return losses.astype(float), gains.astype(float)


# ---------------------------------------------------------------- rules about pairs


@cache
def engine_g(n: int, margin: float) -> BoolArray:
    """Pass where the lower limit of engine G on paired differences reaches −margin: evalkit."""
    losses, gains = counts(n)
    fewest = fewest_gains(n, -margin, ALPHA, losses.shape[0] - 1)
    return np.asarray(gains >= fewest[:, None])


@cache
def engine_g_breaks(n: int, margin: float) -> BoolArray:
    """Call broken where the upper limit of engine G lies below −margin."""
    losses, gains = counts(n)
    fewest = fewest_gains(n, margin, ALPHA, gains.shape[1] - 1)
    return np.asarray(losses >= fewest[None, :])


def tango(n: int, margin: float) -> BoolArray:
    """Pass where Tango's score test shows the difference above −margin (approximate)."""
    losses, gains = counts(n)
    return np.asarray(scores(gains, losses, n, -margin) >= Z)


def tango_breaks(n: int, margin: float) -> BoolArray:
    """Call broken where Tango's score test shows the difference below −margin (approximate)."""
    losses, gains = counts(n)
    return np.asarray(scores(gains, losses, n, -margin) <= -Z)


def paired_z(n: int, margin: float) -> BoolArray:
    """Pass where difference − 1.645 paired standard errors reaches −margin: the paired CLT."""
    change, error = _paired_error(n)
    return np.asarray(change - Z * error >= -margin)


def paired_z_breaks(n: int, margin: float) -> BoolArray:
    """Call broken where difference + 1.645 paired standard errors is below −margin."""
    change, error = _paired_error(n)
    return np.asarray(change + Z * error < -margin)


def _paired_error(n: int) -> tuple[FloatArray, FloatArray]:
    losses, gains = counts(n)
    change = (gains - losses) / n
    return change, np.sqrt(np.maximum((gains + losses) / n - change**2, 0) / n)


def paired_bootstrap(n: int, margin: float) -> BoolArray:
    """Pass where the 5th percentile of resampled paired differences reaches −margin."""
    losses, gains = counts(n)
    fewest = _gains_until(n, margin, ALPHA)
    return np.asarray((gains >= fewest[:, None]) & (losses + gains <= n))


def paired_bootstrap_breaks(n: int, margin: float) -> BoolArray:
    """Call broken where the 95th percentile of resampled paired differences is below −margin."""
    losses, gains = counts(n)
    fewest = _gains_until(n, margin, 1 - ALPHA)
    return np.asarray((gains < fewest[:, None]) & (losses + gains <= n))


@cache
def _gains_until(n: int, margin: float, level: float) -> IntArray:
    """Return, for each number of losses, the gains from which resampling is below −margin rarely.

    More gains make it rarer, so that halving finds the number.
    """
    losses = np.arange(min(n, MOST_MOVED) + 1)
    low, high = np.zeros_like(losses), np.minimum(n - losses, MOST_MOVED) + 1
    while (low < high).any():
        gains = (low + high) // 2
        rare = _resampled_below(n, losses, np.minimum(gains, n - losses), -margin) < level
        low, high = np.where(rare | (low >= high), low, gains + 1), np.where(rare, gains, high)
    return np.asarray(low, np.int64)


def _resampled_below(n: int, losses: IntArray, gains: IntArray, bound: float) -> FloatArray:
    """Return how likely n resampled pairs have a difference below a bound, exactly.

    It is a sum of n independent steps of −1, 0 and 1, whose distribution is read off its
    characteristic function.
    """
    size = 1 << (2 * n + 1).bit_length()
    turn = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    up, down = gains[:, None] / n, losses[:, None] / n
    chances = np.fft.irfft((1 - up - down + up * turn + down * turn.conj()) ** n, size, axis=1)
    below = math.ceil(n * bound - 1e-9) - 1
    return np.asarray(chances[:, np.arange(-n, below + 1) % size].sum(axis=1), np.float64)


def point(n: int, margin: float) -> BoolArray:
    """Pass where the observed difference is at least −margin: no interval."""
    losses, gains = counts(n)
    return np.asarray((gains - losses) / n >= -margin - 1e-12)


def superior(n: int, margin: float) -> BoolArray:
    """Pass where the candidate is significantly better (paired z-test, 5 %): no margin."""
    del margin
    losses, gains = counts(n)
    return np.asarray((gains - losses) / np.sqrt(np.maximum(losses + gains, 1)) >= Z)


def not_significant(n: int, margin: float) -> BoolArray:
    """Pass unless there is a significant drop (paired z-test, 5 %): silence passes, no margin."""
    del margin
    losses, gains = counts(n)
    return np.asarray((losses - gains) / np.sqrt(np.maximum(losses + gains, 1)) < Z)


# ---------------------------------------------------------------- rules that overlook the pairs


def two_proportions(n: int, margin: float) -> BoolArray:
    """Pass where difference − 1.645 standard errors of unrelated groups reaches −margin."""
    change, error = _group_error(n)
    return np.asarray(change - Z * error >= -margin)


def two_proportions_breaks(n: int, margin: float) -> BoolArray:
    """Call broken where difference + 1.645 standard errors of unrelated groups is below −margin."""
    change, error = _group_error(n)
    return np.asarray(change + Z * error < -margin)


def groups_not_significant(n: int, margin: float) -> BoolArray:
    """Pass unless the z-test of unrelated groups shows a drop: how leaderboards are compared."""
    del margin
    return ~two_proportions_breaks(n, 0.0)


def newcombe(n: int, margin: float) -> BoolArray:
    """Pass where Newcombe's lower limit for unrelated groups reaches −margin."""
    change, below, _ = _newcombe(n)
    return np.asarray(change - below >= -margin)


def newcombe_breaks(n: int, margin: float) -> BoolArray:
    """Call broken where Newcombe's upper limit for unrelated groups is below −margin."""
    change, _, above = _newcombe(n)
    return np.asarray(change + above < -margin)


def _group_error(n: int) -> tuple[FloatArray, FloatArray]:
    share = np.arange(n + 1) / n
    variance = share * (1 - share) / n
    change = share[None, :] - share[:, None]
    return change, np.sqrt(variance[None, :] + variance[:, None])


def _newcombe(n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    share = np.arange(n + 1) / n
    lower, upper = wilson(n)
    down, up = share - lower, upper - share
    change = share[None, :] - share[:, None]
    return change, np.hypot(down[None, :], up[:, None]), np.hypot(up[None, :], down[:, None])


RULES: dict[str, Rule] = {
    "evalkit (engine G)": Rule(engine_g, engine_g_breaks),
    "Tango score (approximate)": Rule(tango, tango_breaks),
    "paired CLT": Rule(paired_z, paired_z_breaks),
    "paired bootstrap": Rule(paired_bootstrap, paired_bootstrap_breaks),
    "unpaired z interval": Rule(two_proportions, two_proportions_breaks, groups=True),
    "unpaired Newcombe interval": Rule(newcombe, newcombe_breaks, groups=True),
    "point comparison": Rule(point),
    "superiority test": Rule(superior),
    "not significant = pass": Rule(not_significant),
    "not significant, unpaired = pass": Rule(groups_not_significant, groups=True),
}


# ---------------------------------------------------------------- chances


def chances(rule: Rule, n: int, cell: Cell, truth: float) -> tuple[float, float]:
    """Return how likely a rule passes and calls broken, if the arms differ by so much."""
    weights = _of_groups(n, cell, truth) if rule.groups else _of_pairs(n, cell, truth)
    passed, broken = rule.passes(n, cell.margin), rule.fails(n, cell.margin)
    return float(weights[passed].sum()), float(weights[broken].sum())


def _changes(cell: Cell, truth: float) -> tuple[float, float]:
    moved = max(cell.discordance, abs(truth))
    return (moved + truth) / 2, (moved - truth) / 2


@cache
def _of_pairs(n: int, cell: Cell, truth: float) -> FloatArray:
    """Return the probability of each number of losses (a row) and gains (a column)."""
    gain, loss = _changes(cell, truth)
    losses, gains = counts(n)
    same = n - losses - gains
    logs = (
        math.lgamma(n + 1)
        - _log_factorial(losses) - _log_factorial(gains) - _log_factorial(same)
        + _times_log(losses, loss) + _times_log(gains, gain) + _times_log(same, 1 - gain - loss)
    )  # fmt: skip
    with np.errstate(over="ignore"):
        return np.where(same >= 0, np.exp(logs), 0.0)


@cache
def _of_groups(n: int, cell: Cell, truth: float) -> FloatArray:
    """Return the probability of each number of successes of the baseline and the candidate.

    The candidate keeps some of the baseline's successes and gains some of its failures.
    """
    gain, loss = _changes(cell, truth)
    found = np.zeros((n + 1, n + 1))
    for right in range(n + 1):
        chance = float(binom.pmf(right, n, BASELINE))
        if chance > NEGLIGIBLE:
            kept = binom.pmf(np.arange(right + 1), right, 1 - loss / BASELINE)
            gained = binom.pmf(np.arange(n - right + 1), n - right, gain / (1 - BASELINE))
            found[right] = chance * np.convolve(kept, gained)
    return found


def _log_factorial(numbers: FloatArray) -> FloatArray:
    table = np.array([math.lgamma(k + 1) for k in range(int(numbers.max()) + 1)])
    return np.asarray(table[np.maximum(numbers, 0).astype(int)])


def _times_log(numbers: FloatArray, probability: float) -> FloatArray:
    if probability <= 0:
        return np.where(numbers == 0, 0.0, -np.inf)
    return numbers * math.log(probability)


# ---------------------------------------------------------------- tables


def error_tables(sizes: Sequence[int] = SIZES) -> Iterator[str]:
    """Yield what every rule does where the truth is −margin."""
    for name, rule in RULES.items():
        yield f"\n**{name}**: passes / is called broken where the truth is the margin, in %\n"
        yield head("discordance, margin")
        for cell in CELLS:
            found = {n: both(*chances(rule, n, cell, -cell.margin)) for n in sizes}
            yield spread([f"{cell.discordance:.2f}, {100 * cell.margin:g} points"], found)


def power_tables(sizes: Sequence[int] = SIZES) -> Iterator[str]:
    """Yield what every rule does with a candidate that did not change."""
    for cell in UNCHANGED:
        yield (
            f"\nNothing changed, discordance {cell.discordance:.2f}, margin "
            f"{100 * cell.margin:g} points: passes / is called broken, in %\n"
        )
        yield head("rule")
        for name, rule in RULES.items():
            yield spread([name], {n: both(*chances(rule, n, cell, 0.0)) for n in sizes})


def worst(rule: Rule) -> tuple[float, float]:
    """Return the highest rates of wrong passes and of wrong fails where the truth is −margin."""
    found = [chances(rule, n, cell, -cell.margin) for n in SIZES for cell in CELLS]
    return max(passed for passed, _ in found), max(broken for _, broken in found)
