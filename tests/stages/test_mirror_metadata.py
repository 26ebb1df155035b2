"""Answers are told whose they are; what the upstream itself says stays, and so does what is no JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from evalkit.core.mirror import Head
from evalkit.core.mirror_metadata import InBody, MetadataPlan, SnapshotFacts
from evalkit.core.model import Arm
from evalkit.stages.mirror.metadata import LARGEST_BODY, finished, headed, wants_body

PLAN = MetadataPlan(
    {
        Arm.BASELINE: SnapshotFacts("m-1", "2", retires_at=datetime(2027, 1, 14, tzinfo=UTC)),
        Arm.CANDIDATE: SnapshotFacts("m-2", "3"),
    },
    in_body="metadata",
)
JSON = ("content-type", "application/json; charset=utf-8")


def head(*headers: tuple[str, str], status: int = 200) -> Head:
    return Head(status, headers)


def test_each_arm_tells_its_own() -> None:
    found = headed(PLAN, Arm.BASELINE, head(JSON))
    assert found.headers == (
        JSON,
        ("model-snapshot", "m-1"),
        ("format-version", "2"),
        ("model-deprecated-at", "2027-01-14T00:00:00Z"),
        ("sunset", "Thu, 14 Jan 2027 00:00:00 GMT"),
    )
    assert headed(PLAN, Arm.CANDIDATE, head(status=500)) == head(
        ("model-snapshot", "m-2"), ("format-version", "3"), status=500
    )


def test_what_an_upstream_says_itself_stays_and_is_not_contradicted() -> None:
    said = head(("model-snapshot", "m-1b"), ("deprecation", "@1"))
    assert headed(PLAN, Arm.BASELINE, said) == head(*said.headers, ("format-version", "2"))


def test_where_nothing_is_known_nothing_is_done() -> None:
    answer = head(JSON)
    assert headed(MetadataPlan(), Arm.BASELINE, answer) is answer
    assert not wants_body(MetadataPlan(in_body="m"), Arm.BASELINE, answer, method="POST")
    assert not wants_body(MetadataPlan(PLAN.arms), Arm.BASELINE, answer, method="POST")


@pytest.mark.parametrize(
    ("headers", "status", "method", "wanted"),
    [
        ([JSON], 200, "POST", True),
        ([("content-type", "application/problem+json")], 201, "POST", True),
        ([JSON, ("content-length", str(LARGEST_BODY))], 200, "POST", True),
        ([JSON, ("content-length", str(LARGEST_BODY + 1))], 200, "POST", False),
        ([JSON, ("content-length", "9" * 10_000)], 200, "POST", False),
        ([JSON, ("content-length", "-1")], 200, "POST", False),
        ([JSON, ("content-encoding", "gzip")], 200, "POST", False),
        ([JSON, ("content-encoding", "identity")], 200, "POST", True),
        ([JSON, ("cache-control", "no-store, No-Transform")], 200, "POST", False),
        ([JSON, ("content-digest", "sha-256=:…:")], 200, "POST", False),
        ([("content-type", "text/event-stream")], 200, "POST", False),
        ([], 200, "POST", False),
        ([JSON], 500, "POST", False),
        ([JSON], 204, "POST", False),
        ([JSON], 206, "GET", False),
        ([JSON], 200, "HEAD", False),
    ],
)
def test_only_whole_plain_json_is_waited_for(
    headers: list[tuple[str, str]], status: int, method: str, *, wanted: bool
) -> None:
    answer = head(*headers, status=status)
    assert wants_body(PLAN, Arm.BASELINE, answer, method=method) is wanted


def test_a_body_tells_what_the_head_tells_and_its_length_is_right() -> None:
    body = b'{"id": "a", "amount": 1.10}'
    sent = head(JSON, ("content-length", str(len(body))), ("etag", '"x"'), ("etag", 'W/"y"'))
    found, changed, fate = finished(PLAN, Arm.CANDIDATE, sent, body)
    assert fate is InBody.ADDED
    assert changed == (
        b'{"metadata":{"model_snapshot":"m-2","format_version":"3"},"id": "a", "amount": 1.10}'
    )
    assert found.headers == (
        JSON, ("etag", 'W/"y"'), ("model-snapshot", "m-2"), ("format-version", "3"),
        ("content-length", str(len(changed))),
    )  # fmt: skip


def test_the_snapshot_that_an_answer_names_is_nearer_to_the_truth() -> None:
    found, body, _ = finished(PLAN, Arm.CANDIDATE, head(JSON), b'{"model": "m-2-0514"}')
    assert dict(found.headers)["model-snapshot"] == "m-2-0514"
    assert json.loads(body)["metadata"]["model_snapshot"] == "m-2-0514"


def test_a_name_that_would_be_another_header_is_none() -> None:
    sent = json.dumps({"model": "m\r\nset-cookie: a=b"}).encode()
    found, body, _ = finished(PLAN, Arm.CANDIDATE, head(JSON), sent)
    assert dict(found.headers)["model-snapshot"] == "m-2"
    assert json.loads(body)["metadata"]["model_snapshot"] == "m-2"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"\xff\xfe{}",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b'[{"model": "m"}]',
        b'{"metadata": "theirs"}',
        b'{"metadata": {"model_snapshot": "theirs", "format_version": "9"}}',
        b'{"a":' * 200 + b"1" + b"}" * 200,
        b'{"a": "' + b"x" * LARGEST_BODY + b'"}',
    ],
)
def test_what_has_no_place_for_it_is_untouched(body: bytes) -> None:
    sent = head(JSON, ("content-length", str(len(body))))
    found, same, fate = finished(PLAN, Arm.CANDIDATE, sent, body)
    assert (same, fate) == (body, InBody.UNTOUCHED)
    assert dict(found.headers)["content-length"] == str(len(body))
    assert dict(found.headers)["format-version"] == "3"
