"""A stream of events (``text/event-stream``), where a server answers with one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evalkit.core.model import ErrorKind, Json
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.wire.exchange import HttpResponse, WireError

_DONE = "[DONE]"


def last_event(response: HttpResponse) -> Json:
    """Return the data of the last whole event; one that closes the stream and says nothing is none.

    Raises:
        WireError: ``MALFORMED``: there is no event, or the last one is no JSON.
    """
    for data in _told(reversed(_whole_events(response))):
        return _value(data)
    raise WireError(ErrorKind.MALFORMED, f"a stream without an event: {response.text[:200]}")


def events_of(response: HttpResponse) -> Iterator[Json]:
    """Yield the data of all whole events, in the order in which they came.

    Raises:
        WireError: ``MALFORMED``: one is no JSON.
    """
    yield from map(_value, _told(_whole_events(response)))


def _whole_events(response: HttpResponse) -> list[str]:
    """Return the events of a stream; what no blank line ends was cut off."""
    return response.text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n")[:-1]


def _told(events: Iterable[str]) -> Iterator[str]:
    return (data for data in map(_data, events) if data not in {"", _DONE})


def _value(data: str) -> Json:
    try:
        return parse_json(data)
    except JsonTextError as error:
        message = f"an event is not JSON ({error}): {data[:200]}"
        raise WireError(ErrorKind.MALFORMED, message) from None


def _data(event: str) -> str:
    """Return the lines of data of an event, without what names them."""
    given = [line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:")]
    return "\n".join(given).strip()
