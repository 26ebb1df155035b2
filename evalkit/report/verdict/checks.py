"""Bounds become checks as CI knows them: passed, failed, not measured, or skipped.

A bound that only warns never fails a job, whatever it says: it is skipped, and says so. Where the
bounds alone do not tell why a verdict is no pass, as in a smoke run, the verdict is a check itself:
a file in which everything is green must not come from a gate that is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from evalkit.core.envelope import Require
from evalkit.core.run import Manifest
from evalkit.core.verdict import BoundResult, Outcome, Result
from evalkit.report.text.safe import one_line, visible
from evalkit.report.verdict.bounds import BoundText, text_of
from evalkit.report.view import Row, View


class Status(StrEnum):
    """How a check came out."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


class Level(StrEnum):
    """How loudly a check is to be told, the loudest first; one that passed is not told."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Check:
    """One bound, or the verdict; all of it is text without control characters.

    ``name`` is the same in every run of an envelope, ``state`` says more than the ``status``, such
    as ``broken · warns only``; ``summary`` is one line, ``text`` several.
    """

    name: str
    title: str
    status: Status
    level: Level
    state: str
    summary: str
    text: str
    line: int | None = None


OF_OUTCOME = {
    Outcome.PASS: (Status.PASSED, Level.NOTICE),
    Outcome.FAIL: (Status.FAILED, Level.ERROR),
    Outcome.INCONCLUSIVE: (Status.SKIPPED, Level.WARNING),
    Outcome.UNMEASURED: (Status.ERROR, Level.ERROR),
}
_SHOWN_BY = {
    Outcome.FAIL: Result.BROKEN,
    Outcome.INCONCLUSIVE: Result.UNDECIDED,
    Outcome.UNMEASURED: Result.UNMEASURED,
}


def checks(view: View, manifest: Manifest) -> tuple[Check, ...]:
    """Return a check for the verdict if needed, for each warning, and each bound, the most important first."""
    found = [*_warning_checks(view)]
    found += [_check(row, place, manifest) for place, row in enumerate(view.rows)]
    if not _is_explained(view):
        found.insert(0, verdict_check(view))
    if view.waived:
        found.insert(0, _waiver_check(view))
    return tuple(found)


def _warning_checks(view: View) -> Iterator[Check]:
    """Yield the warnings, each as a check that was skipped: it fails nothing, and is not overlooked."""
    of = one_line(view.verdict.envelope, most=200)
    for number, warning in enumerate(view.warnings, 1):
        said = one_line(warning, most=1000)
        yield Check(
            name=f"warning of {of}" if number == 1 else f"warning {number} of {of}",
            title="evalkit",
            status=Status.SKIPPED,
            level=Level.WARNING,
            state="warning",
            summary=said,
            text=said,
        )


def _waiver_check(view: View) -> Check:
    """Return the waiver as a check that was skipped: it is told first, and proves nothing."""
    return Check(
        name=f"waiver of {one_line(view.verdict.envelope, most=200)}",
        title="Waived",
        status=Status.SKIPPED,
        level=Level.WARNING,
        state="waived",
        summary=view.waived,
        text=f"{view.waived}\nThe verdict stays {view.verdict.outcome.value}.",
    )


def verdict_check(view: View) -> Check:
    """Return the verdict as a check."""
    verdict = view.verdict
    status, level = OF_OUTCOME[verdict.outcome]
    summary = one_line(f"{verdict.sentence} {verdict.lead}", most=1000)
    return Check(
        name=f"verdict of {one_line(verdict.envelope, most=200)}",
        title=f"{view.word} · exit {int(verdict.exit_code)}",
        status=status,
        level=level,
        state=verdict.outcome.value,
        summary=summary,
        text="\n".join([summary, *(one_line(note) for note in verdict.facts.notes[:20])]),
    )


def _is_explained(view: View) -> bool:
    outcome = view.verdict.outcome
    if outcome is Outcome.PASS:
        return bool(view.rows)
    return any(
        row.bound.result is _SHOWN_BY[outcome] and counts_against(row.bound) for row in view.rows
    )


def counts_against(bound: BoundResult) -> bool:
    """Return whether what is known about a bound keeps the gate from a pass."""
    if bound.result is Result.UNDECIDED:
        return bound.blocks and bound.require is Require.PROVEN
    return bound.blocks and bound.result is not Result.HOLDS


def _check(row: Row, place: int, manifest: Manifest) -> Check:
    said = text_of(row, place, manifest)
    return Check(
        name=one_line(row.bound.name),
        title=one_line(row.title, most=200),
        status=_status(row.bound),
        level=_level(row.bound),
        state=said.state,
        summary=one_line(" ".join(_summary(row, said)), most=1000),
        text="\n".join(visible(line) for line in _lines(row, said)),
        line=manifest.lines.get(row.bound.name),
    )


def _status(bound: BoundResult) -> Status:
    if bound.result is Result.HOLDS:
        return Status.PASSED
    if not bound.blocks:
        return Status.SKIPPED
    known = {Result.BROKEN: Status.FAILED, Result.UNMEASURED: Status.ERROR}
    return known.get(bound.result, Status.SKIPPED)


def _level(bound: BoundResult) -> Level:
    if bound.result is Result.HOLDS:
        return Level.NONE
    if counts_against(bound):
        return Level.WARNING if bound.result is Result.UNDECIDED else Level.ERROR
    return Level.WARNING if bound.result is Result.BROKEN else Level.NOTICE


def _summary(row: Row, said: BoundText) -> Iterator[str]:
    detail = said.detail or f"{row.value}."
    yield detail
    if row.allowed not in detail:
        yield f"Allowed: {row.allowed}."
    if said.settle:
        yield f"What would settle it: {said.settle[0]}."


def _lines(row: Row, said: BoundText) -> Iterator[str]:
    yield f"{one_line(row.title, most=200)}: {said.state}"
    yield one_line(said.detail, most=2000)
    if row.judged is not None:
        yield f"Estimate: {row.value} {said.interval}, {said.cases} cases, {said.method}"
    yield f"Allowed: {row.allowed}{said.reserves}"
    if row.bound.baseline is not None and row.change:
        yield f"Baseline → candidate: {row.change}"
    if said.settle:
        yield "What would settle it:"
        yield from (f"  {one_line(way)}" for way in said.settle)
    if said.written:
        yield f"Written in {one_line(said.written)}"
