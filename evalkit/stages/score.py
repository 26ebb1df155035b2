"""Samples become scores here."""

from __future__ import annotations

import math
import pickle
from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from tempfile import SpooledTemporaryFile
from typing import Self, TypeAlias

from evalkit.core.envelope import EVERYTHING, Envelope, Slice
from evalkit.core.errors import PatternError
from evalkit.core.model import (
    FAILURE,
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
from evalkit.core.ports import Heard, ScorerPlugin
from evalkit.features.searching import SlowPatternError

INFINITE = math.inf
LARGEST = 1e50
"""Nothing that is measured is larger; the cube of what is would not be a number any more."""


Lookup: TypeAlias = "Callable[[str, Case, Sample], Heard | Unscored]"
"""What a remote instrument was answered about a sample, or why there is no answer."""


Others: TypeAlias = tuple[str, Arm, int]
"""Whose answers stand beside each other: an instrument, an arm, and which draw of each case."""

SPOOLED_BYTES = 1 << 23


def unanswered(name: str, case: Case, sample: Sample) -> Unscored:
    """Say that nobody was asked about any sample."""
    del name, case, sample
    return Unscored("no judgement")


def score(
    samples: Iterable[Sample],
    cases: Mapping[str, Case],
    envelope: Envelope,
    scorers: Mapping[str, ScorerPlugin],
    answers: Lookup = unanswered,
    *,
    rolling: bool = False,
) -> Iterator[ScoredSample]:
    """Yield every sample with its scores; an instrument runs only on cases that some bound needs.

    Args:
        samples: observed samples of known cases, in any order.
        cases: the golden set by id.
        envelope: which instruments read what.
        scorers: the scorer behind each instrument, by the instrument's name.
        answers: finds what remote instruments were answered.
        rolling: whether a rollout waits for the scores, which no answer may stop: what takes too long to
            search is missing there.

    Raises:
        PatternError: a pattern takes longer on an answer than anybody waits.
    """
    arms = envelope.snapshots.keys()
    readings = _Readings(envelope, scorers, answers, rolling=rolling)
    if readings.across:
        yield from _scored(_gathered(samples, cases, readings, arms), cases, readings, arms)
    else:
        yield from _scored(samples, cases, readings, arms)


def _scored(
    samples: Iterable[Sample], cases: Mapping[str, Case], readings: _Readings, arms: Container[Arm]
) -> Iterator[ScoredSample]:
    for sample in samples:
        if sample.arm not in arms:
            continue  # an earlier run may hold a baseline that this envelope has no use for
        case = cases[sample.case_id]
        scores = {
            reading.name: reading.score(case, sample)
            for reading in readings.of(case)
            if not (reading.compares and sample.arm is Arm.BASELINE)
        }
        yield ScoredSample(sample, scores)


# ---------------------------------------------------------------- beside all other cases


class _Spool:
    """Samples wait here until all have come: a few in memory, the rest in a file without a name."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=SPOOLED_BYTES)  # noqa: SIM115 - closed by its user

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def passing(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Keep samples as they pass by."""
        for sample in samples:
            pickle.dump(sample, self._file)
            yield sample

    def samples(self) -> Iterator[Sample]:
        """Yield the samples again, in the order they came."""
        self._file.seek(0)
        while True:
            try:
                yield pickle.load(self._file)  # noqa: S301 - nobody but this process wrote it
            except EOFError:
                return


def _gathered(
    samples: Iterable[Sample], cases: Mapping[str, Case], readings: _Readings, arms: Container[Arm]
) -> Iterator[Sample]:
    """Yield samples once all of them have been read for what instruments look for across cases.

    The k-th draw of a case stands beside the k-th draws of the others, so that an arm that was
    asked more often is not more alike for that. 16 bytes a draw are kept.
    """
    found: dict[Others, tuple[array[int], array[int]]] = {}
    at_work: dict[str, _Reading] = {}
    places: dict[str, int] = {}
    with _Spool() as spool:
        for sample in spool.passing(samples):
            if sample.arm not in arms:
                continue
            for reading in readings.of(cases[sample.case_id]):
                if reading.scorer.across is None:
                    continue
                signature = reading.signature(sample)
                if signature is None:
                    continue
                at_work[reading.name] = reading
                key = reading.name, sample.arm, sample.index
                signatures, owners = found.setdefault(key, (array("Q"), array("Q")))
                signatures.append(signature)
                owners.append(places.setdefault(sample.case_id, len(places)))
        for key, (signatures, owners) in found.items():
            at_work[key[0]].gather(key, signatures, owners)
        yield from spool.samples()


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
    answers: Lookup
    compares: bool
    others: dict[Others, frozenset[int] | Unscored]
    rolling: bool

    def score(self, case: Case, sample: Sample) -> Score:
        """Return the score of a sample."""
        scorer = self.scorer
        if sample.error is not None:
            if not scorer.reads_errors:
                return self._unscored(_ERROR_WORDS[sample.error.kind])
        elif sample.output is None and scorer.reads_output:
            return self._unscored("no recorded output")
        heard = self.answers(self.name, case, sample) if scorer.remote is not None else Heard()
        if isinstance(heard, Unscored):
            return self._unscored(heard.reason)
        others = self.others.get((self.name, sample.arm, sample.index), frozenset())
        if isinstance(others, Unscored):
            return self._unscored(others.reason)
        found = self._read(case, sample, heard.answers, others)
        return found if heard.beside is None else replace(found, beside=heard.beside)

    def signature(self, sample: Sample) -> int | None:
        """Return the signature of a sample; nothing where there is none.

        Scoring the sample fails in the same way, and says so.
        """
        if sample.error is not None or sample.output is None:
            return None
        try:
            found: object = self.scorer.signature(sample, self.options[sample.arm])
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - a stranger's code, which may call sys.exit
            return None
        return found if isinstance(found, int) and 0 <= found < 1 << 64 else None

    def gather(self, key: Others, signatures: array[int], owners: array[int]) -> None:
        """Find the signatures for which the other cases matter."""
        assert self.scorer.across is not None
        try:
            self.others[key] = self.scorer.across.shared(signatures, owners)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - as above
            self.others[key] = Unscored(self._failure(error))

    def _failure(self, error: BaseException) -> str:
        return f"{FAILURE}{self.scorer.id}: {error!r}"[:200]

    def _read(
        self, case: Case, sample: Sample, answers: Sequence[Sample], others: frozenset[int]
    ) -> Score:
        """Return what the scorer makes of a sample, as every later room may take it."""
        scorer = self.scorer
        try:
            found = scorer(case, sample, self.options[sample.arm], answers, others)
        except KeyboardInterrupt:
            raise
        except SlowPatternError as error:
            if self.rolling:
                return self._unscored("an answer that takes too long to search")
            raise self._slow(error, sample) from None
        except BaseException as error:  # noqa: BLE001 - a stranger's code, which may call sys.exit
            return self._unscored(self._failure(error))
        if len(found.values) != len(scorer.values):
            wanted = len(scorer.values)
            return self._unscored(f"{len(found.values)} values of {scorer.id}, which has {wanted}")
        for value in found.values:
            if type(value) is not float or not -LARGEST <= value <= LARGEST:
                return replace(found, values=tuple(map(_sound, found.values)))
        return found

    def _slow(self, error: SlowPatternError, sample: Sample) -> PatternError:
        return PatternError(
            f"{self.name}: {error} on the answer of the {sample.arm} to case {sample.case_id!r}: expected "
            "a pattern with no repeat inside a repeat and no two beside each other that read the same; "
            "one that gives nothing back ends soon: (?>…), a++"
        )

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

    def __init__(
        self,
        envelope: Envelope,
        scorers: Mapping[str, ScorerPlugin],
        answers: Lookup,
        *,
        rolling: bool,
    ) -> None:
        self._slices: list[tuple[_Reading, list[Slice]]] = []
        self._by_tags: dict[tuple[str, ...], tuple[_Reading, ...]] = {}
        unbound = {metric.instrument for metric in envelope.metrics}
        for instrument in envelope.instruments:
            name = instrument.name
            slices = [bound.slice for bound in envelope.bounds if bound.metric.instrument == name]
            remote = scorers[name].remote
            compares = remote is not None and remote.compares
            reading = _Reading(
                name, scorers[name], instrument.options, answers, compares, {}, rolling
            )
            self._slices.append((reading, [EVERYTHING] if name in unbound else slices))
        self.across = any(scorer.across is not None for scorer in scorers.values())
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
