"""How long did the whole answer take?"""

from __future__ import annotations

import math

from evalkit.core.model import ErrorKind
from evalkit.scorers import Case, Example, Kind, Sample, Unscored, Value, scorer


@scorer(
    "latency_ms",
    values=[Value("ms", Kind.TIME, unit="ms")],
    reads_output=False,
    reads_errors=True,
    examples=[
        Example("Done.", (812.5,), sample={"latency_ms": 812.5}),
        Example("", (40.0,), sample={"latency_ms": 40}, note="an empty answer took its time too"),
        Example("Done.", ("no latency_ms",)),
        Example("Done.", (0.0,), sample={"latency_ms": 0}),
    ],
)
def latency_ms(_case: Case, sample: Sample) -> float | Unscored:
    """Reads the time from the request to the end of the answer, in milliseconds.

    A request that timed out took longer than anything: it counts as infinite, which a quantile
    can bear and a mean cannot. A sample that failed otherwise has no time. It is what was recorded or measured: the
    network, queues and the load of this machine are inside.
    """
    if sample.error is not None:
        kind = sample.error.kind
        return math.inf if kind is ErrorKind.TIMEOUT else Unscored(f"the error {kind}")
    if sample.latency_ms is None:
        return Unscored("no latency_ms")
    return float(sample.latency_ms)
