"""How many tokens were written?"""

from __future__ import annotations

from evalkit.scorers import Case, Example, Kind, Sample, Unscored, Value, scorer


@scorer(
    "output_tokens",
    values=[Value("tokens", Kind.AMOUNT, unit="tokens", limited_by="max_tokens")],
    reads_output=False,
    examples=[
        Example("Done.", (120.0,), sample={"output_tokens": 120}),
        Example("", (7.0,), sample={"output_tokens": 7}, note="an empty answer was billed too"),
        Example("Done.", (0.0,), sample={"output_tokens": 0}),
        Example("Done.", ("no output_tokens",), note="absent is unknown, not 0"),
    ],
)
def output_tokens(_case: Case, sample: Sample) -> float | Unscored:
    """Reads the tokens of the answer as billed, hidden reasoning included.

    For the length of what a reader sees, take `length.tokens`.
    """
    if sample.output_tokens is None:
        return Unscored("no output_tokens")
    return float(sample.output_tokens)
