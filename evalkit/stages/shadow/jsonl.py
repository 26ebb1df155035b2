"""Lines of JSON whose numbers are measured as they stand become columns, without looking at texts.

Where pyarrow is installed and every line is an object of the usual shape, its reader takes a chunk of
lines at a time. Whatever it does not take, or takes otherwise than evalkit reads JSON, is read line by
line: the result is the same, and what is wrong is named with its place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from evalkit.core.errors import Place, Problem
from evalkit.core.log_parts import LogPart
from evalkit.core.model import Json
from evalkit.core.records import RecordError
from evalkit.core.traffic import Tolerance, unix_seconds
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.stages.shadow.block import ARMS
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.shadow.hashing import id_hashes
from evalkit.stages.shadow.log_rows import (
    STRANGER,
    Rows,
    code_of,
    in_seconds,
    value_of,
)
from evalkit.stages.shadow.quick_json import Quick
from evalkit.wire.log_lines import Chunk, line_chunks, lines_before, numbered

CHUNK_BYTES = 1 << 20


def rows_of_part(part: LogPart, columns: Columns, tolerance: Tolerance) -> Iterator[Rows]:
    """Yield the lines of a part as columns; what is malformed is told to ``tolerance``.

    Raises:
        SpecError: the file cannot be read, or more is malformed than is tolerated.
    """
    code = None if part.arm is None else ARMS.index(part.arm)
    quick = Quick(columns, code)
    slow = Slow(part, columns, code, tolerance)
    for chunk in line_chunks(part, CHUNK_BYTES):
        found = quick.rows(chunk.data)
        yield slow.rows(chunk) if found is None else found
    tolerance.settle()


# ---------------------------------------------------------------- one by one


class Slow:
    """Reads lines one by one."""

    def __init__(
        self, part: LogPart, columns: Columns, code: int | None, tolerance: Tolerance
    ) -> None:
        self._part = part
        self._columns = columns
        self._code = code
        self._tolerance = tolerance
        self._before: int | None = None

    def rows(self, chunk: Chunk) -> Rows:
        """Return the lines of a chunk as columns, without those that are malformed."""
        columns = self._columns
        labels: list[str | None] = []
        when: list[float] = []
        values: list[list[float]] = []
        requests: list[str | None] = []
        users: list[str | None] = []
        for number, text in numbered(chunk, self._part):
            try:
                record = _object(text)
                found = [
                    _failure(value_of(record, key))
                    if key == columns.failed
                    else _number(value_of(record, key), key)
                    for key in columns.metrics.values()
                ]
                time = _time(None if columns.time is None else value_of(record, columns.time))
                named = [
                    None if key is None else _word(value_of(record, key), key)
                    for key in (columns.arm, columns.request, columns.user)
                ]
            except JsonTextError as error:
                self._tell(number, str(error), error.offset + 1)
                continue
            except RecordError as error:
                self._tell(number, str(error))
                continue
            when.append(time)
            values.append(found)
            for column, word in zip((labels, requests, users), named, strict=True):
                column.append(word)
        table = np.array(values).reshape(len(values), len(columns.metrics))
        codes = [
            self._code if self._code is not None else code_of(label, columns) for label in labels
        ]
        return Rows(
            np.array(codes, np.int8),
            np.array(when, np.float64),
            {name: np.ascontiguousarray(table[:, at]) for at, name in enumerate(columns.metrics)},
            None if columns.request is None else id_hashes(requests),
            None if columns.user is None else id_hashes(users),
            [
                (label, 1)
                for label, code in zip(labels, codes, strict=True)
                if label is not None and code == STRANGER
            ],
        )

    def _tell(self, number: int, message: str, column: int = 0) -> None:
        if self._before is None:
            self._before = lines_before(self._part)
        place = Place(self._part.path, self._before + number, column)
        self._tolerance.see(Problem(place, message))


def _object(text: str) -> dict[str, Json]:
    record = parse_json(text)
    if not isinstance(record, dict):
        raise RecordError("expected an object")
    return record


def _number(value: Json, key: str) -> float:
    if value is None:
        return math.nan
    if isinstance(value, (bool, int, float)):
        return float(value)
    raise RecordError(f"expected {key} to be a number, true or false, found {_found(value)}")


def _failure(value: Json) -> float:
    """Return 1 for whatever went wrong; no number where nothing is named."""
    if value is None or value == "":
        return math.nan
    return float(value) if isinstance(value, (bool, int, float)) else 1.0


def _word(value: Json, key: str) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise RecordError(f"expected {key} to be text, found {_found(value)}")


def _time(value: Json) -> float:
    if value is None or value == "":
        return math.nan
    if isinstance(value, str):
        return unix_seconds(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RecordError(f"expected a time, found {_found(value)}")
    return float(in_seconds(np.array([value], np.float64))[0])


def _found(value: Json) -> str:
    return (
        "an object"
        if isinstance(value, dict)
        else "a list"
        if isinstance(value, list)
        else repr(value)
    )
