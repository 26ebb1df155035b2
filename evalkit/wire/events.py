"""A stream of events (``text/event-stream``), where a server answers with one: its last event."""

from __future__ import annotations

from evalkit.core.model import ErrorKind, Json
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.wire.exchange import HttpResponse, WireError

_DONE = "[DONE]"


def last_event(response: HttpResponse) -> Json:
    """Return the data of the last whole event; one that closes the stream and says nothing is none.

    Raises:
        WireError: ``MALFORMED``: there is no event, or the last one is no JSON.
    """
    lines = response.text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n")
    for event in reversed(lines[:-1]):  # what no blank line ends was cut off
        data = _data(event)
        if data in {"", _DONE}:
            continue
        try:
            return parse_json(data)
        except JsonTextError as error:
            message = f"an event is not JSON ({error}): {data[:200]}"
            raise WireError(ErrorKind.MALFORMED, message) from None
    raise WireError(ErrorKind.MALFORMED, f"a stream without an event: {response.text[:200]}")


def _data(event: str) -> str:
    """Return the lines of data of an event, without what names them."""
    given = [line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:")]
    return "\n".join(given).strip()
