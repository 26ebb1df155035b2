"""An answer that is made for a user's pattern is gated, or the run ends and says so; a schema without an end is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.flows.settled import verdict_is_settled
from evalkit.spec.envelope import load_envelope
from evalkit.stages.ledger import Ledger
from evalkit.stages.store import RunFolder
from tests.cli.test_live import keys_of, live_world
from tests.fakes.fault_server import Dials, fault_server
from tests.shadow_world import place, records
from tests.worlds import World, answer, case, evalkit, world

HOSTILE = "a" * 60 + "!"
CASES = [case(n) for n in range(200)]


def gated(folder: Path, metric: dict[str, Any], outputs: list[str], **candidate: Any) -> World:
    made = world(
        folder,
        [{"metric": "found", "max": 0.99}],
        cases=CASES,
        candidate=[answer(n, output) for n, output in enumerate(outputs)],
        metrics={"found": metric},
    )
    document = json.loads(made.envelope.read_text())
    document["candidate"] |= candidate
    made.envelope.write_text(json.dumps(document))
    return made


@pytest.mark.parametrize(
    ("metric", "candidate", "quoted"),
    [
        ({"scorer": "regex", "pattern": "^(a+)+$"}, {}, False),
        ({"scorer": "regex", "pattern": r"(\w+\s?)+$"}, {}, False),
        ({"scorer": "schema_valid"}, {"response_schema": {"pattern": "^(a+)+$"}}, True),
    ],
    ids=["regex", "words", "schema"],
)
def test_a_gate_on_answers_made_for_its_pattern_ends_with_a_verdict(
    tmp_path: Path, metric: dict[str, Any], candidate: dict[str, Any], *, quoted: bool
) -> None:
    output = json.dumps(HOSTILE) if quoted else HOSTILE
    found = gated(tmp_path, metric, [output] * 200, **candidate).gate("--json")
    assert found.code == 0, found.err
    (bound,) = found.json["bounds"]
    assert (bound["result"], bound["candidate"]["value"]) == ("holds", 0.0)
    assert bound["candidate"]["missing"] == 0


@pytest.mark.parametrize("command", ["validate", "gate"])
def test_a_schema_whose_references_go_round_is_an_error_of_the_file(
    tmp_path: Path, command: str
) -> None:
    (tmp_path / "schema.json").write_text('{"$ref": "#"}')
    made = gated(tmp_path, {"scorer": "schema_valid"}, ["1"] * 200, response_schema="schema.json")
    found = evalkit(command, str(made.envelope), folder=tmp_path)
    assert found.code == 2
    assert (
        "metrics.found: schema: expected a JSON Schema: $ref '#' leads round in a circle"
        in found.err
    )
    assert "Traceback" not in found.err
    assert not (tmp_path / "reports").exists()


# ---------------------------------------------------------------- patterns that never end

SLOW = {"scorer": "regex", "pattern": "^(a|aa)+$"}
FIXED = {"scorer": "regex", "pattern": "^(?>(?:a|aa)+)$"}
TOLD = "'^(a|aa)+$' takes more than 5 s on the answer of the candidate to case "


def test_a_run_ends_where_a_pattern_would_not_and_its_answers_are_judged_when_it_is_put_right(
    tmp_path: Path,
) -> None:
    made = gated(tmp_path, FIXED, [*["aa"] * 199, HOSTILE])
    assert made.gate("-o", "run").code == 3
    slow = made.envelope.read_text().replace(FIXED["pattern"], SLOW["pattern"])
    (tmp_path / "slow.yaml").write_text(slow)
    again = evalkit("judge", "run", "--envelope", "slow.yaml", "-o", "again", folder=tmp_path)
    assert again.code == 2
    assert again.err.startswith(
        f"evalkit: found: pattern {TOLD}'c0199': expected a pattern with no "
    )
    assert "evalkit judge run --envelope ENVELOPE judges them" in again.err
    assert not (tmp_path / "again").exists()
    assert made.gate("-o", "run", "--json").code == 2, "the run is still there"


def test_a_live_run_is_asked_to_its_end_before_its_pattern_ends_it(tmp_path: Path) -> None:
    metric, bounds = {**SLOW, "pattern": "(a|aa)+$"}, [{"metric": "found", "max": 0.9}]
    with fault_server(Dials()) as server:  # says what it was asked
        made = live_world(tmp_path, server, bounds=bounds, metrics={"found": metric})
        made.write("golden.jsonl", (case(n, input=HOSTILE) for n in range(60)))
        found = made.gate("-o", "run")
    assert found.code == 2
    assert "evalkit judge run --envelope ENVELOPE judges them" in found.err
    assert len(keys_of(tmp_path / "run")) == 120
    loaded = load_envelope(made.envelope)
    assert not verdict_is_settled(RunFolder.open(tmp_path / "run"), loaded, Ledger(tmp_path / "l"))
    made.envelope.write_text(made.envelope.read_text().replace("(a|aa)+$", "^$"))
    judged = evalkit("judge", "run", "--envelope", "envelope.yaml", "--json", folder=tmp_path)
    assert judged.code == 0, judged.err
    assert judged.json["bounds"][0]["candidate"]["n"] == 60


def test_a_score_of_recorded_answers_ends_too(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text(json.dumps({"id": "a", "output": HOSTILE}))
    option = f"pattern={SLOW['pattern']}"
    found = evalkit("score", "regex", "answers.jsonl", "--option", option, folder=tmp_path)
    assert (found.code, found.out) == (2, "")
    assert f"regex: pattern {TOLD}'a': expected" in found.err


def test_logs_that_are_read_by_several_processes_end_with_the_same_words(tmp_path: Path) -> None:
    made = place(tmp_path, [{"metric": "valid", "max": 0.9}])
    document = json.loads(made.envelope.read_text())
    document["metrics"] = {"valid": {"scorer": "schema_valid"}}
    document["candidate"] |= {
        "response_schema": {"properties": {"a": {"pattern": SLOW["pattern"]}}}
    }
    made.envelope.write_text(json.dumps(document))
    rows = [{**row, "output": '{"a": "a"}'} for row in records(60)]
    rows[-1]["output"] = json.dumps({"a": HOSTILE})
    made.write("log.jsonl", rows)
    found = evalkit(
        "shadow", "log.jsonl", str(made.envelope), "-j", "2", "--drift", "off", "-o", "out",
        folder=tmp_path,
    )  # fmt: skip
    assert found.code == 2
    assert f"valid: schema: $.properties.a.pattern {TOLD}'r59': expected" in found.err
    assert "Traceback" not in found.err
