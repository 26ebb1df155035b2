"""A user's pattern is searched in a stranger's answer to its end, or whoever asked hears that it was not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from evalkit.core.model import Score
from evalkit.features import searching
from evalkit.features.searching import SlowPatternError

Ask = Callable[..., Score]
HOSTILE = "a" * 60


@pytest.mark.parametrize(
    ("pattern", "options", "answer", "value"),
    [
        ("^(a+)+$", {}, HOSTILE, 1.0),
        ("^(a+)+$", {}, HOSTILE + "!", 0.0),
        ("^(A+)+$", {"ignore_case": True}, HOSTILE + "!", 0.0),
        ("^(.+)+x$", {"dotall": True, "multiline": True}, HOSTILE + "!\n" + HOSTILE, 0.0),
        ("(a+)+!", {"group": 1, "reference": HOSTILE}, HOSTILE + "!", 1.0),
        ("(?P<all>(?:a|aa)+)!", {"group": "all", "reference": "aaa"}, HOSTILE + "! aaa!", 1.0),
        (r"\p{L}+", {"group": 0, "reference": "हिन्दी"}, "1 हिन्दी", 0.0),
        (r"[\p{L}\p{M}]+", {"group": 0, "reference": "हिन्दी"}, "1 हिन्दी", 1.0),
    ],
)
def test_an_answer_made_for_a_pattern_is_searched_to_its_end(
    score: Ask, pattern: str, options: dict[str, Any], answer: str, value: float
) -> None:
    assert score("regex", answer, pattern=pattern, **options).values == (value,)


@pytest.mark.parametrize(
    ("scorer", "options", "place"),
    [
        ("regex", {"pattern": "^(a|aa)+$"}, "pattern"),
        ("regex", {"pattern": "^(a|aa)+$", "group": 1, "reference": "a"}, "pattern"),
        ("reasoning", {"answer": "regex", "pattern": "^(a|aa)+$"}, "pattern"),
        (
            "schema_valid",
            {"schema": json.dumps({"items": {"pattern": "^(a|aa)+$"}})},
            "schema: $.items.pattern",
        ),
    ],
)
def test_what_takes_too_long_to_search_is_no_score_but_an_error(
    score: Ask, scorer: str, options: dict[str, Any], place: str
) -> None:
    answer = HOSTILE + "!"
    with pytest.raises(SlowPatternError) as raised:
        score(scorer, json.dumps([answer]) if scorer == "schema_valid" else answer, **options)
    assert str(raised.value) == f"{place} '^(a|aa)+$' takes more than {searching.SECONDS:g} s"


def test_an_answer_is_extracted_by_a_pattern_that_it_is_made_for(score: Ask) -> None:
    found = score("reasoning", f"{HOSTILE}! aaa.", answer="regex", pattern=r"(?>a+)\.")
    assert found.values[2:4] == (1.0, 62 / 66)
