"""The ``drift`` key of an envelope becomes a bound on how well its arms can be told apart."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.core.envelope import (
    UNIT_INTERVAL,
    USUAL_STATISTIC,
    Bound,
    Kind,
    Limit,
    LimitKind,
    Metric,
)
from evalkit.core.model import Arm, Json, Snapshot
from evalkit.spec.grammar import EnvelopeFile
from evalkit.spec.problems import Problems

DRIFT = "drift"
"""The name of the bound, and of what it is laid on."""
BY_CHANCE = 0.5
"""The share of pairs in which even a detector that knows nothing names the candidate's answer."""


def drift_bound(
    file: EnvelopeFile, snapshots: Mapping[Arm, Snapshot], problems: Problems
) -> Bound | None:
    """Return the bound on how well the arms can be told apart, or nothing where there is none.

    What is wrong with it is added to ``problems``.
    """
    written = file.drift
    if written.max is None:
        for key in ("require", "severity", "confidence"):
            if getattr(written, key) is not None:
                problems.add((DRIFT, key), "says nothing without max; give max or leave it out")
        return None
    limit = written.max.value
    if not BY_CHANCE < limit < 1:
        problems.add(
            (DRIFT, "max"),
            f"expected a share above {BY_CHANCE} and below 1, found {limit:g}; a detector that knows "
            "nothing names the candidate's answer in half of the pairs",
        )
        return None
    if Arm.BASELINE not in snapshots:
        problems.add((DRIFT,), "compares the candidate with a baseline; give baseline")
        return None
    metric = Metric(
        DRIFT, instrument="", value="", kind=Kind.RATE, support=UNIT_INTERVAL, range_declared=True
    )
    return Bound(
        name=DRIFT,
        metric=metric,
        statistic=USUAL_STATISTIC[Kind.RATE],
        limit=Limit(LimitKind.ABSOLUTE, max=limit),
        require=written.require or file.require,
        severity=written.severity or file.severity,
        confidence=written.confidence or file.confidence,
    )


def demanded(written: Json) -> dict[str, Json]:
    """Return what of the key demands something: whether one looks at texts demands nothing.

    >>> demanded({"look": "off", "max": 0.6}), demanded("off")
    ({'drift': {'max': 0.6}}, {})
    """
    limit = written if isinstance(written, dict) else {}
    kept = {key: value for key, value in limit.items() if key != "look"}
    return {DRIFT: kept} if kept else {}
