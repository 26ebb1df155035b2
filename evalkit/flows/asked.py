"""What a run asks: every case of it, in an order and in rounds, less what is answered already."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from evalkit.core.asking import Forecast
from evalkit.core.digest import bet_rank, chance_of
from evalkit.core.envelope import Envelope
from evalkit.core.model import PER_MILLION, Arm, Sample, Snapshot
from evalkit.core.ports import Request
from evalkit.spec.case_lines import CaseLines
from evalkit.spec.coverage import prompts

FORECAST_FROM = 50
LETTERS_PER_TOKEN = 4.0
"""Of English; enough to know a cost before the first answer tells it."""
FIRST_ROUND = 32
GROWTH = 1.25
LATE = (0.5, 0.65, 0.8, 0.9)
FEWEST_WORTH_A_LOOK = 200


@dataclass(slots=True)
class Answered:
    """Which samples are there already, by arm, case and index.

    ``fresh`` are the cases that the sentinel of a recorded baseline has answered.
    """

    fresh: set[str] = field(default_factory=set)
    _keys: set[tuple[Arm, str, int]] = field(default_factory=set)
    _measured: int = 0
    _tokens: int = 0

    def note(self, sample: Sample) -> None:
        """Take note of a sample."""
        self._keys.add((sample.arm, sample.case_id, sample.index))

    def note_fresh(self, sample: Sample) -> None:
        """Take note of what a sentinel was answered."""
        self.fresh.add(sample.case_id)

    def measure(self, sample: Sample) -> None:
        """Take note of how long an answer was, whoever gave it."""
        if sample.output_tokens is not None:
            self._measured += 1
            self._tokens += sample.output_tokens

    @property
    def mean_output_tokens(self) -> float | None:
        """The mean length of the answers that are there; nothing where none tells."""
        return self._tokens / self._measured if self._measured else None

    def __contains__(self, request: Request) -> bool:
        return (request.arm, request.case.id, request.index) in self._keys

    def holds(self, sample: Sample) -> bool:
        """Return whether this sample is there."""
        return (sample.arm, sample.case_id, sample.index) in self._keys

    def count(self, arm: Arm) -> int:
        """Return how many samples of an arm are there."""
        return sum(key[0] is arm for key in self._keys)

    def __bool__(self) -> bool:
        return bool(self._keys)


@dataclass(slots=True)
class Ids:
    """The ids of the cases, where some recording will be held against them."""

    needed: bool
    known: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, envelope: Envelope) -> Ids:
        """Return none yet; a million ids that nobody asks for would only take memory."""
        return cls(needed=len(envelope.live) < len(envelope.snapshots))

    def add(self, case_id: str) -> None:
        """Take note of a case."""
        if self.needed:
            self.known.add(case_id)


class Asked:
    """Every request in the order of the run: cases shuffled by its seed, arms one after the other.

    What a day does to an endpoint, an outage or a quiet hour, then happens to both arms and to all
    kinds of cases alike; and the part that a spent budget leaves is a random one. Where bets are laid,
    cases come in the order in which they are bet on: first those that bets were laid on, whatever their
    rank, so that what comes now only adds to them.

    The sentinel of a recorded baseline is asked in between: as the baseline, which nobody else asks,
    about the cases that chance gave it in this run.
    """

    def __init__(
        self,
        cases: CaseLines,
        draws: Callable[[int], int],
        answered: Answered,
        envelope: Envelope,
        *,
        judged: int = 0,
        run: str = "",
    ) -> None:
        """Lay everything out.

        Args:
            cases: those of the run.
            draws: how many samples the case of a number gets.
            answered: what is there already.
            envelope: who is asked.
            judged: how many of the cases, the first ones, an earlier run has bet on.
            run: the name of the run, by which chance gives a sentinel its cases.
        """
        self.arms = sorted(envelope.asked)
        self._live = sorted(envelope.live)
        self._fresh = _given_to_sentinel(cases, envelope, run)
        self._cases = cases
        self._draws = draws
        self._answered = answered
        self._prompts = prompts(envelope)
        self._chance = random.Random(envelope.seed)  # noqa: S311 - an order, not a secret
        self._bets = envelope.stops_early
        self._judged = judged
        self._order = array("q", range(len(cases)))
        if self._bets:
            ranks = [bet_rank(envelope.name, case_id or "") for case_id in cases.ids()]
            later = sorted(self._order[judged:], key=ranks.__getitem__)
            self._order[judged:] = array("q", later)
        else:
            self._chance.shuffle(self._order)

    def total(self, arm: Arm) -> int:
        """Return how many samples of an arm are still to come."""
        if arm not in self._live:
            return len(self._fresh - self._answered.fresh)
        wanted = sum(map(self._draws, range(len(self._cases))))
        return wanted - (self._answered.count(arm) if self._answered else 0)

    def forecast(self, arm: Arm, snapshot: Snapshot, answer_tokens: float | None) -> Forecast:
        """Return how many requests an arm will get, and about what they cost.

        What is asked is estimated by its length, of some cases; the answers are taken to be as long
        as those that are recorded.
        """
        total, prices = self.total(arm), snapshot.prices
        if prices is None or answer_tokens is None or not len(self._cases):
            return Forecast(total)
        seen = [self._cases[number] for number in self._order[:FORECAST_FROM]]
        asked = [self._prompts[arm].messages(case) for case in seen]
        letters = sum(len(turn.content) for turns in asked for turn in turns) / len(seen)
        letters += len(snapshot.system_prompt.text) if snapshot.system_prompt else 0
        each = letters / LETTERS_PER_TOKEN * prices.input + answer_tokens * prices.output
        return Forecast(total, total * each * PER_MILLION)

    def rounds(self) -> Iterator[Iterator[Request]]:
        """Yield the requests in rounds, after each of which one may see whether they are enough."""
        cases = self._cases
        if self._bets and any(cases[number].cluster for number in range(len(cases))):
            yield self.requests(0, len(cases))  # a group that is asked in part cannot be bet on
            return
        fresh = len(cases) - self._judged
        ends = [self._judged + end for end in _round_ends(fresh, often=self._bets)]
        for first, last in pairwise([0, *ends]):
            yield self.requests(first, last)

    def requests(self, first: int, last: int) -> Iterator[Request]:
        """Yield the requests for some cases of the order that are not answered yet."""
        for number in self._order[first:last]:
            case = self._cases[number]
            for index in range(self._draws(number)):
                arms = self._live if self._chance.random() < 0.5 else self._live[::-1]
                for arm in arms:
                    request = Request(arm, case, index, self._prompts[arm].messages(case))
                    if not self._answered or request not in self._answered:
                        yield request
            if case.id in self._fresh and case.id not in self._answered.fresh:
                messages = self._prompts[Arm.BASELINE].messages(case)
                yield Request(Arm.BASELINE, case, 0, messages)


def _given_to_sentinel(cases: CaseLines, envelope: Envelope, run: str) -> frozenset[str]:
    """Return the cases that a sentinel is asked in a run."""
    if envelope.sentinel is None:
        return frozenset()
    share = envelope.sentinel.share
    known = (case_id for case_id in cases.ids() if case_id is not None)
    return frozenset(case_id for case_id in known if chance_of(run, case_id) < share)


def _round_ends(cases: int, *, often: bool) -> list[int]:
    """Return after how many cases one looks whether they are enough.

    A look costs the time of one answer, in which nothing is asked. Bets may be settled by a
    fraction of the cases; that no answer could change a verdict of a fixed number shows late.

    >>> _round_ends(400, often=False), _round_ends(60, often=True)
    ([200, 260, 320, 360, 400], [32, 40, 50, 60])
    """
    if often:
        ends = [FIRST_ROUND]
        while ends[-1] < cases:
            ends.append(math.ceil(ends[-1] * GROWTH))
    else:
        ends = [math.ceil(share * cases) for share in LATE if cases >= FEWEST_WORTH_A_LOOK]
    return [*(end for end in ends if end < cases), cases]
