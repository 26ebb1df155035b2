"""Is the number in the answer the number of the reference?"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from evalkit.core.model import ABSENT, Json
from evalkit.features.answers import number_matches, number_of, refuse_tolerances
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer


class Several(Enum):
    """The one value that says "more than one number, and they differ"."""

    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Options:
    """Which number is read, and how near is near enough.

    Attributes:
        which: `last` reads the last number of the answer, `first` the first; `only` wants every
            number in the answer to be the same one.
        abs_tol: the answer may differ from the reference by this much.
        rel_tol: or by this share of the reference; 0.01 is one percent.
        decimal: the decimal sign; the other one separates thousands.
        percent: `as_written` reads 50 % as 50, `as_fraction` as 0.5, in the reference too.
    """

    which: Literal["last", "first", "only"] = "last"
    abs_tol: float = 0.0
    rel_tol: float = 1e-9
    decimal: Literal[".", ","] = "."
    percent: Literal["as_written", "as_fraction"] = "as_written"

    def __post_init__(self) -> None:
        """Refuse tolerances that no number could meet, or every one.

        Raises:
            ValueError: a tolerance is negative, or takes 0 for the number whatever it is.
        """
        refuse_tolerances(self.abs_tol, self.rel_tol)


@scorer(
    "numeric",
    version=2,
    values=[
        Value("right", Kind.RATE, labels=("right", "wrong")),
        Value("extracted", Kind.RATE, labels=("a number", "no number")),
    ],
    options=Options,
    needs_reference=True,
    examples=[
        Example("3 + 4 makes 7, so the answer is **7**.", (1.0, 1.0), reference=7),
        Example("It is 8.", (0.0, 1.0), reference=7),
        Example("I cannot say.", (0.0, 0.0), reference=7, note="no number is wrong"),
        Example("-$1,234.50", (1.0, 1.0), reference=-1234.5),
        Example("−40 °C", (1.0, 1.0), reference=-40, note="a real minus sign"),
        Example("about 6.02 × 10^23", (1.0, 1.0), reference=6.02e23),
        Example("1e-3", (1.0, 1.0), reference="0.001", note="the reference may be text"),
        Example("between 3-4", (1.0, 1.0), reference=4, note="a hyphen is no minus"),
        Example("GPT4 says 12.", (1.0, 1.0), reference=12, note="digits of a name do not count"),
        Example("-.5", (1.0, 1.0), reference=-0.5),
        Example("3.14", (1.0, 1.0), reference=3.14159, options={"abs_tol": 0.01}),
        Example("12 %", (1.0, 1.0), reference=0.12, options={"percent": "as_fraction"}),
        Example("1.234,5", (1.0, 1.0), reference=1234.5, options={"decimal": ","}),
        Example("12 of 15", (0.0, 1.0), reference=15, options={"which": "only"}),
        Example("Answer: 42. It took 3 steps.", (0.0, 1.0), reference=42, note="a trap of last"),
        Example("7", ("no number in the reference",) * 2, reference="seven"),
        Example("2e999", ("no number in the reference",) * 2, reference="1e999", note="too large"),
    ],
)
def numeric(case: Case, sample: Sample, options: Options) -> Score:
    """Reads one number off the answer: `right` = 1 where it is the reference.

    Signs, thousands, decimals, exponents and what stands around the number (currency, unit,
    percent sign, bold) are understood; numbers in words are not. `extracted` is 1 where there is
    a number at all. Which number counts is a rule, not understanding: where an answer closes
    with another number, ask the model for a form and use `regex` with a group.
    """
    assert case.reference is not ABSENT
    assert sample.output is not None
    reference = _reference_number(case.reference, options)
    if reference is None:
        return Score((Unscored("no number in the reference"),) * 2)
    found = _found(sample.output, options)
    if found is None:
        return Score((0.0, 0.0), detail="no number")
    if found is Several.SEVERAL:
        return Score((0.0, 1.0), detail="several numbers")
    right = math.isclose(found, reference, rel_tol=0, abs_tol=_margin(reference, options))
    return Score((float(right), 1.0), detail=f"read {found:g}")


def _margin(reference: float, options: Options) -> float:
    return max(options.abs_tol, options.rel_tol * abs(reference))


def _reference_number(reference: Json, options: Options) -> float | None:
    """Return the number of a reference; none where it is too large for one, as every other such is."""
    if isinstance(reference, str):
        found = next(_numbers(reference, options), math.inf)
        return found if math.isfinite(found) else None
    if isinstance(reference, (int, float)) and not isinstance(reference, bool):
        return float(reference)
    return None


def _found(text: str, options: Options) -> float | Several | None:
    match options.which:
        case "first":
            return next(_numbers(text, options), None)
        case "last":
            last = deque(_matches(text, options), maxlen=1)
            return _value(last[0], options) if last else None
        case "only":
            numbers = _numbers(text, options)
            found = next(numbers, None)
            return Several.SEVERAL if any(number != found for number in numbers) else found


def _numbers(text: str, options: Options) -> Iterator[float]:
    return (_value(match, options) for match in _matches(text, options))


def _matches(text: str, options: Options) -> Iterator[re.Match[str]]:
    return number_matches(text, decimal=options.decimal)


def _value(match: re.Match[str], options: Options) -> float:
    return number_of(match, percent_as_fraction=options.percent == "as_fraction")
