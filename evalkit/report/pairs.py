"""Cases that moved become pairs: what was asked, and both answers side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from evalkit.core.envelope import Kind
from evalkit.core.model import Arm
from evalkit.core.verdict import BoundResult, Flip
from evalkit.core.wording import count_text, difference_text
from evalkit.report.view import CaseText, FlipGroup
from evalkit.report.word_diff import Part, split, word_diff

MOST_TEXTS = 200
"""So many cases of one group are shown with their texts; the rest are counted."""

MOST_CHARACTERS, MOST_LINES = 900, 15
TAIL_CHARACTERS, TAIL_LINES = 300, 5
"""Of a long text both ends are shown: many answers say what they mean in their last line."""

FEW_GROUPS = 6
OPEN_CARDS, OPEN_CARDS_OF_MANY = 3, 1
"""How many cases of a kind are open, where there are few kinds and where there are many."""

PAGE_CARDS = 50
MOST_REFERENCE = 80
LONG_PROMPT = 180

_LAST_WORD = re.compile(r"(?<=\s)\S{1,30}\Z")
_FIRST_WORD = re.compile(r"\A\S{1,30}\s")
"""What a cut through a word leaves of it."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text of which the middle may be left out, in parts by whether the other arm has them."""

    head: tuple[Part, ...]
    left_out: str
    tail: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one arm answered; ``nothing`` says why there is no text."""

    arm: Arm
    facts: str
    text: Excerpt
    nothing: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One case as a reviewer sees it. A case that was shown before has no anchor of its own."""

    case: str
    link: str
    anchor: str
    reference: str
    effect: str
    also: str
    note: str
    prompt: Excerpt
    folds: bool
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases that are folded together, and the words that unfold them."""

    words: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The flips of one kind: the first ones open, the next folded, the rest counted."""

    kind: str
    filter: str
    bound: BoundResult
    count: str
    first: tuple[Pair, ...]
    pages: tuple[Batch, ...]
    rest: str


def anchor(prefix: str, name: str) -> str:
    """Return an id for an element that is named by somebody else: no two names share one.

    >>> anchor("case", "a b/ü"), anchor("case", "prime-1")
    ('case-a%20b%2F%C3%BC', 'case-prime-1')
    """
    return f"{prefix}-{quote(name, safe='', errors='backslashreplace')}"


def groups_of(
    groups: Sequence[FlipGroup], texts: Mapping[str, CaseText], filters: Mapping[str, str]
) -> tuple[Group, ...]:
    """Return groups of flips with the texts of their cases.

    Args:
        groups: the flips, in order.
        texts: what was asked and answered, by case; a case without is shown by name.
        filters: the class that hides and shows a kind, by kind.
    """
    kinds: dict[str, list[str]] = {}
    for group in groups:
        for flip in group.flips:
            kinds.setdefault(flip.case, []).append(group.kind)
    seen: set[str] = set()
    opened = OPEN_CARDS if len(groups) <= FEW_GROUPS else OPEN_CARDS_OF_MANY
    found = []
    for group in groups:
        pairs = list(_pairs(group, texts, kinds, seen))
        found.append(_group(group, pairs, filters.get(group.kind, ""), opened))
    return tuple(found)


def _pairs(
    group: FlipGroup,
    texts: Mapping[str, CaseText],
    kinds: Mapping[str, Sequence[str]],
    seen: set[str],
) -> Iterator[Pair]:
    for flip in group.flips[:MOST_TEXTS]:
        also = [kind for kind in kinds[flip.case] if kind != group.kind]
        first = flip.case not in seen
        seen.add(flip.case)
        yield _pair(flip, group.bound, texts.get(flip.case), also, first=first)


def _group(group: FlipGroup, pairs: Sequence[Pair], filter_class: str, opened: int) -> Group:
    # Nobody unfolds a page to find one or two cases in it.
    shown = len(pairs) if len(pairs) <= opened + 2 else opened
    return Group(
        kind=group.kind,
        filter=filter_class,
        bound=group.bound,
        count=count_text(len(group.flips), "case"),
        first=tuple(pairs[:shown]),
        pages=tuple(_pages(pairs, shown, len(group.flips))),
        rest=f"{len(group.flips) - len(pairs):,}" if len(group.flips) > len(pairs) else "",
    )


def _pages(pairs: Sequence[Pair], opened: int, total: int) -> Iterator[Batch]:
    start = opened
    while start < len(pairs):
        end = min(len(pairs), (start // PAGE_CARDS + 1) * PAGE_CARDS)
        yield Batch(f"Cases {start + 1:,} to {end:,} of {total:,}", tuple(pairs[start:end]))
        start = end


# ---------------------------------------------------------------- one case


def _pair(
    flip: Flip, bound: BoundResult, text: CaseText | None, also: Sequence[str], *, first: bool
) -> Pair:
    name = anchor("case", flip.case)
    answers, note = _answers(text) if text else ((), "its text is not in this report")
    prompt = text.prompt if text else ""
    reference = text.reference if text else ""
    return Pair(
        case=flip.case,
        link=f"#{name}",
        anchor=name if first else "",
        reference=reference
        if len(reference) <= MOST_REFERENCE
        else f"{reference[:MOST_REFERENCE]}…",
        effect=_effect(flip, bound),
        also=", ".join(also),
        note=note,
        prompt=excerpt(prompt),
        folds=len(prompt) > LONG_PROMPT or prompt.count("\n") > 1,
        answers=answers,
    )


def _effect(flip: Flip, bound: BoundResult) -> str:
    """Return how far a case moved; that a rate went from one side to the other is said already."""
    whole = bound.kind is Kind.RATE and abs(flip.effect) == 1
    return "" if whole else difference_text(flip.effect, bound.kind, bound.unit)


def _answers(text: CaseText) -> tuple[tuple[Answer, ...], str]:
    before, after = (text.answers.get(arm) for arm in Arm)
    old, new = _cut(before or ""), _cut(after or "")
    diff = word_diff(old.shown, new.shown)
    answers = (
        _answer(text, Arm.BASELINE, old, diff.before),
        _answer(text, Arm.CANDIDATE, new, diff.after),
    )
    if not before or not after:
        return answers, ""
    if before == after:
        return answers, "identical text"
    if diff.rewritten:
        return answers, "rewritten"
    if old.shown == new.shown:
        return answers, "the same where it is shown"
    marked = any(part.changed for part in (*diff.before, *diff.after))
    return answers, "" if marked else "only spacing differs"


def _answer(text: CaseText, arm: Arm, cut: _Cut, parts: Sequence[Part]) -> Answer:
    nothing = ""
    if not text.answers.get(arm):
        nothing = "an empty answer" if arm in text.answers else "no answer"
    return Answer(arm, text.facts.get(arm, ""), _excerpt(cut, parts), nothing)


# ---------------------------------------------------------------- long texts


@dataclass(frozen=True, slots=True)
class _Cut:
    """What is shown of a text, where in that something was left out, and how much."""

    shown: str
    place: int
    left_out: int


def excerpt(text: str) -> Excerpt:
    """Return a text without its middle, where it is long."""
    cut = _cut(text)
    return _excerpt(cut, (Part(cut.shown),) if cut.shown else ())


def _cut(text: str) -> _Cut:
    if len(text) <= MOST_CHARACTERS and text.count("\n") < MOST_LINES:
        return _Cut(text, len(text), 0)
    head, tail = text[: MOST_CHARACTERS - TAIL_CHARACTERS], text[-TAIL_CHARACTERS:]
    head = "".join(head.splitlines(keepends=True)[: MOST_LINES - TAIL_LINES - 1])
    tail = "".join(tail.splitlines(keepends=True)[-TAIL_LINES:])
    if not text[len(head)].isspace():
        head = _LAST_WORD.sub("", head)
    if not text[-len(tail) - 1].isspace():
        tail = _FIRST_WORD.sub("", tail)
    return _Cut(head + tail, len(head), len(text) - len(head) - len(tail))


def _excerpt(cut: _Cut, parts: Sequence[Part]) -> Excerpt:
    head, tail = split(parts, cut.place)
    return Excerpt(head, count_text(cut.left_out, "character") if cut.left_out else "", tail)
