"""One logged request: what is known of it, and how malformed ones are counted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evalkit.core.errors import Place, Problem, SpecError
from evalkit.core.model import ABSENT, Arm, Message
from evalkit.core.records import RecordError
from evalkit.core.traffic import MANY_PROBLEMS, Logged, Tolerance, logged_of, sound, unix_seconds


def test_what_a_record_does_not_say_is_unknown_and_never_0() -> None:
    found = logged_of({"id": "r1", "output": "Hi"})
    assert (found.arm, found.user, found.when, found.input) == (None, None, None, None)
    assert found.reference is ABSENT
    assert found.tags == ()
    assert found.metadata == {}
    assert found.sample.arm is Arm.BASELINE
    assert found.sample.latency_ms is None


def test_a_record_fills_the_request_and_its_sample() -> None:
    found = logged_of(
        {
            "id": "r1",
            "arm": "candidate",
            "user": 7,
            "created": "2026-10-01T12:00:00Z",
            "input": [{"role": "user", "content": "Hi"}],
            "reference": {"a": 1},
            "tags": ["x", "y"],
            "metadata": {"region": "eu"},
            "output": "Hello",
            "unheard": 1,
        }
    )
    assert found.sample.arm is Arm.CANDIDATE
    assert (found.arm, found.user, found.when) == ("candidate", "7", 1790856000.0)
    assert found.input == (Message("user", "Hi"),)
    assert found.reference == {"a": 1}
    assert found.tags == ("x", "y")
    assert found.metadata == {"region": "eu"}
    assert found.sample.created == "2026-10-01T12:00:00Z"
    assert found.sample.extra == {"unheard": 1}


def test_one_tag_may_stand_alone_and_an_empty_label_is_none() -> None:
    found = logged_of({"id": "r1", "output": "", "tags": "x", "arm": "", "user": ""})
    assert (found.tags, found.arm, found.user) == (("x",), None, None)


@pytest.mark.parametrize(
    ("created", "when", "text"),
    [
        (1790856000, 1790856000.0, "2026-10-01T12:00:00Z"),
        (1790856000.5, 1790856000.5, "2026-10-01T12:00:00.500000Z"),
        (1790856000500, 1790856000.5, "2026-10-01T12:00:00.500000Z"),
        (1790856000500000, 1790856000.5, "2026-10-01T12:00:00.500000Z"),
        (1790856000500000000, 1790856000.5, "2026-10-01T12:00:00.500000Z"),
        (0, 0.0, "1970-01-01T00:00:00Z"),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_time_may_be_a_number_of_any_usual_unit(
    created: float | str | None, when: float | None, text: str | None
) -> None:
    found = logged_of({"id": "r1", "output": "x", "created": created})
    assert (found.when, found.sample.created) == (when, text)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-10-01T12:00:00Z", 1790856000.0),
        ("2026-10-01 12:00:00.250000", 1790856000.25),
        ("2026-10-01T14:00:00+02:00", 1790856000.0),
        ("2026-10-01 12:00:00 UTC", 1790856000.0),
        ("2026-10-01T12:00:00.123456789Z", 1790856000.123456),
    ],
)
def test_a_time_as_text_is_in_utc_unless_it_says_otherwise(text: str, when: float) -> None:
    assert unix_seconds(text) == when


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2026-10-01", "2026-13-01T00:00:00Z", "x" * 60, "0001-01-01T00:00:00+20:00"],
)
def test_what_is_no_time_is_malformed(text: str) -> None:
    with pytest.raises(RecordError, match="expected created to be a time such as"):
        unix_seconds(text)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"created": -1}, "expected created to be a time"),
        ({"created": True}, "expected created to be a time"),
        ({"created": 1e30}, "expected created to be a time"),
        ({"arm": ["a"]}, "expected arm to be text"),
        ({"user": True}, "expected user to be text"),
        ({"tags": [1]}, "expected tags to be a list of texts"),
        ({"tags": {}}, "expected tags to be a list of texts"),
        ({"input": 3}, "expected input to be text, messages or variables"),
        ({"output": None}, "expected output or error, found neither"),
        ({"id": None}, "expected id, found none"),
    ],
)
def test_a_field_of_the_wrong_type_is_malformed(fields: dict[str, object], fault: str) -> None:
    with pytest.raises(RecordError, match=fault):
        logged_of({"id": "r1", "output": "x", **fields})  # type: ignore[dict-item]


# ---------------------------------------------------------------- malformed ones


def stream(*faults: int, of: int = 10) -> Iterator[Logged | Problem]:
    for number in range(of):
        if number in faults:
            yield Problem(Place("log", number), "bad")
        else:
            yield logged_of({"id": f"r{number}", "output": "x"})


def test_malformed_records_are_an_error_that_names_each_at_the_end() -> None:
    passed: list[Logged] = []
    with pytest.raises(SpecError, match=r"log:3: bad\nlog:5: bad"):
        passed.extend(sound(stream(3, 5), Tolerance()))
    assert len(passed) == 8  # whoever reads on has them all, and must not keep them


def test_as_many_as_are_allowed_are_passed_over_and_counted() -> None:
    tolerance = Tolerance(2)
    assert len(list(sound(stream(3, 5), tolerance))) == 8
    assert tolerance.count == 2
    assert [problem.place.line for problem in tolerance.problems] == [3, 5]
    with pytest.raises(SpecError):
        list(sound(stream(3, 5, 6), Tolerance(2)))


def test_a_file_of_another_kind_is_not_read_to_its_end() -> None:
    seen = []

    def endless() -> Iterator[Problem]:
        for number in range(10**9):
            seen.append(number)
            yield Problem(Place("log", number), "bad")

    with pytest.raises(SpecError):
        list(sound(endless(), Tolerance(5)))
    assert len(seen) == MANY_PROBLEMS + 6
