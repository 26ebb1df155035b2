"""What a recorded baseline suggests: bounds that its golden set can prove, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.core.model import Arm, Case, Json
from evalkit.core.plan import Basis
from evalkit.core.verdict import BoundResult


@dataclass(frozen=True, slots=True)
class ProposedBound:
    """One bound to be written.

    ``written`` is the bound as an envelope file holds it; ``result`` what the judge says of the
    recording held against itself; ``passes`` the chance of an unchanged candidate, from what
    ``basis`` names, with the share of cases that two draws are taken to differ on where that was
    ``assumed``. ``wished`` is a margin that these cases do not prove and how many would.
    """

    written: Mapping[str, Json]
    result: BoundResult
    passes: float
    basis: Basis
    assumed: float | None = None
    wished: tuple[float, int] | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """An envelope that a baseline recording suggests.

    ``arm`` says which side of a run the recording is, where it is a run folder. ``draws`` is how often each case was recorded; ``repeats`` how often the candidate is to be
    drawn. ``chosen`` says by metric why its scorer was taken, ``left_out`` what is not proposed and
    why. ``tags`` counts the cases of each tag. ``joint`` is the chance of an unchanged candidate to
    keep all blocking bounds. ``derived`` holds the cases, where they were read off the recording.
    """

    name: str
    golden_set: str
    recording: str
    cases: int
    draws: int
    repeats: int
    metrics: Mapping[str, Mapping[str, Json]]
    chosen: Mapping[str, str]
    bounds: tuple[ProposedBound, ...]
    left_out: tuple[str, ...]
    tags: Mapping[str, int]
    joint: float
    derived: tuple[Case, ...] = ()
    arm: Arm | None = None
