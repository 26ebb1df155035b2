"""A user who came before and had no event is still at risk of the first one, which counts where it comes.

Who once had the event adds nothing more: trouble that a user brings along was dealt out by chance, once.
The first event of somebody who came before is held against those who came first in the same look and
have had none either, whether they are here now or not. Their arms are what chance made them, so that the
event falls on the candidate as often as the candidate has a part in them, whatever the past was and
however users differ: it is drawn from an urn. Users who came first in other looks are in other urns, as
those who stay may be unlike those who are new, and one arm may by chance have more of them.

Assumes: the arm of a user says nothing of when, how often, or with what the user comes.
Reference: Grünwald, Ly, Pérez-Ortiz & ter Schure (2021), "The safe logrank test"; an urn's draws are
less spread than those of a coin of the same share (Hoeffding 1963), on which the evidence is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from evalkit.core.canary import (
    NOBODY,
    CanaryPlan,
    Counted,
    Look,
    Round,
    Trigger,
    TriggerKind,
    UserValues,
)
from evalkit.core.model import Arm
from evalkit.stages.canary.gather import with_first_events
from evalkit.stages.canary.users import CANDIDATE, CODES, FLAGS, Known, codes_of
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.streaming import Events


def first_events(
    plan: CanaryPlan, look: Look, main: Round, known: Known, lost: set[str | None]
) -> Round:
    """Return the round of a whole stage with the first events of users who came before.

    Args:
        plan: what is watched.
        look: what both arms showed, user by user.
        main: the round, which holds those who came first in this look.
        known: who came before.
        lost: triggers of which something could not be read.
    """
    if not known.codes.size:
        return main
    evidence = dict(main.evidence)
    for bit, trigger in _watched(plan):
        if trigger.name in evidence and trigger.name not in lost:
            here = _here(look, trigger.name)
            place = known.places(here.users)
            place, values = place[place >= 0], here.values[place >= 0]
            at_risk = known.bits & bit > 0
            urns = _Urns(known, at_risk)
            counting = at_risk[place]
            place, values = place[counting], values[counting]
            evidence[trigger.name] = with_first_events(
                trigger,
                evidence[trigger.name],
                urns.strata(place, values),
                (urns.seen(place, values, 0), urns.seen(place, values, CANDIDATE)),
            )
    return replace(main, evidence=evidence)


def known_after(
    plan: CanaryPlan, look: Look, known: Known, thinned: int, *, at: int, number: int
) -> Known:
    """Return who is known after a look.

    Args:
        plan: what is watched.
        look: what the arms that are in it showed, user by user.
        known: who came before.
        thinned: how often the number of users that are watched was halved.
        at: the number of the look in its stage.
        number: of the newest round.
    """
    if not any(found.users for found in look.arms.values()):
        return known
    bits = known.bits.copy()
    users, own = _newcomers(look, known, thinned)
    for bit, trigger in _watched(plan):
        here = _here(look, trigger.name)
        place = known.places(here.users[here.values > 0])
        bits[place[place >= 0]] &= ~bit
        own[np.isin(users, here.users[here.values == 0])] |= bit
    before = replace(known, bits=bits).seen(_named(look), number)
    return before.joined(users, look=at, number=number, bits=own)


# ---------------------------------------------------------------- parts


def _watched(plan: CanaryPlan) -> Iterator[tuple[int, Trigger]]:
    """Yield the triggers of which first events are followed, with the bit of each.

    Where a limit of its own has to be broken too, that is told by those who come first alone.
    """
    triggers = [
        trigger
        for trigger in plan.triggers
        if trigger.kind is TriggerKind.EVENTS and trigger.limit is None
    ]
    for place, trigger in enumerate(triggers[:FLAGS], 1):
        yield CANDIDATE << place, trigger


@dataclass(frozen=True, slots=True)
class _Here:
    """The users that are named in a look, and the value of each."""

    users: IntArray
    values: FloatArray


def _here(look: Look, trigger: str) -> _Here:
    seen = [found.observed.get(trigger) for found in look.arms.values()]
    named = [found for found in seen if isinstance(found, UserValues)]
    users = np.array([user for found in named for user in found.users], np.int64)
    values = np.array([value for found in named for value in found.values], float)
    users, first = np.unique(users, return_index=True)  # two of them may share a code
    return _Here(users[users != NOBODY], values[first][users != NOBODY])


def _named(look: Look) -> IntArray:
    return codes_of(user for found in look.arms.values() for user in found.users)


def _newcomers(look: Look, known: Known, thinned: int) -> tuple[IntArray, IntArray]:
    """Return the users of a look who are watched and nobody knows, and the bit of their arm."""
    users = _named(look)
    users = users[(known.places(users) < 0) & (users < CODES >> thinned)]
    found = look.arms.get(Arm.CANDIDATE)
    own = np.isin(users, codes_of(found.users if found else ()))
    return users, own.astype(np.int64) * CANDIDATE


class _Urns:
    """Users without an event yet, by the look they first came in and by arm."""

    def __init__(self, known: Known, at_risk: BoolArray) -> None:
        self._key = 2 * known.first + (known.bits & CANDIDATE)
        self._left = np.bincount(self._key[at_risk], minlength=2 * int(known.first.max()) + 2)

    def strata(self, place: IntArray, values: FloatArray) -> Iterator[tuple[Events, Events]]:
        """Yield, of each urn that an event was drawn from, those of the candidate and the baseline."""
        found = np.bincount(self._key[place], values, minlength=self._left.size)
        for first in np.unique(self._key[place[values > 0]] // 2).tolist():
            pair = [
                Events(float(found[key]), int(self._left[key]))
                for key in (2 * first + 1, 2 * first)
            ]
            if all(events.chances for events in pair):
                yield pair[0], pair[1]

    def seen(self, place: IntArray, values: FloatArray, arm: int) -> Counted:
        """Return how many of them came in one arm, and with how many events."""
        own = self._key[place] % 2 == arm
        return Counted(float(values[own].sum()), int(own.sum()))
