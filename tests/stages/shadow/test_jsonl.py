"""Numbers are read off lines a chunk at a time and line by line, and are the same."""

from __future__ import annotations

import gzip
import json
import math
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalkit.core.errors import SpecError
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.model import Arm
from evalkit.core.traffic import Tolerance
from evalkit.stages.shadow import jsonl
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.shadow.jsonl import rows_of_part
from evalkit.stages.shadow.log_rows import STRANGER, UNLABELLED, Rows
from evalkit.stages.shadow.quick_json import Quick
from evalkit.wire import log_lines

COLUMNS = Columns(
    {"latency_ms": "latency", "tokens": "usage.output", "error_rate": "failed"},
    arm="arm",
    arms={"stable": Arm.BASELINE, "canary": Arm.CANDIDATE},
    time="at",
    request="id",
    user="user",
)


def record(rng: random.Random, number: int) -> dict[str, object]:
    moment = (
        f"2026-10-0{rng.randint(1, 9)}T{rng.randint(0, 23):02}:59:59.{rng.randint(0, 999999):06}Z"
    )
    found: dict[str, object] = {
        "id": f"r{number}", "arm": rng.choice(["stable", "canary", "third", None, ""]),
        "user": rng.choice(["u1", "Zoë", None]), "at": rng.choice([moment, moment, None]),
        "latency": rng.choice([0, 12, rng.random() * 1e4, 1.5e-7, None]),
        "usage": rng.choice([{"output": rng.randint(0, 900)}, {}, None]),
        "failed": rng.choice([True, False, None]), "text": 'says "}\n{", [null]',
    }  # fmt: skip
    return {key: value for key, value in found.items() if rng.random() > 0.05}


def part_of(path: Path, content: bytes, arm: Arm | None = None) -> LogPart:
    path.write_bytes(content)
    return LogPart(str(path), PartKind.WHOLE, 0, len(content), len(content), arm)


def joined(rows: list[Rows]) -> dict[str, list[Any]]:
    """Return all rows as plain columns that can be compared to the last bit."""
    found: dict[str, list[Any]] = {"strangers": sorted(s for part in rows for s in part.strangers)}
    for part in rows:
        columns: dict[str, Any] = {
            "arm": part.arm,
            "when": part.when,
            "request": part.request,
            "user": part.user,
        }
        for name, column in (columns | dict(part.metrics)).items():
            values = [None] * part.arm.size if column is None else column.tolist()
            found.setdefault(name, []).extend(
                "nan" if isinstance(value, float) and math.isnan(value) else value
                for value in values
            )
    return found


def read(part: LogPart, columns: Columns = COLUMNS, allowed: int = 0) -> dict[str, list[Any]]:
    return joined(list(rows_of_part(part, columns, Tolerance(allowed))))


def counted(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the same with strangers added up: a chunk counts them together, a line by itself."""
    totals: dict[str, int] = {}
    for name, count in found["strangers"]:
        totals[name] = totals.get(name, 0) + count
    return {**found, "strangers": sorted(totals.items())}


@pytest.mark.parametrize("arm", [None, Arm.CANDIDATE])
def test_both_ways_of_reading_give_the_same_rows(
    arm: Arm | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(7)
    lines = [json.dumps(record(rng, number)) for number in range(700)]
    part = part_of(tmp_path / "a.jsonl.gz", gzip.compress("\n".join(lines).encode()), arm)
    monkeypatch.setattr(jsonl, "CHUNK_BYTES", 20_000)
    monkeypatch.setattr(log_lines, "CHUNK_BYTES", 5_000)
    spoken = Spoken(monkeypatch)
    quick = counted(read(part))
    assert spoken.found == [True] * spoken.count
    assert spoken.count > 5
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert counted(read(part)) == quick
    assert len(quick["arm"]) == 700
    assert set(quick["arm"]) == ({1} if arm else {0, 1, UNLABELLED, STRANGER})
    assert [name for name, _ in quick["strangers"]] == ([] if arm else ["third"])
    assert {0.0, 1.0, "nan"} == set(quick["error_rate"])


class Spoken:
    """Notes of each chunk whether it was read quickly."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: list[bool] = []
        usual = Quick.rows

        def rows(quick: Quick, data: bytes) -> Rows | None:
            answer = usual(quick, data)
            self.found.append(answer is not None)
            return answer

        monkeypatch.setattr(Quick, "rows", rows)

    @property
    def count(self) -> int:
        return len(self.found)


LINE = {"id": "a", "arm": "stable", "at": "2026-10-01T12:00:00Z", "latency": 5, "failed": False}


@pytest.mark.parametrize(
    ("line", "column", "value"),
    [
        ({**LINE, "failed": 1}, "error_rate", 1.0),
        ({**LINE, "latency": True}, "latency_ms", 1.0),
        ({**LINE, "id": 17}, "request", None),
        ({**LINE, "at": 1790856000}, "when", 1790856000.0),
        ({**LINE, "at": 1790856000123}, "when", 1790856000.123),
        ({**LINE, "at": "2026-10-01T14:00:00+02:00"}, "when", 1790856000.0),
        ({**LINE, "at": "2026-10-01T12:00:00.123456789Z"}, "when", 1790856000.123456),
        ({**LINE, "at": "2026-10-01 12:00:00"}, "when", 1790856000.0),
        ({**LINE, "at": -5}, "when", "nan"),
        ({**LINE, "usage.output": 9}, "tokens", 9.0),
        ({**LINE, "usage": {"output": 9}}, "tokens", 9.0),
        ({**LINE, "user": ""}, "user", 0),
        ({**LINE, "arm": ""}, "arm", UNLABELLED),
        ({**LINE, "arm": 3}, "arm", STRANGER),
    ],
)
def test_a_line_of_another_shape_among_others_is_read_as_it_is_alone(
    line: dict[str, object], column: str, value: object, tmp_path: Path
) -> None:
    text, usual = json.dumps(line).encode(), json.dumps(LINE).encode()
    alone = read(part_of(tmp_path / "a.jsonl", text))[column]
    if value is not None:
        assert alone == [value]
    among = read(part_of(tmp_path / "b.jsonl", b"\n".join([usual, text, usual])))[column]
    assert among[1:2] == alone
    first = read(part_of(tmp_path / "c.jsonl", b"\n".join([text, usual])))[column]
    assert first == [*alone, among[0]]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"null", r"a.jsonl:2: expected an object"),
        (b"[1]", r"a.jsonl:2: expected an object"),
        (b'{"id": "b", "latency": }', r"a.jsonl:2:24: not JSON: expecting value"),
        (b'{"id": "b", "latency": NaN}', r"a.jsonl:2:1: NaN is not JSON"),
        (b'{"id": "b", "latency": Infinity}', r"a.jsonl:2:1: Infinity is not JSON"),
        (b'{"at": NaN}', r"a.jsonl:2:1: NaN is not JSON"),
        (b'{"id": "b", "latency": 1e999}', r"a.jsonl:2:1: 1e999 is larger than any float"),
        (b'{"id": "b"} {"id": "c"}', r"a.jsonl:2:13: something follows"),
        (b'{"id": "b", "id": "c"}', r"a.jsonl:2:1: key 'id' stands twice"),
        (
            b'{"latency": "5"}',
            r"a.jsonl:2: expected latency to be a number, true or false, found '5'",
        ),
        (b'{"latency": {}}', r"a.jsonl:2: expected latency .* found an object"),
        (b'{"id": true}', r"a.jsonl:2: expected id to be text, found True"),
        (b'{"arm": []}', r"a.jsonl:2: expected arm to be text, found a list"),
        (b'{"at": true}', r"a.jsonl:2: expected a time, found True"),
        (b'{"at": "yesterday"}', r"a.jsonl:2: expected created to be a time"),
        (b'{"at": "2026-10-01"}', r"a.jsonl:2: expected created to be a time"),
        (b'{"text": "\xff"}', r"a.jsonl:2: is not UTF-8"),
        (b'{"id": "b", "lat', r"a.jsonl:2:\d+: not JSON"),
    ],
)
def test_what_is_malformed_is_named_with_its_place(line: bytes, said: str, tmp_path: Path) -> None:
    usual = json.dumps(LINE).encode()
    part = part_of(tmp_path / "a.jsonl", b"\n".join([usual, line, usual]))
    with pytest.raises(SpecError, match=said):
        read(part)
    with pytest.raises(SpecError, match=said.replace("jsonl:2", "jsonl:1")):
        read(part_of(tmp_path / "a.jsonl", line))


def test_malformed_lines_are_passed_over_where_somebody_allows_it(tmp_path: Path) -> None:
    usual = json.dumps(LINE).encode()
    part = part_of(tmp_path / "a.jsonl", b"\n".join([usual, b"{", b"[]", b"", usual]))
    assert read(part, allowed=2)["latency_ms"] == [5.0, 5.0]
    half = LogPart(part.path, PartKind.LINES, len(usual) + 1, part.size, part.size)
    tolerance = Tolerance(2)
    assert sum(rows.arm.size for rows in rows_of_part(half, COLUMNS, tolerance)) == 1
    assert [str(problem.place) for problem in tolerance.problems] == [
        f"{part.path}:2:2",
        f"{part.path}:3",
    ]


def test_columns_that_nobody_named_are_not_there(tmp_path: Path) -> None:
    lines = b"\n".join([json.dumps(LINE).encode()] * 3)
    for ending in (b"", b"\nnull"):
        part = part_of(tmp_path / "a.jsonl", lines + ending)
        (rows,) = rows_of_part(part, Columns({"latency_ms": "latency"}), Tolerance(1))
        assert rows.request is None
        assert rows.user is None
        assert rows.arm.tolist() == [UNLABELLED] * 3
        assert np.isnan(rows.when).all()


def test_rows_that_are_kept_become_a_block(tmp_path: Path) -> None:
    usual = json.dumps(LINE).encode()
    (rows,) = rows_of_part(
        part_of(tmp_path / "a.jsonl", usual + b"\n" + usual), COLUMNS, Tolerance()
    )
    assert rows.block(np.array([True, True])).rows == 2
    block = rows.block(np.array([False, True]))
    assert block.arm.tolist() == [0]
    assert block.hour.tolist() == [1790856000 // 3600]


def test_absent_columns_of_words_have_no_hash(tmp_path: Path) -> None:
    lines = b"\n".join([b'{"latency": 1}', b'{"latency": 2, "id": null}'])
    found = read(part_of(tmp_path / "a.jsonl", lines))
    assert found["request"] == [0, 0]
    assert found["user"] == [0, 0]
    assert found["arm"] == [UNLABELLED, UNLABELLED]
