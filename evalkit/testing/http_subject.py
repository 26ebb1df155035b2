"""A provider over HTTP that is held to the contract: how its endpoint speaks, and how it is asked once.

A server on 127.0.0.1 stands in for the endpoint, and says what a check has it say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from evalkit.core.errors import EvalkitError
from evalkit.core.model import Json, Sample, Snapshot
from evalkit.core.ports import ProviderPlugin, Surroundings
from evalkit.testing.checking import opened, outcome, question, ran
from evalkit.testing.server import Reply, Script, ScriptedServer, scripted

KEY = "EVALKIT_TEST_KEY"
"""The environment variable that the key is in: a snapshot names it as ``${env:EVALKIT_TEST_KEY}``."""
SECRET = "sk-evalkit/conformance+0123456789"
"""Its value; it opens nothing."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer is to say; what is ``None`` is to be left out of it."""

    text: str = "In the middle of Paris."
    model: str | None = "served-2026-01-01"
    input_tokens: int | None = 7
    output_tokens: int | None = 3


@dataclass(frozen=True, slots=True)
class HttpSubject:
    """A provider plug-in over HTTP, and how its endpoint speaks.

    ``snapshot`` returns one that asks the server at an address, with the key in ``KEY`` and no
    sampling parameter but those that the endpoint demands. ``answer`` writes the body of a success.
    ``refusals`` are the replies by which the endpoint itself declines or filters, ``objection`` the
    one by which it refuses ``temperature``; none where it has no such. ``keyed`` says that a key is
    sent, ``tells_model`` that a body names who answered.
    """

    plugin: ProviderPlugin
    snapshot: Callable[[str], Snapshot]
    answer: Callable[[Told], Json | bytes]
    refusals: Sequence[Reply]
    objection: Reply | None
    keyed: bool = True
    tells_model: bool = True

    def reply(self, told: Told = Told(), **headers: str) -> Reply:
        """Return the reply that says something."""
        body = self.answer(told)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Reply(body=content, headers=headers)


def surroundings_of(*, another: bool = True) -> Surroundings:
    """Return surroundings with the key in them, in which a failed attempt may be repeated or not."""
    return Surroundings(environment={KEY: SECRET}, another=lambda: another)


def answer_at(
    subject: HttpSubject,
    server: ScriptedServer,
    *,
    another: bool = True,
    change: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot,
) -> Sample | EvalkitError:
    """Ask once, and return what comes of it."""

    async def once() -> Sample | EvalkitError:
        snapshot = change(subject.snapshot(server.url))
        async with opened(subject.plugin, snapshot, surroundings_of(another=another)) as provider:
            return await outcome(provider, question())

    return ran(once())


def answer_to(
    subject: HttpSubject, script: Script, *, another: bool = True, **changes: object
) -> tuple[Sample | EvalkitError, ScriptedServer]:
    """Ask a server of its own once; return what comes of it, and what the server heard."""
    with scripted(script) as server:
        change = partial(replace, **changes)
        return answer_at(subject, server, another=another, change=change), server
