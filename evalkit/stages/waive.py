"""A verdict that is no pass is let through here, where somebody answers for it: it stays what it is."""

from __future__ import annotations

from dataclasses import replace

from evalkit.core.envelope import Require
from evalkit.core.verdict import BoundResult, ExitCode, Outcome, Result, Verdict
from evalkit.core.waiver import Waiver

ORDER = (Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.UNMEASURED, Outcome.FAIL)
"""The mildest first."""
RESULTS = (Result.HOLDS, Result.UNDECIDED, Result.UNMEASURED, Result.BROKEN)


def open_bounds(verdict: Verdict) -> dict[str, str]:
    """Return the bounds that keep a verdict from a pass, and how each stands."""
    return {bound.name: bound.result.value for bound in verdict.bounds if _counts_against(bound)}


def _counts_against(bound: BoundResult) -> bool:
    if bound.result is Result.UNDECIDED and bound.require is not Require.PROVEN:
        return False
    return bound.blocks and bound.result is not Result.HOLDS


def uncovered(verdict: Verdict, waiver: Waiver) -> str:
    """Return what of a verdict a waiver does not cover, as the end of a sentence; nothing where it covers all.

    A milder result of a bound is covered with it, a further bound never.
    """
    if verdict.facts.smoke:
        return "this is a smoke run"
    if ORDER.index(verdict.outcome) > ORDER.index(Outcome(waiver.verdict)):
        return f"the verdict is {verdict.outcome.value}, and it covers {waiver.verdict}"
    for name, result in open_bounds(verdict).items():
        covered = waiver.bounds.get(name)
        if covered is None:
            return f"{name} is {result}, and it does not name that bound"
        if RESULTS.index(Result(result)) > RESULTS.index(Result(covered)):
            return f"{name} is {result}, and it covers {covered}"
    return ""


def let_through(verdict: Verdict, waiver: Waiver | None) -> Verdict:
    """Return the same verdict with the exit code of one that is let through, where it is covered."""
    if waiver is None or verdict.exit_code is ExitCode.PASS or uncovered(verdict, waiver):
        return verdict
    facts = replace(verdict.facts, waiver=waiver)
    return replace(verdict, exit_code=ExitCode.PASS, facts=facts)
