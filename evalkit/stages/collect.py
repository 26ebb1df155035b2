"""Snapshots become samples here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from evalkit.core.errors import SHOWN_PROBLEMS, Place, Problem, SpecError, suggestion
from evalkit.core.model import Arm, Sample
from evalkit.core.ports import Recording

FEW_ENOUGH_TO_GUESS = 1000
"""Above so many cases the search for a similar id costs more than it helps."""


def collect(
    recordings: Mapping[Arm, Recording], case_ids: Collection[str], *, strict: bool = True
) -> Iterator[Sample]:
    """Yield the samples of every arm, one arm after the other, as they were recorded.

    Args:
        recordings: where the samples of each arm come from.
        case_ids: the cases that are asked.
        strict: whether a record of an unknown case is an error; a run on part of the golden set
            passes over such records.

    Raises:
        SpecError: after the last sample, with the problems of every recording: it is broken, holds
            a sample twice, answers unknown cases, or none of the cases that it should answer.
    """
    known = case_ids if isinstance(case_ids, (set, frozenset, dict)) else frozenset(case_ids)
    arms = [
        _ArmReader(arm, recording, known, strict=strict) for arm, recording in recordings.items()
    ]
    for arm in arms:
        yield from arm.samples()
    problems = [problem for arm in arms for problem in arm.problems]
    if not problems:
        problems = [gap for pair in combinations(arms, 2) for gap in _strangers(*pair)]
    if problems:
        raise SpecError(problems)


class _ArmReader:
    """Reads one recording to its end, whatever is wrong with it."""

    def __init__(
        self, arm: Arm, recording: Recording, known: Collection[str], *, strict: bool
    ) -> None:
        self.answered: set[str] = set()
        self.recording = recording
        self._arm = arm
        self._known = known
        self._strict = strict
        self._faults: list[Problem] = []
        self._unknown: list[Problem] = []

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the recording; if it answers no case at all, just that."""
        if self.answered or self._faults:
            return [*self._faults, *self._unknown]
        message = (
            f"no record answers a case of the golden set; is this the {self._arm}'s recording?"
        )
        return [Problem(Place(self.recording.source), message)]

    def samples(self) -> Iterator[Sample]:
        """Yield every sample of a case that is asked."""
        seen: set[tuple[str, int]] = set()
        try:
            for sample, place in self.recording.samples():
                key = (sample.case_id, sample.index)
                if sample.case_id not in self._known:
                    if self._strict and len(self._unknown) < SHOWN_PROBLEMS:
                        self._unknown.append(_unknown(sample.case_id, self._known, place))
                elif key in seen:
                    message = f"sample {key[1]} of case {key[0]!r} stands twice"
                    self._faults.append(Problem(place, message))
                else:
                    seen.add(key)
                    self.answered.add(sample.case_id)
                    yield sample
        except SpecError as error:
            self._faults.extend(error.problems)


def _strangers(one: _ArmReader, other: _ArmReader) -> Iterator[Problem]:
    """Yield a problem where two arms answer no case in common, so that nothing can be compared."""
    if one.answered.isdisjoint(other.answered):
        message = f"answers none of the cases that {one.recording.source} answers"
        yield Problem(Place(other.recording.source), message)


def _unknown(case_id: str, known: Collection[str], place: Place) -> Problem:
    close = suggestion(case_id, sorted(known)) if len(known) < FEW_ENOUGH_TO_GUESS else ""
    return Problem(place, f"case {case_id!r} is not in the golden set{close}")
