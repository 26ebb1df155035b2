"""What a response that is no answer means: which failure it is, and whether to ask again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.core.model import ErrorKind, Json
from evalkit.core.records import error_kind
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.wire.exchange import HttpResponse
from evalkit.wire.headers import duration

LONGEST_MESSAGE = 500
"""Characters of an endpoint's own text that are kept."""
LONGEST_READ = 2**16
"""Characters of an error that are looked at: nobody writes a longer one to be read."""
OVERLOADED = frozenset({429, 503, 529})
"""Statuses by which an endpoint says that it is asked too fast."""
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that gave no sample.

    ``message`` is the endpoint's own text; ``again`` says whether another attempt may succeed, and
    ``wait`` in how many seconds, where the body says so.
    """

    kind: ErrorKind
    message: str
    again: bool
    wait: float | None = None


def failure_of(response: HttpResponse) -> Failure:
    """Return what an error status means wherever a format does not know better."""
    text = response.text[:LONGEST_READ]
    said = _parsed(text)
    status = response.status
    kind = _kind(status, text)
    again = status in _AGAIN and kind is not ErrorKind.QUOTA
    message = f"HTTP {status}: {_message(response, said, text)}"
    return Failure(kind, message, again, _delay(said) if again else None)


# ---------------------------------------------------------------- kinds


_OUT_OF_QUOTA = re.compile(
    r"insufficient[ _]?(?:quota|funds|balance|credit)|billing|credit balance|quota|out of credit"
    r"|payment[ _]required"
)
_SOON = re.compile(
    r"per[ _-]?(?:second|minute|min\b)|\b[rt]pm\b|retrydelay|rate[ _]limit[ _](?:reached|exceeded)"
)
"""A limit that a minute lifts, in the words of OpenAI, Anthropic and Gemini."""
_LATER = re.compile(r"per[ _-]?(?:day|week|month)|insufficient[ _]?quota")
_MAY_BE_QUOTA = frozenset({400, 403, 429})
_KINDS = {
    **dict.fromkeys((401, 403, 407), ErrorKind.DENIED),
    408: ErrorKind.TIMEOUT,
    429: ErrorKind.RATE_LIMITED,
}
_UNCLEAR = frozenset({400, 404, 405, 409, 413, 422, 425})


_NO_SUCH_KEY = '"no_db_connection"'
"""A litellm proxy that keeps no keys answers 400 with this code to any key but its own."""


def _kind(status: int, text: str) -> ErrorKind:
    if status == 400 and _NO_SUCH_KEY in text:
        return ErrorKind.DENIED
    if status == 402 or (status in _MAY_BE_QUOTA and _is_out_of_quota(status, text.lower())):
        return ErrorKind.QUOTA
    if (kind := _KINDS.get(status)) is not None:
        return kind
    if status >= 500:
        return ErrorKind.SERVER
    if status < 400 or status in _UNCLEAR:
        return ErrorKind.OTHER  # what the text of a bad request speaks of is not what failed
    return error_kind(text)


def _is_out_of_quota(status: int, text: str) -> bool:
    """Return whether a text speaks of a quota that waiting does not fill."""
    if status == 400:
        return "credit balance" in text or "insufficient_quota" in text
    if _OUT_OF_QUOTA.search(text) is None:
        return False
    return _SOON.search(text) is None or _LATER.search(text) is not None


# ---------------------------------------------------------------- texts


def _parsed(text: str) -> Json:
    try:
        return parse_json(text)
    except JsonTextError:
        return None


def _message(response: HttpResponse, said: Json, text: str) -> str:
    if 300 <= response.status < 400:
        target = response.headers.get("location", "nowhere")[:LONGEST_MESSAGE]
        return f"redirected to {target}; redirects are not followed: give the final address"
    return " ".join((_told(said) or text).split())[:LONGEST_MESSAGE] or "an empty body"


def _told(said: Json) -> str | None:
    """Return the sentence in an error's body, in any of the usual forms."""
    match said:
        case {"error": dict() | list() | str() as inner} if inner:
            return _told(inner)
        case {"message": str(text)} | {"detail": str(text)} | {"error_description": str(text)}:
            return text
        case {"Message": str(text)} | {"title": str(text)}:
            return text
        case [first, *_]:
            return _told(first)
        case str(text):
            return text
    return None


def _delay(said: Json) -> float | None:
    """Return the wait that a body of Google's form tells: ``details[].retryDelay``, as ``23s``."""
    for entry in _details(said):
        match entry:
            case {"retryDelay": str(text)}:
                return duration(text)
    return None


def _details(said: Json) -> Iterator[Json]:
    match said:
        case {"error": {"details": [*entries]}} | [{"error": {"details": [*entries]}}, *_]:
            yield from entries
