"""The few special functions that exact limits stand on, to about 1e-14.

They are written out here because they are the ground of every verdict and of its start-up time:
the library that has them costs a quarter of the time of a whole gate to load, 80 MB to install,
and changes last bits between versions. Tests hold them against it.

Reference: the incomplete beta function by the even part of the continued fraction DLMF 8.17.22
(Didonato & Morris 1992, "Significant digit computation of the incomplete beta function ratios";
evaluated by Lentz's method), its prefactor by Loader (2000), "Fast and accurate computation of
binomial probabilities", which keeps full relative accuracy where differences of log-gammas lose it.
"""

from __future__ import annotations

import math
from functools import lru_cache

CLOSE = 2e-16
NEAR = 1e-15
MOST_TERMS = 1_000_000
MOST_STEPS = 200
AS_GOOD_AS_NORMAL = 1e6
LOG_ROOT_2PI = 0.9189385332046727


def beta_cdf(x: float, a: float, b: float, *, complement: float | None = None) -> float:
    """Return the regularised incomplete beta function I_x(a, b), for a, b > 0.

    ``complement`` is 1 − x where the caller knows it to more digits than x has left.

    >>> round(beta_cdf(0.5, 2, 3), 12)
    0.6875
    """
    rest = 1 - x if complement is None else complement
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    if x * (b + 1) > rest * (a + 1):
        return 1.0 - _beta_tail(rest, b, a, x)
    return _beta_tail(x, a, b, rest)


def log_beta_cdf(x: float, a: float, b: float, *, complement: float | None = None) -> float:
    """Return the logarithm of I_x(a, b), which keeps its digits where I_x itself is 0 in float64.

    The upper tail is ``log_beta_cdf(1 - x, b, a, complement=x)``.

    >>> round(log_beta_cdf(1e-5, 200, 300), 6)
    -1969.906272
    """
    rest = 1 - x if complement is None else complement
    if x <= 0 or rest <= 0:
        return -math.inf if x <= 0 else 0.0
    if x * (b + 1) > rest * (a + 1):
        return math.log1p(-_beta_tail(rest, b, a, x))
    return log_beta_density(x, a, b, complement=rest) - math.log(_beta_fraction(x, a, b, rest))


def log_beta_density(x: float, a: float, b: float, *, complement: float | None = None) -> float:
    """Return the logarithm of x^a·(1−x)^b / B(a, b), the beta density times x·(1−x).

    >>> round(log_beta_density(0.5, 1, 1), 12) == round(math.log(0.25), 12)
    True
    """
    rest = 1 - x if complement is None else complement
    n = a + b
    return _log_power_size(x, a, b, rest) + 0.5 * (math.log(a) + math.log(b) - math.log(n))


def beta_quantile(p: float, a: float, b: float) -> float:
    """Return the x at which I_x(a, b) = p, for a, b > 0.

    >>> round(beta_quantile(0.6875, 2, 3), 12)
    0.5
    """
    if p <= 0 or p >= 1:
        return 0.0 if p <= 0 else 1.0
    if a == 1 or b == 1:
        return p ** (1 / a) if b == 1 else -math.expm1(math.log1p(-p) / b)
    if p > 0.5:
        return 1 - beta_quantile(1 - p, b, a)
    low, high = 0.0, 1.0
    x = _beta_guess(p, a, b)
    for _ in range(MOST_STEPS):
        found = beta_cdf(x, a, b)
        low, high = (low, x) if found > p else (x, high)
        density = _power_term(x, a, b, 1 - x) / (x * (1 - x))
        # Newton's step on the logarithm of the cdf, which bends away from no tail.
        nearer = x - math.log(found / p) * found / density if found > 0 and density > 0 else low
        if abs(nearer - x) <= NEAR * x:
            break
        x = nearer if low < nearer < high else (low + high) / 2
    return x


def t_cdf(t: float, freedom: float) -> float:
    """Return P(T ≤ t) for Student's t with so many degrees of freedom.

    >>> round(t_cdf(2.0, 10), 9)
    0.963305983
    """
    if math.isinf(t):
        return 1.0 if t > 0 else 0.0
    square = t * t
    whole = freedom + square
    tail = 0.5 * beta_cdf(freedom / whole, freedom / 2, 0.5, complement=square / whole)
    return tail if t < 0 else 1.0 - tail


def t_quantile(p: float, freedom: float) -> float:
    """Return the t at which P(T ≤ t) = p, for 0 < p < 1.

    The digits of t² that are lost beside so many degrees of freedom leave an error of about
    1e-11 at a million of them and of 1e-8 at a hundred million.

    >>> round(t_quantile(0.95, 10), 9)
    1.812461123
    """
    if p == 0.5:
        return 0.0
    tail = min(p, 1 - p)
    share = beta_quantile(2 * tail, freedom / 2, 0.5)
    size = math.sqrt(freedom * (1 - share) / share)
    return size if p > 0.5 else -size


@lru_cache(maxsize=1024)
def normal_quantile(p: float) -> float:
    """Return the standard normal quantile: that of Student's t once more freedom changes no digit.

    >>> round(normal_quantile(0.95), 4)
    1.6449
    """
    return t_quantile(p, AS_GOOD_AS_NORMAL)


def binomial_cdf(successes: int, trials: int, probability: float) -> float:
    """Return the probability of at most so many successes.

    >>> round(binomial_cdf(2, 5, 0.5), 12)
    0.5
    """
    if successes < 0 or successes >= trials:
        return 0.0 if successes < 0 else 1.0
    return beta_cdf(1 - probability, trials - successes, successes + 1, complement=probability)


# ---------------------------------------------------------------- parts


def _beta_tail(x: float, a: float, b: float, rest: float) -> float:
    """Return I_x(a, b) for x below the mean, where the continued fraction converges fast."""
    return _power_term(x, a, b, rest) / _beta_fraction(x, a, b, rest)


def _beta_fraction(x: float, a: float, b: float, rest: float) -> float:
    """Return x^a·(1−x)^b / B(a, b) over I_x(a, b), for x below the mean."""
    # The even part of the fraction holds a·(1 − x) − b·x, which ``rest`` keeps to the last digit;
    # the fraction itself takes 1 from numbers near 1 where a is large and x nearly 1.
    lead = a * rest - b * x + 1
    fraction = c = a * lead / (a + 1)
    d = 0.0
    for m in range(1, MOST_TERMS):
        twice = a + 2 * m
        over = (a + m - 1) * (a + b + m - 1) * m * (b - m) * (x / (twice - 1)) ** 2
        under = m + m * (b - m) * x / (twice - 1) + (a + m) * (lead + m * (1 + rest)) / (twice + 1)
        d, c = 1.0 / (under + over * d), under + over / c
        change = c * d
        fraction *= change
        if abs(change - 1.0) < CLOSE:
            break
    return fraction


def _beta_guess(p: float, a: float, b: float) -> float:
    """Return a first guess of a quantile (Abramowitz & Stegun 26.5.22), or the mean."""
    if a <= 1 or b <= 1:
        return a / (a + b)
    tail = min(p, 1 - p)
    t = math.sqrt(-2 * math.log(tail))
    y = t - (2.30753 + 0.27061 * t) / (1 + (0.99229 + 0.04481 * t) * t)
    y = y if p < 0.5 else -y
    curve = (y * y - 3) / 6
    h = 2 / (1 / (2 * a - 1) + 1 / (2 * b - 1))
    w = y * math.sqrt(max(h + curve, 0.0)) / h
    w -= (1 / (2 * b - 1) - 1 / (2 * a - 1)) * (curve + 5 / 6 - 2 / (3 * h))
    x = a / (a + b * math.exp(2 * w))
    return x if 0 < x < 1 else a / (a + b)


def _power_term(x: float, a: float, b: float, rest: float) -> float:
    """Return x^a·(1−x)^b / B(a, b), ``rest`` being 1 − x."""
    return math.exp(_log_power_size(x, a, b, rest)) * math.sqrt(a * b / (a + b))


def _log_power_size(x: float, a: float, b: float, rest: float) -> float:
    """Return the logarithm of the power term over √(ab/(a + b))."""
    n = a + b
    log_size = (
        _stirling_error(n) - _stirling_error(a) - _stirling_error(b)
        - _deviance(a, n * x) - _deviance(b, n * rest)
    )  # fmt: skip
    return log_size - LOG_ROOT_2PI


def _stirling_error(n: float) -> float:
    """Return log Γ(n+1) − log(√(2πn)·(n/e)^n), the error of Stirling's formula."""
    if n > 15:
        s = 1 / (n * n)
        return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - s / 1188) * s) * s) * s) / n
    return math.lgamma(n + 1) - (n + 0.5) * math.log(n) + n - LOG_ROOT_2PI


def _deviance(x: float, mean: float) -> float:
    """Return x·log(x/mean) + mean − x without losing digits where both are near."""
    gap = (x - mean) / (x + mean)
    if abs(gap) >= 0.1:
        return x * math.log(x / mean) + mean - x
    total = (x - mean) * gap
    term = 2 * x * gap
    for j in range(1, 1000):
        term *= gap * gap
        larger = total + term / (2 * j + 1)
        if larger == total:
            break
        total = larger
    return total
