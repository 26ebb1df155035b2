"""Logs are counted in parts, whoever works on them and however they were cut."""

from __future__ import annotations

import json
import math
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.core.envelope import EVERYTHING, Kind, Slice
from evalkit.core.errors import SpecError, UsageError
from evalkit.core.model import Arm
from evalkit.flows.shadow import parts as shadow_parts
from evalkit.flows.shadow import reading
from evalkit.flows.shadow import tallies as shadow_tallies
from evalkit.flows.shadow.plan import ShadowPlan, Tallied, measurable
from evalkit.flows.shadow.reading import logged_of_part
from evalkit.flows.shadow.tallies import buckets_for, tallies
from evalkit.stages.shadow.block import Measure
from evalkit.stages.shadow.columns import Columns
from evalkit.stages.spread import InProcess, Processes
from tests.flows.shadow_logs import (
    Noted,
    Record,
    envelope,
    parts_of,
    plan_of,
    records,
    written,
)

BILLING = Slice(any_of=("billing",))


def counted(parts: shadow_parts.Parts, plan: ShadowPlan, folder: Path) -> Tallied:
    scratch = folder / f"scratch{len(list(folder.iterdir()))}"
    scratch.mkdir()
    return tallies(parts.parts, plan, InProcess(), scratch=scratch)


def digests(found: Tallied) -> list[tuple[str, str, str]]:
    """Return a hash of every bit of the whole, and of each slice."""
    every = []
    for logs in (found.logs, *found.by_slice.values()):
        assert logs.pairs is not None
        assert logs.groups is not None
        every.append((logs.tally.digest(), logs.pairs.digest(), logs.groups.digest()))
    return every


class Begun:
    """Counts the processes that are begun."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        usual = multiprocessing.get_context("spawn").Process.start

        def start(process: object) -> None:
            self.count += 1
            usual(process)  # type: ignore[arg-type]

        monkeypatch.setattr(multiprocessing.get_context("spawn").Process, "start", start)


def noted(found: Tallied) -> list[tuple[str, Arm, dict[str, float]]]:
    beside: object = found.beside
    assert isinstance(beside, Noted)
    return beside.found


def test_what_cannot_be_read_off_logs_is_named_with_the_reason(tmp_path: Path) -> None:
    found = measurable(envelope(tmp_path))
    assert [measure.name for measure in found.measures] == [
        "refusal", "refusal!false", "refusal!missed", "length.words", "latency_ms", "cost_usd",
        "error_rate", "length.tokens", "length.tokens_estimated",
    ]  # fmt: skip
    assert {measure.name for measure in found.measures if measure.quantiles} == {"latency_ms"}
    assert found.fallbacks == {"length.tokens": "length.tokens_estimated"}
    assert {name: why.partition(";")[0] for name, why in found.unmeasurable.items()} == {
        "tone": "it asks somebody about every answer",
        "same": "it looks at the answers of all cases side by side",
        "right": "it needs a reference, which traffic has not",
        "language": "a category has no mean",
    }


def test_a_log_is_the_same_in_every_file_and_however_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_parts, "PART_ROWS", 15)
    loaded, found = envelope(tmp_path), []
    for name, count in [("a.jsonl", 3), ("b.jsonl.gz", 1), ("c.parquet", 5), ("d.json", 1)]:
        parts = parts_of([str(written(tmp_path / "logs" / name, records()))], part_bytes=4000)
        assert len(parts.parts) == count
        assert parts.reader == "plain"
        plan = plan_of(loaded, parts, slices=(BILLING,), buckets=count)
        found.append(digests(counted(parts, plan, tmp_path)))
    assert found == [found[0]] * 4
    split = [written(tmp_path / "two" / f"{at}.jsonl", records()[at::2]) for at in range(2)]
    parts = parts_of([str(split[0].parent)])
    assert digests(counted(parts, plan_of(loaded, parts, slices=(BILLING,)), tmp_path)) == found[0]


def test_processes_count_what_this_one_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_tallies, "FEW_BYTES", 0)
    monkeypatch.setattr(shadow_tallies, "BUCKET_BYTES", 6000)
    loaded = envelope(tmp_path)
    parts = parts_of([str(written(tmp_path / "a.jsonl", records()))], part_bytes=6000)
    plan = plan_of(loaded, parts, slices=(BILLING,), beside=Noted, buckets=0)
    alone = counted(parts, plan, tmp_path)
    told: list[tuple[int, int]] = []
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    spread = Begun(monkeypatch)
    together = tallies(
        parts.parts,
        plan,
        Processes(2),
        scratch=scratch,
        progress=lambda done, of: told.append((done, of)),
    )
    assert digests(together) == digests(alone)
    assert spread.count > 1
    assert repr(noted(together)) == repr(noted(alone))
    steps = len(parts.parts) + 2 * buckets_for(parts.parts)
    # Whatever finds no partner beside its user would be joined once more: here nothing is left.
    joined = steps - buckets_for(parts.parts)
    assert told == [*((done, steps) for done in range(1, joined + 1)), (steps, steps)]


def test_requests_of_which_an_arm_names_no_user_are_paired_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_tallies, "FEW_BYTES", 0)
    monkeypatch.setattr(shadow_tallies, "PILE_ROWS", 3)
    monkeypatch.setattr(reading, "BLOCK_ROWS", 4)
    loaded = envelope(tmp_path)
    log = [
        {**record, "user": record["user"] if n % 3 else None} for n, record in enumerate(records())
    ]
    parts = parts_of([str(written(tmp_path / "a.jsonl", log))], part_bytes=6000)
    plan = plan_of(loaded, parts, slices=(BILLING,), buckets=3)
    alone = counted(parts, plan, tmp_path)
    assert alone.logs.pairs is not None
    assert alone.logs.groups is not None
    assert (alone.logs.pairs.pairs, alone.logs.pairs.alone(0)) == (24, 0)
    billed = alone.by_slice[BILLING].pairs
    assert billed is not None
    assert billed.pairs == 8
    assert 0 < alone.logs.groups.people.count("pairs") < 24
    whole = parts_of([str(tmp_path / "a.jsonl")])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    spread = tallies(whole.parts, replace(plan, buckets=2), Processes(2), scratch=scratch)
    assert digests(spread) == digests(alone)


def test_a_short_log_begins_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = parts_of([str(written(tmp_path / "a.jsonl", records(4)))])
    spread = Begun(monkeypatch)
    plan = plan_of(envelope(tmp_path), parts)
    assert tallies(parts.parts, plan, Processes(2), scratch=tmp_path).logs.tally.rows() == 8
    assert spread.count == 0


def test_every_request_is_seen_with_its_scores(tmp_path: Path) -> None:
    loaded = envelope(tmp_path)
    log = records(20)
    parts = parts_of([str(written(tmp_path / "a.jsonl", log))])
    plan = plan_of(loaded, parts, beside=Noted)
    found = noted(counted(parts, plan, tmp_path))
    assert [(case, arm) for case, arm, _ in found] == [
        (record["id"], record["arm"]) for record in log
    ]
    for record, (_, _, scores) in zip(log, found, strict=True):
        failed = "error" in record
        assert scores["error_rate"] == failed
        assert scores["latency_ms"] == (math.inf if failed else record["latency_ms"])
        assert math.isnan(scores["length.tokens"])
        refused = str(record.get("output")).startswith("I'm sorry")
        assert failed or scores["refusal"] == refused
        doubts = scores["refusal!false"], scores["refusal!missed"]
        assert all(map(math.isnan, doubts)) if failed else (doubts[0] > 0, doubts[1] > 0) == (
            refused, not refused,
        )  # fmt: skip
        assert failed == math.isnan(scores["length.words"])
    assert [
        (logged.sample.case_id, arm) for logged, arm in logged_of_part(parts.parts[0], plan)
    ] == [(case, arm) for case, arm, _ in found]


def test_a_request_without_a_text_is_missing_for_what_reads_texts(tmp_path: Path) -> None:
    loaded = envelope(tmp_path)
    log: list[Record] = [{"id": "a", "arm": "baseline", "latency_ms": 5}]
    parts = parts_of([str(written(tmp_path / "a.jsonl", log))])
    found = counted(parts, plan_of(loaded, parts, beside=Noted), tmp_path)
    ((_, _, scores),) = noted(found)
    known = {name for name, value in scores.items() if not math.isnan(value)}
    assert known == {"latency_ms"}


def test_a_slice_counts_what_a_log_of_it_alone_counts(tmp_path: Path) -> None:
    loaded, log = envelope(tmp_path), records()
    parts = parts_of([str(written(tmp_path / "a.jsonl", log))], part_bytes=5000)
    there = Slice(where=(("region", ("eu",)),))
    whole = counted(parts, plan_of(loaded, parts, slices=(BILLING, there)), tmp_path)
    chosen = {
        BILLING: [record for record in log if record["tags"]],
        there: [record for record in log if record["metadata"] == {"region": "eu"}],
    }
    for at, (part, some) in enumerate(chosen.items()):
        few = parts_of([str(written(tmp_path / f"{at}.jsonl", some))])
        alone = counted(few, plan_of(loaded, few), tmp_path)
        assert digests(alone) == digests(replace(whole, logs=whole.by_slice[part], by_slice={}))
    assert EVERYTHING not in whole.by_slice


# ---------------------------------------------------------------- what does not count


def test_requests_of_other_arms_and_times_are_left_out_and_counted(tmp_path: Path) -> None:
    loaded = envelope(tmp_path)
    log = records(30)
    log[0]["arm"], log[1]["arm"], log[2]["arm"] = "third", None, "third"
    del log[3]["created"]
    path = written(tmp_path / "a.jsonl", log)
    parts = parts_of([str(path)], part_bytes=3000)
    seen = counted(parts, plan_of(loaded, parts), tmp_path).seen
    assert (seen.records, seen.strangers, seen.unlabelled) == (60, {"third": 2}, 1)
    noon = 1790856000.0
    early = plan_of(loaded, parts, until=noon)
    late = plan_of(loaded, parts, since=noon)
    halves = [counted(parts, plan, tmp_path) for plan in (early, late)]
    assert [half.seen.undated for half in halves] == [1, 1]
    assert sum(half.seen.outside for half in halves) == 60 - 4
    assert sum(half.logs.tally.rows() for half in halves) == 60 - 4
    named = parts_of([(str(path), Arm.CANDIDATE)])
    tally = counted(named, plan_of(loaded, named), tmp_path).logs.tally
    assert (tally.rows(1), tally.again(1), tally.differing(1)) == (30, 30, 30)


def test_many_other_arms_are_counted_together(tmp_path: Path) -> None:
    log: list[Record] = [{"id": f"r{at}", "arm": f"model-{at}", "output": "x"} for at in range(70)]
    parts = parts_of([str(written(tmp_path / "a.jsonl", log))])
    seen = counted(parts, plan_of(envelope(tmp_path), parts), tmp_path).seen
    assert len(seen.strangers) == 51
    assert seen.strangers["…"] == 20


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.json"])
def test_what_is_malformed_is_named_or_counted(name: str, tmp_path: Path) -> None:
    loaded, log = envelope(tmp_path), records(20)
    log[33] = {"id": "r16", "latency_ms": "slow"}
    log[38] = {"id": "r19", "arm": "baseline", "latency_ms": "slow"}
    parts = parts_of([str(written(tmp_path / name, log))], part_bytes=3000)
    with pytest.raises(SpecError, match=rf"{name}:(34|1:).*latency_ms"):
        counted(parts, plan_of(loaded, parts), tmp_path)
    found = counted(parts, plan_of(loaded, parts, skip_malformed=2), tmp_path)
    assert found.seen.malformed == 2
    assert len(found.seen.problems) == 2
    assert found.logs.tally.rows() == 38
    if name != "a.json":
        assert [problem.place.line for problem in found.seen.problems] == [34, 39]
    if name == "a.jsonl":
        assert len(parts.parts) > 2
        with pytest.raises(SpecError, match=r"a.jsonl:34.*\n.*a.jsonl:39"):
            counted(parts, plan_of(loaded, parts, skip_malformed=1), tmp_path)


def test_a_cell_that_json_has_no_word_for_is_malformed(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    rows = {"id": ["a", "b"], "arm": ["baseline"] * 2, "latency_ms": [1.0, math.inf]}
    parquet.write_table(pa.table(rows), tmp_path / "a.parquet")
    parts = parts_of([str(tmp_path / "a.parquet")])
    with pytest.raises(SpecError, match=r"a.parquet:2: latency_ms"):
        counted(parts, plan_of(envelope(tmp_path), parts), tmp_path)


def test_a_table_of_parquet_that_changed_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", records(30))
    parts = parts_of([str(path)])
    written(path, records(5))
    with pytest.raises(SpecError, match="has 1 groups of rows, and had more"):
        counted(parts, plan_of(envelope(tmp_path), parts), tmp_path)
    path.write_text("nonsense")
    with pytest.raises(SpecError, match=r"a.parquet: not a (sound )?Parquet file"):
        parts_of([str(path)])


# ---------------------------------------------------------------- cutting


def test_a_file_that_two_sources_name_is_read_once(tmp_path: Path) -> None:
    path = written(tmp_path / "logs" / "a.jsonl", records(5))
    (path.parent / "notes.txt").touch()
    parts = parts_of([str(path), str(path.parent)])
    assert [part.path for part in parts.parts] == [str(path)]
    assert parts.ignored == (str(path.parent / "notes.txt"),)
    assert str(parts.parts[0]) == str(path)


def test_a_file_is_read_once_whatever_it_is_called(tmp_path: Path) -> None:
    path = written(tmp_path / "logs" / "a.jsonl", records(5))
    (tmp_path / "link.jsonl").symlink_to(path)
    others = [
        f"{tmp_path}/logs/../logs/a.jsonl",
        str(tmp_path / "link.jsonl"),
        f"{tmp_path}/*/*.jsonl",
    ]
    assert [part.path for part in parts_of([str(path), *others]).parts] == [str(path)]


def test_records_that_belong_together_are_not_cut_apart(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", records(50))
    parts = parts_of([str(path)], reader="openai_evals", part_bytes=1000)
    assert [str(part) for part in parts.parts] == [str(path)]


def test_logs_in_a_store_are_read_as_those_on_the_disk(tmp_path: Path) -> None:
    import fsspec

    loaded = envelope(tmp_path)
    system = fsspec.filesystem("memory")
    try:
        for name in ("a.jsonl", "b.jsonl.gz", "c.parquet", "d.json"):
            path = written(tmp_path / name, records(20))
            system.pipe(f"/logs/{name}", path.read_bytes())
            here, there = parts_of([str(path)]), parts_of([f"memory://logs/{name}"])
            assert there.reader == "plain"
            assert digests(counted(there, plan_of(loaded, there), tmp_path)) == digests(
                counted(here, plan_of(loaded, here), tmp_path)
            )
        system.pipe("/logs/e.json", b'[{"id": "a", "latency_ms": "x"}]')
        broken = parts_of(["memory://logs/e.json"], reader="plain")
        with pytest.raises(SpecError, match=r"memory:///logs/e.json:1:2: "):
            counted(broken, plan_of(loaded, broken), tmp_path)
    finally:
        system.rm("/logs", recursive=True)


# ---------------------------------------------------------------- columns


COLUMNS = Columns(
    {"latency_ms": "latency_ms", "cost_usd": "cost_usd"},
    arm="arm",
    arms={arm.value: arm for arm in Arm},
    time="created",
    request="id",
    user="user",
)
MEASURES = (Measure("latency_ms", Kind.TIME, quantiles=True), Measure("cost_usd", Kind.AMOUNT))


def column_plan(**more: object) -> ShadowPlan:
    plan = ShadowPlan("", "", None, MEASURES, {}, "plain", buckets=1, columns=COLUMNS)
    return replace(plan, **more)  # type: ignore[arg-type]


def test_columns_are_counted_without_reading_a_text(tmp_path: Path) -> None:
    loaded = envelope(tmp_path)
    log = [record for record in records() if "error" not in record]
    parts = parts_of([str(written(tmp_path / "a.jsonl", log))], part_bytes=5000)
    quick = counted(parts, column_plan(), tmp_path)
    slow = counted(parts, plan_of(loaded, parts, measures=MEASURES), tmp_path)
    assert digests(quick) == digests(slow)
    assert quick.beside is None
    for name in ("b.jsonl.gz", "c.parquet"):
        packed = parts_of([str(written(tmp_path / name, log))])
        assert digests(counted(packed, column_plan(), tmp_path)) == digests(quick)


def test_columns_that_nobody_named_join_nothing(tmp_path: Path) -> None:
    parts = parts_of([str(written(tmp_path / "a.jsonl", records()))])
    alone = counted(parts, column_plan(columns=replace(COLUMNS, request=None, user=None)), tmp_path)
    assert alone.logs.pairs is None
    assert alone.logs.groups is None
    nobody = [{**record, "user": None} for record in records()]
    parts = parts_of([str(written(tmp_path / "b.jsonl", nobody))])
    assert counted(parts, column_plan(), tmp_path).logs.groups is None


def test_rows_of_columns_that_do_not_count_are_told(tmp_path: Path) -> None:
    log = records(10)
    log[0]["arm"], log[1]["arm"] = "third", None
    del log[2]["created"]
    parts = parts_of([str(written(tmp_path / "a.jsonl", log))])
    noon = 1790856000.0
    halves = [
        counted(parts, column_plan(**limit), tmp_path)
        for limit in ({"since": noon}, {"until": noon})
    ]
    for half in halves:
        seen = half.seen
        assert (seen.records, seen.strangers, seen.unlabelled) == (20, {"third": 1}, 1)
        assert seen.undated == 1
    assert sum(half.logs.tally.rows() for half in halves) == 17
    assert sum(half.seen.outside for half in halves) == 17
    (tmp_path / "c.csv").write_text("id,arm\na,baseline\n")
    table = parts_of([str(tmp_path / "c.csv")], reader="plain")
    with pytest.raises(UsageError, match=r"c.csv: columns are read of JSON lines"):
        counted(table, column_plan(), tmp_path)


def test_a_log_of_texts_is_cut_finer_than_one_of_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, table = (
        written(tmp_path / "a.jsonl", records()),
        written(tmp_path / "b.parquet", records()),
    )
    parts = parts_of([str(path), str(table)])
    assert len(parts.parts) == 2
    assert shadow_parts.finer(parts) == parts, "of a short log one part is enough"
    monkeypatch.setattr(shadow_parts, "TEXT_BYTES", (1000, 3000))
    finer = shadow_parts.finer(parts).parts
    size = path.stat().st_size
    assert [part.start for part in finer[:-1]] == list(range(0, size, 1000))
    assert [part.end for part in finer[:-1]] == [*range(1000, size, 1000), size]
    assert finer[-1] == parts.parts[-1]
    plan = plan_of(envelope(tmp_path), parts)
    cut = replace(parts, parts=finer)
    assert digests(counted(cut, plan, tmp_path)) == digests(counted(parts, plan, tmp_path))


def test_ids_are_not_read_where_nothing_is_to_be_paired(tmp_path: Path) -> None:
    parts = parts_of([str(written(tmp_path / "a.jsonl", records()))])
    apart = counted(parts, column_plan(paired=False), tmp_path)
    assert apart.logs.pairs is None
    assert apart.logs.groups is not None
    alone = counted(parts, column_plan(paired=False, users=False), tmp_path)
    assert (alone.logs.pairs, alone.logs.groups) == (None, None)
    requests = counted(parts, column_plan(users=False), tmp_path)
    assert requests.logs.pairs is not None
    assert requests.logs.groups is None


def test_a_plan_can_be_told_to_another_machine_in_few_words(tmp_path: Path) -> None:
    import pickle

    parts = parts_of([str(written(tmp_path / "a.jsonl", records(3)))])
    plan = plan_of(envelope(tmp_path), parts)
    assert len(pickle.dumps(plan)) < 10_000
    assert json.loads(plan.document)["name"] == "traffic"
