"""With which words does the answer open?"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.features.phrasing import listed, opens_with
from evalkit.features.phrasing import opening as first_words
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer


@dataclass(frozen=True, slots=True)
class Options:
    """How much of the opening is read, and which phrases are looked for.

    Attributes:
        words: so many words are the category.
        phrases: phrases to look for, such as `[certainly, of course, "I'm sorry"]`; case and
            marks make no difference.
    """

    words: int = 1
    phrases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an opening of no words, and a phrase without one.

        Raises:
            ValueError: it is so.
        """
        object.__setattr__(self, "phrases", listed(self.phrases, self.words))


@scorer(
    "opening",
    values=[
        Value("phrase", Kind.CATEGORY),
        Value("listed", Kind.RATE, labels=("opens with a listed phrase", "opens otherwise")),
    ],
    options=Options,
    examples=[
        Example("**Certainly!** Here’s a list:", ("certainly", "no phrases were listed")),
        Example(
            "Certainly! Here it is.",
            ("certainly", 1.0),
            options={"words": 1, "phrases": ["certainly"]},
        ),
        Example(
            "I’m sorry, but no.", ("i'm sorry", 1.0), options={"words": 2, "phrases": ["I'm sorry"]}
        ),
        Example("Surely not.", ("surely", 0.0), options={"phrases": ["sure"]}),
        Example("これは答えです。", ("これは答えです", "no phrases were listed")),
        Example("…", ("none", "no phrases were listed")),
        Example("", ("none", 0.0), options={"phrases": ["sure"]}),
    ],
)
def opening(_case: Case, sample: Sample, options: Options) -> Score:
    """Reads the first `words` words of the answer, in small letters and without marks.

    Hold `opening` with `shift: {max: …, distance: tv}`: every new habit ("certainly", "as an")
    moves a share of the answers. The more words, the more openings occur only once, and these
    differ between any two runs: one or two words are enough. `opening.listed` = 1 where the
    answer opens with one of the `phrases`, so that `max:` can forbid them. In scripts without
    blanks a word is what stands before the next mark.
    """
    assert sample.output is not None
    phrase = first_words(sample.output, options.words)
    if not options.phrases:
        return Score((phrase, Unscored("no phrases were listed")))
    found = opens_with(sample.output, options.phrases)
    return Score(
        (phrase, float(found is not None)), detail=f"opens with {found!r}" if found else ""
    )
