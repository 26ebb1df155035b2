"""What was heard becomes a record that every command of evalkit reads."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.mirror import Head, Heard, Trouble
from evalkit.core.mirror_plan import LogPlan
from evalkit.core.model import Arm, ErrorKind, Prices
from evalkit.core.registry import PROVIDERS
from evalkit.core.traffic import Logged, logged_of
from evalkit.stages.mirror.record import UNSPLIT, Recording
from tests.stages.mirror.worlds import CANDIDATE, canary, incoming, plan, routed

FORMATS = [
    found.overhears for found in PROVIDERS.built_in().values() if found.overhears is not None
]
ASKED = {"model": "m-1", "messages": [{"role": "user", "content": "Where is it?"}], "metadata": {"app": "kiosk", "deep": {}}}  # fmt: skip
ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1",
    "model": "m-1-2026",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "On its way."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 900, "completion_tokens": 100},
}  # fmt: skip


def heard(body: object = ANSWER, status: int = 200, **given: Any) -> Heard:
    """Return an answer; a body that is no bytes is written as JSON."""
    headers = given.pop("headers", (("content-type", "application/json"),))
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given.setdefault("latency_ms", 812.5)
    return Heard(Head(status, headers), content, first_byte_ms=40.0, **given)


def record(
    answer: Heard,
    *,
    request: object = ASKED,
    target: str = "/chat/completions",
    made: Any = None,
    arm: Arm = Arm.BASELINE,
    output: str | None = None,
) -> dict[str, Any]:
    """Return the record of an answer, which every reader of plain records must take."""
    made = made or plan(
        log=LogPlan(Path("t.jsonl"), output=output), prices={Arm.BASELINE: Prices(1.0, 10.0)}
    )
    found = Recording.of(made, FORMATS).record(
        routed(made, incoming(request, target=target)), arm, answer
    )
    assert isinstance(logged(found), Logged)
    return found


def logged(found: dict[str, Any]) -> Logged:
    return logged_of(json.loads(json.dumps(found)))


def test_an_answer_is_a_record_with_what_was_asked_measured_and_paid() -> None:
    assert record(heard()) == {
        "id": "r1",
        "arm": "baseline",
        "input": [{"role": "user", "content": "Where is it?"}],
        "output": "On its way.",
        "finish_reason": "stop",
        "model": "m-1-2026",
        "model_requested": "m-1",
        "request_id": "chatcmpl-1",
        "created": "2026-10-01T12:00:00.250Z",
        "latency_ms": 812.5,
        "input_tokens": 900,
        "output_tokens": 100,
        "cost_usd": 0.0019,
        "metadata": {"app": "kiosk", "path": "/chat/completions", "status": 200, "stream": False},
    }


def test_both_arms_of_a_mirrored_request_have_one_id_and_each_its_own_model() -> None:
    made = plan(candidate=replace(CANDIDATE, body={"model": "m-2"}), user=canary().user)
    request = incoming(ASKED, ("x-user-id", "u1"))
    found = routed(made, request)
    records = [Recording.of(made, FORMATS).record(found, arm, heard()) for arm in Arm]
    assert [r["arm"] for r in records] == ["baseline", "candidate"]
    assert [r["model_requested"] for r in records] == ["m-1", "m-2"]
    assert records[0]["id"] == records[1]["id"]
    assert records[0]["user"] == records[1]["user"]
    assert "cost_usd" not in records[0]


def test_whoever_was_not_dealt_has_an_arm_that_nobody_counts() -> None:
    found = record(heard(), made=canary())
    assert found["arm"] == UNSPLIT
    assert logged(found).arm == UNSPLIT


def test_headers_fill_what_the_body_leaves_open() -> None:
    headers = (("content-type", "application/json"), ("model-snapshot", "other"), ("format-version", "2"), ("sunset", "Thu, 14 Jan 2027 00:00:00 GMT"))  # fmt: skip
    found = record(heard(headers=headers))
    assert (found["model"], found["format_version"]) == ("m-1-2026", "2")
    assert found["model_deprecated_at"].startswith("2027-01-14")


# ---------------------------------------------------------------- what is no answer


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (Trouble.CONNECTION, ErrorKind.CONNECTION),
        (Trouble.TIMEOUT, ErrorKind.TIMEOUT),
        (Trouble.TOO_LONG, ErrorKind.MALFORMED),
        (Trouble.CALLER_LEFT, ErrorKind.NO_RECORD),
        (Trouble.DROPPED, ErrorKind.NO_RECORD),
    ],
)
def test_an_arm_is_blamed_for_its_own_troubles_only(trouble: Trouble, kind: ErrorKind) -> None:
    found = record(Heard(None, b"", 5.0, trouble=trouble), arm=Arm.CANDIDATE)
    assert found["error"]["kind"] == kind.value
    assert found["metadata"]["trouble"] == trouble.value
    assert not {"output", "latency_ms", "cost_usd", "ttft_ms"} & found.keys()
    broken = record(replace(heard(), trouble=trouble, message="said so"))
    assert broken["error"]["message"] == "said so"


def test_no_answer_at_all_is_a_broken_connection() -> None:
    assert record(Heard(None, b"", 5.0))["error"]["kind"] == "connection"


def test_a_status_without_success_is_an_error_of_its_kind() -> None:
    overloaded = record(heard({"error": {"message": "slow down"}}, 429))
    assert overloaded["error"]["kind"] == "rate_limited"
    assert record(heard(b"<html>", 503), target="/other")["error"]["kind"] == "server"
    wrong = record(heard({"error": {"message": "no such model", "code": "model_not_found"}}, 404))
    assert wrong["error"]["kind"] == "other"
    cut = record(heard(b"<html>", 503, cut=True), target="/other")
    assert cut["error"]["kind"] == "server"


def test_what_cannot_be_read_here_is_an_answer_of_unknown_text() -> None:
    for answer in (
        heard(cut=True),
        heard(b"\x8b\x02", headers=(("content-encoding", "br"),)),
        heard(b"\x1f\x8b broken", headers=(("content-encoding", "gzip"),)),
    ):
        found = record(answer)
        assert not {"output", "error"} & found.keys()
        assert found["latency_ms"] == 812.5
    assert record(heard(cut=True))["metadata"]["cut"] is True


def test_a_compressed_answer_is_unpacked() -> None:
    packed = gzip.compress(json.dumps(ANSWER).encode())
    assert record(heard(packed, headers=(("content-encoding", "gzip"),)))["output"] == "On its way."


def test_a_stream_is_joined_and_its_first_byte_is_told() -> None:
    pieces = [
        {"id": "c1", "model": "m", "choices": [{"index": 0, "delta": {"content": text}}]}
        for text in ("On ", "its way.")
    ]
    body = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces) + "data: [DONE]\n\n"
    found = record(heard(body.encode(), headers=(("content-type", "text/event-stream"),)))
    assert found["output"] == "On its way."
    assert found["ttft_ms"] == 40.0
    assert found["metadata"]["stream"] is True
    broken = record(heard(b"data: {\n\n", headers=(("content-type", "text/event-stream"),)))
    assert broken["error"]["kind"] == "malformed"
    nothing = record(heard(b"", headers=(("content-type", "text/event-stream"),)))
    assert nothing["error"]["kind"] == "malformed"


# ---------------------------------------------------------------- other forms


@pytest.mark.parametrize(
    ("body", "output", "expected"),
    [
        ({"answer": {"text": "Hi"}}, None, '{"answer": {"text": "Hi"}}'),
        ({"answer": {"text": "Hi"}}, "answer.text", "Hi"),
        ({"answer": {"text": "Hi"}}, "answer", '{"text":"Hi"}'),
        ({"answer": {"text": "Hi"}}, "nowhere", None),
        ({"answer": {"text": "Hi"}}, "abs(answer)", None),
        (b"plain words", None, "plain words"),
        (b"plain words", "answer", None),
        (b"\xff\xfe", None, None),
    ],
)
def test_an_answer_of_no_known_form_is_its_text_or_what_stands_where_somebody_says(
    body: object, output: str | None, expected: str | None
) -> None:
    found = record(heard(body), target="/ask", output=output, request={"question": "Who?"})
    assert found.get("output") == expected
    assert found["input"] == {"question": "Who?"}


def test_what_was_asked_in_no_known_form_is_kept_as_it_is() -> None:
    assert record(heard(b"x"), target="/ask", request=b"Who?")["input"] == "Who?"
    assert "input" not in record(heard(b"x"), target="/ask", request=b"\xff")
    asked = {"prompt": "Who?", "api_key": "sk-1"}
    assert record(heard(), request=asked)["input"] == {"prompt": "Who?"}
    assert "model_requested" not in record(heard(b"x"), target="/ask", request=b"[1]")


def test_the_text_of_a_live_answer_is_nothing_where_it_declines_or_fails() -> None:
    made = plan()
    reading, found = Recording.of(made, FORMATS), routed(made, incoming(ASKED))
    assert reading.output_of(found, heard()) == "On its way."
    assert reading.output_of(found, heard({}, 500)) is None
    declined = {"choices": [{"message": {"content": "", "refusal": "No."}}]}
    assert reading.output_of(found, heard(declined)) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**6) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "delta", "error", "output", "input", "messages", "role", "parts", "contents", "candidates", "usage", "text", "type", "metadata", "index"]),
            inner, max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["/chat/completions", "/responses", "/v1/messages", "/models/g:generateContent", "/ask"]),
    JSON,
    st.lists(JSON, max_size=4),
    st.sampled_from([200, 400, 404, 500]),
    st.booleans(),
)  # fmt: skip
def test_whatever_is_asked_and_answered_becomes_a_record(
    target: str,
    request: object,
    answers: list[object],
    status: int,
    streams: bool,  # noqa: FBT001
) -> None:
    if streams:
        body = "".join(f"data: {json.dumps(answer)}\n\n" for answer in answers).encode()
        answer = heard(body, status, headers=(("content-type", "text/event-stream"),))
    else:
        answer = heard(json.dumps(answers[0] if answers else None).encode(), status)
    record(answer, request=json.dumps(request).encode(), target=target)
