"""What the tests of the vendors' wire formats share: snapshots, requests, responses, a small server."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import strategies as st

from evalkit.core.errors import SnapshotError
from evalkit.core.lifecycle import Lifecycle
from evalkit.core.model import Arm, Case, ErrorKind, Json, Message, Sample, Snapshot, SystemPrompt
from evalkit.core.ports import Provider, Request, Surroundings
from evalkit.core.records import record_of, sample_of
from evalkit.core.registry import PROVIDERS
from evalkit.wire.exchange import HttpRequest, HttpResponse, WireError
from evalkit.wire.http_provider import Failure, WireFormat

SCHEMA = '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}'
SECRET = "sk-very-secret-0123456789"


def snapshot(provider: str, **given: Any) -> Snapshot:
    """Return a snapshot; what is no field of one is an option of the provider."""
    plain = {name: given.pop(name) for name in list(given) if name in Snapshot.__slots__}
    plain.setdefault("model", "a-model")
    if isinstance(plain.get("system_prompt"), str):
        plain["system_prompt"] = SystemPrompt(plain["system_prompt"])
    return Snapshot(provider, PROVIDERS.get(provider).options(**given), **plain)


def asked(*turns: tuple[str, str]) -> Request:
    """Return a request of the candidate, with these turns."""
    messages = tuple(Message(*turn) for turn in turns or [("user", "Where is the Louvre?")])
    return Request(Arm.CANDIDATE, Case("c1", messages), 2, messages)


def answer(body: object, status: int = 200, **headers: str) -> HttpResponse:
    """Return a response with this body, written as JSON where it is no bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, headers, content, total_ms=5.0)


def body_of(request: HttpRequest) -> Any:
    """Return the body of a request as a value."""
    return json.loads(request.body)


def sample_in(found: Sample | Failure) -> Sample:
    """Return the sample, which must be one of the request and must survive its line of JSON."""
    assert isinstance(found, Sample), found
    assert (found.case_id, found.arm, found.index) == ("c1", Arm.CANDIDATE, 2)
    assert sample_of(json.loads(json.dumps(record_of(found))), found.arm) == found
    return found


def read(wire_format: WireFormat, body: object, status: int = 200, **headers: str) -> Sample:
    """Return the sample that a format reads off a response."""
    return sample_in(wire_format.read(asked(), answer(body, status, **headers)))


def failure(wire_format: WireFormat, body: object, status: int = 200, **headers: str) -> Failure:
    """Return the failure that a format reads off a response."""
    found = wire_format.read(asked(), answer(body, status, **headers))
    assert isinstance(found, Failure), found
    return found


def refused(wire_format: WireFormat, body: object, status: int = 400) -> tuple[str, str]:
    """Return the key and the message of the error that a refusal becomes."""
    with pytest.raises(SnapshotError) as caught:
        wire_format.read(asked(), answer(body, status))
    return caught.value.key, caught.value.message


def lacks(given: Snapshot) -> dict[str, str]:
    """Return what a provider says is missing, by key."""
    return {lack.key: lack.message for lack in PROVIDERS.get(given.provider).lacks(given)}


# ---------------------------------------------------------------- any body


def bodies(names: list[str], words: list[str]) -> st.SearchStrategy[Json]:
    """Return values that look like a vendor's: its names and words in every wrong place."""
    leaf: st.SearchStrategy[Any] = (
        st.none()
        | st.booleans()
        | st.sampled_from([0, 7, -1, 1.5, 1e300, 10**40, *words])
        | st.text(max_size=8)
    )
    return st.recursive(
        leaf,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(names) | st.text(max_size=4), inner, max_size=6)
        ),
        max_leaves=25,
    )


def assert_reads_anything(wire_format: WireFormat, body: Json | bytes, status: int) -> None:
    """Hold a format to its contract: a sample, a failure, or one of two errors."""
    try:
        found = wire_format.read(asked(), answer(body, status))
    except WireError as error:
        assert error.kind is ErrorKind.MALFORMED
    except SnapshotError as error:
        assert error.key.startswith("candidate.")
        assert status in {400, 404, 405, 422}
    else:
        if not isinstance(found, Failure):
            sample_in(found)


# ---------------------------------------------------------------- a server


@dataclass
class Server:
    """A server that answers everything with one body, and keeps what it was asked."""

    url: str = ""
    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)


@contextmanager
def serving(body: object, status: int = 200, **headers: str) -> Iterator[Server]:
    """Yield a running server on 127.0.0.1."""
    server = Server(body=body, status=status, headers=headers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            given = {name.lower(): value for name, value in self.headers.items()}
            asked_for = json.loads(self.rfile.read(length) or b"null")
            server.seen.append((self.command, self.path, given, asked_for))
            content = json.dumps(server.body).encode()
            self.send_response(server.status)
            for name, value in server.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        server.url = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            running.shutdown()
            thread.join(10)


def answer_of(given: Snapshot, environment: Mapping[str, str]) -> Sample:
    """Return what a provider answers, asked once over a real connection."""

    async def ask() -> Sample:
        provider = PROVIDERS.get(given.provider).open(
            Arm.CANDIDATE, given, Surroundings(environment=environment, another=lambda: False)
        )
        opened: Provider = provider  # type: ignore[assignment]
        try:
            request = asked()
            assert SECRET not in opened.identity(request)
            return await asyncio.wait_for(opened.answer(request), 20)
        finally:
            await opened.close()

    return asyncio.run(ask())


def lifecycle_of(given: Snapshot, environment: Mapping[str, str]) -> Lifecycle | None:
    """Return what a vendor says of a snapshot's model, asked over a real connection."""
    plugin = PROVIDERS.get(given.provider)
    assert plugin.lifecycle is not None
    asking = plugin.lifecycle(given, Surroundings(environment=environment), date(2026, 11, 26))

    async def ask() -> Lifecycle | None:
        return await asking

    return asyncio.run(ask())
