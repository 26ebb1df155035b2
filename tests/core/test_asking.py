"""What is said of a collection starts from nothing asked, nothing spent, and nothing wrong."""

from __future__ import annotations

import pytest

from evalkit.core.asking import ArmProgress, Ending, Limits, Progress
from evalkit.core.checkup import Finding, Health
from evalkit.core.model import Arm
from evalkit.core.run import Manifest
from evalkit.core.verdict import Digests


def test_a_limit_that_is_not_given_is_unknown_and_not_nothing() -> None:
    limits = Limits()
    assert (limits.cost_usd, limits.seconds, limits.requests) == (None, None, None)
    assert Limits(requests=0).requests == 0


def test_an_arm_that_was_not_asked_yet_has_cost_nothing() -> None:
    begun = ArmProgress(total=5)
    assert (begun.done, begun.kept, begun.errors, begun.retries, begun.waiting) == (0, 0, 0, 0, 0)
    assert begun.cost_usd == 0.0
    assert Progress({Arm.CANDIDATE: begun}, 0.0).ending == ""


def test_a_collection_that_went_to_its_end_says_nothing_of_an_ending() -> None:
    whole = Ending()
    said = (whole.stopped, whole.spent, whole.settled, whole.interrupted)
    assert said == ({}, "", False, False)
    assert Ending(interrupted=True) != whole


@pytest.mark.parametrize(
    ("health", "word"),
    [(Health.SOUND, "sound"), (Health.LACKING, "lacking"), (Health.BROKEN, "broken")],
)
def test_a_finding_is_told_by_a_word_that_machines_may_read(health: Health, word: str) -> None:
    assert f"{Finding('Python', health, '3.11').health}" == word


def manifest(**fields: object) -> Manifest:
    return Manifest(
        run="r", created="2026-11-26T08:00:00Z", evalkit="0", envelope="e.yaml",
        golden_set=("g.jsonl",), seed=0, lines={}, digests=Digests("", "", {}, {}, {}),
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "partial"),
    [
        ({}, False),
        ({"spent": "--max-cost 1"}, True),
        ({"settled": True}, True),
        ({"stopped": {Arm.CANDIDATE: "denied"}}, False),
        ({"smoke": "--limit 5"}, False),
    ],
)
def test_a_run_is_partial_where_what_was_asked_by_then_is_judged(
    fields: dict[str, object], *, partial: bool
) -> None:
    assert manifest(**fields).partial is partial
