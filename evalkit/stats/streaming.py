"""Evidence that may be looked at after every observation: e-processes and a running boundary.

An e-process starts at 1 and has a mean of at most 1 at any time, however that time is chosen, as
long as the claim is false: it passes 1/alpha with a probability of at most alpha (Ville 1939). All
are given as logarithms, and none needs more than sums of what was seen.

Assumes: independent observations; events of one user within a look are counted once.
Reference: Ramdas, Grünwald, Vovk & Shafer (2023), "Game-theoretic statistics and safe anytime-valid
inference"; the boundary is that of Howard, Ramdas, McAuliffe & Sekhon (2021), "Time-uniform,
nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evalkit.stats.arrays import FloatArray
from evalkit.stats.roots import root
from evalkit.stats.special import log_beta_cdf, log_beta_density


@dataclass(frozen=True, slots=True)
class Events:
    """So many events among so many chances for one, of which more may come.

    A chance may hold a part of an event, such as the share of a user's requests that failed: every
    e-value here is a convex function of that part, so that it is at most what a whole event that is
    as probable gives on average.

    Raises:
        ValueError: a negative number, or more events than chances.
    """

    found: float
    chances: float

    def __post_init__(self) -> None:
        if not 0 <= self.found <= self.chances:
            raise ValueError(f"expected 0 to {self.chances} events, found {self.found}")

    @property
    def others(self) -> float:
        """How many chances passed without the event."""
        return self.chances - self.found

    def mirrored(self) -> Events:
        """Return the chances that passed, as the events."""
        return Events(self.others, self.chances)


@dataclass(frozen=True, slots=True)
class Prior:
    """A beta distribution of the rate that events may have if the claim is true."""

    a: float = 1.0
    b: float = 1.0

    def __post_init__(self) -> None:
        if not (self.a > 0 and self.b > 0):
            raise ValueError(f"expected a beta distribution with a, b > 0, found {self}")

    def mirrored(self) -> Prior:
        """Return the distribution of 1 minus the rate."""
        return Prior(self.b, self.a)


def log_e_planned(events: Events, rate: float, planned: float) -> float:
    """Return the log e-value against ``rate``, betting on a planned one: their likelihood ratio.

    Against all rates up to ``rate`` it is one too if the planned rate is larger, and against all
    from ``rate`` on if it is smaller. Minus infinity is a bet that is lost for good.

    Raises:
        ValueError: a rate that is not inside 0 to 1, or a plan outside it.

    >>> round(log_e_planned(Events(50, 50), 0.85, 0.95), 9)
    5.561281756
    """
    _check_inside(rate)
    if not 0 <= planned <= 1:
        raise ValueError(f"expected a planned rate from 0 to 1, found {planned}")
    return _log_times(events.found, planned, rate) + _log_times(
        events.others, 1 - planned, 1 - rate
    )


def log_e_different(events: Events, rate: float, prior: Prior = Prior()) -> float:
    """Return the log e-value against "the rate is ``rate``", betting on a beta mixture of rates.

    The ratio of marginal likelihoods is that of the mixture's density at ``rate`` before and after
    the data (Savage and Dickey), in which nothing cancels.

    Raises:
        ValueError: a rate that is not inside 0 to 1.

    >>> round(log_e_different(Events(9, 20), 0.05), 9)
    12.449813128
    """
    _check_inside(rate)
    after = _after(events, prior)
    return log_beta_density(rate, prior.a, prior.b) - log_beta_density(rate, after.a, after.b)


def log_e_above(events: Events, rate: float, prior: Prior = Prior()) -> float:
    """Return the log e-value of the claim "the rate is above ``rate``": against any up to it.

    The bet is the beta mixture of the rates above. It is valid against every rate below as well,
    because each of those likelihood ratios grows with the number of events.

    Raises:
        ValueError: a rate that is not inside 0 to 1.

    >>> round(log_e_above(Events(9, 20), 0.05), 9)
    12.501106401
    """
    after = _after(events, prior)
    return log_e_different(events, rate, prior) + _log_above(rate, after) - _log_above(rate, prior)


def log_e_below(events: Events, rate: float, prior: Prior = Prior()) -> float:
    """Return the log e-value of the claim "the rate is below ``rate``"."""
    return log_e_above(events.mirrored(), 1 - rate, prior.mirrored())


# ---------------------------------------------------------------- a canary beside its baseline


def share_of_events(traffic: float, ratio: float) -> float:
    """Return the share of all events that fall on the canary, if its rate is so many times as high.

    Args:
        traffic: the share of requests that the canary got in this look, not the configured one.
        ratio: the rate of events of the canary over that of the baseline.

    >>> round(share_of_events(0.05, 2.0), 9)
    0.095238095
    """
    if not (0 < traffic < 1 and ratio > 0):
        raise ValueError(f"expected 0 < traffic < 1 and ratio > 0, found {traffic} and {ratio}")
    return traffic * ratio / (traffic * ratio + 1 - traffic)


def log_e_ratio_above(looks: FloatArray, tolerated: float, ratios: FloatArray) -> float:
    """Return the log e-value of "the canary's rate of events is more than so many times as high".

    The share of traffic may differ from look to look: each look has its own likelihood ratio, and
    the bet is the mixture of the given rate ratios in equal parts.

    Args:
        looks: a row a look: events in the canary, events in both arms, the share of traffic.
        tolerated: the rate ratio that is still acceptable.
        ratios: the rate ratios to bet on, all larger than ``tolerated``; fixed beforehand.

    Raises:
        ValueError: a ratio that is not larger than the tolerated one, or none; a look with more
            events in the canary than in both arms, or with a share outside 0 to 1.

    >>> looks = np.array([[9.0, 20.0, 0.05], [4.0, 9.0, 0.06]])
    >>> round(log_e_ratio_above(looks, 1.0, np.array([1.5, 2.0, 4.0, 8.0])), 6)
    16.504307
    """
    return log_mixture(log_bets_on_ratio(looks, tolerated, ratios))


def log_bets_on_ratio(looks: FloatArray, tolerated: float, ratios: FloatArray) -> FloatArray:
    """Return what became of a bet on each rate ratio, in logarithms: looks that follow add to it.

    The likelihood ratio of a share of events, with what both have in common left out. No event has
    to be rare for it: with counts that are sums of independent 0s and 1s its mean is at most
    ``exp(p·[n_c(tR − R0) + n_b(t − 1)]) = 1``, where ``t`` is the factor of an event in either arm,
    because ``1 + x ≤ exp(x)``.

    Args and errors are those of ``log_e_ratio_above``.
    """
    if not (tolerated > 0 and ratios.size and np.all(ratios > tolerated)):
        raise ValueError(f"expected ratios above the tolerated {tolerated}, found {ratios}")
    found, both, traffic = looks.reshape(-1, 3).T
    if np.any((found < 0) | (found > both) | (traffic < 0) | (traffic > 1)):
        raise ValueError(f"expected events in the canary among all, and shares, found {looks}")
    rest = 1 - traffic
    thinned = np.log(
        (traffic * tolerated + rest)[:, None] / (np.outer(traffic, ratios) + rest[:, None])
    )
    bets: FloatArray = float(found.sum()) * np.log(ratios / tolerated) + both @ thinned
    return bets


def log_mixture(bets: FloatArray) -> float:
    """Return the logarithm of the mean of what became of several bets.

    >>> round(log_mixture(np.log(np.array([1.0, 3.0]))), 12) == round(math.log(2), 12)
    True
    """
    most = float(bets.max())
    return most + math.log(float(np.exp(bets - most).mean()))


# ---------------------------------------------------------------- sums of many observations


def running_boundary(
    variance: float, alpha: float, *, tuned_for: float, one_sided: bool = False
) -> float:
    """Return what a sum of centred observations exceeds at some time with a chance of ``alpha``.

    The boundary of a normal mixture. Divided by the number of observations it is the radius of a
    confidence sequence for their mean, in units of their standard deviation; asymptotic there,
    from about a hundred observations.

    Args:
        variance: the variance of the sum so far: of unit variances, the number of observations.
        alpha: the level; of both sides together unless one side is asked for.
        tuned_for: the variance at which the boundary is to be near its lowest.
        one_sided: whether only sums above 0 count.

    Raises:
        ValueError: a level outside 0 to 1 (to ½ for one side), or a variance below 0.

    >>> round(running_boundary(100, 0.05, tuned_for=100), 9)
    30.352089904
    """
    both = 2 * alpha if one_sided else alpha
    if not (0 < both < 1 and variance >= 0 and tuned_for > 0):
        raise ValueError(
            f"expected a level in (0, 1), variance ≥ 0 and tuned_for > 0, "
            f"found {alpha}, {variance} and {tuned_for}"
        )
    prior = tuning(both, tuned_for)
    whole = variance + prior
    growth = math.log(whole / prior)
    if not one_sided:
        return math.sqrt(whole * (growth - 2 * math.log(alpha)))
    enough = growth / 2 - math.log(alpha) - math.log(2)

    def gap(size: float) -> float:
        # log 2Φ(size) without taking 1 from a number near it.
        return size**2 / 2 + math.log1p(-math.erfc(size / math.sqrt(2)) / 2) - enough

    return math.sqrt(whole) * root(gap, 0.0, math.sqrt(2 * (enough + math.log(2))))


def tuning(both: float, tuned_for: float) -> float:
    """Return the precision of the normal mixture whose boundary is lowest at some variance.

    Args:
        both: the level of both sides together.
        tuned_for: the variance.
    """
    return tuned_for / (-2 * math.log(both) + math.log1p(-2 * math.log(both)))


def _log_times(count: float, share: float, rate: float) -> float:
    """Return ``count·log(share/rate)``, which is 0 where nothing was counted."""
    if not count:
        return 0.0
    return count * math.log(share / rate) if share else -math.inf


def _after(events: Events, prior: Prior) -> Prior:
    return Prior(prior.a + events.found, prior.b + events.others)


def _log_above(rate: float, distribution: Prior) -> float:
    return log_beta_cdf(1 - rate, distribution.b, distribution.a, complement=rate)


def _check_inside(rate: float) -> None:
    if not 0 < rate < 1:
        raise ValueError(f"expected a rate between 0 and 1, found {rate}")
