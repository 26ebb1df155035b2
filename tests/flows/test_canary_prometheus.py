"""A canary that reads Prometheus: what is no sound number holds, and never promotes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.core.canary import Action, Counted, Decision, Look, ReasonCode, State, Sums, Unread
from evalkit.core.errors import SpecError, UsageError
from evalkit.core.model import Arm
from evalkit.flows.canary.opened import opened_canary, plan_of
from evalkit.flows.canary.prometheus import PrometheusSource, observed, prometheus_source
from evalkit.spec.envelope import LoadedEnvelope, load_envelope
from evalkit.wire.prometheus import NoNumber, UnansweredError
from tests.canaries import BEGIN, LOOK, PROMETHEUS, written
from tests.fakes.prometheus import FAULTS, prometheus

SETTLES = 30.0
HEALTHY = {"begin": BEGIN, "per_second": 20.0, "share": 0.2}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that says what the server answers."""
    path = tmp_path_factory.mktemp("prometheus") / "world.json"
    path.write_text(json.dumps(HEALTHY))
    return path


@pytest.fixture(scope="module")
def url(said: Path) -> Iterator[str]:
    """A server process on this machine."""
    with prometheus(said) as address:
        yield address


@pytest.fixture
def loaded(tmp_path: Path, said: Path, url: str) -> LoadedEnvelope:
    """An envelope that asks it, while all is well."""
    said.write_text(json.dumps(HEALTHY))
    return load_envelope(written(tmp_path, more=PROMETHEUS.format(url=url, more="")))


def looked(
    loaded: LoadedEnvelope, folder: Path, looks: int, source: PrometheusSource | None = None
) -> Decision:
    """Look so often, or until something is decided, and return the last decision."""
    with opened_canary(folder / "state.json", plan_of(loaded)) as canary:
        for _ in range(looks):
            now = (canary.state.watermark or BEGIN) + LOOK + SETTLES
            decision = canary.look(source or prometheus_source(loaded, {}), now)
            if decision.action is not Action.HOLD:
                break
    return decision


def taken(loaded: LoadedEnvelope, state: State, now: float) -> list[Look]:
    """Return the looks that a source gives."""
    return list(prometheus_source(loaded, {}).looks(plan_of(loaded), state, now))


def test_sound_traffic_promotes_and_a_worse_candidate_is_rolled_back(
    loaded: LoadedEnvelope, tmp_path: Path, said: Path
) -> None:
    assert looked(loaded, tmp_path, 3).action is Action.PROMOTE
    worse = {**HEALTHY, "share": 0.5, "errors": {"candidate": 0.2}}
    said.write_text(json.dumps(worse))
    back = looked(loaded, tmp_path, 3)
    assert (back.action, back.reasons[0].code) == (Action.ROLLBACK, ReasonCode.ALARM)


@pytest.mark.parametrize("where", ["requests_total", 'status="error"'])
@pytest.mark.parametrize("fault", sorted({*FAULTS} - {"clock"}))
def test_no_fault_of_prometheus_ever_promotes(
    loaded: LoadedEnvelope, tmp_path: Path, said: Path, fault: str, where: str
) -> None:
    assert looked(loaded, tmp_path, 2).action is Action.HOLD
    said.write_text(json.dumps({**HEALTHY, "fault": fault, "where": where}))
    source = prometheus_source(loaded, {})
    fast = replace(
        source, server=replace(source.server, clock=replace(source.server.clock, sleep=_no_sleep))
    )
    decision = looked(loaded, tmp_path, 3, fast)
    assert decision.action is Action.HOLD
    codes = {reason.code for reason in decision.reasons}
    assert codes & {ReasonCode.UNREAD, ReasonCode.NO_DATA, ReasonCode.MISSING_ARM}
    said.write_text(json.dumps(HEALTHY))
    assert looked(loaded, tmp_path, 4).action is Action.PROMOTE, "and it goes on when all is well"


async def _no_sleep(seconds: float) -> None:
    del seconds


def test_each_look_is_asked_about_at_its_own_end(loaded: LoadedEnvelope) -> None:
    state = State("r", "d", watermark=BEGIN)
    looks = taken(loaded, state, BEGIN + 5 * LOOK + SETTLES)
    assert [(look.start, look.end) for look in looks] == [
        (BEGIN + number * LOOK, BEGIN + (number + 1) * LOOK) for number in range(5)
    ]
    assert {look.arms[Arm.BASELINE].requests for look in looks} == {round(0.8 * 20 * LOOK)}
    [alone] = taken(loaded, replace(state, watermark=looks[-2].end), BEGIN + 5 * LOOK + SETTLES)
    assert alone == looks[-1], "one at a time or five at once, a look is the same"


def test_a_look_that_may_still_get_values_is_not_read(loaded: LoadedEnvelope) -> None:
    state = State("r", "d", watermark=BEGIN)
    assert taken(loaded, state, BEGIN + LOOK + SETTLES - 1) == []
    assert len(taken(loaded, State("r", "d"), BEGIN + 9 * LOOK)) == 1, "the first one is the newest"


def test_samples_that_end_hold_and_a_hole_is_taken_for_what_it_is(
    loaded: LoadedEnvelope, said: Path
) -> None:
    said.write_text(json.dumps({**HEALTHY, "until": BEGIN + 2 * LOOK}))
    state = State("r", "d", watermark=BEGIN)
    looks = taken(loaded, state, BEGIN + 4 * LOOK + SETTLES)
    assert [len(look.arms) for look in looks] == [2, 2, 0], "the newest is asked for once more"
    with pytest.raises(UnansweredError, match=r"the requests of the baseline until .* no series"):
        taken(loaded, replace(state, watermark=looks[-1].end), BEGIN + 4 * LOOK + SETTLES)


def test_a_counter_that_begins_anew_gives_no_negative_number(
    loaded: LoadedEnvelope, said: Path
) -> None:
    said.write_text(json.dumps({**HEALTHY, "resets": [BEGIN + 30]}))
    [look] = taken(loaded, State("r", "d", watermark=BEGIN), BEGIN + LOOK + SETTLES)
    assert 0 < look.arms[Arm.CANDIDATE].requests < round(0.2 * 20 * LOOK)


def test_old_newest_samples_make_a_look_unread(tmp_path: Path, said: Path, url: str) -> None:
    said.write_text(json.dumps(HEALTHY))
    # The fake says how many requests there were, which as a time is long ago.
    newest = '    newest: sum(increase(requests_total{arm="$arm"}[$look]))\n'
    loaded = load_envelope(written(tmp_path, more=PROMETHEUS.format(url=url, more=newest)))
    [look] = taken(loaded, State("r", "d", watermark=BEGIN), BEGIN + LOOK + SETTLES)
    found = look.arms[Arm.BASELINE].observed["error_rate"]
    assert isinstance(found, Unread)
    assert "the newest sample is of 1970-01-01T00:16:00Z" in found.why


def test_a_look_is_counted_soundly_or_not_at_all() -> None:
    assert observed({"found": 4.6, "chances": 10.2}) == Counted(5, 10)
    assert observed({"found": 10.9, "chances": 10.0}) == Counted(10, 10), "drawn out to the ends"
    assert observed({"count": 3.0, "total": 6.5, "squares": 20.0, "chances": 9.0}) == Sums(
        3, 6.5, 20.0
    )
    unsound: list[dict[str, float | NoNumber]] = [
        {"found": 12.0, "chances": 10.0},
        {"found": -1.0, "chances": 10.0},
        {"found": NoNumber("NaN"), "chances": 10.0},
        {"found": 1.0, "chances": NoNumber("no series")},
    ]
    for wrong in unsound:
        assert isinstance(observed(wrong), Unread), wrong


def test_a_trigger_without_a_query_and_an_envelope_without_prometheus_are_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match="expected logs to read, or where Prometheus is"):
        prometheus_source(load_envelope(written(tmp_path)), {})
    path = written(tmp_path, more=PROMETHEUS.format(url="http://127.0.0.1:1", more=""))
    path.write_text(
        path.read_text().replace("bounds:\n", "bounds:\n  - {metric: refusal, max: 9%}\n")
    )
    with pytest.raises(SpecError, match=r"no query for the trigger refusal \(found, and chances"):
        prometheus_source(load_envelope(path), {})


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("url: http://127.0.0.1:1", "url: http://u:p@host", "expected an address such as https"),
        ("[$look]))\n", "[5m]))\n", r"expected \$arm for the arm and \$look"),
        ('arm="$arm",status', "status", r"expected \$arm and \$look in the query found"),
        ("error_rate: '", "eror_rate: '", "no trigger 'eror_rate'; did you mean 'error_rate'"),
        ("    settles", "    token: abc\n    settles", "must not stand in a file"),
        ("    settles", "    arms: {baseline: a, candidate: a}\n    settles", "both arms are called 'a'"),
        ("{error_rate: '", "{error_rate: {count: x}, x: '", "found count as well"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_key_is_said_where_it_stands(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    path = written(tmp_path, more=PROMETHEUS.format(url="http://127.0.0.1:1", more=""))
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(SpecError, match=message) as caught:
        load_envelope(path)
    assert "canary.prometheus" in str(caught.value)
    assert "u:p" not in str(caught.value)


def test_a_quantile_that_the_baseline_has_to_freeze_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, more=PROMETHEUS.format(url="http://127.0.0.1:1", more=""))
    text = path.read_text().replace("{error_rate: '", "{latency_ms: 'x', error_rate: '")
    bound = "bounds:\n  - {metric: latency_ms, statistic: p95, ratio: {max: 1.2}}\n"
    text = text.replace("bounds:\n", bound).replace(
        "candidate:", "baseline: {provider: replay, path: outputs.jsonl}\ncandidate:", 1
    )
    path.write_text(text)
    with pytest.raises(
        SpecError, match="compared with a quantile of the baseline, which queries do not give"
    ):
        load_envelope(path)
