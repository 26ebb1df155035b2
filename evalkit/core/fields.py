"""What became of the fields of JSON answers between baseline and candidate: to read, never to gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from evalkit.core.model import Arm


class Fact(StrEnum):
    """What is looked at of a field."""

    JSON = "json"  # the whole answer is a JSON object or list
    PRESENT = "present"  # the object around it has the field
    TYPE = "type"  # its value is of a type
    VALUE = "value"  # its value is one of few
    LENGTH = "length"  # how many items the list has
    NUMBER = "number"  # the mean of its numbers

    @property
    def share(self) -> bool:
        """Whether it is a share of answers, and no amount."""
        return self not in {Fact.LENGTH, Fact.NUMBER}


class News(StrEnum):
    """What stood in the answers of one arm only."""

    APPEARS = "appears"
    DISAPPEARS = "disappears"


@dataclass(frozen=True, slots=True)
class FieldEffect:
    """Candidate − baseline within pairs, with limits that hold for all that was looked at at once.

    Where the limits do not include 0 and enough pairs differ, the arms are ``told`` apart by it.
    """

    value: float
    lower: float
    upper: float
    method: str
    approximate: bool
    told: bool


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One fact about one field in both arms.

    ``of`` is the type or the value that a share is of. ``baseline`` and ``candidate`` are means over
    ``baseline_n`` and ``candidate_n`` answers: those in which the object around the field, or the
    field itself, is there. ``ranges`` holds the smallest and the largest number of each arm. What is
    ``declared`` is named by a response schema; everything else is a model's own word.
    """

    path: str
    fact: Fact
    of: str
    baseline: float
    candidate: float
    baseline_n: int
    candidate_n: int
    pairs: int
    effect: FieldEffect
    news: News | None
    ranges: Mapping[Arm, tuple[float, float]]
    declared: bool


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """The fields of the first answer to each of the ``chosen`` of so many ``cases``.

    Of the answers ``answered`` by an arm so many ``parsed``; ``beyond`` counts those that hold more
    than is looked at: more fields, deeper or longer ones. ``looked_at`` counts the facts that were
    compared, for all of which the limits of a row are corrected; ``differ`` those by which the arms
    are told apart. The rows are the strongest of those that speak for a change, ``left_out`` counts
    the others.
    """

    cases: int
    chosen: int
    answered: Mapping[Arm, int]
    parsed: Mapping[Arm, int]
    beyond: int
    paths: int
    looked_at: int
    differ: int
    rows: tuple[FieldRow, ...]
    left_out: int
    confidence: float
