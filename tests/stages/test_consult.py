"""What is asked about samples, which answers belong to them, and how they are kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.core.envelope import EVERYTHING, Bound, Envelope, Instrument, Kind, Slice
from evalkit.core.errors import SpecError
from evalkit.core.model import (
    Arm,
    Case,
    ErrorKind,
    Message,
    Prices,
    Sample,
    SampleError,
    Score,
    Snapshot,
    Unscored,
)
from evalkit.core.ports import NoOptions, Question, Remote, ScorerPlugin, Value
from evalkit.core.registry import scorer
from evalkit.stages.consult import NO_BASELINE, NO_JUDGEMENT, Consultations, asker, in_turn
from evalkit.stages.consult.kept import (
    Consulted,
    Judgement,
    Judgements,
    consulted,
    judgement_record,
    mend_judgements,
)
from evalkit.stages.score import score, unanswered
from tests.stages.trials import BASELINE, CANDIDATE, SNAPSHOT, at_least, bound

BY = Snapshot("openai", NoOptions(), model="judge-1")
CASE = Case("a", "Where?", tags=("prime",))


@dataclass(frozen=True, slots=True)
class Wanted:
    """How often somebody is asked."""

    times: int = 1


def asks(case: Case, sample: Sample, options: Wanted) -> Sequence[Question]:
    text = f"{case.input} {sample.output}"
    return [Question((Message("user", text),), draw) for draw in range(options.times)]


def reads(_case: Case, _sample: Sample, _options: Wanted, answers: Sequence[Sample]) -> Score:
    return Score((float(len(answers)),), detail="/".join(answer.output or "" for answer in answers))


def both(_case: Case, sample: Sample, baseline: Sample) -> Sequence[Question]:
    return [Question((Message("user", f"{baseline.output} | {sample.output}"),))]


def counts(_case: Case, _sample: Sample, answers: Sequence[Sample]) -> float:
    return float(len(answers))


JUDGE = scorer("judge", values=[Value("score", Kind.AMOUNT)], options=Wanted, remote=Remote(asks))(
    reads
)
PAIR = scorer("pair", values=[Value("won", Kind.SCORE)], remote=Remote(both, compares=True))(counts)


def envelope(
    *bounds: Bound, options: object = Wanted(), by: Snapshot = BY, **keys: Any
) -> Envelope:
    instruments = (
        Instrument("judge", "judge", {BASELINE: options, CANDIDATE: options}, by),
        Instrument("pair", "pair", {BASELINE: NoOptions(), CANDIDATE: NoOptions()}, by),
    )
    return Envelope("e", SNAPSHOT, bounds, baseline=SNAPSHOT, instruments=instruments, **keys)


def need(name: str, part: Slice = EVERYTHING) -> Bound:
    found = bound(at_least(0.5))
    return replace(found, metric=replace(found.metric, name=name, instrument=name), slice=part)


def answer(output: str | None = "Here.", arm: Arm = CANDIDATE, **fields: Any) -> Sample:
    return replace(Sample("a", arm, output=output), **fields)


def about(*bounds: Bound, judge: ScorerPlugin = JUDGE, **keys: Any) -> Consultations:
    return Consultations(envelope(*bounds, **keys), {"judge": judge, "pair": PAIR})


# ---------------------------------------------------------------- what is asked


def test_a_sample_is_asked_about_as_often_as_its_scorer_says() -> None:
    found = about(need("judge"), options=Wanted(3)).needed("judge", CASE, answer())
    assert [inquiry.number for inquiry in found] == [0, 1, 2]
    assert [inquiry.question.draw for inquiry in found] == [0, 1, 2]
    assert len({inquiry.key for inquiry in found}) == 3


def test_the_same_answer_of_two_arms_is_one_question() -> None:
    consultations = about(need("judge"))
    (one,) = consultations.needed("judge", CASE, answer())
    (other,) = consultations.needed("judge", CASE, answer(arm=BASELINE, index=4))
    (third,) = consultations.needed("judge", CASE, answer("There."))
    assert one.key == other.key != third.key


def test_whoever_is_asked_otherwise_is_somebody_else() -> None:
    hurried = replace(BY, concurrency=64, timeout=1.0, prices=Prices(1.0, 1.0))
    assert asker(hurried) == asker(BY)
    assert asker(replace(BY, model="judge-2")) != asker(BY)
    assert asker(replace(BY, params={"temperature": 0})) != asker(BY)


@pytest.mark.parametrize(
    "sample", [answer(None), answer(None, error=SampleError(ErrorKind.TIMEOUT))]
)
def test_nobody_is_asked_about_what_is_not_there(sample: Sample) -> None:
    assert list(about(need("judge")).needed("judge", CASE, sample)) == []


def test_only_cases_that_some_bound_or_metric_needs_are_asked_about() -> None:
    prime = need("judge", Slice(any_of=("prime",)))
    other = need("judge", Slice(any_of=("other",)))
    assert len(about(prime).needed("judge", CASE, answer())) == 1
    assert len(about(other).needed("judge", CASE, answer())) == 0
    assert about(prime).needs("judge", CASE)
    assert not about(other).needs("judge", CASE)
    assert len(about(other, metrics=(need("judge").metric,)).needed("judge", CASE, answer())) == 1


def test_a_comparison_takes_the_baselines_draw_of_the_same_number() -> None:
    consultations = about(need("pair"))
    assert consultations.compare
    drawn = [answer(f"Old {n}.", BASELINE, index=n) for n in (2, 0)]
    consultations.see([*drawn, answer(None, BASELINE, index=1), answer("New.")])
    texts = [
        consultations.needed("pair", CASE, answer("New.", index=n))[0].question.messages[0].content
        for n in range(3)
    ]
    assert texts == ["Old 0. | New.", "Old 2. | New.", "Old 0. | New."]
    assert list(consultations.needed("pair", CASE, drawn[0])) == []


def test_without_a_baseline_there_is_nothing_to_compare_with() -> None:
    consultations = about(need("pair"))
    assert consultations.about("pair", CASE, answer()) == NO_BASELINE
    assert list(consultations.needed("pair", CASE, answer())) == []
    assert not Consultations(Envelope("e", SNAPSHOT, ()), {}).compare


def broken(*_: object) -> Sequence[Question]:
    raise SystemExit(3)


def stopped(*_: object) -> Sequence[Question]:
    raise KeyboardInterrupt


def test_a_scorer_that_fails_while_it_asks_says_so_and_ctrl_c_is_not_its_failure() -> None:
    failing = replace(JUDGE, remote=Remote(broken))
    found = about(need("judge"), judge=failing).about("judge", CASE, answer())
    assert found == Unscored("a failure of judge@1: SystemExit(3)")
    with pytest.raises(KeyboardInterrupt):
        about(need("judge"), judge=replace(JUDGE, remote=Remote(stopped))).needed(
            "judge", CASE, answer()
        )


def test_the_arms_take_turns_until_both_have_ended() -> None:
    samples = [*(answer(index=n) for n in range(3)), *(answer(arm=BASELINE) for _ in range(1))]
    found = [(sample.arm, sample.index) for sample in in_turn(lambda: samples)]
    assert found == [(BASELINE, 0), (CANDIDATE, 0), (CANDIDATE, 1), (CANDIDATE, 2)]


# ---------------------------------------------------------------- which answers are found


def scored(consultations: Consultations, sample: Sample, **kept: Sample) -> Score:
    """Return what the judge makes of a sample, given answers by the key of their question."""
    needed = envelope(need("judge"), options=Wanted(2))
    lookup = consultations.lookup(kept.get)
    plugins = {"judge": JUDGE, "pair": PAIR}
    (found,) = score([sample], {"a": CASE}, needed, plugins, lookup)
    return found.scores["judge"]


def test_a_sample_is_scored_by_the_answers_to_its_own_questions() -> None:
    consultations = about(need("judge"), options=Wanted(2))
    keys = [item.key for item in consultations.needed("judge", CASE, answer())]
    kept = {key: answer(f"said {n}") for n, key in enumerate(keys)}
    assert scored(consultations, answer(), **kept) == Score((2.0,), detail="said 0/said 1")
    del kept[keys[1]]
    assert scored(consultations, answer(), **kept) == Score((NO_JUDGEMENT,))
    assert scored(consultations, answer("Else."), **kept) == Score((NO_JUDGEMENT,))


def test_a_comparison_has_a_score_in_the_candidate_alone() -> None:
    needed, plugins = envelope(need("pair")), {"judge": JUDGE, "pair": PAIR}
    consultations = Consultations(needed, plugins)
    samples = [answer("Old.", BASELINE), answer("New.")]
    before = list(
        score(samples, {"a": CASE}, needed, plugins, consultations.lookup(lambda _: None))
    )
    assert before[0].scores == {}
    assert before[1].scores["pair"].values == (NO_BASELINE,)
    consultations.see(samples)
    kept = {key: answer("x") for key in keys_of(consultations)}
    lookup = consultations.lookup(kept.get)
    (_, found) = score(samples, {"a": CASE}, needed, plugins, lookup)
    assert found.scores["pair"].values == (1.0,)
    assert found.scores["pair"].beside == samples[0]


def keys_of(consultations: Consultations) -> list[str]:
    return [item.key for item in consultations.needed("pair", CASE, answer("New."))]


def test_where_nobody_was_asked_there_is_no_judgement() -> None:
    assert unanswered("judge", CASE, answer()) == NO_JUDGEMENT
    (found,) = score(
        [answer()], {"a": CASE}, envelope(need("judge")), {"judge": JUDGE, "pair": PAIR}
    )
    assert found.scores["judge"].values == (NO_JUDGEMENT,)


# ---------------------------------------------------------------- how they are kept


def judgement(number: int, instrument: str = "judge", **fields: Any) -> Judgement:
    said = replace(Sample("a", CANDIDATE, number, "yes", model="judge-1"), **fields)
    return Judgement(instrument, CANDIDATE, "a", number, 0, f"key-{number}", said)


def written(path: Path, *items: Judgement, tail: str = "") -> Path:
    lines = "".join(json.dumps(judgement_record(item)) + "\n" for item in items)
    path.write_text(lines + tail)
    return path


FAILED: dict[str, Any] = {"output": None, "error": SampleError(ErrorKind.TIMEOUT, "late")}


def test_a_judgement_is_found_by_its_key_and_says_whom_it_is_about(tmp_path: Path) -> None:
    items = [judgement(0), judgement(1, input_tokens=7), judgement(2, **FAILED)]
    with Judgements(written(tmp_path / "j.jsonl", *items)) as there:
        assert list(there.all()) == items
        assert there("key-1") == items[1].answer
        assert there("key-9") is None
        assert ("key-2" in there, "key-9" in there) == (True, False)


def test_where_there_is_no_file_there_is_no_judgement(tmp_path: Path) -> None:
    mend_judgements(tmp_path / "j.jsonl")
    with Judgements(tmp_path / "j.jsonl") as there:
        assert list(there.all()) == []
        assert there("key-1") is None


def test_a_run_that_was_broken_off_keeps_what_was_answered_whole(tmp_path: Path) -> None:
    items = judgement(0), judgement(1, **FAILED), judgement(2)
    path = written(tmp_path / "j.jsonl", *items, tail='{"instrument": "ju')
    mend_judgements(path)
    with Judgements(path) as there:
        assert list(there.all()) == [items[0], items[2]]
    mend_judgements(written(path, tail='{"no'))
    assert path.read_text() == ""


@pytest.mark.parametrize(
    "line", ["no json", "{}", '{"instrument": "a"}', json.dumps({"key": 1}), "\udcff"]
)
def test_a_file_that_was_changed_by_hand_is_refused_with_the_line(
    tmp_path: Path, line: str
) -> None:
    path = written(tmp_path / "j.jsonl", judgement(0))
    with path.open("ab") as stream:
        stream.write(line.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(SpecError, match=r"j\.jsonl:2"):
        Judgements(path)


def test_what_an_instrument_asked_is_counted_and_paid(tmp_path: Path) -> None:
    counted: dict[str, Any] = {"input_tokens": 1_000_000, "output_tokens": 0}
    items = [
        judgement(0, **counted),
        judgement(1, model=None, **counted),
        judgement(2, **FAILED),
        judgement(3, "other"),
        judgement(4, "stranger"),
    ]
    with Judgements(written(tmp_path / "j.jsonl", *items)) as there:
        found = consulted(there, {"judge": Prices(2.0, 1.0), "other": None, "idle": None})
    assert found == {
        "judge": Consulted(2, 1, 4.0, ("judge-1",)),
        "other": Consulted(1, 0, None, ("judge-1",)),
        "idle": Consulted(0, 0, 0.0, ()),
    }
