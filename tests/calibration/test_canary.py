"""What the page about canaries says holds in a small simulation, seeded."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest

from evalkit.core.canary import Action
from tests.calibration.canary import (
    ENOUGH,
    HARMLESS,
    PAGE,
    SPEEDS,
    People,
    by_configured_share,
    caught_by_needed,
    ended,
    false_alarms,
    looks_to_alarm,
    nested_alarms,
    people_alarms,
    z_test_alarms,
)
from tests.calibration.canary_traffic import BUDGET, EACH, family, first_alarm


def test_five_triggers_share_the_budget() -> None:
    assert len(family()) * EACH == pytest.approx(BUDGET)


@pytest.mark.parametrize("share", [0.05, 0.06, 0.04])
def test_candidates_at_their_limits_are_not_rolled_back(share: float) -> None:
    found = false_alarms(share, runs=4, batch=1000)
    assert sum(any(alarms) for alarms in zip(*found.values(), strict=True)) == 0


def test_a_repeated_z_test_rolls_back_a_third_of_them_and_the_configured_share_nearly_all() -> None:
    assert 0.27 < z_test_alarms(1000) < 0.37
    assert by_configured_share(5) == 1.0


@pytest.mark.parametrize(("place", "most"), [(0, 2), (1, 3), (2, 4), (4, 13)])
def test_doubled_errors_are_found_as_soon_as_the_table_says(place: int, most: int) -> None:
    assert median(looks_to_alarm(SPEEDS[place], 100)) <= most


def test_a_regression_of_the_last_stage_is_caught_there_and_nowhere_earlier() -> None:
    assert {ended(run, 2) for run in range(10)} == {(Action.ROLLBACK, 2)}
    assert {ended(run, None) for run in range(10)} == {(Action.PROMOTE, 2)}


@pytest.mark.parametrize("name", ENOUGH)
def test_four_of_five_bad_candidates_are_found_by_the_traffic_that_is_needed(name: str) -> None:
    watched, _, bad = ENOUGH[name]
    caught, needed = caught_by_needed(watched, bad, 30)
    assert caught >= 0.7  # of 30 runs
    assert needed > 100


def test_a_harmless_candidate_of_the_same_traffic_is_not_found() -> None:
    [errors, *_] = family()
    assert first_alarm(errors, np.random.default_rng(1), 2000, 0.05, looks=30) is None


TROUBLED = People(1000, troubled=0.03)


def test_users_who_always_fail_roll_nothing_back_where_they_are_named() -> None:
    found = [people_alarms(TROUBLED, 12, named=named, looks=30) for named in (True, False)]
    assert sum(look <= 30 for look in found[0]) == 0
    assert sum(look <= 30 for look in found[1]) >= 2


def test_nor_do_they_in_stages_each_within_the_next() -> None:
    assert nested_alarms(10, named=True, people=TROUBLED, each=4) == 0


def test_nor_do_users_who_come_back_and_never_fail_beside_strangers_who_do() -> None:
    *_, people = HARMLESS.values()
    assert min(people_alarms(people, 8, named=True, looks=30)) > 30


def test_what_becomes_three_times_as_bad_for_users_who_all_came_is_found() -> None:
    worse = People(2000, ratio=3.0, since=5)
    assert median(people_alarms(worse, 5, named=True, looks=40)) <= 30


def test_the_page_is_there_and_holds_what_was_promised() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert "| 1 % → 2 % | 5.0 % | 1 | 0.05 | 2 |" in page
    assert (
        "| errors double from the 20 % stage on | 0.0 % | 0.0 % | 100.0 % | 0.0 % | 0.0 % |" in page
    )
