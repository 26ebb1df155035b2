"""Personal data is blotted out by its form, and secrets whatever they look like."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evalkit.core.mirror_plan import FieldRule, PatternRule, Personal, Rule
from evalkit.core.secrets import Secrets
from evalkit.stages.mirror.redact import SLICE, Redactor

ALL = tuple(Personal)


def redactor(*rules: Rule, **given_: Any) -> Redactor:
    secrets = Secrets({"KEY": "s3cr3t-value"})
    secrets.value("KEY")
    return Redactor.of(rules, secrets, **given_)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ada.l+x@mail.example.co.uk, please", "write to [email], please"),
        ("to=me%40example.com&x=1, müller@exämple.de", "to=[email]&x=1, [email]"),
        ("call +49 (0)30 901820 or 030/90 18 20.", "call [phone] or [phone]."),
        ("(555) 123-4567, 555-123-4567, 0044 20 7946 0958", "[phone], [phone], [phone]"),
        ("card 4111 1111 1111 1111, 5500-0000-0000-0004", "card [card], [card]"),
        ("378282246310005 and 4111111111111111", "[card] and [card]"),
        ("DE89 3704 0044 0532 0130 00 AND GB82WEST12345698765432!", "[iban] AND [iban]!"),
        ("from 10.0.0.1, 2001:db8::1 or fe80::1ff:fe23:4567:890a", "from [ip], [ip] or [ip]"),
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "[ip]"),
    ],
)
def test_what_has_the_form_of_personal_data_is_blotted_out(text: str, expected: str) -> None:
    assert redactor(*ALL).text(text) == expected
    assert redactor().text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "on 2026-11-26 at 12:30:45, 26.11.2026", "order 1234567 of 1,234,567.89 $", "3.14159265358979",
        "4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01", "version 1.2.3.4.5, 1.2.3.456", "10:45",
        "std::vector<int>", "@ nobody, a@b", "room 101", "x4111111111111111", "1.2.3", "2024 2025 2026",
        "ABCD1234EFGH", "06.10.2026",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert redactor(*ALL).text(text) == text


def test_each_kind_is_blotted_out_only_where_it_is_asked_for() -> None:
    text = "a@b.example 4111111111111111"
    assert redactor(Personal.EMAIL).text(text) == "[email] 4111111111111111"
    assert redactor(Personal.CARD).text(text) == "a@b.example [card]"


def test_own_patterns_are_replaced_by_what_is_said_literally() -> None:
    own = redactor(PatternRule(r"ACME-\d{4,8}", r"[customer \1]"), Personal.PHONE)
    assert own.text("ACME-0123456 and +49 30 901820") == r"[customer \1] and [phone]"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2 * SLICE), st.sampled_from(["a@b.example", "4111 1111 1111 1111"]))
@example(7665, "4111 1111 1111 1111")
def test_long_texts_are_searched_in_slices_that_end_between_words(at: int, personal: str) -> None:
    text = ("word " * SLICE)[:at] + f" {personal} " + "word " * SLICE
    assert personal not in redactor(*ALL).text(text)
    assert redactor().text(text) == text
    solid = "x" * (3 * SLICE + at)
    assert redactor(*ALL).text(solid) == solid


def record(**fields: Any) -> dict[str, Any]:
    return {
        "id": "4111111111111111",
        "arm": "baseline",
        "created": "2026-10-01T12:00:00Z",
        "model": "m-030-901820-s3cr3t-value",
        "input": [{"role": "user", "content": "I am a@b.example with s3cr3t-value"}],
        "output": "Hello a@b.example",
        "latency_ms": 5.0,
        "metadata": {
            "path": "/u/a@b.example",
            "a@b.example": ["a@b.example", 1, None],
            "status": 200,
        },
        **fields,
    }


def test_every_string_is_redacted_but_for_those_that_hold_no_text() -> None:
    found = redactor(*ALL).redacted(record(error={"kind": "other", "message": "no a@b.example"}))
    assert found == {
        "id": "4111111111111111",
        "arm": "baseline",
        "created": "2026-10-01T12:00:00Z",
        "model": "m-030-901820-[redacted]",
        "input": [{"role": "user", "content": "I am [email] with [redacted]"}],
        "output": "Hello [email]",
        "latency_ms": 5.0,
        "metadata": {"path": "/u/[email]", "[email]": ["[email]", 1, None], "status": 200},
        "error": {"kind": "other", "message": "no [email]"},
    }


def test_a_field_is_never_written_wherever_it_stands() -> None:
    rules = (
        FieldRule(("input", "*", "content")),
        FieldRule(("metadata", "path")),
        FieldRule(("nowhere", "at", "all")),
        FieldRule(("output", "deeper")),
    )
    found = redactor(*rules).redacted(record())
    assert found["input"] == [{"role": "user", "content": "[redacted]"}]
    assert found["output"] == "Hello a@b.example"
    assert found["metadata"]["path"] == "[redacted]"  # type: ignore[index, call-overload]
    every = redactor(FieldRule(("input", "*"))).redacted(record(input={"a": 1, "b": {"c": 2}}))
    assert every["input"] == {"a": "[redacted]", "b": "[redacted]"}


def test_a_callers_own_credential_that_an_answer_repeats_is_blotted_out_but_breaks_no_record() -> (
    None
):
    given_ = record(
        output="Wrong key: caller-key-1, not baseline",
        error={"kind": "other", "message": "caller-key-1"},
    )
    found = redactor(Personal.EMAIL).redacted(given_, ["caller-key-1", "baseline", "other"])
    assert found["output"] == "Wrong key: [redacted], not [redacted]"
    assert found["error"] == {"kind": "other", "message": "[redacted]"}
    assert found["metadata"]["path"] == "/u/[email]"  # type: ignore[index, call-overload]
    assert redactor(texts=False).redacted(given_, ["caller-key-1"])["error"] == {"kind": "other"}


def test_without_texts_only_measurements_are_left() -> None:
    found = redactor(*ALL, texts=False).redacted(
        record(
            error={"kind": "other", "message": "s3cr3t-value"}, refusal="I will not", extra="a thing",
            model="s3cr3t-value",
        )
    )  # fmt: skip
    assert found == {
        "id": "4111111111111111",
        "arm": "baseline",
        "created": "2026-10-01T12:00:00Z",
        "model": "[redacted]",
        "latency_ms": 5.0,
        "metadata": {"path": "/u/[email]", "status": 200},
        "refusal": True,
        "error": {"kind": "other"},
    }
    assert redactor(texts=False).redacted({"id": "a", "metadata": 1}) == {"id": "a", "metadata": 1}


@pytest.mark.parametrize(
    "piece",
    ["a", "1", "0", "a.", "a@", "@", "1.", ":", "f:", "::a", "+1", "(", "AB12", "AB12 ", "1 ", "4111 ", "%40", "é", " "],
)  # fmt: skip
def test_hostile_texts_are_searched_in_a_time_that_grows_with_their_length(piece: str) -> None:
    # It has no end otherwise: some of these took minutes with patterns that repeat repetitions.
    redactor(*ALL).text(piece * 12_000)
