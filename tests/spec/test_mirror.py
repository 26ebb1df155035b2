"""A mirror's file becomes its plan, or every problem of it at once with its place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evalkit.core.errors import SpecError
from evalkit.core.mirror import CopyLimits, KeyKind, Limits, Mode, UserKey
from evalkit.core.mirror_edge import OnViolation, SchemaPlan
from evalkit.core.mirror_plan import FieldRule, LogPlan, PatternRule, Personal
from evalkit.core.model import Arm
from evalkit.spec.mirror import LoadedMirror, load_mirror

LEAST = """
version: 1
listen: 127.0.0.1:8080
live: {url: https://api.acme.example/v1}
candidate: {url: "http://127.0.0.1:9002/v1"}
"""
WHOLE = """
version: 1
listen: 127.0.0.1:8080
admin: 9465
envelope: ../envelopes/support.yaml
live:
  url: https://api.acme.example/v1
  headers: {X-Team: support}
  timeout: 30s
  metadata: {snapshot: acme-1, deprecated_at: 2027-01-14, retires_at: "2027-02-01T00:00:00Z"}
candidate:
  url: http://127.0.0.1:9002/v1
  headers: {Authorization: "Bearer ${env:CANDIDATE_KEY}"}
  body: {model: acme-2, seed: 7}
  path: {models/acme-1: models/acme-2}
  keeps: [X-Trace-Token]
user: header:X-User-Id
paths: [/chat/completions, "/v1/*"]
canary: {state: canary.support.json}
drain: 10s
log:
  {path: traffic/support.jsonl, sample: 50%, rotate: 1.5MB, every: 2h, keep: 7, texts: true, salt: "${env:SALT}", output: answer.text}
redact: [email, {pattern: 'ACME-\\d{4,8}', as: "[customer]"}, {pattern: x1}, {field: "input[].content"}]
limits: {body: 1MB, headers: 8KB, at_once: 10, heard: 1GB}
metadata: {in_body: metadata}
schema: {file: answer.json, on_violation: reject}
"""


def load(folder: Path, text: str) -> LoadedMirror:
    path = folder / "support.yaml"
    path.write_text(text)
    (folder / "answer.json").write_text('{"type": "object"}')
    return load_mirror(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(folder, text)
    return str(caught.value).replace(f"{folder}/support.yaml:", "").splitlines()


def test_the_least_file_is_a_shadow_without_a_log(tmp_path: Path) -> None:
    plan = load(tmp_path, LEAST).plan
    assert (plan.name, plan.listen, plan.mode) == ("support", "127.0.0.1:8080", Mode.SHADOW)
    assert (plan.live.arm, plan.live.timeout) == (Arm.BASELINE, 600.0)
    assert (plan.candidate.arm, plan.candidate.keeps) == (Arm.CANDIDATE, frozenset())
    assert (plan.log, plan.user, plan.state, plan.admin, plan.schema) == (None,) * 5
    assert (plan.copies, plan.limits, plan.copy_share) == (CopyLimits(), Limits(), 1.0)


def test_every_key_has_its_meaning_and_files_are_named_from_the_files_folder(
    tmp_path: Path,
) -> None:
    loaded = load(tmp_path, WHOLE.replace("admin: 9465", 'admin: "9465"'))
    plan = loaded.plan
    assert loaded.envelope == tmp_path / "../envelopes/support.yaml"
    assert (plan.mode, plan.state) == (Mode.CANARY, tmp_path / "canary.support.json")
    assert (dict(plan.live.headers), plan.live.timeout) == ({"x-team": "support"}, 30.0)
    candidate = plan.candidate
    assert dict(candidate.headers) == {"authorization": "Bearer ${env:CANDIDATE_KEY}"}
    assert (candidate.body, candidate.path) == (
        {"model": "acme-2", "seed": 7},
        {"models/acme-1": "models/acme-2"},
    )
    assert candidate.keeps == {"x-trace-token"}
    assert plan.user == UserKey(KeyKind.HEADER, "x-user-id")
    assert plan.paths == ("/chat/completions", "/v1/*")
    assert plan.drain == 10.0
    rules = (
        Personal.EMAIL,
        PatternRule(r"ACME-\d{4,8}", "[customer]"),
        PatternRule("x1", "[redacted]"),
        FieldRule(("input", "*", "content")),
    )
    assert plan.log == LogPlan(
        tmp_path / "traffic/support.jsonl", 0.5, 3 * 2**19, 7200.0, 7, rules=rules,
        salt="${env:SALT}", output="answer.text",
    )  # fmt: skip
    assert plan.limits == Limits(2**20, 2**13, 10, 2**30)
    assert plan.schema == SchemaPlan('{"type": "object"}', OnViolation.REJECT)
    assert plan.metadata.in_body == "metadata"
    facts = plan.metadata.arms[Arm.BASELINE]
    assert (facts.snapshot, facts.deprecated_at) == ("acme-1", datetime(2027, 1, 14, tzinfo=UTC))


def test_all_problems_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    text = """version: 1
listen: nowhere
live: {url: "api.acme.example", headers: {authorization: Bearer x, A: "1", a: "2"}}
candidate: {url: "http://h/v1", keeps: [a b], boddy: {}, path: {"a?": "b"}}
user: header
copy: {share: 0}
canary: {state: ""}
paths: chat
log: {path: traffic/support.json, rotate: 5, texts: false}
redact: [emial]
"""
    found = problems(tmp_path, text)
    assert [re.sub(":[0-9]+:", ":", line.split(": expected")[0], count=1) for line in found] == [
        "2: listen",
        "3: live.url",
        "3: live.headers.authorization: holds a key, which must not stand in a file; write ${env:NAME} for it",
        "3: live.headers.a: stands twice, in other letters; leave one out",
        "4: candidate.keeps[0]",
        "4: candidate.boddy: unknown key 'boddy'; did you mean 'body'? (known: url, headers, timeout, metadata, body, path, keeps)",
        "4: candidate.path.a?",
        "5: user",
        "6: copy.share",
        "7: canary.state",
        "8: paths[0]",
        "9: log.rotate",
        "10: redact[0]",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("canary: {state: s.json}", "user: required with canary"),
        ("user: ip\ncanary: {state: s.json}\ncopy: {share: 50%}", "copy: with canary: nothing is copied"),
        ("redact: [email]", "redact: no texts are written"),
        ("redact: [email]\nlog: {path: t.jsonl, texts: false}", "redact: no texts are written"),
        ("admin: 127.0.0.1:8080", "admin: expected another address"),
        ("user: ip\ncanary: {state: a/../s.jsonl}\nlog: {path: s.jsonl}", "log.path: expected another file than canary"),
        ("copies: {share: 50%}", "did you mean 'copy'? (known: version, listen, admin, envelope, live, candidate, user, paths, canary, copy,"),
        ("schema: {fiel: a}", "schema.fiel: unknown key 'fiel'; did you mean 'file'? (known: file, on_violation)"),
        ("user: 'json:a..b'", "user: expected header:NAME"),
        ("user: 'header:a b'", "user: expected header:NAME"),
        ("log: {path: t.csv}", "log.path: expected a name that ends in .jsonl"),
        ("log: {path: t.jsonl, salt: pepper}", "log.salt: expected ${env:NAME}"),
        ("log: {path: t.jsonl, output: 'a..b'}", "log.output: expected a JMESPath expression"),
        ("log: {path: t.jsonl}\nredact: [{pattern: '('}]", "redact[0].pattern: expected a regular expression"),
        ("log: {path: t.jsonl}\nredact: [{pattern: '(a+)+'}]", "redact[0].pattern: a stranger's text"),
        ("log: {path: t.jsonl}\nredact: [{pattern: 'a?'}]", "redact[0].pattern: it finds nothing, everywhere"),
        ("log: {path: t.jsonl}\nredact: [{pattern: a, az: b}]", "redact[0]: expected email"),
        ("log: {path: t.jsonl}\nredact: [{pattern: a, as: 1}]", "redact[0]: expected email"),
        ("log: {path: t.jsonl}\nredact: [{field: 'a..b'}]", "redact[0].field: expected keys with dots"),
        ("limits: {body: 1TB}", "limits.body: expected a size"),
        ("schema: {}", "schema: expected file:"),
        ("schema: {file: gone.json}", "gone.json"),
        ("metadata: {in_body: é}", "metadata.in_body: expected a key"),
        ("version: 2", "key 'version' stands twice"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(tmp_path: Path, line: str, message: str) -> None:
    assert message in "\n".join(problems(tmp_path, f"{LEAST}{line}\n"))


@pytest.mark.parametrize("listen", ["127.0.0.1:9002", "localhost:9002", "0.0.0.0:9002"])
def test_a_mirror_before_itself_is_a_mistake(tmp_path: Path, listen: str) -> None:
    (found,) = problems(tmp_path, LEAST.replace("127.0.0.1:8080", listen))
    assert found.endswith("candidate.url: expected another address than listen: its own")
    load(tmp_path, LEAST.replace("127.0.0.1:8080", "192.0.2.7:9002"))


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ("{snapshot: é}", "live.metadata.snapshot: expected printable ASCII"),
        ("{retires_at: soon}", "live.metadata.retires_at: expected a day or a time"),
        ("{deprecated_at: 2027-01-02, retires_at: 2027-01-01}", "live.metadata.retires_at: it lies before"),
    ],
)  # fmt: skip
def test_facts_that_cannot_be_told_are_refused(tmp_path: Path, facts: str, message: str) -> None:
    text = LEAST.replace("/v1}", f"/v1, metadata: {facts}}}", 1)
    assert message in "\n".join(problems(tmp_path, text))


def test_a_header_that_is_kept_and_replaced_is_a_mistake(tmp_path: Path) -> None:
    arm = 'v1", headers: {authorization: "${env:K}"}, keeps: [Authorization]}'
    text = LEAST.replace('9002/v1"}', f"9002/{arm}")
    assert "which replace it; leave one out" in "\n".join(problems(tmp_path, text))


@pytest.mark.parametrize("text", ["", "[]", "- 1", "version: 1", "listen: [1]\nlive: 3"])
def test_what_is_no_such_file_is_told(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text)
