"""What an error status means, by the words of those who write it."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.core.model import ErrorKind
from evalkit.wire.exchange import HttpResponse
from evalkit.wire.failures import LONGEST_MESSAGE, failure_of
from tests.wire.worlds import answered


def gemini(quota: str, *, delay: str | None = "23s") -> dict[str, Any]:
    details: list[dict[str, Any]] = [{"violations": [{"quotaId": quota}]}]
    if delay is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    message = "You exceeded your current quota, please check your plan and billing details."
    error = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}
    return {"error": error}


@pytest.mark.parametrize(
    ("status", "body", "kind", "again"),
    [
        (429, {"error": {"message": "slow down"}}, ErrorKind.RATE_LIMITED, True),
        (
            429,
            {"error": {"message": "Rate limit reached on tokens per min (TPM); see /billing"}},
            ErrorKind.RATE_LIMITED,
            True,
        ),
        (
            429,
            {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}},
            ErrorKind.QUOTA,
            False,
        ),
        (429, gemini("GenerateRequestsPerMinutePerProject"), ErrorKind.RATE_LIMITED, True),
        (429, gemini("GenerateRequestsPerDayPerProject"), ErrorKind.QUOTA, False),
        (429, gemini("Unknown", delay=None), ErrorKind.QUOTA, False),
        (402, b"pay first", ErrorKind.QUOTA, False),
        (403, {"error": {"message": "Billing is not enabled"}}, ErrorKind.QUOTA, False),
        (
            400,
            {"error": {"message": "Your credit balance is too low"}},
            ErrorKind.QUOTA,
            False,
        ),
        (400, {"error": {"message": "quota must be a number"}}, ErrorKind.OTHER, False),
        (401, {"error": {"message": "no key"}}, ErrorKind.DENIED, False),
        (403, b"forbidden", ErrorKind.DENIED, False),
        (404, {"detail": "Not Found"}, ErrorKind.OTHER, False),
        (408, b"", ErrorKind.TIMEOUT, True),
        (409, b"", ErrorKind.OTHER, True),
        (425, b"", ErrorKind.OTHER, True),
        (500, b"", ErrorKind.SERVER, True),
        (501, b"", ErrorKind.SERVER, False),
        (504, b"upstream timed out", ErrorKind.SERVER, True),
        (524, b"", ErrorKind.SERVER, True),
        (529, {"error": {"type": "overloaded_error"}}, ErrorKind.SERVER, True),
        (418, b"too many requests", ErrorKind.RATE_LIMITED, False),
    ],
)
def test_a_status_and_its_text_tell_the_kind(
    status: int, body: object, kind: ErrorKind, *, again: bool
) -> None:
    failure = failure_of(answered(status, body))
    assert (failure.kind, failure.again) == (kind, again)


def test_the_wait_in_a_body_is_read() -> None:
    assert failure_of(answered(429, gemini("PerMinute"))).wait == 23.0
    assert failure_of(answered(429, [gemini("PerMinute")])).wait == 23.0
    assert failure_of(answered(429, {"error": {"details": "none"}})).wait is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "so\n  it is"}}, "so it is"),
        ({"error": "so it is"}, "so it is"),
        ({"message": "so it is"}, "so it is"),
        ({"Message": "so it is"}, "so it is"),
        ([{"error": {"message": "so it is"}}], "so it is"),
        (b"<html>so it is</html>", "<html>so it is</html>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", "an empty body"),
        (b"[" * 5000, "[" * LONGEST_MESSAGE),
        ({"error": {"message": "x" * 9999}}, "x" * LONGEST_MESSAGE),
        ({"error": {}}, '{"error": {}}'),
    ],
)
def test_the_endpoints_own_sentence_is_kept(body: object, message: str) -> None:
    assert failure_of(answered(500, body)).message == f"HTTP 500: {message}"


def test_a_redirect_names_its_target() -> None:
    response = HttpResponse(302, {"location": "https://elsewhere.test/"}, b"", 1.0)
    failure = failure_of(response)
    assert not failure.again
    assert "https://elsewhere.test/" in failure.message
