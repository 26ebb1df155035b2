"""An exported table in a file: the same cells, whatever the format, and hostile texts intact."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from evalkit.core.errors import UsageError
from evalkit.core.export import CellKind, Column, Exported
from evalkit.core.model import Json
from evalkit.report.table_files import write_table

COLUMNS = (
    Column("id", CellKind.TEXT),
    Column("size", CellKind.WHOLE),
    Column("time", CellKind.NUMBER),
    Column("tags", CellKind.TEXTS),
    Column("meta", CellKind.JSON),
)
HOSTILE = (
    '=HYPERLINK("http://x","y")',
    "-1+1",
    'quote " and , comma',
    "two\nlines\r\nthree",
    "",
    "\x00\x1b[31m",
    "שלום 🙂",
)  # fmt: skip


def table(*rows: tuple[Json, ...]) -> Exported:
    return Exported(COLUMNS, iter(rows))


def rows() -> Iterator[tuple[Json, ...]]:
    for number, text in enumerate(HOSTILE):
        yield text, number, number / 4, [text], '{"a":1}'
    yield None, None, None, None, None


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.parquet"])
def test_hostile_texts_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write_table(Exported(COLUMNS, rows()), path) == len(HOSTILE) + 1
    if name == "x.csv":
        with path.open(newline="", encoding="utf-8") as stream:
            found = [row["id"] for row in csv.DictReader(stream)]
        assert found == [*HOSTILE, ""]
    elif name == "x.jsonl":
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        assert [json.loads(line)["id"] for line in lines] == [*HOSTILE, None]
    else:
        assert parquet.read_table(path).column("id").to_pylist() == [*HOSTILE, None]
    assert list(tmp_path.iterdir()) == [path]


def test_in_csv_an_empty_text_is_quoted_and_what_is_absent_is_not(tmp_path: Path) -> None:
    write_table(
        table(("", None, None, [], None), (None, 1, 0.5, ["a", "b"], "{}")), tmp_path / "x.csv"
    )
    assert (tmp_path / "x.csv").read_text() == (
        '"id","size","time","tags","meta"\n"",,,"",\n,1,0.5,"a;b","{}"\n'
    )


def test_a_spreadsheet_is_shown_texts_and_no_formulas_where_that_is_asked_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.csv"
    row: tuple[Json, ...] = ("=1+1", 1, -2.5, ["@a"], "[]")
    write_table(table(row), path, spreadsheet=True)
    assert path.read_text().splitlines()[1] == '"\'=1+1",1,-2.5,"\'@a","[]"'
    with pytest.raises(UsageError, match="--spreadsheet is for CSV"):
        write_table(table(row), tmp_path / "x.jsonl", spreadsheet=True)


def test_types_are_the_same_whatever_stands_in_the_columns(tmp_path: Path) -> None:
    write_table(table((None,) * 5), tmp_path / "x.parquet")
    assert parquet.read_schema(tmp_path / "x.parquet") == pa.schema(
        [
            ("id", pa.string()),
            ("size", pa.int64()),
            ("time", pa.float64()),
            ("tags", pa.list_(pa.string())),
            ("meta", pa.string()),
        ]
    )


def test_a_timeout_takes_for_ever_in_parquet_too(tmp_path: Path) -> None:
    write_table(table(("a", 1, "inf", [], None)), tmp_path / "x.parquet")
    assert parquet.read_table(tmp_path / "x.parquet").column("time").to_pylist() == [math.inf]


def test_a_number_that_parquet_cannot_hold_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"size is 1e\+20 in a row"):
        write_table(table(("a", 10**20, 0.0, [], None)), tmp_path / "x.parquet")
    assert list(tmp_path.iterdir()) == []


def test_another_ending_is_an_error_that_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ends in \.parquet, \.csv, \.jsonl"):
        write_table(table(), tmp_path / "x.xlsx")
