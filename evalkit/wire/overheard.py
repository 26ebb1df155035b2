"""What others ask and are answered is read by what reads our own answers; a stream is joined before.

A format says how the events of a streamed answer become the body that it would have been in one
piece; everything behind that is the same as for an answer that was asked for here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from evalkit.core.errors import SnapshotError
from evalkit.core.model import ErrorKind, Json, Message, Sample, SampleError, Snapshot
from evalkit.core.ports import Overheard, Overhears, Request
from evalkit.files.json_text import json_line
from evalkit.wire.endpoint import Endpoint
from evalkit.wire.events import events_of
from evalkit.wire.exchange import HttpResponse, WireError
from evalkit.wire.failures import Failure, failure_of
from evalkit.wire.json_values import text_at, value_at
from evalkit.wire.objections import Sent, answered

NOWHERE = Endpoint("", {})
"""The endpoint of a format that asks nobody."""
Reading: TypeAlias = Callable[[Request, HttpResponse], Sample | Failure]


def nobodys(provider: str) -> Sent:
    """Return what is sent where no snapshot of ours asks: nothing, so that no key of it is at fault."""
    return Sent(Snapshot(provider, None), path="")


def overhearing(
    *paths: str,
    read: Reading,
    asked: Callable[[Json], Iterator[Message]],
    whole: Callable[[Sequence[Json]], Json],
) -> Overhears:
    """Return how a format is overheard.

    Args:
        paths: what the path of its requests ends in.
        read: what reads an answer of its own.
        asked: yields the messages that the body of a request holds.
        whole: makes the body of an answer of the events of a stream.
    """

    def heard(request: Request, exchange: Overheard) -> Sample:
        response = HttpResponse(exchange.status, exchange.headers, exchange.body, 0.0)
        try:
            found = read(request, _in_one_piece(response, whole))
        except SnapshotError:  # what the caller asks for is the caller's to correct
            found = failure_of(response)
        except WireError as error:
            found = Failure(error.kind, str(error), again=False)
        if isinstance(found, Failure):
            return answered(request, error=SampleError(found.kind, found.message))
        return found

    return Overhears(
        knows=lambda path: path.endswith(paths), asked=lambda body: tuple(asked(body)), read=heard
    )


def _in_one_piece(response: HttpResponse, whole: Callable[[Sequence[Json]], Json]) -> HttpResponse:
    """Return a response as if it had not been streamed: as events, or as a list that grew."""
    events: list[Json] = []
    if response.is_stream:
        events = list(events_of(response))
    elif response.status // 100 == 2 and response.body.lstrip()[:1] == b"[":
        found = response.json()
        events = found if isinstance(found, list) else []
    else:
        return response
    if not events:
        raise WireError(ErrorKind.MALFORMED, f"a stream without an event: {response.text[:200]}")
    body = json_line(whole(events)).encode()
    return replace(response, headers={"content-type": "application/json"}, body=body)


# ---------------------------------------------------------------- parts of messages


def turn(role: str | None, content: Json, *, kinds: Sequence[str] = ("text",)) -> Message:
    """Return a message; what is no text in it is named by its kind and not repeated.

    >>> turn("user", [{"type": "text", "text": "Who is"}, {"type": "image_url", "image_url": {}}])
    Message(role='user', content='Who is[image_url]')
    """
    if isinstance(content, str):
        return Message(role or "user", content)
    parts = content if isinstance(content, list) else []
    return Message(role or "user", "".join(_part(part, kinds) for part in parts))


def _part(part: Json, kinds: Sequence[str]) -> str:
    if isinstance(part, str):
        return part
    kind, text = text_at(part, "type"), text_at(part, "text")
    if kind is None or kind in kinds:
        return text or ""
    return f"[{kind[:40]}]"


def first_known(events: Sequence[Json], *names: str) -> dict[str, Json]:
    """Return the first value of each name that any event says."""
    found: dict[str, Json] = {}
    for name in names:
        values = (value_at(event, name) for event in events)
        value = next((value for value in values if value not in (None, "")), None)
        if value is not None:
            found[name] = value
    return found


def last_known(events: Sequence[Json], *names: str) -> dict[str, Json]:
    """Return the last value of each name that any event says."""
    return first_known(list(reversed(events)), *names)


def error_in(events: Sequence[Json]) -> Mapping[str, Json] | None:
    """Return the event that says what went wrong, which ends a stream in place of an answer."""
    return next((e for e in events if isinstance(e, dict) and e.get("error") is not None), None)
