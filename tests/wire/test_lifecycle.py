"""What vendors say of their models is read from real answers, and what is no answer is an error."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.errors import ProviderError
from evalkit.core.lifecycle import Lifecycle
from evalkit.core.model import Json, Snapshot
from evalkit.core.ports import Surroundings
from evalkit.core.secrets import Secrets
from evalkit.wire.endpoint import Endpoint
from evalkit.wire.lifecycle import READERS, Asked, lifecycle_at

TODAY = date(2026, 11, 26)
KEY = "sk-secret-1234"
OPENAI = {"id": "m", "object": "model", "created": 1, "owned_by": "openai"}
ANTHROPIC = {
    "id": "m", "type": "model", "display_name": "M", "created_at": "2025-09-29T00:00:00Z",
    "lifecycle": "deprecated", "deprecated_at": "2026-08-01T09:30:00Z",
    "retires_at": "2026-11-30T09:00:00Z",
}  # fmt: skip


@dataclass
class Vendor:
    """A server that gives one answer, and the questions it was asked."""

    status: int
    body: bytes
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    address: str = ""

    @contextmanager
    def serving(self) -> Iterator[Vendor]:
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                vendor.asked.append((self.path, headers))
                self.send_response(vendor.status)
                self.send_header("content-length", str(len(vendor.body)))
                self.end_headers()
                self.wfile.write(vendor.body)

            def log_message(self, *arguments: object) -> None:
                del arguments

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            self.address = f"http://127.0.0.1:{server.server_port}/v1/models"
            try:
                yield self
            finally:
                server.shutdown()
                thread.join(10)


def said(vendor: str, body: Any, *, status: int = 200, model: str = "m") -> Lifecycle | None:
    """Return what a vendor with this answer says, asked through a real transport."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with Vendor(status, content).serving() as served:
        return asyncio.run(ask(served.address, vendor, model))


async def ask(address: str, vendor: str, model: str) -> Lifecycle | None:
    secrets = Secrets({"KEY": KEY})
    endpoint = Endpoint(address, {}, {"authorization": secrets.filled("Bearer ${env:KEY}")})
    snapshot = Snapshot("acme", None, model=model)
    return await lifecycle_at(
        endpoint, vendor, snapshot, Surroundings(), secrets=secrets, today=TODAY
    )


def test_openai_names_a_day_or_says_that_there_is_none() -> None:
    found = said("openai", {**OPENAI, "shutdown_date": "2026-12-11"})
    assert found is not None
    assert (found.retires_at, found.status, found.checked_at) == (date(2026, 12, 11), None, TODAY)
    assert found.source.endswith("/v1/models/m")
    none = said("openai", {**OPENAI, "shutdown_date": None})
    assert none is not None
    assert none.retires_at is None


def test_a_server_that_only_speaks_the_format_says_nothing() -> None:
    assert said("openai", OPENAI) is None
    assert said("anthropic", {"id": "m", "type": "model"}) is None


def test_anthropic_names_a_stage_and_two_times() -> None:
    found = said("anthropic", ANTHROPIC)
    assert found is not None
    assert (found.status, found.retires_at) == ("deprecated", date(2026, 11, 30))
    assert found.deprecated_at == date(2026, 8, 1)
    active = said("anthropic", {**ANTHROPIC, "lifecycle": "active", "retires_at": None})
    assert active is not None
    assert (active.status, active.retires_at) == ("active", None)


def test_gemini_and_bedrock_name_theirs_deeper_inside() -> None:
    status: Json = {"modelStage": "LEGACY", "retirementTime": "2026-12-01T00:00:00Z"}
    asked = Asked("google", "gemini-2.5-pro", "https://there", TODAY)
    found = READERS["google"]({"modelVersion": "gemini-2.5-pro", "modelStatus": status}, asked)
    assert found is not None
    assert (found.status, found.retires_at) == ("LEGACY", date(2026, 12, 1))
    life: Json = {"status": "LEGACY", "legacyTime": "2026-05-01T00:00:00Z",
            "endOfLifeTime": "2027-01-08T00:00:00+00:00"}  # fmt: skip
    found = READERS["bedrock"]({"modelDetails": {"modelLifecycle": life}}, asked)
    assert found is not None
    assert (found.retires_at, found.deprecated_at) == (date(2027, 1, 8), date(2026, 5, 1))
    assert READERS["bedrock"]({"modelDetails": []}, asked) is None


def test_the_name_of_a_model_cannot_leave_its_place_in_the_address() -> None:
    with Vendor(200, json.dumps({**OPENAI, "shutdown_date": None}).encode()).serving() as vendor:
        asyncio.run(ask(vendor.address, "openai", "../files?x=1#y"))
    [(path, headers)] = vendor.asked
    assert (unquote(path), path.count("/")) == ("/v1/models/../files?x=1#y", 3)
    assert not {"?", "#"} & set(path)
    assert headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, b'{"error": {"message": "The model m does not exist"}}', "HTTP 404: .*not exist"),
        (401, f"Incorrect API key provided: {KEY}".encode(), r"HTTP 401: .*: \[redacted\]"),
        (200, b'{"shutdown_date": "2026-', "not JSON"),
        (200, b"[]", "expected an object"),
        (200, b'{"shutdown_date": "soon"}', "expected shutdown_date to be a date, found 'soon'"),
        (200, b'{"shutdown_date": 20261211}', "expected shutdown_date to be text"),
        (200, b'{"shutdown_date": "2026-13-45"}', "to be a date"),
    ],
)
def test_what_is_no_answer_is_an_error_without_the_key(
    status: int, body: bytes, words: str
) -> None:
    with pytest.raises(ProviderError, match=words) as caught:
        said("openai", body, status=status)
    assert KEY not in str(caught.value)


def test_a_server_that_is_not_there_is_an_error() -> None:
    with Vendor(200, b"{}").serving() as vendor:
        pass
    with pytest.raises(ProviderError, match=r"http://127\.0\.0\.1"):
        asyncio.run(ask(vendor.address, "openai", "m"))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["shutdown_date", "lifecycle", "retires_at", "deprecated_at", "modelStatus", "modelStage",
     "retirementTime", "modelDetails", "modelLifecycle", "status", "endOfLifeTime"]
)  # fmt: skip


@given(st.sampled_from(sorted(READERS)), st.dictionaries(KEYS, JSON, max_size=5))
def test_any_object_is_read_or_refused(vendor: str, body: dict[str, Any]) -> None:
    try:
        found = READERS[vendor](body, Asked(vendor, "m", "https://there", TODAY))
    except ValueError as refused:
        assert str(refused).startswith("expected ")
    else:
        assert found is None or found.checked_at == TODAY
