"""What changed that no bound names becomes rows: what it is, both arms on one axis, and a pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evalkit.core.drift import Drift, Giveaway, Told, Trait
from evalkit.core.drift_phrases import (
    effect_text,
    floor_sentence,
    giveaway_text,
    headline,
    levels_text,
    reading,
    short_headline,
    trait_text,
)
from evalkit.core.model import Arm
from evalkit.report.figures.plot import percent
from evalkit.report.text.safe import one_line
from evalkit.report.view import CaseText, View

MOST_TOLD = 3
"""So many reasons are told beside a verdict; the report has them all."""
MOST_OF_A_TEXT = 320
"""Characters of an answer that are quoted."""
MOST_WORDS = 80
BEFORE = 60
"""Of them before what is to be seen, where it stands further behind."""
INSET = 0.01
"""A mark at either end of the axis lies so far inside."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What an arm answered, or the part of it in which something can be seen."""

    arm: Arm
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that gives the answers away.

    ``lead`` says how it stands in an answer, ``what`` is it: in the words of the answers where it is
    ``quoted``. ``places`` are both arms on an axis of shares; an amount has none.
    """

    lead: str
    what: str
    quoted: bool
    also: tuple[str, ...]
    levels: str
    change: str
    interval: str
    places: Mapping[Arm, str]
    sentence: str
    case: str
    quotes: tuple[Quote, ...]
    metric: str
    moves_with: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the texts found: sentences, rows, and rows that a bound names already."""

    sentences: tuple[str, ...]
    rows: tuple[Row, ...]
    named: tuple[Row, ...]
    note: str


def drift_of(view: View, texts: Mapping[str, CaseText]) -> Found | None:
    """Return what the texts of the arms differ by, or nothing where there was nothing to compare."""
    found = drift_shown(view)
    if found is None:
        return None
    titles = {row.bound.name: row.title for row in view.rows}
    rows = [_row(giveaway, texts, titles) for giveaway in found.giveaways]
    return Found(
        sentences=tuple(filter(None, (headline(found), floor_sentence(found), reading(found)))),
        rows=tuple(row for row in rows if not row.moves_with),
        named=tuple(row for row in rows if row.moves_with),
        note=_note(found),
    )


def drift_shown(view: View) -> Drift | None:
    """Return the drift of a verdict, unless there is no baseline or the verdict is of old."""
    facts = view.verdict.facts
    return facts.drift if Arm.BASELINE in facts.arms else None


def words_of(giveaway: Giveaway, texts: Mapping[str, CaseText]) -> str:
    """Return the words of an answer that make a difference, or nothing where they are redacted."""
    quoted, text = giveaway.quoted, texts.get(giveaway.case)
    if quoted is None or text is None or text.redacted:
        return ""
    return one_line(text.answers.get(quoted.arm, "")[quoted.start : quoted.end], most=MOST_WORDS)


def told_lines(found: Drift, texts: Mapping[str, CaseText]) -> Iterator[str]:
    """Yield what is told beside a verdict: a sentence, then the first reasons, a line each."""
    yield short_headline(found)
    told = sorted(found.giveaways, key=lambda item: item.moves_with is not None)[:MOST_TOLD]
    yield from (giveaway_text(giveaway, words_of(giveaway, texts)) for giveaway in told)
    if left := len(found.giveaways) - len(told):
        yield f"and {left:,} more in the report"


def _note(found: Drift) -> str:
    if found.separation is None or found.told is Told.OFF:
        return ""
    shown = f"{found.differ:,} {'is' if found.differ == 1 else 'are'} shown to differ"
    told = (
        ", of which those are listed that tell most" if found.differ > len(found.giveaways) else ""
    )
    return (
        f"{found.looked_at:,} forms, amounts and phrases were looked at; "
        f"{found.compared:,} common enough that a difference could be shown; {shown}{told}. Every "
        "interval holds at 95\u00a0% for all of these at once."
    )


def _row(giveaway: Giveaway, texts: Mapping[str, CaseText], titles: Mapping[str, str]) -> Row:
    words = words_of(giveaway, texts)
    lead, what = trait_text(giveaway, words)
    change, interval = effect_text(giveaway)
    places = {}
    if giveaway.trait is not Trait.AMOUNT:
        ends = {Arm.BASELINE: giveaway.baseline, Arm.CANDIDATE: giveaway.candidate}
        places = {arm: percent(INSET + (1 - 2 * INSET) * end) for arm, end in ends.items()}
    bound = giveaway.moves_with
    return Row(
        lead=lead,
        what=words or what,
        quoted=bool(words),
        also=giveaway.also,
        levels=levels_text(giveaway),
        change=change,
        interval=interval,
        places=places,
        sentence=f"{giveaway_text(giveaway, words)}; {change}",
        case=giveaway.case,
        quotes=_quotes(giveaway, texts.get(giveaway.case)),
        metric=giveaway.metric or "",
        moves_with="" if bound is None else titles.get(bound, bound),
    )


def _quotes(giveaway: Giveaway, text: CaseText | None) -> tuple[Quote, ...]:
    if text is None or text.redacted:
        return ()
    return tuple(
        Quote(arm, _part(text.answers[arm], arm, giveaway)) for arm in Arm if arm in text.answers
    )


def _part(text: str, arm: Arm, giveaway: Giveaway) -> str:
    """Return of an answer the part in which a thing can be seen, in one line."""
    quoted = giveaway.quoted
    start = 0 if quoted is None or quoted.arm is not arm else max(0, quoted.start - BEFORE)
    if giveaway.trait is Trait.CLOSING:
        start = max(0, len(text) - MOST_OF_A_TEXT)
    part = text[start : start + MOST_OF_A_TEXT]
    ends = ("…" if start else "", "…" if start + len(part) < len(text) else "")
    return one_line(f"{ends[0]}{part}{ends[1]}", most=2 * MOST_OF_A_TEXT)
