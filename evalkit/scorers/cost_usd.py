"""What did the answer cost?"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.core.model import Prices, billed
from evalkit.scorers import Case, Example, Kind, Sample, Unscored, Value, scorer


@dataclass(frozen=True, slots=True)
class Options:
    """Where the money is read.

    Attributes:
        prices: US dollars per million tokens; in an envelope they are the `prices` of the
            snapshot. Left out, the recorded cost is taken.
    """

    prices: Prices | None = None


@scorer(
    "cost_usd",
    values=[Value("usd", Kind.AMOUNT, unit="usd")],
    options=Options,
    reads_output=False,
    from_snapshot={"prices": "prices"},
    examples=[
        Example("Done.", (0.0125,), sample={"cost_usd": 0.0125}),
        Example("Done.", (0.0,), sample={"cost_usd": 0}, note="free of charge is a price"),
        Example("Done.", ("no cost_usd",), note="absent is unknown, not 0"),
        Example("Done.", ("no cost_usd",), sample={"output_tokens": 9}, note="and no prices"),
    ],
)
def cost_usd(_case: Case, sample: Sample, options: Options) -> float | Unscored:
    """Reads the cost of a sample in US dollars.

    With `prices` it is computed from the billed tokens, and a recorded cost is not looked at:
    so both arms are priced alike, whatever was charged at the time. Discounts for cached or
    batched tokens are not known to it.
    """
    cost = billed(sample, options.prices)
    if cost is not None:
        return float(cost)
    if options.prices is None:
        return Unscored("no cost_usd")
    return Unscored("no input_tokens" if sample.input_tokens is None else "no output_tokens")
