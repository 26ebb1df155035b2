"""An unchanged candidate differs from its baseline by noise alone, and by as much of it as there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from evalkit.core.envelope import Support
from evalkit.core.model import Arm
from evalkit.core.plan import Basis
from evalkit.stats.arrays import FloatArray
from evalkit.stats.evidence import Evidence, Observed
from evalkit.stats.unchanged import Draws, Unchanged
from tests.stats.arms import ANY, NON_NEGATIVE, UNIT_INTERVAL, evidence

CASES = 20_000
ONCE = Draws(1, 1, None, UNIT_INTERVAL)
PILOTS = 12


def recorded(values: FloatArray) -> Evidence:
    """Return a baseline with a row of draws a case."""
    return evidence([[0.0]] * len(values), [list(row) for row in values])


def source(
    found: Evidence, support: Support = UNIT_INTERVAL, *, compares: bool = True
) -> Unchanged:
    made = Unchanged.of(found, support, compares=compares)
    assert made is not None
    return made


def difference(found: Evidence) -> FloatArray:
    """Return candidate − baseline a case, one draw in either arm."""
    return found.arms[Arm.CANDIDATE].values - found.arms[Arm.BASELINE].values


def noisy_few(rng: np.random.Generator) -> FloatArray:
    return np.where(np.arange(400) < 60, rng.random(400), 1.0)


SHAPES: dict[str, Callable[[np.random.Generator], FloatArray]] = {
    "in 15 % of the cases": noisy_few,
    "in all of them alike": lambda _: np.full(400, 0.9),
    "in most of them a little": lambda rng: rng.beta(0.6, 0.08, 400),
    "wherever it can be": lambda _: np.full(400, 0.5),
}


@pytest.mark.parametrize("draws", [2, 3, 5])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_case_changes_as_often_as_it_truly_does_wherever_the_noise_is(
    shape: str, draws: int
) -> None:
    rng = np.random.default_rng(11)
    seen, true = [], []
    for _ in range(PILOTS):
        chance = SHAPES[shape](rng)
        pilot = (rng.random((400, draws)) < chance[:, None]).astype(float)
        changed = difference(source(recorded(pilot)).draw(rng, CASES, ONCE))
        seen.append(np.mean(changed**2))
        true.append(np.mean(2 * chance * (1 - chance)))
        assert abs(changed.mean()) < 5 * changed.std() / np.sqrt(CASES) + 1e-9
    spread = np.std(seen, ddof=1) / np.sqrt(PILOTS)
    assert np.mean(seen) == pytest.approx(np.mean(true), abs=4 * spread + 0.002)


@pytest.mark.parametrize("draws", [2, 3, 5])
def test_scores_scatter_as_they_truly_do_even_at_the_ends_of_their_support(draws: int) -> None:
    rng = np.random.default_rng(12)
    for ends in (False, True):
        seen = []
        for _ in range(PILOTS):
            size = (400, draws)
            if ends:  # most are near an end, some leap from one to the other
                values = np.where(rng.random(size) < 0.1, 0.02, 0.98)
                values = np.clip(values + rng.normal(0, 0.01, size), 0, 1)
                true = 2 * (0.1 * 0.9 * 0.96**2 + 0.01**2)
            else:
                values = rng.uniform(0.3, 0.6, 400)[:, None] + rng.uniform(-0.1, 0.1, size)
                true = 2 * 0.2**2 / 12
            changed = difference(source(recorded(values)).draw(rng, CASES, ONCE))
            seen.append(np.mean(changed**2) / true)
        spread = np.std(seen, ddof=1) / np.sqrt(PILOTS)
        assert np.mean(seen) == pytest.approx(1, abs=4 * spread + 0.03)


@pytest.mark.parametrize("draws", [2, 5])
def test_a_floor_is_laid_on_the_rate_that_was_seen(draws: int) -> None:
    rng = np.random.default_rng(13)
    pilot = (rng.random((500, draws)) < 0.9).astype(float)
    found = source(recorded(pilot), compares=False).draw(rng, 40_000, ONCE)
    values = found.arms[Arm.CANDIDATE].values
    assert values.mean() == pytest.approx(pilot.mean(), abs=0.008)
    amounts = rng.gamma(2, 1, (500, draws))
    again = source(recorded(amounts), NON_NEGATIVE, compares=False).draw(rng, 40_000, ONCE)
    drawn = again.arms[Arm.CANDIDATE].values
    assert drawn.mean() == pytest.approx(amounts.mean(), rel=0.03)
    assert drawn.var() == pytest.approx(amounts.var(), rel=0.08)


def test_nothing_that_never_differs_ever_changes() -> None:
    rng = np.random.default_rng(14)
    for values in (np.ones((30, 3)), np.full((30, 3), 0.4), np.tile(rng.random((30, 1)), 4)):
        assert not difference(source(recorded(values)).draw(rng, 500, ONCE)).any()


def test_timeouts_are_drawn_as_they_are() -> None:
    rng = np.random.default_rng(15)
    values = np.where(rng.random((60, 2)) < 0.1, np.inf, rng.gamma(3, 1, (60, 2)))
    found = source(recorded(values), NON_NEGATIVE).draw(rng, 2000, ONCE)
    share = np.isinf(found.arms[Arm.CANDIDATE].values).mean()
    assert share == pytest.approx(np.isinf(values).mean(), abs=0.03)


# ---------------------------------------------------------------- one draw in each arm


def test_arms_of_the_last_run_are_swapped_at_random_so_that_neither_is_better() -> None:
    rng = np.random.default_rng(16)
    before = [1.0] * 80 + [0.0] * 20
    after = [1.0] * 60 + [0.0] * 40
    found = source(evidence(after, before))
    assert found.basis is Basis.LAST_RUN
    changed = difference(found.draw(rng, CASES, ONCE))
    assert np.mean(changed**2) == pytest.approx(0.2, abs=0.012)
    assert abs(changed.mean()) < 0.015
    backwards = source(evidence(before, after)).draw(rng, CASES, ONCE)
    assert np.mean(difference(backwards) ** 2) == pytest.approx(0.2, abs=0.012)


def test_cases_that_one_arm_did_not_answer_tell_no_noise() -> None:
    found = source(evidence([1.0, None, 0.0, 1.0], [1.0, 1.0, None, 0.0]))
    assert found.cases == 2
    assert Unchanged.of(evidence([None, 1.0], [1.0, None]), UNIT_INTERVAL, compares=True) is None


def test_the_first_answer_of_the_candidate_is_taken() -> None:
    found = source(evidence([[0.0, 1.0], [None, 1.0]], [[1.0], [1.0]]))
    assert found.other is not None
    assert list(found.other) == [0.0, 1.0]


def test_one_draw_of_one_arm_shows_no_noise_but_is_enough_for_that_arm() -> None:
    alone = evidence([0.0, 1.0], [0.0, 1.0])
    alone = replace(alone, arms={Arm.BASELINE: alone.arms[Arm.BASELINE]})
    assert Unchanged.of(alone, UNIT_INTERVAL, compares=True) is None
    found = source(alone, compares=False)
    assert found.basis is Basis.BASELINE
    assert found.stand_ins is None


def test_a_baseline_without_a_value_shows_nothing() -> None:
    nothing = evidence([1.0, 1.0], [None, None])
    assert Unchanged.of(nothing, UNIT_INTERVAL, compares=True) is None
    assert Unchanged.of(nothing, UNIT_INTERVAL, compares=False) is None


def test_a_few_lost_draws_do_not_hide_the_noise_of_all_others() -> None:
    rng = np.random.default_rng(17)
    draws: list[list[float | None]] = [[float(x) for x in rng.random(4) < 0.8] for _ in range(50)]
    draws[0] = [1.0, None, None, None]
    draws[1] = [None, None, None, None]
    found = source(evidence([[None]] * 50, draws))
    assert found.basis is Basis.DRAWS
    assert found.cases == 48
    one_arm = source(evidence([[None]] * 50, draws), compares=False)
    assert one_arm.basis is Basis.DRAWS
    assert one_arm.cases == 49


# ---------------------------------------------------------------- clusters, gaps, repeats


def test_clusters_come_whole_and_as_often_as_others() -> None:
    rng = np.random.default_rng(18)
    codes = np.repeat(np.arange(40), np.arange(1, 41) % 5 + 1)
    rng.shuffle(codes)
    values = codes[:, None] + np.array([[0.25, 0.5]])
    found = recorded(values)
    found = Evidence(found.cases, found.arms, codes)
    made = source(found, ANY, compares=False).draw(rng, 300, ONCE)
    assert made.clusters is not None
    sizes = np.bincount(codes)
    which = np.floor(made.arms[Arm.CANDIDATE].values).astype(int)
    assert made.cases == pytest.approx(300, abs=60)
    for code in np.unique(made.clusters):
        inside = which[made.clusters == code]
        assert np.unique(inside).size == 1
        assert inside.size == sizes[inside[0]]


def test_as_many_samples_are_missing_as_were() -> None:
    rng = np.random.default_rng(19)
    answers: list[list[float | None]] = [
        [float(x) if y < 0.9 else None for x, y in rng.random((2, 2))] for _ in range(300)
    ]
    found = evidence([[1.0]] * 300, answers)
    made = source(found, compares=False).draw(rng, 5000, Draws(3, 2, None, UNIT_INTERVAL))
    missing = found.arms[Arm.BASELINE].missing / found.arms[Arm.BASELINE].samples
    for arm, draws in ((Arm.BASELINE, 3), (Arm.CANDIDATE, 2)):
        seen = made.arms[arm]
        assert seen.samples == 5000 * draws
        assert seen.missing / seen.samples == pytest.approx(missing, abs=0.015)
        assert not seen.values[~seen.present].any()


def test_noisy_cases_are_drawn_more_often_and_others_as_usual() -> None:
    rng = np.random.default_rng(20)
    pilot = np.where(np.arange(200)[:, None] < 40, rng.random((200, 5)) < 0.5, 1.0)
    draws = Draws(5, 1, 3, UNIT_INTERVAL)
    made = source(recorded(pilot)).draw(rng, 400, draws)
    baseline, candidate = made.arms[Arm.BASELINE], made.arms[Arm.CANDIDATE]
    seen = baseline.values.reshape(400, 5)
    noisy = seen.min(axis=1) < seen.max(axis=1)
    assert 20 < np.count_nonzero(noisy) < 180
    assert (np.bincount(candidate.case) == np.where(noisy, 3, 1)).all()
    usual = Draws(5, 4, 3, UNIT_INTERVAL).wanted(baseline, 400)
    assert (usual == 4).all()


def test_the_order_of_betting_is_that_of_drawing() -> None:
    made = source(recorded(np.ones((5, 2)))).draw(np.random.default_rng(1), 9, ONCE)
    assert made.order is not None
    assert list(made.order) == list(range(9))


def test_the_same_seed_draws_the_same_run() -> None:
    found = source(recorded((np.random.default_rng(2).random((50, 3)) < 0.7).astype(float)))
    one, other = (found.draw(np.random.default_rng(3), 40, ONCE) for _ in range(2))
    for arm in Arm:
        first: Observed = one.arms[arm]
        assert np.array_equal(first.values, other.arms[arm].values)
