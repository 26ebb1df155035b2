"""Where in a text its answer stands: a number, one of a few choices, or what it calls the answer."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from evalkit.core.text import folded

USUAL_CHOICES = (("yes", "no"), ("true", "false"), ("A", "B", "C", "D", "E"))
"""What an answer chooses among where nobody says."""

_NUMBER = re.compile(  # opens with a digit, not that of GPT4; signs are seen to after
    r"(?P<digits>\d(?<![^\W_]\d)(?:\d{0,2}(?:,\d{3})++(?!\d)|\d*+)(?:\.\d++)?)"
    r"(?:[eE](?P<exponent>[-+−]?\d{1,4})(?!\w)|\s?[×x*·]\s?10(?:\^\{?(?P<power>[-+−]?\d{1,4})"
    r"|(?P<raised>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4})))?"
    r"(?P<percent>\s?(?:%|percent\b|per cent\b))?"
)
_PLAIN = str.maketrans("−⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "--+0123456789")
_SWAPPED = str.maketrans(".,", ",.")

_OPEN = r"[ \t*_\"'`“‘$]{0,6}+"  # bounded, or a line of stars would take for ever
_CLOSE = r"[*_\"'`”’$]{0,6}+"

_STATED = re.compile(
    r"(?i:\b(?:answer|result|conclusion))\b[*_]*+[ ]?(?:(?i:is|would be)\b|[:=])"
    r"|\\boxed\{|^[ \t]*####[ \t]|^[ \t*_]{0,4}+\[[^\[\]\n]{1,40}\]|\[[^\[\]\n]{1,40}\][ \t*_.]{0,4}+$",
    re.MULTILINE,
)


class Form(NamedTuple):
    """A way to write a choice, plain enough to be read without understanding the text."""

    name: str
    pattern: re.Pattern[str]


class Choice(NamedTuple):
    """A choice as it stands in a text: folded, where, and in which form."""

    text: str
    start: int


def usual_choices(reference: str) -> tuple[str, ...]:
    """Return the usual choices that a folded reference is one of; nothing where it is none.

    >>> usual_choices("(b)")
    ('A', 'B', 'C', 'D', 'E')
    """
    plain = reference.strip("()[].")
    return next((usual for usual in USUAL_CHOICES if plain in map(folded, usual)), ())


@cache
def forms(choices: tuple[str, ...], *, anywhere: bool = False) -> tuple[Form, ...]:
    """Return the forms in which a choice is read, the plainest first.

    ``anywhere`` adds the word of its own in any place.
    """
    if not choices:
        return ()
    # Longest first, so that "strongly agree" is not read as "agree". Letters keep their case
    # where nothing but the case tells them from a word.
    ordered = sorted(choices, key=len, reverse=True)
    spelled = {choice: r"\s+".join(map(re.escape, choice.split())) for choice in ordered}
    loose = "(" + "|".join(f"(?i:{text})" for text in spelled.values()) + ")"
    words = "|".join(
        text if len(choice) == 1 else f"(?i:{text})" for choice, text in spelled.items()
    )
    plain = f"({words})(?![\\w'’])"
    long = "|".join(f"(?i:{text})" for choice, text in spelled.items() if len(choice) > 1)
    is_ = r"(?i:\banswer)\b[*_]*+[ ]?(?:(?i:is|would be)\b|[:=])\s{0,3}+"
    found = [
        Form("after 'answer'", re.compile(rf"{is_}{_OPEN}(?:\\boxed\{{|[(\[])?{_OPEN}{plain}")),
        Form(
            "in brackets or bold",
            re.compile(
                rf"(?:\[|\\boxed\{{|\*\*)\(?{_OPEN}{loose}{_CLOSE}[).:,!]{{0,2}}(?:\]|\}}|\*\*)"
            ),
        ),
        Form("in round brackets", re.compile(rf"\( ?{loose} ?\)")),
        Form(
            "on its own",
            re.compile(rf"^{_OPEN}{plain}(?={_CLOSE}[ \t]?(?:[.,:;!)–—-]|$))", re.MULTILINE),
        ),
    ]
    if anywhere and long:
        found.append(Form("in the text", re.compile(rf"(?<!\w)({long})(?!\w)")))
    return tuple(found)


def mentions(
    text: str, choices: tuple[str, ...], *, anywhere: bool = False
) -> tuple[str, list[Choice]]:
    """Return the plainest form that occurs and every choice in it; no form and none otherwise.

    >>> mentions("Both [yes] and [no]. The answer is no.", ("yes", "no"))
    ("after 'answer'", [Choice(text='no', start=35)])
    """
    # Letters that differ only to Unicode (a dotless i) match and are none of the choices.
    known = {folded(choice) for choice in choices}
    for form in forms(choices, anywhere=anywhere):
        found = [Choice(folded(match[1]), match.start(1)) for match in form.pattern.finditer(text)]
        if of_them := [choice for choice in found if choice.text in known]:
            return form.name, of_them
    return "", []


def number_matches(text: str, *, decimal: str = ".") -> Iterator[re.Match[str]]:
    """Yield every number of a text; ``number_of`` reads one."""
    return _NUMBER.finditer(text.translate(_SWAPPED) if decimal == "," else text)


def number_of(match: re.Match[str], *, percent_as_fraction: bool = False) -> float:
    """Return the number that was matched, with its sign.

    >>> [number_of(match) for match in number_matches("-$1,234.50 of 3-4")]
    [-1234.5, 3.0, 4.0]
    """
    before = match.string[max(0, match.start() - 3) : match.start()].rstrip("$€£¥")
    digits = match["digits"].replace(",", "")
    if before.endswith(".") and not before[-2:-1].isdigit() and "." not in digits:
        before, digits = before[:-1], f".{digits}"
    exponent = match["exponent"] or match["power"] or match["raised"] or "0"
    number = float(f"{digits}e{exponent.translate(_PLAIN)}")
    if match["percent"] and percent_as_fraction:
        number /= 100
    # The hyphen of 3-4 and of (a)-4 joins; it is no sign.
    joins = before[-2:-1].isalnum() or before[-2:-1] in {")", "]"}
    return -number if before[-1:] in {"-", "−"} and not joins else number


def refuse_tolerances(abs_tol: float, rel_tol: float) -> None:
    """Refuse tolerances that no number could meet, or that take 0 for any.

    Raises:
        ValueError: one is negative, or the relative one is no share.

    >>> refuse_tolerances(0, 5)
    Traceback (most recent call last):
    ValueError: rel_tol: expected a share below 1, found 5; 0.05 is five percent
    """
    if abs_tol < 0 or rel_tol < 0:
        raise ValueError("abs_tol, rel_tol: expected 0 or more, found a negative tolerance")
    if rel_tol >= 1:
        raise ValueError(
            f"rel_tol: expected a share below 1, found {rel_tol:g}; 0.05 is five percent"
        )


def stated_at(text: str) -> int | None:
    """Return where the last statement of an answer begins: "the answer is", a box, brackets.

    >>> stated_at("15 = 3 × 5, so the answer is [No].")
    29
    >>> stated_at("It has no factors.") is None
    True
    """
    last = deque(_STATED.finditer(text), maxlen=1)
    return last[0].start() if last else None
