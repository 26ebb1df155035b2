"""Does the answer match a pattern, or does what the pattern captures match the reference?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from evalkit.core.model import ABSENT
from evalkit.core.text import accepted_texts, folded
from evalkit.features.searching import Pattern, pattern
from evalkit.scorers import Case, Example, Kind, Sample, Score, Unscored, Value, scorer

SEARCHED_CHARS = 100_000
"""Of a longer answer the rest is not searched."""


@dataclass(frozen=True, slots=True)
class Options:
    r"""The pattern, and what is done with what it finds.

    Attributes:
        pattern: a Python regular expression; it may match anywhere in the answer, so anchor it
            with `\A` and `\Z` for the whole. Required. It is read by the package `regex`, which
            knows more than `re` (`\p{L}`, `[[:alpha:]]`, `(?|…)`, `(?:…){e<=1}`), and takes the marks
            of a letter for a part of the word (`\w`, `\b`).
        group: number or name of a group whose text is compared with the reference; left out,
            it is enough that the pattern matches.
        take: which match the group is read from, where there are several.
        ignore_case: match, and compare, without regard to upper and lower case.
        multiline: let `^` and `$` match at every line.
        dotall: let `.` match the end of a line too.
    """

    pattern: str
    group: int | str | None = None
    take: Literal["last", "first"] = "last"
    ignore_case: bool = False
    multiline: bool = False
    dotall: bool = False

    def __post_init__(self) -> None:
        """Compile the pattern, so that a wrong one is a problem of the file it stands in.

        Raises:
            ValueError: the pattern is empty, does not compile, or has no such group.
        """
        if not self.pattern:
            raise ValueError("pattern: expected a regular expression, found an empty one")
        try:
            compiled = _pattern(self).compiled
        except ValueError as error:
            raise ValueError(
                f"pattern: expected a regular expression, found {self.pattern!r}: {error}"
            ) from None
        names = [*range(compiled.groups + 1), *compiled.groupindex]
        if self.group is not None and self.group not in names:
            raise ValueError(
                f"group: expected a group of the pattern, found {self.group!r} "
                f"(it has {', '.join(map(str, names))})"
            )


@scorer(
    "regex",
    version=2,
    values=[Value("match", Kind.RATE, labels=("match", "no match"))],
    options=Options,
    examples=[
        Example("Ticket ABC-123 is open.", (1.0,), options={"pattern": r"\b[A-Z]{3}-\d+\b"}),
        Example("No ticket.", (0.0,), options={"pattern": r"\b[A-Z]{3}-\d+\b"}),
        Example(
            "yes\nFINE",
            (1.0,),
            options={"pattern": "^fine$", "ignore_case": True, "multiline": True},
        ),
        Example(
            "Score: 3. Score: 4.",
            (1.0,),
            reference="4",
            options={"pattern": r"Score: (\d)", "group": 1},
            note="the last match counts",
        ),
        Example(
            "Score: 3. Score: 4.",
            (0.0,),
            reference="4",
            options={"pattern": r"Score: (?P<n>\d)", "group": "n", "take": "first"},
        ),
        Example(
            "No score.",
            (0.0,),
            reference="4",
            options={"pattern": r"Score: (\d)", "group": 1},
            note="no match is wrong",
        ),
        Example("Score: 4", ("no reference",), options={"pattern": r"(\d)", "group": 1}),
    ],
)
def regex(case: Case, sample: Sample, options: Options) -> Score | Unscored:
    """Searches the answer for a pattern: 1 = found, 0 = not.

    With `group`, 1 = the text of that group is the reference (or one of a list of accepted
    ones; outer space does not count), 0 = it differs or nothing matched. Only the first 100,000
    characters are searched. Where that takes more than 5 seconds the run ends with an error that
    names the pattern, since nobody knows what it would find: such a pattern has a repeat inside a
    repeat, or several `.*`, and is better off with one that gives nothing back (`(?>…)`, `a++`).
    """
    assert sample.output is not None
    answer = sample.output[:SEARCHED_CHARS]
    if options.group is None:
        return Score((float(_pattern(options).search(answer)),))
    if case.reference is ABSENT:
        return Unscored("no reference")
    captured = _captured(answer, options)
    if captured is None:
        return Score((0.0,), detail="the pattern does not match")
    accepted = [
        folded(text, ignore_case=options.ignore_case) for text in accepted_texts(case.reference)
    ]
    right = folded(captured, ignore_case=options.ignore_case) in accepted
    return Score((float(right),), detail=f"captured {captured[:80]!r}")


def _captured(answer: str, options: Options) -> str | None:
    assert options.group is not None
    found = None
    for match in _pattern(options).all(answer):
        start, end = match.span(options.group)
        if start >= 0:
            found = answer[start:end]
            if options.take == "first":
                break
    return found


def _pattern(options: Options) -> Pattern:
    flags = (
        (re.IGNORECASE if options.ignore_case else 0)
        | (re.MULTILINE if options.multiline else 0)
        | (re.DOTALL if options.dotall else 0)
    )
    return pattern(options.pattern, flags)
