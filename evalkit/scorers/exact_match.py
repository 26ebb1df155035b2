"""Is the answer the reference, letter for letter?"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.core.model import ABSENT
from evalkit.core.text import accepted_texts, folded
from evalkit.scorers import Case, Example, Kind, Sample, Value, scorer


@dataclass(frozen=True, slots=True)
class Options:
    """What two texts may differ in and still be the same.

    Attributes:
        ignore_case: compare without regard to upper and lower case.
        ignore_space: compare with outer space removed and inner runs of space as one blank.
    """

    ignore_case: bool = False
    ignore_space: bool = True


@scorer(
    "exact_match",
    values=[Value("match", Kind.RATE, labels=("right", "wrong"))],
    options=Options,
    needs_reference=True,
    examples=[
        Example("Paris", (1.0,), reference="Paris"),
        Example("  Paris\n", (1.0,), reference="Paris", note="outer space is not an answer"),
        Example("paris", (0.0,), reference="Paris"),
        Example("PARIS", (1.0,), reference="Paris", options={"ignore_case": True}),
        Example("", (0.0,), reference="Paris", note="an empty answer is an answer"),
        Example("4", (1.0,), reference=4, note="a number is compared as it is written"),
        Example("no", (1.0,), reference=["nein", "no"], note="a list holds what is accepted"),
        Example("Cafe\u0301", (1.0,), reference="Café", note="two encodings of one letter"),
    ],
)
def exact_match(case: Case, sample: Sample, options: Options) -> bool:
    """Compares the whole answer with the reference: 1 = equal, 0 = different.

    A reference that is a list names several accepted answers. Numbers and truth values are
    compared as JSON writes them. An answer that wraps the reference in a sentence is different:
    `contains`, `choice` and `numeric` find an answer inside a text.
    """
    assert case.reference is not ABSENT
    assert sample.output is not None
    same = (_form(text, options) for text in accepted_texts(case.reference))
    return _form(sample.output, options) in same


def _form(text: str, options: Options) -> str:
    return folded(text, ignore_case=options.ignore_case, ignore_space=options.ignore_space)
