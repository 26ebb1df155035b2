"""What configuration is written from, and how its names, shares and numbers are written."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from evalkit.core.errors import UsageError
from evalkit.report.text.safe import one_line

TINY = 1e-6
"""So near to a whole number of parts is a whole number: 0.07 is 7.000000000000001 %."""
LONGEST_NAME = 53
"""Kubernetes allows 63 letters, and controllers append some of their own."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout as it stands.

    ``stages`` are the shares of the traffic in order, each above 0 and below 1. ``share`` is what the
    candidate is to have now, from 0 to 1; ``None`` says that nobody watches the run yet, and then it is to
    have nothing.
    """

    name: str
    run: str
    stages: tuple[float, ...]
    share: float | None


def weight(rollout: Rollout, of: int, limit: str) -> int:
    """Return how many of so many parts of the traffic the candidate is to have now.

    Args:
        rollout: its stages are all checked, so that no rollout gets stuck half way.
        of: the parts that the whole traffic has.
        limit: what the format can express, such as ``nginx splits by hundredths of a per cent``.

    Raises:
        UsageError: a stage, or the share of now, is no whole number of parts.
    """
    for place, share in enumerate(rollout.stages, 1):
        _parts(share, of, f"canary.stages[{place - 1}]", limit)
    return 0 if rollout.share is None else _parts(rollout.share, of, "the share of now", limit)


def percents(rollout: Rollout, limit: str) -> list[int]:
    """Return the stages in whole per cent.

    Raises:
        UsageError: a stage is none.
    """
    return [
        _parts(share, 100, f"canary.stages[{place}]", limit)
        for place, share in enumerate(rollout.stages)
    ]


def _parts(share: float, of: int, what: str, limit: str) -> int:
    parts = round(share * of)
    if abs(share * of - parts) > TINY or parts == 0 < share:
        raise UsageError(
            f"{what} is {percent_text(share)}, and {limit}: "
            f"expected a multiple of {percent_text(1 / of)}"
        )
    return parts


def percent_text(share: float) -> str:
    """Return a share in the letters that every configuration may hold.

    >>> percent_text(0.07), percent_text(0.0005)
    ('7 %', '0.05 %')
    """
    return f"{100 * share:.9g} %"


def heading(rollout: Rollout, about: str, format_name: str) -> str:
    """Return the comment at the head of a file; no text of the envelope leaves its lines."""
    stages = ", ".join(map(percent_text, rollout.stages))
    watched = "" if rollout.share is not None else " Nobody watches it yet, so it has nothing."
    return (
        f"# {about}\n"
        f"# Rollout {comment(rollout.name)}, run {comment(rollout.run)}: {stages}.{watched}\n"
        f"# Written by evalkit canary --emit {format_name}: what is changed here is lost.\n"
    )


def comment(text: str) -> str:
    """Return a text as it may stand in a comment: one line, and nothing hidden in it."""
    return one_line(text, most=80)


def quoted(text: str) -> str:
    """Return a text as YAML reads it back, whatever it holds: JSON's quotes are YAML's too."""
    return json.dumps(text)


def slug(text: str) -> str:
    """Return a name that Kubernetes and DNS take.

    >>> slug("Chat (EU)"), slug("!")
    ('chat-eu', 'candidate')
    """
    return re.sub("[^a-z0-9]+", "-", text.lower())[:LONGEST_NAME].strip("-") or "candidate"
