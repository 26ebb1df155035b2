"""What fictional documents tell, and how a colleague would sum them up: all words and no logic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Story:
    """A kind of document, as templates of ``writing.prose``.

    Attributes:
        name: what it is called in a case's metadata.
        document: its sentences.
        key: the fact that a summary must hold.
        told: sentences that hold it.
        missed: what a careless summary says in their place.
        rest: further sentences of a summary; the first one opens it.
        matter: what a refusal says it will not summarise.
    """

    name: str
    document: tuple[str, ...]
    key: str
    told: tuple[str, ...]
    missed: tuple[str, ...]
    rest: tuple[str, ...]
    matter: str = "this document"
