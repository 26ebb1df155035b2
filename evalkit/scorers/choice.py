"""Which of a few choices does the answer settle on, and is it the right one?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from evalkit.core.model import ABSENT
from evalkit.core.text import accepted_texts, folded
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer

NOTHING = "none"
"""The category of an answer from which no choice can be read."""

_USUAL = (("yes", "no"), ("true", "false"), ("A", "B", "C", "D", "E"))

_OPEN = r"[ \t*_\"'`“‘$]{0,6}+"  # bounded, or a line of stars would take for ever
_CLOSE = r"[*_\"'`”’$]{0,6}+"


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


class _Form(NamedTuple):
    """A way to write a choice, plain enough to be read without understanding the text."""

    name: str
    pattern: re.Pattern[str]


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
    choices = options.choices or _usual_choices(accepted[0] if accepted else "")
    known = {folded(choice): choice for choice in choices}
    if not all(text.strip("()[].") in known for text in accepted) or not accepted:
        return Score((Unscored("a reference that is no choice"),) * 3)
    for form in _forms(choices, anywhere=options.anywhere):
        # Letters that differ only to Unicode (a dotless i) match and are none of the choices.
        found = (folded(text) for text in form.pattern.findall(sample.output))
        if mentions := [text for text in found if text in known]:
            return _score(mentions, form, known, accepted, options)
    return Score((0.0, NOTHING, 0.0), detail="no choice found")


def _score(
    mentions: list[str], form: _Form, known: dict[str, str], accepted: list[str], options: Options
) -> Score:
    if options.take == "only" and len(set(mentions)) > 1:
        return Score((0.0, NOTHING, 0.0), detail=f"several choices {form.name}")
    found = mentions[0] if options.take == "first" else mentions[-1]
    right = found in {text.strip("()[].") for text in accepted}
    return Score((float(right), known[found], 1.0), detail=f"read {known[found]!r} {form.name}")


def _usual_choices(reference: str) -> tuple[str, ...]:
    plain = reference.strip("()[].")
    return next((usual for usual in _USUAL if plain in map(folded, usual)), ())


@cache
def _forms(choices: tuple[str, ...], *, anywhere: bool) -> tuple[_Form, ...]:
    if not choices:
        return ()
    # Longest first, so that "strongly agree" is not read as "agree". Letters keep their case
    # where nothing but the case tells them from a word.
    ordered = sorted(choices, key=len, reverse=True)
    spelled = {choice: r"\s+".join(map(re.escape, choice.split())) for choice in ordered}
    loose = "(" + "|".join(f"(?i:{text})" for text in spelled.values()) + ")"
    words = "|".join(
        text if len(choice) == 1 else f"(?i:{text})" for choice, text in spelled.items()
    )
    plain = f"({words})(?![\\w'’])"
    long = "|".join(f"(?i:{text})" for choice, text in spelled.items() if len(choice) > 1)
    is_ = r"(?i:\banswer)\b[*_]*+[ ]?(?:(?i:is|would be)\b|[:=])\s{0,3}+"
    forms = [
        _Form("after 'answer'", re.compile(rf"{is_}{_OPEN}(?:\\boxed\{{|[(\[])?{_OPEN}{plain}")),
        _Form(
            "in brackets or bold",
            re.compile(
                rf"(?:\[|\\boxed\{{|\*\*)\(?{_OPEN}{loose}{_CLOSE}[).:,!]{{0,2}}(?:\]|\}}|\*\*)"
            ),
        ),
        _Form("in round brackets", re.compile(rf"\( ?{loose} ?\)")),
        _Form(
            "on its own",
            re.compile(rf"^{_OPEN}{plain}(?={_CLOSE}[ \t]?(?:[.,:;!)–—-]|$))", re.MULTILINE),
        ),
    ]
    if anywhere and long:
        forms.append(_Form("in the text", re.compile(rf"(?<!\w)({long})(?!\w)")))
    return tuple(forms)
