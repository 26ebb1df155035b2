"""How much does the answer repeat itself?"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.features.repetition import repeated
from evalkit.scorers import Case, Example, Kind, Sample, Score, Value, scorer

MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Options:
    """What counts as a repetition.

    Attributes:
        run: a run of so many words that stood before.
    """

    run: int = 4

    def __post_init__(self) -> None:
        """Refuse runs of no words.

        Raises:
            ValueError: it is so.
        """
        if not 1 <= self.run <= MOST_WORDS:
            raise ValueError(f"run: expected 1 to {MOST_WORDS} words, found {self.run}")


@scorer(
    "repetition",
    values=[
        Value("share", Kind.SCORE),
        Value("longest", Kind.AMOUNT, unit="words"),
    ],
    options=Options,
    examples=[
        Example("Every word of this stands here once.", (0.0, 0.0)),
        Example("to be or not to be that is to be or not", (1 / 9, 4.0)),
        Example("To be, or not to be.", (0.0, 2.0)),
        Example("no no no no", (0.75, 2.0), options={"run": 1}, note="a repeat does not overlap"),
        Example("A loop. " * 50, (95 / 97, 50.0)),
        Example("そうです。そうです。", (1 / 5, 4.0), note="a sign is a word"),
        Example("", (0.0, 0.0)),
    ],
)
def repetition(_case: Case, sample: Sample, options: Options) -> Score:
    """Measures how much of the answer stood in it before.

    `share` = 1 − distinct runs of `run` words ÷ all of them: 0 where nothing is repeated, near 1
    in a loop. `longest` is the longest run of words that stands twice. The first 10,000 words are
    read, code included.
    """
    assert sample.output is not None
    found = repeated(sample.output, options.run)
    return Score((found.share, float(found.longest)))
