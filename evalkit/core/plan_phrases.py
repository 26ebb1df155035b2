"""A plan and a noise floor become sentences, the same in the terminal and on every page.

Written without adjectives for size, without exclamation marks, and never without a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum

from evalkit.core.envelope import Limit, Require
from evalkit.core.noise import BoundNoise, Share
from evalkit.core.phrases import allowed, arm_text, edit, of_slice, title
from evalkit.core.plan import Basis, BoundPlan, Cases, Joint
from evalkit.core.verdict import Estimate
from evalkit.core.wording import (
    SPACE,
    count_text,
    interval_text,
    point_text,
    span_text,
)

MOST_DIGITS = 4


class Prospect(StrEnum):
    """What an unchanged candidate may expect of a bound, the worst first."""

    IMPOSSIBLE = "cannot pass"
    OUTSIDE = "baseline outside"
    UNKNOWN = "not known"
    UNLIKELY = "below the aim"
    LIKELY = "reaches the aim"


def prospect(bound: BoundPlan, aim: float) -> Prospect:
    """Return what an unchanged candidate may expect of a bound."""
    if bound.impossible:
        return Prospect.IMPOSSIBLE
    if bound.passes is None:
        return Prospect.UNKNOWN
    if bound.passes >= aim:
        return Prospect.LIKELY
    return Prospect.OUTSIDE if _outside(bound) else Prospect.UNLIKELY


def by_prospect(bounds: Sequence[BoundPlan], aim: float) -> list[BoundPlan]:
    """Return bounds as a reader should meet them: what cannot pass first, then by chance."""
    order = list(Prospect)
    return sorted(
        bounds,
        key=lambda bound: (order.index(prospect(bound, aim)), bound.passes or 0.0),
    )


# ---------------------------------------------------------------- chances


def chance_text(chance: float, *, beside: float | None = None) -> str:
    r"""Return a probability in percent; only a certain one is 0 or 100.

    Args:
        chance: the probability.
        beside: another one that is printed near it and differs, such as an aim.

    >>> [chance_text(chance) for chance in (0.741, 0.9996, 1.0)]
    ['74\xa0%', '>\xa099\xa0%', '100\xa0%']
    >>> chance_text(0.8962, beside=0.9)
    '89.6\xa0%'
    """
    return f"{_hundredths(chance, beside, '<', '>')}{SPACE}%"


def times_text(chance: float, *, beside: float | None = None) -> str:
    r"""Return a probability as a count: ``74 times in 100``, ``more than 99 times in 100``."""
    text = _hundredths(chance, beside, "fewer than", "more than")
    return f"{text} time{'' if text.endswith(f'{SPACE}1') or text == '1' else 's'} in 100"


def _hundredths(chance: float, beside: float | None, below: str, above: str) -> str:
    alone = beside is None or math.isclose(chance, beside, rel_tol=1e-5)
    at_an_end = f"{below}{SPACE}1" if chance < 0.5 else f"{above}{SPACE}99"
    for digits in range(MOST_DIGITS):
        text = f"{100 * chance:.{digits}f}"
        if float(text) in {0.0, 100.0} and chance not in {0.0, 1.0}:
            if alone or 0.01 <= (beside or 0.0) <= 0.99:
                return at_an_end
        elif alone or text != f"{100 * (beside or 0.0):.{digits}f}":
            return text
    return at_an_end


# ---------------------------------------------------------------- one bound


def basis_sentence(basis: Basis) -> str:
    """Return where the chances of a bound come from."""
    return _BASES[basis]


_BASES = {
    Basis.DRAWS: (
        "Chances by judging runs drawn from what the baseline answered, 2 or more times a case."
    ),
    Basis.LAST_RUN: (
        "Chances from the 2 arms at hand: what the candidate changed is taken as noise; "
        "a baseline recorded 2 times a case tells noise from change."
    ),
    Basis.BASELINE: (
        "Chances from the values of the baseline, which are all that a limit on 1 arm needs."
    ),
    Basis.ASSUMED: (
        "Chances from assumed numbers, stated with --assume or usual ones (5\u00a0% of cases "
        "change, a rate in the middle of its room): nothing was recorded."
    ),
    Basis.UNKNOWN: "No chance is known from 0 recorded values; only the least n is.",
}


def catches_text(bound: BoundPlan) -> str:
    """Return which values would be shown broken 8 times in 10: ``×1.46 or more``."""
    low, high = bound.catches
    if low is None or high is None:
        if low is not None:
            return f"{point_text(bound, low)} or less"
        return "" if high is None else f"{point_text(bound, high)} or more"
    under, over = point_text(bound, low), point_text(bound, high)
    if bound.limit.compares and under[1:] == over[1:] and over.startswith("+"):
        return f"±{over[1:]} or more"
    return f"outside {span_text(bound, low, high)}"


def truth_text(bound: BoundPlan) -> str:
    """Return what an unchanged candidate is taken to be: ``the baseline has 84.0 %``."""
    assert bound.truth is not None
    if bound.limit.compares:
        return f"an unchanged candidate has {point_text(bound, bound.truth)}"
    if isinstance(bound.baseline, Estimate) and bound.basis is not Basis.ASSUMED:
        has = f"the baseline has {arm_text(bound, bound.baseline)}"
        return f"{has}, {interval_text(bound, bound.baseline)}"
    return f"{point_text(bound, bound.truth)} is assumed"


def units_text(bound: BoundPlan) -> str:
    """Return how many independent units there are: ``60 cases``, ``12 independent groups``."""
    return count_text(bound.clusters, _unit(bound))


def change_lines(bound: BoundPlan, aim: float) -> list[str]:
    """Return why a bound needs a change, and then the ways: nothing where it needs none.

    Args:
        bound: what may be expected of the bound.
        aim: the chance that an unchanged candidate should have.
    """
    match prospect(bound, aim):
        case Prospect.LIKELY:
            return []
        case Prospect.UNKNOWN:
            return [bound.detail]
        case Prospect.IMPOSSIBLE:
            why = f"{units_text(bound)}, {_least(bound)} that can prove this"
        case Prospect.OUTSIDE:
            why = f"{truth_text(bound)}; {allowed(bound)} is required"
        case _:
            assert bound.passes is not None
            why = f"{chance_text(bound.passes, beside=aim)} is below {chance_text(aim)}"
    return [why, *_ways(bound, aim)]


def cases_text(needs: Cases) -> str:
    """Return how many cases it takes, and at which number the aim is first met."""
    first = f" ({needs.first:,} at the earliest)" if needs.first < needs.safe else ""
    return f"about {count_text(needs.safe, 'case')}{first}"


def _ways(bound: BoundPlan, aim: float) -> Iterator[str]:
    found = False
    if bound.needs is not None and bound.needs.safe > bound.n:
        found = True
        text = cases_text(bound.needs)
        # The slice belongs to the cases, not to what is said about them in brackets.
        cases, _, first = text.partition(" (")
        yield f"{cases}{of_slice(bound)}{f' ({first}' if first else ''}"
    if bound.repeats is not None:
        found = True
        yield f"repeats: {bound.repeats}, so many draws of each case"
    if bound.margin is not None and bound.margin != bound.limit:
        found = True
        yield _margin(bound, bound.margin, aim)
    if not found and bound.require is Require.PROVEN:
        yield "a wider limit, or require: not-disproven"
    elif not found:
        yield "a wider limit"


def _margin(bound: BoundPlan, margin: Limit, aim: float) -> str:
    these = "this one case" if bound.n == 1 else f"these {bound.n:,} cases"
    if bound.impossible:
        return f"{edit(margin, bound.kind)}, the nearest limit that {these} could prove"
    return f"{edit(margin, bound.kind)}, which passes {times_text(aim)} with {these}"


def _outside(bound: BoundPlan) -> bool:
    """Return whether an unchanged candidate lies outside the limit itself."""
    low, high, truth = bound.limit.min, bound.limit.max, bound.truth
    if truth is None:
        return False
    return (low is not None and truth < low) or (high is not None and truth > high)


def _least(bound: BoundPlan) -> str:
    return f"{bound.least:,} {'is' if bound.least == 1 else 'are'} the least"


def _unit(bound: BoundPlan) -> str:
    return "case" if bound.clusters >= bound.n else "independent group"


# ---------------------------------------------------------------- all bounds


def plan_sentences(bounds: Sequence[BoundPlan], joint: Joint, aim: float) -> tuple[str, str]:
    """Return the headline of a plan, and the sentence under it: what to change first.

    Args:
        bounds: what may be expected of every bound.
        joint: what may be expected of all blocking ones together.
        aim: the chance that an unchanged candidate should have.
    """
    blocking = by_prospect([bound for bound in bounds if bound.blocks], aim)
    if not blocking:
        return (
            f"0 of {count_text(len(bounds), 'bound')} can block a candidate: each only warns.",
            "Give at least 1 bound severity: block.",
        )
    worst = prospect(blocking[0], aim)
    alike = [bound for bound in blocking if prospect(bound, aim) is worst]
    first = max(alike, key=_shortage) if worst is Prospect.IMPOSSIBLE else alike[0]
    some = f"{len(alike)} of {count_text(len(blocking), 'blocking bound')}"
    match worst:
        case Prospect.IMPOSSIBLE:
            who = "" if len(alike) == 1 else "the first, "
            fact = f"has {units_text(first)}, {_least(first)}"
            return f"{some} cannot pass: {who}{title(first)} {fact}.", _first(first, aim)
        case Prospect.OUTSIDE:
            headline = f"An unchanged candidate would not pass: it lies outside {some}."
            return headline, f"{title(first)}: {change_lines(first, aim)[0]}."
        case Prospect.UNKNOWN:
            headline = f"What an unchanged candidate may expect of {some} is not known."
            return headline, f"{title(first)}: {first.detail}."
    return _together(blocking, joint, aim)


def _together(blocking: Sequence[BoundPlan], joint: Joint, aim: float) -> tuple[str, str]:
    assert joint.passes is not None
    few = {1: "its one blocking bound", 2: "both blocking bounds"}
    which = few.get(len(blocking), f"all {len(blocking)} blocking bounds")
    headline = f"An unchanged candidate passes {which} {times_text(joint.passes, beside=aim)}."
    most = next((bound for bound in blocking if bound.name == joint.dominated_by), blocking[0])
    if prospect(most, aim) is not Prospect.LIKELY:
        return headline, _first(most, aim)
    if prospect(blocking[0], aim) is not Prospect.LIKELY:
        return headline, _first(blocking[0], aim)
    if joint.passes < aim and joint.cases is not None:
        return headline, f"{joint_text(joint, aim)}; {title(most)} asks for most."
    least = chance_text(blocking[0].passes or 0.0, beside=aim)
    return headline, f"Least likely to pass: {title(blocking[0])}, {least}."


def joint_text(joint: Joint, aim: float) -> str:
    """Return how many cases bring all bounds together to the aim."""
    assert joint.cases is not None
    return f"A chance of {chance_text(aim)} takes about {count_text(joint.cases, 'case')} in all"


def _first(bound: BoundPlan, aim: float) -> str:
    """Return the ways out of the bound that is to be changed first."""
    return f"Change first, for {title(bound)}: {', or '.join(change_lines(bound, aim)[1:])}."


def _shortage(bound: BoundPlan) -> float:
    return bound.least / max(bound.clusters, 1)


# ---------------------------------------------------------------- noise


def noise_span_text(bound: BoundNoise) -> str:
    """Return between which values 9 of 10 comparisons lie: ``−1.2 to +1.3 points``."""
    if bound.low is None or bound.high is None:
        return bound.detail
    return span_text(bound, bound.low, bound.high)


def share_text(share: Share) -> str:
    """Return a share as a count: ``3 of 200``."""
    return f"{share.count:,} of {share.of:,}"


def limits_text(share: Share) -> str:
    """Return both limits of a share: ``0.4 to 3.8 %``."""
    low, high = (f"{100 * end:.1f}" for end in (share.lower, share.upper))
    return f"{low} to {high}{SPACE}%"


def noise_sentences(
    bounds: Sequence[BoundNoise], alarm: Share, blocked: Share, noisiest: str | None
) -> tuple[str, str]:
    """Return the headline of a noise floor, and the sentence under it.

    Args:
        bounds: every bound, laid on the baseline against itself.
        alarm: the comparisons in which the gate said fail.
        blocked: those in which it could not tell.
        noisiest: the name of the bound that was broken, or else undecided, most often.
    """
    unseen = [bound for bound in bounds if bound.broken is None]
    if not alarm.of:
        headline = f"0 comparisons could be made of {count_text(len(bounds), 'bound')}."
        return headline, f"{title(unseen[0])}: {unseen[0].detail}." if unseen else ""
    headline = (
        f"The baseline against itself fails {share_text(alarm)} gates; "
        f"{blocked.count:,} could not tell."
    )
    lead = [f"So a gate is wrong to say FAIL in {limits_text(alarm)} of such comparisons."]
    lead += [_noisiest(bound) for bound in bounds if bound.name == noisiest]
    if unseen:
        some = f"{len(unseen)} of {count_text(len(bounds), 'bound')}"
        lead.append(f"{some} could not be compared.")
    return headline, " ".join(lead)


def _noisiest(bound: BoundNoise) -> str:
    counts = [
        f"{word} {share_text(share)}"
        for word, share in (("broken", bound.broken), ("undecided", bound.undecided))
        if share is not None and share.count
    ]
    return f"Noisiest: {title(bound)}, {', '.join([noise_span_text(bound), *counts])}."
