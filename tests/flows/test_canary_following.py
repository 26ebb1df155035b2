"""Logs that grow under a canary: each request is counted once, and what is odd is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.core.canary import Action, Look, State
from evalkit.core.errors import SpecError, UsageError
from evalkit.core.model import Arm
from evalkit.flows.canary.following import FollowedSource
from evalkit.flows.canary.logs import LogForm
from evalkit.flows.canary.opened import opened_canary, plan_of
from evalkit.spec.envelope import LoadedEnvelope, load_envelope
from tests.canaries import BEGIN, LOOK, Traffic, written

TRAFFIC = Traffic()
FRESH = State("r", "d")


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedEnvelope:
    """An envelope with a canary."""
    return load_envelope(written(tmp_path))


def grow(log: Path, start: float, end: float) -> None:
    """Write the requests of some looks, counted from the beginning."""
    with log.open("a") as stream:
        stream.writelines(TRAFFIC.lines(BEGIN + start * LOOK, BEGIN + end * LOOK))


def looks(source: FollowedSource, loaded: LoadedEnvelope, state: State, at: float) -> list[Look]:
    """Return the looks that are over after so many."""
    return list(source.looks(plan_of(loaded), state, BEGIN + at * LOOK))


def requests(found: list[Look]) -> list[int]:
    """Return the requests of each look."""
    return [sum(arm.requests for arm in look.arms.values()) for look in found]


def test_a_log_of_two_names_is_followed_once(loaded: LoadedEnvelope, tmp_path: Path) -> None:
    log, link = tmp_path / "app.log", tmp_path / "link.log"
    link.symlink_to("app.log")
    source = FollowedSource([log, link], loaded, LogForm(), FRESH)
    grow(log, 0, 1.5)
    assert requests(looks(source, loaded, FRESH, 1.5)) == [600]


def test_looks_come_when_they_are_over_and_only_once(
    loaded: LoadedEnvelope, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    source = FollowedSource([log], loaded, LogForm(), FRESH)
    assert looks(source, loaded, FRESH, 0.5) == []
    assert list(source.notes()) == [f"{log} is not there; it is read as soon as it is"]
    grow(log, 0, 1.5)
    found = looks(source, loaded, FRESH, 1.5)
    assert requests(found) == [600]
    state = replace(FRESH, watermark=found[-1].end)
    grow(log, 1.5, 3.2)
    assert requests(looks(source, loaded, state, 3.2)) == [600, 600]
    assert list(source.notes()) == []


def test_a_restart_takes_up_lines_whose_look_was_open_and_no_others(
    loaded: LoadedEnvelope, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    grow(log, 0, 1.5)
    source = FollowedSource([log], loaded, LogForm(), FRESH)
    found = looks(source, loaded, FRESH, 1.5)
    state = replace(FRESH, watermark=found[-1].end)
    state = replace(state, bookmark=source.bookmark(state.watermark))
    log.rename(tmp_path / "app.log.1")
    grow(log, 1.5, 2.5)
    again = FollowedSource([log], loaded, LogForm(), state)
    assert again.bookmark(state.watermark) == state.bookmark, "nothing was read yet"
    assert requests(looks(again, loaded, state, 2.5)) == [600]


def test_the_bookmark_is_kept_in_the_state_file(loaded: LoadedEnvelope, tmp_path: Path) -> None:
    log, path = tmp_path / "app.log", tmp_path / "state.json"
    for number in range(1, 4):
        grow(log, number - 1, number)
        with opened_canary(path, plan_of(loaded)) as canary:
            source = FollowedSource([log], loaded, LogForm(), canary.state)
            decision = canary.look(source, BEGIN + (number + 0.02) * LOOK)
        assert decision.number == number
    assert decision.action in {Action.HOLD, Action.PROMOTE}
    kept = json.loads(path.read_text())["memory"]["bookmark"][str(log)]["files"]
    assert kept[0]["read"] == log.stat().st_size


def test_a_request_from_a_clock_a_little_ahead_waits_for_its_time(
    loaded: LoadedEnvelope, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    grow(log, 0, 1.2)
    source = FollowedSource([log], loaded, LogForm(), FRESH)
    assert looks(source, loaded, FRESH, 0.9) == []
    assert requests(looks(source, loaded, FRESH, 1.2)) == [600]


def test_a_log_that_is_cut_and_one_that_cannot_be_unpacked_are_told_of(
    loaded: LoadedEnvelope, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    grow(log, 0, 1)
    source = FollowedSource([log], loaded, LogForm(), FRESH)
    looks(source, loaded, FRESH, 1)
    log.write_text("")
    (tmp_path / "app.log.1.gz").write_bytes(b"\x1f\x8b")
    looks(source, loaded, FRESH, 1)
    cut, packed = source.notes()
    assert "was replaced, and what it held is not beside it" in cut
    assert packed.endswith("app.log.1.gz cannot be unpacked yet; it is read as soon as it can")


def test_records_that_are_none_are_counted_and_too_many_end_it(
    loaded: LoadedEnvelope, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    grow(log, 0, 1.1)
    with log.open("a") as stream:
        stream.write("\nno json\n")
    source = FollowedSource([log], loaded, LogForm(skip_malformed=1), FRESH)
    assert requests(looks(source, loaded, FRESH, 1.1)) == [600]
    assert source.malformed == 1
    with pytest.raises(SpecError, match=r"app\.log"):
        looks(FollowedSource([log], loaded, LogForm(), FRESH), loaded, FRESH, 1.1)


def test_malformed_records_that_were_counted_before_a_restart_are_not_counted_again(
    loaded: LoadedEnvelope, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    grow(log, 0, 0.5)
    with log.open("a") as stream:
        stream.write("no json\n")
    source = FollowedSource([log], loaded, LogForm(skip_malformed=1), FRESH)
    looks(source, loaded, FRESH, 0.6)
    state = replace(FRESH, bookmark=source.bookmark(None))
    again = FollowedSource([log], loaded, LogForm(), state)
    grow(log, 0.5, 1.2)
    assert requests(looks(again, loaded, state, 1.2)) == [600]


def test_arms_that_nobody_knows_and_formats_that_cannot_be_followed_are_refused(
    loaded: LoadedEnvelope, tmp_path: Path
) -> None:
    log = tmp_path / "app.log"
    log.write_text(json.dumps({"id": "a", "output": "x", "arm": "blue", "created": BEGIN}) + "\n")
    with pytest.raises(UsageError, match="expected requests of arms named baseline"):
        looks(FollowedSource([log], loaded, LogForm(), FRESH), loaded, FRESH, 1)
    with pytest.raises(UsageError, match="of the format openai_evals cannot be followed"):
        looks(
            FollowedSource([log], loaded, LogForm(reader="openai_evals"), FRESH), loaded, FRESH, 1
        )


@pytest.mark.parametrize("kept", [3, {"current": 0}, {"current": None, "files": [{"read": 1}]}])
def test_a_bookmark_that_was_changed_by_hand_is_refused(
    loaded: LoadedEnvelope, tmp_path: Path, kept: object
) -> None:
    log = tmp_path / "app.log"
    with pytest.raises(SpecError, match="it was changed by hand"):
        FollowedSource([log], loaded, LogForm(), replace(FRESH, bookmark={str(log): kept}))


def test_arms_are_those_that_the_log_names(loaded: LoadedEnvelope, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    grow(log, 0, 1.1)
    [look] = looks(FollowedSource([log], loaded, LogForm(), FRESH), loaded, FRESH, 1.1)
    assert 80 < look.arms[Arm.CANDIDATE].requests < 160
