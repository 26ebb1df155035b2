"""The checks of scorers that ask somebody find what such a scorer must not do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from evalkit.core.envelope import Kind
from evalkit.core.model import Case, Message, Sample
from evalkit.core.ports import Example, NoOptions, Question, Remote, ScorerPlugin, Value
from evalkit.testing.scorers import example_fault, purity_fault, range_fault

TICKS = count()


def once(_case: Case, sample: Sample) -> list[Question]:
    return [Question((Message("user", sample.output or ""),))]


def twice(case: Case, sample: Sample) -> list[Question]:
    return once(case, sample) * 2


def nothing(_case: Case, _sample: Sample) -> list[Question]:
    return [Question(())]


def ticking(_case: Case, _sample: Sample) -> list[Question]:
    return [Question((Message("user", str(next(TICKS))),))]


def letters(_case: Case, _sample: Sample, answers: Sequence[Sample]) -> float:
    return float(sum(len(answer.output or "") for answer in answers))


def plugin(remote: Remote, kind: Kind = Kind.AMOUNT) -> ScorerPlugin:
    example = Example("hm", (3.0,), answers=("yes",))
    values = (Value("letters", kind),)
    return ScorerPlugin(
        "letters", 1, values, letters, NoOptions, examples=(example,), remote=remote
    )


def test_a_scorer_that_keeps_the_contract_has_no_fault() -> None:
    sound = plugin(Remote(once))
    assert example_fault(sound, sound.examples[0]) is None
    assert purity_fault(sound, "text") is None
    assert range_fault(sound, "text") is None


def test_an_example_has_an_answer_for_each_question() -> None:
    fault = example_fault(plugin(Remote(twice)), plugin(Remote(twice)).examples[0])
    assert fault == "letters asks 2 questions about 'hm', and the example has 1 answers"


def test_questions_that_change_or_that_are_more_than_announced_or_empty_are_faults() -> None:
    assert purity_fault(plugin(Remote(ticking)), "a") == "letters asks two things about 'a'"
    more = "letters asks 2 questions about 'a', expected 1 at most"
    assert purity_fault(plugin(Remote(twice)), "a") == more
    assert purity_fault(plugin(Remote(nothing)), "a") == "letters asks nothing about 'a'"


def test_what_is_read_off_any_answer_lies_in_its_range() -> None:
    assert range_fault(plugin(Remote(once), Kind.RATE), "much too long") == (
        "letters.letters returned 13.0, outside Support(lower=0.0, upper=1.0)"
    )
