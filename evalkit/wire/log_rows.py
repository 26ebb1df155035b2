"""Rows of Parquet files are counted and read here, a group of them at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from evalkit.core.errors import Place, SpecError
from evalkit.core.log_parts import LogPart
from evalkit.wire.log_files import opened_log

ROWS_AT_ONCE = 1024


def row_groups(path: str) -> tuple[int, ...]:
    """Return how many rows each group of a Parquet file has.

    Raises:
        SpecError: it is none, or pyarrow is not installed.
    """
    with opened_log(path) as stream, _parquet(stream, path) as file:
        metadata = file.metadata
        return tuple(
            int(metadata.row_group(place).num_rows) for place in range(metadata.num_row_groups)
        )


def row_batches(part: LogPart) -> Iterator[tuple[int, list[dict[str, object]]]]:
    """Yield the rows of a part as they are, and how many rows of the file come before them.

    Raises:
        SpecError: the file cannot be read, or has fewer groups than it had.
    """
    with opened_log(part.path) as stream, _parquet(stream, part.path) as file:
        metadata = file.metadata
        if metadata.num_row_groups < part.end:
            raise SpecError.single(
                Place(part.path),
                f"has {metadata.num_row_groups} groups of rows, and had more when it was looked at; "
                "logs must not change while they are read",
            )
        before = sum(metadata.row_group(place).num_rows for place in range(part.start))
        groups = list(range(part.start, part.end))
        for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=groups, use_threads=False):
            yield before, cast("list[dict[str, object]]", batch.to_pylist())
            before += batch.num_rows


@contextmanager
def _parquet(stream: BinaryIO, path: str) -> Iterator[Any]:
    try:
        from pyarrow import parquet
    except ImportError:
        raise SpecError.single(
            Place(path), "Parquet needs an extra: pip install 'evalkit-gate[parquet]'"
        ) from None
    try:
        yield parquet.ParquetFile(stream)
    except (OSError, ValueError) as error:
        raise SpecError.single(Place(path), f"not a sound Parquet file: {error}") from None
