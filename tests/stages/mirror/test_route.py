"""Who answers, what is copied, and that nobody's credentials reach the other arm's vendor."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.mirror import Incoming, KeyKind, Mode, Outgoing, Refused, UserKey
from evalkit.core.mirror_edge import SchemaPlan
from evalkit.core.mirror_metadata import MetadataPlan
from evalkit.core.mirror_plan import LogPlan, MirrorPlan, Share
from evalkit.core.model import Arm, Json
from evalkit.stages.mirror.credentials import credential_values, foreign_target, is_credential
from evalkit.stages.mirror.dealing import WIDTH, is_within, position
from evalkit.stages.mirror.route import Routing
from tests.stages.mirror.worlds import CANDIDATE, EVERYBODY, SALT, canary, incoming, plan, routed

SECRET = "S3cr3t-0123456789"
NAMES = [
    "authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "Cookie",
    "x-amz-security-token", "x-vendor-secret", "ocp-apim-subscription-key", "x_auth_token", "x-apikey",
    "X-ACCESS-KEY", "x-jwt-assertion", "x-csrf", "x-session-id", "referer", "x-aws-sigv4-signature",
]  # fmt: skip
PARAMETERS = [
    "key", "api_key", "apiKey", "access_token", "sig", "X-Amz-Signature", "client_secret", "code_token",
    "subscription-key", "KEY", "auth", "%6Bey", "api%5Fkey", "k%65y",
]  # fmt: skip
plain_names = st.from_regex(r"x-[a-z]{1,6}-(id|kind|app)", fullmatch=True)


def sent_to_the_candidate(made: MirrorPlan, request: Incoming) -> Outgoing:
    found = routed(made, request)
    sent = found.copy if made.mode is Mode.SHADOW else found.answers
    assert sent is not None
    assert sent.arm is Arm.CANDIDATE
    return sent


# ---------------------------------------------------------------- credentials


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(NAMES).flatmap(lambda name: st.sampled_from([name, name.upper()])),
            st.just(SECRET),
        )
        | st.tuples(
            plain_names,
            st.sampled_from([f"Bearer {SECRET}", f"basic {SECRET}", f"eyJ{SECRET}.x.", "plain"]),
        ),
        max_size=6,
    ),
    st.lists(
        st.tuples(st.sampled_from(PARAMETERS), st.sampled_from("&;"))
        | st.tuples(st.sampled_from(["alt", "beta"]), st.just("&")),
        max_size=5,
    ),
    st.sampled_from(["api_key", "apiKey", "access-token", "Authorization", "api\\u005fkey", None]),
    st.sampled_from([plan(), canary(user=UserKey(KeyKind.IP))]),
    st.booleans(),
)
def test_the_candidate_never_sees_a_callers_credentials(
    headers: list[tuple[str, str]],
    parameters: list[tuple[str, str]],
    member: str | None,
    made: MirrorPlan,
    changes: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    query = "".join(
        f"{end}{name}={SECRET if name in PARAMETERS else 'sse'}" for name, end in parameters
    )
    body = (
        b'{"model": "m-1", "n": 1.0'
        + (f', "{member}": "{SECRET}"' if member else "").encode()
        + b"}"
    )
    made = replace(made, candidate=replace(CANDIDATE, body={"model": "m-2"} if changes else {}))
    request = incoming(body, *headers, target=f"/chat/completions?{query[1:]}")
    sent = sent_to_the_candidate(made, request)
    seen = [sent.url, sent.body.decode(), *(part for header in sent.headers for part in header)]
    assert not [text for text in seen if SECRET in text]
    assert json.loads(sent.body) == {"model": "m-2" if changes else "m-1", "n": 1.0}
    kept = [name for name, value in headers if value == "plain"]
    assert [name for name, _ in sent.headers] == kept
    assert sent.url.count("alt=sse") == sum(name == "alt" for name, _ in parameters)


def test_the_live_arm_sees_what_the_caller_sent_unless_its_own_headers_replace_it() -> None:
    headers = (("authorization", "Bearer caller"), ("x-a", "1"), ("x-a", "2"), ("host", "mirror"))
    request = incoming(None, *headers, target="/chat/completions?api_key=K&a=%20")
    live = routed(plan(), request).answers
    assert live.url == "https://live.example/v1/chat/completions?api_key=K&a=%20"
    assert live.headers == headers[:3]
    assert (live.arm, live.method, live.body) == (Arm.BASELINE, "POST", request.body)
    own = replace(plan().live, headers={"authorization": "Bearer ours"})
    assert dict(routed(plan(live=own), request).answers.headers)["authorization"] == "Bearer ours"


def test_a_credential_is_kept_for_the_candidate_where_the_plan_names_it_and_its_own_are_added() -> (
    None
):
    made = plan(
        candidate=replace(
            CANDIDATE,
            headers={"authorization": "Bearer theirs"},
            keeps=frozenset({"x-trace-token", "page_token", "api_key"}),
        )
    )
    request = incoming(
        {"api_key": "k"}, ("authorization", "Bearer caller"), ("x-trace-token", "t"),
        target="/chat/completions?page_token=p&token=t",
    )  # fmt: skip
    sent = sent_to_the_candidate(made, request)
    assert sent.headers == (("x-trace-token", "t"), ("authorization", "Bearer theirs"))
    assert sent.url == "http://candidate.example:9002/v1/chat/completions?page_token=p"
    assert sent.body == request.body


@pytest.mark.parametrize(
    "name",
    ["accept", "content-type", "x-user-id", "x-request-id", "max_tokens", "monkey", "keyboard"],
)
def test_what_is_no_credential_is_not_taken_for_one(name: str) -> None:
    assert not is_credential(name)


def test_a_value_that_is_a_credential_is_one_under_any_name_of_a_query() -> None:
    assert foreign_target("/a?x=Bearer%20abc&y=1", ()) == "/a?y=1"
    assert foreign_target("/a?", ()) == "/a"


def test_the_credentials_of_a_request_are_known_where_an_answer_repeats_them() -> None:
    headers = (("authorization", "Bearer callers-key"), ("x-api-key", ""), ("cookie", "a=1; session=cookies-key; theme=dark"), ("accept", "text/plain"), ("x-note", "Bearer other-key"))  # fmt: skip
    found = credential_values(headers, "/a?api%5Fkey=query%2Dkey;b=12345678&sig=short")
    assert found == {"callers-key", "cookies-key", "other-key", "query-key"}
    assert credential_values((), "/a") == frozenset()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-envoy-original-path", f"/v1/chat?alt=sse&key={SECRET}"),
        ("x-original-uri", f"/chat?x=Bearer%20{SECRET}"),
        ("x-authkey", SECRET),
        ("x-note", f"gsk_{SECRET}"),
    ],
)
def test_a_gateways_own_header_brings_no_credential_to_the_candidate(name: str, value: str) -> None:
    request = incoming(None, (name, value), ("x-question", "/why?a=1"))
    assert sent_to_the_candidate(plan(), request).headers == (("x-question", "/why?a=1"),)


@pytest.mark.parametrize("body", [{}, {"model": "m-2"}])
def test_the_keys_of_the_tools_that_a_request_names_stay_with_the_live_arm(
    body: dict[str, Json],
) -> None:
    properties = {"password": {"type": "string"}}
    asked: dict[str, Any] = {
        "model": "m-2",
        "messages": [{"role": "user", "content": [{"type": "text", "password": "asked for"}]}],
        "tools": [
            {"type": "mcp", "authorization": SECRET, "headers": {"X-Api-Key": SECRET, "a": "b", "n": 1}},
            {"type": "function", "parameters": {"properties": properties}},
        ],
        "mcp_servers": [{"url": "https://t.example", "authorization_token": SECRET}],
        "extra_headers": {"Authorization": f"Bearer {SECRET}"},
    }  # fmt: skip
    sent = sent_to_the_candidate(plan(candidate=replace(CANDIDATE, body=body)), incoming(asked))
    assert json.loads(sent.body) == {
        **asked,
        "tools": [{"type": "mcp", "headers": {"a": "b", "n": 1}}, asked["tools"][1]],
        "mcp_servers": [{"url": "https://t.example"}],
        "extra_headers": {},
    }
    kept = replace(
        CANDIDATE, keeps=frozenset({"authorization", "authorization_token", "x-api-key"})
    )
    request = incoming(asked)
    assert sent_to_the_candidate(plan(candidate=kept), request).body == request.body


@pytest.mark.parametrize(
    ("content", "kind", "copied"),
    [
        (b"a=1&api_key=K", "application/x-www-form-urlencoded", False),
        (b'{"api_key": "K", "api_key": "K"}', "application/json", False),
        (b'[{"key": 1}]', "application/json", True),
        (b"\xff key \x00", "multipart/form-data; boundary=b", True),
    ],
)
def test_what_could_hold_a_credential_that_cannot_be_found_is_not_copied(
    content: bytes, kind: str, *, copied: bool
) -> None:
    found = routed(plan(), incoming(content, ("content-type", kind)))
    assert (found.copy is not None) is copied
    assert found.uncopied == ("" if copied else "unreadable")


# ---------------------------------------------------------------- the split


def test_whoever_has_the_candidate_at_a_share_has_it_at_every_larger_one_of_the_run() -> None:
    routing = Routing.of(canary(), SALT)
    had: set[str] = set()
    for share in (0.0, 0.01, 0.05, 0.2, 0.5, 1.0):
        has = set()
        for number in range(1000):
            request = incoming(None, ("x-user-id", f"u{number}"))
            found = routing.routed(Share(share, "run-1"), request)
            assert not isinstance(found, Refused)
            if found.answers.arm is Arm.CANDIDATE:
                has.add(f"u{number}")
        assert had <= has
        assert abs(len(has) - 1000 * share) < 60
        had = has


def test_places_of_keys_are_spread_evenly_and_anew_for_each_run() -> None:
    places = [position("run a", f"user-{number}") / WIDTH for number in range(20_000)]
    counts = [sum(low <= 10 * place < low + 1 for place in places) for low in range(10)]
    assert sum((count - 2000) ** 2 / 2000 for count in counts) < 28  # χ² of 9 at 0.1 %
    others = [position("run b", f"user-{number}") / WIDTH for number in range(20_000)]
    both = sum(a < 0.1 and b < 0.1 for a, b in zip(places, others, strict=True))
    assert 130 < both < 280


@given(st.text(), st.text(), st.floats(0, 1), st.floats(0, 1))
def test_shares_are_nested_for_any_key(run: str, key: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert is_within(low, run, key) <= is_within(high, run, key)
    assert not is_within(0.0, run, key)
    assert is_within(1.0, run, key)


@pytest.mark.parametrize(
    ("user", "request_", "there"),
    [
        (UserKey(KeyKind.HEADER, "x-user-id"), incoming(None, ("x-user-id", " u1 ")), True),
        (UserKey(KeyKind.HEADER, "x-user-id"), incoming(None, ("x-user-id", " ")), False),
        (UserKey(KeyKind.HEADER, "x-user-id"), incoming(), False),
        (UserKey(KeyKind.JSON, "user"), incoming({"user": "u1"}), True),
        (UserKey(KeyKind.JSON, "metadata.user_id"), incoming({"metadata": {"user_id": 7}}), True),
        (UserKey(KeyKind.JSON, "metadata.user_id"), incoming({"metadata": "u1"}), False),
        (UserKey(KeyKind.JSON, "user"), incoming({"user": True}), False),
        (UserKey(KeyKind.JSON, "user"), incoming({"user": ""}), False),
        (UserKey(KeyKind.JSON, "user"), incoming(b"user=u1"), False),
        (UserKey(KeyKind.JSON, "user"), incoming(b"\xff"), False),
        (UserKey(KeyKind.JSON, "user"), incoming({"user": "u1"}, ("content-encoding", "gzip")), False),
        (UserKey(KeyKind.IP), incoming(), True),
    ],
)  # fmt: skip
def test_whoever_names_no_user_is_answered_by_live_and_counts_for_neither_arm(
    user: UserKey, request_: Incoming, *, there: bool
) -> None:
    found = routed(canary(user=user), request_)
    assert found.answers.arm is (Arm.CANDIDATE if there else Arm.BASELINE)
    assert found.unsplit is not there
    assert (found.user is not None) is there
    assert found.copy is None
    assert found.logged


def test_users_are_pseudonyms_that_are_the_same_in_both_modes_and_not_the_key() -> None:
    request = incoming(None, ("x-user-id", "ada@example.com"))
    one, other = routed(canary(), request), routed(plan(user=canary().user), request)
    assert one.user == other.user
    assert one.user is not None
    assert one.user.startswith("u-")
    assert "ada" not in one.user
    found = Routing.of(canary(), b"another salt").routed(EVERYBODY, request)
    assert not isinstance(found, Refused)
    assert found.user != one.user


def test_nobody_is_given_the_candidate_at_a_share_of_zero() -> None:
    request = incoming(None, ("x-user-id", "u1"))
    assert routed(canary(), request, Share()).answers.arm is Arm.BASELINE
    assert routed(canary(), request, Share(trouble="gone")).answers.arm is Arm.BASELINE


# ---------------------------------------------------------------- bodies


def test_the_candidates_fields_are_put_in_and_every_other_byte_stays() -> None:
    made = plan(candidate=replace(CANDIDATE, body={"model": "m-2", "seed": 7}))
    body = '{ "model" : "m-1",\t"messages": [{"role":"user","content":"\\u00e9 é"}], "temperature":1.0 }'
    sent = sent_to_the_candidate(made, incoming(body.encode()))
    assert sent.body.decode() == body.replace('"m-1"', '"m-2"').replace("{ ", '{"seed":7, ', 1)


def test_the_body_that_names_the_user_is_the_one_that_is_changed() -> None:
    arm = replace(CANDIDATE, body={"model": "m-2"})
    made = canary(candidate=arm, user=UserKey(KeyKind.JSON, "user"))
    found = routed(made, incoming({"user": "u1"}))
    assert json.loads(found.answers.body) == {"user": "u1", "model": "m-2"}


@pytest.mark.parametrize(
    "request_",
    [
        incoming(b"model=m-1"),
        incoming(b"[]"),
        incoming(b'{"model": "a", "model": "b"}'),
        incoming({"model": "m-1"}, ("content-encoding", "gzip")),
    ],
)
def test_a_request_that_the_candidates_fields_cannot_be_put_into_is_neither_copied_nor_split(
    request_: Incoming,
) -> None:
    arm = replace(CANDIDATE, body={"model": "m-2"})
    shadow = routed(plan(candidate=arm), request_)
    assert (shadow.copy, shadow.uncopied, shadow.logged) == (None, "unreadable", False)
    split = routed(canary(candidate=arm, user=UserKey(KeyKind.IP)), request_)
    assert (split.answers.arm, split.uncopied) == (Arm.BASELINE, "unreadable")
    assert split.unsplit
    as_it_is = routed(plan(), request_)
    if request_.headers:  # compressed: what stands in it cannot be seen
        assert (as_it_is.copy, as_it_is.uncopied) == (None, "unreadable")
    else:
        assert as_it_is.copy is not None
        assert as_it_is.copy.body == request_.body


def test_a_piece_of_the_path_is_written_otherwise_for_the_candidate() -> None:
    arm = replace(CANDIDATE, path={"models/g-1": "models/g-2"})
    request = incoming(None, target="/models/g-1:generateContent?alt=sse&models/g-1")
    sent = sent_to_the_candidate(plan(candidate=arm), request)
    assert sent.url.endswith("/v1/models/g-2:generateContent?alt=sse&models/g-1")


def test_a_path_that_is_written_otherwise_stays_at_the_candidates_address() -> None:
    arm = replace(CANDIDATE, path={"/old": "", "-v2": ""})
    sent = sent_to_the_candidate(plan(candidate=arm), incoming(None, target="/old@elsewhere/a"))
    assert sent.url == "http://candidate.example:9002/v1/@elsewhere/a"
    climbing = incoming(None, target="/.-v2./admin")
    assert routed(plan(candidate=arm), climbing).uncopied == "unreadable"
    split = routed(canary(candidate=arm, user=UserKey(KeyKind.IP)), climbing)
    assert (split.answers.arm, split.unsplit) == (Arm.BASELINE, True)


# ---------------------------------------------------------------- what is copied and logged


def test_only_requests_that_ask_something_are_copied_and_only_on_the_named_paths() -> None:
    made = plan(paths=("/chat/*", "/v1/messages"))
    assert routed(made, incoming()).copy is not None
    for request in (
        incoming(target="/embeddings?/chat/completions"),
        incoming(method="GET"),
        incoming(b"", method="POST"),
        incoming(method="DELETE"),
    ):
        found = routed(made, request)
        assert (found.copy, found.logged, found.uncopied) == (None, False, "")
    split = routed(canary(paths=("/chat/*",), user=UserKey(KeyKind.IP)), incoming(target="/files"))
    assert (split.answers.arm, split.logged, split.unsplit) == (Arm.BASELINE, False, False)
    fetched = routed(canary(user=UserKey(KeyKind.IP)), incoming(b"", method="GET"))
    assert (fetched.answers.arm, fetched.logged) == (Arm.CANDIDATE, False)


def test_what_is_sampled_lies_within_what_is_copied_and_a_users_requests_stay_together() -> None:
    log = LogPlan(Path("t.jsonl"), sample=0.2)
    made = plan(copy_share=0.5, log=log, user=canary().user)
    found = [
        routed(made, incoming(None, ("x-user-id", f"u{n % 500}"), id=f"r{n}")) for n in range(1000)
    ]
    assert [r.sampled for r in found[:500]] == [r.sampled for r in found[500:]]
    assert all(r.copy is not None for r in found if r.sampled)
    assert 400 < sum(r.copy is not None for r in found) < 600
    assert 140 < sum(r.sampled for r in found) < 260
    by_id = [routed(replace(made, user=None), incoming(id=f"r{n}")).sampled for n in range(300)]
    assert 30 < sum(by_id) < 95


def test_without_a_log_nothing_is_heard_unless_answers_are_checked() -> None:
    assert not routed(plan(log=None), incoming()).logged
    checked = routed(plan(log=None, schema=SchemaPlan("{}")), incoming())
    assert (checked.logged, checked.sampled) == (True, False)


@pytest.mark.parametrize(
    ("given_", "accepted", "sent"),
    [
        ({}, "br, gzip;q=0.8, zstd", "gzip;q=0.8"),
        ({}, "br", "identity"),
        ({"log": None}, "br", "br"),
        ({"metadata": MetadataPlan(in_body="metadata")}, "gzip", "identity"),
    ],
)
def test_only_encodings_are_asked_for_that_can_be_read(
    given_: dict[str, object], accepted: str, sent: str
) -> None:
    request = incoming(None, ("accept-encoding", accepted))
    assert routed(plan(**given_), request).answers.headers == (("accept-encoding", sent),)


@pytest.mark.parametrize(
    "target",
    [
        "/../admin", "/a/%2e%2e/b", "/a/%252e%252E/b", "/a/..%5Cb", "/a\\..\\b", "/a#b", "/a b", "/é",
        "*", "http://elsewhere/", "/..", "/a/.%2e",
    ],
)  # fmt: skip
def test_a_target_that_leaves_the_arms_own_address_is_refused(target: str) -> None:
    found = Routing.of(plan(), SALT).routed(EVERYBODY, incoming(target=target))
    assert isinstance(found, Refused)
    assert found.status == 400


@given(st.text(st.characters(codec="ascii", exclude_characters="#"), max_size=20))
def test_every_target_goes_to_the_address_of_its_arm_or_nowhere(text: str) -> None:
    found = Routing.of(plan(), SALT).routed(EVERYBODY, incoming(target=f"/{quote(text)}"))
    if not isinstance(found, Refused):
        assert found.copy is not None
        assert found.answers.url.startswith("https://live.example/v1/")
        assert found.copy.url.startswith("http://candidate.example:9002/v1/")
