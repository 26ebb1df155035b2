"""What is to be decided about a number, for engines that have to know it beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.core.digest import digest
from evalkit.core.envelope import Bound, Limit, LimitKind, Method


@dataclass(frozen=True, slots=True)
class Asked:
    """A limit, how often a claim about it may be wrong, and by which method it is judged.

    ``seed`` is that of whatever an engine draws at random.
    """

    limit: Limit
    alpha: float
    method: Method = Method.USUAL
    seed: int = 0

    @classmethod
    def of(cls, bound: Bound) -> Asked:
        """Return what a bound asks; its seed is read off what it says."""
        limit, quantile = bound.limit, bound.statistic.quantile
        if limit.kind is not LimitKind.SHIFT and not (limit.compares and quantile is not None):
            return cls(limit, bound.alpha, bound.method)  # nothing is drawn: a plan asks this often
        words = [bound.name, bound.metric.name, bound.statistic.name, bound.slice.name]
        seed = int(digest([*words, limit])[:15], 16)
        return cls(limit, bound.alpha, bound.method, seed)

    @property
    def sides(self) -> list[float]:
        """The ends of the limit."""
        return [side for side in (self.limit.min, self.limit.max) if side is not None]
