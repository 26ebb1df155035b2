"""The gate of one stage: what was passed stays passed, what is not known holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.core.canary import Action, Decision, State
from evalkit.core.prometheus import written
from evalkit.core.watching import Gate, gate_of

DECISION = Decision(1, "r", 0, 0.05, Action.PROMOTE, (), 0.0, None, None, ())
STATE = State("r", "d", stage=1, decision=DECISION)


def test_a_stage_that_was_passed_may_be_left_and_the_next_one_holds() -> None:
    """Right behind a promotion the newest decision is one, and says nothing of the next stage."""
    assert [gate_of(STATE, stage) for stage in (0, 1, 2)] == [Gate.PROMOTE, Gate.HOLD, Gate.HOLD]


@pytest.mark.parametrize(
    ("action", "gate"), [(Action.PROMOTE, Gate.PROMOTE), (Action.ROLLBACK, Gate.ROLLBACK)]
)
def test_a_run_that_is_over_is_so_in_every_stage(action: Action, gate: Gate) -> None:
    over = replace(STATE, decision=replace(DECISION, action=action, final=True))
    assert {gate_of(over, stage) for stage in range(3)} == {gate}


def test_what_is_asked_about_another_run_holds() -> None:
    assert gate_of(STATE, 0, run="other") is Gate.HOLD
    assert gate_of(STATE, 0, run="r") is Gate.PROMOTE


def test_the_end_of_an_earlier_run_says_nothing_about_this_one() -> None:
    before = replace(DECISION, run="before", action=Action.PROMOTE, final=True)
    assert gate_of(replace(STATE, stage=0, decision=before), 0) is Gate.HOLD
    assert gate_of(replace(STATE, stage=0, decision=None), 0) is Gate.HOLD


def test_a_query_is_filled_in_and_times_are_those_of_promql() -> None:
    query = 'x{arm="$arm",le="$threshold"}[$look]'
    assert written(query, "canary", 0.5, 2000.0) == 'x{arm="canary",le="2000"}[500ms]'
    assert written(query, "canary", 60.0, None) == 'x{arm="canary",le="$threshold"}[60s]'
