"""Cases that moved become pairs: what was asked, and both answers side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from evalkit.core.envelope import Kind
from evalkit.core.model import Arm
from evalkit.core.verdict import BoundResult, Flip
from evalkit.core.wording import count_text, difference_text
from evalkit.report.cases.word_diff import Part, split, word_diff
from evalkit.report.view import CaseText, FlipGroup

MOST_CHARACTERS, MOST_LINES = 900, 15
TAIL_CHARACTERS, TAIL_LINES = 300, 5
"""Of a long text both ends are shown: many answers say what they mean in their last line."""

FEW_GROUPS = 6
OPEN_CARDS, OPEN_CARDS_OF_MANY = 3, 1
"""How many cases of a kind are open, where there are few kinds and where there are many."""

PAGE_CARDS = 50
MOST_REFERENCE = 80
LONG_PROMPT = 180

_PLAIN = "!*'()"
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
    """One case as a reviewer sees it. A case that was shown before has no anchor of its own.

    ``bounds`` are the places of the other bounds that the case moved for.
    """

    case: str
    link: str
    anchor: str
    tags: tuple[str, ...]
    bounds: str
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
    """The flips of one kind: the first ones open, the next folded, the rest counted.

    ``place`` is that of its bound, in the order of the plot.
    """

    kind: str
    filter: str
    bound: BoundResult
    place: int
    count: str
    first: tuple[Pair, ...]
    pages: tuple[Batch, ...]
    rest: str


def anchor(prefix: str, name: str) -> str:
    """Return an id for an element that is named by somebody else: no two names share one.

    >>> anchor("case", "a b/ü"), anchor("case", "prime-1")
    ('case-a%20b%2F%C3%BC', 'case-prime-1')
    """
    # What a script's encodeURIComponent leaves as it is: the page's own finds cases by their names.
    return f"{prefix}-{quote(name, safe=_PLAIN, errors='backslashreplace')}"


def groups_of(
    groups: Sequence[FlipGroup],
    texts: Mapping[str, CaseText],
    filters: Mapping[str, str],
    places: Mapping[str, int],
    moved: Mapping[str, Sequence[int]],
) -> tuple[Group, ...]:
    """Return groups of flips with the texts of their cases.

    Args:
        groups: the flips, in order.
        texts: what was asked and answered, by case; a case without is shown by name.
        filters: the class that hides and shows a kind, by kind.
        places: the places of the bounds, by name.
        moved: the places of the bounds that a case moved for, by case.
    """
    around = _Around(texts, places, moved)
    for group in groups:
        for flip in group.flips:
            around.kinds.setdefault(flip.case, []).append(group.kind)
    opened = OPEN_CARDS if len(groups) <= FEW_GROUPS else OPEN_CARDS_OF_MANY
    found = []
    for group in groups:
        pairs = list(_pairs(group, around))
        place = places[group.bound.name]
        found.append(_group(group, place, pairs, filters.get(group.kind, ""), opened))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known of all cases: the kinds of their flips, and which were ``seen`` on the page."""

    texts: Mapping[str, CaseText]
    places: Mapping[str, int]
    moved: Mapping[str, Sequence[int]]
    kinds: dict[str, list[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)


def _pairs(group: FlipGroup, around: _Around) -> Iterator[Pair]:
    place = around.places[group.bound.name]
    for flip in group.flips[: group.shown]:
        also = [kind for kind in around.kinds[flip.case] if kind != group.kind]
        others = " ".join(str(other) for other in around.moved[flip.case] if other != place)
        pair = _pair(flip, group.bound, around.texts.get(flip.case), also, others)
        yield replace(pair, anchor="") if flip.case in around.seen else pair
        around.seen.add(flip.case)


def _group(
    group: FlipGroup, place: int, pairs: Sequence[Pair], filter_class: str, opened: int
) -> Group:
    # Nobody unfolds a page to find one or two cases in it.
    shown = len(pairs) if len(pairs) <= opened + 2 else opened
    return Group(
        kind=group.kind,
        filter=filter_class,
        bound=group.bound,
        place=place,
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
    flip: Flip, bound: BoundResult, text: CaseText | None, also: Sequence[str], bounds: str
) -> Pair:
    name = anchor("case", flip.case)
    answers, note = _answers(text) if text else ((), "its text is not in this report")
    prompt = text.prompt if text else ""
    reference = text.reference if text else ""
    return Pair(
        case=flip.case,
        link=f"#{name}",
        anchor=name,
        tags=tuple(dict.fromkeys(text.tags)) if text else (),
        bounds=bounds,
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
    if text.redacted:
        nothing = Excerpt((), "", ())
        return tuple(Answer(arm, facts, nothing, "") for arm, facts in text.facts.items()), ""
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
