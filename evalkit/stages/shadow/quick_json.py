"""Lines of JSON become columns a chunk at a time, where they are of the usual shape."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evalkit.stages.shadow.block import HashArray
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.shadow.hashing import bytes_hashes
from evalkit.stages.shadow.log_rows import (
    STRANGER,
    UNLABELLED,
    Rows,
    code_of,
    in_seconds,
    loaded,
    path_of,
    value_at,
    wanted,
)
from evalkit.stats.arrays import FloatArray

PROBED_LINES = 50
NEW_LINE, BRACE = b"\n{"
LEAST_TIME = 19
"""Letters of a time with its day, hour, minute and second; what is shorter is read line by line."""


class Quick:
    """Reads a chunk of lines with pyarrow, or says that somebody else should."""

    def __init__(self, columns: Columns, code: int | None) -> None:
        self._columns = columns
        self._code = code
        self._schema: Any = None
        self._paths: dict[str, tuple[str, ...]] = {}
        try:
            import pyarrow as pa
            import pyarrow.compute
            import pyarrow.json
        except ImportError:
            self._arrow: Any = None
        else:
            self._arrow = pa

    def rows(self, data: bytes) -> Rows | None:
        """Return a chunk as columns; nothing where it has to be read line by line."""
        objects = 0 if self._arrow is None else _objects(data)
        if not objects:
            return None
        if self._schema is None:
            self._probe(data)
        try:
            table = self._table(data)
            return self._rows(table) if table.num_rows == objects else None
        except (self._arrow.ArrowInvalid, _UnusualError):
            self._schema = None  # the types may be others from here on
            return None

    def _table(self, data: bytes) -> Any:
        reader = self._arrow.json
        return reader.read_json(
            io.BytesIO(data),
            read_options=reader.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=reader.ParseOptions(
                explicit_schema=self._schema, unexpected_field_behavior="ignore"
            ),
        )

    def _probe(self, data: bytes) -> None:
        """Find out the types of the columns by the first lines."""
        records = [loaded(line) for line in data.split(b"\n", PROBED_LINES)[:PROBED_LINES]]
        arrow = self._arrow
        types: dict[tuple[str, ...], Any] = {}
        for key, usual in wanted(self._columns, self._code).items():
            path = path_of(key, records)
            first = next(
                (value for record in records if (value := value_at(record, path)) is not None), None
            )
            if usual is object and not isinstance(first, (bool, str, int, float)):
                kind = arrow.struct([("kind", arrow.string())])  # its presence says enough
            elif isinstance(first, bool) and usual is not str:
                kind = arrow.bool_()
            elif isinstance(first, (str, bool)) or (first is None and usual is str):
                kind = arrow.string()
            else:
                kind = arrow.int64() if usual is str else arrow.float64()
            types[path] = kind
            self._paths[key] = path
        self._schema = arrow.schema(_fields(arrow, types, ()))

    def _column(self, table: Any, key: str) -> Any:
        """Return a column as one array."""
        first, *rest = self._paths[key]
        found = table.column(first)
        for name in rest:
            found = self._arrow.compute.struct_field(found, name)
        return found.combine_chunks()

    def _rows(self, table: Any) -> Rows:
        columns = self._columns
        rows = int(table.num_rows)
        arm, strangers = self._arms(table, rows)
        return Rows(
            arm,
            np.full(rows, np.nan) if columns.time is None else self._times(table, columns.time),
            {
                name: self._failures(table, key)
                if key == columns.failed
                else self._numbers(table, key)
                for name, key in columns.metrics.items()
            },
            None if columns.request is None else self._hashes(table, columns.request),
            None if columns.user is None else self._hashes(table, columns.user),
            strangers,
        )

    def _numbers(self, table: Any, key: str) -> FloatArray:
        column = self._column(table, key)
        if self._arrow.types.is_string(column.type):
            raise _UnusualError
        values: FloatArray = column.cast(self._arrow.float64()).to_numpy(zero_copy_only=False)
        _refuse_no_numbers(values, column.null_count)
        return values

    def _failures(self, table: Any, key: str) -> FloatArray:
        column = self._column(table, key)
        types = self._arrow.types
        if not (types.is_string(column.type) or types.is_struct(column.type)):
            return self._numbers(table, key)
        named = column.is_valid()
        if types.is_string(column.type):
            lengths = self._arrow.compute.binary_length(column).fill_null(0)
            named = self._arrow.compute.greater(lengths, 0)
        return np.where(named.to_numpy(zero_copy_only=False), 1.0, np.nan)

    def _arms(
        self, table: Any, rows: int
    ) -> tuple[np.ndarray[Any, np.dtype[np.int8]], Sequence[tuple[str, int]]]:
        if self._code is not None:
            return np.full(rows, self._code, np.int8), ()
        if self._columns.arm is None:
            return np.full(rows, UNLABELLED, np.int8), ()
        column = self._column(table, self._columns.arm)
        if not self._arrow.types.is_string(column.type):
            column = column.cast(self._arrow.string())
        found = column.dictionary_encode()
        names = found.dictionary.to_pylist()
        codes = np.array([code_of(name, self._columns) for name in names] or [UNLABELLED], np.int8)
        places = found.indices.fill_null(-1).to_numpy()
        arm = np.where(places < 0, UNLABELLED, codes[places]).astype(np.int8)
        counts = np.bincount(places[places >= 0], minlength=len(names))
        strange = [
            (name, int(count))
            for name, count, code in zip(names, counts, codes, strict=False)
            if code == STRANGER
        ]
        return arm, strange

    def _hashes(self, table: Any, key: str) -> HashArray:
        column = self._column(table, key)
        if not self._arrow.types.is_string(column.type):
            column = column.cast(self._arrow.string())
        _, offsets, data = column.buffers()
        size = len(column) + 1
        ends = np.frombuffer(offsets, np.int32, size, column.offset * 4).astype(np.int64)
        text = np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
        return bytes_hashes(text[: int(ends[-1])], ends)

    def _times(self, table: Any, key: str) -> FloatArray:
        column = self._column(table, key)
        arrow = self._arrow
        if not arrow.types.is_string(column.type):
            values: FloatArray = column.cast(arrow.float64()).to_numpy(zero_copy_only=False)
            _refuse_no_numbers(values, column.null_count)
            return in_seconds(values)
        lengths = arrow.compute.binary_length(column)
        if (arrow.compute.min(lengths).as_py() or LEAST_TIME) < LEAST_TIME:
            raise _UnusualError
        zoned = arrow.compute.ends_with(column, "Z")
        zone = "UTC" if arrow.compute.any(zoned).as_py() else None
        micro = column.cast(arrow.timestamp("us", zone)).cast(arrow.int64())
        seconds: FloatArray = micro.to_numpy(zero_copy_only=False) / 1e6
        return seconds


class _UnusualError(Exception):
    """A chunk is not of the shape that is read quickly."""


def _objects(data: bytes) -> int:
    """Return how many lines there are, where each begins an object and all are UTF-8; else 0.

    pyarrow also takes two objects on a line for two records, and a bare ``null`` ends the process.
    """
    letters = np.frombuffer(data, np.uint8)
    starts = np.flatnonzero(letters[:-1] == NEW_LINE) + 1
    if not data.startswith(b"{") or not bool((letters[starts] == BRACE).all()):
        return 0
    try:
        if not data.isascii():
            data.decode()
    except UnicodeDecodeError:
        return 0
    return len(starts) + 1


def _refuse_no_numbers(values: FloatArray, missing: int) -> None:
    """Refuse ``NaN`` and ``Infinity``, which pyarrow reads and which are no JSON."""
    if int(np.isnan(values).sum()) != missing or bool(np.isinf(values).any()):
        raise _UnusualError


def _fields(arrow: Any, types: Mapping[tuple[str, ...], Any], above: tuple[str, ...]) -> list[Any]:
    """Return the fields of a schema, or of an object in it."""
    depth = len(above)
    names = dict.fromkeys(path[depth] for path in types if path[:depth] == above)
    return [
        (name, types[*above, name])
        if (*above, name) in types
        else (name, arrow.struct(_fields(arrow, types, (*above, name))))
        for name in names
    ]
