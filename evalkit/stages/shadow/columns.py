"""Where the columns of a log stand whose numbers are measured as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.core.model import Arm


@dataclass(frozen=True, slots=True)
class Columns:
    """The names that columns have in a log; ``metrics`` by the names of metrics.

    ``arms`` says whose answers a word in the column ``arm`` marks. A name with dots in it also leads
    into objects, where nothing is called so. ``failed`` is the one of ``metrics`` that says what went
    wrong: true or 1, a text, or an object, and nothing where nothing did.
    """

    metrics: Mapping[str, str]
    arm: str | None = None
    arms: Mapping[str, Arm] = field(default_factory=dict)
    time: str | None = None
    request: str | None = None
    user: str | None = None
    failed: str | None = None
