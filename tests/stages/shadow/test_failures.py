"""What went wrong is a flag, a text or an object; what failed has no other value."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.model import Arm
from evalkit.core.traffic import Tolerance
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.shadow.jsonl import rows_of_part
from evalkit.stages.shadow.log_rows import FAILED, Rows, settled
from evalkit.stages.shadow.parquet import rows_of_groups
from evalkit.stages.shadow.quick_json import Quick

COLUMNS = Columns({"error_rate": "error", "latency": "ms"}, failed="error")
NAN = math.nan


def lines(folder: Path, values: list[Any]) -> list[Rows]:
    """Return rows of lines with these errors; what is ``...`` is not there."""
    records = [{"ms": 1} | ({} if value is ... else {"error": value}) for value in values]
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    size = path.stat().st_size
    part = LogPart(str(path), PartKind.WHOLE, 0, size, size, Arm.BASELINE)
    return list(rows_of_part(part, COLUMNS, Tolerance()))


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([True, False, None, ...], [1, 0, NAN, NAN]),
        ([0, 1, None], [0, 1, NAN]),
        (["", "timeout", None], [NAN, 1, NAN]),
        ([None, {"kind": "server", "message": "503"}, ..., {}], [NAN, 1, NAN, 1]),
        ([..., ...], [NAN, NAN]),
        ([{"kind": "server"}, "timeout", None, True], [1, 1, NAN, 1]),
    ],
)
def test_lines_name_failures_in_any_form(
    values: list[Any], found: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, quick: bool
) -> None:  # fmt: skip
    if not quick:
        monkeypatch.setattr(Quick, "rows", lambda _self, _data: None)
    (rows,) = lines(tmp_path, values)
    assert np.array_equal(rows.metrics["error_rate"], np.array(found, float), equal_nan=True)


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (pa.array([True, False, None]), [1, 0, NAN]),
        (pa.array(["", "timeout", None]), [NAN, 1, NAN]),
        (pa.array(["", "timeout", None]).cast("large_string"), [NAN, 1, NAN]),
        (pa.array([{"kind": "server"}, None, {"kind": None}]), [1, NAN, 1]),
        (pa.nulls(3), [NAN, NAN, NAN]),
    ],
)
def test_tables_name_failures_in_any_form(
    column: pa.Array, found: list[float], tmp_path: Path
) -> None:
    path = tmp_path / "log.parquet"
    parquet.write_table(pa.table({"error": column, "ms": pa.array([1.0, 2.0, 3.0])}), path)
    part = LogPart(str(path), PartKind.ROWS, 0, 1, path.stat().st_size, Arm.BASELINE)
    (rows,) = rows_of_groups(part, COLUMNS)
    assert np.array_equal(rows.metrics["error_rate"], np.array(found, float), equal_nan=True)


def rows_of(**metrics: list[float]) -> Rows:
    size = len(next(iter(metrics.values())))
    arm, when = np.zeros(size, np.int8), np.zeros(size)
    return Rows(arm, when, {name: np.array(x, float) for name, x in metrics.items()}, None, None)


def test_what_failed_has_no_other_value_and_of_an_empty_row_nobody_knows() -> None:
    rows = rows_of(error_rate=[1, 0, NAN, NAN, 0.5], latency=[7, 8, 9, NAN, 3])
    found = settled(rows, COLUMNS).metrics
    assert np.array_equal(found["error_rate"], [1, 0, 0, NAN, 0.5], equal_nan=True)
    assert np.array_equal(found["latency"], [NAN, 8, 9, NAN, 3], equal_nan=True)
    sound = settled(rows_of(error_rate=[0, 0], latency=[1, NAN]), COLUMNS).metrics
    assert np.array_equal(sound["latency"], [1, NAN], equal_nan=True)


def test_failures_that_nobody_measures_take_their_values_with_them() -> None:
    columns = Columns({"latency": "ms", FAILED: "error"}, failed="error")
    found = settled(rows_of(latency=[7.0, 8.0], **{FAILED: [1, NAN]}), columns).metrics
    assert list(found) == ["latency"]
    assert np.array_equal(found["latency"], [NAN, 8], equal_nan=True)
    rows = rows_of(latency=[1.0])
    assert settled(rows, Columns({"latency": "ms"})) is rows
