"""What an import is asked for, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evalkit.core.errors import Problem
from evalkit.core.model import Arm


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the logs becomes which arm, and what of it is one case.

    ``baseline`` and ``candidate`` are labels that the logs name their arms by, or files of them.
    ``by`` says whether requests are one case by their id or by what was asked; ``draws`` that
    several requests of a case and an arm are its draws; ``common`` keeps only cases that both arms
    answered.
    """

    baseline: str | None = None
    candidate: str | None = None
    by: Literal["id", "input"] = "id"
    draws: bool = False
    common: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import found: shown to the user, and kept nowhere."""

    formats: Mapping[str, str]
    requests: int
    arms: Mapping[Arm, tuple[str, int]]
    left_out: Mapping[str, int]
    cases: int
    common: int
    unasked: int
    found: Mapping[str, int]
    skipped: int
    problems: tuple[Problem, ...]
