"""Samples with their scores become columns: rows in the order they come, put in case order at the end."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from evalkit.core.calibration import NOT_DRAWN, Calibration, asked_digest
from evalkit.core.envelope import Kind
from evalkit.core.lifecycle import day_told, format_told
from evalkit.core.model import (
    FAILURE,
    Case,
    ErrorKind,
    Sample,
    Score,
    ScoredSample,
    ScoreValue,
    Unscored,
)
from evalkit.core.ports import ScorerPlugin
from evalkit.core.verdict import ArmSummary
from evalkit.stats.arrays import BoolArray, FloatArray, IntArray
from evalkit.stats.doubt import Mistaken
from evalkit.stats.evidence import Observed, exceeds
from evalkit.stats.labels import Labels

Key: TypeAlias = tuple[str, str]
"""An instrument and the name of one of its values."""

Codes: TypeAlias = dict[Key, dict[str, int]]
"""A number for each category that was seen, by column."""

CATEGORY = "a category in place of a number"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

INFINITE = "no finite value"
MANY_TOLD = 20
"""An endpoint that names more versions, or more days, than this tells nothing by them."""

MANY_REASONS = 100
"""A scorer that fails in more ways than this is summed up instead of quoted."""


@dataclass(frozen=True, slots=True)
class Column:
    """One value of one instrument in one arm, a row a sample.

    ``why`` holds for each row the index in ``reasons`` of why there is no value; 0 says nothing.
    ``mistaken`` holds how probable it is that people would say otherwise, where that is known of all;
    ``labels`` what people say, where that corrects the values.
    """

    values: FloatArray
    present: BoolArray
    why: IntArray
    reasons: tuple[str, ...]
    mistaken: FloatArray | None = None
    labels: Labels | None = None


@dataclass(frozen=True, slots=True)
class ArmTable:
    """The samples of one arm in case order; ``case`` is the index of each row's case."""

    case: IntArray
    columns: Mapping[Key, Column]
    summary: ArmSummary
    served: tuple[str, ...]
    formats: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()

    def observed(self, key: Key) -> Observed:
        """Return one column as evidence."""
        column = self.columns[key]
        return Observed(self.case, column.values, column.present)

    def mistakes(self, key: Key, chosen: BoolArray) -> Mistaken | None:
        """Return how much of the rate on chosen cases may be mistakes; nothing where nobody knows.

        Every case counts the same, however many samples it has.
        """
        column = self.columns[key]
        if column.mistaken is None or column.labels is not None:
            return None
        rows = chosen[self.case] & column.present
        case = self.case[rows]
        weight = 1 / np.bincount(case)[case]
        total = weight.sum()
        if not total:
            return None
        positive = column.values[rows] > 0
        doubtful = weight * column.mistaken[rows]
        return Mistaken(
            rate=float(weight[positive].sum() / total),
            false=float(doubtful[positive].sum() / total),
            missed=float(doubtful[~positive].sum() / total),
        )

    def failures(self, key: Key) -> dict[str, int]:
        """Return how many samples a scorer failed on, by what it failed with and without its words."""
        column = self.columns[key]
        found: Counter[str] = Counter()
        for reason, count in zip(
            column.reasons, np.bincount(column.why, minlength=len(column.reasons)), strict=True
        ):
            if count and reason.startswith(FAILURE):
                # What an error says may quote the answer; a verdict quotes nobody.
                found[reason.removeprefix(FAILURE).partition("(")[0]] += int(count)
        return dict(found)

    def gaps(self, key: Key, chosen: BoolArray, *, finite: bool, category: bool) -> dict[str, int]:
        """Return why samples of chosen cases have no value, the commonest reason first.

        An infinite value is a reason as well where only ``finite`` ones count, and a category where
        it is a number that is asked for.
        """
        column, rows = self.columns[key], chosen[self.case]
        counts = np.bincount(column.why[rows], minlength=len(column.reasons))
        found = {
            reason: int(count)
            for reason, count in zip(column.reasons, counts, strict=True)
            if reason and not (category and reason == CATEGORY)
        }
        found[INFINITE] = int(np.count_nonzero(np.isinf(column.values[rows]))) if finite else 0
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return {reason: count for reason, count in ordered if count}


@dataclass(slots=True)
class ArmBuilder:
    """Rows in the order they come; the table puts them in the order of the cases."""

    cases: Sequence[Case]
    keys: Sequence[Key]
    scorers: Mapping[str, ScorerPlugin]
    codes: Codes
    repeats: int | None
    calibrations: Mapping[Key, Calibration] = field(default_factory=dict)
    case: array[int] = field(default_factory=lambda: array("q"))
    index: array[int] = field(default_factory=lambda: array("q"))
    errors: Counter[str] = field(default_factory=Counter)
    served: set[str] = field(default_factory=set)
    formats: set[str] = field(default_factory=set)
    deprecated: set[str] = field(default_factory=set)
    attempts: int | None = None
    costs: array[float] = field(default_factory=lambda: array("d"))
    unused: int = 0
    recorded: str | None = None
    columns: dict[Key, _ColumnBuilder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for instrument, value in self.keys:
            declared = self.scorers[instrument].values
            position = [each.name for each in declared].index(value)
            category = declared[position].kind is Kind.CATEGORY
            codes = self.codes[instrument, value] if category else None
            rate = declared[position].kind is Kind.RATE
            mistaken = array("d") if rate and self.scorers[instrument].accuracy() else None
            calibration = self.calibrations.get((instrument, value))
            asked = None if calibration is None else _LabelBuilder(calibration)
            self.columns[instrument, value] = _ColumnBuilder(position, codes, mistaken, asked)

    def add(self, scored: ScoredSample, place: int, *, wanted: int | None = None) -> None:
        """Take the sample of a case; one beyond those that are wanted is only counted."""
        sample = scored.sample
        most = self.repeats if wanted is None else wanted
        if most is not None and sample.index >= most:
            self.unused += 1
            return
        self._note(sample)
        self._row(place, sample.index)
        scores, answered = scored.scores, sample.error is None
        for (instrument, _), column in self.columns.items():
            score = scores.get(instrument)
            column.add(score.values[column.position] if score else None, answered=answered)
            column.note(self.cases[place], sample, score)

    def fill_gaps(self, wanted: IntArray) -> None:
        """Add an error for every sample that should be there and is not.

        Nobody who adds up scores later can overlook a case that was never answered.
        """
        counts = np.bincount(np.frombuffer(self.case, dtype=np.int64), minlength=len(self.cases))
        absent = np.maximum(wanted - counts, 0)
        for place in np.flatnonzero(absent).tolist():
            for _ in range(int(absent[place])):
                self.errors[ErrorKind.NO_RECORD.value] += 1
                self._row(place, -1)
                for column in self.columns.values():
                    column.add(Unscored("no record"), answered=False)
                    column.note(self.cases[place], None, None)

    def lacks(self, key: Key, share: float) -> bool:
        """Return whether more answered samples than this share have no value in this column."""
        column = self.columns[key]
        return exceeds(column.lacking, share, of=column.read)

    def table(self) -> ArmTable:
        """Return all rows, in the order of the cases and of their draws."""
        case = np.frombuffer(self.case, dtype=np.int64)
        order = np.lexsort((np.frombuffer(self.index, dtype=np.int64), case))
        return ArmTable(
            case=case[order],
            columns={key: column.column(order) for key, column in self.columns.items()},
            summary=ArmSummary(
                cases=len(self.cases),
                samples=int(case.size),
                missing=self.errors.total(),
                errors=dict(sorted(self.errors.items())),
                attempts=self.attempts,
                unused=self.unused,
                cost_usd=self._cost(),
                recorded=self.recorded,
            ),
            served=tuple(sorted(self.served)),
            formats=tuple(sorted(set(map(format_told, self.formats))))[:MANY_TOLD],
            deprecated=tuple(sorted(set(map(day_told, self.deprecated))))[:MANY_TOLD],
        )

    def _cost(self) -> float | None:
        """Return what all samples cost; nothing where one that was answered does not say."""
        answered = len(self.case) - self.errors.total()
        # Summed exactly, so that the order in which samples came does not show.
        return math.fsum(self.costs) if 0 < answered <= len(self.costs) else None

    def _row(self, place: int, index: int) -> None:
        self.case.append(place)
        self.index.append(index)

    def _note(self, sample: Sample) -> None:
        if sample.error is not None:
            self.errors[sample.error.kind.value] += 1
        if sample.model is not None:
            self.served.add(sample.model)
        if sample.format_version is not None:
            self.formats.add(sample.format_version)
        if sample.model_deprecated_at is not None:
            self.deprecated.add(sample.model_deprecated_at)
        if sample.attempts is not None:
            self.attempts = (self.attempts or 0) + sample.attempts
        if sample.cost_usd is not None:
            self.costs.append(sample.cost_usd)
        if day := _DAY.match(sample.created or ""):
            self.recorded = min(self.recorded or day.group(), day.group())


@dataclass(slots=True)
class _ColumnBuilder:
    """One value of an instrument, sample after sample; ``position`` is its place in a score.

    A category is stored as its number in ``codes``, the same for both arms; where there are none
    it is no value. ``mistaken`` is there where a detector says how often it is wrong, ``labels`` where
    people's say corrects it.
    """

    position: int
    codes: dict[str, int] | None
    mistaken: array[float] | None
    labels: _LabelBuilder | None
    values: array[float] = field(default_factory=lambda: array("d"))
    present: bytearray = field(default_factory=bytearray)
    why: array[int] = field(default_factory=lambda: array("B"))
    reasons: dict[str, int] = field(default_factory=lambda: {"": 0})
    read: int = 0
    lacking: int = 0

    def add(self, value: ScoreValue | None, *, answered: bool) -> None:
        """Take the value of one sample; ``None`` where no bound needs it."""
        number, reason = (value, "") if isinstance(value, float) else (0.0, _why_none(value))
        present = isinstance(value, float)
        if isinstance(value, str) and self.codes is not None:
            number, present = float(self.codes.setdefault(value, len(self.codes))), True
        self.values.append(number)
        self.present.append(present)
        self.why.append(self._code(reason) if reason else 0)
        if answered and value is not None:
            self.read += 1
            self.lacking += not present

    def note(self, case: Case, sample: Sample | None, score: Score | None) -> None:
        """Take what is known of the value of one sample beside itself."""
        if self.labels is not None:
            self.labels.add(case, sample, score, self.position)
        if self.mistaken is None:
            return
        known = score.mistakes[self.position] if score and score.mistakes else None
        self.mistaken.append(0.0 if known is None else known)

    def column(self, order: IntArray) -> Column:
        """Return the values in an order."""
        mistaken = self.mistaken
        return Column(
            values=np.frombuffer(self.values, dtype=np.float64)[order],
            present=np.frombuffer(self.present, dtype=np.bool_)[order],
            why=np.frombuffer(self.why, dtype=np.uint8)[order].astype(np.int64),
            reasons=tuple(self.reasons),
            mistaken=None if mistaken is None else np.array(mistaken, np.float64)[order],
            labels=None if self.labels is None else self.labels.labels(order),
        )

    def _code(self, reason: str) -> int:
        if reason not in self.reasons and len(self.reasons) >= MANY_REASONS:
            reason = "another reason"
        return self.reasons.setdefault(reason, len(self.reasons))


@dataclass(slots=True)
class _LabelBuilder:
    """What people say of the samples of one column, as they come."""

    calibration: Calibration
    stratum: array[int] = field(default_factory=lambda: array("q"))
    human: array[float] = field(default_factory=lambda: array("d"))

    def add(self, case: Case, sample: Sample | None, score: Score | None, position: int) -> None:
        """Take one sample and the value that stands at a place of its score."""
        answer = None
        value = score.values[position] if score else None
        if sample is not None and score is not None and isinstance(value, float):
            answer = self.calibration.of(sample, value, asked_digest(case, score.beside))
        said = None if answer is None else answer.human
        self.stratum.append(NOT_DRAWN if answer is None else answer.stratum)
        self.human.append(math.nan if said is None else said)

    def labels(self, order: IntArray) -> Labels:
        """Return the labels in an order."""
        stratum = np.array(self.stratum, np.int64)[order]
        return Labels(stratum, np.array(self.human, np.float64)[order], self.calibration.strata)


def _why_none(value: ScoreValue | None) -> str:
    """Return why a value is no number; nothing where nobody asked for one."""
    if isinstance(value, Unscored):
        return value.reason
    return CATEGORY if isinstance(value, str) else ""
