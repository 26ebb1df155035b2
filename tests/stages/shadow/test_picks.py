"""Requests are drawn to be labelled: the same ones however a log is cut, more where arms disagree."""

from __future__ import annotations

import random

import pytest

from evalkit.core.model import ABSENT, Arm, ErrorKind, SampleError
from evalkit.stages.shadow.picks import ALIKE, Glimpse, Requests, drawn, stratum_of, wanted
from tests.stages.shadow.requests import logged

RATES = ("refusal", "schema_valid")
FAILED = SampleError(ErrorKind.TIMEOUT)


def _glimpse(*rates: float | None, failed: bool = False, words: int = 10) -> Glimpse:
    return Glimpse(failed, words, rates or (0.0, 1.0))


@pytest.mark.parametrize(
    ("baseline", "candidate", "expected"),
    [
        (_glimpse(), _glimpse(), ALIKE),
        (_glimpse(), _glimpse(failed=True), "candidate failed"),
        (_glimpse(failed=True), _glimpse(), "baseline failed"),
        (_glimpse(0.0, 1.0), _glimpse(1.0, 0.0), "refusal: candidate only"),
        (_glimpse(0.0, 1.0), _glimpse(0.0, 0.0), "schema_valid: baseline only"),
        (_glimpse(None, 1.0), _glimpse(1.0, 1.0), ALIKE),
        (_glimpse(words=10), _glimpse(words=21), "other length"),
        (_glimpse(words=0), _glimpse(words=2), ALIKE),
        (_glimpse(1.0, 1.0), None, "refusal: 1"),
        (None, _glimpse(0.0, 0.0), "one arm, nothing found"),
        (None, _glimpse(failed=True), "failed"),
    ],
)
def test_a_request_belongs_to_the_first_way_in_which_the_arms_differ(
    baseline: Glimpse | None, candidate: Glimpse | None, expected: str
) -> None:
    both = {Arm.BASELINE: baseline, Arm.CANDIDATE: candidate}
    assert stratum_of({arm: found for arm, found in both.items() if found}, RATES) == expected


def _rows(count: int) -> list[tuple[str, Arm, float]]:
    rng = random.Random(7)
    rows = [(f"r{place}", arm, float(rng.random() < 0.2)) for place in range(count) for arm in Arm]
    rng.shuffle(rows)
    return rows


def _seen(rows: list[tuple[str, Arm, float]], most: int = 50_000, seed: int = 0) -> Requests:
    requests = Requests(RATES, seed, most)
    for name, arm, value in rows:
        requests.see(logged(name), arm, {"refusal": value, "schema_valid": 1.0})
    return requests


@pytest.mark.parametrize("most", [40, 1000])
@pytest.mark.parametrize("cut", [0, 57, 600])
def test_the_same_requests_are_kept_however_a_log_is_cut(most: int, cut: int) -> None:
    rows = _rows(300)
    both = _seen(rows[:cut], most) + _seen(rows[cut:], most)
    assert both.strata() == _seen(rows, most).strata()


def test_of_a_long_log_a_known_part_is_kept() -> None:
    whole, part = _seen(_rows(300)), _seen(_rows(300), 40)
    part.strata()
    assert whole.share == 1.0
    assert len(part.found) == 40
    assert 0.08 < part.share < 0.2
    assert part.found.keys() == set(sorted(whole.found)[:40])


def test_another_seed_draws_others() -> None:
    one, other = (_seen(_rows(300), 40, seed).strata() for seed in (0, 1))
    assert one != other


def test_of_a_request_that_an_arm_logged_twice_the_first_answer_counts() -> None:
    requests = Requests(RATES, 0)
    for value in (1.0, 0.0):
        requests.see(logged("r"), Arm.CANDIDATE, {"refusal": value})
    requests.see(logged("r"), Arm.BASELINE, {"refusal": 0.0})
    assert requests.strata() == {"refusal: candidate only": ["r"]}
    twice = requests + requests
    assert twice.strata() == requests.strata()


def test_an_answer_that_failed_is_noted_as_such() -> None:
    requests = Requests(RATES, 0)
    requests.see(logged("r", output=None, error=FAILED), Arm.CANDIDATE, {})
    assert requests.strata() == {"failed": ["r"]}


STRATA = {"refusal: candidate only": ["a", "b", "c"], ALIKE: [f"z{n}" for n in range(97)]}


def test_each_stratum_gives_as_many_cases_as_there_is_room_for_and_says_what_they_stand_for() -> (
    None
):
    asked = {
        name: logged(name, asked=f"what is {name}?") for names in STRATA.values() for name in names
    }
    found = drawn(STRATA, asked, 10)
    assert [(part.name, part.size, part.taken) for part in found.strata] == [
        ("refusal: candidate only", 3, 3), (ALIKE, 97, 7),
    ]  # fmt: skip
    assert len(found.cases) == 10
    weights = [case.metadata["weight"] for case in found.cases]
    assert sum(float(str(weight)) for weight in weights) == pytest.approx(100, abs=0.01)
    half = drawn(STRATA, asked, 10, share=0.5)
    assert half.cases[0].metadata["weight"] == 2.0


def test_a_case_is_what_was_asked_without_the_name_of_who_asked() -> None:
    item = logged(
        "a", asked="Where?", user="ada@example.org", tags=("billing",), metadata={"app": "web"}
    )
    (case,) = drawn({ALIKE: ["a"]}, {"a": item}, 5).cases
    assert (case.id, case.input, case.tags) == ("a", "Where?", ("traffic", "billing"))
    assert case.cluster is not None
    assert "ada" not in case.cluster
    assert case.metadata == {"app": "web", "stratum": ALIKE, "weight": 1.0}
    assert case.reference is ABSENT


def test_requests_that_ask_the_same_or_hold_no_input_are_counted_and_left_out() -> None:
    asked = {
        "a": logged("a", asked="Where  is it?"), "b": logged("b", asked="where is it?"),
        "c": logged("c"), "d": logged("d", asked={"city": "Rome"}),
    }  # fmt: skip
    found = drawn({ALIKE: ["a", "b", "c", "d", "e"]}, asked, 5)
    assert [case.id for case in found.cases] == ["a", "d"]
    assert (found.alike, found.without_input) == (1, 1)


def test_a_few_more_requests_are_looked_up_than_are_wanted() -> None:
    assert list(wanted({ALIKE: list("abcdef")}, 2)) == list("abcd")
