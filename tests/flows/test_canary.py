"""A canary on disk: looks from logs, decisions that are made once, and a process that may die anywhere."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.canary import (
    NOBODY,
    Action,
    ArmLook,
    CanaryPlan,
    Counted,
    Look,
    Spread,
    State,
    Sums,
    Unread,
    UserCells,
    UserValues,
    Values,
)
from evalkit.core.errors import MeasurementError, SpecError, UsageError
from evalkit.core.model import Arm
from evalkit.files.writing import LineLog
from evalkit.flows.canary.logs import LogForm, LogSource
from evalkit.flows.canary.looks import Gathering
from evalkit.flows.canary.opened import (
    OpenCanary,
    journal_path,
    last_number,
    opened_canary,
    plan_of,
    read_state,
)
from evalkit.spec.envelope import LoadedEnvelope, load_envelope
from evalkit.stages.canary import begun

START = 1_800_000_000
BOUNDS = "[{metric: refusal, delta: {max: 5%}}, {metric: latency_ms, max: 4000}, {metric: cost_usd, ratio: {max: 2}}]"
CANARY = "{stages: [50%], min_duration: 2m, look: 1m, detect: 5, negligible: 5%}"


def loaded(
    folder: Path, canary: str = CANARY, bounds: str = BOUNDS, *, model: str = "m-1"
) -> LoadedEnvelope:
    """Return an envelope in a folder."""
    (folder / "golden.jsonl").write_text('{"id": "c", "input": "?"}\n')
    (folder / "outputs.jsonl").write_text('{"id": "c", "output": "yes"}\n')
    path = folder / "envelope.yaml"
    arm = "{provider: replay, path: outputs.jsonl"
    path.write_text(
        "version: 1\nname: shop\ngolden_set: golden.jsonl\n"
        f"baseline: {arm}}}\ncandidate: {arm}, model: {model}}}\nbounds: {bounds}\ncanary: {canary}\n"
    )
    return load_envelope(path)


def record(number: int, arm: str | None, second: float, **fields: Any) -> dict[str, Any]:
    """Return a logged request."""
    made = {
        "id": f"r{number}",
        "created": START + second,
        "output": "It is on its way.",
        "latency_ms": 900,
    }
    return {
        **made,
        "cost_usd": 0.001 + 0.0001 * (number % 7),
        **({"arm": arm} if arm else {}),
        **fields,
    }


def traffic(
    minutes: int, *, bad_from: int | None = None, a_minute: int = 60
) -> list[dict[str, Any]]:
    """Return requests of both arms in turn; from some minute on, a third of the candidate's fail."""
    found = []
    for number in range(minutes * a_minute):
        arm = "candidate" if number % 2 else "baseline"
        second = number * 60 / a_minute
        bad = (
            bad_from is not None
            and second >= 60 * bad_from
            and arm == "candidate"
            and number % 3 == 0
        )
        lost = {"output": None, "error": "timeout"} if bad else {}
        found.append(record(number, arm, second, **lost))
    return found


def log(folder: Path, records: Sequence[Mapping[str, Any]], name: str = "log.jsonl") -> Path:
    """Write a log."""
    path = folder / name
    text = "".join(json.dumps(item) + "\n" for item in records)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def looks_of(
    folder: Path, records: Sequence[Mapping[str, Any]], now: float = 1e6, *, canary: str = CANARY,
    bounds: str = BOUNDS, form: LogForm | None = None,
) -> list[Look]:  # fmt: skip
    """Return the looks of a log, ``now`` seconds after its start."""
    envelope = loaded(folder, canary, bounds)
    source = LogSource([log(folder, records)], envelope, form)
    plan = plan_of(envelope)
    return list(source.looks(plan, begun(plan, "r"), START + now))


def decided(
    folder: Path, path: Path, envelope: LoadedEnvelope, minute: float, run: str | None = None
) -> State:
    """Look once at the log of a folder, and return what is remembered then."""
    plan = plan_of(envelope)
    source = LogSource([folder / "log.jsonl"], envelope, replay=True)
    with opened_canary(path, plan, run=run) as canary:
        canary.look(source, START + 60 * minute)
        return canary.state


# ---------------------------------------------------------------- looks


def test_a_log_of_several_names_is_read_once(tmp_path: Path) -> None:
    (found,) = looks_of(tmp_path, [record(n, "canary", 5 * n) for n in range(12)], now=120)
    (tmp_path / "link.jsonl").symlink_to("log.jsonl")
    envelope = load_envelope(tmp_path / "envelope.yaml")
    plan = plan_of(envelope)
    names = [
        tmp_path / "log.jsonl",
        tmp_path / "link.jsonl",
        tmp_path / ".." / tmp_path.name / "log.jsonl",
    ]
    assert list(LogSource(names, envelope).looks(plan, begun(plan, "r"), START + 120)) == [found]


def test_requests_become_looks_of_whole_stretches_of_time(tmp_path: Path) -> None:
    found = looks_of(tmp_path, traffic(3))
    assert [(look.start - START, look.end - START) for look in found] == [
        (0, 60),
        (60, 120),
        (120, 180),
    ]
    for look in found:
        assert {arm: seen.requests for arm, seen in look.arms.items()} == {
            Arm.BASELINE: 30,
            Arm.CANDIDATE: 30,
        }
    seen = found[0].arms[Arm.CANDIDATE].observed
    assert seen["refusal"] == Values((0.0,) * 30)
    assert seen["latency_ms"] == Counted(0.0, 30)
    assert seen["error_rate"] == Counted(0.0, 30)
    cost = seen["cost_usd"]
    assert isinstance(cost, Sums)
    assert cost.count == 30
    assert cost.total == pytest.approx(0.03 + 0.0001 * sum(n % 7 for n in range(1, 60, 2)))


def test_a_look_waits_until_a_later_request_or_another_looks_length(tmp_path: Path) -> None:
    two = traffic(2)
    assert len(looks_of(tmp_path, two, now=119)) == 1
    assert len(looks_of(tmp_path, two, now=121)) == 1
    assert len(looks_of(tmp_path, [*two, record(999, "baseline", 120.0)], now=121)) == 2
    assert len(looks_of(tmp_path, two, now=180)) == 2


def test_a_request_in_any_order_lands_in_its_look(tmp_path: Path) -> None:
    ordered = looks_of(tmp_path, traffic(3))
    mixed = looks_of(tmp_path, traffic(3)[::-1])
    assert [look.start for look in ordered] == [look.start for look in mixed]
    assert (
        ordered[0].arms[Arm.BASELINE].observed["error_rate"]
        == mixed[0].arms[Arm.BASELINE].observed["error_rate"]
    )


def test_what_a_user_tries_again_and_again_counts_once(tmp_path: Path) -> None:
    retries = [record(n, "candidate", 1, user="u1", output=None, error="timeout") for n in range(9)]
    mixed = [
        record(
            20 + n, "candidate", 2, user="u2", **({"output": None, "error": "timeout"} if n else {})
        )
        for n in range(2)
    ]
    found = looks_of(
        tmp_path, [*retries, *mixed, record(50, "candidate", 3), record(51, "baseline", 3)]
    )
    seen = found[0].arms[Arm.CANDIDATE]
    errors = seen.observed["error_rate"]
    assert isinstance(errors, UserValues)
    assert errors.values == (1.0, 0.5, 0.0)
    assert errors.users[2] == NOBODY
    assert set(errors.users[:2]) == set(seen.users)
    assert all(0 <= user < 2**32 for user in seen.users)
    assert seen.requests == 12


def test_whoever_met_both_arms_counts_in_the_one_that_was_met_first(tmp_path: Path) -> None:
    lost = {"output": None, "error": "timeout"}
    records = [
        record(0, "candidate", 5, user="u1"),
        record(1, "baseline", 4, user="u1", **lost),
        record(2, "baseline", 6, user="u2"),
        record(3, "candidate", 6, user="u3"),
    ]
    [found] = looks_of(tmp_path, records)
    baseline, candidate = (found.arms[arm] for arm in Arm)
    assert (baseline.requests, candidate.requests) == (2, 2)
    assert (len(baseline.users), len(candidate.users)) == (2, 1)
    errors = baseline.observed["error_rate"], candidate.observed["error_rate"]
    assert isinstance(errors[0], UserValues)
    assert isinstance(errors[1], UserValues)
    assert (errors[0].values, errors[1].values) == ((1.0, 0.0), (0.0,))
    [alone] = looks_of(tmp_path, records[:2])
    assert alone.arms[Arm.CANDIDATE].observed["error_rate"] == Counted(0.0, 0)


def test_users_are_known_again_after_a_restart(tmp_path: Path) -> None:
    records = [{**item, "user": f"u{number % 20}"} for number, item in enumerate(traffic(6))]
    log(tmp_path, records)
    envelope = loaded(tmp_path)
    path = tmp_path / "canary.json"
    whole = decided(tmp_path, tmp_path / "other.json", envelope, 6)
    for minute in range(1, 7):
        step = decided(tmp_path, path, envelope, minute)
    assert (step.rounds, step.users) == (whole.rounds, whole.users)
    assert step.rounds[0].evidence["refusal"].chances == (10, 10)


def test_users_that_were_changed_by_hand_are_named(tmp_path: Path) -> None:
    log(tmp_path, traffic(2))
    envelope = loaded(tmp_path)
    path = tmp_path / "canary.json"
    decided(tmp_path, path, envelope, 2)
    data = json.loads(path.read_text())
    data["memory"]["users"] = "AAAA"
    path.write_text(json.dumps(data))
    with pytest.raises(SpecError, match=r"memory\.users: not written by this version of evalkit"):
        decided(tmp_path, path, envelope, 2)


def test_a_bound_min_counts_those_that_lack_it_and_a_slice_those_that_are_tagged(
    tmp_path: Path,
) -> None:
    bounds = "[{metric: refusal, min: 2%, max: 10%}]"
    canary = "{stages: [50%], look: 1m, triggers: [{metric: toxicity, on: vip, max: 0.2}]}"
    records = [record(n, "candidate", n, **({"tags": ["vip"]} if n < 4 else {})) for n in range(9)]
    seen = looks_of(tmp_path, records, canary=canary, bounds=bounds)[0].arms[Arm.CANDIDATE].observed
    assert seen["refusal.below"] == Counted(9.0, 9)
    assert seen["refusal.above"] == Counted(0.0, 9)
    vip = seen["toxicity@vip"]
    assert isinstance(vip, Values)
    assert len(vip.values) == 4


def test_a_quantile_that_is_compared_with_the_baseline_is_read_as_a_spread(tmp_path: Path) -> None:
    records = [
        record(n, "baseline", n, user=f"u{n // 2}", latency_ms=100 * (1 + n)) for n in range(4)
    ]
    seen = looks_of(tmp_path, records, bounds="[{metric: latency_ms, ratio: {max: 1.2}}]")[0].arms[
        Arm.BASELINE
    ]
    cells = seen.observed["latency_ms"]
    assert isinstance(cells, UserCells)
    assert [len(own) for own in cells.cells] == [2, 2]
    nobody = [{**item, "user": None} for item in records[:1]]
    alone = looks_of(tmp_path, nobody, bounds="[{metric: latency_ms, ratio: {max: 1.2}}]")[0].arms[
        Arm.BASELINE
    ]
    assert isinstance(found := alone.observed["latency_ms"], Spread)
    assert [*found.cells.values()] == [1.0]


def test_what_no_request_tells_is_named(tmp_path: Path) -> None:
    records = [
        {key: value for key, value in record(n, "candidate", n).items() if key != "latency_ms"}
        for n in range(3)
    ]
    seen = looks_of(
        tmp_path,
        records,
        canary="{stages: [50%], look: 1m, triggers: [{metric: refusal, on: vip, max: 3%}]}",
    )
    assert seen[0].arms[Arm.CANDIDATE].observed["latency_ms"] == Unread("no latency_ms")
    assert seen[0].arms[Arm.CANDIDATE].observed["refusal@vip"] == Counted(0.0, 0)


def test_an_answer_that_never_came_has_no_mean_time(tmp_path: Path) -> None:
    records = [record(0, "candidate", 0), record(1, "candidate", 1, output=None, error="timeout")]
    bounds = "[{metric: latency_ms, statistic: mean, max: 4000}]"
    seen = (
        looks_of(tmp_path, records, bounds=bounds)[0]
        .arms[Arm.CANDIDATE]
        .observed["latency_ms.mean"]
    )
    assert isinstance(seen, Sums)
    assert seen.total == float("inf")


def test_texts_are_read_of_a_sample_and_the_rest_of_all(tmp_path: Path) -> None:
    canary = "{stages: [50%], look: 1m, sample: 20%}"
    seen = (
        looks_of(tmp_path, traffic(1, a_minute=600), canary=canary)[0].arms[Arm.CANDIDATE].observed
    )
    refusal, errors = seen["refusal"], seen["error_rate"]
    assert isinstance(refusal, Values)
    assert isinstance(errors, Counted)
    assert (30 < len(refusal.values) < 90, errors.chances) == (True, 300)


def test_requests_of_tomorrow_are_counted_and_taken_in_by_no_look(tmp_path: Path) -> None:
    records = [*traffic(2), record(998, "baseline", 10_000), record(999, "candidate", 200)]
    found = looks_of(tmp_path, records, now=190)
    assert [look.future for look in found] == [0, 1]  # a clock may be a minute ahead
    source = LogSource([tmp_path / "log.jsonl"], loaded(tmp_path), replay=True)
    plan = plan_of(loaded(tmp_path))
    assert [look.future for look in source.looks(plan, begun(plan, "r"), START + 190)] == [0, 0]


def test_what_comes_after_its_look_was_given_away_is_late(tmp_path: Path) -> None:
    from evalkit.core.traffic import logged_of

    envelope = loaded(tmp_path)
    gathering = Gathering(plan_of(envelope), envelope)
    for item in traffic(2):
        gathering.see(logged_of(item), START + 200)
    assert [look.start - START for look in gathering.looks(None, START + 200)] == [0, 60]
    gathering.see(logged_of(record(7, "candidate", 5)), START + 200)
    assert gathering.late == 1
    assert list(gathering.looks(START + 120, START + 900)) == []


# ---------------------------------------------------------------- arms


def test_labels_of_ones_own_name_the_arms(tmp_path: Path) -> None:
    records = [record(0, "v41", 0), record(1, "v42", 1), record(2, "v43", 2), record(3, None, 3)]
    form = LogForm(labels={"v41": Arm.BASELINE, "v42": Arm.CANDIDATE})
    envelope = loaded(tmp_path)
    source = LogSource([log(tmp_path, records)], envelope, form)
    plan = plan_of(envelope)
    [look] = source.looks(plan, begun(plan, "r"), START + 900)
    assert [arm.requests for arm in look.arms.values()] == [1, 1]
    assert (source.strangers, source.unlabelled) == ({"v43": 1}, 1)


@pytest.mark.parametrize(
    ("arm", "created", "expected"),
    [
        ("v1", 0.0, "expected arms named baseline, canary, candidate, control, stable, found 'v1'"),
        (None, 0.0, "no request names its arm"),
        ("candidate", None, "request 'r0' has no time"),
    ],
)
def test_a_log_that_names_no_arm_or_no_time_is_refused(
    tmp_path: Path, arm: str | None, created: float | None, expected: str
) -> None:
    item = record(0, arm, 0)
    if created is None:
        del item["created"]
    with pytest.raises(UsageError, match=expected):
        looks_of(tmp_path, [item])


def test_malformed_records_are_counted_or_refused(tmp_path: Path) -> None:
    path = log(tmp_path, traffic(1))
    path.write_text(path.read_text() + '{"id": 3, "created": "soon"}\n')
    envelope = loaded(tmp_path)
    plan = plan_of(envelope)
    with pytest.raises(SpecError, match="expected created to be a time"):
        list(LogSource([path], envelope).looks(plan, begun(plan, "r"), START + 900))
    source = LogSource([path], envelope, LogForm(skip_malformed=1))
    assert len(list(source.looks(plan, begun(plan, "r"), START + 900))) == 1
    assert source.malformed == 1


# ---------------------------------------------------------------- decisions on disk


def test_a_rollout_is_decided_look_by_look_and_remembered(tmp_path: Path) -> None:
    log(tmp_path, traffic(9))
    envelope, path = loaded(tmp_path), tmp_path / "state.json"
    first = decided(tmp_path, path, envelope, 1.5)
    assert first.decision is not None
    assert first.decision.action is Action.HOLD
    last = decided(tmp_path, path, envelope, 9)
    assert last.decision is not None
    assert (last.decision.action, last.decision.final, last.decision.number) == (
        Action.PROMOTE,
        True,
        2,
    )
    assert read_state(path) == last
    told = json.loads(path.read_text())
    assert (told["share"], told["decision"], told["final"]) == (1.0, "promote", True)
    lines = [json.loads(line) for line in journal_path(path).read_text().splitlines()]
    assert [(line["number"], line["action"]) for line in lines] == [(1, "hold"), (2, "promote")]


def test_the_same_log_again_adds_nothing(tmp_path: Path) -> None:
    log(tmp_path, traffic(2))
    envelope, path = loaded(tmp_path), tmp_path / "state.json"
    once = decided(tmp_path, path, envelope, 3)
    before = path.read_bytes(), journal_path(path).read_bytes()
    assert decided(tmp_path, path, envelope, 3) == once
    assert (path.read_bytes(), journal_path(path).read_bytes()) == before


def test_logs_read_in_one_go_or_minute_by_minute_are_the_same_evidence(tmp_path: Path) -> None:
    log(tmp_path, traffic(3, a_minute=20))
    envelope = loaded(tmp_path)
    for minute in (1, 2, 3):
        step = decided(tmp_path, tmp_path / "steps.json", envelope, minute + 1)
    whole = decided(tmp_path, tmp_path / "whole.json", envelope, 4)
    assert step.rounds == whole.rounds
    assert step.watermark == whole.watermark


def test_a_rollback_stays_until_another_run_begins_behind_it(tmp_path: Path) -> None:
    log(tmp_path, traffic(9, bad_from=0))
    envelope, path = loaded(tmp_path), tmp_path / "state.json"
    back = decided(tmp_path, path, envelope, 5)
    assert back.decision is not None
    assert (back.decision.action, back.decision.share) == (Action.ROLLBACK, 0.0)
    assert decided(tmp_path, path, envelope, 9) == back
    assert decided(tmp_path, path, envelope, 9, run="m-1") == back
    again = decided(tmp_path, path, envelope, 5, run="second")
    assert again.decision is not None
    assert (again.run, again.decision.number) == ("second", back.decision.number + 1)
    assert again.watermark is not None
    assert back.watermark is not None
    assert again.watermark >= back.watermark


def test_evidence_about_another_plan_is_not_gone_on_with(tmp_path: Path) -> None:
    log(tmp_path, traffic(2))
    decided(tmp_path, tmp_path / "state.json", loaded(tmp_path), 3)
    other = loaded(tmp_path, model="m-2")
    with pytest.raises(UsageError, match="begin another run with --run NAME"):
        decided(tmp_path, tmp_path / "state.json", other, 3)
    assert decided(tmp_path, tmp_path / "state.json", other, 3, run="m-2").run == "m-2"


def test_a_state_has_one_writer_and_a_folder(tmp_path: Path) -> None:
    plan, path = plan_of(loaded(tmp_path)), tmp_path / "state.json"
    with (
        opened_canary(path, plan),
        pytest.raises(UsageError, match="another process"),
        opened_canary(path, plan),
    ):
        pass
    with (
        pytest.raises(UsageError, match="expected a folder"),
        opened_canary(tmp_path / "no" / "s.json", plan),
    ):
        pass


def test_an_envelope_without_a_canary_says_how_to_get_one(tmp_path: Path) -> None:
    envelope = replace(loaded(tmp_path), canary=None)
    with pytest.raises(UsageError, match=r"canary: \{stages: \[1%, 5%, 20%\]\}"):
        plan_of(envelope)


# ---------------------------------------------------------------- dying


class DiedError(Exception):
    """The process ended here."""


def test_whoever_dies_between_any_two_writes_loses_no_decision_and_repeats_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(tmp_path, traffic(9, bad_from=4))
    envelope = loaded(
        tmp_path, "{stages: [50%], min_duration: 30m, look: 1m, detect: 5, negligible: 5%}"
    )
    minutes = [1.5, 2.5, 4.5, 6.5, 8.5]
    for minute in minutes:
        decided(tmp_path, tmp_path / "whole.json", envelope, minute)
    expected = journal_path(tmp_path / "whole.json").read_text()
    for place in ("write_whole", "sync_folder", "cut_to_whole_lines", "append", "half a line"):
        path = tmp_path / f"{place}.json"
        deaths = 0
        for minute in minutes:
            with monkeypatch.context() as patch:
                _die_at(place, patch, journal_path(path))
                try:
                    decided(tmp_path, path, envelope, minute)
                except DiedError:
                    deaths += 1
            decided(tmp_path, path, envelope, minute)
        assert deaths >= 4, place  # behind the rollback nothing is written any more
        assert journal_path(path).read_text() == expected, place
        assert read_state(path) == read_state(tmp_path / "whole.json"), place


def _die_at(place: str, patch: pytest.MonkeyPatch, journal: Path) -> None:
    def died(*_: object) -> None:
        raise DiedError

    def half(_: object, value: object) -> None:
        with journal.open("a") as stream:
            stream.write(json.dumps(value)[:20])
        raise DiedError

    if place == "append":
        patch.setattr(LineLog, "append", died)
    elif place == "half a line":
        patch.setattr(LineLog, "append", half)
    elif place == "cut_to_whole_lines":  # behind the state, before the journal
        patch.setattr(OpenCanary, "settle_journal", died)
    else:
        patch.setattr(f"evalkit.flows.canary.opened.{place}", died)


def test_a_decision_whose_line_has_no_end_is_in_the_journal(tmp_path: Path) -> None:
    log(tmp_path, traffic(9, bad_from=4))
    envelope = loaded(
        tmp_path, "{stages: [50%], min_duration: 30m, look: 1m, detect: 5, negligible: 5%}"
    )
    path = tmp_path / "state.json"
    decided(tmp_path, path, envelope, 1.5)
    journal = journal_path(path)
    before = journal.read_text()
    journal.write_text(before.rstrip("\n"))
    decided(tmp_path, path, envelope, 2.5)
    assert journal.read_text().startswith(before)
    numbers = [json.loads(line)["number"] for line in journal.read_text().splitlines()]
    assert numbers == [1, 2]


def test_a_journal_that_is_none_is_not_written_on(tmp_path: Path) -> None:
    journal = tmp_path / "state.json.journal.jsonl"
    assert last_number(journal) == 0
    for line in ("[]", "no JSON", '{"number": true}'):
        journal.write_text(f'{{"number": 4}}\n{line}\n')
        with pytest.raises(SpecError, match="its last line is no decision"):
            last_number(journal)
    journal.write_text('{"number": 4}\n')
    assert last_number(journal) == 4


# ---------------------------------------------------------------- sources


class Scripted:
    """A source that has what it was given, and keeps a place."""

    def __init__(self, found: Sequence[Look] = (), error: str = "") -> None:
        self.found, self.error = found, error

    def looks(self, plan: CanaryPlan, state: State, now: float) -> Iterator[Look]:
        """Yield what was given."""
        del plan, state, now
        yield from self.found
        if self.error:
            raise MeasurementError(self.error)

    def bookmark(self, watermark: float | None) -> Mapping[str, object]:
        """Return a place."""
        return {"behind": watermark}


def quiet(number: int) -> Look:
    """Return a look with one request in each arm."""
    seen = {"error_rate": Counted(0, 1)}
    return Look(60 * number, 60 * number + 60, {arm: ArmLook(1, seen) for arm in Arm})


def test_a_source_that_fails_holds_and_takes_nothing_in(tmp_path: Path) -> None:
    plan, path = plan_of(loaded(tmp_path)), tmp_path / "state.json"
    with opened_canary(path, plan) as canary:
        decision = canary.look(Scripted([quiet(0)], "it does not answer"), 100.0)
        assert (decision.action, canary.state.watermark) == (Action.HOLD, None)
        assert [reason.text for reason in decision.reasons][1] == "it does not answer"
        assert canary.look(Scripted([quiet(0)], "it does not answer"), 160.0) == decision
        canary.look(Scripted([quiet(0)]), 170.0)
        assert (canary.state.watermark, canary.state.bookmark) == (60, {"behind": 60})
    assert read_state(path).bookmark == {"behind": 60}


def test_a_record_of_a_request_that_is_there_already_is_not_counted(tmp_path: Path) -> None:
    records = [
        record(n, "candidate" if n % 2 else "baseline", 5 * n, user=f"u{n % 7}" if n % 3 else None)
        for n in range(24)
    ]
    found = looks_of(tmp_path, records, now=1e4)
    assert sum(arm.requests for look in found for arm in look.arms.values()) == 24
    again = [item | {"output": None, "error": "timeout"} for item in records[:5]]
    assert looks_of(tmp_path, [*records, *records, *again], now=1e4) == found
    others = [item | {"user": "another"} for item in records[:5]]
    more = looks_of(tmp_path, [*records, *others], now=1e4)
    assert sum(arm.requests for look in more for arm in look.arms.values()) == 29
