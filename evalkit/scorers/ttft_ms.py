"""How long did the first token take?"""

from __future__ import annotations

import math

from evalkit.core.model import ErrorKind
from evalkit.scorers import Case, Example, Kind, Sample, Unscored, Value, scorer


@scorer(
    "ttft_ms",
    values=[Value("ms", Kind.TIME, unit="ms")],
    reads_output=False,
    reads_errors=True,
    examples=[
        Example("Done.", (812.5,), sample={"ttft_ms": 812.5}),
        Example("", (40.0,), sample={"ttft_ms": 40}, note="an empty answer took its time too"),
        Example("Done.", ("no ttft_ms",)),
        Example("Done.", (0.0,), sample={"ttft_ms": 0}),
    ],
)
def ttft_ms(_case: Case, sample: Sample) -> float | Unscored:
    """Reads the time from the request to the first token, in milliseconds.

    A request that timed out took longer than anything: it counts as infinite, which a quantile
    can bear and a mean cannot. A sample that failed otherwise has no time. Only streamed answers have one.
    """
    if sample.error is not None:
        kind = sample.error.kind
        return math.inf if kind is ErrorKind.TIMEOUT else Unscored(f"the error {kind}")
    if sample.ttft_ms is None:
        return Unscored("no ttft_ms")
    return float(sample.ttft_ms)
