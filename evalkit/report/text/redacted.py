"""A verdict is told without the words of an endpoint, where it repeats them."""

from __future__ import annotations

from dataclasses import replace

from evalkit.core.fields import Fact
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
    fields = verdict.facts.fields
    if fields is not None:
        # What no schema names is a model's own word, be it a value or the name of a field.
        unnamed = tuple(
            row
            if row.declared
            else replace(row, path="", of=row.of if row.fact is Fact.TYPE else "")
            for row in fields.rows
        )
        fields = replace(fields, rows=unnamed)
    facts = replace(verdict.facts, stopped=stopped, fields=fields)
    return replace(verdict, lead=lead, facts=facts)
