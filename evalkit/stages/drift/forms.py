"""Texts become numbers about their form: what they are made of, and not what they say."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evalkit.core.drift import Trait
from evalkit.features.profile import FEATURES, Feature, profile
from evalkit.stages.drift.texts import Text
from evalkit.stages.drift.things import Thing
from evalkit.stats.arrays import FloatArray

FEW_WORDS = 3
READ = {name: feature for name, feature in FEATURES.items() if name != "markdown"}
"""What is measured: that there is any Markdown says less than which."""
GROWING = {"words", "sentences"}
"""What of a text that was cut is taken to go on as it began."""


def forms(texts: Sequence[Text]) -> tuple[list[Thing], FloatArray]:
    """Return what is measured, and for each text a row of it; what a text has no value of is NaN."""
    things = [
        Thing(Trait.FORM, "empty answers"),
        Thing(Trait.FORM, "answers of three words or fewer"),
        *(_thing(feature) for feature in READ.values()),
    ]
    return things, np.array([_row(text) for text in texts])


def _thing(feature: Feature) -> Thing:
    trait = Trait.FORM if feature.kind == "rate" else Trait.AMOUNT
    return Thing(trait, feature.phrase, unit=feature.unit, measure=feature.metric)


def _row(text: Text) -> list[float]:
    found = profile(text.read)
    longer = text.characters / len(text.read) if text.read else 1.0
    values = [found.get(name, math.nan) * (longer if name in GROWING else 1.0) for name in READ]
    return [not text.read.strip(), 0 < found["words"] <= FEW_WORDS, *values]
