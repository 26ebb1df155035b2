"""With which words does the answer close?"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.features.phrasing import closes_with, listed
from evalkit.features.phrasing import closing as last_words
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer


@dataclass(frozen=True, slots=True)
class Options:
    """How much of the last sentence is read, and which phrases are looked for in it.

    Attributes:
        words: so many words of it are the category.
        phrases: phrases to look for, such as `[let me know, hope this helps]`; case and marks
            make no difference.
    """

    words: int = 1
    phrases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a closing of no words, and a phrase without one.

        Raises:
            ValueError: it is so.
        """
        object.__setattr__(self, "phrases", listed(self.phrases, self.words))


@scorer(
    "closing",
    values=[
        Value("phrase", Kind.CATEGORY),
        Value("listed", Kind.RATE, labels=("closes with a listed phrase", "closes otherwise")),
    ],
    options=Options,
    examples=[
        Example("It is 7. Let me know if you need more!", ("let", "no phrases were listed")),
        Example(
            "It is 7. I hope this helps.",
            ("i hope", 1.0),
            options={"words": 2, "phrases": ["hope this helps"]},
        ),
        Example("Let me know. It is 7.", ("it", 0.0), options={"phrases": ["let me know"]}),
        Example("- One\n- Two", ("two", 0.0), options={"phrases": ["one"]}),
        Example("", ("none", 0.0), options={"phrases": ["bye"]}),
    ],
)
def closing(_case: Case, sample: Sample, options: Options) -> Score:
    """Reads the first `words` words of the last sentence, in small letters and without marks.

    Hold `closing` with `shift: {max: …, distance: tv}`. `closing.listed` = 1 where one of the
    `phrases` stands in the last sentence. The end of a line ends a sentence, and no more than the
    last 1,000 characters are read.
    """
    assert sample.output is not None
    phrase = last_words(sample.output, options.words)
    if not options.phrases:
        return Score((phrase, Unscored("no phrases were listed")))
    found = closes_with(sample.output, options.phrases)
    return Score(
        (phrase, float(found is not None)), detail=f"closes with {found!r}" if found else ""
    )
