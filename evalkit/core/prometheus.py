"""What a canary asks of Prometheus: a query for each number that a look needs, of each arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.core.model import Arm

ARM, LOOK, THRESHOLD = "$arm", "$look", "$threshold"
"""What stands in a query for the arm, the length of a look, and the value that is counted beyond."""

SETTLES = 60.0
"""Seconds after its end at which a look is read: until then values may still be on their way."""


@dataclass(frozen=True, slots=True)
class TriggerQueries:
    """The queries of one trigger: events among chances, or the sums that a mean is made of.

    ``chances`` is the query for requests where it is not given.
    """

    found: str | None = None
    chances: str | None = None
    count: str | None = None
    total: str | None = None
    squares: str | None = None


@dataclass(frozen=True, slots=True)
class PrometheusQueries:
    """Where Prometheus is, and what it is asked.

    ``token`` names the environment variable whose value goes with every request; ``arms`` is how
    the arms are called there. ``requests`` counts the requests of a look; ``newest`` is, where it
    is given, when the newest sample was taken, in seconds since 1970. ``settles`` is how long after
    its end a look is read, ``timeout`` how long one answer may take, both in seconds.
    """

    url: str
    requests: str
    triggers: Mapping[str, TriggerQueries]
    arms: Mapping[Arm, str] = field(
        default_factory=lambda: {Arm.BASELINE: "baseline", Arm.CANDIDATE: "candidate"}
    )
    newest: str | None = None
    token: str | None = None
    settles: float = SETTLES
    timeout: float = 20.0


def written(query: str, arm: str, look: float, threshold: float | None) -> str:
    """Return a query with its blanks filled in.

    >>> written('sum(increase(n{arm="$arm"}[$look]))', "canary", 600.0, None)
    'sum(increase(n{arm="canary"}[600s]))'
    """
    filled = query.replace(ARM, arm).replace(LOOK, _duration(look))
    return filled if threshold is None else filled.replace(THRESHOLD, f"{threshold:.12g}")


def _duration(seconds: float) -> str:
    """Return a length of time in the form of PromQL, which knows whole numbers only."""
    return f"{seconds:.0f}s" if seconds.is_integer() else f"{1000 * seconds:.0f}ms"
