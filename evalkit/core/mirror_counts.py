"""What a mirror counted above its server: shares, log lines, findings at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.core.mirror import Mode
from evalkit.core.mirror_edge import Checked
from evalkit.core.mirror_metadata import InBody


@dataclass(frozen=True, slots=True)
class TrafficCounted:
    """The counters of what routes, tells, checks and logs, as they are at one moment.

    ``share`` is the candidate's share now, and ``state_age`` the seconds since the state file was last
    read well, ``None`` where none is followed. ``logged`` counts records by what became of them,
    ``queue`` those that wait to be written. ``rejected`` answers were kept back from their callers;
    ``uncopied`` requests could not be given to the candidate, by reason.
    """

    mode: Mode
    share: float = 0.0
    state_age: float | None = None
    logged: Mapping[str, int] = field(default_factory=dict)
    queue: int = 0
    in_body: Mapping[InBody, int] = field(default_factory=dict)
    checked: Mapping[Checked, int] = field(default_factory=dict)
    rejected: int = 0
    uncopied: Mapping[str, int] = field(default_factory=dict)
