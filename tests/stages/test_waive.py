"""A waiver lets through what it names, nothing worse, and changes no verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.core.envelope import Require, Severity
from evalkit.core.verdict import ExitCode, Outcome, Result, Verdict
from evalkit.core.waiver import Subject, Waiver
from evalkit.stages.waive import let_through, open_bounds, uncovered
from tests.report.verdicts import absolute, bound, estimate, facts, verdict

FOUND, LIMIT = estimate(0.5, 0.4, 0.6), absolute(0.5)
UNDECIDED = bound("open", LIMIT, FOUND, Result.UNDECIDED)
BROKEN = bound("bad", LIMIT, FOUND, Result.BROKEN)
UNMEASURED = bound("none", LIMIT, FOUND, Result.UNMEASURED)
HOLDS = bound("good", LIMIT, FOUND, Result.HOLDS)


def of(*bounds: object, outcome: Outcome = Outcome.INCONCLUSIVE) -> Verdict:
    made = verdict(outcome, list(bounds))  # type: ignore[arg-type]
    return replace(made, exit_code=ExitCode.INCONCLUSIVE)


def waiver(worst: str = "inconclusive", **bounds: str) -> Waiver:
    subject = Subject("a", "b", "c")
    return Waiver("x", subject, worst, bounds, "Ada", "so", "2026-11-26", "2026-12-01", "run")


def test_only_what_keeps_a_verdict_from_a_pass_is_open() -> None:
    found = of(
        UNDECIDED, BROKEN, UNMEASURED, HOLDS,
        replace(BROKEN, name="warns", severity=Severity.WARN),
        replace(UNDECIDED, name="loose", require=Require.NOT_DISPROVEN),
        replace(BROKEN, name="disproven", require=Require.NOT_DISPROVEN),
    )  # fmt: skip
    assert open_bounds(found) == {
        "open": "undecided", "bad": "broken", "none": "unmeasured", "disproven": "broken",
    }  # fmt: skip


def test_what_is_covered_is_let_through_and_stays_what_it_is() -> None:
    found = of(UNDECIDED, HOLDS)
    done = let_through(found, waiver(open="undecided"))
    assert (done.outcome, done.exit_code) == (Outcome.INCONCLUSIVE, ExitCode.PASS)
    assert done.facts.waiver == waiver(open="undecided")
    assert (done.sentence, done.bounds) == (found.sentence, found.bounds)
    assert let_through(found, None) == found
    passed = replace(found, exit_code=ExitCode.PASS)
    assert let_through(passed, waiver(open="undecided")) == passed


def test_a_milder_result_is_covered_with_a_worse_one() -> None:
    assert uncovered(of(UNDECIDED), waiver("fail", open="broken")) == ""


@pytest.mark.parametrize(
    ("found", "given", "why"),
    [
        (
            of(BROKEN, outcome=Outcome.FAIL),
            waiver(bad="broken"),
            "the verdict is fail, and it covers",
        ),
        (
            of(UNMEASURED),
            waiver("fail", none="undecided"),
            "none is unmeasured, and it covers undec",
        ),
        (of(UNDECIDED), waiver("fail", other="broken"), "open is undecided, and it does not name"),
        (
            replace(of(UNDECIDED), facts=facts(smoke=True)),
            waiver(open="undecided"),
            "this is a smoke run",
        ),
    ],
)
def test_nothing_worse_and_nothing_further_is_covered(
    found: Verdict, given: Waiver, why: str
) -> None:
    assert uncovered(found, given).startswith(why)
    assert let_through(found, given) == found
