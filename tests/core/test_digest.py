"""Equal meaning gives equal digests, whatever the order and the form it was written in."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import Enum, StrEnum
from hashlib import sha256
from pathlib import Path, PurePosixPath
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.digest import SetDigest, bet_rank, canonical_json, chance_of, digest, plain
from evalkit.core.model import ABSENT, Absent, Case, Json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


class Colour(StrEnum):
    """A word."""

    RED = "red"


class Level(Enum):
    """A number behind a name."""

    HIGH = 3


@dataclass(frozen=True)
class Thing:
    """A frozen value with a field that may be absent."""

    path: Path
    colour: Colour
    parts: tuple[int, ...]
    reference: Json | Absent = ABSENT


def test_frozen_values_become_plain_ones_and_absent_fields_are_left_out() -> None:
    thing = Thing(Path("a") / "b", Colour.RED, (1, 2))
    assert plain(thing) == {"path": "a/b", "colour": "red", "parts": [1, 2]}
    assert type(plain(Colour.RED)) is str
    assert plain(Level.HIGH) == 3
    assert plain({Colour.RED: PurePosixPath("x")}) == {"red": "x"}


def test_a_reference_of_null_is_not_an_absent_one() -> None:
    assert digest(Case("a", "q")) != digest(Case("a", "q", None))
    assert plain(Case("a", "q", None)) != plain(Case("a", "q"))


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", Thing, 1j, [object()]])
def test_what_json_has_no_word_for_is_an_error(value: object) -> None:
    with pytest.raises(TypeError, match="has no canonical JSON"):
        plain(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [math.nan]])
def test_numbers_that_are_none_have_no_canonical_json(value: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(value)


def test_canonical_json_is_one_text_of_sorted_keys_without_blanks() -> None:
    assert canonical_json({"b": [1, 2.5], "a": {"d": None, "c": True}}) == (
        '{"a":{"c":true,"d":null},"b":[1,2.5]}'
    )


def test_a_digest_is_the_sha256_of_the_canonical_json() -> None:
    assert digest({"é": 1}) == sha256('{"é":1}'.encode()).hexdigest()


@given(JSON)
@settings(derandomize=True, deadline=None)
def test_canonical_json_says_the_value_and_nothing_else(value: Json) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=6), st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None)
def test_the_order_of_keys_makes_no_difference(value: dict[str, Json], random: Random) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert digest(dict(items)) == digest(value)


@given(st.lists(JSON, max_size=8), st.randoms(use_true_random=False))
@settings(derandomize=True, deadline=None)
def test_a_set_has_one_digest_in_any_order(values: list[Json], random: Random) -> None:
    one, other = SetDigest(), SetDigest()
    for value in values:
        one.add(value)
    random.shuffle(values)
    for value in values:
        other.add(value)
    assert one.hex() == other.hex()
    assert len(one.hex()) == 64


def test_a_set_counts_how_often_a_value_is_in_it() -> None:
    found = []
    for values in ([], ["a"], ["a", "a"], ["a", "b"]):
        members = SetDigest()
        for value in values:
            members.add(value)
        found.append(members.hex())
    assert len(set(found)) == 4


def test_the_order_of_bets_follows_from_the_names_and_from_nothing_else() -> None:
    cases = [f"c{number}" for number in range(100)]
    order = sorted(cases, key=lambda case: bet_rank("support", case))
    assert sorted(order) == sorted(cases)
    assert order != cases
    assert order != sorted(cases, key=lambda case: bet_rank("another", case))
    fewer = sorted(cases[:50], key=lambda case: bet_rank("support", case))
    assert fewer == [case for case in order if case in cases[:50]]


def test_a_name_that_ends_as_another_case_begins_is_not_taken_for_it() -> None:
    assert bet_rank("support", "1a") != bet_rank("support1", "a")


def test_chance_gives_a_case_one_number_a_run_and_spreads_them_evenly() -> None:
    numbers = [chance_of("run-1", f"c{number}") for number in range(2000)]
    assert numbers == [chance_of("run-1", f"c{number}") for number in range(2000)]
    assert all(0 <= number < 1 for number in numbers)
    assert 160 < sum(number < 0.1 for number in numbers) < 240
    again = sum(
        number < 0.1 and chance_of("run-2", f"c{case}") < 0.1 for case, number in enumerate(numbers)
    )
    assert 5 < again < 40
