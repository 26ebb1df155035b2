"""Worlds whose truth is known, to draw the evidence of a gate from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from evalkit.core.envelope import Support
from evalkit.core.model import Arm
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.evidence import Evidence, Observed

Rng: TypeAlias = np.random.Generator
World: TypeAlias = Callable[[Rng, int], Evidence]
"""Random numbers and a number of cases become the evidence of one gate."""

ANY = Support(-math.inf, math.inf)

TIMES = 100
"""How many times the median a runaway is."""


def _case(values: FloatArray, draws: int = 1) -> Observed:
    n = values.size // draws
    return Observed(np.repeat(np.arange(n), draws), values, np.ones(values.size, np.bool_))


def _alone(values: FloatArray, draws: int = 1, clusters: IntArray | None = None) -> Evidence:
    found = _case(values, draws)
    return Evidence(int(found.case[-1]) + 1, {Arm.CANDIDATE: found}, clusters)


def _both(candidate: FloatArray, baseline: FloatArray) -> Evidence:
    arms = {Arm.CANDIDATE: _case(candidate), Arm.BASELINE: _case(baseline)}
    return Evidence(candidate.size, arms)


# ---------------------------------------------------------------- rates and scores


def zero_heavy(rng: Rng, n: int) -> Evidence:
    """Return scores of which 80 % are 0, with mean .1."""
    return _alone(np.where(rng.random(n) < 0.8, 0.0, rng.beta(2, 2, n)))


def near_one(rng: Rng, n: int) -> Evidence:
    """Return scores around .97, of which 3 % are 0: a mean of .97 · .97."""
    return _alone(np.where(rng.random(n) < 0.03, 0.0, rng.beta(29.1, 0.9, n)))


def repeats(rng: Rng, n: int) -> Evidence:
    """Return three draws a case of a rate of .9, two of which agree as often as ICC .5 makes them."""
    chance = rng.beta(0.9, 0.1, n)
    return _alone((rng.random((n, 3)) < chance[:, None]).astype(float).ravel(), 3)


def echoes(rng: Rng, n: int) -> Evidence:
    """Return five draws a case of a rate of .9 that are all alike: temperature 0."""
    return _alone(np.repeat((rng.random(n) < 0.9).astype(float), 5), 5)


def clusters(rng: Rng, n: int) -> Evidence:
    """Return groups of five cases of a rate of .9, ICC .3."""
    groups = max(n // 5, 1)
    chance = np.repeat(rng.beta(0.9 * 7 / 3, 0.1 * 7 / 3, groups), 5)
    codes = np.repeat(np.arange(groups), 5)
    return _alone((rng.random(chance.size) < chance).astype(float), clusters=codes)


# ---------------------------------------------------------------- amounts


def skewed(rng: Rng, n: int) -> Evidence:
    """Return lognormal amounts, sigma 1."""
    return _alone(rng.lognormal(0, 1, n))


def gamma(rng: Rng, n: int) -> Evidence:
    """Return moderately skewed amounts."""
    return _alone(rng.gamma(4, 1, n))


def amounts(share: float, rng: Rng, n: int) -> Evidence:
    """Return amounts around 1, a share of which runs away."""
    rare = rng.random(n) < share
    return _alone(np.where(rare, TIMES, rng.normal(1, 0.3, n)))


def waits(rng: Rng, n: int) -> Evidence:
    """Return lognormal times."""
    return _alone(rng.lognormal(0, 0.5, n))


# ---------------------------------------------------------------- both arms, each with its runaways


def _with_runaways(rng: Rng, values: FloatArray, share: float, median: float) -> FloatArray:
    if not share:
        return values
    return np.where(rng.random(values.size) < share, TIMES * median, values)


def paired_waits(share: float, rng: Rng, n: int) -> Evidence:
    """Return lognormal times of both arms on the same cases, alike in distribution."""
    case = rng.normal(0, 0.4, n)
    candidate = np.exp(case + rng.normal(0, 0.3, n))
    baseline = np.exp(case + rng.normal(0, 0.3, n))
    return _both(
        _with_runaways(rng, candidate, share, 1.0), _with_runaways(rng, baseline, share, 1.0)
    )


def paired_amounts(share: float, rng: Rng, n: int) -> Evidence:
    """Return gamma amounts of both arms on the same cases, with the same mean."""
    case = rng.gamma(4, 1, n)
    candidate = case * rng.gamma(8, 1 / 8, n)
    baseline = case * rng.gamma(8, 1 / 8, n)
    return _both(
        _with_runaways(rng, candidate, share, 3.5), _with_runaways(rng, baseline, share, 3.5)
    )


def shifted(share: float, rng: Rng, n: int) -> Evidence:
    """Return lognormal values whose distributions lie .1 apart by KS, where none run away."""
    case = rng.normal(0, 0.8, n)
    candidate = np.exp(case + rng.normal(0.2513, 0.6, n))
    baseline = np.exp(case + rng.normal(0, 0.6, n))
    return _both(
        _with_runaways(rng, candidate, share, 1.0), _with_runaways(rng, baseline, share, 1.0)
    )
