"""How is the answer written: sentences, persons, hedges, formality, reading ease?"""

from __future__ import annotations

from evalkit.features.prose import EASIEST, Prose, prose
from evalkit.scorers import Case, Example, Kind, Sample, Score, Support, Unscored, Value, scorer

_PER_100 = "per 100 words"
_NO_WORDS = Unscored("no words")


@scorer(
    "style",
    values=[
        Value("sentence_words", Kind.AMOUNT, unit="words"),
        Value("contractions", Kind.AMOUNT, unit=_PER_100),
        Value("first_person", Kind.AMOUNT, unit=_PER_100),
        Value("second_person", Kind.AMOUNT, unit=_PER_100),
        Value("hedges", Kind.AMOUNT, unit=_PER_100),
        Value("formality", Kind.SCORE),
        Value("reading_ease", Kind.AMOUNT, Support(0.0, EASIEST), unit="points"),
        Value("exclamations", Kind.AMOUNT, unit="exclamations"),
        Value("questions", Kind.AMOUNT, unit="questions"),
    ],
    examples=[
        Example(
            "I can't say. Perhaps you should ask!",
            (3.5, 100 / 7, 100 / 7, 100 / 7, 100 / 7, 0.2, 100.0, 1.0, 0.0),
        ),
        Example(
            "The evaluation of the candidate is described in the report.",
            (10.0, 0.0, 0.0, 0.0, 0.0, 6 / 7, 52.865, 0.0, 0.0),
        ),
        Example("Why? Because it’s so.", (2.0, 25.0, 0.0, 0.0, 0.0, 0.2, 99.055, 0.0, 1.0)),
        Example(
            "Это ответ.",
            (2.0, 0.0, 0.0, 0.0, 0.0, 0.5, "an alphabet that is not Latin", 0.0, 0.0),
        ),
        Example("42", (*("no words",) * 5, 0.5, "no words", 0.0, 0.0)),
    ],
)
def style(_case: Case, sample: Sample) -> Score:
    """Counts the marks of style in the answer's English prose, fenced code left out.

    `sentence_words` is the mean length of a sentence. `contractions` (it's, can't),
    `first_person` (I, we), `second_person` (you) and `hedges` (perhaps, might, seems) come per
    100 words. `formality` is the share of articles and prepositions among these and pronouns,
    contractions, interjections and fillers, one of each added: 0.5 where there are none.
    `reading_ease` is Flesch's, cut at 0 and 100, with syllables counted by rule: higher is
    easier. `exclamations` and `questions` count runs of their marks.
    """
    assert sample.output is not None
    found = prose(sample.output)
    return Score(
        (
            *(_words(found) if found.words else (_NO_WORDS,) * 5),
            found.formality,
            _ease(found),
            float(found.exclamations),
            float(found.questions),
        )
    )


def _words(found: Prose) -> tuple[float, ...]:
    counts = (found.contractions, found.first_person, found.second_person, found.hedges)
    return (found.sentence_words, *map(found.per_100_words, counts))


def _ease(found: Prose) -> float | Unscored:
    if not found.words:
        return _NO_WORDS
    return found.reading_ease if found.latin else Unscored("an alphabet that is not Latin")
