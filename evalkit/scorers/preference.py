"""Which of the two answers does a judge prefer, whichever stands first?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit.core.model import Message
from evalkit.core.ports import Question, Remote
from evalkit.features.judging import (
    OFF_THE_SCALE,
    VERDICT,
    judge_prompt,
    reason_in,
    rubric_fault,
    verdict_in,
    verdict_schema,
)
from evalkit.files.json_text import json_line
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer

FIRST, SECOND, TIE = "first", "second", "tie"
WIN, DRAW, LOSS = 1.0, 0.5, 0.0
FORM = (
    'Reply with one JSON object and nothing else: {"reason": "a sentence or two", "verdict": '
    '"first"} where the first answer meets the criteria better, with "second" where the second '
    'does, with "tie" where neither does.'
)


@dataclass(frozen=True, slots=True)
class Options:
    """By which criteria two answers are compared; `by` says who judges.

    Attributes:
        rubric: the criteria in words, or `{file: PATH}` with a file that holds them.
        reference: show the judge the reference of a case that has one.
        structured: tell the endpoint the schema of a verdict, where it has a form for that.
    """

    rubric: str
    reference: bool = True
    structured: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be judged by.

        Raises:
            ValueError: the rubric holds no criteria.
        """
        fault = rubric_fault(self.rubric)
        if fault is not None:
            raise ValueError(fault)


# ---------------------------------------------------------------- what is asked


def _questions(
    case: Case, sample: Sample, baseline: Sample, options: Options
) -> Sequence[Question]:
    """Return the question in both orders: the baseline's answer first, then the candidate's."""
    own, other = sample.output or "", baseline.output or ""
    if own == other:
        return []
    orders = [{FIRST: other, SECOND: own}, {FIRST: own, SECOND: other}]
    return [Question((Message("user", _text(case, order, options)),)) for order in orders]


def _text(case: Case, order: Mapping[str, str], options: Options) -> str:
    return judge_prompt(
        "You compare two answers to a question by criteria; which stands first means nothing",
        options.rubric,
        case,
        order,
        reference=options.reference,
        form=FORM,
    )


def _schema(options: Options) -> str | None:
    return verdict_schema([FIRST, SECOND, TIE]) if options.structured else None


def _criteria(options: Options) -> str:
    return options.rubric


def _both_orders(options: Options) -> int:
    del options
    return 2


# ---------------------------------------------------------------- what was said


RUBRIC = "The answer is short."


def _said(verdict: str) -> str:
    return json_line({"reason": "Of length.", "verdict": verdict})


@scorer(
    "preference",
    values=[
        Value("preference", Kind.SCORE),
        Value(
            "consistent",
            Kind.RATE,
            labels=("the same in both orders", "another"),
            of_asking=True,
        ),
    ],
    options=Options,
    remote=Remote(
        _questions,
        compares=True,
        most=_both_orders,
        schema=_schema,
        letters=300,
        params={"temperature": 0},
        criteria=_criteria,
    ),
    examples=[
        Example(
            "Paris.",
            (1.0, 1.0),
            options={"rubric": RUBRIC},
            baseline="It is Paris, in France.",
            answers=(_said("second"), _said("first")),
        ),
        Example(
            "It is Paris, in France.",
            (0.0, 1.0),
            options={"rubric": RUBRIC},
            baseline="Paris.",
            answers=(_said("first"), _said("second")),
        ),
        Example(
            "Paris!",
            (0.5, 0.0),
            options={"rubric": RUBRIC},
            baseline="Paris.",
            answers=(_said("first"), _said("first")),
            note="who only likes what stands first prefers neither",
        ),
        Example(
            "Paris.",
            (0.5, 1.0),
            options={"rubric": RUBRIC},
            baseline="Paris.",
            note="the same answer is not asked about",
        ),
        Example(
            "Paris!",
            ("a judgement off the scale",) * 2,
            options={"rubric": RUBRIC},
            baseline="Paris.",
            answers=(_said("first"), _said("both")),
        ),
    ],
)
def preference(case: Case, sample: Sample, options: Options, answers: Sequence[Sample]) -> Score:
    """Asks a judge which answer is better: 1 = the candidate's, 0 = the baseline's, 0.5 = neither.

    The mean is the rate at which the candidate wins over the baseline on the same case, a draw
    counting half. The judge is asked twice, each answer standing first once, and prefers one only if
    he says so both times; `consistent` is the rate at which he does not change his mind. The same
    answer twice is a draw that nobody is asked about. Only the candidate has this score: bound it
    with `min`, not with a delta.
    """
    del case, sample, options
    if not answers:
        return Score((DRAW, 1.0), detail="the same answer")
    readings = [_reading(answer) for answer in answers]
    for value, _ in readings:
        if isinstance(value, Unscored):
            return Score((value, value))
    # The candidate stood second in the first question and first in the second.
    (behind, reason), (before, _) = readings
    won = {SECOND: WIN, FIRST: LOSS, TIE: DRAW}[str(behind)]
    won_again = {FIRST: WIN, SECOND: LOSS, TIE: DRAW}[str(before)]
    if won != won_again:
        return Score((DRAW, 0.0), detail="another in each order")
    return Score((won, 1.0), detail=reason)


def _reading(answer: Sample) -> tuple[str | Unscored, str]:
    """Return which answer a judge prefers in one order, and why."""
    said = verdict_in(answer)
    if isinstance(said, Unscored):
        return said, ""
    verdict = said[VERDICT]
    word = verdict.strip().lower() if isinstance(verdict, str) else ""
    return (word if word in {FIRST, SECOND, TIE} else OFF_THE_SCALE), reason_in(said)
