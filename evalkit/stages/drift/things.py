"""What one may look for in an answer."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.core.drift import Trait


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing to look for in an answer.

    ``words`` is how many of them a phrase has, and ``common`` the share of answers that even the
    rarest of them stands in; ``unit`` is what an amount is counted in, ``measure`` the metric that an
    envelope would bound it by.
    """

    trait: Trait
    what: str
    words: int = 0
    common: float = 0.0
    unit: str = ""
    measure: str = ""
