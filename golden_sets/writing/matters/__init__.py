"""What customers of a fictional shop write about: one module a desk, all words and no logic."""

from __future__ import annotations

from dataclasses import dataclass

from golden_sets.writing.matters.things import HOUSE


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing customers write about, as templates of ``writing.prose``.

    Attributes:
        name: what it is called in a case's metadata.
        priority: how soon the desk should see to it.
        asks: how customers put it; in front, the places of the helps that fit, the answer first.
        helps: sentences of a good reply; each can stand alone.
        topic: what a refusal says it will not help with; empty where nobody would refuse.
        instead: whom a refusal sends the customer to.
        things: what ``{item}`` may stand for.
    """

    name: str
    priority: str
    asks: tuple[str, ...]
    helps: tuple[str, ...]
    topic: str = ""
    instead: str = ""
    things: tuple[str, ...] = HOUSE
