"""Production logs of both arms are judged by the envelope of the gate; nothing passes in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.errors import MeasurementError, UsageError
from evalkit.core.model import Arm
from evalkit.core.run import Origin
from evalkit.core.shadow import Join
from evalkit.core.traffic import unix_seconds
from evalkit.flows.shadow.flow import Asked, shadow
from evalkit.report.shadow.json import shadow_text
from evalkit.spec.envelope import load_envelope
from evalkit.stages.spread import InProcess
from tests.shadow_world import ACCURACY, BOUNDS, place, records
from tests.worlds import World

ARMS = {arm.value: arm for arm in Arm}
ORIGIN = Origin("run", "2026-10-08T00:00:00+00:00", "0", {})
NOW = unix_seconds("2026-10-08T00:00:00Z")


def judged(world: World, *logs: str, **asked: Any) -> dict[str, Any]:
    """Return the document of a shadow."""
    loaded = load_envelope(world.envelope)
    sources = [str(world.folder / log) for log in logs]
    wanted = Asked(sources, **{"arms": ARMS, "reads_texts": False, **asked})
    told = shadow(loaded, wanted, InProcess(), ORIGIN, now=NOW)
    found: dict[str, Any] = json.loads(shadow_text(told.shadow))
    return found


def results(found: dict[str, Any]) -> dict[str, str]:
    """Return what is known of each bound."""
    return {bound["name"]: bound["result"] for bound in found["bounds"]}


def test_a_candidate_that_declines_in_a_slice_fails_and_the_slice_is_named_first(
    tmp_path: Path,
) -> None:
    world = place(tmp_path)
    world.write("log.jsonl", records(180, kiosk=0.9))
    found = judged(world, "log.jsonl")
    assert (found["exit_code"], found["verdict"]) == (1, "fail")
    first = found["slices"]["findings"][0]
    assert (first["field"], first["value"], first["metric"]) == ("app", "kiosk", "declines")
    assert first["elsewhere"] == 0.0
    assert {course["figure"]["metric"] for course in found["courses"]} >= {"declines", "latency_ms"}


def test_a_bound_that_needs_a_label_is_no_pass_until_it_is_left_to_the_gate(tmp_path: Path) -> None:
    world = place(tmp_path, [*BOUNDS, ACCURACY])
    world.write("log.jsonl", records(180))
    found = judged(world, "log.jsonl")
    assert (found["exit_code"], results(found)["accuracy"]) == (4, "unmeasured")
    (bound,) = (bound for bound in found["bounds"] if bound["name"] == "accuracy")
    assert bound["reason"] == "not_in_logs"
    left = judged(world, "log.jsonl", skip_labelled=True)
    assert (left["exit_code"], results(left)["accuracy"]) == (0, "unmeasured")
    assert (
        "1 bound cannot be measured from logs and is left to evalkit gate: accuracy."
        in left["notes"]
    )
    tagged = place(tmp_path, [{"metric": "declines", "on": "rude", "max": "10%"}])
    assert judged(tagged, "log.jsonl")["exit_code"] == 4


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "There is no request at all in these logs."),
        ([row for row in records() if row["arm"] == "candidate"], "No request of the baseline is in these logs."),
        ([row for row in records() if row["arm"] == "baseline"], "No request of the candidate is in these logs."),
    ],
)  # fmt: skip
def test_empty_logs_and_logs_of_one_arm_are_no_pass(
    tmp_path: Path, rows: list[dict[str, Any]], says: str
) -> None:
    world = place(tmp_path)
    world.write("log.jsonl", rows)
    found = judged(world, "log.jsonl")
    assert found["exit_code"] == 4
    assert says in found["notes"]


def test_an_arm_that_only_fails_is_no_pass(tmp_path: Path) -> None:
    world = place(tmp_path, BOUNDS[:1])
    rows = [
        {"id": row["id"], "arm": row["arm"], "error": "timeout"}
        if row["arm"] == "candidate"
        else row
        for row in records()
    ]
    world.write("log.jsonl", rows)
    found = judged(world, "log.jsonl")
    assert found["exit_code"] == 4
    assert found["arms"]["candidate"]["errors"] == {"timeout": 150}


def test_requests_that_only_one_arm_answered_are_missing_unless_a_part_was_mirrored(
    tmp_path: Path,
) -> None:
    world = place(tmp_path)
    rows = [row for n, row in enumerate(records(180)) if row["arm"] == "baseline" or n % 3]
    world.write("log.jsonl", rows)
    found = judged(world, "log.jsonl")
    assert (found["exit_code"], results(found)["declines"]) == (4, "unmeasured")
    assert found["traffic"]["arms"]["baseline"]["unmatched"] == 60
    assert judged(world, "log.jsonl", join=Join.PART)["exit_code"] == 0
    assert judged(world, "log.jsonl", join=Join.NONE)["traffic"]["joined"] == "unpaired"


def test_arms_that_were_logged_at_different_times_are_not_compared(tmp_path: Path) -> None:
    world = place(tmp_path)
    rows = [
        {**row, "id": f"c-{row['id']}", "created": "2026-10-20T10:00:00Z"}
        if row["arm"] == "candidate"
        else row
        for row in records()
    ]
    world.write("log.jsonl", rows)
    found = judged(world, "log.jsonl")
    assert found["exit_code"] == 4
    (bound,) = (bound for bound in found["bounds"] if bound["name"] == "declines")
    assert "no hour in common" in bound["detail"]


def test_logs_without_a_clock_are_judged_without_hours_and_never_where_their_age_matters(
    tmp_path: Path,
) -> None:
    world = place(tmp_path)
    world.write(
        "log.jsonl", [{k: v for k, v in row.items() if k != "created"} for row in records(180)]
    )
    found = judged(world, "log.jsonl")
    assert (found["exit_code"], found["courses"]) == (0, [])
    assert found["traffic"]["arms"]["candidate"]["clockless"] == 180
    with pytest.raises(MeasurementError, match="no request says when it came"):
        judged(world, "log.jsonl", max_age=86_400.0)
    since = judged(world, "log.jsonl", since=unix_seconds("2026-10-05T00:00:00Z"))
    assert since["exit_code"] == 4
    assert "360 requests without a time left out, for a time was asked for." in since["notes"]


def test_logs_that_are_too_old_are_not_judged(tmp_path: Path) -> None:
    world = place(tmp_path)
    world.write("log.jsonl", [{**row, "created": "2020-01-01T00:00:00Z"} for row in records()])
    with pytest.raises(MeasurementError, match="hours old, where at most 24 are allowed"):
        judged(world, "log.jsonl", max_age=86_400.0)


def test_the_labels_of_a_log_may_be_others(tmp_path: Path) -> None:
    world = place(tmp_path)
    names = {"baseline": "stable", "candidate": "canary"}
    rows = [{**row, "arm": names[row["arm"]]} for row in records(180)]
    world.write("log.jsonl", [*rows, {**rows[0], "arm": "spare"}])
    with pytest.raises(UsageError, match="found stable, canary, spare; say which is which: --arm"):
        judged(world, "log.jsonl")
    named = {"stable": Arm.BASELINE, "canary": Arm.CANDIDATE}
    found = judged(world, "log.jsonl", arms=named)
    assert found["exit_code"] == 0
    assert found["traffic"]["other_arms"] == {"spare": 1}


def test_every_user_is_counted_and_whoever_names_none_is_nobody(tmp_path: Path) -> None:
    world = place(tmp_path)
    rows = [{**row, "user": f"u{row['id']}"} for row in records(700)]
    for row in rows[:2]:
        del row["user"]
    world.write("log.jsonl", rows)
    assert judged(world, "log.jsonl")["traffic"]["users"] == len({r.get("user") for r in rows}) - 1


def test_a_parquet_log_is_read_as_well(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    world = place(tmp_path)
    rows = [{k: v for k, v in row.items() if k != "metadata"} for row in records(180, kiosk=0.9)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "log.parquet")
    found = judged(world, "log.parquet")
    assert (found["exit_code"], results(found)["declines"]) == (1, "broken")


def test_only_the_time_that_is_asked_for_is_judged(tmp_path: Path) -> None:
    world = place(tmp_path)
    world.write("log.jsonl", records(180))
    found = judged(
        world,
        "log.jsonl",
        since=unix_seconds("2026-10-05T12:00:00Z"),
        until=unix_seconds("2026-10-06T00:00:00Z"),
    )
    assert found["traffic"]["first"] % 24 == 12
    assert len(found["courses"][0]["days"]) == 1
