"""What was found when the environment and the endpoints of an envelope were looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """What is known of one thing that was looked at."""

    SOUND = "sound"
    LACKING = "lacking"  # works without it, and would do more with it
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what it is, how it is, and what was seen or is to be done."""

    subject: str
    health: Health
    text: str
