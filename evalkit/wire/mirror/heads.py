"""Heads of requests and answers: what goes on to the next hop, and how it is spelled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

from evalkit.core.mirror import Head, HeaderList, Outgoing, Refused

SAYS = "x-evalkit-mirror"
"""The header by which the mirror says that an answer is its own; its value is the refusal's code."""

_HOP_BY_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
"""Meant for the next hop alone (RFC 9110, 7.6.1), or of no use without trailers, which are dropped."""
_SET_HERE = frozenset({"host", "content-length"})
_SENDS_A_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Reply:
    """The head of an answer, and how the upstream spelled what is the same in any spelling.

    ``spelled`` holds the name of each header, by its name in lower case and its value. ``length`` is what it told of its body, ``None`` where it told nothing.
    """

    head: Head
    reason: bytes = b""
    spelled: Mapping[tuple[str, str], str] = field(default_factory=dict)
    length: int | None = None


def end_to_end(headers: Iterable[tuple[str, str]]) -> HeaderList:
    """Return the headers that are meant for whoever is at the other end.

    >>> end_to_end([("connection", "x-hop"), ("x-hop", "1"), ("te", "trailers"), ("a", "b")])
    (('a', 'b'),)
    """
    headers = list(headers)
    named = [value for name, value in headers if name == "connection"]
    if named:
        gone = _HOP_BY_HOP | {word.strip().lower() for word in ",".join(named).split(",")}
        return tuple([item for item in headers if item[0] not in gone])
    return tuple([item for item in headers if item[0] not in _HOP_BY_HOP])


def request_bytes(asked: Outgoing, target: str, host: str, more: HeaderList) -> bytes:
    """Return a request as it is sent.

    Args:
        asked: method, headers and body; what it says of host and length is set anew.
        target: path and query, or the whole URL where a proxy is asked.
        host: whom it is for.
        more: headers of this hop's own.

    Raises:
        ValueError: something in it would be read as a line of its own.
    """
    lines = [f"{asked.method} {target} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in asked.headers if name not in _SET_HERE]
    lines += [f"{name}: {value}" for name, value in more]
    if asked.body or asked.method in _SENDS_A_BODY:
        lines.append(f"content-length: {len(asked.body)}")
    return _written(lines) + asked.body


def reply_bytes(head: Head, reply: Reply, framing: Iterable[str]) -> bytes:
    """Return the head of an answer as the caller gets it, spelled as the upstream spelled it.

    Args:
        head: status and headers.
        reply: the upstream's.
        framing: the lines that say how the body ends and what becomes of the connection.

    Raises:
        ValueError: something in it would be read as a line of its own.
    """
    same = head.status == reply.head.status and reply.reason
    reason = reply.reason.decode("latin-1") if same else reason_of(head.status)
    spelled = reply.spelled
    lines = [f"HTTP/1.1 {head.status} {reason}"]
    lines += [f"{spelled.get(item, item[0])}: {item[1]}" for item in head.headers]
    lines += framing
    return _written(lines)


def refusal_bytes(refused: Refused, *, bodiless: bool, more: Iterable[str] = ()) -> bytes:
    """Return a whole answer of the mirror itself."""
    error = {"type": "evalkit_mirror", "code": refused.code, "message": refused.message}
    body = json.dumps({"error": error}).encode()
    lines = [
        f"HTTP/1.1 {refused.status} {reason_of(refused.status)}",
        f"date: {formatdate(usegmt=True)}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "cache-control: no-store",
        f"{SAYS}: {refused.code}",
        *more,
    ]
    return _written(lines) + (b"" if bodiless else body)


def reason_of(status: int) -> str:
    """Return what a status is called, or nothing."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _written(lines: list[str]) -> bytes:
    text = "\r\n".join(lines)
    breaks = len(lines) - 1
    if text.count("\n") != breaks or text.count("\r") != breaks or "\0" in text:
        raise ValueError("expected headers without line breaks, found one with them")
    return f"{text}\r\n\r\n".encode("latin-1")
