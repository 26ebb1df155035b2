"""An endpoint of one's own is asked through a template, and its answer is picked out of any body."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.core.errors import SnapshotError
from evalkit.core.model import (
    Arm,
    Case,
    CaseInput,
    ErrorKind,
    Json,
    Message,
    Sample,
    Snapshot,
    SystemPrompt,
)
from evalkit.core.ports import Provider, Request, Surroundings
from evalkit.core.registry import PROVIDERS
from evalkit.core.secrets import MissingSecretError, Secrets
from evalkit.providers.http import HttpFormat, HttpOptions
from evalkit.wire.exchange import HttpResponse, WireError
from evalkit.wire.http_provider import Failure

HTTP = PROVIDERS.get("http")
URL = "http://127.0.0.1:1/v1/summarize"
BODY = {"input": "{{ prompt }}"}


def snapshot(**given: Any) -> Snapshot:
    plain = {name: given.pop(name) for name in list(given) if name in Snapshot.__slots__}
    if isinstance(plain.get("system_prompt"), str):
        plain["system_prompt"] = SystemPrompt(plain["system_prompt"])
    options = {"url": URL, "body": BODY, "response": {"text": "output"}, **given}
    return Snapshot("http", HttpOptions(**options), **plain)


def asked(
    given: CaseInput = "Hello?", *, messages: tuple[Message, ...] | None = None, index: int = 0
) -> Request:
    if messages is None:
        messages = (Message("user", given),) if isinstance(given, str) else ()
    metadata: dict[str, Json] = {"language": "fr", "lines": [1, 2]}
    return Request(Arm.CANDIDATE, Case("c1", given, metadata=metadata), index, messages)


def wire(environment: dict[str, str] | None = None, **given: Any) -> HttpFormat:
    return HttpFormat.of(Arm.CANDIDATE, snapshot(**given), Secrets(environment or {}))


def body_of(request: Request, **given: Any) -> Any:
    return json.loads(wire(**given).request(request).body)


def read(
    body: object, response: Any = None, *, status: int = 200, headers: Any = None, **given: Any
) -> Sample | Failure:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = HttpResponse(status, headers or {}, content, total_ms=3.0)
    return wire(response=response or {"text": "output"}, **given).read(asked(), answer)


def sample(*args: Any, **given: Any) -> Sample:
    found = read(*args, **given)
    assert isinstance(found, Sample), found
    return found


def failure(*args: Any, **given: Any) -> Failure:
    found = read(*args, **given)
    assert isinstance(found, Failure), found
    return found


def lacks(**given: Any) -> dict[str, str]:
    return {lack.key: lack.message for lack in HTTP.lacks(snapshot(**given))}


# ---------------------------------------------------------------- asking


def test_a_variable_that_stands_alone_becomes_its_value_with_its_type() -> None:
    template = {
        "q": "{{ prompt }}", "doc": "{{input.doc}}", "n": "{{ index }}", "t": "{{ params.t }}",
        "all": "{{ params }}", "list": [1, "{{ metadata.lines }}"], "m": "{{ model }}",
        "schema": "{{ schema }}", "null": None,
    }  # fmt: skip
    request = asked({"doc": {"title": "A"}}, messages=(Message("user", "Sum up: A"),), index=2)
    found = body_of(
        request, body=template, params={"t": 0.5}, model="m-1", response_schema='{"type":"object"}'
    )
    assert found == {
        "q": "Sum up: A", "doc": {"title": "A"}, "n": 2, "t": 0.5, "all": {"t": 0.5},
        "list": [1, [1, 2]], "m": "m-1", "schema": {"type": "object"}, "null": None,
    }  # fmt: skip


def test_a_variable_inside_a_longer_text_becomes_text() -> None:
    template = {"q": "Lines {{ metadata.lines }} in {{metadata.language}}: {{ prompt }}!"}
    assert body_of(asked("Où?"), body=template) == {"q": "Lines [1,2] in fr: Où?!"}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_of_a_case_can_leave_its_place_in_the_body(text: str) -> None:
    assert body_of(asked(text), body={"a": "{{ prompt }}", "b": "<{{ prompt }}>"}) == {
        "a": text, "b": f"<{text}>",
    }  # fmt: skip


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_of_a_case_can_leave_its_place_in_the_url(text: str) -> None:
    url = "http://127.0.0.1:1/v1/{{ prompt }}/x?q={{ prompt }}&l=en"
    found = urlsplit(wire(url=url, method="GET", body=None).request(asked(text)).url)
    assert parse_qs(found.query, keep_blank_values=True) == {"q": [text], "l": ["en"]}
    assert found.path.count("/") == 3


def test_what_a_case_says_is_never_read_as_a_template() -> None:
    assert body_of(asked("{{ system }}")) == {"input": "{{ system }}"}


def test_messages_open_with_the_system_prompt_unless_it_has_its_own_place() -> None:
    template: dict[str, Any] = {"messages": "{{ messages }}"}
    turns = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}]
    assert body_of(asked(), body=template, system_prompt="Be kind.") == {"messages": turns}
    template["system"] = "{{ system }}"
    found = body_of(asked(), body=template, system_prompt="Be kind.")
    assert found == {"system": "Be kind.", "messages": turns[1:]}


def test_the_prompt_of_a_conversation_is_what_the_user_said_last() -> None:
    turns = (Message("user", "A"), Message("assistant", "B"), Message("user", "C"))
    assert body_of(asked(turns, messages=turns)) == {"input": "C"}
    assert body_of(asked(turns, messages=turns[1:2])) == {"input": "B"}
    found = body_of(asked(turns, messages=turns), body={"turns": "{{ input }}"})
    assert [turn["content"] for turn in found["turns"]] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("given", "template", "message"),
    [
        ({"document": "x"}, "{{ input.documnet }}", "did you mean 'document'?"),
        ("text", "{{ input.document }}", "write {{ input }}"),
        (
            {"document": "x"},
            "{{ prompt }}",
            "write {{ input.NAME }}, or give the snapshot a prompt",
        ),
        ("text", "{{ metadata.languag }}", "did you mean 'language'?"),
    ],
)
def test_a_case_without_what_the_template_names_is_named(
    given: CaseInput, template: str, message: str
) -> None:
    with pytest.raises(SnapshotError) as caught:
        wire(body={"q": template}).request(asked(given))
    assert caught.value.key == "candidate.body"
    assert caught.value.message.startswith("case 'c1' ")
    assert caught.value.message.endswith(message)


def test_a_header_that_holds_a_secret_is_kept_apart() -> None:
    found = wire(
        {"KEY": "secret-123"}, headers={"Authorization": "Bearer ${env:KEY}", "X-Team": "blue"}
    )
    request = found.request(asked())
    assert request.headers == {
        "accept": "application/json", "content-type": "application/json", "x-team": "blue",
    }  # fmt: skip
    assert found.secret_headers() == {"authorization": "Bearer secret-123"}
    assert "secret-123" not in repr(found)


@pytest.mark.parametrize("value", [None, "", "two\nlines", "schlüssel"])
def test_a_secret_that_is_not_set_or_fits_in_no_header_is_named(value: str | None) -> None:
    environment = {} if value is None else {"KEY": value}
    with pytest.raises(MissingSecretError, match=r"candidate\.headers\.X-Key: the environment"):
        wire(environment, headers={"X-Key": "${env:KEY}"})


def test_a_get_has_no_body() -> None:
    found = wire(url=f"{URL}?q={{{{ prompt }}}}", method="GET", body=None).request(asked("a b&c"))
    assert (found.method, found.url, found.body) == ("GET", f"{URL}?q=a%20b%26c", b"")
    assert "content-type" not in found.headers


# ---------------------------------------------------------------- answers


def test_every_field_is_picked_by_its_expression() -> None:
    body = {
        "result": {"text": "Yes."}, "declined": False, "served": "m-2", "stop": "length",
        "schema": 3, "end": "2027-01-14", "usage": {"in": 10, "out": 5.0, "think": 2},
        "id": "r-1", "build": "b7", "cost": 0.25,
    }  # fmt: skip
    paths = {
        "text": "result.text", "refusal": "declined", "model": "served", "finish_reason": "stop",
        "format_version": "schema", "model_deprecated_at": "end", "input_tokens": "usage.in",
        "output_tokens": "usage.out", "reasoning_tokens": "usage.think", "request_id": "id",
        "fingerprint": "build", "cost_usd": "cost",
    }  # fmt: skip
    assert sample(body, paths, model="m-1") == Sample(
        "c1", Arm.CANDIDATE, output="Yes.", model="m-2", model_requested="m-1",
        finish_reason="length", format_version="3", model_deprecated_at="2027-01-14",
        input_tokens=10, output_tokens=5, reasoning_tokens=2, request_id="r-1", fingerprint="b7",
        cost_usd=0.25,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "output"),
    [
        ("", ""),
        ({"b": 1, "a": [True]}, '{"a":[true],"b":1}'),
        ([], "[]"),
        (7, "7"),
        (False, "false"),
    ],
)
def test_an_answer_that_is_no_text_becomes_canonical_json(value: object, output: str) -> None:
    assert sample({"output": value}).output == output


def test_the_whole_body_may_be_the_answer() -> None:
    assert sample(b"Just \xc3\xa9 text", "text").output == "Just é text"
    assert sample(b"", "text").output == ""


@pytest.mark.parametrize(
    ("body", "has"),
    [
        ({"answer": "x", "id": 1}, "the body has the keys 'answer', 'id'"),
        ({"output": None}, "the body has the keys 'output'"),
        ({}, "the body is empty"),
        ([{"output": "x"}], "the body is a list of 1"),
        ("x", "the body is a bare value"),
    ],
)
def test_a_path_that_finds_nothing_says_what_the_body_has(body: object, has: str) -> None:
    found = failure(body)
    assert (found.kind, found.again) == (ErrorKind.MALFORMED, False)
    assert found.message.startswith(f"response.text: 'output' finds no answer; {has}: ")


@pytest.mark.parametrize("body", [b"<html>", b'{"output": "cut', b'{"output": NaN}', b"[" * 9999])
def test_a_body_that_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(WireError) as caught:
        read(body)
    assert caught.value.kind is ErrorKind.MALFORMED


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("input_tokens", "12", "expected input_tokens to be a number, found '12'"),
        ("input_tokens", True, "expected input_tokens to be a number, found true"),
        ("output_tokens", 1.5, "expected output_tokens to be a whole number, found 1.5"),
        ("cost_usd", -1, "expected cost_usd to be at least 0, found -1"),
        ("model", {"a": 1}, "expected model to be text, found {'a': 1}"),
    ],
)
def test_a_value_of_another_type_is_no_answer(path: str, value: object, message: str) -> None:
    found = failure({"output": "x", "v": value}, {"text": "output", path: "v"})
    assert found.kind is ErrorKind.MALFORMED
    assert found.message.startswith(f"response: {message}")


@pytest.mark.parametrize(
    "path",
    ["sum(output)", "ceil(to_number('inf'))", "to_number('nan')", "sort_by(output, &a)", "join(a)"],
)
def test_a_function_that_cannot_work_on_a_body_is_no_crash(path: str) -> None:
    assert failure({"output": ["x", 1]}, {"text": path}).kind is ErrorKind.MALFORMED


@pytest.mark.parametrize(
    ("declined", "refusal"),
    [
        ("I won't.", "I won't."),
        (True, ""),
        (["a"], '["a"]'),
        ("", None),
        (False, None),
        (None, None),
    ],
)
def test_a_refusal_of_its_own_is_an_answer(declined: object, refusal: str | None) -> None:
    paths = {"text": "output", "refusal": "declined"}
    assert sample({"output": "x", "declined": declined}, paths).refusal == refusal
    if refusal is not None:
        assert sample({"declined": declined}, paths).output == ""


def test_a_content_filter_is_an_answer_without_text() -> None:
    found = sample({"why": "content_filter"}, {"text": "output", "finish_reason": "why"})
    assert (found.output, found.finish_reason) == ("", "content_filter")
    stopped = failure({"why": "stop"}, {"text": "output", "finish_reason": "why"})
    assert stopped.message.startswith("response.text: 'output' finds no answer")


def test_a_finish_reason_of_error_is_a_failure() -> None:
    found = failure({"output": "", "why": "error"}, {"text": "output", "finish_reason": "why"})
    assert (found.kind, found.again) == (ErrorKind.OTHER, False)


def test_statuses_other_than_success_are_failures() -> None:
    assert failure({"error": "slow down"}, status=429).kind is ErrorKind.RATE_LIMITED
    assert failure(b"oops", status=500).kind is ErrorKind.SERVER


@pytest.mark.parametrize("response", ["text", {"text": "output", "refusal": "why"}])
def test_a_status_by_which_a_guard_declines_is_an_answer(response: Any) -> None:
    found = sample({"why": "policy"}, response, status=451, refusal_status=(451,))
    assert found.output == ""
    assert found.refusal == ('{"why": "policy"}' if response == "text" else "policy")
    assert sample(b"<html>", response, status=451, refusal_status=(451,)).refusal == "<html>"


def test_headers_tell_what_the_body_does_not() -> None:
    headers = {
        "model-snapshot": "m-2", "format-version": "4", "x-request-id": "r-9",
        "model-deprecated-at": "2027-01-14",
    }  # fmt: skip
    found = sample({"output": "x"}, headers=headers)
    assert (found.model, found.format_version, found.request_id, found.model_deprecated_at) == (
        "m-2", "4", "r-9", "2027-01-14",
    )  # fmt: skip
    own = sample({"output": "x", "m": "m-3"}, {"text": "output", "model": "m"}, headers=headers)
    assert own.model == "m-3"


@pytest.mark.parametrize(
    ("headers", "moment"),
    [
        ({"deprecation": "@1767225600", "sunset": "x"}, "2026-01-01T00:00:00+00:00"),
        (
            {"deprecation": "true", "sunset": "Fri, 01 Jan 2027 00:00:00 GMT"},
            "2027-01-01T00:00:00+00:00",
        ),
        ({"deprecation": "@" + "9" * 40, "sunset": "soon"}, None),
    ],
)
def test_standard_headers_tell_the_end_of_an_endpoint(
    headers: dict[str, str], moment: str | None
) -> None:
    assert sample({"output": "x"}, headers=headers).model_deprecated_at == moment


# ---------------------------------------------------------------- what is wrong with a snapshot


def test_a_snapshot_with_all_it_needs_lacks_nothing() -> None:
    assert not lacks()
    assert not lacks(
        url="https://[::1]:8080/v1/{{ metadata.language }}?q={{ prompt }}", method="GET",
        body=None, response="text", headers={"Authorization": "Bearer ${env:KEY}"},
    )  # fmt: skip


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/x", "host/x", "http:///x", "http://me:pw@host/x", "http://host:99999/x",
        "http://host:port/", "http://host:0/", "http://{{ prompt }}/x", "http://host/a b",
        "http://host/x#y", "http://host/é", "http://[::1/", "http://ho\\st/", "http://host?x\n",
    ],
)  # fmt: skip
def test_what_is_no_address_is_told_without_showing_it(url: str) -> None:
    found = lacks(url=url)
    assert list(found) == ["url"]
    assert found["url"].startswith("expected an address such as https://host/path?q={{ prompt }}")


@pytest.mark.parametrize(
    ("given", "key", "message"),
    [
        ({"body": {"a": ["{{ promt }}"]}}, "body.a", "unknown variable 'promt'; did you mean 'prompt'?"),
        ({"body": "{{ inputs.x }} {{ prompt }}"}, "body", "unknown variable 'inputs.x'; did you mean 'input'?"),
        ({"body": {"a": "{{ prompt }} {{"}}, "body.a", "{{ opens no variable here"),
        ({"body": {"a": "{{ prompt }}", "k": "${env:KEY}"}}, "body.k", "${env:…} stands only in headers"),
        ({"body": {"a": "fixed"}}, "body", "names nothing of the case"),
        ({"body": None}, "url", "names nothing of the case"),
        ({"system_prompt": "Be kind."}, "system_prompt", "nothing sends it; write {{ system }}"),
        ({"params": {"t": 1}}, "params.t", "nothing sends it; write {{ params.t }} into body"),
        ({"body": {"a": "{{ prompt }}", "t": "{{ params.t }}"}}, "body.t", "{{ params.t }} is not among"),
        ({"body": {"a": "{{ prompt }}{{ schema }}"}}, "body.a", "{{ schema }} stands here, and the snapshot has no response_schema"),
        ({"body": {"a": "{{ prompt }}{{ model }}"}}, "body.a", "{{ model }} stands here, and the snapshot has no model"),
        ({"method": "GET"}, "body", "a GET has none"),
        ({"refusal_status": (200,)}, "refusal_status", "expected statuses from 400 to 599, found 200"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "headers.x-a", "stands twice"),
        ({"headers": {"Authorization": "Bearer abc"}}, "headers.Authorization", "holds a key"),
        ({"headers": {"Host": "x"}}, "headers.Host", "is written by what carries the request"),
        ({"headers": {"A B": "x"}}, "headers.A B", "expected the name of a header"),
        ({"headers": {"A": "x\r\nB: y"}}, "headers.A", "expected text without line ends"),
        ({"headers": {"A": "{{ prompt }}"}}, "headers.A", "headers are the same for every case"),
        ({"response": "body"}, "response", "expected text (the whole body is the answer)"),
        ({"response": {}}, "response", "expected text: with the JMESPath of the answer"),
        ({"response": {"text": "a", "modle": "b"}}, "response.modle", "unknown key 'modle'; did you mean 'model'?"),
        ({"response": {"text": "a.b ||"}}, "response.text", "expected JMESPath such as choices[0].text, found 'a.b ||', wrong at column 7"),
        ({"response": {"text": ""}}, "response.text", "expected JMESPath such as choices[0].text, found ''"),
        ({"response": {"text": "/a/0/b"}}, "response.text", "expected JMESPath such as choices[0].text, found '/a/0/b', wrong at column 1; did you mean 'a[0].b'?"),
        ({"response": {"text": "$.a[0].b"}}, "response.text", "expected JMESPath such as choices[0].text, found '$.a[0].b', wrong at column 1; did you mean 'a[0].b'?"),
        ({"response": {"text": "a[?lenght(b) > `1`]"}}, "response.text", "JMESPath knows no function 'lenght'; did you mean 'length'?"),
    ],
)  # fmt: skip
def test_what_keeps_a_snapshot_from_being_asked_is_told_with_its_key(
    given: dict[str, Any], key: str, message: str
) -> None:
    found = lacks(**given)
    assert key in found
    assert found[key].startswith(message)


def test_a_fault_of_an_expression_is_told_for_each_of_them() -> None:
    found = lacks(response={"text": "a[", "model": "b["})
    assert set(found) == {"response.text", "response.model"}


def test_a_misspelt_variable_is_told_once() -> None:
    assert set(lacks(body={"a": "{{ promt }}"})) == {"body.a"}


# ---------------------------------------------------------------- over the wire


@contextmanager
def summarizer() -> Iterator[tuple[str, list[tuple[str, dict[str, str], Any]]]]:
    """Serve an endpoint that answers what it was asked, and remembers it."""
    seen: list[tuple[str, dict[str, str], Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            found = json.dumps({"output": body["input"].upper(), "usage": {"in": 3}}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(found)))
            self.send_header("Model-Snapshot", "m-2")
            self.end_headers()
            self.wfile.write(found)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", seen
        finally:
            server.shutdown()
            thread.join()


def opened(found: Snapshot, environment: dict[str, str] | None = None) -> Provider:
    provider = HTTP.open(Arm.CANDIDATE, found, Surroundings(environment or {}))
    assert isinstance(provider, Provider)
    return provider


def test_a_real_endpoint_is_asked_and_answers() -> None:
    async def answered(provider: Provider) -> Sample:
        try:
            return await provider.answer(asked("hello"))
        finally:
            await provider.close()

    with summarizer() as (base, seen):
        found = snapshot(
            url=f"{base}/v1/{{{{ metadata.language }}}}",
            headers={"X-Key": "${env:KEY}"},
            response={"text": "output", "input_tokens": "usage.in"},
        )
        answer = asyncio.run(answered(opened(found, {"KEY": "secret-123"})))
    assert (answer.output, answer.input_tokens, answer.model) == ("HELLO", 3, "m-2")
    assert answer.latency_ms is not None
    [(path, headers, body)] = seen
    assert (path, body) == ("/v1/fr", {"input": "hello"})
    assert headers["x-key"] == "secret-123"


def test_the_identity_holds_the_request_and_how_its_answer_is_read_but_no_draw() -> None:
    template = {"q": "{{ prompt }}", "n": "{{ index }}"}
    secret = {"KEY": "secret-123"}
    headers = {"X-Key": "${env:KEY}"}
    provider = opened(snapshot(body=template, headers=headers), secret)
    identity = provider.identity(asked())
    assert provider.identity(asked(index=3)) == identity
    assert "secret-123" not in identity
    others = [
        provider.identity(asked("Bye.")),
        opened(snapshot(body=template, headers=headers, response="text"), secret).identity(asked()),
        opened(snapshot(body=template, headers=headers, url=f"{URL}/2"), secret).identity(asked()),
    ]
    assert len({identity, *others}) == 4
