"""``evalkit shadow``: production logs of both arms, through the installed command."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.shadow_world import place, records
from tests.worlds import Outcome, World, evalkit


def shadow(world: World, *arguments: str) -> Outcome:
    """Run the command without a pool and without a look at texts."""
    options = ("-j", "1", "--drift", "off", "-o", "out")
    return evalkit("shadow", *arguments, str(world.envelope), *options, folder=world.folder)


def test_logs_of_a_harmless_candidate_pass_and_leave_a_report(tmp_path: Path) -> None:
    world = place(tmp_path)
    world.write("log.jsonl", records(300))
    done = shadow(world, "log.jsonl")
    assert done.code == 0, done.out + done.err
    assert "PASS" in done.out
    assert "300 requests in both arms" in " ".join(done.out.split())
    assert "may go on to a canary" in (tmp_path / "out" / "report.html").read_text()
    document = json.loads((tmp_path / "out" / "shadow.json").read_text())
    assert document["schema"] == "evalkit.shadow/1"
    assert {bound["result"] for bound in document["bounds"]} == {"holds"}
    assert document["traffic"]["joined"] == "paired"
    assert document["traffic"]["users"] == 120


def test_the_same_logs_give_the_same_bytes_whoever_does_the_work(tmp_path: Path) -> None:
    world = place(tmp_path)
    rows = list(records(150, kiosk=0.3))
    world.write("a.jsonl", rows[:120])
    world.write("b.jsonl", rows[120:])
    texts = []
    for jobs in ("1", "2"):
        done = evalkit(
            "shadow", "a.jsonl", "b.jsonl", "envelope.yaml", "-j", jobs, "--json", "-o", jobs,
            folder=tmp_path,
        )  # fmt: skip
        texts.append(done.out)
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["drift"]["told"] in {"told_apart", "not_told_apart"}


def test_each_arm_may_have_a_log_of_its_own(tmp_path: Path) -> None:
    world = place(tmp_path)
    for arm in ("baseline", "candidate"):
        rows = (
            {k: v for k, v in row.items() if k != "arm"}
            for row in records(300)
            if row["arm"] == arm
        )
        world.write(f"{arm}.jsonl", rows)
    found = shadow(world, "baseline=baseline.jsonl", "candidate=candidate.jsonl", "--json")
    assert (found.code, found.json["exit_code"], found.json["traffic"]["pairs"]) == (0, 0, 300)
    lost = shadow(world, "baseline.jsonl", "candidate.jsonl")
    assert lost.code == 2
    assert "600 requests without a label of an arm" in lost.err


def test_requests_are_sampled_into_a_golden_set_that_a_gate_reads(tmp_path: Path) -> None:
    world = place(tmp_path)
    world.write("log.jsonl", records(150, kiosk=0.5))
    texts = []
    for name in ("one.jsonl", "two.jsonl"):
        done = evalkit(
            "shadow", "log.jsonl", "envelope.yaml", "-j", "1", "--sample-cases", "20", "-o", name,
            "--drift", "off", folder=tmp_path,
        )  # fmt: skip
        assert done.code in {1, 3}, done.err
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    cases = [json.loads(line) for line in texts[0].splitlines()]
    strata = {case["metadata"]["stratum"] for case in cases}
    assert strata == {"declines: candidate only", "both arms alike"}
    assert all("traffic" in case["tags"] and case["cluster"].startswith("user-") for case in cases)
    weights = sum(case["metadata"]["weight"] for case in cases)
    assert weights == pytest.approx(150, rel=0.01)
    (tmp_path / "golden.jsonl").write_text(texts[0])
    world.write("recorded.jsonl", [{"id": case["id"], "output": "yes"} for case in cases])
    checked = evalkit("validate", "envelope.yaml", folder=tmp_path)
    assert checked.code == 0, checked.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--arm", "canary=x"), "--arm canary=x: expected baseline=LABEL or candidate=LABEL"),
        (("--arm", "baseline=candidate"), "both arms are called 'candidate'"),
        (("--since", "yesterday"), "--since yesterday: expected a time such as 2026-10-01"),
        (("-o", "cases.jsonl"), "expected a folder; a file holds --sample-cases N"),
        (("-o", "nowhere/cases.jsonl", "--sample-cases", "5"), "nowhere is no folder"),
        (("-o", "log.txt"), "expected a folder, found a file"),
        (("--cluster", "tcp://127.0.0.1:1", "-j", "2"), "--cluster has its own workers"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_said(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    world = place(tmp_path)
    world.write("log.jsonl", [])
    (tmp_path / "log.txt").write_text("")
    done = evalkit("shadow", "log.jsonl", str(world.envelope), *arguments, folder=tmp_path)
    assert done.code == 2
    assert says in done.err


def test_the_shipped_log_is_what_its_generator_writes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, REPOSITORY / "traffic" / "generate.py", "--into", tmp_path], check=True
    )
    shipped = REPOSITORY / "traffic" / "support.jsonl.gz"
    assert (tmp_path / "support.jsonl.gz").read_bytes() == shipped.read_bytes()
    with gzip.open(shipped, "rt") as stream:
        assert sum(1 for _ in stream) == 2600
    assert shipped.stat().st_size < 300_000


# ---------------------------------------------------------------- requests logged again

FEW = (
    {"metric": "declines", "max": "4%"},
    {"metric": "error_rate", "max": "4%"},
    {"metric": "declines", "name": "declines.delta", "delta": {"max": "10%"}},
)
"""Bounds that 55 requests cannot decide and 110 would."""


def few_records(*, users: bool = False) -> list[dict[str, object]]:
    """Return what both arms logged of 55 requests."""
    return [
        {key: value for key, value in row.items() if users or key != "user"} for row in records(55)
    ]


def verdicts(world: World, *logs: str, join: str) -> tuple[int, object, object]:
    """Return the exit code, the bounds, and the requests of each arm."""
    done = shadow(world, *logs, "--join", join, "--json")
    arms = done.json["traffic"]["arms"]
    return done.code, done.json["bounds"], {arm: found["requests"] for arm, found in arms.items()}


@pytest.mark.parametrize("join", ["auto", "part", "none"])
@pytest.mark.parametrize("users", [False, True])
def test_logs_that_hold_every_request_twice_say_what_the_logs_say(
    tmp_path: Path, join: str, *, users: bool
) -> None:
    world = place(tmp_path, list(FEW))
    rows = few_records(users=users)
    world.write("log.jsonl", rows)
    world.write("twice.jsonl", [*rows, *rows])
    world.write("overlap.jsonl", rows[:40])
    found = verdicts(world, "log.jsonl", join=join)
    assert found[0] == 3
    assert verdicts(world, "twice.jsonl", join=join) == found
    assert verdicts(world, "log.jsonl", "overlap.jsonl", join=join) == found


@pytest.mark.parametrize("join", ["auto", "none"])
@pytest.mark.parametrize("users", [False, True])
def test_a_table_that_holds_every_request_twice_says_what_the_table_says(
    tmp_path: Path, join: str, *, users: bool
) -> None:
    world = place(tmp_path, list(FEW))
    rows = [
        {key: value for key, value in row.items() if key != "output"} | {"declines": 0, "error": ""}
        for row in few_records(users=users)
    ]
    world.write("log.jsonl", rows)
    world.write("twice.jsonl", [*rows, *rows])
    found = verdicts(world, "log.jsonl", join=join)
    assert found[0] == 3
    assert verdicts(world, "twice.jsonl", join=join) == found
    said = " ".join(shadow(world, "twice.jsonl", "--join", join, "--map", "id=").out.split())
    assert "No id of a request was read: one that was logged again counts as often" in said


def test_how_many_records_were_logged_again_is_told(tmp_path: Path) -> None:
    world = place(tmp_path, list(FEW))
    rows = few_records()
    failed = {"output": None, "error": {"kind": "timeout", "message": "none"}}
    world.write("log.jsonl", [*rows, *rows[:9], rows[20] | failed])
    done = shadow(world, "log.jsonl")
    said = " ".join(done.out.split())
    assert "10 records logged again under an id that was there already" in said
    assert "Of 1 request the copies differ: what they differ in counts as missing" in said
    arms = json.loads((tmp_path / "out" / "shadow.json").read_text())["traffic"]["arms"]
    assert [sum(arm[key] for arm in arms.values()) for key in ("duplicates", "differing", "shared")] == [
        10, 1, 0,
    ]  # fmt: skip


def test_a_candidate_that_fails_first_and_is_asked_again_gains_nothing_by_it(
    tmp_path: Path,
) -> None:
    world = place(tmp_path, [{"metric": "error_rate", "max": "5%"}])
    rows = [{k: v for k, v in row.items() if k != "user"} for row in records(400)]
    failed = {"output": None, "error": {"kind": "timeout", "message": "none"}}
    candidate = [row for row in rows if row["arm"] == "candidate"]
    world.write("log.jsonl", rows)
    assert shadow(world, "log.jsonl").code == 0
    world.write("log.jsonl", [*rows, *(row | failed for row in candidate[:200])])
    done = shadow(world, "log.jsonl")
    assert done.code == 4
    said = " ".join(done.out.split())
    assert "200 of 400 candidate requests have no error_rate; at most 2 % may be" in said.replace(
        "\u00a0", " "
    )
    assert "200 of them were logged again with another one" in said
