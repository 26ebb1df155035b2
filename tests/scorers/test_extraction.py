"""Answers inside texts: numbers, choices, fields and lists are read as a person would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.model import Arm, Case, Json, Sample, Score
from evalkit.core.registry import SCORERS

Ask = Callable[..., Score]
ITEMS = st.lists(st.text("abcdefgh", min_size=1, max_size=3), max_size=6)


def _f1(found: list[str], wanted: list[str], **options: Any) -> Score:
    plugin = SCORERS.get("set_f1")
    reference: list[Json] = list(wanted)
    output = "[" + ", ".join(f'"{item}"' for item in found) + "]"
    sample = Sample("case", Arm.CANDIDATE, output=output)
    return plugin(Case("case", "", reference), sample, plugin.options(**options))


# ---------------------------------------------------------------- set_f1


@given(ITEMS, ITEMS)
def test_f1_lies_between_its_parts_and_swaps_them(found: list[str], wanted: list[str]) -> None:
    f1, precision, recall = (float(str(value)) for value in _f1(found, wanted).values)
    assert min(precision, recall) <= f1 + 1e-12
    assert f1 <= max(precision, recall) + 1e-12
    assert _f1(wanted, found).values == (f1, recall, precision)


@given(ITEMS, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_count(items: list[str], random: Any) -> None:
    shuffled = [*items, *items]
    random.shuffle(shuffled)
    assert _f1(shuffled, items).values == (1.0, 1.0, 1.0)


# ---------------------------------------------------------------- numeric


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_is_found_in_any_of_its_spellings(number: float) -> None:
    plugin = SCORERS.get("numeric")
    for text in (repr(number), f"The answer is **{number:,.3f}** km.", f"{number:e}"):
        sample = Sample("case", Arm.CANDIDATE, output=text)
        options = plugin.options(abs_tol=5e-4, rel_tol=1e-6)
        assert plugin(Case("case", "", number), sample, options).values == (1.0, 1.0), text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2024-05-13", 13),
        ("1,2,3", 3),
        ("12,345", 12345),
        ("12,34", 34),
        ("x = 5.", 5),
        ("+7", 7),
        ("5×10⁻³", 0.005),
        ("1e400", None),
        ("(2)-3", 3),
        ("H2O", None),
        ("-€5", -5),
    ],
)
def test_what_is_a_number_and_what_is_not(score: Ask, text: str, number: float | None) -> None:
    expected = 0.0 if number is None else 1.0
    assert score("numeric", text, reference=number or 0).values[0] == expected


def test_a_truth_value_is_no_reference_for_a_number(score: Ask) -> None:
    values = score("numeric", "1", reference=True).values
    assert [getattr(value, "reason", "") for value in values] == ["no number in the reference"] * 2


# ---------------------------------------------------------------- choice


@given(st.sampled_from(["A", "B", "C", "D", "E"]), st.text(max_size=40))
def test_what_was_extracted_is_extracted_again(letter: str, before: str) -> None:
    plugin = SCORERS.get("choice")
    case = Case("case", "", letter)
    first = plugin(case, Sample("case", Arm.CANDIDATE, output=before), plugin.options())
    if first.values[1] != "none":
        again = Sample("case", Arm.CANDIDATE, output=f"[{first.values[1]}]")
        assert plugin(case, again, plugin.options()).values == first.values


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("[Yes]", "yes"),
        ("**[No]**", "no"),
        ("\\boxed{Yes}", "yes"),
        ("Answer: [Yes]", "yes"),
        ("**Answer:** No", "no"),
        ("The final answer is: $\\boxed{No}$", "no"),
        ("The answer would be yes.", "yes"),
        ("Therefore it is prime.\n\nYes.", "yes"),
        ("No, it is not.", "no"),
        ("Nothing to add", "none"),
        ("Yesterday", "none"),
        ("There is no doubt", "none"),
        ('"Yes"', "yes"),
        ("(yes)", "yes"),
    ],
)
def test_yes_and_no_are_read_in_the_forms_people_ask_for(
    score: Ask, text: str, answer: str
) -> None:
    assert score("choice", text, reference="yes").values[1] == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("B", "B"),
        ("B.", "B"),
        ("(B).", "B"),
        ("[b]", "B"),
        ("B) Paris", "B"),
        ("**B. Paris**", "B"),
        ("Answer: B", "B"),
        ("The correct answer is (B) because A is small.", "B"),
        ("A good answer is a matter of taste.", "none"),
        ("a", "none"),
        ("I think B is right", "none"),
    ],
)
def test_letters_are_read_and_the_article_is_not(score: Ask, text: str, answer: str) -> None:
    assert score("choice", text, reference="B").values[1] == answer


def test_the_first_mention_counts_on_request(score: Ask) -> None:
    text = "[Yes] at first, but [No]."
    assert score("choice", text, reference="no").values[0] == 1.0
    assert score("choice", text, reference="no", take="first").values[0] == 0.0


def test_a_letter_of_another_alphabet_is_no_choice(score: Ask) -> None:
    options = {"choices": ["disagree", "agree"]}
    assert score("choice", "[d\u0131sagree]", reference="agree", **options).values[1] == "none"


def test_a_reference_may_bear_brackets_and_name_several_choices(score: Ask) -> None:
    assert score("choice", "(B)", reference="(B).").values[0] == 1.0
    assert score("choice", "(B)", reference=["A", "B"]).values[0] == 1.0


# ---------------------------------------------------------------- json_field


@pytest.mark.parametrize(
    ("output", "reference", "options", "right"),
    [
        ('{"a": {"b": [1, {"c": null}]}}', None, {"field": "a.b.1.c"}, 1.0),
        ('{"a.b": 1}', 1, {"field": "/a.b"}, 1.0),
        ('{"a/b": {"~": 2}}', 2, {"field": "/a~1b/~0"}, 1.0),
        ('{"a": [1, 2]}', [1, 2.0], {"field": "a"}, 1.0),
        ('{"a": [1, 2]}', [2, 1], {"field": "a"}, 0.0),
        ('{"b": 1, "a": 2}', {"a": 2, "b": 1}, {"field": ""}, 1.0),
        ('{"a": 1}', {"a": 1, "b": 2}, {"field": ""}, 0.0),
        ('{"a": 10.2}', 10, {"field": "a", "rel_tol": 0.05}, 1.0),
        ('{"a": 0}', False, {"field": "a"}, 0.0),
        ('{"a": []}', 0, {"field": "a.0"}, 0.0),
        ('{"a": 1, "a": 2}', 2, {"field": "a"}, 0.0),
    ],
)
def test_fields_are_compared_as_values(
    score: Ask, output: str, reference: Json, options: dict[str, Any], right: float
) -> None:
    assert score("json_field", output, reference=reference, **options).values == (right,)
