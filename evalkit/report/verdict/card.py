"""The verdict becomes the first thing on the page: the word, the sentences, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.core.envelope import Require
from evalkit.core.phrases import movement, title
from evalkit.core.run import Manifest
from evalkit.core.verdict import Estimate, Outcome, Result
from evalkit.core.wording import count_text
from evalkit.report.view import Row, View

TONES = {
    Outcome.PASS: Result.HOLDS,
    Outcome.FAIL: Result.BROKEN,
    Outcome.INCONCLUSIVE: Result.UNDECIDED,
    Outcome.UNMEASURED: Result.UNMEASURED,
}
OPENINGS = ("Furthest out: ", "Closest to a limit: ", "")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many bounds came out alike; none is never counted."""

    result: Result
    words: str


@dataclass(frozen=True, slots=True)
class Note:
    """A line under the tallies: what it is about, and what it says."""

    about: str
    says: str


@dataclass(frozen=True, slots=True)
class VerdictCard:
    """The verdict as it opens the page. ``lead`` is in three parts, the middle one bold."""

    tone: Result
    word: str
    advice: str
    sentence: str
    lead: tuple[str, str, str]
    tallies: tuple[Tally, ...]
    notes: tuple[Note, ...]
    next: str
    facts: str
    waived: str = ""


def verdict_card(view: View, manifest: Manifest) -> VerdictCard:
    """Return what the page opens with."""
    verdict = view.verdict
    return VerdictCard(
        tone=TONES[verdict.outcome],
        word=view.word,
        advice=f"{view.advice} · exit {int(verdict.exit_code)}",
        sentence=verdict.sentence,
        lead=_emphasis(view),
        tallies=tuple(
            Tally(result, _tally(result, count, blocks=blocks))
            for result, blocks, count in view.tallies
        ),
        notes=tuple(_notes(view, manifest)),
        next=_next(view),
        facts=view.facts,
        waived=view.waived,
    )


def _emphasis(view: View) -> tuple[str, str, str]:
    """Return the lead with the bound it is about set apart, where that can be found in it."""
    lead = view.verdict.lead
    phrases = [f"{title(row.bound)} {movement(row.bound)}" for row in view.rows]
    phrases += [title(row.bound) for row in view.rows]
    for phrase in phrases:
        for opening in OPENINGS:
            if lead.startswith(opening + phrase):
                return opening, phrase, lead[len(opening + phrase) :]
    return lead, "", ""


def _tally(result: Result, count: int, *, blocks: bool) -> str:
    word = "hold" if result is Result.HOLDS and count != 1 else result.value
    return f"{count:,} {word}{'' if blocks else ', warns only' if count == 1 else ', warn only'}"


# ---------------------------------------------------------------- notes


def _told(view: View) -> Iterator[Note]:
    """Yield the notes of the verdict, its warnings first: a short output shows the first of them."""
    for warning in view.warnings:
        yield Note("Warning", warning)
    for note in view.remarks:
        yield Note("To know", note)


def _notes(view: View, manifest: Manifest) -> Iterator[Note]:
    verdict = view.verdict
    if verdict.facts.smoke:
        yield Note(
            "A smoke run", f"{manifest.smoke or 'on a part of the bounds'}. It is never a pass."
        )
    if manifest.redacted:
        yield Note(
            "Redacted", "prompts, references and answers are left out; the run folder has them."
        )
    yield from _told(view)
    blocking = [row for row in view.rows if row.bound.blocks]
    undecided = any(row.bound.result is Result.UNDECIDED for row in blocking)
    waiver = verdict.facts.waiver
    match verdict.outcome:
        case _ if waiver is not None:
            yield Note(
                "Let through",
                f"{waiver.by} answers for it, as of {waiver.given} and after a look at {waiver.run}; the "
                "verdict is what it is, and nothing here is proven by it.",
            )
        case Outcome.FAIL:
            yield Note("Why it blocks", _shown_broken(blocking))
        case Outcome.UNMEASURED:
            yield Note("Why it blocks", "a bound without a value says nothing about the candidate.")
        case Outcome.INCONCLUSIVE if verdict.exit_code == 0:
            yield Note(
                "Let through", "undecided bounds do not block this run; they prove nothing either."
            )
        case Outcome.INCONCLUSIVE if undecided:
            yield Note(
                "Why it blocks",
                "a bound passes when it is proven, not when nothing is found against it. "
                "To let it through: --inconclusive=warn (every report will say so).",
            )
        case Outcome.PASS:
            yield from _meaning(blocking)


def _shown_broken(blocking: list[Row]) -> str:
    measured = [row.judged for row in blocking if row.judged is not None]
    confidence = 100 * min((judged.confidence for judged in measured), default=0.95)
    broken = sum(row.bound.result is Result.BROKEN for row in blocking)
    corrected = f", corrected for {len(measured)} bounds" if len(measured) > 1 else ""
    which = "it is" if broken == 1 else "each is"
    return f"{which} shown broken at {confidence:.6g}\u00a0% confidence{corrected}."


def _meaning(blocking: list[Row]) -> Iterator[Note]:
    """Yield what a pass promises, which leaves out bounds that are not proven exactly."""
    if not blocking:
        yield Note("Nothing blocks", "every bound only warns, so this run proves nothing.")
    exact = [row for row in blocking if _is_exact(row)]
    if not exact:
        return
    times = 100 * max(1 - row.judged.confidence for row in exact if row.judged is not None)
    which = (
        "any bound"
        if len(exact) == len(blocking)
        else f"any of the {count_text(len(exact), 'bound')} that are proven by an exact interval"
    )
    yield Note(
        "What a pass means",
        f"if {which} were truly broken, this page would say PASS at most {times:.3g} times in 100.",
    )


def _is_exact(row: Row) -> bool:
    judged = row.bound.judged
    return (
        row.bound.require is Require.PROVEN
        and isinstance(judged, Estimate)
        and not judged.approximate
    )


def _next(view: View) -> str:
    """Return what to read next: the commonest flips of the first broken bound that has some."""
    if view.verdict.outcome is not Outcome.FAIL:
        return ""
    for group in view.flips:
        if group.bound.result is Result.BROKEN:
            return f"{count_text(len(group.flips), 'case')} that went {group.kind}"
    return ""
