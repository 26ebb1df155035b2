"""``evalkit canary``, as it is run: a shipped rollout that goes wrong in its second stage."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import REPOSITORY
from tests.worlds import Outcome, evalkit

ENVELOPE, LOG = (
    str(REPOSITORY / "traffic" / name) for name in ("rollout.yaml", "rollout.jsonl.gz")
)
SCHEMA = json.loads((REPOSITORY / "tests" / "report" / "schemas" / "canary.json").read_text())


def canary(folder: Path, at: str, *options: str, logs: tuple[str, ...] = (LOG,)) -> Outcome:
    """Run the command on the shipped rollout, as of a time of its day."""
    times = ("--as-of", f"2026-10-05T{at}:00Z") if at else ()
    return evalkit("canary", ENVELOPE, *logs, *times, *options, folder=folder)


def test_a_rollout_is_held_promoted_and_rolled_back(tmp_path: Path) -> None:
    held = canary(tmp_path, "10:30")
    assert held.code == 3
    assert "HOLD   rollout: stay at 20 % of the traffic." in held.out
    assert "30 min of at least 1 h in this stage." in held.out
    promoted = canary(tmp_path, "12:00")
    assert promoted.code == 0
    assert "PROMOTE   rollout: go on from 20 % to 50 % of the traffic." in promoted.out
    assert "it needs a reference answer, and live requests have none" in promoted.out
    back = canary(tmp_path, "12:30")
    assert back.code == 1
    assert (
        "ROLLBACK   rollout: take the candidate back, from 50 % of the traffic to none." in back.out
    )
    assert max(map(len, back.out.splitlines())) <= 100
    told = json.loads((tmp_path / "canary.rollout.json").read_text())
    assert (told["share"], told["decision"], told["final"], told["stage"]) == (
        0.0,
        "rollback",
        True,
        2,
    )
    journal = (tmp_path / "canary.rollout.json.journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["action"] for line in journal] == ["hold", "promote", "rollback"]
    again = canary(tmp_path, "13:30")
    assert (again.code, again.out) == (1, back.out)
    shown = evalkit("canary", ENVELOPE, folder=tmp_path)
    assert (shown.code, shown.out) == (1, back.out)


def test_the_json_keeps_to_its_schema_and_says_what_the_terminal_says(tmp_path: Path) -> None:
    found = canary(tmp_path, "12:00", "--json", "--state", "s.json")
    assert found.code == 0
    Draft202012Validator(SCHEMA).validate(found.json)
    assert (found.json["decision"], found.json["share"], found.json["stage"]) == ("promote", 0.5, 1)
    assert [item["name"] for item in found.json["triggers"]] == [
        "refusal", "latency_ms", "cost_usd", "error_rate",
    ]  # fmt: skip
    assert found.json["unwatched"] == [
        {"bound": "accuracy", "why": "it needs a reference answer, and live requests have none"}
    ]
    assert (tmp_path / "s.json").is_file()


def test_old_logs_without_a_time_to_decide_at_are_stale(tmp_path: Path) -> None:
    found = canary(
        tmp_path, "", "--json"
    )  # by the clock: whatever it shows, the log is older or younger
    assert found.code in {1, 4}
    assert found.json["decision"] in {"rollback", "hold"}


def test_before_any_traffic_there_is_no_data(tmp_path: Path) -> None:
    found = canary(tmp_path, "09:00")
    assert found.code == 4
    assert "No look has ended in this stage yet." in found.out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--as-of", "noon"), "--as-of noon: expected a time such as 2026-10-01T12:00:00Z"),
        (("--arm", "canary"), "--arm canary: expected baseline=LABEL or candidate=LABEL"),
        (("--arm", "candidate=a", "--arm", "baseline=a"), "'a' cannot be the label of both arms"),
        (("--arm", "candidate=v1", "--arm", "baseline=v2"), "expected arms named v1, v2, found 'baseline', 'candidate'"),
        (("--webhook", "http://127.0.0.1:1"), "--webhook is for a process that stays; add --watch"),
        (("--state", "no/where.json"), "expected a folder to keep the state in, found none"),
        (("--watch", "--every", "soon"), "--every soon: expected a length of time such as 30s, 10m or 1h"),
    ],
)  # fmt: skip
def test_a_call_that_does_not_fit_is_explained(
    tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    found = evalkit("canary", ENVELOPE, LOG, *options, folder=tmp_path)
    assert found.code == 2
    assert expected in found.err
    assert found.out == ""


def test_without_logs_and_without_a_state_there_is_nothing_to_show(tmp_path: Path) -> None:
    found = canary(tmp_path, "", logs=())
    assert found.code == 2
    assert "expected logs of both arms, found none" in found.err


def test_what_is_left_out_of_the_logs_is_told(tmp_path: Path) -> None:
    record = {"created": "2026-10-05T10:00:00Z", "output": "Yes.", "latency_ms": 5}
    lines = [
        json.dumps({"id": "a", "arm": "candidate", **record}),
        json.dumps({"id": "b", "arm": "shadow", **record}),
        json.dumps({"id": "c", **record}),
        "{",
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    found = canary(tmp_path, "11:00", "--skip-malformed", "1", logs=("log.jsonl",))
    assert found.code == 4
    told = re.findall(r"evalkit: left out: (.*)", found.err)
    assert told == [
        "1 request of 'shadow', which is no arm",
        "1 request without an arm",
        "1 malformed record",
    ]


def test_a_log_that_holds_every_request_twice_comes_to_the_same_decision(tmp_path: Path) -> None:
    once = canary(tmp_path, "11:00", "--json", "--state", "once.json")
    copy = tmp_path / "copy.jsonl.gz"
    copy.write_bytes(Path(LOG).read_bytes())
    twice = canary(tmp_path, "11:00", "--json", "--state", "twice.json", logs=(LOG, str(copy)))
    assert (twice.code, twice.out) == (once.code, once.out)
    assert "records of requests that were there already" in twice.err
    assert "there already" not in once.err
