"""Which of a few choices does the answer settle on, and is it the right one?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalkit.core.model import ABSENT
from evalkit.core.text import accepted_texts, folded
from evalkit.features.answers import mentions, usual_choices
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer

NOTHING = "none"
"""The category of an answer from which no choice can be read."""


@dataclass(frozen=True, slots=True)
class Options:
    """The choices, and which of several mentions counts.

    Attributes:
        choices: the choices, such as `[yes, no]`; left out, they are yes/no, true/false or the
            letters A to E, whichever the reference of the case is one of. A choice of one letter
            is read only as written here (A is not a), unless brackets stand around it.
        take: which mention of the plainest form counts: the `last`, the `first`, or `only` one
            (two that differ are then no choice).
        anywhere: where no plain form is found, read the choice from any place where it stands as
            a word of its own. Right for answers in prose, wrong for "there is no doubt: yes".
    """

    choices: tuple[str, ...] = ()
    take: Literal["last", "first", "only"] = "last"
    anywhere: bool = False

    def __post_init__(self) -> None:
        """Refuse choices that cannot be told apart.

        Raises:
            ValueError: there is one choice only, or two are the same but for case.
        """
        object.__setattr__(self, "choices", tuple(self.choices))
        plain = {folded(choice) for choice in self.choices}
        if self.choices and (len(plain) < max(2, len(self.choices)) or "" in plain):
            raise ValueError(
                "choices: expected two or more that differ in more than case, "
                f"found {list(self.choices)}"
            )


@scorer(
    "choice",
    values=[
        Value("right", Kind.RATE, labels=("right", "wrong")),
        Value("answer", Kind.CATEGORY),
        Value("extracted", Kind.RATE, labels=("extracted", "no choice")),
    ],
    options=Options,
    needs_reference=True,
    examples=[
        Example("15 = 3 × 5, so the answer is [No].", (1.0, "no", 1.0), reference="no"),
        Example("No", (0.0, "no", 1.0), reference="yes"),
        Example("(B). Paris", (1.0, "B", 1.0), reference="B"),
        Example("Both (A) and (C) look right.\n\n**Answer: C**", (1.0, "C", 1.0), reference="C"),
        Example("The answer is B. (A) is a trap.", (1.0, "B", 1.0), reference="B"),
        Example("Yes, it is: it has no factors.", (1.0, "yes", 1.0), reference="yes"),
        Example("It has no factors, so it is prime.", (0.0, "none", 0.0), reference="yes"),
        Example("A prime has two divisors.", (0.0, "none", 0.0), reference="A", note="a word"),
        Example(
            "I would say yes to that.",
            (1.0, "yes", 1.0),
            reference="yes",
            options={"anywhere": True},
        ),
        Example("[Yes] or [No]?", (0.0, "none", 0.0), reference="no", options={"take": "only"}),
        Example(
            "strongly disagree",
            (1.0, "strongly disagree", 1.0),
            reference="Strongly disagree",
            options={"choices": ["agree", "disagree", "strongly disagree"]},
        ),
        Example("", (0.0, "none", 0.0), reference="yes"),
        Example("7", ("a reference that is no choice",) * 3, reference="seven"),
    ],
)
def choice(case: Case, sample: Sample, options: Options) -> Score:
    r"""Reads one of a few choices off the answer: `right` = 1 where it is the reference.

    `answer` is the choice itself, or `none`; `extracted` is 1 where there is one. An answer
    without a choice is wrong. The plainest form that occurs decides, in this order: after
    "answer is" or "answer:"; in square brackets, in \boxed{} or bold; in round brackets; alone on
    a line, or opening one ("Yes, …", "B. …"); with `anywhere`, as a word of its own.

    The extractor is part of the metric: on the same answers two extractors can differ by more
    than two models do. Look at `extracted` first when accuracy moves.
    """
    assert case.reference is not ABSENT
    assert sample.output is not None
    accepted = [folded(text) for text in accepted_texts(case.reference)]
    choices = options.choices or usual_choices(accepted[0] if accepted else "")
    known = {folded(choice): choice for choice in choices}
    if not all(text.strip("()[].") in known for text in accepted) or not accepted:
        return Score((Unscored("a reference that is no choice"),) * 3)
    form, found = mentions(sample.output, choices, anywhere=options.anywhere)
    if not found:
        return Score((0.0, NOTHING, 0.0), detail="no choice found")
    return _score([choice.text for choice in found], form, known, accepted, options)


def _score(
    texts: list[str], form: str, known: dict[str, str], accepted: list[str], options: Options
) -> Score:
    if options.take == "only" and len(set(texts)) > 1:
        return Score((0.0, NOTHING, 0.0), detail=f"several choices {form}")
    found = texts[0] if options.take == "first" else texts[-1]
    right = found in {text.strip("()[].") for text in accepted}
    return Score((float(right), known[found], 1.0), detail=f"read {known[found]!r} {form}")
