"""Samples become scores here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from evalkit.core.envelope import EVERYTHING, Envelope, Instrument, Slice
from evalkit.core.model import (
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

INFINITE = float("inf")


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
    needed = _Needed(envelope)
    for sample in samples:
        case = cases[sample.case_id]
        yield ScoredSample(
            sample,
            {
                instrument.name: _score(case, sample, instrument, scorers[instrument.name])
                for instrument in needed.by(case)
            },
        )


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


class _Needed:
    """Which instruments a case needs, worked out once for each set of tags."""

    def __init__(self, envelope: Envelope) -> None:
        self._slices: list[tuple[Instrument, list[Slice]]] = []
        self._by_tags: dict[tuple[str, ...], tuple[Instrument, ...]] = {}
        unbound = {metric.instrument for metric in envelope.metrics}
        for instrument in envelope.instruments:
            name = instrument.name
            slices = [bound.slice for bound in envelope.bounds if bound.metric.instrument == name]
            self._slices.append((instrument, [EVERYTHING] if name in unbound else slices))
        self._tags_decide = not any(part.where for _, parts in self._slices for part in parts)

    def by(self, case: Case) -> tuple[Instrument, ...]:
        found = self._by_tags.get(case.tags) if self._tags_decide else None
        if found is None:
            found = self._by_tags[case.tags] = tuple(
                instrument
                for instrument, parts in self._slices
                if any(part.holds(case.tags, case.metadata) for part in parts)
            )
        return found


def _score(case: Case, sample: Sample, instrument: Instrument, scorer: ScorerPlugin) -> Score:
    if sample.error is not None and not scorer.reads_errors:
        return _unscored(scorer, _ERROR_WORDS[sample.error.kind])
    if sample.output is None and scorer.reads_output and sample.error is None:
        return _unscored(scorer, "no recorded output")
    try:
        found = scorer(case, sample, instrument.options[sample.arm])
    except Exception as error:  # noqa: BLE001 - a scorer is a stranger's code: its failure is named
        return _unscored(scorer, f"a failure of {scorer.id}: {error!r}"[:200])
    if len(found.values) != len(scorer.values):
        return _unscored(
            scorer, f"{len(found.values)} values from {scorer.id}, which declares more"
        )
    return found


def _unscored(scorer: ScorerPlugin, reason: str) -> Score:
    return Score((Unscored(reason),) * len(scorer.values))


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
