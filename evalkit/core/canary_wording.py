"""How a canary is spoken of, the same in every output."""

from __future__ import annotations

from datetime import UTC, datetime

from evalkit.core.wording import SPACE

MINUTE, HOUR, DAY = 60, 3600, 86_400


def moment_text(seconds: float) -> str:
    """Return a moment as people and machines read it.

    >>> moment_text(90.0)
    '1970-01-01T00:01:30Z'
    """
    try:
        found = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{seconds:g} seconds since 1970"
    return found.isoformat(timespec="seconds").replace("+00:00", "Z")


def share_text(share: float) -> str:
    """Return a share of the traffic.

    >>> share_text(0.0123456).replace(SPACE, " ")
    '1.23 %'
    """
    return f"{float(f'{100 * share:.3g}'):g}{SPACE}%"


def span_text(seconds: float) -> str:
    """Return a length of time in the largest unit that it is a whole number of, or nearly.

    >>> [span_text(seconds).replace(SPACE, " ") for seconds in (600, 5400, 86400)]
    ['10 min', '1.5 h', '24 h']
    """
    if seconds < 2 * MINUTE:
        return f"{seconds:.3g}{SPACE}s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.3g}{SPACE}min"
    if seconds < 3 * DAY:
        return f"{seconds / HOUR:.3g}{SPACE}h"
    return f"{seconds / DAY:.3g}{SPACE}days"
