"""Snapshots become samples here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

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
        SpecError: a recording is broken, holds a sample twice, answers unknown cases, or answers
            none of the cases.
    """
    known = case_ids if isinstance(case_ids, (set, frozenset, dict)) else frozenset(case_ids)
    for arm, recording in recordings.items():
        yield from _one_arm(arm, recording, known, strict=strict)


def _one_arm(
    arm: Arm, recording: Recording, known: Collection[str], *, strict: bool
) -> Iterator[Sample]:
    seen: set[tuple[str, int]] = set()
    problems: list[Problem] = []
    for sample, place in recording.samples():
        key = (sample.case_id, sample.index)
        if sample.case_id not in known:
            if strict and len(problems) < SHOWN_PROBLEMS:
                problems.append(Problem(place, _unknown(sample.case_id, known)))
        elif key in seen:
            problems.append(Problem(place, f"sample {key[1]} of case {key[0]!r} stands twice"))
        else:
            seen.add(key)
            yield sample
    if not seen:
        message = f"no record answers a case of the golden set; is this the {arm}'s recording?"
        raise SpecError.single(Place(recording.source), message)
    if problems:
        raise SpecError(problems)


def _unknown(case_id: str, known: Collection[str]) -> str:
    close = suggestion(case_id, sorted(known)) if len(known) < FEW_ENOUGH_TO_GUESS else ""
    return f"case {case_id!r} is not in the golden set{close}"
