"""A verdict is told without the words of an endpoint, where it repeats them."""

from __future__ import annotations

from dataclasses import replace

from evalkit.core.verdict import Verdict


def without_words(verdict: Verdict) -> Verdict:
    """Return a verdict that says why an arm was stopped, and not what its endpoint said about it.

    An answer that could not be read is quoted there: it may be a model's.
    """
    lead, stopped = verdict.lead, {}
    for arm, why in verdict.facts.stopped.items():
        cause, _, said = why.partition(": ")
        stopped[arm] = cause
        lead = lead.replace(f"{cause}: {said}".rstrip("."), cause) if said else lead
    return replace(verdict, lead=lead, facts=replace(verdict.facts, stopped=stopped))
