"""``evalkit contract diff``, as it is run, and what a gate says of schemas, versions and fields."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.fakes.hostile import HOSTILE
from tests.worlds import Outcome, World, case, evalkit, world

TICKET = REPOSITORY / "golden_sets/schemas/ticket.v1.json"
OLD: dict[str, Any] = json.loads(TICKET.read_text())
BOUNDS = ({"metric": "length.words", "statistic": "mean", "max": 90, "range": [0, 100]},)


def diff(folder: Path, old: Any, new: Any, *options: str) -> Outcome:
    for name, schema in (("old.json", old), ("new.json", new)):
        text = schema if isinstance(schema, str) else json.dumps(schema)
        (folder / name).write_text(text)
    return evalkit("contract", "diff", "old.json", "new.json", *options, folder=folder)


def changed(**keys: Any) -> dict[str, Any]:
    found = deepcopy(OLD)
    found["properties"]["category"]["enum"].append("fraud")
    return {**found, **keys}


def test_the_same_schema_is_the_same_contract(tmp_path: Path) -> None:
    done = diff(tmp_path, OLD, OLD)
    assert (done.code, done.err) == (0, "")
    assert "✓ CONTRACT   The contract is the same." in done.out


def test_a_change_that_breaks_asks_for_an_increment(tmp_path: Path) -> None:
    done = diff(tmp_path, OLD, changed())
    assert (done.code, done.err) == (1, "")
    assert "✗ CONTRACT   1 change breaks readers, and no increment says so" in done.out
    assert "✗ category " in done.out
    assert "exit 1" in done.out
    told = diff(tmp_path, {**OLD, "version": 1}, changed(version=2))
    assert told.code == 0
    assert "the format version went from 1 to 2" in told.out


def test_what_is_additive_or_a_remark_breaks_nobody(tmp_path: Path) -> None:
    done = diff(tmp_path, changed(), {**OLD, "title": "Another"})
    assert done.code == 0
    assert "+ category " in done.out
    assert "· $ " in done.out


def test_what_is_not_understood_is_no_pass(tmp_path: Path) -> None:
    done = diff(tmp_path, OLD, {**OLD, "x-unit": "EUR"})
    assert done.code == 3
    assert "? CONTRACT   1 change is not understood" in done.out


def test_the_document_holds_everything_the_same_every_time(tmp_path: Path) -> None:
    done = diff(tmp_path, OLD, changed(), "--json")
    found = done.json
    assert (done.code, found["exit_code"], found["standing"]) == (1, 1, "broken")
    assert found["schema"] == "evalkit.contract/1"
    assert [change["path"] for change in found["changes"]] == ["category"]
    assert diff(tmp_path, OLD, changed(), "--json").out == done.out


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        ("{", "new.json:1:2: not JSON"),
        ("[]", "new.json: expected a JSON Schema: an object of its words"),
        ({"type": 3}, "new.json: expected a JSON Schema: $.type: 3 is not"),
        ({"$ref": "https://a.example/t.json"}, "nothing is fetched"),
        ({"$ref": "file:///etc/passwd"}, "nothing is fetched"),
    ],
)
def test_what_is_no_schema_is_told_and_nothing_is_fetched(
    tmp_path: Path, new: Any, fault: str
) -> None:
    done = diff(tmp_path, OLD, new)
    assert done.code == 2
    assert fault in done.err
    assert "this is a bug" not in done.err


def test_a_missing_file_and_both_faults_are_told_at_once(tmp_path: Path) -> None:
    done = diff(tmp_path, {"type": 1}, {"type": 2})
    assert done.code == 2
    assert "old.json" in done.err
    assert "new.json" in done.err
    assert evalkit("contract", "diff", "no.json", "new.json", folder=tmp_path).code == 2


def test_circles_and_large_schemas_come_to_an_end(tmp_path: Path) -> None:
    node = {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/n"}, "v": {"type": "string"}},
    }
    circle = {"$ref": "#/$defs/n", "$defs": {"n": node}}
    assert diff(tmp_path, circle, circle).code == 0
    large = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(300)}}
    done = diff(tmp_path, large, {"type": "object", "properties": {}})
    assert done.code == 1
    assert "240 more: --json has them all" in done.out


def test_names_in_a_schema_cannot_act_in_a_terminal(tmp_path: Path) -> None:
    names = {f"{number}{text}"[:80]: {"type": "null"} for number, text in enumerate(HOSTILE)}
    new = {"type": "object", "properties": names}
    done = diff(tmp_path, {"type": "object"}, new)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out


# ---------------------------------------------------------------- the gate


def gated(folder: Path, was: Any, now: Any, **schemas: Any) -> tuple[World, Outcome, Any]:
    """Return a gate on 40 answers an arm, and its verdict."""

    def arm(name: str) -> dict[str, Any]:
        schema = {"response_schema": schemas[name]} if name in schemas else {}
        return {"provider": "replay", "path": f"{name}.jsonl", **schema}

    records = [
        [{"id": f"c{n:04d}", "output": json.dumps(answer(n))} for n in range(40)]
        for answer in (was, now)
    ]
    made = world(
        folder, BOUNDS, cases=[case(n) for n in range(40)], baseline=records[0],
        candidate=records[1],
    )  # fmt: skip
    document = json.loads(made.envelope.read_text())
    document |= {"baseline": arm("baseline"), "candidate": arm("candidate"), "metrics": {}}
    made.envelope.write_text(json.dumps(document, indent=1))
    done = made.gate("-o", "run")
    assert done.code != 2, done.err
    return made, done, json.loads((folder / "run/verdict.json").read_text())


def said(n: int, version: int = 1, **more: Any) -> dict[str, Any]:
    return {"format_version": version, "kind": "ab"[n % 2], **more}


SCHEMA = {
    "type": "object",
    "properties": {"format_version": {"const": 1}, "kind": {"enum": ["a", "b"]}},
}


def test_a_gate_tells_first_that_its_arms_are_held_to_schemas_that_break_readers(
    tmp_path: Path,
) -> None:
    other = deepcopy(SCHEMA)
    other["properties"]["kind"] = {"enum": ["a", "b", "c"]}  # type: ignore[index]
    made, done, verdict = gated(tmp_path, said, said, baseline=SCHEMA, candidate=other)
    assert verdict["notes"][0].startswith(
        "The arms are held to different response schemas, and readers break without being told"
    )
    assert verdict["contract"]["changes"][0]["path"] == "kind"
    assert "readers break without being told" in " ".join(done.out.split())
    page = (made.folder / "run/report.html").read_text()
    assert '<section id="contract"' in page
    assert '<section id="fields"' in page
    assert evalkit("judge", "run", folder=tmp_path).code == done.code
    assert json.loads((tmp_path / "run/verdict.json").read_text()) == verdict


def test_answers_that_name_another_version_than_their_schema_are_told(tmp_path: Path) -> None:
    def older(n: int) -> Any:
        return said(n, version=1 if n % 4 else 7)

    _, _, verdict = gated(tmp_path, said, older, candidate=SCHEMA)
    assert verdict["notes"] == [
        "10 of 40 answers of the candidate that name a format version name another one (7) than "
        "its response schema declares: 1."
    ]
    valid = [metric for metric in verdict["metrics"] if metric["name"] == "schema_valid"]
    assert [metric["candidate"]["value"] for metric in valid] == [0.75]
    assert [metric["baseline"]["value"] for metric in valid] == [1.0]


def test_fields_that_changed_are_told_and_redacted_on_request(tmp_path: Path) -> None:
    hostile = "\x1b[31m<script>alert(1)</script>"

    def odd(n: int) -> Any:
        return said(n, **{"secret" + hostile: 1}) | {"kind": hostile}

    made, done, verdict = gated(tmp_path, said, odd, candidate=SCHEMA)
    rows = verdict["fields"]["rows"]
    assert {row["news"] for row in rows} >= {"appears", "disappears"}
    assert "Fields" in done.out
    assert "only in the candidate" in done.out
    page = (made.folder / "run/report.html").read_text()
    assert "<script>alert" not in page
    assert "\x1b" not in page + done.out
    assert "secret" in page
    redacted = evalkit("judge", "run", "--redact", folder=tmp_path)
    page = (made.folder / "run/report.html").read_text()
    assert "secret" not in page + redacted.out
    assert "alert(1)" not in page + redacted.out
    assert "a field that no schema names" in page


def test_answers_of_words_have_no_fields(tmp_path: Path) -> None:
    made, done, verdict = gated(tmp_path, lambda _: "yes", lambda _: "no")
    assert verdict["fields"] is None
    assert verdict["contract"] is None
    assert "Fields" not in done.out
    assert '<section id="fields"' not in (made.folder / "run/report.html").read_text()


def test_a_version_can_be_bounded_where_the_schema_declares_one(tmp_path: Path) -> None:
    bound = {"metric": "format_version", "min": 0.5}
    made = world(
        tmp_path, [bound], cases=[case(n) for n in range(40)],
        candidate=[{"id": f"c{n:04d}", "output": json.dumps(said(n))} for n in range(40)],
    )  # fmt: skip
    document = json.loads(made.envelope.read_text()) | {"metrics": {}}
    for schema, code in ((SCHEMA, 0), ({"type": "object"}, 2)):
        document["candidate"]["response_schema"] = schema
        made.envelope.write_text(json.dumps(document))
        done = made.gate("-o", f"run{code}")
        assert done.code == code, done.err
    assert "expected a response schema that declares a format version" in done.err
