"""Groups of rows of a Parquet file become columns of numbers, only those that are measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalkit.core.errors import Place, SpecError
from evalkit.core.log_parts import LogPart
from evalkit.core.records import RecordError
from evalkit.core.traffic import unix_seconds
from evalkit.stages.shadow.block import ARMS, HashArray
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.shadow.hashing import bytes_hashes
from evalkit.stages.shadow.log_rows import STRANGER, UNLABELLED, Rows, code_of, in_seconds
from evalkit.stats.arrays import FloatArray
from evalkit.wire.log_columns import column_batches

UNITS_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def rows_of_groups(part: LogPart, columns: Columns) -> Iterator[Rows]:
    """Yield the rows of a part as columns.

    Raises:
        SpecError: the file cannot be read, or a column is missing or of no use.
    """
    words = (columns.arm if part.arm is None else None, columns.time, columns.request, columns.user)
    arm, time, request, user = words
    wanted = [
        *dict.fromkeys([*columns.metrics.values(), *(word for word in words if word is not None)])
    ]
    for batch in column_batches(part, wanted, words=[] if arm is None else [arm]):
        reading = _Reading(part.path, batch)
        codes, strangers = reading.arms(columns, part, arm)
        yield Rows(
            codes,
            np.full(codes.size, np.nan) if time is None else reading.times(time),
            {
                name: reading.failures(column)
                if column == columns.failed
                else reading.numbers(column)
                for name, column in columns.metrics.items()
            },
            None if request is None else reading.hashes(request),
            None if user is None else reading.hashes(user),
            strangers,
        )


class _Reading:
    """Some rows, and the file they are of."""

    def __init__(self, path: str, batch: Any) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        self._path = path
        self._batch = batch
        self._types = pa.types
        self._compute = pc

    def numbers(self, name: str) -> FloatArray:
        """Return a column of numbers; what is not there is not a number."""
        column = self._column(name)
        types = self._types
        if types.is_boolean(column.type):
            column = column.cast("int8")
        if types.is_null(column.type):
            return np.full(len(column), np.nan)
        if not (
            types.is_integer(column.type)
            or types.is_floating(column.type)
            or types.is_decimal(column.type)
        ):
            raise self._unfit(name, column, "numbers, or true and false")
        found = column.cast("float64", safe=False).to_numpy(zero_copy_only=False)
        return np.asarray(found, np.float64)

    def failures(self, name: str) -> FloatArray:
        """Return a column of what went wrong, 1 where anything did; nothing where nothing is named."""
        column = self._column(name)
        types = self._types
        if not (self._is_text(column.type) or types.is_struct(column.type)):
            return self.numbers(name)
        named = column.is_valid()
        if self._is_text(column.type):
            lengths = self._compute.binary_length(column).fill_null(0)
            named = self._compute.greater(lengths, 0)
        return np.where(named.to_numpy(zero_copy_only=False), 1.0, np.nan)

    def times(self, name: str) -> FloatArray:
        """Return a column of times in seconds since 1970."""
        column = self._column(name)
        types = self._types
        if types.is_date(column.type):
            column = column.cast("timestamp[s]")
        if types.is_timestamp(column.type):
            unit = UNITS_A_SECOND[column.type.unit]
            whole = column.cast("int64").cast("float64", safe=False)
            return np.asarray(whole.to_numpy(zero_copy_only=False), np.float64) / unit
        if types.is_integer(column.type) or types.is_floating(column.type):
            return in_seconds(self.numbers(name))
        if types.is_null(column.type):
            return self.numbers(name)
        if not self._is_text(column.type):
            raise self._unfit(name, column, "times")
        return np.array([self._seconds(name, text) for text in column.to_pylist()], np.float64)

    def _seconds(self, name: str, text: str | None) -> float:
        if not text:
            return np.nan
        try:
            return unix_seconds(text)
        except RecordError as error:
            raise SpecError.single(Place(self._path), f"column {name!r}: {error}") from None

    def hashes(self, name: str) -> HashArray:
        """Return the hashes of a column of ids; a number has that of its digits."""
        column = self._column(name)
        if self._types.is_fixed_size_binary(column.type):
            column = column.cast("binary")
        elif self._types.is_integer(column.type) or self._types.is_null(column.type):
            column = column.cast("string")
        elif not self._is_text(column.type):
            raise self._unfit(name, column, "ids: texts, or whole numbers")
        large = str(column.type).startswith("large_")
        _, offsets, data = column.buffers()
        kind = np.int64 if large else np.int32
        starts = np.frombuffer(offsets, kind)[column.offset : column.offset + len(column) + 1]
        raw = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
        first, last = int(starts[0]), int(starts[-1])
        found = bytes_hashes(raw[first:last], starts.astype(np.int64) - first)
        if column.null_count:
            found[column.is_null().to_numpy(zero_copy_only=False)] = 0
        return found

    def arms(
        self, columns: Columns, part: LogPart, name: str | None
    ) -> tuple[NDArray[np.int8], list[tuple[str, int]]]:
        """Return the code of each row's arm, and the labels of no arm as often as they come."""
        size = self._batch.num_rows
        if part.arm is not None:
            return np.full(size, ARMS.index(part.arm), np.int8), []
        if name is None:
            return np.full(size, UNLABELLED, np.int8), []
        column = self._column(name)
        if not self._types.is_dictionary(column.type):
            column = column.cast("string").dictionary_encode()
        labels = [None if word is None else str(word) for word in column.dictionary.to_pylist()]
        codes = np.array([*(code_of(word, columns) for word in labels), UNLABELLED], np.int8)
        places = column.indices.cast("int64").fill_null(len(labels)).to_numpy()
        counts = np.bincount(places, minlength=len(labels))
        strange: Counter[str] = Counter()
        for place, word in enumerate(labels):
            if codes[place] == STRANGER and counts[place]:
                strange[str(word)] += int(counts[place])
        return codes[places], list(strange.items())

    def _column(self, name: str) -> Any:
        if name in self._batch.schema.names:
            return self._batch.column(name)
        top, *rest = name.split(".")
        column = self._batch.column(top)
        for step in rest:
            column = self._compute.struct_field(column, step)
        return column

    def _is_text(self, kind: Any) -> bool:
        types = self._types
        return bool(
            types.is_string(kind)
            or types.is_large_string(kind)
            or types.is_binary(kind)
            or types.is_large_binary(kind)
        )

    def _unfit(self, name: str, column: Any, expected: str) -> SpecError:
        return SpecError.single(
            Place(self._path), f"column {name!r}: expected {expected}, found {column.type}"
        )
