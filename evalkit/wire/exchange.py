"""What goes over the wire and what comes back, whichever library carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from evalkit.core.model import ErrorKind, Json
from evalkit.files.json_text import JsonTextError, parse_json

_A_STREAM = (
    "expected one JSON answer, found a stream of events; this server streams unless it is told "
    "not to: write params: {stream: false}"
)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request; the names of headers are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One whole response; the names of headers are in lower case, times are milliseconds.

    ``first_byte_ms`` is until the head of the response, ``total_ms`` until its last byte.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    total_ms: float
    first_byte_ms: float | None = None

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 become replacement characters."""
        return self.body.decode("utf-8", "replace")

    @property
    def is_stream(self) -> bool:
        """Whether the body is a stream of events, which nobody asked for."""
        return self.headers.get("content-type", "").lower().startswith("text/event-stream")

    def json(self) -> Json:
        """Return the body as a value.

        Raises:
            WireError: it is no JSON: cut off, or of another kind.
        """
        if self.is_stream:
            raise WireError(ErrorKind.OTHER, _A_STREAM)
        try:
            return parse_json(self.text)
        except JsonTextError as error:
            shown = self.text[:200]
            raise WireError(ErrorKind.MALFORMED, f"not JSON ({error}): {shown}") from None


class WireError(Exception):
    """No response that can be read came back."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Transport(Protocol):
    """Carries requests. A library that does so is put in behind this seam and nowhere else."""

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - it covers what asyncio.timeout would, and names it in the failure
        """Return the response, whatever its status.

        Args:
            request: what is sent.
            timeout: the seconds until the last byte; a server that drips is cut off too.

        Raises:
            WireError: ``TIMEOUT`` or ``CONNECTION``; a body longer than the limit is ``MALFORMED``.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...
