"""Steps granted to Flagger: one a stage, to one revision, and never one too many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.core.canary import Action, CanaryPlan, Decision, Reason, ReasonCode, Stage, State
from evalkit.core.errors import SpecError
from evalkit.flows.canary.grants import Grants

PLAN = CanaryPlan("chat", tuple(Stage(share, 1, 2) for share in (0.01, 0.05, 0.2)), (), look=60.0)
HOLD = Decision(
    1, "r", 0, 0.01, Action.HOLD, (Reason(ReasonCode.TOO_FEW, "too few"),), 0.0, 60.0, 0.01, ()
)
STATE = State("r", "d", decision=HOLD)


def passed(stages: int) -> State:
    """Return a state in which so many stages were passed."""
    return replace(STATE, stage=stages)


def over(action: Action) -> State:
    """Return a state at the end of a run."""
    return replace(STATE, stage=2, decision=replace(HOLD, action=action, final=True, stage=2))


def step(grants: Grants, state: State, now: float = 0.0, revision: str | None = "a") -> bool:
    """Return whether a step is granted."""
    return grants.step(PLAN, state, revision=revision, now=now).yes


def test_the_first_step_is_free_and_each_further_one_needs_the_stage_before_it(
    tmp_path: Path,
) -> None:
    grants = Grants(tmp_path / "s.json")
    assert [step(grants, STATE) for _ in range(3)] == [True, False, False]
    assert [step(grants, passed(1)) for _ in range(2)] == [True, False]
    assert [step(grants, passed(2)) for _ in range(2)] == [True, False]
    refused = grants.step(PLAN, passed(2), revision="a", now=0.0)
    assert "what is left is to promote" in refused.why
    assert not grants.promoted(passed(2), "a").yes
    assert grants.promoted(over(Action.PROMOTE), "a").yes


def test_a_step_is_on_disk_before_it_is_granted(tmp_path: Path) -> None:
    assert step(Grants(tmp_path / "s.json"), STATE)
    assert not step(Grants(tmp_path / "s.json"), STATE), "also by the watcher after a restart"


def test_a_hold_says_why(tmp_path: Path) -> None:
    grants = Grants(tmp_path / "s.json")
    step(grants, STATE)
    assert grants.step(PLAN, STATE, revision="a", now=0.0).why == "hold: too few"
    assert grants.promoted(replace(STATE, decision=None), "a").why == "hold"


def test_a_step_that_the_traffic_never_showed_is_granted_again(tmp_path: Path) -> None:
    grants = Grants(tmp_path / "s.json")
    step(grants, STATE, 0.0)
    assert step(grants, passed(1), 100.0)
    off = (Reason(ReasonCode.SHARE_OFF, "1 %, not 5 %"),)
    too_early = replace(HOLD, reasons=off, look=120.0, realised=0.01)
    assert not step(grants, replace(passed(1), decision=too_early), 130.0)
    for decision in (
        None,
        HOLD,
        replace(too_early, look=None),
        replace(too_early, look=200.0, realised=0.3),
    ):
        assert not step(grants, replace(passed(1), decision=decision), 210.0)
    assert step(grants, replace(passed(1), decision=replace(too_early, look=200.0)), 210.0)
    assert not step(grants, replace(passed(1), decision=replace(too_early, look=240.0)), 241.0)


def test_another_revision_is_refused_until_another_run_begins(tmp_path: Path) -> None:
    grants = Grants(tmp_path / "s.json")
    assert step(grants, STATE)
    assert not step(grants, passed(1), revision="b")
    assert not grants.promoted(over(Action.PROMOTE), "b").yes
    assert not grants.rolled_back(over(Action.ROLLBACK), "b").yes
    assert step(grants, replace(STATE, run="next"), revision="b")


def test_a_run_that_is_over_gives_nothing_to_whoever_was_never_given_traffic(
    tmp_path: Path,
) -> None:
    grants = Grants(tmp_path / "s.json")
    assert not grants.promoted(over(Action.PROMOTE), "a").yes
    assert not step(grants, over(Action.ROLLBACK))
    assert not step(grants, over(Action.PROMOTE))
    assert not step(grants, passed(2)), "nobody gave it the steps before"
    assert grants.rolled_back(over(Action.ROLLBACK), "a").yes
    assert not grants.rolled_back(over(Action.PROMOTE), "a").yes


@pytest.mark.parametrize("text", ["{", '{"run": 1}'])
def test_a_file_that_was_changed_by_hand_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.json.granted.json").write_text(text)
    with pytest.raises(SpecError, match="changed by hand"):
        Grants(tmp_path / "s.json")
