"""Live answers are held to the response schema at the edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evalkit.core.mirror import Head
from evalkit.core.mirror_edge import Checked, Finding, OnViolation, SchemaPlan
from evalkit.features.bounded_schema import TooMuchWorkError, Work, first_fault
from evalkit.features.schema import named_in, sound_schema
from evalkit.features.searching import SlowPatternError
from evalkit.files.json_text import JsonTextError, parse_json

LONGEST = 2**20
"""Characters of an answer that is looked into."""
MOST_VALUES = 10_000
"""Commas and opening brackets of one: each value takes a few microseconds of the machine that answers."""
SECONDS, REFERENCES = 0.05, 500
"""Of searching for patterns, and references: both keep the loop busy, on an answer that is made for it."""
LONGEST_PLACE = 200


@dataclass(frozen=True, slots=True)
class Edge:
    """A schema that is ready to be held against answers; ``named`` are the names it knows."""

    on_violation: OnViolation
    validator: Any
    named: frozenset[str]

    @classmethod
    def of(cls, plan: SchemaPlan) -> Edge:
        """Return the edge of a plan.

        Raises:
            ValueError: there is no schema, or it is none.
        """
        if plan.text is None:
            raise ValueError("expected a response schema, found none")
        schema = sound_schema(plan.text)
        return cls(plan.on_violation, schema.validator(), named_in(plan.text))

    def holds(self, head: Head) -> bool:
        """Return whether an answer, streamed or not, has to be whole before a caller sees it."""
        return self.on_violation is OnViolation.REJECT and head.status // 100 == 2

    def checked(self, text: str | None) -> Finding:
        """Return what is found about the text of an answer; ``None`` stands for no text."""
        if text is None:
            return Finding(Checked.SKIPPED)
        if len(text) > LONGEST or sum(map(text.count, ",[{")) > MOST_VALUES:
            return Finding(Checked.TOO_LONG)
        try:
            value = parse_json(text)
        except JsonTextError:
            return Finding(Checked.NOT_JSON)
        try:
            error = first_fault(self.validator, value, Work(SECONDS, REFERENCES))
        except (SlowPatternError, TooMuchWorkError):
            return Finding(Checked.TOO_LONG)
        if error is None:
            return Finding(Checked.VALID)
        return Finding(Checked.VIOLATED, self._place(error.absolute_path), str(error.validator))

    def _place(self, path: Iterable[str | int]) -> str:
        """Return where in an answer a fault is; keys that only the model knows are stars."""
        parts = (
            f"[{part}]" if isinstance(part, int) else f".{part if part in self.named else '*'}"
            for part in path
        )
        return f"${''.join(parts)}"[:LONGEST_PLACE]
