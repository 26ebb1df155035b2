"""Questions to Prometheus: what is no finite number of the moment asked becomes a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from evalkit.core.secrets import MissingSecretError
from evalkit.testing.server import Heard, Reply, scripted
from evalkit.wire.clock import Clock
from evalkit.wire.prometheus import (
    ATTEMPTS,
    Answer,
    NoNumber,
    PrometheusServer,
    Query,
    UnansweredError,
    numbers,
)

AT = 1_700_000_400.0


async def _no_sleep(seconds: float) -> None:
    del seconds


STILL = Clock(monotonic=lambda: 0.0, wall=lambda: AT, sleep=_no_sleep)


def vector(*values: object, at: float = AT) -> dict[str, Any]:
    """Return the body of an instant query."""
    result = [{"metric": {}, "value": [at, value]} for value in values]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def asked(
    script: Any,
    *queries: Query,
    environment: Mapping[str, str] | None = None,
    token: str | None = None,
) -> tuple[list[dict[float, Answer]], list[Heard]]:
    """Return the answers of a scripted Prometheus, and what it heard."""
    with scripted(script) as server:
        client = PrometheusServer(server.url, 5.0, environment or {}, token, STILL)
        return client.answers(queries or [Query("up", (AT,))]), server.heard


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    """Return a reply of JSON."""
    return Reply(status, json.dumps(body).encode(), headers)


def only(body: object) -> Answer:
    """Return the answer that a body holds for the moment."""
    return numbers(json.loads(json.dumps(body)), [AT])[AT]


def why(body: object) -> str:
    """Return why a body holds no number."""
    found = only(body)
    assert isinstance(found, NoNumber)
    return found.why


def test_a_number_of_the_moment_is_taken() -> None:
    assert only(vector("12.5")) == 12.5
    scalar = {"status": "success", "data": {"resultType": "scalar", "result": [AT, "7"]}}
    assert only(scalar) == 7.0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (vector("NaN"), "the value is NaN, and no number"),
        (vector("+Inf"), r"the value is \+Inf, and no number"),
        (vector(), "no series matches the query"),
        (vector("1", "2"), r"2 series match the query; put sum\(…\) around it"),
        (vector("many"), "expected a number, found 'many'"),
        (vector(3), "expected a moment and a number"),
        (vector("5", at=AT - 300), "no value at 2023-11-14T22:20:00Z; there are values of 2023-11-14T22:15:00Z"),
        ({**vector("5"), "warnings": ["a store is not there"]}, "Prometheus warns of its own answer: a store"),
        ({"status": "error", "error": "x"}, "an answer that is no success"),
        ({"status": "success"}, "no data in the answer"),
        ({"status": "success", "data": {"resultType": "string", "result": [AT, "x"]}}, "expected numbers, found string"),
        ({"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "histogram": [AT, {}]}]}}, "histogram_count"),
        ([], "an answer that is no success"),
    ],
)  # fmt: skip
def test_anything_else_says_what_it_is(body: object, said: str) -> None:
    import re

    assert re.search(said, why(body))


def test_notes_of_prometheus_that_are_no_warnings_change_nothing() -> None:
    assert only({**vector("5"), "infos": ["metric might not be a counter"]}) == 5.0


def test_an_instant_query_and_a_range_query_are_sent_as_forms() -> None:
    def script(heard: Heard) -> Reply:
        form = dict(parse_qsl(heard.body.decode()))
        if heard.target == "/api/v1/query":
            return reply(vector("1", at=float(form["time"])))
        points = [[AT + 60 * number, str(number)] for number in (0, 2)]
        data = {"resultType": "matrix", "result": [{"metric": {}, "values": points}]}
        return reply({"status": "success", "data": data})

    moments = (AT, AT + 60, AT + 120)
    found, heard = asked(script, Query("a", (AT,)), Query("b", moments))
    assert found[0] == {AT: 1.0}
    assert (found[1][AT], found[1][AT + 120]) == (0.0, 2.0)
    missing = found[1][AT + 60]
    assert isinstance(missing, NoNumber)
    assert missing.absent
    ranged = next(item for item in heard if item.target == "/api/v1/query_range")
    assert dict(parse_qsl(ranged.body.decode())) == {
        "query": "b", "start": f"{AT:.3f}", "end": f"{AT + 120:.3f}", "step": "60.000",
    }  # fmt: skip


@pytest.mark.parametrize("status", [503, 429, 502, 504])
def test_what_may_pass_is_asked_again(status: int) -> None:
    busy = reply({"status": "error", "errorType": "timeout", "error": "busy"}, status)
    found, heard = asked([busy, busy, reply(vector("3"))])
    assert found == [{AT: 3.0}]
    assert len(heard) == ATTEMPTS


def test_a_query_that_is_refused_is_asked_once_and_the_words_of_prometheus_are_kept() -> None:
    def script(heard: Heard) -> Reply:
        if b"bad" in heard.body:
            return reply({"status": "error", "errorType": "bad_data", "error": "parse error"}, 400)
        return reply(vector("3"))

    found, heard = asked(script, Query("good", (AT,)), Query("bad", (AT,)))
    assert found[0] == {AT: 3.0}
    assert found[1] == {AT: NoNumber("HTTP 400, bad_data: parse error")}
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ([reply({"status": "error", "errorType": "execution", "error": "too many samples"}, 422)],
         "HTTP 422, execution: too many samples"),
        ([reply({"status": "error", "errorType": "unavailable", "error": "no"}, 503)], "HTTP 503, unavailable: no"),
        ([Reply(200, b"<html>")], "not JSON"),
        ([Reply(404, b"not here")], "HTTP 404: not here"),
        ([reply(vector("3"), date="Tue, 14 Nov 2023 20:20:00 GMT")],
         "its clock says 2023-11-14T20:20:00Z where ours says 2023-11-14T22:20:00Z"),
    ],
)  # fmt: skip
def test_where_no_question_is_answered_nothing_is_known_and_it_says_why(
    script: list[Reply], said: str
) -> None:
    with pytest.raises(UnansweredError, match=said):
        asked(script)


def test_a_server_that_is_not_there_is_named() -> None:
    client = PrometheusServer("http://127.0.0.1:1", 2.0, {}, None, STILL)
    with pytest.raises(UnansweredError, match=r"http://127\.0\.0\.1:1: no answer"):
        client.answers([Query("up", (AT,))])


def test_clocks_that_agree_or_do_not_say_are_no_reason() -> None:
    for date in ("Tue, 14 Nov 2023 22:20:09 GMT", "yesterday"):
        found, _ = asked([reply(vector("3"), date=date)])
        assert found == [{AT: 3.0}]


def test_a_token_goes_with_every_question_and_never_comes_back() -> None:
    token = "s3cr3t-t0ken"
    environment = {"PROM": token}
    _, heard = asked([reply(vector("3"))], environment=environment, token="${env:PROM}")  # noqa: S106
    assert heard[0].headers["authorization"] == f"Bearer {token}"
    with pytest.raises(UnansweredError) as caught:
        asked([Reply(403, f"{token} is not known".encode())], environment=environment,
              token="${env:PROM}")  # fmt: skip # noqa: S106
    assert token not in str(caught.value)
    with pytest.raises(MissingSecretError, match="PROM is not set"):
        asked([reply(vector("3"))], token="${env:PROM}")  # noqa: S106
