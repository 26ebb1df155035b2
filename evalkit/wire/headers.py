"""Headers in which an endpoint tells when it may be asked again, in each vendor's form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

LONGEST_WAIT = 600.0
"""Seconds. Whoever asks for more may be asked again after this: a header is no reason to hang."""
LONGEST_VALUE = 64
"""Characters; no number, duration or date is longer."""
EPOCH = 1e9
"""A plain number above this is a moment (seconds since 1970); below, seconds from now."""
EPOCH_MS = 1e11
"""A plain number above this is a moment in milliseconds."""
REQUESTS = "requests"
_BEHIND_A_PROXY = "llm_provider-retry-after"
"""What a litellm proxy makes of the vendor's own header; it writes none under the usual name."""


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """How long to wait: ``seconds`` is what is obeyed, ``asked`` what the endpoint wrote."""

    seconds: float
    asked: float

    @property
    def capped(self) -> bool:
        """Whether the endpoint asked for longer than anybody waits."""
        return self.asked > self.seconds


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one kind, and the seconds until it is whole again, where that was told."""

    remaining: int
    resets_in: float | None = None


def capped(asked: float) -> RetryAfter:
    """Return a wait no longer than ``LONGEST_WAIT``."""
    return RetryAfter(min(asked, LONGEST_WAIT), asked)


def retry_after(headers: Mapping[str, str], now: float) -> RetryAfter | None:
    """Return how long an endpoint asks to wait, or ``None`` where it says nothing usable.

    Args:
        headers: names in lower case.
        now: seconds since 1970.

    >>> retry_after({"retry-after": "1.5"}, 0.0)
    RetryAfter(seconds=1.5, asked=1.5)
    """
    text = headers.get("retry-after-ms")
    if text is not None and (milliseconds := _number(text)) is not None and milliseconds >= 0:
        return capped(milliseconds / 1000)
    text = headers.get("retry-after", headers.get(_BEHIND_A_PROXY))
    if text is None:
        return None
    seconds = _number(text)
    if seconds is None:
        moment = _http_date(text)
        return None if moment is None else capped(max(moment - now, 0.0))
    return capped(seconds) if seconds >= 0 else None


def allowances(headers: Mapping[str, str], now: float) -> dict[str, Allowance]:
    """Return what is left by kind: ``requests``, ``tokens``, ``input-tokens``, ``output-tokens``.

    A kind whose limit is 0 or below, or whose remainder is negative, is one the endpoint does not
    count (Azure writes ``-1`` and ``0`` there); it is left out.

    Args:
        headers: names in lower case.
        now: seconds since 1970.
    """
    told: dict[str, dict[str, str]] = {}
    for name, text in headers.items():
        if "ratelimit-" in name and (found := _NAME.fullmatch(name)) is not None:
            field = found["field"] or found["plain"] or found["last"]
            told.setdefault(found["kind"] or found["first"] or REQUESTS, {})[field] = text
    kinds = {kind: _allowance(fields, now) for kind, fields in told.items()}
    return {kind: allowance for kind, allowance in kinds.items() if allowance is not None}


_NAME = re.compile(
    r"x-ratelimit-(?P<field>limit|remaining|reset)-(?P<kind>requests|tokens)"
    r"|(?:x-)?ratelimit-(?P<plain>limit|remaining|reset)"
    r"|anthropic-ratelimit-(?P<first>requests|tokens|input-tokens|output-tokens)"
    r"-(?P<last>limit|remaining|reset)"
)


def _allowance(fields: Mapping[str, str], now: float) -> Allowance | None:
    remaining = _number(fields.get("remaining", ""))
    limit = _number(fields.get("limit", ""))
    if remaining is None or remaining < 0 or (limit is not None and limit <= 0):
        return None
    return Allowance(int(remaining), _seconds_until(fields.get("reset", ""), now))


# ---------------------------------------------------------------- values


_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)", re.ASCII)
_SECONDS = {
    "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9,
}  # fmt: skip


def _number(text: str) -> float | None:
    text = text.strip()
    if len(text) > LONGEST_VALUE or _NUMBER.fullmatch(text) is None:
        return None
    return float(text)


def duration(text: str) -> float | None:
    """Return the seconds of a duration such as ``12ms`` or ``6m0s``, or ``None`` for other text.

    >>> duration("6m0s"), duration("12ms"), duration("soon")
    (360.0, 0.012, None)
    """
    if not text or len(text) > LONGEST_VALUE:
        return None
    parts = _PART.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _seconds_until(text: str, now: float) -> float | None:
    """Return the seconds until a reset: a duration, seconds, or a moment in any of three forms."""
    text = text.strip()
    seconds = _number(text)
    if seconds is None:
        seconds = duration(text)
    elif seconds > EPOCH:
        seconds = (seconds / 1000 if seconds > EPOCH_MS else seconds) - now
    if seconds is None and (moment := _rfc3339(text)) is not None:
        seconds = moment - now
    if seconds is None or not math.isfinite(seconds):
        return None
    return max(seconds, 0.0)


def _rfc3339(text: str) -> float | None:
    if len(text) > LONGEST_VALUE:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _http_date(text: str) -> float | None:
    from email.utils import parsedate_to_datetime

    if len(text) > LONGEST_VALUE:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
