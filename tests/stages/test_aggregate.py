"""Scores become columns in case order; what is missing has a row of its own and a reason."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from evalkit.core.envelope import EVERYTHING, Bound, Envelope, Kind, Metric, Slice, Statistic
from evalkit.core.model import (
    Arm,
    Case,
    ErrorKind,
    Sample,
    SampleError,
    Score,
    ScoredSample,
    ScoreValue,
    Snapshot,
    Unscored,
)
from evalkit.core.ports import ScorerPlugin, Value
from evalkit.core.registry import scorer
from evalkit.core.verdict import ArmSummary, Estimate, Facts, Outcome, SnapshotSummary, Verdict
from evalkit.stages.aggregate import Table, aggregate, snapshot_summaries
from evalkit.stages.aggregate.columns import INFINITE, MANY_REASONS, ArmTable
from evalkit.stages.judge import judge
from tests.stages.trials import (
    ACCURACY,
    BASELINE,
    CANDIDATE,
    DIGESTS,
    SNAPSHOT,
    TOKENS,
    at_least,
    at_most,
    bound,
    within,
)

MEAN = Statistic("mean")
P95 = Statistic("p95", 0.95)
COUNTED = replace(TOKENS, fallback="guess")
KEY = ("tokens", "tokens")
GUESS = ("tokens", "guess")


def nothing(_case: Case, _sample: Sample) -> float:
    raise AssertionError("aggregate runs no scorer")


SCORERS: Mapping[str, ScorerPlugin] = {
    "accuracy": scorer("accuracy", values=[Value("match", Kind.RATE)])(nothing),
    "tokens": scorer(
        "tokens",
        values=[
            Value("letters", Kind.AMOUNT, unit="letters"),
            Value("tokens", Kind.AMOUNT, unit="tokens", fallback="guess"),
            Value("guess", Kind.AMOUNT, unit="~tokens"),
        ],
    )(nothing),
}


def envelope(*bounds: Bound, baseline: Snapshot | None = None, **keys: Any) -> Envelope:
    needed = bounds or (bound(at_most(100), TOKENS),)
    return Envelope("envelope", SNAPSHOT, needed, baseline=baseline, **keys)


def cases(*names: str, **fields: Any) -> list[Case]:
    return [Case(name, "?", **fields) for name in names]


def tokens(
    case_id: str,
    value: ScoreValue | None,
    arm: Arm = CANDIDATE,
    *,
    index: int = 0,
    guess: ScoreValue = 1.0,
    **fields: Any,
) -> ScoredSample:
    """Return a sample with its tokens; ``None`` where the instrument did not run."""
    sample = replace(Sample(case_id, arm, index, output=""), **fields)
    scores = {} if value is None else {"tokens": Score((9.0, value, guess))}
    return ScoredSample(sample, scores)


def failed(case_id: str, kind: ErrorKind, arm: Arm = CANDIDATE, **fields: Any) -> ScoredSample:
    reason = Unscored(f"a {kind}")
    return tokens(case_id, reason, arm, guess=reason, error=SampleError(kind), **fields)


def table(
    scored: Iterable[ScoredSample],
    found: Sequence[Case],
    needed: Envelope | None = None,
) -> Table:
    return aggregate(scored, {case.id: case for case in found}, needed or envelope(), SCORERS)


def rows(arm: ArmTable, key: tuple[str, str] = KEY) -> list[tuple[int, float | str]]:
    """Return each row as its case, and its value or the reason why there is none."""
    column = arm.columns[key]
    return [
        (int(case), float(value) if there else column.reasons[why])
        for case, value, there, why in zip(
            arm.case, column.values, column.present, column.why, strict=True
        )
    ]


def candidate(scored: Iterable[ScoredSample], *names: str, **keys: Any) -> ArmTable:
    return table(scored, cases(*names), envelope(**keys)).arms[CANDIDATE]


# ---------------------------------------------------------------- rows


def test_rows_stand_in_the_order_of_case_ids_and_draws() -> None:
    scored = [
        tokens("b", 4.0, index=1),
        tokens("c", 5.0, index=1),
        tokens("a", 2.0, index=1),
        tokens("c", 6.0),
        tokens("b", 3.0),
        tokens("a", 1.0),
    ]
    found = candidate(scored, "c", "a", "b", repeats=2)
    assert rows(found) == [(0, 1.0), (0, 2.0), (1, 3.0), (1, 4.0), (2, 6.0), (2, 5.0)]


def test_a_sample_that_is_not_there_is_an_error_in_every_column() -> None:
    needed = envelope(bound(at_most(9), TOKENS), bound(at_least(0.5)))
    found = table([tokens("a", 1.0)], cases("a", "b"), needed).arms[CANDIDATE]
    assert rows(found) == [(0, 1.0), (1, "no record")]
    assert rows(found, ("accuracy", "match"))[1] == (1, "no record")
    assert found.summary == ArmSummary(2, 2, 1, {"no_record": 1}, None)


def test_every_draw_that_was_asked_for_and_is_not_there_is_missing() -> None:
    found = candidate([tokens("a", 1.0, index=2)], "a", "b", repeats=3)
    assert [case for case, _ in rows(found)] == [0, 0, 0, 1, 1, 1]
    assert sorted(str(value) for _, value in rows(found)) == ["1.0", *["no record"] * 5]
    assert found.summary.missing == 5


def test_nothing_recorded_is_all_missing() -> None:
    found = candidate([], "a", "b", repeats=2)
    assert [value for _, value in rows(found)] == ["no record"] * 4
    assert found.summary.samples == found.summary.missing == 4


def test_draws_that_were_not_asked_for_do_not_count() -> None:
    scored = [tokens("a", 1.0), tokens("a", 99.0, index=1, cost_usd=5.0, model="other")]
    found = candidate(scored, "a")
    assert rows(found) == [(0, 1.0)]
    assert found.summary == ArmSummary(1, 1, 0, {}, None, unused=1)
    assert found.served == ()


def test_a_later_draw_does_not_stand_in_for_the_first() -> None:
    found = candidate([tokens("a", 1.0, index=7)], "a")
    assert rows(found) == [(0, "no record")]
    assert found.summary.unused == 1


def test_of_the_baseline_every_draw_counts_and_one_is_enough() -> None:
    scored = [
        tokens("a", 5.0),
        tokens("b", 6.0),
        *(tokens("a", float(index), BASELINE, index=index) for index in range(4)),
        tokens("b", 9.0, BASELINE, index=3),
    ]
    needed = envelope(baseline=SNAPSHOT)
    found = table(scored, cases("a", "b"), needed).arms[BASELINE]
    assert rows(found) == [(0, 0.0), (0, 1.0), (0, 2.0), (0, 3.0), (1, 9.0)]
    assert found.summary == ArmSummary(2, 5, 0, {}, None)


def test_a_live_baseline_owes_as_many_draws_as_the_candidate() -> None:
    scored = [
        *(tokens(name, 1.0, index=index) for name in "ab" for index in range(2)),
        tokens("a", 5.0, BASELINE),
        tokens("a", 6.0, BASELINE, index=1),
        tokens("a", 7.0, BASELINE, index=2),
        tokens("b", 8.0, BASELINE, index=1),
    ]
    needed = envelope(baseline=SNAPSHOT, repeats=2, live=frozenset({BASELINE}))
    found = table(scored, cases("a", "b"), needed).arms[BASELINE]
    assert sorted(rows(found), key=str) == [(0, 5.0), (0, 6.0), (1, "no record"), (1, 8.0)]
    assert found.summary == ArmSummary(2, 4, 1, {"no_record": 1}, None, unused=1)


def test_a_live_candidate_beside_a_recorded_baseline_changes_nothing_for_the_baseline() -> None:
    scored = [tokens("a", 5.0), *(tokens("a", 1.0, BASELINE, index=index) for index in range(4))]
    needed = envelope(baseline=SNAPSHOT, repeats=2, live=frozenset({CANDIDATE}))
    found = table(scored, cases("a", "b"), needed).arms
    assert (found[BASELINE].summary.samples, found[BASELINE].summary.missing) == (5, 1)
    assert (found[CANDIDATE].summary.samples, found[CANDIDATE].summary.missing) == (4, 3)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Unscored("no tokens"), "no tokens"),
        ("a category", "a category in place of a number"),
        (Unscored(""), ""),
        (None, ""),
    ],
)
def test_what_is_no_number_is_missing_with_its_reason(value: ScoreValue | None, words: str) -> None:
    found = candidate([tokens("a", value), tokens("b", 2.0)], "a", "b")
    assert rows(found) == [(0, words), (1, 2.0)]
    seen = found.observed(KEY)
    assert seen.missing == 1
    assert seen.values.tolist() == [0.0, 2.0], "what is not there adds nothing to a sum"


@pytest.mark.parametrize("value", [0.0, -1.5, 3.0, math.inf])
def test_every_number_is_a_value(value: float) -> None:
    assert rows(candidate([tokens("a", value)], "a")) == [(0, float(value))]


def test_a_value_is_read_off_its_place_in_the_score() -> None:
    found = table([tokens("a", 5.0, guess=6.0)], cases("a"), envelope(bound(at_most(9), COUNTED)))
    assert rows(found.arms[CANDIDATE], KEY) == [(0, 5.0)]
    assert rows(found.arms[CANDIDATE], GUESS) == [(0, 6.0)]
    assert set(found.arms[CANDIDATE].columns) == {KEY, GUESS}


def test_a_metric_without_a_bound_has_a_column_too() -> None:
    needed = envelope(bound(at_least(0.5)), metrics=(TOKENS,))
    found = table([tokens("a", 5.0)], cases("a"), needed)
    assert rows(found.arms[CANDIDATE]) == [(0, 5.0)]


# ---------------------------------------------------------------- summaries


def test_errors_are_counted_by_kind() -> None:
    scored = [
        failed("a", ErrorKind.TIMEOUT),
        failed("b", ErrorKind.DENIED),
        failed("c", ErrorKind.TIMEOUT),
        tokens("d", 1.0),
    ]
    found = candidate(scored, *"abcde").summary
    assert found.errors == {"denied": 1, "no_record": 1, "timeout": 2}
    assert list(found.errors) == sorted(found.errors)
    assert found.missing == 4


def test_attempts_and_costs_that_nobody_told_are_not_zero() -> None:
    assert candidate([tokens("a", 1.0)], "a").summary.attempts is None
    assert candidate([tokens("a", 1.0)], "a").summary.cost_usd is None
    told = [
        tokens("a", 1.0, attempts=2, cost_usd=0.0),
        tokens("b", 1.0),
        tokens("c", 1.0, attempts=1),
    ]
    found = candidate(told, "a", "b", "c").summary
    assert (found.attempts, found.cost_usd) == (3, None), "one answer has no price"
    free = [tokens(name, 1.0, cost_usd=0.0) for name in "ab"]
    assert candidate(free, "a", "b", "c").summary.cost_usd == 0.0, "what is missing cost nothing"


def test_costs_add_up_to_the_same_bits_in_any_order() -> None:
    random = Random(3)
    names = [f"c{number}" for number in range(200)]
    scored = [tokens(name, 1.0, cost_usd=10 ** random.uniform(-9, 3)) for name in names]
    first = candidate(scored, *names).summary.cost_usd
    random.shuffle(scored)
    assert candidate(scored, *names).summary.cost_usd == first


def test_models_that_said_they_answered_are_named_once() -> None:
    scored = [tokens(name, 1.0, model=model) for name, model in zip("abc", "yxy", strict=True)]
    assert candidate(scored, *"abc").served == ("x", "y")


def test_what_responses_say_of_their_format_and_their_models_end_is_kept() -> None:
    said = [("2", "2027-01-14"), ("2.1", "Fri, 01 Jan 2027 00:00:00 GMT"), ("Sure! Here", "soon")]
    scored = [
        tokens(name, 1.0, format_version=version, model_deprecated_at=day)
        for name, (version, day) in zip("abc", said, strict=True)
    ]
    found = candidate(scored, *"abc")
    assert found.formats == ("2", "2.1", "unreadable")
    assert found.deprecated == ("2027-01-01", "2027-01-14", "unreadable")


def test_each_arm_says_what_it_asked_for_and_who_answered() -> None:
    needed = replace(
        envelope(baseline=Snapshot("replay", None, model="old")),
        candidate=Snapshot("replay", None),
    )
    scored = [tokens("a", 1.0, model="new-1"), tokens("a", 1.0, BASELINE)]
    assert snapshot_summaries(needed, table(scored, cases("a"), needed)) == {
        BASELINE: SnapshotSummary("old", ()),
        CANDIDATE: SnapshotSummary(None, ("new-1",)),
    }


# ---------------------------------------------------------------- slices


def test_an_exhibit_holds_the_cases_of_its_slice_alone() -> None:
    found = table(
        [tokens(name, float(place)) for place, name in enumerate("abcd")],
        [
            Case("a", "?", tags=("prime",)),
            Case("b", "?"),
            Case("c", "?", tags=("math", "prime")),
            Case("d", "?", tags=("math",)),
        ],
    )
    shown = found.exhibit(TOKENS, Slice(any_of=("prime",)), MEAN)
    assert shown.case_ids == ["a", "c"]
    assert shown.evidence.cases == 2
    assert shown.evidence.arms[CANDIDATE].values.tolist() == [0.0, 2.0]
    both = found.exhibit(TOKENS, Slice(all_of=("math", "prime")), MEAN)
    assert both.case_ids == ["c"]
    assert found.exhibit(TOKENS, EVERYTHING, MEAN).case_ids == ["a", "b", "c", "d"]
    assert found.exhibit(TOKENS, Slice(any_of=("none",)), MEAN).evidence.cases == 0


def test_cases_with_the_same_tags_are_told_apart_by_metadata() -> None:
    found = table(
        [],
        [Case(name, "?", tags=("prime",), metadata={"language": name}) for name in ("de", "fr")],
    )
    german = Slice(where=(("language", ("de",)),))
    assert found.exhibit(TOKENS, german, MEAN).case_ids == ["de"]


def test_gaps_are_those_of_the_slice_and_the_commonest_comes_first() -> None:
    scored = [
        *(tokens(name, Unscored("z")) for name in "ab"),
        *(tokens(name, Unscored("b")) for name in "cd"),
        *(tokens(name, Unscored("rare")) for name in "e"),
        tokens("f", 1.0),
        tokens("g", Unscored("elsewhere")),
    ]
    inside = [Case(name, "?", tags=("inside",)) for name in "abcdefh"]
    found = table(scored, [*inside, Case("g", "?")])
    shown = found.exhibit(TOKENS, Slice(any_of=("inside",)), MEAN)
    assert list(shown.gaps[CANDIDATE].items()) == [
        ("b", 2),
        ("z", 2),
        ("no record", 1),
        ("rare", 1),
    ]
    assert sum(shown.gaps[CANDIDATE].values()) == shown.evidence.arms[CANDIDATE].missing


def test_a_timeout_is_a_value_of_a_quantile_and_a_gap_of_a_mean() -> None:
    found = table([tokens("a", math.inf), tokens("b", 1.0), tokens("c", math.inf)], cases(*"abc"))
    mean = found.exhibit(TOKENS, EVERYTHING, MEAN)
    assert mean.evidence.arms[CANDIDATE].missing == 2
    assert mean.gaps[CANDIDATE] == {INFINITE: 2}
    assert np.isfinite(mean.evidence.arms[CANDIDATE].values).all()
    quantile = found.exhibit(TOKENS, EVERYTHING, P95)
    assert quantile.evidence.arms[CANDIDATE].missing == 0
    assert quantile.gaps[CANDIDATE] == {}


def test_a_scorer_that_fails_in_very_many_ways_is_summed_up() -> None:
    names = [f"c{number:04d}" for number in range(3 * MANY_REASONS)]
    scored = [tokens(name, Unscored(f"reason {name}")) for name in names]
    scored[-1] = tokens(names[-1], Unscored("reason c0001"))
    found = table(scored, cases(*names))
    gaps = found.exhibit(TOKENS, EVERYTHING, MEAN).gaps[CANDIDATE]
    quoted = [reason for reason in gaps if reason.startswith("reason ")]
    assert len(quoted) < MANY_REASONS
    assert gaps["reason c0001"] == 2
    assert next(iter(gaps)) == "another reason"
    assert sum(gaps.values()) == len(names)


# ---------------------------------------------------------------- clusters


def clusters(found: Sequence[Case], part: Slice = EVERYTHING) -> list[int] | None:
    codes = table([], found).exhibit(TOKENS, part, MEAN).evidence.clusters
    return None if codes is None else [int(code) for code in codes]


def in_cluster(name: str, cluster: str | None, *tags: str) -> Case:
    return Case(name, "?", cluster=cluster, tags=tags)


def test_what_a_scorer_failed_with_is_counted_without_the_words_of_the_answer() -> None:
    reasons = [
        "a failure of says@1: KeyError('a secret')",
        "a failure of says@1: KeyError('b')",
        "none",
    ]
    made = candidate(
        [
            *(tokens(name, Unscored(reason)) for name, reason in zip("abc", reasons, strict=True)),
            tokens("d", 1.0),
        ],
        *"abcd",
    )
    assert made.failures(KEY) == {"says@1: KeyError": 2}


def test_cases_of_one_cluster_share_a_code() -> None:
    codes = clusters([in_cluster(*"ax"), in_cluster(*"by"), in_cluster(*"cx")])
    assert codes is not None
    assert codes[0] == codes[2] != codes[1]


def test_cases_without_a_cluster_stand_alone_whatever_clusters_are_called() -> None:
    codes = clusters([in_cluster("a", None), in_cluster("b", "a"), in_cluster("c", "a")])
    assert codes is not None
    assert codes[0] not in codes[1:]
    assert codes[1] == codes[2]


@pytest.mark.parametrize(
    "found",
    [
        [in_cluster("a", None), in_cluster("b", None)],
        [in_cluster("a", "x"), in_cluster("b", "y"), in_cluster("c", None)],
    ],
)
def test_there_are_no_clusters_where_no_two_cases_share_one(found: list[Case]) -> None:
    assert clusters(found) is None


def test_clusters_are_those_of_the_slice() -> None:
    found = [in_cluster("a", "x", "in"), in_cluster("b", "x"), in_cluster("c", "y", "in")]
    assert clusters(found, Slice(any_of=("in",))) is None
    third = [*found, in_cluster("d", "y", "in")]
    codes = clusters(third, Slice(any_of=("in",)))
    assert codes is not None
    assert len(codes) == 3
    assert codes[1] == codes[2] != codes[0]


# ---------------------------------------------------------------- one ruler for both arms


def two_arms(
    candidate_lacks: int, baseline_lacks: int, *, of: int = 100, max_missing: float = 0.02
) -> Table:
    """Return a table in which so many answered samples of each arm have no tokens."""
    names = [f"c{number:03d}" for number in range(of)]
    scored = [
        tokens(name, Unscored("no tokens") if place < lacks else 10.0, arm, guess=20.0)
        for arm, lacks in ((CANDIDATE, candidate_lacks), (BASELINE, baseline_lacks))
        for place, name in enumerate(names)
    ]
    needed = envelope(bound(within(5), COUNTED), baseline=SNAPSHOT, max_missing=max_missing)
    return table(scored, cases(*names), needed)


@pytest.mark.parametrize(
    ("candidate_lacks", "baseline_lacks", "unit"),
    [
        (0, 0, "tokens"),
        (2, 2, "tokens"),
        (3, 0, "~tokens"),
        (0, 3, "~tokens"),
        (100, 100, "~tokens"),
    ],
)
def test_both_arms_are_read_otherwise_where_one_lacks_too_many_values(
    candidate_lacks: int, baseline_lacks: int, unit: str
) -> None:
    found = two_arms(candidate_lacks, baseline_lacks)
    shown = found.exhibit(COUNTED, EVERYTHING, MEAN)
    assert (shown.unit, shown.guessed) == (unit, unit == "~tokens")
    value = {"tokens": 10.0, "~tokens": 20.0}[unit]
    for seen in shown.evidence.arms.values():
        assert set(seen.values[seen.present].tolist()) == {value}


def test_how_many_may_lack_a_value_is_what_the_envelope_says() -> None:
    assert not any(two_arms(30, 0, max_missing=0.3).fallbacks.values())
    assert set().union(*two_arms(31, 0, max_missing=0.3).fallbacks.values()) == {KEY}


def test_a_bound_on_the_candidate_alone_is_read_with_the_candidate_s_own_ruler() -> None:
    rulers = set()
    for lacking in ((31, 0), (0, 31)):
        found = two_arms(*lacking, max_missing=0.3)
        assert found.exhibit(COUNTED, EVERYTHING, MEAN).unit == "~tokens"
        rulers.add(found.exhibit(COUNTED, EVERYTHING, MEAN, compares=False).unit)
    assert rulers == {"tokens", "~tokens"}


def test_a_sample_that_was_never_answered_changes_no_ruler() -> None:
    scored = [failed(name, ErrorKind.SERVER) for name in "abcd"]
    needed = envelope(bound(at_most(9), COUNTED))
    found = table([*scored, tokens("e", 1.0)], cases(*"abcdef"), needed)
    assert not any(found.fallbacks.values())
    assert found.exhibit(COUNTED, EVERYTHING, MEAN).unit == "tokens"


def test_a_metric_without_another_ruler_keeps_its_own() -> None:
    found = table([tokens("a", Unscored("no tokens"))], cases("a"))
    assert not any(found.fallbacks.values())
    assert found.exhibit(TOKENS, EVERYTHING, MEAN).gaps[CANDIDATE] == {"no tokens": 1}


# ---------------------------------------------------------------- order


def answers(random: Random, count: int) -> tuple[list[ScoredSample], list[Case]]:
    """Return two draws of the candidate and up to three of the baseline, some of them failed."""
    found, asked = [], []
    for number in range(count):
        name = f"c{number:03d}"
        cluster = f"d{number // 2}" if number % 3 else None
        asked.append(Case(name, "?", tags=random.choice([(), ("x",), ("x", "y")]), cluster=cluster))
        for arm, draws in ((CANDIDATE, 2), (BASELINE, random.randint(1, 3))):
            for index in range(draws):
                fields: dict[str, Any] = {
                    "index": index,
                    "cost_usd": random.expovariate(9),
                    "model": random.choice("mn"),
                }
                value = random.lognormvariate(4, 0.5)
                made = tokens(name, value, arm, guess=value / 2, **fields)
                right: ScoreValue = float(random.random() < 0.9)
                if random.random() < 0.02:
                    made = failed(name, random.choice(list(ErrorKind)), arm, **fields)
                    right = Unscored("an error")
                scores = {**made.scores, "accuracy": Score((right,))}
                found.append(ScoredSample(made.sample, scores))
    return found, asked


def verdict(scored: Sequence[ScoredSample], asked: Sequence[Case], needed: Envelope) -> Verdict:
    found = table(scored, asked, needed)
    said = Facts(
        DIGESTS,
        snapshot_summaries(needed, found),
        {arm: part.summary for arm, part in found.arms.items()},
    )
    exhibits = [found.exhibit(each.metric, each.slice, each.statistic) for each in needed.bounds]
    unbound = [found.exhibit(metric, EVERYTHING, MEAN) for metric in needed.metrics]
    return judge(needed, exhibits, unbound, said)


def test_the_order_of_cases_and_samples_changes_no_digit_of_a_verdict() -> None:
    random = Random(11)
    scored, asked = answers(random, 60)
    needed = envelope(
        bound(at_least(0.8), confidence=0.9),
        bound(within(4), COUNTED, slice=Slice(any_of=("x",))),
        bound(at_most(200), COUNTED, statistic="p95", name="tail"),
        baseline=SNAPSHOT,
        metrics=(replace(ACCURACY, name="shown"),),
        repeats=2,
        max_missing=0.2,
    )
    first = verdict(scored, asked, needed)
    assert len({each.result for each in first.bounds}) > 1
    scored.reverse()
    asked.reverse()
    assert verdict(scored, asked, needed) == first
    random.shuffle(scored)
    random.shuffle(asked)
    assert verdict(scored, asked, needed) == first


def gate(right: int, wrong: int, deleted: range) -> Verdict:
    """Return the verdict on a floor of 90 %, some answers being deleted from the recording."""
    names = [f"c{number:03d}" for number in range(right + wrong)]
    scored = [
        ScoredSample(Sample(name, CANDIDATE, output=""), {"accuracy": Score((float(n < right),))})
        for n, name in enumerate(names)
        if n not in deleted
    ]
    return verdict(scored, cases(*names), envelope(bound(at_least(0.9)), max_missing=1.0))


def test_right_answers_that_are_deleted_lower_the_lower_limit() -> None:
    lowers = []
    for first in range(97, 80, -3):
        (result,) = gate(97, 3, range(first, 97)).bounds
        assert isinstance(result.candidate, Estimate)
        lowers.append(result.candidate.lower)
    assert lowers == sorted(set(lowers), reverse=True)
    assert gate(97, 3, range(0)).outcome is Outcome.PASS
    assert gate(97, 3, range(80, 97)).outcome is not Outcome.PASS


def test_wrong_answers_that_are_deleted_never_turn_a_gate_green() -> None:
    outcomes = [gate(85, 15, range(85, last)).outcome for last in range(85, 101)]
    assert outcomes[0] is not Outcome.PASS
    assert Outcome.PASS not in outcomes


def test_a_metric_reads_the_same_column_everywhere() -> None:
    found = two_arms(3, 0)
    other: Metric = replace(COUNTED, name="tokens.again")
    assert found.key(COUNTED) == found.key(other) == GUESS
    assert found.key(ACCURACY) == ("accuracy", "match")
