"""The traffic of a plan, with real files: shares that follow the canary, logs that every command reads."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.canary import CanaryPlan, Stage
from evalkit.core.errors import UsageError
from evalkit.core.mirror import Head, Heard, Incoming, Refused, Routed, Trouble
from evalkit.core.mirror_edge import Checked
from evalkit.core.mirror_metadata import InBody
from evalkit.core.model import Arm
from evalkit.core.secrets import MissingSecretError
from evalkit.core.traffic import Logged
from evalkit.files.json_text import document_text
from evalkit.files.writing import write_whole
from evalkit.flows.mirror import writing
from evalkit.flows.mirror.loading import loaded_mirror
from evalkit.flows.mirror.polling import SharePoll
from evalkit.flows.mirror.traffic import MirrorTraffic, opened_traffic
from evalkit.flows.validate import validate
from evalkit.spec.traffic.log import open_log
from evalkit.stages.canary import begun
from evalkit.stages.canary.remember import state_record

CONFIG: dict[str, Any] = {
    "version": 1,
    "listen": "127.0.0.1:0",
    "live": {"url": "http://live.test/v1"},
    "candidate": {
        "url": "http://candidate.test/v1",
        "headers": {"authorization": "Bearer ${env:KEY}"},
        "body": {"model": "m-2"},
    },
    "user": "header:x-user-id",
    "log": {"path": "traffic/t.jsonl"},
    "redact": ["email"],
}
CANARY = {**CONFIG, "canary": {"state": "state.json"}}
ENVIRONMENT = {"KEY": "s3cr3t-value"}
ANSWER = {"model": "m", "choices": [{"message": {"content": "Ask a@b.example or s3cr3t-value"}, "finish_reason": "stop"}]}  # fmt: skip
DEADLINE = 20.0


def config(folder: Path, given: dict[str, Any]) -> Path:
    path = folder / "mirror.yaml"
    path.write_text(json.dumps(given))
    return path


def opened(folder: Path, given: dict[str, Any] = CONFIG, said: list[str] | None = None) -> Any:
    plan = loaded_mirror(config(folder, given))
    return opened_traffic(plan, ENVIRONMENT, say=(said if said is not None else []).append)


def incoming(number: int = 0, user: str | None = "u1", **given: Any) -> Incoming:
    body = {"model": "m-1", "messages": [{"role": "user", "content": f"Question {number}"}]}
    headers = () if user is None else (("x-user-id", user),)
    fields: dict[str, Any] = {"body": json.dumps(body).encode(), "headers": headers, **given}
    return Incoming(
        f"r{number}", "POST", "/chat/completions", client="127.0.0.1", when=1_790_856_000.0 + number, **fields
    )  # fmt: skip


def heard(body: object = ANSWER, **given: Any) -> Heard:
    head = Head(200, (("content-type", "application/json"),))
    return Heard(head, json.dumps(body).encode(), 12.5, **given)


def routed(traffic: MirrorTraffic, request: Incoming) -> Routed:
    found = traffic.routed(request)
    assert isinstance(found, Routed)
    return found


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "traffic/t.jsonl"
    found = []
    for part in [*sorted(path.parent.glob("t.jsonl-*")), path]:
        content = gzip.decompress(part.read_bytes()) if part.suffix == ".gz" else part.read_bytes()
        found += [json.loads(line) for line in content.splitlines()]
    return found


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


# ---------------------------------------------------------------- the log


def test_both_arms_of_a_shadow_are_written_redacted_and_read_by_every_command(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as traffic:
        for number in range(5):
            found = routed(traffic, incoming(number, f"u{number}"))
            assert found.copy is not None
            assert dict(found.copy.headers)["authorization"] == "Bearer s3cr3t-value"
            traffic.noted(found, Arm.BASELINE, heard())
            dropped = Heard(None, b"", 0.0, trouble=Trouble.DROPPED)
            traffic.noted(found, Arm.CANDIDATE, dropped if number == 4 else heard())
        assert traffic.counted().logged["dropped"] == 0
    records = list(open_log(tmp_path / "traffic/t.jsonl").records())
    assert all(isinstance(record, Logged) for record in records)
    written = lines(tmp_path)
    assert [(line["id"], line["arm"]) for line in written] == [
        (f"r{number}", arm) for number in range(5) for arm in ("baseline", "candidate")
    ]
    assert {line.get("output") for line in written} == {"Ask [email] or [redacted]", None}
    assert len({line["user"] for line in written}) == 5
    assert written[-1]["error"] == {"kind": "no_record", "message": "the mirror dropped the copy"}
    assert "s3cr3t" not in (tmp_path / "traffic/t.jsonl").read_text()


def test_no_credential_of_a_caller_is_written_down_even_where_an_answer_repeats_it(
    tmp_path: Path,
) -> None:
    headers = (("authorization", "Bearer callers-own-key"), ("x-note", "about a key"))
    with opened(tmp_path) as traffic:
        found = routed(traffic, incoming(headers=headers))
        said = {"choices": [{"message": {"content": "You sent callers-own-key."}}]}
        traffic.noted(found, Arm.BASELINE, heard(said))
    [line] = lines(tmp_path)
    assert line["output"] == "You sent [redacted]."
    assert "about a key" not in json.dumps(line)


def test_users_have_the_same_pseudonyms_after_a_restart_and_another_writer_is_kept_away(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as traffic:
        before = routed(traffic, incoming()).user
        with pytest.raises(UsageError, match="another process"), opened(tmp_path):
            pass
    with opened(tmp_path) as traffic:
        assert routed(traffic, incoming()).user == before
    [salt] = (tmp_path / "traffic").glob(".*.salt")
    assert salt.stat().st_mode & 0o077 == 0
    salt.write_text("00")
    with pytest.raises(UsageError, match="pseudonyms"), opened(tmp_path):
        pass
    named = {**CONFIG, "log": {"path": "traffic/t.jsonl", "salt": "${env:KEY}"}}
    with opened(tmp_path, named) as traffic:
        assert routed(traffic, incoming()).user != before


def test_what_is_missing_in_the_environment_is_told_before_anything_is_opened(
    tmp_path: Path,
) -> None:
    plan = loaded_mirror(config(tmp_path, CONFIG))
    with pytest.raises(MissingSecretError, match=r"candidate\.headers\.authorization.*KEY"):
        opened_traffic(plan, {}, say=print).__enter__()
    assert not (tmp_path / "traffic").exists()
    salted = {**CONFIG, "log": {"path": "t.jsonl", "salt": "${env:PEPPER}"}}
    checked = validate(config(tmp_path, salted), {"KEY": "x" * 9}, today=date(2026, 11, 26))
    assert checked.mirror == "shadow"
    assert [text.split(":")[0] for text in checked.unset] == ["log.salt"]


def test_a_log_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "traffic").write_text("a file")
    with pytest.raises(UsageError, match="cannot be written"), opened(tmp_path):
        pass


def test_more_than_waits_is_dropped_and_counted_and_nobody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MOST_WAITING", 3)
    monkeypatch.setattr(writing.TrafficWriter, "_work", lambda self: self._notes.get())
    with opened(tmp_path) as traffic:
        found = routed(traffic, incoming())
        for _ in range(10):
            traffic.noted(found, Arm.BASELINE, heard())
        counted = traffic.counted()
        assert (counted.logged["dropped"], counted.queue) == (7, 3)
        monkeypatch.setattr(writing, "MOST_WAITING_BYTES", 1)
        monkeypatch.setattr(writing, "MOST_WAITING", 100)
        traffic.noted(found, Arm.BASELINE, heard())
        assert traffic.counted().logged["dropped"] == 8


def test_a_disk_that_is_full_costs_lines_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with opened(tmp_path, said=said) as traffic:
        found = routed(traffic, incoming())
        with monkeypatch.context() as world:
            world.setattr("evalkit.files.rotating.os.write", full)
            for _ in range(3):
                traffic.noted(found, Arm.BASELINE, heard())
            until(lambda: traffic.counted().logged["lost"] == 3)
        traffic.noted(found, Arm.BASELINE, heard())
    assert len(lines(tmp_path)) == 1
    assert [line for line in said if "No space left on device" in line][1:] == []


def test_what_cannot_be_written_down_does_not_end_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(writing, "LONGEST_LINE", 700)
    with opened(tmp_path, said=said) as traffic:
        found = routed(traffic, incoming())
        timeless = routed(traffic, replace(incoming(), when=1e30))
        traffic.noted(timeless, Arm.BASELINE, heard())
        traffic.noted(
            found, Arm.BASELINE, heard({"choices": [{"message": {"content": "word " * 400}}]})
        )
        traffic.noted(found, Arm.BASELINE, heard())
    long, usual = lines(tmp_path)
    assert not {"output", "input"} & long.keys()
    assert long["latency_ms"] == 12.5
    assert usual["output"]
    assert any("could not be written down" in line for line in said)


def test_a_process_that_is_killed_leaves_whole_lines_and_the_next_goes_on(tmp_path: Path) -> None:
    config(tmp_path, CONFIG)
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path.cwd())!r})
from tests.flows.test_mirror_traffic import *
with opened(Path({str(tmp_path)!r})) as traffic:
    for number in range(10**6):
        traffic.noted(routed(traffic, incoming(number)), Arm.BASELINE, heard())
        if number % 50 == 0: time.sleep(0.001)
        if number == 200: print("on", flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        until(lambda: (tmp_path / "traffic/t.jsonl").stat().st_size > 10_000)
        process.send_signal(signal.SIGKILL)
    with opened(tmp_path) as traffic:
        traffic.noted(routed(traffic, incoming(-1)), Arm.BASELINE, heard())
    found = lines(tmp_path)
    assert [line["id"] for line in found[:-1]] == [f"r{number}" for number in range(len(found) - 1)]
    assert found[-1]["id"] == "r-1"


def test_a_record_without_the_end_of_its_line_is_kept_and_half_a_one_is_told(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    log = tmp_path / "traffic/t.jsonl"
    for number in range(2):
        with opened(tmp_path, said=said) as traffic:
            traffic.noted(routed(traffic, incoming(number)), Arm.BASELINE, heard())
        log.write_bytes(log.read_bytes().rstrip(b"\n"))
    assert [line["id"] for line in lines(tmp_path)] == ["r0", "r1"]
    log.write_bytes(log.read_bytes()[:-7])
    assert not said
    half = len(log.read_bytes().splitlines()[1])
    with opened(tmp_path, said=said) as traffic:
        traffic.noted(routed(traffic, incoming(2)), Arm.BASELINE, heard())
    assert [line["id"] for line in lines(tmp_path)] == ["r0", "r2"]
    assert said == [f"{log} ended in {half} bytes of half a record: they were cut off"]


# ---------------------------------------------------------------- the share


def state(folder: Path, share: float, run: str = "run-1") -> None:
    plan = CanaryPlan("support", (Stage(share, 1.0, 2.0),), ())
    write_whole(folder / "state.json", document_text(state_record(plan, begun(plan, run))))


def arm_of(traffic: MirrorTraffic, user: str | None = "u1") -> Arm:
    return routed(traffic, incoming(user=user)).answers.arm


def test_the_share_follows_the_state_that_the_canary_writes_without_a_restart(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    state(tmp_path, 0.999999)
    with opened(tmp_path, CANARY, said) as traffic:
        assert arm_of(traffic) is Arm.CANDIDATE
        assert arm_of(traffic, None) is Arm.BASELINE
        assert traffic.counted().state_age is not None
        state(tmp_path, 0.0)
        until(lambda: arm_of(traffic) is Arm.BASELINE)
        state(tmp_path, 0.999999)
        until(lambda: arm_of(traffic) is Arm.CANDIDATE)
        (tmp_path / "state.json").unlink()
        until(lambda: arm_of(traffic) is Arm.BASELINE)
        state(tmp_path, 0.5, "run-2")
        until(lambda: traffic.share.run == "run-2")
    assert said[0] == "the candidate answers 1 of the users, in run run-1"
    assert any("No such file" in line for line in said)
    assert said[-1] == "the candidate answers 0.5 of the users, in run run-2"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b'{"schema": "evalkit.canary-state/1", "run": "r", "share": NaN}']
)  # fmt: skip
def test_garbage_in_place_of_a_state_takes_the_candidate_from_everybody(
    tmp_path: Path, content: bytes
) -> None:
    said: list[str] = []
    state(tmp_path, 0.9)
    poll = SharePoll(tmp_path / "state.json", said.append)
    assert poll.share.value == 0.9
    (tmp_path / "state.json").write_bytes(content)
    poll.look()
    assert poll.share.value == 0.0
    assert "answers nobody" in said[-1]
    state(tmp_path, 0.9)
    poll.look()
    assert poll.share.value == 0.9


def test_a_state_that_is_no_file_or_too_long_gives_nobody_the_candidate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll = SharePoll(tmp_path, print)
    assert poll.share.value == 0.0
    assert poll.age is None
    state(tmp_path, 0.9)
    monkeypatch.setattr("evalkit.flows.mirror.polling.LARGEST", 10)
    assert SharePoll(tmp_path / "state.json", print).share.value == 0.0


def test_a_share_that_was_not_seen_again_is_nobodys(tmp_path: Path) -> None:
    now = [100.0]
    state(tmp_path, 0.9)
    poll = SharePoll(tmp_path / "state.json", print, monotonic=lambda: now[0])
    now[0] += 9.0
    assert poll.share.value == 0.9
    now[0] += 2.0  # whoever looks hangs
    assert poll.share.value == 0.0
    assert poll.share.trouble
    poll.look()
    assert poll.share.value == 0.9


def test_nothing_that_goes_wrong_in_looking_keeps_a_share_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state(tmp_path, 0.9)
    poll = SharePoll(tmp_path / "state.json", print)

    def broken(_: str) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr("evalkit.flows.mirror.polling.share_of", broken)
    os.utime(tmp_path / "state.json")
    poll.look()
    assert poll.share.value == 0.0


# ---------------------------------------------------------------- at the edge

SCHEMA = {"type": "object", "required": ["city"]}


def checking(folder: Path, how: str, **more: Any) -> dict[str, Any]:
    (folder / "schema.json").write_text(json.dumps(SCHEMA))
    return {**CONFIG, "schema": {"file": "schema.json", "on_violation": how}, **more}


def said_by(text: str) -> dict[str, Any]:
    return {"model": "m", "choices": [{"message": {"content": text}}]}


HEAD = Head(200, (("content-type", "application/json"), ("content-length", "2")))


def test_an_answer_that_breaks_the_schema_is_kept_back_where_that_is_wanted(tmp_path: Path) -> None:
    with opened(tmp_path, checking(tmp_path, "reject")) as traffic:
        found = routed(traffic, incoming())
        assert traffic.held(found, HEAD)
        sound = json.dumps(said_by('{"city": "Rome"}')).encode()
        passed = traffic.finished(found, HEAD, sound)
        assert not isinstance(passed, Refused)
        assert passed[1] == sound
        refused = traffic.finished(found, HEAD, json.dumps(said_by("{}")).encode())
        assert isinstance(refused, Refused)
        assert refused.code == "schema_violation"
        assert isinstance(traffic.outgrown(found, HEAD), Refused)
        counted = traffic.counted()
        assert counted.rejected == 2
        assert counted.checked[Checked.VALID] == counted.checked[Checked.TOO_LONG] == 1
        elsewhere = routed(traffic, incoming(body=b""))
        assert not traffic.held(elsewhere, HEAD)


def test_violations_are_counted_and_told_without_holding_anything_up(tmp_path: Path) -> None:
    said: list[str] = []
    given = {**checking(tmp_path, "log"), "log": {"path": "traffic/t.jsonl"}}
    with opened(tmp_path, given, said) as traffic:
        found = routed(traffic, incoming())
        assert not traffic.held(found, HEAD)
        traffic.noted(found, Arm.BASELINE, heard(said_by("{}")))
        traffic.noted(found, Arm.CANDIDATE, heard(said_by("{}")))
        until(lambda: traffic.counted().queue == 0)
        assert traffic.counted().checked == {Checked.VIOLATED: 1}
    assert [line for line in said if "breaks the response schema" in line][1:] == []
    assert lines(tmp_path)[0]["metadata"]["schema"] == "violated"
    without = {
        key: value
        for key, value in checking(tmp_path, "count").items()
        if key not in {"log", "redact"}
    }
    with opened(tmp_path, without) as traffic:
        traffic.noted(routed(traffic, incoming()), Arm.BASELINE, heard(said_by("no JSON")))
        until(lambda: traffic.counted().checked == {Checked.NOT_JSON: 1})


def test_callers_are_told_of_the_snapshot_in_the_head_and_in_the_body(tmp_path: Path) -> None:
    live = {**CONFIG["live"], "metadata": {"snapshot": "m-1"}}
    given = {**CONFIG, "live": live, "metadata": {"in_body": "metadata"}}
    with opened(tmp_path, given) as traffic:
        found = routed(traffic, incoming())
        assert ("model-snapshot", "m-1") in traffic.headed(found, Head(200, ())).headers
        assert traffic.held(found, HEAD)
        passed = traffic.finished(found, HEAD, b"{}")
        assert not isinstance(passed, Refused)
        assert json.loads(passed[1]) == {"metadata": {"model_snapshot": "m-1"}}
        assert traffic.outgrown(found, HEAD) is None
        assert traffic.counted().in_body == {InBody.ADDED: 1, InBody.UNTOUCHED: 1}


def test_the_envelope_gives_prices_and_schema_and_what_cannot_be_copied_is_counted(
    tmp_path: Path,
) -> None:
    arm = {
        "provider": "openai",
        "model": "m",
        "prices": {"input": 1, "output": 2},
        "response_schema": SCHEMA,
    }
    envelope = {
        "version": 1, "name": "support", "golden_set": "g.jsonl", "baseline": arm, "candidate": arm,
        "bounds": [{"metric": "refusal", "max": 0.5}],
    }  # fmt: skip
    (tmp_path / "envelope.yaml").write_text(json.dumps(envelope))
    plan = loaded_mirror(config(tmp_path, {**CONFIG, "envelope": "envelope.yaml", "schema": {}}))
    assert plan.prices.keys() == set(Arm)
    assert plan.schema is not None
    assert plan.schema.text is not None
    with opened_traffic(plan, ENVIRONMENT, say=print) as traffic:
        found = routed(traffic, incoming(body=b"no JSON"))
        assert found.copy is None
        assert traffic.counted().uncopied == {"unreadable": 1}
