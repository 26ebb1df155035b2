"""A change while it is being found: where it is counts from whoever asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from evalkit.core.contract import Change, Effect, field_path
from evalkit.core.digest import canonical_json
from evalkit.core.model import ABSENT, Absent, Json

Step: TypeAlias = "str | int | None"
LONGEST = 160
"""More of what a schema says is nothing to read in a table."""


@dataclass(frozen=True)
class Found:
    """A change below some place; ``said`` are the lines of both schemas that speak about it."""

    keyword: str
    effect: Effect
    before: str | None
    after: str | None
    why: str
    said: tuple[object, ...]
    path: tuple[Step, ...] = ()
    places: int = 1

    def below(self, *steps: Step) -> Found:
        """Return the same change as seen from further up."""
        return replace(self, path=(*steps, *self.path))

    @property
    def change(self) -> Change:
        """The change as it is told."""
        return Change(
            field_path(self.path),
            self.keyword, self.effect, self.before, self.after, self.why, self.places,
        )  # fmt: skip


def merged(found: Iterable[Found]) -> list[Found]:
    """Return changes without those that the same lines of both schemas make in another place.

    They are counted, and the place that is nearest to the top of an answer is told.
    """
    kept: dict[tuple[object, ...], Found] = {}
    for change in found:
        key = (change.said, change.keyword, change.effect, change.before, change.after)
        known = kept.get(key)
        if known is None:
            kept[key] = change
        elif known.path != change.path:
            nearer = min(known, change, key=lambda one: len(one.path))
            kept[key] = replace(nearer, places=known.places + change.places)
    return list(kept.values())


def shown(value: Json | Absent) -> str | None:
    """Return what a schema says as short JSON; nothing where it says nothing."""
    if value is ABSENT:
        return None
    text = canonical_json(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
