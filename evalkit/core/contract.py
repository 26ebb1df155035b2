"""What became of a structural contract: the changes of a response schema, as its readers meet them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from evalkit.core.digest import canonical_json

_PLAIN_NAME = re.compile(r"[^\W\d][\w-]*")


class Effect(StrEnum):
    """What a change does to whoever reads the answers."""

    BREAKING = "breaking"  # an answer may come that the old schema ruled out
    UNCLEAR = "not understood"  # nobody here can tell which of the others it is
    ADDITIVE = "additive"  # every answer is one that the old schema allowed, or only has more in it
    COSMETIC = "cosmetic"  # nothing that an answer is held to


class Standing(StrEnum):
    """What is known about a contract as a whole."""

    KEPT = "kept"  # nothing breaks a reader, or its version says so
    BROKEN = "broken"  # something does, and no version says so
    UNCLEAR = "unclear"  # something may


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a schema.

    ``path`` is where in an answer it is met; ``keyword`` the word of the schema that changed, with
    what it said ``before`` and ``after`` as short JSON, ``None`` where it said nothing. ``places``
    counts the places of an answer that the same lines of the schema speak about.
    """

    path: str
    keyword: str
    effect: Effect
    before: str | None
    after: str | None
    why: str
    places: int = 1


@dataclass(frozen=True, slots=True)
class Version:
    """The format version that a schema declares, and where in it that stands.

    ``values`` are those an answer may name; ``text`` is the highest of them. ``in_answer`` says that
    an answer has to name it itself, in its field ``format_version``.
    """

    text: str
    values: tuple[str, ...]
    where: str
    in_answer: bool = False


@dataclass(frozen=True, slots=True)
class ContractDiff:
    """What became of a response schema, the changes that break readers first.

    ``incremented`` says that the new format version allows changes that break; ``version_why`` why,
    or why not.
    """

    old_version: Version | None
    new_version: Version | None
    incremented: bool
    version_why: str
    changes: tuple[Change, ...]

    def of(self, effect: Effect) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.effect is effect)

    @property
    def standing(self) -> Standing:
        """Whether readers may go on as before, or were told by the version that they may not."""
        if self.incremented:
            return Standing.KEPT
        if self.of(Effect.BREAKING):
            return Standing.BROKEN
        return Standing.UNCLEAR if self.of(Effect.UNCLEAR) else Standing.KEPT


def field_path(parts: Sequence[str | int | None]) -> str:
    """Return where something stands in an answer; ``None`` is any item of a list.

    >>> field_path([]), field_path(["items", None, "unit price"]), field_path([None, 0])
    ('$', 'items[]["unit price"]', '$[][0]')
    """
    path = ""
    for part in parts:
        if isinstance(part, str):
            plain = _PLAIN_NAME.fullmatch(part)
            named = part if not path else f".{part}"
            path += named if plain else f"{path and ''}[{canonical_json(part)}]"
        else:
            path = f"{path or '$'}[{'' if part is None else part}]"
    return path or "$"
