"""Engine G: limits for the mean of bounded data that stay right on small samples.

Assumes: independent units (cases, or clusters of cases) with values in a declared support.
Reference: Gaffke (2005), "Three test statistics for a nonparametric one-sided hypothesis on the
mean of a nonnegative variable"; Learned-Miller & Thomas (2020), arXiv:1905.06208. For binary data
the limits are those of Clopper & Pearson (1934).

The upper limit is the m at which ``P(Σ (x_j − m)·E_j + (hi − m)·E_0 > 0) = α`` with independent
standard exponentials E. That probability is computed without random numbers, by integrating the
moment generating function along a path through its saddle point (Daniels 1987, "Tail probability
approximations"). The path leans as that of steepest descent does, so that the integrand decays
instead of turning: the trapezoid rule converges exponentially whatever the number of units, and
far tails keep their relative accuracy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from evalkit.core.envelope import Support
from evalkit.stats import binomial
from evalkit.stats.arrays import FloatArray
from evalkit.stats.roots import root

SADDLE_STEPS = 200
SADDLE_TOLERANCE = 1e-3
LONGEST_STEP = 600.0
FIRST_REACH = 1e3
STEEPEST_LEAN = 0.25
WORTH_BENDING = 0.02
FIRST_STEP = 0.2
FIRST_REACH_TRIED = 2.0
REACH_STEP = 0.5
REACH_BLOCK = 6
ENOUGH_CHANGE = 1e-10
MOST_HALVINGS = 10
NEGLIGIBLE_LOG = -40.0
NEGLIGIBLE_WEIGHT = 1e-100
CHUNK_ELEMENTS = 2_000_000
A_FEW_NODES = 0.4 * np.arange(1.0, 13.0)
AGREE_WITHIN, ENDED_WITHIN = 0.05, 0.01
CLEARLY = 0.25
"""So far from a level, in logarithms; no weights are known whose tail by a few points is off by a tenth
of that."""


@dataclass(frozen=True, slots=True)
class Units:
    """Independent units, equal ones counted once.

    Three arrays of one length: the sum of a unit's case values, the number of its cases, and how
    many such units there are. A unit that is a single case has size 1.
    """

    sums: FloatArray
    sizes: FloatArray
    counts: FloatArray

    @property
    def count(self) -> float:
        """The number of units."""
        return float(self.counts.sum())

    @property
    def mean(self) -> float:
        """The case-weighted mean."""
        return float(self.counts @ self.sums / (self.counts @ self.sizes))


def upper_limit(units: Units, support: Support, alpha: float) -> float:
    """Return the one-sided upper limit of the mean at level 1 − alpha.

    No units leave the whole support; so do values that all sit at its upper end.

    >>> ones = Units(*(np.array([float(v)]) for v in (1, 1, 20)))
    >>> zeros = Units(*(np.array([float(v)]) for v in (0, 1, 20)))
    >>> upper_limit(ones, Support(0, 1), 0.05)
    1.0
    >>> round(upper_limit(zeros, Support(0, 1), 0.05), 9)
    0.139108341
    """
    if not units.counts.size:
        return support.upper
    unit = _on_unit_interval(units, support)
    return support.lower + support.width * _upper(unit, alpha)


def lower_limit(units: Units, support: Support, alpha: float) -> float:
    """Return the one-sided lower limit of the mean at level 1 − alpha."""
    if not units.counts.size:
        return support.lower
    unit = _on_unit_interval(units, support)
    return support.upper - support.width * _upper(_mirrored(unit), alpha)


def p_below(units: Units, support: Support, bound: float) -> float:
    """Return the p-value of the claim "the mean is below ``bound``"."""
    return _p(_on_unit_interval(units, support), (bound - support.lower) / support.width)


def p_above(units: Units, support: Support, bound: float) -> float:
    """Return the p-value of the claim "the mean is above ``bound``"."""
    unit = _mirrored(_on_unit_interval(units, support))
    return _p(unit, (support.upper - bound) / support.width)


def proves_below(units: Units, support: Support, bound: float, alpha: float) -> bool:
    """Return whether ``p_below`` is at most alpha; where that is clear, without the exact value."""
    return _proves(
        _on_unit_interval(units, support), (bound - support.lower) / support.width, alpha
    )


def proves_above(units: Units, support: Support, bound: float, alpha: float) -> bool:
    """Return whether ``p_above`` is at most alpha; where that is clear, without the exact value."""
    unit = _mirrored(_on_unit_interval(units, support))
    return _proves(unit, (support.upper - bound) / support.width, alpha)


# ---------------------------------------------------------------- the unit interval


def _on_unit_interval(units: Units, support: Support) -> Units:
    sums = (units.sums - support.lower * units.sizes) / support.width
    return Units(sums, units.sizes, units.counts)


def _mirrored(units: Units) -> Units:
    return Units(units.sizes - units.sums, units.sizes, units.counts)


def _binary(units: Units) -> tuple[float, float] | None:
    """Return successes and trials where every unit is one case that is 0 or 1."""
    plain = bool(np.all(units.sizes == 1) and np.all((units.sums == 0) | (units.sums == 1)))
    return (float(units.counts @ units.sums), units.count) if plain else None


def _upper(units: Units, alpha: float) -> float:
    if binary := _binary(units):
        return binomial.upper_limit(*binary, alpha)
    if np.all(units.sums >= units.sizes):
        return 1.0
    target = math.sqrt(-2 * math.log(alpha))
    gap = partial(_distance_to, units, target)
    return root(gap, *_bracket(units, alpha))


def _p(units: Units, bound: float) -> float:
    if not units.counts.size:
        return 1.0
    if binary := _binary(units):
        return binomial.p_below(*binary, bound)
    return math.exp(log_tail(*_weights(units, bound)))


def _proves(units: Units, bound: float, alpha: float) -> bool:
    if not units.counts.size or _binary(units) or not 0 < alpha < 1:
        return _p(units, bound) <= alpha
    return tail_is_at_most(alpha, *_weights(units, bound))


def _weights(units: Units, mean: float) -> tuple[FloatArray, FloatArray]:
    """Return the weights of T at this mean, the pseudo-unit at the upper end included."""
    typical = math.sqrt(float(units.counts @ units.sizes**2) / units.count)
    return _joined(units.sums - mean * units.sizes, (1 - mean) * typical), _joined(
        units.counts, 1.0
    )


def _joined(values: FloatArray, last: float) -> FloatArray:
    """Return what ``np.append`` does, in a third of the time: it is called for every tail."""
    joined = np.empty(values.size + 1)
    joined[:-1], joined[-1] = values, last
    return joined


def _distance_to(units: Units, target: float, mean: float) -> float:
    # √(−2·log T) is nearly a straight line in the mean, as T is nearly a normal tail: the root
    # finder needs half the steps it needs on T itself.
    log_t = log_tail(*_weights(units, mean))
    return math.sqrt(-2 * log_t) - target if log_t > -math.inf else math.inf


def _bracket(units: Units, alpha: float) -> tuple[float, float]:
    """Return two means around the upper limit: the sample mean, and one far enough above it."""
    low = min(max(units.mean, 0.0), 1.0)
    spread = float(units.counts @ (units.sums - low * units.sizes) ** 2) + (1 - low) ** 2
    step = (
        math.sqrt(2 * math.log(1 / alpha)) * math.sqrt(spread) / float(units.counts @ units.sizes)
    )
    while (high := low + step) < 1:
        if log_tail(*_weights(units, high)) < math.log(alpha):
            return low, high
        step *= 1.5
    return low, 1.0


# ---------------------------------------------------------------- the tail of a weighted sum


def log_tail(weights: FloatArray, counts: FloatArray) -> float:
    """Return the logarithm of P(Σ w_j·G_j > 0) with independent G_j ~ Gamma(counts_j, 1).

    Exact to about 1e-13, relative to the smaller of the two tails, up to a million units; beyond,
    to the 1e-19 of their number that float64 leaves of a sum over them.
    """
    weights = _without_negligible(weights)
    if not np.any(weights < 0):
        return 0.0
    if not np.any(weights > 0):
        return -math.inf
    if float(counts @ weights) > 0:
        return math.log1p(-math.exp(_log_along(*_path(-weights, counts))))
    return _log_along(*_path(weights, counts))


def tail_is_at_most(level: float, weights: FloatArray, counts: FloatArray) -> bool:
    """Return whether ``log_tail`` is at most the logarithm of a level between 0 and 1.

    A bound on the tail that is at most the level says so at once. A few points of the integrand do
    where two sums over them agree, and lie further from the level than any was seen from the tail;
    elsewhere the tail is computed.
    """
    weights = _without_negligible(weights)
    if np.any(weights < 0) and np.any(weights > 0) and float(counts @ weights) <= 0:
        if _is_below(math.log(level), weights, counts):
            return True
        path, log_scale = _path(weights, counts)
        about = path.about()
        if about > 0 and abs(above := math.log(about) + log_scale - math.log(level)) > CLEARLY:
            return above < 0
        return math.exp(_log_along(path, log_scale)) <= level
    return math.exp(log_tail(weights, counts)) <= level


def _is_below(log_level: float, weights: FloatArray, counts: FloatArray) -> bool:
    """Return whether Chernoff's bound shows a tail below a level; it holds wherever it is taken.

    It is taken where it would be least if the sum were normal.
    """
    mean, square = float(counts @ weights), float(counts @ weights**2)
    s = min(-mean / square, 0.5 / float(weights.max()))
    return -float(counts @ np.log1p(-s * weights)) <= log_level


def _without_negligible(weights: FloatArray) -> FloatArray:
    """Return the weights without those whose squares, beside the largest, would be no numbers."""
    sizes = np.abs(weights)
    return np.where(sizes < NEGLIGIBLE_WEIGHT * float(sizes.max(initial=0.0)), 0.0, weights)


def _path(weights: FloatArray, counts: FloatArray) -> tuple[_Path, float]:
    """Return the path for weights of both signs whose sum is not above 0, and the scale along it."""
    # At s = saddle + z the integrand exp(K(s))/s is its value at the saddle times the product of
    # (1 − az)^−count with a = w/(1 − saddle·w); the pole 1/s is one more factor of that form.
    saddle = _saddle(weights, counts)
    tilted = weights / (1 - saddle * weights)
    log_peak = -float(counts @ np.log1p(-saddle * weights)) - math.log(saddle)
    squares = float(counts @ tilted**2)
    width = 1 / math.sqrt(squares + 1 / saddle**2)
    bend = float(counts @ (tilted * tilted**2)) / (3 * squares)
    factors = _joined(tilted, -1 / saddle), _joined(counts, 1.0)
    path = _Path(*factors, width, bend if abs(bend) * width > WORTH_BENDING else 0.0)
    return path, log_peak - math.log(math.pi)


def _log_along(path: _Path, log_scale: float) -> float:
    reach = path.reach() or (path := replace(path, bend=0.0)).reach()
    return min(log_scale + math.log(path.integral(reach)), 0.0)


def _saddle(weights: FloatArray, counts: FloatArray) -> float:
    """Return where K(s) − log s is least between 0 and 1/max(w), to a small part of its width."""
    # Sought on a logarithmic scale: beside weights that differ by many powers of ten, the place is
    # as many powers of ten away from any first guess.
    low, high = 0.0, 1 / float(weights.max())
    s = min(1 / math.sqrt(float(counts @ weights**2)), high / 2)
    for _ in range(SADDLE_STEPS):
        tilted = s * weights / (1 - s * weights)
        slope = float(counts @ tilted) - 1
        curvature = float(counts @ tilted**2) + 1
        if abs(slope) < SADDLE_TOLERANCE * math.sqrt(curvature):
            break
        low, high = (low, s) if slope > 0 else (s, high)
        # Newton's step along log s, where the slope rises there; it need not far from the place.
        rise = slope + curvature
        nearer = s * math.exp(min(-slope / rise, LONGEST_STEP)) if rise > 0 else high
        s = (
            nearer
            if low < nearer < high
            else math.sqrt(max(low, s / FIRST_REACH)) * math.sqrt(high)
        )
    return s


@dataclass(frozen=True, slots=True)
class _Path:
    """The product of (1 − az)^−count along a path z from the saddle point, where it is 1.

    The path is ``z = iy + x(y)`` with ``y = width·sinh(v)``. It leaves the saddle as
    ``x = bend·y²``, the path of steepest descent, and leans by a quarter of y in the end.
    """

    tilted: FloatArray
    counts: FloatArray
    width: float
    bend: float

    def integral(self, reach: float) -> float:
        """Return the integral over y from 0 to where v is ``reach``, by the trapezoid rule.

        Raises:
            ArithmeticError: it does not settle, as with more units than float64 tells apart.
        """
        step = FIRST_STEP
        total = 0.5 + self._sum(np.arange(step, reach, step))
        for _ in range(MOST_HALVINGS):
            coarse, step = step * total, step / 2
            total += self._sum(np.arange(step, reach, 2 * step))
            if not abs(1 - coarse / (step * total)) > ENOUGH_CHANGE:
                return self.width * step * total
        raise ArithmeticError(f"engine G: {self} does not settle")

    def about(self) -> float:
        """Return the integral by a few points, to a few hundredths of it; 0 where they do not tell."""
        log_size, phase, lean = self._polar(A_FEW_NODES)
        sizes = np.exp(log_size) * np.cosh(A_FEW_NODES)
        heights = sizes * (np.cos(phase) + lean * np.sin(phase))
        fine, coarse = 0.5 + float(heights.sum()), 1 + 2 * float(heights[1::2].sum())
        ended = float(sizes[-1]) * (1 + abs(float(lean[-1]))) < ENDED_WITHIN * fine
        # What is no number agrees with nothing.
        agree = abs(coarse - fine) < AGREE_WITHIN * fine
        return self.width * float(A_FEW_NODES[0]) * fine if ended and agree else 0.0

    def reach(self) -> float:
        """Return a v beyond which the integrand is nothing in float64; 0 where it grows first.

        It falls all along a straight path, but may grow along one that leans the wrong way for
        a multitude of weights far smaller than those that bend it.
        """
        block = REACH_STEP * np.arange(1.0, REACH_BLOCK + 1)
        v: FloatArray
        v = FIRST_REACH_TRIED + block
        while True:
            log_size, _, lean = self._polar(v)
            # What is no number ends as well, and stays none.
            ends = ~(log_size + np.log1p(np.abs(lean)) + v > NEGLIGIBLE_LOG)
            stop = int(np.argmax(ends)) if ends.any() else v.size - 1
            if (log_size[: stop + 1] > 0).any():
                return 0.0
            if ends[stop]:
                return float(v[stop])
            v = v[-1] + block

    def _sum(self, nodes: FloatArray) -> float:
        chunk = max(1, CHUNK_ELEMENTS // self.tilted.size)
        total = 0.0
        for start in range(0, nodes.size, chunk):
            part = nodes[start : start + chunk]
            log_size, phase, lean = self._polar(part)
            # The real part of the integrand times dz/(i·dy) = 1 − i·lean.
            heights = np.exp(log_size) * (np.cos(phase) + lean * np.sin(phase))
            total += float(heights @ np.cosh(part))
        return total

    def _polar(self, v: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the logarithm of the size of the integrand, its phase, and dx/dy."""
        y = self.width * np.sinh(v)
        if not self.bend:
            up = y[:, np.newaxis] * self.tilted
            return -0.5 * (np.log1p(up**2) @ self.counts), np.arctan(up) @ self.counts, 0 * y
        bent = (self.bend * y / STEEPEST_LEAN) ** 2
        x = self.bend * y**2 / np.sqrt(1 + bent)
        lean = self.bend * y * (2 + bent) / (1 + bent) ** 1.5
        up, across = y[:, np.newaxis] * self.tilted, x[:, np.newaxis] * self.tilted
        log_size = -0.5 * (np.log1p(up**2 + across * (across - 2)) @ self.counts)
        return log_size, np.arctan2(up, 1 - across) @ self.counts, lean
