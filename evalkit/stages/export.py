"""Cases, samples and scores → the rows of one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from evalkit.core.digest import canonical_json
from evalkit.core.export import (
    CASE_COLUMNS,
    SAMPLE_COLUMNS,
    SCORE,
    UNSCORED,
    CellKind,
    Column,
)
from evalkit.core.model import Case, Json, Sample
from evalkit.core.records import case_record, record_of

Key = tuple[Json, Json, Json]


def score_columns(lines: Iterable[Mapping[str, Json]]) -> tuple[Column, ...]:
    """Return the columns that scores fill: numbers, or categories, each with its reasons beside it.

    Args:
        lines: those of ``scores.jsonl``, every one of them: only what stands in all tells the type.
    """
    kinds: dict[str, CellKind] = {}
    reasons: set[str] = set()
    for line in lines:
        for name, value in _scores(line).items():
            kinds.setdefault(name, CellKind.NUMBER)
            if isinstance(value, dict):
                reasons.add(name)
            elif isinstance(value, str) and value != INFINITE:
                kinds[name] = CellKind.TEXT
    columns = []
    for name, kind in sorted(kinds.items()):
        columns.append(Column(SCORE + name, kind))
        if name in reasons:
            columns.append(Column(UNSCORED + name, CellKind.TEXT))
    return tuple(columns)


INFINITE = "inf"
"""What a score is called that no number of JSON is: a timeout took longer than any other."""


def exported_rows(
    cases: Mapping[str, Case],
    samples: Iterable[Sample],
    lines: Iterable[Mapping[str, Json]],
    scores: tuple[Column, ...],
) -> Iterator[tuple[Json, ...]]:
    """Yield the row of every sample, in their order.

    Scores are held in memory only as far as they stand in another order than the samples.
    """
    found = _Scores(lines)
    for sample in samples:
        case = cases[sample.case_id]
        record = record_of(sample)
        own = found.of((record["arm"], record["id"], record["sample"]))
        yield (*_asked(case, record), *_observed(sample, record), *_judged(own, scores))


class _Scores:
    """The scores of one sample after the other, whatever the order they were written in."""

    def __init__(self, lines: Iterable[Mapping[str, Json]]) -> None:
        self._lines = iter(lines)
        self._waiting: dict[Key, Mapping[str, Json]] = {}

    def of(self, key: Key) -> Mapping[str, Json]:
        """Return the scores of a sample; none where it has none."""
        if key in self._waiting:
            return self._waiting.pop(key)
        for line in self._lines:
            other = (line.get("arm"), line.get("id"), line.get("sample"))
            if other == key:
                return _scores(line)
            self._waiting[other] = _scores(line)
        return {}


def _scores(line: Mapping[str, Json]) -> Mapping[str, Json]:
    found = line.get("scores")
    return found if isinstance(found, dict) else {}


def _asked(case: Case, record: Mapping[str, Json]) -> Iterator[Json]:
    own = case_record(case)
    given = {
        **own,
        "arm": record["arm"],
        "sample": record["sample"],
        "input": _text(own["input"]),
        "case_metadata": own.get("metadata"),
    }
    return (_cell(given.get(column.name), column) for column in CASE_COLUMNS)


def _observed(sample: Sample, record: Mapping[str, Json]) -> Iterator[Json]:
    given = dict(record)
    if sample.error is not None:
        given |= {"error": sample.error.kind.value, "error_message": sample.error.message}
    given["extra"] = dict(sample.extra) or None
    return (_cell(given.get(column.name), column) for column in SAMPLE_COLUMNS)


def _judged(scores: Mapping[str, Json], columns: tuple[Column, ...]) -> Iterator[Json]:
    for column in columns:
        if column.name.startswith(SCORE):
            value = scores.get(column.name.removeprefix(SCORE))
            yield None if isinstance(value, dict) else value
        else:
            reason = scores.get(column.name.removeprefix(UNSCORED))
            yield reason.get("unscored") if isinstance(reason, dict) else None


def _cell(value: Json, column: Column) -> Json:
    return value if value is None or column.kind is not CellKind.JSON else canonical_json(value)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else canonical_json(value)
