"""How moments, shares and lengths of time are written."""

from __future__ import annotations

import pytest

from evalkit.core.canary_wording import moment_text, share_text, span_text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (30, "30 s"),
        (90, "90 s"),
        (600, "10 min"),
        (5400, "1.5 h"),
        (86_400, "24 h"),
        (300_000, "3.47 days"),
    ],
)
def test_a_length_of_time_is_written_in_a_fitting_unit(seconds: float, text: str) -> None:
    assert span_text(seconds).replace("\u00a0", " ") == text


def test_a_share_has_three_digits_at_most() -> None:
    assert [share_text(share).replace("\u00a0", " ") for share in (0.01, 0.2, 0.123456, 0.00005)] == [
        "1 %", "20 %", "12.3 %", "0.005 %",
    ]  # fmt: skip


def test_a_moment_that_no_calendar_has_is_written_as_a_number() -> None:
    assert moment_text(1_791_194_400) == "2026-10-05T10:00:00Z"
    assert moment_text(1e18) == "1e+18 seconds since 1970"
