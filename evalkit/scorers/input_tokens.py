"""How many tokens were read?"""

from __future__ import annotations

from evalkit.scorers import Case, Example, Kind, Sample, Unscored, Value, scorer


@scorer(
    "input_tokens",
    values=[Value("tokens", Kind.AMOUNT, unit="tokens")],
    reads_output=False,
    examples=[
        Example("Done.", (120.0,), sample={"input_tokens": 120}),
        Example("", (7.0,), sample={"input_tokens": 7}, note="an empty answer was billed too"),
        Example("Done.", (0.0,), sample={"input_tokens": 0}),
        Example("Done.", ("no input_tokens",), note="absent is unknown, not 0"),
    ],
)
def input_tokens(_case: Case, sample: Sample) -> float | Unscored:
    """Reads the tokens of the request as billed: system prompt, conversation, cached parts."""
    if sample.input_tokens is None:
        return Unscored("no input_tokens")
    return float(sample.input_tokens)
