"""Headers that tell when to ask again, in each vendor's form and in none."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.wire.headers import (
    LONGEST_WAIT,
    Allowance,
    RetryAfter,
    allowances,
    duration,
    retry_after,
)

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "Wed, 25 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 25 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "1"}, 1.0),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers, NOW) == RetryAfter(seconds, seconds)


@pytest.mark.parametrize(
    "text", ["", "-1", "-0.5", "nan", "inf", "1e9", "soon", "٣", "1" * 65, "Wed, 99 Nov 2026", "\0"]
)
def test_a_retry_after_that_makes_no_sense_is_none(text: str) -> None:
    assert retry_after({"retry-after": text}, NOW) is None


@pytest.mark.parametrize("text", ["86400", "9" * 60, "Wed, 25 Nov 2099 12:00:30 GMT"])
def test_an_endless_retry_after_is_capped_and_says_so(text: str) -> None:
    found = retry_after({"retry-after": text}, NOW)
    assert found is not None
    assert found.seconds == LONGEST_WAIT
    assert found.capped
    assert found.asked > LONGEST_WAIT


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param(
            {
                "x-ratelimit-limit-requests": "60",
                "x-ratelimit-remaining-requests": "59",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-limit-tokens": "150000",
                "x-ratelimit-remaining-tokens": "149984",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            {"requests": Allowance(59, 1.0), "tokens": Allowance(149_984, 360.0)},
            id="OpenAI",
        ),
        pytest.param(
            {
                "anthropic-ratelimit-requests-limit": "50",
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-25T12:00:12Z",
                "anthropic-ratelimit-input-tokens-remaining": "1000",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-25T11:59:12Z",
                "anthropic-ratelimit-output-tokens-remaining": "7",
            },
            {
                "requests": Allowance(0, 12.0),
                "input-tokens": Allowance(1000, 0.0),
                "output-tokens": Allowance(7, None),
            },
            id="Anthropic",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "3", "x-ratelimit-reset": str(int(NOW) + 40)},
            {"requests": Allowance(3, 40.0)},
            id="plain with a moment",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "3", "x-ratelimit-reset": str(int(NOW + 40) * 1000)},
            {"requests": Allowance(3, 40.0)},
            id="plain with a moment in milliseconds",
        ),
        pytest.param(
            {"ratelimit-remaining": "3", "ratelimit-reset": "40"},
            {"requests": Allowance(3, 40.0)},
            id="plain with seconds",
        ),
        pytest.param(
            {
                "x-ratelimit-limit-requests": "-1",
                "x-ratelimit-remaining-requests": "-1",
                "x-ratelimit-limit-tokens": "0",
                "x-ratelimit-remaining-tokens": "0",
            },
            {},
            id="Azure counts nothing",
        ),
        pytest.param(
            {"ratelimit-remaining": "3", "ratelimit-reset": "soon" * 20},
            {"requests": Allowance(3, None)},
            id="a reset that says nothing",
        ),
        pytest.param({"x-ratelimit-limit-requests": "60"}, {}, id="nothing about what is left"),
        pytest.param({"x-ratelimit-remaining-requests": "many"}, {}, id="no number"),
        pytest.param({"content-type": "text/plain"}, {}, id="none"),
    ],
)
def test_what_is_left_is_read_in_each_vendors_form(
    headers: dict[str, str], expected: dict[str, Allowance]
) -> None:
    assert allowances(headers, NOW) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12ms", 0.012), ("6m0s", 360.0), ("1h2m3.5s", 3723.5), ("1d", 86_400.0), ("250us", 25e-5)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "6m 0s", "m", "-1s", "1s!", "s1", "1" * 70 + "s"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration(text) is None


NAMES = st.sampled_from(
    [
        "retry-after",
        "retry-after-ms",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
        "x-ratelimit-reset",
        "ratelimit-remaining",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
        "anthropic-ratelimit-tokens-limit",
    ]
)
DATES = ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59", "Sun, 00 Jan 0000 00:00:00 -9999"]


@given(st.dictionaries(NAMES, st.text() | st.sampled_from(DATES) | st.integers().map(str)))
def test_no_header_breaks_a_reader_or_makes_it_wait_for_ever(headers: dict[str, str]) -> None:
    wait = retry_after(headers, NOW)
    assert wait is None or 0 <= wait.seconds <= LONGEST_WAIT
    for left in allowances(headers, NOW).values():
        assert left.remaining >= 0
        assert left.resets_in is None or (left.resets_in >= 0 and math.isfinite(left.resets_in))
