"""Callers of a mirror are told who answered them, and get no answer that breaks the schema: as a process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.request import urlopen

import pytest

from evalkit.core.model import Arm, Case, Snapshot
from evalkit.core.ports import Request
from evalkit.core.secrets import Secrets
from evalkit.providers.http import HttpFormat, HttpOptions
from evalkit.wire.exchange import HttpResponse
from tests.mirrors import World, free_port, world

SCHEMA = {
    "type": "object",
    "required": ["order"],
    "properties": {"order": {"type": "integer"}, "format_version": {"const": "2.1"}},
}
MORE = """\
admin: 127.0.0.1:{admin}
schema: {{file: answer.schema.json, on_violation: reject}}
metadata: {{in_body: metadata}}
"""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose mirror tells and rejects."""
    folder: Path = tmp_path_factory.mktemp("told")
    (folder / "answer.schema.json").write_text(json.dumps(SCHEMA))
    with world(folder) as made:
        made.fails("baseline", 0.0)
        made.fails("candidate", 0.0)
        made.configured(canary=False, more=MORE.format(admin=free_port()))
        file = folder / "mirror.yaml"
        live = "'}\ncandidate"
        told = "', metadata: {retires_at: '2027-01-14'}}\ncandidate"
        assert live in file.read_text()
        file.write_text(file.read_text().replace(live, told, 1))
        made.mirror.start()
        yield made
        assert made.mirror.end() == 0


def asked(there: World, text: str, **more: bool) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", there.port, timeout=20)
    said = {"model": "desk", "messages": [{"role": "user", "content": text}], **more}
    headers = {"content-type": "application/json", "x-user-id": "u1"}
    connection.request("POST", "/v1/chat/completions", json.dumps(said), headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def test_an_answer_that_keeps_the_schema_comes_with_what_is_known_of_its_snapshot(
    there: World,
) -> None:
    response, body = asked(there, 'Say: {"order": 5}')
    assert response.status == 200
    told = {name.lower(): value for name, value in response.getheaders()}
    assert told["model-snapshot"] == "baseline", "the name that the answer names itself by"
    assert told["format-version"] == "2.1"
    assert told["model-deprecated-at"] == "2027-01-14T00:00:00Z"
    assert told["sunset"] == "Thu, 14 Jan 2027 00:00:00 GMT"
    assert "deprecation" not in told
    assert int(told["content-length"]) == len(body)
    said = json.loads(body)
    assert said["metadata"] == {
        "model_snapshot": "baseline",
        "format_version": "2.1",
        "model_deprecated_at": "2027-01-14T00:00:00Z",
    }
    assert said["choices"][0]["message"]["content"] == '{"order": 5}'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("hello", "no JSON"),
        ('Say: {"order": "a secret of mine"}', "$.order (type)"),
        ("Say: " + json.dumps({"order": 5, "more": ["x"] * 10_001}), "too long"),
    ],
)
def test_an_answer_that_breaks_the_schema_is_kept_back_and_not_repeated(
    there: World, text: str, place: str
) -> None:
    response, body = asked(there, text)
    assert response.status == 502
    said = json.loads(body)["error"]
    assert said["code"] == "schema_violation"
    assert place in said["message"]
    assert b"secret" not in body


def test_a_stream_is_held_to_the_schema_as_a_whole_and_comes_as_it_was(there: World) -> None:
    response, body = asked(there, 'Say: {"order": 5, "more": "words"}', stream=True)
    assert response.status == 200
    assert response.getheader("content-type") == "text/event-stream"
    assert response.getheader("format-version") == "2.1"
    events = [line for line in body.split(b"\n\n") if line]
    assert events[-1] == b"data: [DONE]"
    assert json.loads(events[0].removeprefix(b"data: "))["choices"][0]["delta"]["content"]
    response, body = asked(there, 'Say: {"order": "five", "more": "words"}', stream=True)
    assert response.status == 502
    assert json.loads(body)["error"]["code"] == "schema_violation"


def test_what_a_mirror_tells_is_read_back_by_provider_http(there: World) -> None:
    response, body = asked(there, 'Say: {"order": 5}')
    options = HttpOptions("http://127.0.0.1/", {"text": "choices[0].message.content"})
    wire_format = HttpFormat.of(Arm.BASELINE, Snapshot("http", options), Secrets({}))
    headers = {name.lower(): value for name, value in response.getheaders()}
    sample = wire_format.read(
        Request(Arm.BASELINE, Case("c1", "hello"), 0), HttpResponse(200, headers, body, 1.0)
    )
    assert getattr(sample, "model", None) == "baseline"
    assert getattr(sample, "format_version", None) == "2.1"
    assert getattr(sample, "model_deprecated_at", None) == "2027-01-14T00:00:00Z"


def test_what_was_found_is_counted(there: World) -> None:
    asked(there, "hello")
    lines = (there.folder / "mirror.yaml").read_text().splitlines()
    admin = next(line for line in lines if line.startswith("admin: ")).removeprefix("admin: ")
    with urlopen(f"http://{admin}/metrics", timeout=20) as page:
        text = page.read().decode()
    assert 'evalkit_mirror_checked_total{found="not_json"}' in text
    assert "evalkit_mirror_rejected_total " in text
    with urlopen(f"http://{admin}/healthz", timeout=20) as page:
        assert page.read() == b"ok\n"
