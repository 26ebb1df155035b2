"""Bounds that were estimated elsewhere are judged as those of the gate are: by the same rule and words."""

from __future__ import annotations

import numpy as np
import pytest

from evalkit.core.envelope import Envelope, Limit, LimitKind
from evalkit.core.verdict import Estimate, Outcome, Reason, Result, Unmeasured, Verdict
from evalkit.stages.judge import judge, verdict_on
from evalkit.stages.judge.drafts import Draft, Measured, draft, drafted
from evalkit.stats.evidence import Evidence
from tests.stages.trials import SNAPSHOT, at_least, bound, exhibit, facts, rights, within
from tests.stats.arms import evidence

ABSENT = Unmeasured(Reason.NOT_IN_LOGS, "not measurable from logs: it needs a reference")

FACTS = facts(evidence(rights(99, 1), rights(99, 1)))


def _elsewhere(item: Draft) -> Draft:
    """Return the draft of the same numbers without the samples behind them."""
    return drafted(
        item.bound, item.candidate, baseline=item.baseline, effect=item.effect,
        complete=item.complete, unit=item.exhibit.unit, detector=item.exhibit.detector,
    )  # fmt: skip


def _envelope(item: Draft) -> Envelope:
    return Envelope("e", SNAPSHOT, (item.bound,))


def _verdict(item: Draft) -> Verdict:
    return verdict_on(_envelope(item), [item], FACTS)


@pytest.mark.parametrize("seen", [rights(99, 1), rights(50, 50), rights(90, 10), rights(0, 0, 100)])
def test_the_same_numbers_get_the_same_verdict_from_wherever_they_come(seen: object) -> None:
    held = bound(at_least(0.9))
    found = exhibit(evidence(seen))  # type: ignore[arg-type]
    item = draft(held, found, max_missing=0.02)
    gate = judge(_envelope(item), [found], [], FACTS)
    here = _verdict(_elsewhere(item))
    assert here.bounds == gate.bounds
    assert (here.outcome, here.sentence, here.lead) == (gate.outcome, gate.sentence, gate.lead)


def test_a_difference_says_nothing_of_draws_where_no_draws_are_at_hand() -> None:
    rng = np.random.default_rng(1)
    arms = evidence(rng.integers(0, 2, 60).astype(float), rng.integers(0, 2, 60).astype(float))
    assert isinstance(arms, Evidence)
    item = draft(bound(within(0.05)), exhibit(arms), max_missing=0.02)
    (own,) = judge(_envelope(item), [exhibit(arms)], [], FACTS).bounds
    (here,) = _verdict(_elsewhere(item)).bounds
    assert own.result is here.result is Result.UNDECIDED
    assert here.settle is not None
    assert here.settle.repeats is None
    assert isinstance(here.effect, Estimate)


def test_what_logs_cannot_tell_is_named_and_is_no_pass() -> None:
    item = drafted(bound(at_least(0.9)), ABSENT)
    found = _verdict(item)
    assert (found.outcome, int(found.exit_code)) == (Outcome.UNMEASURED, 4)
    (result,) = found.bounds
    assert (result.result, result.reason) == (Result.UNMEASURED, Reason.NOT_IN_LOGS)
    assert result.detail == "not measurable from logs: it needs a reference."


def test_a_bound_on_a_limit_is_measured_by_an_engine_alone() -> None:
    item = draft(bound(at_least(0.9)), exhibit(evidence(rights(99, 1))), max_missing=0.02)
    assert isinstance(item.candidate, Measured)
    limit = Limit(LimitKind.ABSOLUTE, min=0.5)
    assert _verdict(drafted(bound(limit), item.candidate)).outcome is Outcome.PASS
