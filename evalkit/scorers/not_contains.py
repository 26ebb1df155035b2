"""Is the answer free of a text that must not be there?"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.core.text import folded, holds_phrase
from evalkit.scorers import Case, Example, Kind, Sample, Score, Value, scorer


@dataclass(frozen=True, slots=True)
class Options:
    """What must not be there, and how strictly it is looked for.

    Attributes:
        text: the forbidden text, or a list of them. Required.
        ignore_case: find "Password" where "password" is forbidden.
        whole_words: do not find "ass" in "class".
    """

    text: str | tuple[str, ...]
    ignore_case: bool = True
    whole_words: bool = False

    def __post_init__(self) -> None:
        """Refuse to forbid nothing: it stands in every answer.

        Raises:
            ValueError: a text is empty, or the list of texts is.
        """
        if not (self.text and all(self.text)):
            raise ValueError("text: expected a text to forbid, found an empty one")


@scorer(
    "not_contains",
    values=[Value("free", Kind.RATE, labels=("free of it", "contains it"))],
    options=Options,
    examples=[
        Example("All done.", (1.0,), options={"text": "as an AI"}),
        Example("As an AI, I think so.", (0.0,), options={"text": "as an AI"}),
        Example("Use the classic one.", (1.0,), options={"text": "ass", "whole_words": True}),
        Example("Ask Globex.", (0.0,), options={"text": ["Initech", "Globex"]}, note="any"),
        Example("", (1.0,), options={"text": "as an AI"}, note="an empty answer holds nothing"),
    ],
)
def not_contains(_case: Case, sample: Sample, options: Options) -> Score:
    """Looks for forbidden texts in the answer: 1 = none is there, 0 = at least one is.

    Runs of space count as one blank. A text that is quoted or denied is found as well.
    """
    assert sample.output is not None
    forbidden = [options.text] if isinstance(options.text, str) else options.text
    answer = folded(sample.output, ignore_case=options.ignore_case)
    for text in forbidden:
        phrase = folded(text, ignore_case=options.ignore_case)
        if holds_phrase(answer, phrase, whole_words=options.whole_words):
            return Score((0.0,), detail=f"contains {text!r}")
    return Score((1.0,))
