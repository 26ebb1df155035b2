"""The rows of a Parquet file, read in batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalkit.core.errors import Place, SpecError
from evalkit.files.text import opened

ROWS_PER_BATCH = 1024


def parquet_rows(path: str) -> Iterator[tuple[dict[str, Any], Place]]:
    """Yield each row, by column, and where it stands.

    Raises:
        SpecError: pyarrow is not there, or the file is no Parquet.
    """
    try:
        from pyarrow import parquet
    except ImportError:
        raise SpecError.single(
            Place(path), "Parquet needs an extra: pip install 'evalkit-gate[parquet]'"
        ) from None
    number = 0
    with opened(path) as stream:
        try:
            for batch in parquet.ParquetFile(stream).iter_batches(batch_size=ROWS_PER_BATCH):
                for data in batch.to_pylist():
                    number += 1
                    yield data, Place(path, number)
        except (OSError, ValueError) as error:
            raise SpecError.single(Place(path), f"not a Parquet file: {error}") from None
