"""Evidence written by hand: a case is a number or a list of draws, in which ``None`` is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, LimitKind, Statistic, Support
from evalkit.core.model import Arm
from evalkit.core.verdict import Unmeasured
from evalkit.stats.arrays import FloatArray
from evalkit.stats.engines.protocol import Engine
from evalkit.stats.estimates import engine_of
from evalkit.stats.evidence import Evidence, Observed
from evalkit.stats.gaffke import Units

Draws: TypeAlias = float | Sequence[float | None] | None
Cases: TypeAlias = Sequence[Draws] | FloatArray

DIFFERENCE = Support(-1.0, 1.0)
ANY = Support(-np.inf, np.inf)

__all__ = ["ANY", "DIFFERENCE", "NON_NEGATIVE", "UNIT_INTERVAL"]


def observed(cases: Cases) -> Observed:
    """Return the samples of one arm."""
    draws = [list(case) if isinstance(case, Sequence) else [case] for case in cases]
    flat = [value for case in draws for value in case]
    return Observed(
        case=np.repeat(np.arange(len(draws)), [len(case) for case in draws]),
        values=np.array([0.0 if value is None else value for value in flat]),
        present=np.array([value is not None for value in flat], dtype=np.bool_),
    )


def evidence(
    candidate: Cases, baseline: Cases | None = None, *, clusters: Sequence[int] | None = None
) -> Evidence:
    """Return the samples of one arm or two."""
    arms = {Arm.CANDIDATE: observed(candidate)}
    if baseline is not None:
        arms[Arm.BASELINE] = observed(baseline)
    codes = None if clusters is None else np.asarray(clusters, dtype=np.int64)
    return Evidence(len(candidate), arms, codes)


def engine(
    found: Evidence,
    kind: LimitKind = LimitKind.ABSOLUTE,
    *,
    statistic: str = "mean",
    support: Support = UNIT_INTERVAL,
    arm: Arm = Arm.CANDIDATE,
) -> Engine:
    """Return the engine that the evidence is judged by."""
    chosen = engine_of(found, kind, arm, Statistic.parse(statistic), support)
    assert not isinstance(chosen, Unmeasured), chosen
    return chosen


def units(
    sums: Sequence[float] | FloatArray, sizes: Sequence[float] | FloatArray | None = None
) -> Units:
    """Return units of one case, or of so many; none counted together."""
    values = np.asarray(sums, dtype=np.float64)
    ones = np.ones(values.size)
    return Units(values, ones if sizes is None else np.asarray(sizes, dtype=np.float64), ones)
