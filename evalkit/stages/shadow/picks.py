"""Requests are drawn for people to label: more of those on which the arms disagree.

Of all requests those with the lowest hashes are kept, the same in both arms and however a log is
divided: a random sample of fixed size that adds. Among them strata are told exactly.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.digest import digest
from evalkit.core.model import Arm, Case, CaseInput, Json
from evalkit.core.shadow import Stratum
from evalkit.core.shares import shares
from evalkit.core.text import folded, word_count
from evalkit.core.traffic import Logged
from evalkit.stages.shadow.slices import hash_of

KEPT_REQUESTS = 50_000
"""Of longer logs that many requests are kept to draw from."""
OTHER_LENGTH = 2.0
ALIKE = "both arms alike"
SPARE = 2
"""So many times the requests that are wanted are looked at: some ask the same, some have no input."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What is kept of one answer: whether it failed, its words, and its rates where they are known."""

    failed: bool
    words: int
    rates: tuple[float | None, ...]


class Requests:
    """The requests with the lowest hashes, and what was answered to them.

    Args:
        rates: the names of metrics whose values are 0 and 1.
        seed: of the hashes; another seed is another draw.
        most: how many are kept.
    """

    def __init__(self, rates: Sequence[str], seed: int, most: int = KEPT_REQUESTS) -> None:
        self.rates, self.seed, self.most = tuple(rates), seed, most
        self.found: dict[int, tuple[str, dict[Arm, Glimpse]]] = {}
        self.end = 1 << 64

    def see(self, logged: Logged, arm: Arm, scores: Mapping[str, float]) -> None:
        """Keep an answer, where its request is one of those that are kept; the first of an arm counts."""
        name = logged.sample.case_id
        place = hash_of(f"{self.seed} {name}")
        if place >= self.end:
            return
        _, answers = self.found.setdefault(place, (name, {}))
        if arm not in answers:
            known = (scores.get(rate) for rate in self.rates)
            answers[arm] = Glimpse(
                failed=logged.sample.error is not None,
                words=word_count(logged.sample.output or ""),
                rates=tuple(value if value in {0.0, 1.0} else None for value in known),
            )
        if len(self.found) > 2 * self.most:
            self._shed()

    def _shed(self) -> None:
        if len(self.found) > self.most:
            kept = heapq.nsmallest(self.most + 1, self.found)
            self.end = kept.pop()
            self.found = {place: self.found[place] for place in kept}

    def __add__(self, other: Requests) -> Requests:
        """Return the requests of both."""
        both = Requests(self.rates, self.seed, self.most)
        both.end = min(self.end, other.end)
        for part in (self, other):
            for place, (name, answers) in part.found.items():
                if place < both.end:
                    known = both.found.setdefault(place, (name, {}))[1]
                    for arm, glimpse in answers.items():
                        known.setdefault(arm, glimpse)
        both._shed()
        return both

    @property
    def share(self) -> float:
        """About which part of all requests is kept; 1 where all of them are."""
        return self.end / (1 << 64)

    def strata(self) -> dict[str, list[str]]:
        """Return the ids of the kept requests by stratum, in the order in which they are drawn."""
        self._shed()
        found: dict[str, list[str]] = {}
        for place in sorted(self.found):
            name, answers = self.found[place]
            found.setdefault(stratum_of(answers, self.rates), []).append(name)
        return dict(sorted(found.items(), key=lambda item: (item[0] == ALIKE, item[0])))


def stratum_of(answers: Mapping[Arm, Glimpse], rates: Sequence[str]) -> str:
    """Return how the arms differ on one request; of one that a single arm saw, what it is like."""
    both = [answers.get(arm) for arm in Arm]
    one, other = both
    if one is None or other is None:
        only = one or other
        assert only is not None, "no request is kept without an answer"
        return _alone(only, rates)
    if one.failed is not other.failed:
        return f"{Arm.BASELINE if one.failed else Arm.CANDIDATE} failed"
    for rate, before, after in zip(rates, one.rates, other.rates, strict=True):
        if before is not None and after is not None and before != after:
            return f"{rate}: {Arm.CANDIDATE if after else Arm.BASELINE} only"
    short, long = sorted((one.words, other.words))
    return "other length" if long > OTHER_LENGTH * max(short, 1) else ALIKE


def _alone(glimpse: Glimpse, rates: Sequence[str]) -> str:
    if glimpse.failed:
        return "failed"
    found = next((rate for rate, value in zip(rates, glimpse.rates, strict=True) if value), "")
    return f"{found}: 1" if found else "one arm, nothing found"


# ---------------------------------------------------------------- the golden set


@dataclass(frozen=True, slots=True)
class Drawn:
    """Cases that were drawn; so many requests asked what another asks, or held no input."""

    cases: tuple[Case, ...]
    strata: tuple[Stratum, ...]
    alike: int
    without_input: int


def wanted(strata: Mapping[str, Sequence[str]], count: int) -> dict[str, str]:
    """Return the ids of requests whose inputs are needed to draw so many cases, with their strata."""
    return {name: stratum for stratum, names in strata.items() for name in names[: SPARE * count]}


def drawn(
    strata: Mapping[str, Sequence[str]],
    asked: Mapping[str, Logged],
    count: int,
    *,
    share: float = 1.0,
) -> Drawn:
    """Return at most ``count`` cases, as many of each stratum as there is room for.

    Each case says in its metadata from which stratum it comes and how many requests of the log it
    stands for there, so that estimates on the cases can be weighted back to the traffic.

    Args:
        strata: the ids of requests by stratum, in the order in which they are drawn.
        asked: the requests whose inputs were looked up, by id.
        count: how many cases are wanted.
        share: which part of all requests the strata were made of.
    """
    seen: set[str] = set()
    usable: dict[str, list[Logged]] = {}
    alike = without = 0
    for stratum, names in strata.items():
        found = usable.setdefault(stratum, [])
        for logged in (asked[name] for name in names if name in asked):
            if logged.input is None:
                without += 1
            elif (key := _content(logged.input)) in seen:
                alike += 1
            else:
                seen.add(key)
                found.append(logged)
    taken = dict(zip(usable, shares([len(found) for found in usable.values()], count), strict=True))
    cases = [
        _case(logged, stratum, len(strata[stratum]) / taken[stratum] / share)
        for stratum, found in usable.items()
        for logged in found[: taken[stratum]]
    ]
    sizes = tuple(Stratum(name, len(strata[name]), taken[name]) for name in usable)
    return Drawn(tuple(cases), sizes, alike, without)


def _content(asked: CaseInput) -> str:
    return folded(asked) if isinstance(asked, str) else digest(asked)


def _case(logged: Logged, stratum: str, weight: float) -> Case:
    metadata: dict[str, Json] = {
        **logged.metadata, "stratum": stratum, "weight": float(f"{weight:.6g}"),
    }  # fmt: skip
    assert logged.input is not None, "only what was asked is a case"
    return Case(
        id=logged.sample.case_id,
        input=logged.input,
        reference=logged.reference,
        tags=tuple(dict.fromkeys(("traffic", *logged.tags))),
        # A pseudonym: what cases share is needed, who it was is not.
        cluster=None if logged.user is None else f"user-{hash_of(logged.user):016x}",
        metadata=metadata,
    )
