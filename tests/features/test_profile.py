"""The profile of a text holds what the scorers measure, under names that a reader understands."""

from __future__ import annotations

import pytest

from evalkit.core.model import Arm, Case, Sample
from evalkit.core.registry import SCORERS
from evalkit.features.profile import FEATURES, profile
from evalkit.testing.scorers import HOSTILE_OUTPUTS

TEXT = """## Why it can't work

I think you might want to read this first:

- **One** thing, because it's so. 🙂
- See https://a.example

1. Step 1: ask! Therefore, why?
2. Step 2: wait.

```sh
ls
```
"""


def test_every_feature_is_what_its_metric_measures() -> None:
    found = profile(TEXT)
    assert list(found) == list(FEATURES)
    sample = Sample("case", Arm.CANDIDATE, output=TEXT)
    for name, value in found.items():
        scorer, _, wanted = FEATURES[name].metric.partition(".")
        plugin = SCORERS.get(scorer)
        values = plugin(Case("case", ""), sample, plugin.options()).values
        at = [declared.name for declared in plugin.values].index(wanted)
        measured = values[at]
        assert isinstance(measured, float)
        if name in {"words", "sentences"}:  # length reads numbers and code, prose does not
            continue
        assert value == (float(measured > 0) if FEATURES[name].kind == "rate" else measured), name


@pytest.mark.parametrize("name", HOSTILE_OUTPUTS)
def test_whatever_a_text_holds_its_features_are_of_their_kind(name: str) -> None:
    for feature, value in profile(HOSTILE_OUTPUTS[name]).items():
        assert value >= 0
        assert value in {0.0, 1.0} or FEATURES[feature].kind != "rate"
        assert value <= 1 or FEATURES[feature].kind != "share"


def test_what_a_text_has_no_value_of_is_not_there() -> None:
    assert "reading_ease" not in profile("Это ответ.")
    assert {"sentence_words", "hedges", "reading_ease"}.isdisjoint(profile("42"))
