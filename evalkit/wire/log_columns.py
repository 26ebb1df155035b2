"""Columns of Parquet files are read here, as arrays of pyarrow, a portion of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from evalkit.core.errors import Place, SpecError
from evalkit.core.log_parts import LogPart
from evalkit.wire.log_files import opened_log

COLUMN_ROWS = 1 << 16


def column_batches(
    part: LogPart, names: Sequence[str], *, words: Sequence[str] = ()
) -> Iterator[Any]:
    """Yield some columns of the rows of a part, as pyarrow has them.

    Args:
        part: some groups of rows.
        names: the columns; one with dots also leads into a structure, where none is called so.
        words: those of them that hold few different words.

    Raises:
        SpecError: the file cannot be read, or has no such column.
    """
    with opened_log(part.path) as stream, _opened(stream, part.path, words) as file:
        known = file.schema_arrow.names
        for name in names:
            if name not in known and not _leads(file.schema_arrow, name):
                raise SpecError.single(
                    Place(part.path), f"has no column {name!r}; its columns are {', '.join(known)}"
                )
        groups = list(range(part.start, min(part.end, file.metadata.num_row_groups)))
        yield from file.iter_batches(
            COLUMN_ROWS, row_groups=groups, columns=list(names), use_threads=False
        )


def column_kinds(path: str) -> dict[str, bool]:
    """Return the columns of a Parquet file, those in structures by their dots, and which hold numbers.

    A column that holds nothing at all is none.

    Raises:
        SpecError: the file cannot be read.
    """
    with opened_log(path) as stream, _opened(stream, path, ()) as file:
        return dict(_kinds(file.schema_arrow, ""))


def _kinds(fields: Any, above: str) -> Iterator[tuple[str, bool]]:
    from pyarrow import types

    for field in fields:
        kind, name = field.type, f"{above}{field.name}"
        if types.is_null(kind):
            continue
        numbers = (types.is_boolean, types.is_integer, types.is_floating, types.is_decimal)
        yield name, any(holds(kind) for holds in numbers)
        if types.is_struct(kind):
            yield from _kinds([kind.field(at) for at in range(kind.num_fields)], f"{name}.")


def _leads(schema: Any, name: str) -> bool:
    """Return whether a name with dots leads into structures."""
    top, *rest = name.split(".")
    if top not in schema.names:
        return False
    kind = schema.field(top).type
    for step in rest:
        place = kind.get_field_index(step) if hasattr(kind, "get_field_index") else -1
        if place < 0:
            return False
        kind = kind.field(place).type
    return True


@contextmanager
def _opened(stream: BinaryIO, path: str, words: Sequence[str]) -> Iterator[Any]:
    try:
        from pyarrow import parquet
    except ImportError:
        raise SpecError.single(
            Place(path), "Parquet needs an extra: pip install 'evalkit-gate[parquet]'"
        ) from None
    try:
        yield parquet.ParquetFile(stream, read_dictionary=list(words))
    except (OSError, ValueError) as error:
        raise SpecError.single(Place(path), f"not a sound Parquet file: {error}") from None
