"""Samples become scores here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from numbers import Real

from evalkit.core.envelope import EVERYTHING, Envelope, Slice
from evalkit.core.model import (
    Arm,
    Case,
    ErrorKind,
    Json,
    Sample,
    Score,
    ScoredSample,
    ScoreValue,
    Unscored,
)
from evalkit.core.ports import ScorerPlugin

INFINITE = math.inf
LARGEST = 1e50
"""Nothing that is measured is larger; the cube of what is would not be a number any more."""


def score(
    samples: Iterable[Sample],
    cases: Mapping[str, Case],
    envelope: Envelope,
    scorers: Mapping[str, ScorerPlugin],
) -> Iterator[ScoredSample]:
    """Yield every sample with its scores; an instrument runs only on cases that some bound needs.

    Args:
        samples: observed samples of known cases, in any order.
        cases: the golden set by id.
        envelope: which instruments read what.
        scorers: the scorer behind each instrument, by the instrument's name.
    """
    arms = envelope.snapshots.keys()
    readings = _Readings(envelope, scorers)
    for sample in samples:
        if sample.arm not in arms:
            continue  # an earlier run may hold a baseline that this envelope has no use for
        case = cases[sample.case_id]
        scores = {reading.name: reading.score(case, sample) for reading in readings.of(case)}
        yield ScoredSample(sample, scores)


class ScoreRecorder:
    """Scores become lines of ``scores.jsonl``: ``{arm, id, sample, scores, details}``.

    A value that is not there is ``{"unscored": reason}``; an infinite time (a timeout) is
    ``"inf"``, for which JSON has no number.
    """

    def __init__(self, scorers: Mapping[str, ScorerPlugin]) -> None:
        self._names = {
            name: [f"{name}.{value.name}" for value in scorer.values]
            for name, scorer in scorers.items()
        }

    def __call__(self, scored: ScoredSample) -> dict[str, Json]:
        """Return the line of one sample."""
        sample = scored.sample
        scores: dict[str, Json] = {}
        details: dict[str, Json] = {}
        for name, score in scored.scores.items():
            for key, value in zip(self._names[name], score.values, strict=True):
                scores[key] = _recorded(value)
            if score.detail:
                details[name] = score.detail
        record: dict[str, Json] = {
            "arm": sample.arm.value, "id": sample.case_id, "sample": sample.index, "scores": scores,
        }  # fmt: skip
        if details:
            record["details"] = details
        return record


def _recorded(value: ScoreValue) -> Json:
    if isinstance(value, Unscored):
        return {"unscored": value.reason}
    return "inf" if value == INFINITE else value


# ---------------------------------------------------------------- instruments


@dataclass(frozen=True, slots=True)
class _Reading:
    """An instrument at work: every sample gets a score, or the reason why there is none."""

    name: str
    scorer: ScorerPlugin
    options: Mapping[Arm, object]

    def score(self, case: Case, sample: Sample) -> Score:
        """Return the score of a sample."""
        scorer = self.scorer
        if sample.error is not None:
            if not scorer.reads_errors:
                return self._unscored(_ERROR_WORDS[sample.error.kind])
        elif sample.output is None and scorer.reads_output:
            return self._unscored("no recorded output")
        try:
            found = scorer(case, sample, self.options[sample.arm])
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a stranger's code, which may call sys.exit
            return self._unscored(f"a failure of {scorer.id}: {error!r}"[:200])
        if len(found.values) != len(scorer.values):
            wanted = len(scorer.values)
            return self._unscored(f"{len(found.values)} values of {scorer.id}, which has {wanted}")
        for value in found.values:
            if type(value) is not float or not -LARGEST <= value <= LARGEST:
                return replace(found, values=tuple(map(_sound, found.values)))
        return found

    def _unscored(self, reason: str) -> Score:
        return Score((Unscored(reason),) * len(self.scorer.values))


def _sound(value: object) -> ScoreValue:
    """Return a value as every later room may take it: what is none of the kind is named.

    An infinite value is a time that never came; below 0 there is none.
    """
    match value:
        case Unscored():
            return value if value.reason else Unscored("no value, and no reason for it")
        case str():
            return value
        case Real():
            try:
                number = float(value)
            except OverflowError:
                number = math.nan
            if abs(number) <= LARGEST or number == INFINITE:
                return number
    return Unscored("a value that is no number")


class _Readings:
    """Which instruments a case needs, worked out once for each set of tags."""

    def __init__(self, envelope: Envelope, scorers: Mapping[str, ScorerPlugin]) -> None:
        self._slices: list[tuple[_Reading, list[Slice]]] = []
        self._by_tags: dict[tuple[str, ...], tuple[_Reading, ...]] = {}
        unbound = {metric.instrument for metric in envelope.metrics}
        for instrument in envelope.instruments:
            name = instrument.name
            slices = [bound.slice for bound in envelope.bounds if bound.metric.instrument == name]
            reading = _Reading(name, scorers[name], instrument.options)
            self._slices.append((reading, [EVERYTHING] if name in unbound else slices))
        self._tags_decide = not any(part.where for _, parts in self._slices for part in parts)

    def of(self, case: Case) -> tuple[_Reading, ...]:
        """Return the instruments that some bound or metric needs on a case."""
        found = self._by_tags.get(case.tags) if self._tags_decide else None
        if found is None:
            found = self._by_tags[case.tags] = tuple(
                reading
                for reading, parts in self._slices
                if any(part.holds(case.tags, case.metadata) for part in parts)
            )
        return found


_ERROR_WORDS: Mapping[ErrorKind, str] = {
    ErrorKind.NO_RECORD: "no record",
    ErrorKind.RATE_LIMITED: "a rate limit error",
    ErrorKind.TIMEOUT: "a timeout",
    ErrorKind.CONNECTION: "a connection error",
    ErrorKind.SERVER: "a server error",
    ErrorKind.MALFORMED: "a malformed response",
    ErrorKind.DENIED: "a denied request",
    ErrorKind.QUOTA: "an exhausted quota",
    ErrorKind.OTHER: "an error",
}
