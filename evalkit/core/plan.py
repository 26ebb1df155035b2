"""What a golden set can show, told before a single call: the chances of every bound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evalkit.core.asking import Forecast
from evalkit.core.envelope import Kind, Limit, Require, Severity
from evalkit.core.model import Arm
from evalkit.core.verdict import Chance, Estimate, Unmeasured


class Basis(StrEnum):
    """What the chances of a bound were computed from."""

    DRAWS = "draws"  # the baseline's own repeated draws: the noise was seen
    LAST_RUN = "last_run"  # the candidate at hand, its changes taken as noise
    BASELINE = "baseline"  # the baseline's values, enough for a bound on one arm
    ASSUMED = "assumed"  # numbers that somebody stated, or that stand in the documentation
    UNKNOWN = "unknown"  # nothing: only the fewest cases can be told


@dataclass(frozen=True, slots=True)
class Cases:
    """How many cases of the slice give a chance: the first number that does, and the safe one.

    Chances of rates rise like the teeth of a saw: ``first`` reaches the aim, the next number may
    not; from ``safe`` on, six in a row do.
    """

    first: int
    safe: int


@dataclass(frozen=True, slots=True)
class BoundPlan:
    """What may be expected of one bound.

    ``n`` cases stand on the slice, in ``clusters`` independent units; ``least`` units are the
    fewest that can prove the bound at all. ``truth`` is the value that an unchanged candidate has
    in the bound's own unit, ``passes`` the chance that it satisfies the bound, ``alarm`` the chance
    that it is shown broken. ``catches`` are the values, below and above, that would be shown
    broken 8 times in 10. ``needs`` says how many cases reach the aim, ``margin`` the nearest limit
    that the cases at hand reach it with, ``repeats`` how many draws a case would. ``calls`` is how
    many candidate calls the slice costs; ``stops_after`` how many cases are expected where the
    envelope stops early. ``basis`` and ``detail`` say where all that comes from.
    """

    name: str
    metric: str
    kind: Kind
    statistic: str
    on: str
    limit: Limit
    unit: str
    labels: tuple[str, str] | None
    require: Require
    severity: Severity
    n: int
    clusters: int
    least: int
    basis: Basis
    detail: str
    baseline: Estimate | Unmeasured | None = None
    truth: float | None = None
    passes: float | None = None
    alarm: float | None = None
    catches: tuple[float | None, float | None] = (None, None)
    needs: Cases | None = None
    margin: Limit | None = None
    repeats: int | None = None
    stops_after: float | None = None
    curve: tuple[Chance, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether this bound can turn the gate."""
        return self.severity is Severity.BLOCK

    @property
    def impossible(self) -> bool:
        """Whether no data at all could prove the bound on these cases."""
        return self.require is Require.PROVEN and self.clusters < self.least


@dataclass(frozen=True, slots=True)
class Joint:
    """All blocking bounds together.

    ``passes`` is the chance that an unchanged candidate satisfies them all, as the product of
    their own chances (bounds that move together do better); ``cases`` how many cases in all, in
    the proportions of the golden set, bring it to the aim; ``dominated_by`` names the bound that
    asks for most.
    """

    passes: float | None
    cases: int | None
    dominated_by: str | None


@dataclass(frozen=True, slots=True)
class Price:
    """What a gate on the golden set asks for.

    ``calls`` counts them by arm, recorded arms left out; money and time are those of the samples
    at hand, ``None`` where they do not say. ``parallel`` calls at a time give the seconds. ``judged``
    is what instruments ask somebody about the answers at most, by their name: none of it is in the rest.
    """

    calls: Mapping[Arm, float]
    cost_usd: float | None
    seconds: float | None
    parallel: int
    judged: Mapping[str, Forecast] = field(default_factory=dict)

    @property
    def whole_usd(self) -> float | None:
        """The money of everything together; nothing where a part of it is not known."""
        known = [asked.cost_usd for asked in self.judged.values() if asked.cost_usd is not None]
        if self.cost_usd is None or len(known) < len(self.judged):
            return None
        return math.fsum([self.cost_usd, *known])


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``evalkit plan`` says. ``aim`` is the chance that an unchanged candidate should have.

    ``not_stoppable`` names the bounds that keep an envelope from stopping early.
    """

    envelope: str
    aim: float
    cases: int
    bounds: tuple[BoundPlan, ...]
    joint: Joint
    price: Price
    sentence: str
    lead: str
    sound: bool
    not_stoppable: tuple[str, ...] = ()
