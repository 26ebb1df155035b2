"""Looks at one candidate are counted, and each further one pays for itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.core.envelope import Envelope
from evalkit.core.errors import SpecError
from evalkit.core.model import Arm, Json, Sample
from evalkit.stages.ledger import Answers, Ledger, Look, paid, question
from tests.stages.trials import SNAPSHOT, at_least, bound, facts, rights, verdict_on
from tests.stats.arms import evidence


def look(key: str, answers: str, number: int = 1) -> Look:
    return Look(key, number, answers, "run", "2026-01-01", "x", "acme", "pass")


def test_the_first_look_is_the_first_whether_there_is_a_ledger_or_not(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "ledger.jsonl")
    assert ledger.number("q", "a") == 1
    ledger.add(look("other", "a"))
    assert ledger.number("q", "a") == 1


def test_fresh_answers_are_a_further_look_and_the_same_ones_are_not(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for answers in ("a", "b", "a"):
        ledger.add(look("q", answers, ledger.number("q", answers)))
    assert [ledger.number("q", answers) for answers in ("a", "b", "c")] == [1, 2, 3]
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not json", "is no line of a ledger"),
        ("[]", "expected a mapping"),
        ('{"key": "q"}', "expected key, look, answers"),
        ('{"key": 1, "look": 1, "answers": "a"}', "expected key, look, answers"),
    ],
)
def test_a_line_that_is_none_is_named_with_its_place(
    line: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger(path).add(look("q", "a"))
    with path.open("a") as stream:
        stream.write(line + "\n")
    with pytest.raises(SpecError, match=message) as caught:
        Ledger(path).number("q", "a")
    assert caught.value.problems[0].place.line == 2


def test_a_ledger_is_checked_whole_before_a_look_is_taken(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.check()
    ledger.add(look("q", "a"))
    ledger.check()
    ledger.path.write_text("{}\nno\n")
    with pytest.raises(SpecError) as caught:
        ledger.check()
    assert [problem.place.line for problem in caught.value.problems] == [1, 2]


def test_a_question_is_the_envelope_without_its_seed_and_the_golden_set() -> None:
    asked = question({"name": "x", "seed": 1, "inconclusive": "warn"}, "cases")
    assert asked == question({"name": "x", "seed": 2}, "cases")
    assert asked != question({"name": "y", "seed": 1}, "cases")
    assert asked != question({"name": "x"}, "others")


def test_all_further_looks_together_add_half_of_alpha() -> None:
    envelope = Envelope("x", SNAPSHOT, (bound(at_least(0.85)),))
    assert paid(envelope, 1) is envelope
    alphas = [paid(envelope, number).bounds[0].alpha for number in range(1, 2000)]
    assert alphas[1] == pytest.approx(0.05 / 6)
    assert alphas[2] == pytest.approx(0.05 / 12)
    assert 0.0749 < sum(alphas) < 0.075


def test_a_bound_on_what_the_texts_differ_by_pays_as_all_others() -> None:
    asked = bound(at_least(0.85))
    envelope = Envelope("x", SNAPSHOT, (asked,), drift_bound=asked)
    further = paid(envelope, 3).drift_bound
    assert further is not None
    assert further.alpha == pytest.approx(0.05 / 12)


def test_answers_are_known_by_their_content_in_any_order_and_only_those_of_the_candidate() -> None:
    candidate = [Sample(f"c{number}", Arm.CANDIDATE, output="yes") for number in range(3)]
    baseline = Sample("c0", Arm.BASELINE, output="no")

    def digest(samples: list[Sample]) -> str:
        answers = Answers()
        assert list(answers.passing(samples)) == samples
        return answers.digest

    assert digest(candidate) == digest([*reversed(candidate), baseline])
    assert digest(candidate) != digest(candidate[:2])


def test_who_watches_the_baseline_does_not_make_it_another_question() -> None:
    baseline: dict[str, Json] = {"provider": "replay", "path": "base.jsonl"}
    watching: dict[str, Json] = {**baseline, "sentinel": {"share": 0.1}}
    plain, watched, other = (
        question({"name": "x", "baseline": each}, "cases")
        for each in (baseline, watching, {**baseline, "arm": "candidate"})
    )
    assert plain == watched != other


def test_a_further_look_is_told_in_the_lead() -> None:
    seen = evidence(rights(90, 10))
    trial, known = (bound(at_least(0.5)), seen), facts(seen)
    assert "look" not in verdict_on([trial], found=known).lead
    lead = verdict_on([trial], found=replace(known, look=3)).lead
    assert "This is look 3 at this candidate: a wrong claim may be made 12 times" in lead


def test_the_newest_look_at_the_same_inputs_is_found(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert ledger.newest("i") is None
    for inputs, verdict in (("i", "pass"), ("j", "pass"), ("i", "fail"), ("", "pass")):
        ledger.add(replace(look("q", "a"), inputs=inputs, verdict=verdict))
    found = ledger.newest("i")
    assert found is not None
    assert found.verdict == "fail"
    assert ledger.newest("") is None
    assert ledger.newest("k") is None


def test_a_look_whose_line_has_no_end_is_not_lost_to_the_next(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.add(look("q", "a"))
    ledger.path.write_text(ledger.path.read_text().rstrip("\n"))
    ledger.add(look("q", "b", 2))
    assert [ledger.number("q", answers) for answers in ("a", "b", "c")] == [1, 2, 3]


def test_half_a_line_stays_in_the_ledger_until_somebody_takes_it_out(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.add(look("q", "a"))
    ledger.path.write_text(ledger.path.read_text()[:-9])
    ledger.add(look("q", "b"))
    with pytest.raises(SpecError, match="take it out if a process died as it wrote it") as caught:
        ledger.number("q", "b")
    assert [problem.place.line for problem in caught.value.problems] == [1]
    ledger.path.write_text(ledger.path.read_text().partition("\n")[2])
    assert ledger.number("q", "c") == 2


def test_a_line_of_an_earlier_version_tells_no_inputs(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.add(look("q", "a"))
    text = ledger.path.read_text()
    assert ',"inputs":""' in text
    ledger.path.write_text(text.replace(',"inputs":""', ""))
    assert ledger.number("q", "b") == 2
    ledger.path.write_text(text.replace('"verdict":"pass",', ""))
    with pytest.raises(SpecError, match="is no line of a ledger"):
        ledger.newest("i")
