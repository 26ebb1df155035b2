"""How far a bound that need not be proven can see: the value it would find broken, 8 times in 10."""

from __future__ import annotations

from evalkit.core.envelope import Bound, Require
from evalkit.core.verdict import Chance, Unmeasured
from evalkit.stages.judge.drafts import Measured
from evalkit.stats.doubt import Mistakes, to_break, to_hold
from evalkit.stats.operating import Chances, Interpolated, Operating, RateOperating, caught, curve


def detects(bound: Bound, judged: Measured | Unmeasured, mistakes: Mistakes) -> float | None:
    """Return the value beyond the limit that would be found broken 8 times in 10, if there is one.

    The upper side where there are two.
    """
    if bound.require is Require.PROVEN or isinstance(judged, Unmeasured):
        return None
    seen = _operating(to_break(bound, mistakes), judged)
    if seen is None:
        return None
    return caught(bound, seen.at, seen.scatter, up=bound.limit.max is not None)


def sees(bound: Bound, judged: Measured | Unmeasured, mistakes: Mistakes) -> tuple[Chance, ...]:
    """Return what would become of a bound for every true value, on data as much as these."""
    if isinstance(judged, Unmeasured):
        return ()
    held = _quick(to_hold(bound, mistakes), judged)
    if held is None:
        return ()
    broken = _quick(to_break(bound, mistakes), judged) if mistakes else held
    assert broken is not None, "what can be told of one limit can be told of another"
    return curve(bound, lambda truth: (held.at(truth)[0], broken.at(truth)[1]), held.scatter)


def _quick(bound: Bound, judged: Measured) -> Chances | None:
    seen = _operating(bound, judged)
    return Interpolated.of(seen) if isinstance(seen, RateOperating) else seen


def _operating(bound: Bound, judged: Measured) -> Chances | None:
    limits = judged.estimate.lower, judged.estimate.upper
    return Operating.of(bound, judged.engine, limits=limits)
