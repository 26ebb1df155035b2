"""What two runs of one snapshot differ by: the floor below which no difference means anything."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.core.envelope import Kind, Limit, Require, Severity


@dataclass(frozen=True, slots=True)
class Share:
    """How many of so many comparisons, with both one-sided 95 % limits of the rate."""

    count: int
    of: int
    lower: float
    upper: float

    @property
    def value(self) -> float:
        """The rate."""
        return self.count / self.of


@dataclass(frozen=True, slots=True)
class BoundNoise:
    """One bound, laid on the baseline against itself.

    ``low`` and ``high`` are the values between which the judged number lay in 9 of 10 comparisons;
    ``width`` is how much of the acceptable region that takes, where the region has a width.
    ``broken`` counts the comparisons in which the bound was shown broken, ``undecided`` those in
    which it was not decided. A bound that could not be compared says why in ``detail``.
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
    low: float | None = None
    high: float | None = None
    width: float | None = None
    broken: Share | None = None
    undecided: Share | None = None
    detail: str = ""

    @property
    def blocks(self) -> bool:
        """Whether this bound can turn the gate."""
        return self.severity is Severity.BLOCK


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """What ``evalkit aa`` says.

    ``how`` names where the comparisons come from; ``alarm`` counts the gates that said fail,
    ``blocked`` those that could not tell; ``noisiest`` names the bound that was broken most often,
    or undecided most often where none was broken. The limits of the shares allow for the number
    of comparisons alone: all of them are about this golden set.
    """

    envelope: str
    how: str
    cases: int
    samples: int
    comparisons: int
    bounds: tuple[BoundNoise, ...]
    alarm: Share
    blocked: Share
    noisiest: str | None
    sentence: str
    lead: str
