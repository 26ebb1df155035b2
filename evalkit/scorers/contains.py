"""Does a text stand in the answer?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evalkit.core.model import ABSENT
from evalkit.core.text import accepted_texts, folded, holds_phrase
from evalkit.scorers import Case, Example, Kind, Sample, Unscored, Value, scorer


@dataclass(frozen=True, slots=True)
class Options:
    """What is looked for, and how strictly.

    Attributes:
        text: the text to find, or a list of texts; left out, the reference of each case is
            looked for.
        match: with `any` one text of a list is enough; with `all` every one must be there.
        ignore_case: find "Refund" where "refund" is asked for.
        whole_words: do not find "no" in "note".
    """

    text: str | tuple[str, ...] | None = None
    match: Literal["any", "all"] = "any"
    ignore_case: bool = True
    whole_words: bool = False

    def __post_init__(self) -> None:
        """Refuse to look for nothing: it stands in every answer.

        Raises:
            ValueError: a text is empty, or the list of texts is.
        """
        texts = (self.text,) if isinstance(self.text, str) else self.text
        if texts is not None and not (texts and all(text.strip() for text in texts)):
            raise ValueError("text: expected a text to look for, found an empty one")


@scorer(
    "contains",
    values=[Value("found", Kind.RATE, labels=("found", "not found"))],
    options=Options,
    examples=[
        Example("Your Refund is on its way.", (1.0,), options={"text": "refund"}),
        Example("The capital is Paris.", (1.0,), reference="Paris", note="without text"),
        Example("It costs 5 EUR.", (1.0,), options={"text": ["€", "EUR"]}, note="any of a list"),
        Example("It costs 5 EUR.", (0.0,), options={"text": ["€", "EUR"], "match": "all"}),
        Example("See the note.", (1.0,), options={"text": "no"}, note="inside a word, unless"),
        Example("See the note.", (0.0,), options={"text": "no", "whole_words": True}),
        Example("in  two\nlines", (1.0,), options={"text": "two lines"}, note="space is space"),
        Example("", (0.0,), options={"text": "refund"}),
        Example("Anything", ("no reference",), note="nothing to look for"),
    ],
)
def contains(case: Case, sample: Sample, options: Options) -> bool | Unscored:
    """Looks for a text in the answer: 1 = it is there, 0 = it is not.

    Without the option `text` the reference is looked for; a reference that is a list names
    several texts. Runs of space count as one blank. A text that is quoted or denied ("this is
    not a refund") is found as well.
    """
    assert sample.output is not None
    wanted = _wanted(case, options)
    if not wanted:
        return Unscored("no reference")
    answer = folded(sample.output, ignore_case=options.ignore_case)
    phrases = (folded(text, ignore_case=options.ignore_case) for text in wanted)
    held = (holds_phrase(answer, phrase, whole_words=options.whole_words) for phrase in phrases)
    return all(held) if options.match == "all" else any(held)


def _wanted(case: Case, options: Options) -> Sequence[str]:
    if options.text is not None:
        return [options.text] if isinstance(options.text, str) else options.text
    if case.reference is ABSENT:
        return []
    return [text for text in accepted_texts(case.reference) if text.strip()]
