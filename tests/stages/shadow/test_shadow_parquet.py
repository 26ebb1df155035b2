"""Columns of Parquet files: types, arms, times and ids as they are found, and what is of no use."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from evalkit.core.errors import SpecError
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.model import Arm
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.shadow.hashing import bytes_hashes, id_hashes
from evalkit.stages.shadow.log_rows import STRANGER, UNLABELLED, Rows
from evalkit.stages.shadow.parquet import rows_of_groups

WHEN = datetime(2026, 10, 1, 12, 30, tzinfo=UTC)
ARMS = {"stable": Arm.BASELINE, "canary": Arm.CANDIDATE}


def read(folder: Path, columns: Columns, arm: Arm | None = None, **table: pa.Array) -> Rows:
    """Return the only rows of a file with these columns."""
    path = folder / "log.parquet"
    parquet.write_table(pa.table(table), path)
    part = LogPart(str(path), PartKind.ROWS, 0, 1, path.stat().st_size, arm)
    (rows,) = rows_of_groups(part, columns)
    return rows


def test_numbers_of_any_type_are_read_and_gaps_stay_gaps(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        Columns({"a": "i", "b": "f", "c": "t", "d": "m", "e": "n", "f": "s.deep"}),
        i=pa.array([1, None, 3], pa.int32()),
        f=pa.array([0.5, None, math.inf], pa.float32()),
        t=pa.array([True, False, None]),
        m=pa.array([Decimal("1.25"), None, Decimal("3.50")]),
        n=pa.nulls(3),
        s=pa.array([{"deep": 7}, {"deep": None}, None]),
    )
    expected = {
        "a": [1, math.nan, 3], "b": [0.5, math.nan, math.inf], "c": [1, 0, math.nan],
        "d": [1.25, math.nan, 3.5], "e": [math.nan] * 3, "f": [7, math.nan, math.nan],
    }  # fmt: skip
    for name, values in expected.items():
        assert np.array_equal(found.metrics[name], np.array(values), equal_nan=True), name
    assert found.arm.tolist() == [UNLABELLED] * 3
    assert np.isnan(found.when).all()
    assert found.request is None


@pytest.mark.parametrize(
    "column",
    [
        pa.array([WHEN, None], pa.timestamp("us", "UTC")),
        pa.array([WHEN, None], pa.timestamp("ms")),
        pa.array([WHEN.timestamp(), None]),
        pa.array([int(1e3 * WHEN.timestamp()), None]),
        pa.array(["2026-10-01T12:30:00Z", None]),
        pa.array(["2026-10-01 14:30:00+02:00", ""]).cast("large_string"),
    ],
)
def test_times_of_any_type_are_seconds(tmp_path: Path, column: pa.Array) -> None:
    found = read(tmp_path, Columns({}, time="at"), at=column)
    assert found.when[0] == WHEN.timestamp()
    assert np.isnan(found.when[1])


def test_days_are_times_and_nothing_is_none(tmp_path: Path) -> None:
    found = read(tmp_path, Columns({}, time="day"), day=pa.array([date(2026, 10, 1)]))
    assert found.when.tolist() == [datetime(2026, 10, 1, tzinfo=UTC).timestamp()]
    assert np.isnan(read(tmp_path, Columns({}, time="day"), day=pa.nulls(1)).when[0])


def test_ids_have_the_hashes_of_their_texts(tmp_path: Path) -> None:
    texts = ["a", "request-2", None, ""]
    unique = UUID(int=77).bytes
    columns = Columns({}, request="id", user="user")
    for kind in ("string", "large_string", "binary"):
        found = read(
            tmp_path, columns, id=pa.array(texts).cast(kind), user=pa.array([12, None, -3, 12])
        )
        assert found.request is not None
        assert found.user is not None
        assert found.request.tolist() == id_hashes(texts).tolist()
        assert found.user.tolist() == id_hashes(["12", None, "-3", "12"]).tolist()
    found = read(
        tmp_path, columns, id=pa.array([unique], pa.binary(16)), user=pa.nulls(1, pa.string())
    )
    assert found.request is not None
    assert found.user is not None
    raw = np.frombuffer(unique, np.uint8)
    assert found.request.tolist() == bytes_hashes(raw, np.array([0, 16])).tolist()
    assert found.user.tolist() == [0]


def test_arms_are_told_by_their_labels_or_by_the_file(tmp_path: Path) -> None:
    labels = ["stable", "canary", "other", None, "other", ""]
    columns = Columns({}, arm="label", arms=ARMS)
    for column in (pa.array(labels), pa.array(labels).dictionary_encode()):
        found = read(tmp_path, columns, label=column)
        assert found.arm.tolist() == [0, 1, STRANGER, UNLABELLED, STRANGER, UNLABELLED]
        assert list(found.strangers) == [("other", 2)]
    found = read(tmp_path, columns, Arm.CANDIDATE, label=pa.array(labels))
    assert found.arm.tolist() == [1] * 6
    numbered = Columns({}, arm="label", arms={"1": Arm.BASELINE})
    assert read(tmp_path, numbered, label=pa.array([1, 2])).arm.tolist() == [0, STRANGER]


@pytest.mark.parametrize(
    ("columns", "column", "message"),
    [
        (Columns({"a": "x"}), pa.array(["1"]), "expected numbers, or true and false, found string"),
        (Columns({}, time="x"), pa.array([True]), "expected times, found bool"),
        (Columns({}, time="x"), pa.array(["soon"]), "expected created to be a time"),
        (Columns({}, request="x"), pa.array([0.5]), "expected ids: texts, or whole numbers"),
        (Columns({"a": "y"}), pa.array([1]), "has no column 'y'; its columns are x"),
        (Columns({"a": "x.y"}), pa.array([1]), "has no column 'x.y'"),
    ],
)
def test_a_column_of_no_use_is_named_with_what_was_expected(
    tmp_path: Path, columns: Columns, column: pa.Array, message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, columns, x=column)
    assert message in str(caught.value)
    assert "log.parquet" in str(caught.value)


def test_portions_of_a_file_are_read_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    ids = pa.array([f"r{number}" for number in range(150_000)])
    parquet.write_table(
        pa.table({"x": pa.array(np.arange(150_000.0)), "id": ids}), path, row_group_size=50_000
    )
    part = LogPart(str(path), PartKind.ROWS, 1, 3, path.stat().st_size)
    found = list(rows_of_groups(part, Columns({"x": "x"}, request="id")))
    assert len(found) > 1
    values = np.concatenate([rows.metrics["x"] for rows in found])
    assert values.tolist() == list(range(50_000, 150_000))
    hashes = np.concatenate([rows.request for rows in found if rows.request is not None])
    assert hashes.tolist() == id_hashes(ids[50_000:].to_pylist()).tolist()


def test_what_is_no_parquet_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    path.write_bytes(b"PAR1 but not really")
    part = LogPart(str(path), PartKind.ROWS, 0, 1, path.stat().st_size)
    with pytest.raises(SpecError, match="not a sound Parquet file"):
        list(rows_of_groups(part, Columns({})))
