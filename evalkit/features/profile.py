"""All measures of form and style of a text at once, with a word for each that a reader understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evalkit.features.markdown import emoji, structure
from evalkit.features.prose import prose
from evalkit.features.reasoning import reasoning


@dataclass(frozen=True, slots=True)
class Feature:
    """A measure of a text: its name, what a sentence calls it, the unit, and which sort of number.

    ``metric`` is what measures the same in an envelope. A ``rate`` is 0 or 1, a ``share`` lies between
    them, an ``amount`` is 0 or more.
    """

    name: str
    phrase: str
    unit: str
    kind: Literal["rate", "share", "amount"]
    metric: str


def _named(*features: Feature) -> Mapping[str, Feature]:
    return {feature.name: feature for feature in features}


FEATURES: Mapping[str, Feature] = _named(
    Feature("words", "words", "words", "amount", "length.words"),
    Feature("sentences", "sentences", "sentences", "amount", "length.sentences"),
    Feature("markdown", "any Markdown", "", "rate", "format.markdown"),
    Feature("bulleted", "bullet lists", "", "rate", "format.bullets"),
    Feature("bullets", "bullet points", "items", "amount", "format.bullets"),
    Feature("numbered", "numbered lists", "", "rate", "format.ordered"),
    Feature("ordered", "numbered items", "items", "amount", "format.ordered"),
    Feature("headed", "headings", "", "rate", "format.headings"),
    Feature("headings", "headings", "headings", "amount", "format.headings"),
    Feature("tabled", "tables", "", "rate", "format.tables"),
    Feature("coded", "code blocks", "", "rate", "format.code_blocks"),
    Feature("code_blocks", "code blocks", "blocks", "amount", "format.code_blocks"),
    Feature("bolded", "bold text", "", "rate", "format.bold"),
    Feature("bold", "bold spans", "spans", "amount", "format.bold"),
    Feature("linked", "links", "", "rate", "format.links"),
    Feature("quoted", "block quotes", "", "rate", "format.quotes"),
    Feature("with_emoji", "emoji", "", "rate", "format.emoji"),
    Feature("emoji", "emoji", "emoji", "amount", "format.emoji"),
    Feature("sentence_words", "words a sentence", "words", "amount", "style.sentence_words"),
    Feature("contractions", "contractions", "per 100 words", "amount", "style.contractions"),
    Feature("first_person", "I and we", "per 100 words", "amount", "style.first_person"),
    Feature("second_person", "you", "per 100 words", "amount", "style.second_person"),
    Feature("hedges", "hedges (might, perhaps)", "per 100 words", "amount", "style.hedges"),
    Feature("formality", "formality", "", "share", "style.formality"),
    Feature("reading_ease", "reading ease", "points", "amount", "style.reading_ease"),
    Feature("exclaiming", "exclamation marks", "", "rate", "style.exclamations"),
    Feature("asking", "questions", "", "rate", "style.questions"),
    Feature("questions", "questions", "questions", "amount", "style.questions"),
    Feature("reasoning", "shown reasoning", "", "rate", "reasoning.shown"),
    Feature("steps", "steps", "steps", "amount", "reasoning.steps"),
)
"""Every feature by its name. "bulleted" says how often, "bullets" how many."""


def profile(text: str) -> Mapping[str, float]:
    r"""Return the features of a text, in the order of ``FEATURES``.

    A feature that the text has no value of (words a sentence where there is no word, reading ease
    of another alphabet) is not there.

    >>> found = profile("- One\n- Two, perhaps!")
    >>> found["bulleted"], found["bullets"], found["exclaiming"], round(found["hedges"], 1)
    (1.0, 2.0, 1.0, 33.3)
    >>> "sentence_words" in profile("")
    False
    """
    form, told, pictures = structure(text), prose(text), emoji(text)
    shown = reasoning(text, form)
    found: dict[str, float] = {
        "words": told.words,
        "sentences": told.sentences,
        "markdown": form.any,
        "bulleted": form.bullets > 0,
        "bullets": form.bullets,
        "numbered": form.ordered > 0,
        "ordered": form.ordered,
        "headed": form.headings > 0,
        "headings": form.headings,
        "tabled": form.tables > 0,
        "coded": form.fences > 0,
        "code_blocks": form.fences,
        "bolded": form.bold > 0,
        "bold": form.bold,
        "linked": form.links > 0,
        "quoted": form.quotes > 0,
        "with_emoji": pictures > 0,
        "emoji": pictures,
    }
    if told.words:
        found |= {
            "sentence_words": told.sentence_words,
            "contractions": told.per_100_words(told.contractions),
            "first_person": told.per_100_words(told.first_person),
            "second_person": told.per_100_words(told.second_person),
            "hedges": told.per_100_words(told.hedges),
        }
    found["formality"] = told.formality
    if told.words and told.latin:
        found["reading_ease"] = told.reading_ease
    found |= {
        "exclaiming": told.exclamations > 0,
        "asking": told.questions > 0,
        "questions": told.questions,
        "reasoning": shown.shown,
        "steps": shown.steps,
    }
    return {name: float(value) for name, value in found.items()}
