"""Where a verdict came from: what stands in a run's manifest and nowhere in its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.core.verdict import Digests


@dataclass(frozen=True, slots=True)
class Manifest:
    """The provenance of a run.

    ``created`` is ISO 8601 in UTC; ``lines`` says in which line of the envelope each bound is
    written; ``versions`` holds Python and the libraries that compute; ``smoke`` says why a run is
    not whole, or nothing; ``only`` names the bounds that were judged, where not all were; ``look``
    counts the gates on this candidate that the ledger knows, this one among them; ``asked`` says how
    many cases each earlier run had asked that this one went on from.
    """

    run: str
    created: str
    evalkit: str
    envelope: str
    golden_set: tuple[str, ...]
    seed: int
    lines: Mapping[str, int]
    digests: Digests
    smoke: str = ""
    only: tuple[str, ...] = ()
    look: int = 1
    asked: tuple[int, ...] = ()
    commit: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    schema: str = "evalkit.run/1"
