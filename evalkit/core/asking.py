"""What is said about a collection: how far it is, what it may spend, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.core.model import Arm


@dataclass(frozen=True, slots=True)
class Limits:
    """What a collection may spend at most; what is not given is not limited.

    ``cost_usd`` is US dollars, ``seconds`` the time from the first request on, ``requests`` counts
    every attempt.
    """

    cost_usd: float | None = None
    seconds: float | None = None
    requests: int | None = None


@dataclass(frozen=True, slots=True)
class ArmProgress:
    """How far one arm is: ``cost_usd`` is nothing where an answer did not tell what it costs."""

    total: int
    done: int = 0
    kept: int = 0
    errors: int = 0
    retries: int = 0
    waiting: int = 0
    cost_usd: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a collection is; ``seconds`` since it began, ``ending`` why no more is asked.

    ``about`` is the instrument for which somebody is asked about samples; empty where arms are asked.
    """

    arms: Mapping[Arm, ArmProgress]
    seconds: float
    ending: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many requests an arm will get, and about what they cost in US dollars, where it is known."""

    requests: int
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a collection ended before everything was asked; empty where it did not.

    ``stopped`` says which arm could not go on and why, ``spent`` which limit was reached, ``settled``
    that what was answered is enough, ``interrupted`` that somebody asked to end it.
    """

    stopped: Mapping[Arm, str] = field(default_factory=dict)
    spent: str = ""
    settled: bool = False
    interrupted: bool = False
