"""Is reasoning shown, in how many steps, and where does the answer stand?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalkit.core.model import ABSENT
from evalkit.core.text import accepted_texts, folded, word_count
from evalkit.features.answers import mentions, number_matches, stated_at, usual_choices
from evalkit.features.markdown import structure
from evalkit.features.reasoning import reasoning as shown_in
from evalkit.features.searching import pattern
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer

BARE_WORDS = 5
SEARCHED_CHARS = 100_000
"""Of a longer answer the rest is not searched for a pattern."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the answer is found in the text.

    Attributes:
        answer: `stated` looks for "the answer is", a box, #### or brackets at a line's end;
            `choice` for a choice as the scorer `choice` does, `numeric` for a number, `regex` for
            a pattern; the last one counts.
        choices: of `choice`: left out, they are those that the case's reference is one of, or
            yes and no where it has none.
        pattern: of `regex`, read as the scorer of that name reads one.
    """

    answer: Literal["stated", "choice", "numeric", "regex"] = "stated"
    choices: tuple[str, ...] = ()
    pattern: str = ""

    def __post_init__(self) -> None:
        """Refuse a pattern that is missing, wrong or of no use, and choices without a choice.

        Raises:
            ValueError: it is so.
        """
        object.__setattr__(self, "choices", tuple(self.choices))
        if self.choices and (self.answer != "choice" or not all(map(folded, self.choices))):
            raise ValueError("choices: expected texts, and answer: choice")
        if (self.answer == "regex") is not bool(self.pattern):
            raise ValueError("pattern: expected one where answer is regex, and nowhere else")
        if not self.pattern:
            return
        try:
            pattern(self.pattern)
        except ValueError as error:
            raise ValueError(
                f"pattern: expected a regular expression, found {self.pattern!r}: {error}"
            ) from None


_LONG = "Let's think step by step. It has no factors, so it is prime. The answer is [yes]."


@scorer(
    "reasoning",
    version=2,
    values=[
        Value("shown", Kind.RATE, labels=("reasons", "shows no reasoning")),
        Value("steps", Kind.AMOUNT, unit="steps"),
        Value("extracted", Kind.RATE, labels=("an answer", "no answer to extract")),
        Value("answer_at", Kind.SCORE),
        Value("bare", Kind.RATE, labels=("a bare answer", "more than the answer")),
        Value("tokens", Kind.AMOUNT, unit="tokens"),
    ],
    options=Options,
    examples=[
        Example(_LONG, (1.0, 0.0, 1.0, 0.9259, 0.0, 512.0), sample={"reasoning_tokens": 512}),
        Example("[Yes]", (0.0, 0.0, 1.0, 0.0, 1.0, "no reasoning_tokens")),
        Example(
            "Step 1: halve it.\nStep 2: add 3.\nThat makes 7.",
            (1.0, 2.0, 1.0, 0.9565, 0.0, "no reasoning_tokens"),
            options={"answer": "numeric"},
        ),
        Example(
            "It has no factors.",
            (0.0, 0.0, 0.0, "no answer to extract", 1.0, "no reasoning_tokens"),
            options={"answer": "choice"},
            note="four words are bare, and no answer can be extracted from them",
        ),
        Example(
            "Paris is my final word on that.",
            (0.0, 0.0, 1.0, 0.0, 0.0, "no reasoning_tokens"),
            options={"answer": "regex", "pattern": "Paris|Rome"},
        ),
        Example("", (0.0, 0.0, 0.0, "no answer to extract", 0.0, "no reasoning_tokens")),
    ],
)
def reasoning(case: Case, sample: Sample, options: Options) -> Score:
    """Reads off the answer how it was reached: `shown` = 1 where reasoning is in the text.

    That is an announcement ("let's think", "step by step", "we need to"), two steps called so, or
    two connectives and more ("therefore", "because", "which means"), one in 60 words at least, in
    English. `steps` are the different "Step n", or else the items of numbered lists. `extracted` = 1 where the answer can be found
    in the way that `answer` says: a snapshot that answers right in another form breaks whoever
    reads it. `answer_at` is where it stands: 0 at the beginning of the text, near 1 at its end.
    `bare` = 1 where there are one to five words. `tokens` are the hidden reasoning tokens
    that the endpoint reports.
    """
    text = sample.output
    assert text is not None
    found = shown_in(text, structure(text))
    at = _answer_at(text, case, options)
    where = Unscored("no answer to extract") if at is None else at / len(text)
    tokens = sample.reasoning_tokens
    return Score(
        (
            float(found.shown),
            float(found.steps),
            float(at is not None),
            where,
            float(0 < word_count(text) <= BARE_WORDS),
            Unscored("no reasoning_tokens") if tokens is None else float(tokens),
        )
    )


def _answer_at(text: str, case: Case, options: Options) -> int | None:
    """Return where the answer begins in a text; nothing where it cannot be found."""
    match options.answer:
        case "stated":
            return stated_at(text)
        case "choice":
            _, found = mentions(text, options.choices or _usual(case))
            return found[-1].start if found else None
        case "numeric":
            starts = [match.start() for match in number_matches(text)]
        case "regex":
            searched = pattern(options.pattern).all(text[:SEARCHED_CHARS])
            starts = [match.span()[0] for match in searched]
    # A match of nothing behind the last character would stand nowhere.
    return min(starts[-1], len(text) - 1) if starts and text else None


def _usual(case: Case) -> tuple[str, ...]:
    accepted = accepted_texts(case.reference) if case.reference is not ABSENT else []
    return usual_choices(folded(accepted[0]) if accepted else "yes")
