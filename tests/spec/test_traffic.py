"""Logs are read whatever file they are in, and what is malformed is told with its place."""

from __future__ import annotations

import gzip
import json
import pickle
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from evalkit.core.errors import Problem, SpecError, UsageError
from evalkit.core.model import Json
from evalkit.core.registry import READERS
from evalkit.core.traffic import Logged, LogRecord
from evalkit.files import text
from evalkit.files.text import numbered_lines
from evalkit.spec.traffic import NO_MAP, FieldMap, field_map, logged_lines, open_log, rows

RECORDS = [{"id": f"r{n}", "output": f"text {n}", "latency_ms": n} for n in range(3)]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, **options: Any) -> list[Logged | Problem]:
    return list(open_log(path, **options).records())


def ids(found: Iterable[Logged | Problem]) -> list[str]:
    return [
        item.sample.case_id if isinstance(item, Logged) else f"{item.place.line}: {item.message}"
        for item in found
    ]


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jsonl", LINES),
        ("x.log", LINES.replace("\n", "\r\n\n")),
        ("x.json", LINES),
        ("x.json", "\n\n" + json.dumps(RECORDS)),
        ("x.json", json.dumps(RECORDS, indent=1)),
        ("x.jsonl.gz", gzip.compress(LINES.encode(), mtime=0)),
        ("x.csv", "id,output,latency_ms\nr0,text 0,0\nr1,text 1,1\n\nr2,text 2,2\n"),
        ("x.tsv", "id\toutput\tlatency_ms\nr0\ttext 0\t0\nr1\ttext 1\t1\nr2\ttext 2\t2\n"),
        (
            "x.csv.gz",
            gzip.compress(b"id,output,latency_ms\nr0,text 0,0\nr1,text 1,1\nr2,text 2,2", mtime=0),
        ),
    ],
)
def test_the_same_records_come_out_of_every_file(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    found = read(written(tmp_path, name, content))
    assert ids(found) == ["r0", "r1", "r2"]
    assert [item.sample.latency_ms for item in found if isinstance(item, Logged)] == [0, 1, 2]


def test_parquet_knows_types_that_json_has_not(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["a", "b"],
            "output": ["x", "y"],
            "latency_ms": [float("nan"), 2.0],
            "cost_usd": [Decimal("0.50"), None],
            "created": [datetime(2026, 10, 1, 12, tzinfo=UTC), None],
            "metadata": [{"k": [1, None]}, None],
        }
    )
    parquet.write_table(table, tmp_path / "x.parquet")
    first, second = read(tmp_path / "x.parquet")
    assert isinstance(first, Logged)
    assert isinstance(second, Logged)
    assert (first.sample.latency_ms, first.sample.cost_usd, first.when) == (None, 0.5, 1790856000.0)
    assert first.metadata == {"k": [1, None]}
    assert (second.sample.latency_ms, second.sample.cost_usd, second.when) == (2.0, None, None)


def test_a_value_of_a_table_that_json_cannot_say_is_malformed(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b"], "output": ["x", "y"], "blob": [b"\x00", None]})
    parquet.write_table(table, tmp_path / "x.parquet")
    found = ids(read(tmp_path / "x.parquet"))
    assert found == ["1: blob: expected a value that JSON has, found bytes b'\\x00'", "b"]
    with pytest.raises(SpecError, match="not a Parquet file"):
        read(written(tmp_path, "y.parquet", "nonsense"))


def test_what_is_malformed_comes_with_its_line_and_the_rest_is_read(tmp_path: Path) -> None:
    lines = ['{"id":"a","output":"x"}', "{broken", '{"id":"b","output":3}', '{"id":"c","output":NaN}',
             "[1]", '{"id":"d","id":"e","output":"x"}', '{"id":"f","output":"' + "[" * 9 + '"}']  # fmt: skip
    found = ids(read(written(tmp_path, "x.jsonl", "\n".join(lines))))
    assert found[0] == "a"
    assert found[-1] == "f"
    assert [line[:2] for line in found[1:-1]] == ["2:", "3:", "4:", "5:", "6:"]


def test_a_nest_too_deep_is_malformed_and_a_line_too_long_ends_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = '{"id":"a","output":"x","b":' + "[" * 5000 + "]" * 5000 + "}"
    assert "too deeply" in ids(read(written(tmp_path, "x.jsonl", deep + "\n" + LINES)))[0]
    monkeypatch.setattr(text, "MAX_LINE_BYTES", 100)
    with pytest.raises(SpecError, match=r"y\.jsonl:4: a line longer than"):
        read(written(tmp_path, "y.jsonl", LINES + "x" * 200))


def test_a_document_on_one_line_may_be_longer_than_a_line_of_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "x.json", json.dumps(RECORDS))
    monkeypatch.setattr(text, "MAX_LINE_BYTES", 60)
    assert ids(read(path)) == ["r0", "r1", "r2"]


def test_a_document_has_a_bound_however_small_its_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MAX_DOCUMENT_BYTES", 10_000)
    bomb = gzip.compress(b"[\n" + b" " * 500 + b"\n" * 20_000)
    with pytest.raises(SpecError, match="expected a document of at most"):
        read(written(tmp_path, "x.json.gz", bomb))


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("x.json", "[{]", "not JSON"),
        ("x.json", '{"id": "a",\n "output" "x"}', r"x\.json:2:11: not JSON"),
        ("x.json", '[{"id":"a","output":"x"},', "not JSON"),
        ("x.jsonl.gz", gzip.compress(LINES.encode(), mtime=0)[:-20], "cut in the middle"),
        ("x.jsonl", b"\xff\xfe", "is not UTF-8"),
        ("x.csv", "a,a\n1,2\n", "column 'a' stands twice"),
        ("x.csv", "a,\n1,2\n", "a column has no name"),
        ("x.csv", 'a,b\n1,"2', "not CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(
    tmp_path: Path, name: str, content: str | bytes, fault: str
) -> None:
    with pytest.raises(SpecError, match=fault):
        read(written(tmp_path, name, content), reader="plain")


def test_an_empty_file_holds_nothing_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    assert read(written(tmp_path, "x.jsonl", "\n \n")) == []
    with pytest.raises(SpecError, match="no such file"):
        read(tmp_path / "y.jsonl")


def test_cells_have_the_types_of_their_fields(tmp_path: Path) -> None:
    head = "id,output,input_tokens,tags,created,metadata.region,input.question,error\n"
    cells = "r1,,12,a; b,1790856000,eu,Why?,503 overloaded\n"
    bad = "r2,x,twelve,,,,,\nr3,x,1,,,,,,more\nr4,x,true,,2026-10-01 12:00:00,,,\n"
    found = read(written(tmp_path, "x.csv", head + cells + bad))
    first = found[0]
    assert isinstance(first, Logged)
    assert (first.sample.input_tokens, first.tags, first.when) == (12, ("a", "b"), 1790856000.0)
    assert first.metadata == {"region": "eu"}
    assert first.input == {"question": "Why?"}
    assert ids(found)[1:] == [
        "3: expected input_tokens to be a number, found 'twelve'",
        "4: 9 cells, and the table has 8 columns",
        "5: expected input_tokens to be a number, found 'true'",
    ]


# ---------------------------------------------------------------- archives


def archive(folder: Path, members: dict[str, str], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder / "log.eval"
    with zipfile.ZipFile(path, "w", method) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return path


def sample(name: str) -> str:
    choice = {"message": {"role": "assistant", "content": "4"}, "stop_reason": "stop"}
    return json.dumps({"id": name, "epoch": 1, "input": "2 + 2?", "output": {"choices": [choice]}})


def test_the_members_of_an_archive_are_records(tmp_path: Path) -> None:
    members = {"header.json": "{}", "samples/a_epoch_1.json": sample("a"), "samples/b.json": "{"}
    log = open_log(archive(tmp_path, members))
    assert log.reader.name == "inspect"
    first, second = log.records()
    assert isinstance(first, Logged)
    assert isinstance(second, Problem)
    assert str(second).startswith(f"{tmp_path}/log.eval!samples/b.json:1:2: not JSON")


def test_an_archive_that_cannot_be_read_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = archive(tmp_path, {"samples/a.json": sample("a")})
    with pytest.raises(UsageError, match="otel reads no ZIP archives"):
        open_log(good, reader="otel")
    whole = good.read_bytes()
    good.write_bytes(whole[:20] + b"\x00" * 40 + whole[60:])
    with pytest.raises(SpecError, match=r"log\.eval"):
        read(good)
    good.write_bytes(whole[:30])
    with pytest.raises(SpecError, match="not a sound ZIP archive"):
        read(good)
    other = archive(tmp_path, {"notes.txt": "hello"})
    with pytest.raises(SpecError, match=r"without any samples/\*\.json \(inspect\)"):
        open_log(other)
    monkeypatch.setattr(rows, "MAX_DOCUMENT_BYTES", 1000)
    bomb = archive(tmp_path, {"samples/a.json": " " * 100_000})
    with pytest.raises(SpecError, match="expected a document of at most"):
        read(bomb)
    strange = archive(tmp_path, {"samples/a.json": "\udcff".encode("utf-8", "surrogatepass").hex()})
    monkeypatch.setattr(rows, "MAX_MEMBERS", 0)
    with pytest.raises(SpecError, match="an archive of more than 0 files"):
        read(strange)


def test_a_compression_that_python_lacks_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = archive(tmp_path, {"samples/a.json": sample("a")}, zipfile.ZIP_STORED)
    raw = path.read_bytes()
    local, central = raw.index(b"PK\x03\x04") + 8, raw.index(b"PK\x01\x02") + 10
    for at in (local, central):
        raw = raw[:at] + (97).to_bytes(2, "little") + raw[at + 2 :]
    path.write_bytes(raw)
    with pytest.raises(SpecError, match="compressed with method 97, which this Python"):
        read(path)


# ---------------------------------------------------------------- field maps


def test_a_path_is_a_key_keys_or_an_expression() -> None:
    mapped = field_map(
        [
            "id=req",
            'latency_ms = timing."total.ms"',
            "output=choices[0].text",
            "metadata.region=where",
            "cost_usd=sum(costs)",
        ]
    )
    source: dict[str, Json] = {
        "req": "r1",
        "timing": {"total.ms": 5},
        "choices": [{"text": "x"}],
        "costs": [1, 2],
    }
    found = mapped.over(LogRecord({"metadata": {"a": 1}, "model": "m"}, {**source, "where": "eu"}))
    assert found == {
        "id": "r1",
        "latency_ms": 5,
        "output": "x",
        "cost_usd": 3,
        "model": "m",
        "metadata": {"a": 1, "region": "eu"},
    }
    assert pickle.loads(pickle.dumps(mapped)).over(LogRecord({}, source))["id"] == "r1"  # noqa: S301
    assert not NO_MAP
    assert mapped


def test_a_field_that_is_mapped_to_nothing_is_absent() -> None:
    mapped = field_map(["user=", "id=a"])
    assert mapped.sought == ("id",)
    record = LogRecord({"user": {"plan": "free"}}, {"a": "r1"})
    assert mapped.over(record) == {"user": None, "id": "r1"}


def test_what_stands_nowhere_is_absent_and_never_an_error() -> None:
    mapped = field_map(["id=a", "output=a.b", "error=length(a)", "metadata.x=a"])
    sources: list[Json] = [None, 3, [], {"a": None}, {"a": 3}]
    for source in sources:
        found = mapped.over(LogRecord({}, source))
        assert (found["output"], found["error"]) == (None, None)
    assert isinstance(mapped, FieldMap)


@pytest.mark.parametrize(
    ("pairs", "fault"),
    [
        (["id"], "expected field=path"),
        (["latency=a"], r"no field is called 'latency'; did you mean 'latency_ms'\?"),
        (["metadata.=a"], "no field is called 'metadata.'"),
        (["id=a", "id=b"], "id stands twice"),
        (["id=a["], "is no path"),
    ],
)
def test_a_map_that_is_none_is_an_error_of_the_command_line(pairs: list[str], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        field_map(pairs)


# ---------------------------------------------------------------- formats


def test_a_format_is_found_by_the_first_record_that_any_reader_knows(tmp_path: Path) -> None:
    for name, plugin in READERS.built_in().items():
        first = plugin.examples[0]
        lines = "".join(json.dumps(data) + "\n" for data in ({}, *first.before, first.data))
        assert open_log(written(tmp_path, "x.jsonl", lines)).reader.name == name


def test_a_log_that_nobody_knows_says_what_was_seen_and_what_to_do(tmp_path: Path) -> None:
    path = written(tmp_path, "x.jsonl", '{"req":"r1","answer":"x"}\n')
    with pytest.raises(
        UsageError, match=r"no reader knows records of req, answer; .*--map id=PATH"
    ):
        open_log(path)
    assert ids(read(path, mapped=field_map(["id=req", "output=answer"]))) == ["r1"]
    for content, seen in (("[1]", "no objects"), ("{}", "nothing")):
        with pytest.raises(UsageError, match=f"records (of|that are) {seen}"):
            open_log(written(tmp_path, "x.json", content))
    wide = json.dumps({f"key{n}": n for n in range(20)})
    with pytest.raises(UsageError, match="key7, …;"):
        open_log(written(tmp_path, "x.jsonl", wide))


def test_a_record_that_two_readers_know_must_be_named(tmp_path: Path) -> None:
    span = {
        "context": {"span_id": "a"},
        "attributes": {"openinference.span.kind": "LLM", "gen_ai.system": "x"},
    }
    path = written(tmp_path, "x.jsonl", json.dumps(span))
    with pytest.raises(UsageError, match="could be openinference or otel; say which with --format"):
        open_log(path)
    assert open_log(path, reader="otel").reader.name == "otel"


def test_parts_of_a_log_are_read_apart_from_each_other(tmp_path: Path) -> None:
    path = written(tmp_path, "x.jsonl", LINES)
    lines = list(numbered_lines(path))
    plain = READERS.get("plain")
    parts = [list(logged_lines(part, "x.jsonl", plain)) for part in (lines[:1], lines[1:])]
    assert [*parts[0], *parts[1]] == read(path)


def test_what_no_record_completed_comes_at_the_end(tmp_path: Path) -> None:
    event = {"run_id": "r", "event_id": 0, "sample_id": "s1", "type": "metrics", "data": {}}
    found = read(written(tmp_path, "x.jsonl", json.dumps(event)))
    assert ids(found) == ["0: expected output or error, found neither"]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([".jsonl", ".json", ".csv", ".tsv", ".jsonl.gz"]))
def test_any_bytes_are_requests_problems_or_an_error_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"x{ending}"
    path.write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    try:
        for item in open_log(path, reader="plain").records():
            assert isinstance(item, (Logged, Problem))
    except SpecError as error:
        assert str(path) in str(error)
