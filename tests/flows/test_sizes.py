"""Cases that could prove nothing are counted before the first answer is paid for."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.core.envelope import Bound, Envelope, Require, Severity, Slice
from evalkit.core.errors import UsageError
from evalkit.core.model import Case
from evalkit.flows.sizes import Sizes
from tests.stages.trials import LATENCY, SNAPSHOT, at_most, bound, within

NARROW = within(0.03)
"""On rates, 99 cases are the least that can prove it."""


def refused(*bounds: Bound, cases: list[Case]) -> str:
    """Return what is said of bounds that the cases cannot prove; nothing where they can."""
    sizes = Sizes(Envelope("x", SNAPSHOT, bounds, baseline=SNAPSHOT))
    for case in cases:
        sizes.see(case)
    try:
        sizes.refuse_the_impossible()
    except UsageError as error:
        return str(error)
    return ""


def cases(count: int, **fields: Any) -> list[Case]:
    return [Case(f"c{number}", "?", **fields) for number in range(count)]


def test_one_case_below_the_least_is_refused_and_the_least_is_not() -> None:
    assert refused(bound(NARROW), cases=cases(98)) == (
        "accuracy cannot be proven on 98 cases, whatever is answered: 99 are the least.\n"
        "Nothing was asked. evalkit plan names the margin that these cases can prove; --anyway asks "
        "all the same, and such a bound stays undecided."
    )
    assert refused(bound(NARROW), cases=cases(99)) == ""


def test_groups_count_once_however_many_cases_they_have() -> None:
    grouped = [Case(f"g{number}", "?", cluster=f"d{number // 4}") for number in range(200)]
    assert refused(bound(NARROW), cases=grouped).startswith(
        "accuracy cannot be proven on 200 cases in 50 independent groups, whatever is answered: "
    )
    assert refused(bound(NARROW), cases=[*grouped, *cases(49)]) == ""
    assert "249 cases" not in refused(bound(NARROW), cases=[*grouped, *cases(48)])


def test_only_the_cases_of_its_slice_count_for_a_bound() -> None:
    sliced = bound(NARROW, slice=Slice(any_of=("hard",)))
    found = [*cases(98, tags=("hard",)), *(Case(f"e{number}", "?") for number in range(300))]
    assert "on 98 cases" in refused(sliced, cases=found)
    assert refused(bound(NARROW), cases=found) == ""


def test_every_bound_that_cannot_be_proven_is_named_and_no_other() -> None:
    found = refused(
        bound(NARROW, name="first"),
        bound(within(0.2), name="wide"),
        bound(NARROW, name="second"),
        cases=cases(30),
    )
    assert [line.split(" ", 1)[0] for line in found.splitlines()] == ["first", "second", "Nothing"]


@pytest.mark.parametrize(
    "changes", [{"severity": Severity.WARN}, {"require": Require.NOT_DISPROVEN}]
)
def test_a_bound_that_need_not_be_proven_refuses_nothing(changes: dict[str, Any]) -> None:
    assert refused(bound(NARROW, **changes), cases=cases(5)) == ""


def test_a_single_case_is_not_called_cases() -> None:
    assert "on 1 case, whatever" in refused(bound(NARROW), cases=cases(1))


def test_a_quantile_needs_cases_beyond_it() -> None:
    assert "latency_ms cannot be proven on 50 cases" in refused(
        bound(at_most(100), LATENCY), cases=cases(50)
    )
    assert refused(bound(at_most(100), LATENCY), cases=cases(59)) == ""
