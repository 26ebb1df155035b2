"""An exported table → a file: Parquet, CSV or JSON lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from evalkit.core.errors import UsageError
from evalkit.core.export import CellKind, Column, Exported
from evalkit.core.model import Json
from evalkit.files.json_text import json_line
from evalkit.files.writing import replacing

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""

LARGEST_WHOLE = 2**63 - 1
ROWS_PER_GROUP = 10_000
INFINITE = "inf"


def write_table(table: Exported, path: Path, *, spreadsheet: bool = False) -> int:
    """Write a table whole or not at all, and return how many rows it has.

    Args:
        table: what is written.
        path: its ending says the format.
        spreadsheet: whether a text that a spreadsheet would take for a formula gets an apostrophe
            before it, in CSV; without it every text stays as it is.

    Raises:
        UsageError: the ending is none of the formats, or a library is missing.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"-o {path}: expected a name that ends in {', '.join(_WRITERS)}")
    if spreadsheet and write is not _csv:
        raise UsageError("--spreadsheet is for CSV: no spreadsheet runs what the others hold")
    with replacing(path) as beside:
        return write(table, beside, spreadsheet)


# ---------------------------------------------------------------- formats


def _jsonl(table: Exported, path: Path, spreadsheet: bool) -> int:  # noqa: FBT001 - one signature
    del spreadsheet
    names = [column.name for column in table.columns]

    def line(row: tuple[Json, ...]) -> str:
        return json_line(dict(zip(names, row, strict=True)))

    with path.open("w", encoding="utf-8", newline="\n") as stream:
        return _written(stream, map(line, table.rows))


def _csv(table: Exported, path: Path, spreadsheet: bool) -> int:  # noqa: FBT001
    def line(row: tuple[Json, ...]) -> str:
        return ",".join(_cell(value, spreadsheet=spreadsheet) for value in row) + "\n"

    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(",".join(_quoted(column.name) for column in table.columns) + "\n")
        return _written(stream, map(line, table.rows))


def _cell(value: Json, *, spreadsheet: bool) -> str:
    """Return a cell: nothing for what is absent, quotes around every text, an empty one too."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return repr(value)
    text = ";".join(map(str, value)) if isinstance(value, list) else str(value)
    if spreadsheet and text.startswith(FORMULA):
        text = f"'{text}"
    return _quoted(text)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _written(stream: IO[str], lines: Iterator[str]) -> int:
    count = 0
    for line in lines:
        stream.write(line)
        count += 1
    return count


def _parquet(table: Exported, path: Path, spreadsheet: bool) -> int:  # noqa: FBT001
    del spreadsheet
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UsageError(
            "Parquet needs an extra: pip install 'evalkit-gate[parquet]'; or name a .csv or .jsonl"
        ) from None
    types: dict[CellKind, Any] = {
        CellKind.TEXT: pa.string(),
        CellKind.JSON: pa.string(),
        CellKind.WHOLE: pa.int64(),
        CellKind.NUMBER: pa.float64(),
        CellKind.TEXTS: pa.list_(pa.string()),
    }
    schema = pa.schema([(column.name, types[column.kind]) for column in table.columns])
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while rows := list(islice(table.rows, ROWS_PER_GROUP)):
            cells = [
                pa.array([_stored(row[at], column) for row in rows], schema.field(at).type)
                for at, column in enumerate(table.columns)
            ]
            writer.write_table(pa.table(cells, schema=schema))
            count += len(rows)
    return count


def _stored(value: Json, column: Column) -> Json:
    if column.kind is CellKind.NUMBER and value == INFINITE:
        return math.inf
    if column.kind is CellKind.WHOLE and isinstance(value, int) and value > LARGEST_WHOLE:
        raise UsageError(
            f"{column.name} is {value:.3g} in a row, more than Parquet's whole numbers"
        )
    return value


_WRITERS: dict[str, Callable[[Exported, Path, bool], int]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _jsonl,
}
