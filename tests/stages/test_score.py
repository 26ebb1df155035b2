"""Every sample gets a score from each instrument it matters to, or the reason why there is none."""

from __future__ import annotations

import math
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from evalkit.core.envelope import Bound, Envelope, Instrument, Kind, Metric, Slice
from evalkit.core.errors import PatternError
from evalkit.core.model import (
    Arm,
    Case,
    ErrorKind,
    Sample,
    SampleError,
    Score,
    ScoredSample,
    ScoreValue,
    Unscored,
)
from evalkit.core.ports import Across, NoOptions, ScorerPlugin, Value
from evalkit.core.registry import SCORERS, scorer
from evalkit.features.searching import pattern
from evalkit.stages.score import ScoreRecorder, score
from tests.stages.trials import BASELINE, CANDIDATE, SNAPSHOT, at_least, bound

PRIME = Slice(any_of=("prime",))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a text must hold."""

    word: str = "yes"


def says(_case: Case, sample: Sample, options: Wanted) -> bool:
    return options.word in (sample.output or "")


def lengths(_case: Case, sample: Sample) -> Score:
    text = sample.output or ""
    return Score((float(len(text)), float(len(text.split()))), detail=f"{len(text)} letters")


SAYS = scorer("says", values=[Value("said", Kind.RATE)], options=Wanted)(says)
LENGTHS = scorer("lengths", values=[Value("chars", Kind.AMOUNT), Value("words", Kind.AMOUNT)])(
    lengths
)


def failing(function: Callable[..., Any], *values: str, **declared: Any) -> ScorerPlugin:
    named = [Value(name, Kind.RATE) for name in values or ("value",)]
    return scorer("says", values=named, **declared)(function)


def metric(instrument: str) -> Metric:
    return replace(bound(at_least(0.5)).metric, name=instrument, instrument=instrument)


def need(instrument: str, part: Slice | None = None) -> Bound:
    return bound(at_least(0.5), metric(instrument), slice=part or Slice())


def envelope(*bounds: Bound, metrics: tuple[Metric, ...] = (), **instruments: Any) -> Envelope:
    """Return an envelope whose instruments are named with the options of both arms."""
    return Envelope(
        "envelope",
        SNAPSHOT,
        bounds,
        baseline=SNAPSHOT,
        metrics=metrics,
        instruments=tuple(
            Instrument(name, name, options if isinstance(options, dict) else both(options))
            for name, options in (instruments or {"says": Wanted()}).items()
        ),
    )


def both(options: object) -> dict[Arm, object]:
    return {BASELINE: options, CANDIDATE: options}


def case(case_id: str = "a", *tags: str, **fields: Any) -> Case:
    return Case(case_id, "?", tags=tags, **fields)


def answer(output: str | None = "yes", case_id: str = "a", **fields: Any) -> Sample:
    return replace(Sample(case_id, CANDIDATE, output=output), **fields)


def scored(
    found: Envelope, scorers: Mapping[str, ScorerPlugin], cases: list[Case], samples: list[Sample]
) -> list[ScoredSample]:
    return list(score(samples, {each.id: each for each in cases}, found, scorers))


def value_of(plugin: ScorerPlugin, sample: Sample) -> ScoreValue:
    """Return the first value that an instrument named ``says`` reads off one sample."""
    options = Wanted() if plugin.options is Wanted else NoOptions()
    needed = envelope(need("says"), says=options)
    (found,) = scored(needed, {"says": plugin}, [case()], [sample])
    assert len(found.scores["says"].values) == len(plugin.values)
    return found.scores["says"].values[0]


# ---------------------------------------------------------------- which instruments run


def test_every_sample_is_scored_in_the_order_it_comes() -> None:
    samples = [answer("no"), answer("yes", index=1), answer("oh yes", arm=BASELINE)]
    found = scored(envelope(need("says")), {"says": SAYS}, [case()], samples)
    assert [each.sample for each in found] == samples
    assert [each.scores["says"].values for each in found] == [(0.0,), (1.0,), (1.0,)]


def test_an_instrument_runs_only_on_the_cases_of_its_bounds() -> None:
    needed = envelope(need("says", PRIME), need("lengths"), says=Wanted(), lengths=NoOptions())
    found = scored(
        needed,
        {"says": SAYS, "lengths": LENGTHS},
        [case("a", "prime"), case("b", "other"), case("c")],
        [answer(case_id=name) for name in "abc"],
    )
    assert [sorted(each.scores) for each in found] == [
        ["lengths", "says"],
        ["lengths"],
        ["lengths"],
    ]


def test_an_instrument_runs_where_any_of_its_bounds_needs_it() -> None:
    needed = envelope(need("says", PRIME), need("says", Slice(any_of=("math",))))
    cases = [case("a", "prime"), case("b", "math"), case("c", "other")]
    found = scored(needed, {"says": SAYS}, cases, [answer(case_id=name) for name in "abc"])
    assert [bool(each.scores) for each in found] == [True, True, False]


def test_a_metric_without_a_bound_is_scored_on_every_case() -> None:
    needed = envelope(need("says", PRIME), metrics=(metric("says"),))
    (found,) = scored(needed, {"says": SAYS}, [case("a", "other")], [answer()])
    assert found.scores["says"].values == (1.0,)


def test_an_instrument_that_nothing_needs_never_runs() -> None:
    def explode(_case: Case, _sample: Sample) -> bool:
        raise AssertionError("nobody asked")

    needed = envelope(need("says"), says=Wanted(), unused=NoOptions())
    (found,) = scored(needed, {"says": SAYS, "unused": failing(explode)}, [case()], [answer()])
    assert list(found.scores) == ["says"]


def test_cases_of_one_tag_are_told_apart_by_their_metadata() -> None:
    german = Slice(where=(("language", ("de",)),))
    cases = [case(name, "prime", metadata={"language": name}) for name in ("de", "fr", "it")]
    found = scored(
        envelope(need("says", german), need("says", Slice(any_of=("math",)))),
        {"says": SAYS},
        cases,
        [answer(case_id=name) for name in ("fr", "de", "it", "de")],
    )
    assert [bool(each.scores) for each in found] == [False, True, False, True]


def test_an_arm_that_the_envelope_has_no_use_for_is_passed_over() -> None:
    alone = replace(envelope(need("says")), baseline=None)
    samples = [answer(arm=BASELINE), answer("no"), answer(arm=BASELINE, index=1)]
    (found,) = scored(alone, {"says": SAYS}, [case()], samples)
    assert found.sample.output == "no"


def test_each_arm_is_read_with_its_own_options() -> None:
    options = {BASELINE: Wanted("oui"), CANDIDATE: Wanted("ja")}
    found = scored(
        envelope(need("says"), says=options),
        {"says": SAYS},
        [case()],
        [answer("oui", arm=BASELINE), answer("oui"), answer("ja")],
    )
    assert [each.scores["says"].values[0] for each in found] == [1.0, 0.0, 1.0]


# ---------------------------------------------------------------- why there is no score


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (ErrorKind.NO_RECORD, "no record"),
        (ErrorKind.RATE_LIMITED, "a rate limit error"),
        (ErrorKind.TIMEOUT, "a timeout"),
        (ErrorKind.CONNECTION, "a connection error"),
        (ErrorKind.SERVER, "a server error"),
        (ErrorKind.MALFORMED, "a malformed response"),
        (ErrorKind.DENIED, "a denied request"),
        (ErrorKind.QUOTA, "an exhausted quota"),
        (ErrorKind.OTHER, "an error"),
    ],
)
def test_an_error_is_missing_by_name_and_never_a_wrong_answer(kind: ErrorKind, words: str) -> None:
    broken = answer("yes", error=SampleError(kind, "raw text"))
    assert value_of(SAYS, broken) == Unscored(words)
    assert value_of(LENGTHS, broken) == Unscored(words)


def test_every_kind_of_error_has_words_that_complete_a_sentence() -> None:
    words = [value_of(SAYS, answer(None, error=SampleError(kind))) for kind in ErrorKind]
    reasons = [each.reason for each in words if isinstance(each, Unscored)]
    assert len(set(reasons)) == len(ErrorKind)


def test_a_scorer_that_reads_errors_is_handed_them() -> None:
    error_rate = SCORERS.get("error_rate")
    timeout = answer(None, error=SampleError(ErrorKind.TIMEOUT, "after 60 s"))
    assert value_of(error_rate, timeout) == 1.0
    assert value_of(error_rate, answer("fine")) == 0.0


def test_a_sample_without_a_text_tells_a_reader_of_texts_nothing() -> None:
    log = answer(None, latency_ms=12.0)
    assert value_of(SAYS, log) == Unscored("no recorded output")
    assert value_of(SCORERS.get("latency_ms"), log) == 12.0
    assert value_of(SAYS, answer("")) == 0.0, "an empty answer is an answer"


def test_a_failure_of_a_strangers_code_is_named_and_ends_nothing() -> None:
    def explode(_case: Case, sample: Sample) -> bool:
        if sample.index:
            raise KeyError("x" * 500)
        return True

    plugin = failing(explode, version=3)
    needed = envelope(need("says"), says=NoOptions())
    samples = [answer(index=1), answer()]
    failed, sound = scored(needed, {"says": plugin}, [case()], samples)
    (reason,) = failed.scores["says"].values
    assert isinstance(reason, Unscored)
    assert reason.reason.startswith("a failure of says@3: KeyError('xxx")
    assert len(reason.reason) == 200
    assert sound.scores["says"].values == (1.0,)


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit(), CancelledError()])
def test_a_scorer_cannot_end_the_program(error: BaseException) -> None:
    def leave(_case: Case, _sample: Sample) -> bool:
        raise error

    found = value_of(failing(leave), answer())
    assert isinstance(found, Unscored)
    assert found.reason.startswith(f"a failure of says@1: {type(error).__name__}")


def searched(*, rolling: bool) -> Iterator[ScoredSample]:
    """Search two answers with a pattern, the second of which is made for it."""

    def found(_case: Case, sample: Sample) -> bool:
        return pattern("^(a|aa)+$").search(sample.output or "", 0.01)

    samples = [answer("aa"), answer("a" * 60 + "!", case_id="b")]
    cases, wanted = {"a": case(), "b": case("b")}, envelope(need("says"), says=NoOptions())
    return score(samples, cases, wanted, {"says": failing(found)}, rolling=rolling)


def test_a_pattern_that_takes_too_long_is_no_failure_of_a_scorer_but_ends_the_run() -> None:
    found = searched(rolling=False)
    assert next(found).scores["says"].values == (1.0,)
    told = (
        r"^says: pattern '\^\(a\|aa\)\+\$' takes more than 0\.01 s on the answer of the candidate to "
        r"case 'b': expected a pattern with no repeat inside a repeat"
    )
    with pytest.raises(PatternError, match=told):
        next(found)


def test_an_answer_that_takes_too_long_to_search_stops_no_rollout_and_is_missing() -> None:
    first, second = searched(rolling=True)
    assert first.scores["says"].values == (1.0,)
    [value] = second.scores["says"].values
    assert value == Unscored("an answer that takes too long to search")


def test_the_user_can() -> None:
    def interrupted(_case: Case, _sample: Sample) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        value_of(failing(interrupted), answer())


@pytest.mark.parametrize("values", [(), (1.0,), (1.0, 0.0, 1.0)])
def test_a_score_with_another_number_of_values_is_no_score(values: tuple[float, ...]) -> None:
    plugin = failing(lambda _case, _sample: Score(values), "one", "two")
    found = value_of(plugin, answer())
    assert found == Unscored(f"{len(values)} values of says@1, which has 2")


def test_what_a_scorer_cannot_say_in_a_number_is_its_failure() -> None:
    found = value_of(failing(lambda _case, _sample: None), answer())
    assert isinstance(found, Unscored)
    assert found.reason.startswith("a failure of says@1: TypeError")


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (2, 2.0),
        (True, 1.0),
        (Fraction(1, 2), 0.5),
        (np.float32(0.25), 0.25),
        (math.inf, math.inf),
        ("a category", "a category"),
        (math.nan, Unscored("a value that is no number")),
        (-math.inf, Unscored("a value that is no number")),
        (10**400, Unscored("a value that is no number")),
        (1e50, 1e50),
        (-1e51, Unscored("a value that is no number")),
        (1e308, Unscored("a value that is no number")),
        (None, Unscored("a value that is no number")),
        ([1.0], Unscored("a value that is no number")),
        (Unscored(""), Unscored("no value, and no reason for it")),
        (Unscored("no ink"), Unscored("no ink")),
    ],
)
def test_whatever_a_score_holds_every_later_room_can_take_it(given: Any, value: ScoreValue) -> None:
    found = value_of(failing(lambda _case, _sample: Score((1.0, given)), "one", "two"), answer())
    assert found == 1.0
    plugin = failing(lambda _case, _sample: Score((given, 1.0), detail="seen"), "one", "two")
    found = value_of(plugin, answer())
    assert found == value
    assert type(found) is type(value)


# ---------------------------------------------------------------- the line of a score


def line(values: tuple[ScoreValue, ...], detail: str = "", **fields: Any) -> dict[str, Any]:
    plugin = LENGTHS if len(values) > 1 else SAYS
    found = ScoredSample(answer(**fields), {"measure": Score(values, detail=detail)})
    return ScoreRecorder({"measure": plugin})(found)


def test_a_score_is_recorded_under_the_names_of_its_values() -> None:
    assert line((12.0, 3.0), index=2) == {
        "arm": "candidate",
        "id": "a",
        "sample": 2,
        "scores": {"measure.chars": 12.0, "measure.words": 3.0},
    }


def test_a_value_that_is_not_there_is_recorded_with_its_reason() -> None:
    found = line((Unscored("no tokens"), 0.0), arm=BASELINE)
    assert found["scores"] == {"measure.chars": {"unscored": "no tokens"}, "measure.words": 0.0}
    assert found["arm"] == "baseline"


def test_an_infinite_time_is_recorded_as_a_word() -> None:
    assert line((math.inf,))["scores"] == {"measure.said": "inf"}


def test_details_are_recorded_where_there_are_any() -> None:
    assert line((1.0,), "found 'yes'")["details"] == {"measure": "found 'yes'"}
    assert "details" not in line((1.0,))


# ---------------------------------------------------------------- beside all other cases


def _length(sample: Sample) -> int:
    return len(sample.output or "")


def _several(signatures: Sequence[int], owners: Sequence[int]) -> frozenset[int]:
    found: dict[int, set[int]] = {}
    for signature, owner in zip(signatures, owners, strict=True):
        found.setdefault(signature, set()).add(owner)
    return frozenset(signature for signature, cases in found.items() if len(cases) > 1)


def alike(_case: Case, sample: Sample, others: frozenset[int]) -> bool:
    return _length(sample) in others


def across(signature: Callable[..., Any] = _length, shared: Callable[..., Any] = _several) -> Any:
    """Return the values that a scorer across cases gives samples of an envelope, in their order."""
    values = [Value("alike", Kind.RATE)]
    plugin = scorer("alike", values=values, across=Across(signature, shared))(alike)

    def ask(*samples: Sample, needed: Envelope | None = None) -> list[ScoreValue | None]:
        needed = needed or envelope(need("alike"), alike=NoOptions())
        cases = [case(name, "prime" if name in "ab" else "other") for name in "abcd"]
        found = scored(needed, {"alike": plugin}, cases, list(samples))
        assert [each.sample for each in found] == [
            each for each in samples if each.arm in needed.snapshots
        ]
        return [each.scores["alike"].values[0] if each.scores else None for each in found]

    return ask


def test_an_answer_is_read_beside_those_of_other_cases_however_they_come() -> None:
    samples = [answer("one", "a"), answer("three", "b"), answer("two", "c")]
    assert across()(*samples) == [1.0, 0.0, 1.0]
    assert across()(*reversed(samples)) == [1.0, 0.0, 1.0]


def test_neither_another_arm_nor_another_draw_nor_the_same_case_is_another_case() -> None:
    others = [answer("one", "b", arm=BASELINE), answer("one", "b", index=1)]
    assert across()(answer("one", "a"), *others) == [0.0, 0.0, 0.0]
    assert across()(answer("one", "a"), answer("two", "a", index=0)) == [0.0, 0.0]


def test_the_kth_draws_stand_beside_each_other() -> None:
    samples = [answer("one", "a"), answer("two", "a", index=1), answer("six", "b", index=1)]
    assert across()(*samples) == [0.0, 1.0, 1.0]


def test_what_did_not_answer_is_no_other_case() -> None:
    failed = [
        answer(None, "b", error=SampleError(ErrorKind.TIMEOUT)),
        answer(None, "c"),
        answer("", "d"),
    ]
    assert across()(*failed) == [Unscored("a timeout"), Unscored("no recorded output"), 0.0]


def test_cases_that_no_bound_covers_are_no_others() -> None:
    needed = envelope(need("alike", PRIME), alike=NoOptions())
    assert across()(answer("one", "a"), answer("two", "c"), needed=needed) == [0.0, None]


def test_an_arm_that_the_envelope_has_no_use_for_is_left_out() -> None:
    needed = replace(envelope(need("alike"), alike=NoOptions()), baseline=None)
    samples = [answer("one", "a"), answer("two", "b", arm=BASELINE), answer("six", "b")]
    assert across()(*samples, needed=needed) == [1.0, 1.0]


def test_another_instrument_of_the_envelope_stands_alone() -> None:
    needed = envelope(need("alike"), need("says"), alike=NoOptions(), says=Wanted())
    values = [Value("alike", Kind.RATE)]
    plugins = {
        "alike": scorer("alike", values=values, across=Across(_length, _several))(alike),
        "says": SAYS,
    }
    found = scored(needed, plugins, [case("a"), case("b")], [answer("yes"), answer("oui", "b")])
    assert [each.scores["says"].values for each in found] == [(1.0,), (0.0,)]
    assert [each.scores["alike"].values for each in found] == [(1.0,), (1.0,)]


@pytest.mark.parametrize("signature", [-1, 1 << 64, "seven", None])
def test_what_is_no_signature_is_near_to_none(signature: object) -> None:
    ask = across(lambda _sample: signature)
    assert ask(answer("one", "a"), answer("two", "b")) == [0.0, 0.0]


def test_a_failure_across_cases_is_told_of_every_answer() -> None:
    def exits(*_: object) -> Any:
        raise SystemExit(0)

    found = across(shared=exits)(answer("one", "a"), answer("two", "b"))
    assert found == [Unscored("a failure of alike@1: SystemExit(0)")] * 2
    assert across(exits)(answer("one", "a"), answer("two", "b")) == [0.0, 0.0]


@pytest.mark.parametrize("part", ["signature", "shared"])
def test_whoever_interrupts_is_heard_across_cases_too(part: str) -> None:
    def interrupted(*_: object) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        across(**{part: interrupted})(answer("one", "a"), answer("two", "b"))
