"""Did the endpoint fail to answer?"""

from __future__ import annotations

from evalkit.core.model import ErrorKind
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer


@scorer(
    "error_rate",
    values=[Value("error", Kind.RATE, labels=("failed", "answered"))],
    reads_output=False,
    reads_errors=True,
    examples=[
        Example("Done.", (0.0,)),
        Example("", (0.0,), note="an empty answer is an answer"),
        Example("I'm sorry, but I can't help with that.", (0.0,), note="a refusal is an answer"),
        Example("Cut in the mid", (0.0,), sample={"finish_reason": "length"}),
    ],
)
def error_rate(_case: Case, sample: Sample) -> Score | Unscored:
    """Tells infrastructure failures from answers: 1 = failed, 0 = answered.

    Failed is a sample with an error: a timeout, a rate limit that outlasted the retries, a
    broken connection, a body that was no answer. Behaviour is never an error: refusals, blocked
    or empty answers, invalid JSON. A case that a recording does not hold did not fail; it is
    missing, and so is one of which the record holds neither answer nor error.
    """
    if sample.error is None:
        answered = sample.output is not None or sample.finish_reason or sample.output_tokens
        return Score((0.0,)) if answered else Unscored("no output and no error")
    if sample.error.kind is ErrorKind.NO_RECORD:
        return Unscored("no record")
    return Score((1.0,), detail=f"{sample.error.kind}: {sample.error.message[:200]}")
