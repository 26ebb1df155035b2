"""Is a verdict certain before everything was asked?

Bets may be judged after any case (engine S), so that what they show by then stands. A claim on a
fixed number of cases is certain once it would be made with everything still unanswered at its
worst for it: nothing that comes could take it back, which costs no confidence (curtailment).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalkit.core.envelope import Bound, LimitKind, Method, Require
from evalkit.stats.evidence import Evidence
from evalkit.stats.standing import alarms, satisfied, standing


def is_bet_on(bounds: Sequence[Bound]) -> bool:
    """Return whether all bounds that can turn the gate are bet on."""
    return all(bound.method is Method.BETTING for bound in bounds if bound.blocks)


def is_settled(bounds: Sequence[Bound], evidence: Sequence[Evidence]) -> bool:
    """Return whether the verdict on these bounds is certain.

    Args:
        bounds: those of the envelope, as confident as the judge will be.
        evidence: of each; of bets on the cases that were asked, and otherwise on all cases, with
            what is not answered as missing.
    """
    blocking = [place for place, bound in enumerate(bounds) if bound.blocks]
    if not blocking:
        return False  # a run that proves nothing is still wanted whole
    bets = is_bet_on(bounds)
    found = [standing(bound, seen) for bound, seen in zip(bounds, evidence, strict=True)]
    certain = {place for place in blocking if bets or _has_known_ends(bounds[place])}
    if not bets:
        # A bound that may still come out otherwise counts among the others, and clears none of them.
        open_ends = set(blocking) - certain
        found = [
            replace(each, p_broken=1.0)
            if place in open_ends or (place in certain and each.p_broken is None)
            else each
            for place, each in enumerate(found)
        ]
    loud = alarms(list(bounds), found)
    if any(loud[place] for place in certain):
        return True
    return len(certain) == len(blocking) and all(
        satisfied(bounds[place], found[place], broken=loud[place])
        and (bets or bounds[place].require is Require.PROVEN)
        for place in blocking
    )


def _has_known_ends(bound: Bound) -> bool:
    """Return whether it is known how bad a value can be that nobody has seen yet."""
    limit = bound.limit
    if limit.kind in {LimitKind.SHIFT, LimitKind.RATIO}:
        return False
    quantile = bound.statistic.quantile is not None
    return not limit.compares if quantile else bound.metric.support.bounded
