"""Answers that people have labelled, as a file keeps them, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.core.calibration import Answer, AnswerKey, Calibration
from evalkit.core.envelope import Kind, Support
from evalkit.core.verdict import Estimate

# ---------------------------------------------------------------- the file


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """An answer that a scorer has read, and what each rater says of it.

    ``text`` and ``asked`` are digests: of the answer, and of what stood beside it where that is known.
    """

    case_id: str
    index: int
    text: str
    value: float
    stratum: int
    labels: Mapping[str, float]
    asked: str | None = None

    @property
    def human(self) -> float | None:
        """The mean of what people say; ``None`` where nobody was asked."""
        return sum(self.labels.values()) / len(self.labels) if self.labels else None


@dataclass(frozen=True, slots=True)
class ReadSnapshot:
    """All answers of a snapshot that labels were drawn from."""

    name: str
    answers: tuple[ReadAnswer, ...]
    requested: str | None = None
    served: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Labelling:
    """What a calibration file holds."""

    scorer: str
    options: str
    value: str
    kind: Kind
    support: Support
    strata: tuple[str, ...]
    snapshots: tuple[ReadSnapshot, ...]

    def calibration(self, file: str, digest: str) -> Calibration:
        """Return the labels as a bound uses them."""
        found: dict[AnswerKey, list[Answer]] = {}
        for snapshot in self.snapshots:
            for read in snapshot.answers:
                known = Answer(snapshot.name, read.stratum, read.value, read.human, read.asked)
                found.setdefault((read.case_id, read.index, read.text), []).append(known)
        return Calibration(
            file=file,
            digest=digest,
            scorer=self.scorer,
            options=self.options,
            value=self.value,
            kind=self.kind,
            strata=self.strata,
            snapshots=frozenset(snapshot.name for snapshot in self.snapshots),
            answers={key: tuple(answers) for key, answers in found.items()},
        )


# ---------------------------------------------------------------- what came of it


@dataclass(frozen=True, slots=True)
class StratumReport:
    """One stratum: how many answers, how many labels, and what people find in it (or nobody knows)."""

    name: str
    judged: int
    labelled: int
    human: Estimate | None


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """One snapshot: what the scorer measures, what people would, and how both agree.

    ``bias`` is measured − people. ``positive`` counts labels by what the scorer said (the first index,
    0 or 1) and what people said (the second); it is there for rates. Where labels are too few,
    ``lacking`` says which.
    """

    name: str
    requested: str | None
    judged: int
    labelled: int
    measured: float
    corrected: Estimate | None
    bias: Estimate | None
    lacking: str | None
    strata: tuple[StratumReport, ...]
    confusion: tuple[tuple[int, int], tuple[int, int]] | None
    kappa: float | None
    raters: float | None


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What a calibration found, snapshot by snapshot, and of candidate − baseline where both are there."""

    scorer: str
    value: str
    kind: Kind
    snapshots: tuple[SnapshotReport, ...]
    measured_change: float | None
    change: Estimate | None
    change_lacking: str | None
    skipped: int
