"""The messages of a case are sorted for vendors that take the system's words in another place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from evalkit.core.errors import SnapshotError
from evalkit.core.model import Message, Snapshot
from evalkit.core.ports import Request

_SYSTEM = frozenset(["developer", "system"])
_MODEL = frozenset(["assistant", "model"])


class Turns(NamedTuple):
    """What the system says, and the turns of the user and the model in their order."""

    system: tuple[str, ...]
    said: tuple[Message, ...]


def turns_of(request: Request, snapshot: Snapshot, *, model_role: str) -> Turns:
    """Return the turns of a request: the snapshot's system prompt comes before the case's.

    Args:
        request: whose messages are sorted.
        snapshot: whose system prompt is put first.
        model_role: what the vendor calls the model's own turns.

    Raises:
        SnapshotError: a message has a role that the vendor has no place for.
    """
    own = () if snapshot.system_prompt is None else (snapshot.system_prompt.text,)
    system = tuple(turn.content for turn in request.messages if turn.role in _SYSTEM)
    said = (turn for turn in request.messages if turn.role not in _SYSTEM)
    return Turns(own + system, tuple(_renamed(said, request, snapshot, model_role)))


def _renamed(
    said: Iterable[Message], request: Request, snapshot: Snapshot, model_role: str
) -> Iterable[Message]:
    for turn in said:
        if turn.role in _MODEL:
            yield Message(model_role, turn.content)
        elif turn.role == "user":
            yield turn
        else:
            raise SnapshotError(
                f"{request.arm.value}.provider",
                f"case {request.case.id!r} holds a message of the role {turn.role!r}, and "
                f"{snapshot.provider} takes user, assistant and system; change the case",
            )
