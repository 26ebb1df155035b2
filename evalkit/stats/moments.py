"""Sums of powers become the spread of a mean: of rows that stand alone, and of users with several.

Assumes: independent units (rows, or users with all of their rows) with a finite third moment;
    approximate.
Reference: the variance CR2 and the freedom of Bell & McCaffrey and the skew of Hall, all as in
    ``evalkit.stats.skew_t``, of which this gives the numbers without the values: units of one size
    have one leverage, so that their powers can be added before the mean is known. Sums are exact,
    and centred as fractions: nothing cancels but what rounding the values left.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from evalkit.stats.skew_t import Spread

NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Group:
    """Units of one size: how many rows each has, how many units there are, and their sums.

    ``sums`` holds the sums over units of products of their sums: ``d``, ``dd`` and ``ddd`` of the
    value itself; with ``b``, ``bb``, ``bd`` and so on of the baseline's as well, where ``d`` is a
    difference from it.
    """

    size: int
    units: int
    sums: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Moments:
    """The moments of units around their means, of the baseline and of the difference.

    ``spread`` holds the sums of squares and products, each unit by its leverage, ``plain`` without
    it, in the order dd, bd, bb; ``third`` those of ddd, bdd, bbd, bbb.
    """

    rows: int
    units: int
    baseline: float
    mean: float
    weighted: tuple[float, float, float]
    plain: tuple[float, float, float]
    third: tuple[float, float, float, float]
    freedom: float

    @classmethod
    def of(cls, groups: Iterable[Group]) -> Moments:
        """Return the moments of units of several sizes.

        Raises:
            ValueError: fewer than two units, from which no spread can be seen.

        >>> sums = {"d": Fraction(10), "dd": Fraction(30), "ddd": Fraction(100)}
        >>> spread = Moments.of([Group(size=1, units=4, sums=sums)]).spread()
        >>> spread.mean, round(spread.error, 9), round(spread.freedom, 9)
        (2.5, 0.645497224, 3.0)
        """
        found = sorted(groups, key=lambda group: group.size)
        rows = sum(group.size * group.units for group in found)
        units = sum(group.units for group in found)
        if units < 2:
            raise ValueError(f"a spread needs two units, found {units}")
        b, d = (sum((g.sums.get(key, NONE) for g in found), NONE) / rows for key in ("b", "d"))
        weighted, plain, third = [0.0] * 3, [0.0] * 3, [0.0] * 4
        square = leverage = leverage_square = 0.0
        for group in found:
            seconds, thirds = _centred(group, group.size * b, group.size * d)
            share = group.size / rows
            for place, second in enumerate(seconds):
                plain[place] += float(second)
                weighted[place] += float(second) / (1 - share)
            for place, other in enumerate(thirds):
                third[place] += float(other)
            lever = share**2 / (1 - share)
            square += group.units * share**2
            leverage += group.units * lever
            leverage_square += group.units * lever**2
        freedom = 1 / (square + leverage**2 - leverage_square)
        return cls(
            rows, units, float(b), float(d),
            (weighted[0], weighted[1], weighted[2]), (plain[0], plain[1], plain[2]),
            (third[0], third[1], third[2], third[3]), freedom,
        )  # fmt: skip

    def spread(self, factor: float = 0.0) -> Spread:
        """Return the spread of the mean of the difference and ``factor`` times the baseline."""
        k = factor
        variance = max(_of_squares(self.weighted, k), 0.0) / self.rows**2
        deviation = math.sqrt(max(_of_squares(self.plain, k), 0.0) / (self.units - 1))
        ddd, bdd, bbd, bbb = self.third
        cubes = (ddd + 3 * k * bdd + 3 * k**2 * bbd + k**3 * bbb) / self.units
        skew = cubes / deviation**3 if deviation and variance else 0.0
        return Spread(
            self.mean + k * self.baseline, math.sqrt(variance), self.freedom, skew, self.units
        )


def _of_squares(sums: tuple[float, float, float], factor: float) -> float:
    dd, bd, bb = sums
    return dd + 2 * factor * bd + factor**2 * bb


def _centred(
    group: Group, a: Fraction, e: Fraction
) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """Return sums of products of ``B − a`` and ``D − e`` over the units of a group."""
    n = group.units
    if "b" not in group.sums:
        d, dd, ddd = (group.sums[key] for key in ("d", "dd", "ddd"))
        cubes = ddd - 3 * e * dd + 3 * e**2 * d - n * e**3
        return (dd - 2 * e * d + n * e**2, NONE, NONE), (cubes, NONE, NONE, NONE)

    def s(key: str) -> Fraction:
        return group.sums[key]

    b, d, bb, bd, dd = s("b"), s("d"), s("bb"), s("bd"), s("dd")
    seconds = (
        dd - 2 * e * d + n * e**2,
        bd - e * b - a * d + n * a * e,
        bb - 2 * a * b + n * a**2,
    )
    thirds = (
        s("ddd") - 3 * e * dd + 3 * e**2 * d - n * e**3,
        s("bdd") - a * dd - 2 * e * bd + 2 * a * e * d + e**2 * b - n * a * e**2,
        s("bbd") - e * bb - 2 * a * bd + 2 * a * e * b + a**2 * d - n * a**2 * e,
        s("bbb") - 3 * a * bb + 3 * a**2 * b - n * a**3,
    )
    return seconds, thirds


def welch(one: Spread, other: Spread, *, factor: float = 1.0, shared: float = 0.0) -> Spread:
    """Return the spread of a mean minus ``factor`` times that of another sample.

    Args:
        one: the spread of the first.
        other: the spread of the second.
        factor: how often the second is taken off.
        shared: the covariance of both means, through users who are in both.

    >>> both = welch(Spread(2.5, 0.6, 3.0, 0.0, 4), Spread(5.0, 2.0, 2.0, 0.0, 3))
    >>> both.mean, round(both.error, 9), round(both.freedom, 3)
    (-2.5, 2.088061302, 2.363)
    """
    first, second = one.error**2, (factor * other.error) ** 2
    variance = first + second
    freedom = min(one.freedom, other.freedom)
    if variance and not shared:
        part = first / variance
        freedom = 1 / (part**2 / one.freedom + (1 - part) ** 2 / other.freedom)
    # Users in both samples are pairs: no more freedom than the smaller sample has is safe.
    variance = max(variance - 2 * factor * shared, 0.0)
    return Spread(
        one.mean - factor * other.mean, math.sqrt(variance), freedom, 0.0, one.units + other.units
    )
