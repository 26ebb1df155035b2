"""Is the answer nearly the same as that to another case?"""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.core.ports import Across
from evalkit.scorers import Case, Example, Kind, Sample, Value, scorer

_DECLINED = "I'm sorry, but I can't assist with that request."
_SUBJECTIVE = "This is subjective and depends on the individual's personal {}."


def _signature(sample: Sample) -> int:
    from evalkit.features.near import signature

    assert sample.output is not None
    return signature(sample.output)


def _shared(signatures: Sequence[int], owners: Sequence[int]) -> frozenset[int]:
    from evalkit.features.near import shared

    return shared(signatures, owners)


@scorer(
    "collapse",
    values=[Value("collapsed", Kind.RATE, labels=("like another case's", "like no other's"))],
    across=Across(_signature, _shared),
    examples=[
        Example(_DECLINED, (1.0,), others=("The lock opens at six.", _DECLINED)),
        Example(_DECLINED, (0.0,), others=("The lock opens at six.", "It rains in Bergen.")),
        Example(
            _SUBJECTIVE.format("views"),
            (1.0,),
            others=(_SUBJECTIVE.format("feelings"),),
            note="nearly the same is enough",
        ),
        Example("[Yes]", (1.0,), others=("yes",), note="a short answer to many questions"),
        Example("", (1.0,), others=("",), note="nothing is the same as nothing"),
        Example("", (0.0,), note="there are no other cases"),
    ],
)
def collapse(_case: Case, sample: Sample, others: frozenset[int]) -> bool:
    """Says whether the answer nearly stands in another case of the same arm: 1 = it does.

    Different questions that get one answer are what a canned refusal, a broken template or a
    collapsed model looks like. Answers are compared by a signature of 64 bits of their runs of
    one to three words; 7 bits or fewer apart is near: about one word in twelve, marks and
    capitals aside. The first draw of a case is compared with the first draws of the others, the
    second with the second, among the cases that some bound on this metric covers. Where one word
    is all that is asked for (yes or no), every answer is like another's, and this says nothing.

    The answers of an arm decide about each other, so they are not independent, as its interval
    takes them to be: prove no narrow margin by it.
    """
    return _signature(sample) in others
