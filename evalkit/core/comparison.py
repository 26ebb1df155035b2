"""Judged runs beside each other: what differs between them, and what became of bounds and cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from evalkit.core.run import Manifest
from evalkit.core.verdict import BoundResult, Flip, Verdict


class Aspect(StrEnum):
    """What may differ between two runs."""

    GOLDEN_SET = "golden set"
    ENVELOPE = "envelope"
    SNAPSHOT = "snapshot"  # the model that was asked for
    SERVED = "served"  # the models that said they answered
    PROMPT = "prompt"
    SCHEMA = "schema"
    SCORER = "scorer"
    EVALKIT = "evalkit"


class Redefined(StrEnum):
    """What of a bound may differ between two runs that have a bound of its name."""

    METRIC = "metric"
    STATISTIC = "statistic"
    SLICE = "slice"
    KIND_OF_LIMIT = "kind of limit"
    UNIT = "unit"
    LIMIT = "limit"
    SCORER = "scorer"
    CONFIDENCE = "confidence"
    SEVERITY = "severity"
    REQUIRE = "require"
    SCOPE = "scope"


OTHER_NUMBER = frozenset(
    {
        Redefined.METRIC,
        Redefined.STATISTIC,
        Redefined.SLICE,
        Redefined.KIND_OF_LIMIT,
        Redefined.UNIT,
    }
)
"""What makes a bound of the same name speak of another number: no axis holds both."""


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """A run that was judged, and the folder it lies in."""

    path: str
    verdict: Verdict
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two runs; ``None`` is what one of them does not have.

    ``name`` is the arm, or the instrument of a scorer; empty where the whole run is meant.
    """

    aspect: Aspect
    name: str
    before: str | None
    after: str | None

    @property
    def about(self) -> str:
        """What changed in words: ``candidate prompt``."""
        return f"{self.name} {self.aspect}".strip()


@dataclass(frozen=True, slots=True)
class TextChange:
    """A text that both runs hold, such as the system prompt of an arm, in both versions."""

    about: str
    before: str
    after: str


# ---------------------------------------------------------------- two runs


@dataclass(frozen=True, slots=True)
class BoundBeside:
    """A bound of two runs; ``None`` where one does not have it, and what of it was redefined."""

    name: str
    before: BoundResult | None
    after: BoundResult | None
    redefined: tuple[Redefined, ...] = ()

    @property
    def same_number(self) -> bool:
        """Whether both runs have it and mean the same number by it."""
        both = self.before is not None and self.after is not None
        return both and OTHER_NUMBER.isdisjoint(self.redefined)

    @property
    def moved(self) -> bool:
        """Whether its result or its estimates are others, or one of the runs does not have it."""
        if self.before is None or self.after is None:
            return True
        return _said(self.before) != _said(self.after)


def _said(bound: BoundResult) -> tuple[object, ...]:
    return bound.result, bound.judged, bound.baseline, bound.candidate


class Fate(StrEnum):
    """What became of a flip of two runs."""

    NEW = "new"
    GONE = "gone"
    BOTH = "in both"
    APART = (
        "not comparable"  # the other run has no such case, or no such bound, or another of its name
    )


@dataclass(frozen=True, slots=True)
class FlipBeside:
    """A flip of two runs, as the later one has it where both do; ``first`` is whose it is else."""

    flip: Flip
    fate: Fate
    first: bool


@dataclass(frozen=True, slots=True)
class TwoRuns:
    """Two runs beside each other.

    ``obstacles`` say what keeps them from being compared as they are; ``cases`` are those only in
    the first and only in the second one, or nothing where a folder has lost its cases.
    """

    first: JudgedRun
    second: JudgedRun
    obstacles: tuple[str, ...]
    changes: tuple[Change, ...]
    texts: tuple[TextChange, ...]
    bounds: tuple[BoundBeside, ...]
    flips: tuple[FlipBeside, ...]
    cases: tuple[tuple[str, ...], tuple[str, ...]] | None


# ---------------------------------------------------------------- many runs


@dataclass(frozen=True, slots=True)
class Step:
    """One run of a history: its number from 1, and what changed since the one before."""

    number: int
    run: JudgedRun
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A bound in one run: ``redefined`` is what of it changed since the run before that had it."""

    number: int
    bound: BoundResult
    redefined: tuple[Redefined, ...]


@dataclass(frozen=True, slots=True)
class Era:
    """A stretch of runs in which a bound means one number, so that one axis holds them all."""

    name: str
    points: tuple[Point, ...]

    @property
    def newest(self) -> BoundResult:
        """The bound as the newest of these runs has it."""
        return self.points[-1].bound


@dataclass(frozen=True, slots=True)
class Lineage:
    """The runs of one envelope, oldest first, and the eras of its bounds in the order of the newest.

    ``earlier`` counts the runs before those that were asked for.
    """

    envelope: str
    steps: tuple[Step, ...]
    eras: tuple[Era, ...]
    earlier: int = 0

    @property
    def by_number(self) -> Mapping[int, Step]:
        """The runs by their numbers."""
        return {step.number: step for step in self.steps}


@dataclass(frozen=True, slots=True)
class History:
    """The runs in a folder by envelope; ``unread`` says of each other folder why it is none."""

    folder: str
    lineages: tuple[Lineage, ...]
    unread: tuple[str, ...] = ()
