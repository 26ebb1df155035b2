"""Attempts, limits and measuring: scripted to the millisecond, and against a server that fails."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from evalkit.core.errors import ProviderError, SnapshotError
from evalkit.core.model import ErrorKind, Sample, SampleError, Snapshot
from evalkit.core.ports import Request, Surroundings
from evalkit.core.secrets import REDACTED, Secrets
from evalkit.wire.exchange import HttpResponse, WireError
from evalkit.wire.headers import LONGEST_WAIT
from evalkit.wire.http_provider import (
    FIRST_BACKOFF,
    LEAST_TOTAL,
    LONGEST_BACKOFF,
    MOST_ATTEMPTS,
    Failure,
    http_provider,
)
from evalkit.wire.limiter import Limiter
from evalkit.wire.messages import TooLongError
from evalkit.wire.transports import CHOICE
from tests.fakes.fault_server import Dials, Running, fault_server
from tests.wire.worlds import KEY, Chat, Script, Time, answered, question, run, snapshot, until

URL = "https://api.vendor.test/v1/chat/completions"
RESET = WireError(ErrorKind.CONNECTION, "ReadError: reset by peer")
LATE = WireError(ErrorKind.TIMEOUT, "no whole answer within 10 s")
LIMITED = answered(429, {"error": {"message": "slow down"}}, {"retry-after": "7"})


def secrets() -> Secrets:
    known = Secrets({"MY_KEY": KEY})
    known.value("MY_KEY")
    return known


def asked(
    *entries: HttpResponse | WireError, surroundings: Surroundings | None = None, **fields: Any
) -> tuple[Sample, Script]:
    """Return the sample of one request whose attempts end as the script says."""
    script = Script(list(entries))
    provider = http_provider(
        Chat(URL),
        snapshot(**fields),
        surroundings or Surroundings(),
        secrets(),
        transport=script,
        clock=script.time.clock,
    )
    (sample,) = run(script.time.run(provider.answer(question())))
    return sample, script


# ---------------------------------------------------------------- an answer


def test_an_answer_carries_what_was_seen_from_outside() -> None:
    sample, script = asked(answered(headers={"request-id": "r-1"}))
    assert (sample.output, sample.error, sample.model_requested) == ("yes", None, "m")
    assert (sample.latency_ms, sample.attempts, sample.request_id) == (12.5, 1, "r-1")
    assert sample.created == "2001-09-09T02:03:20Z"
    assert script.sent[0].headers["authorization"] == f"Bearer {KEY}"


def test_latency_is_that_of_the_attempt_that_succeeded() -> None:
    sample, script = asked(RESET, LIMITED, answered())
    assert (sample.latency_ms, sample.attempts) == (12.5, 3)
    assert script.time.now > 1007


@pytest.mark.parametrize(
    ("first", "lost"), [(LATE, 30_000.0), (answered(408, b""), 12.5), (RESET, 0.0), (LIMITED, 0.0)]
)
def test_the_time_that_ran_out_before_an_answer_belongs_to_its_latency(
    first: HttpResponse | WireError, lost: float
) -> None:
    sample, _ = asked(first, first, answered(), timeout=30.0)
    assert (sample.output, sample.latency_ms) == ("yes", 2 * lost + 12.5)


def test_identity_holds_the_whole_request_and_no_secret() -> None:
    provider = http_provider(Chat(URL), snapshot(), Surroundings(), secrets())
    identity = provider.identity(question())
    assert identity.startswith(f"POST {URL}\ncontent-type: application/json\n\n")
    assert '"model": "m"' in identity
    assert "Question 0?" in identity
    assert KEY not in identity
    assert identity == provider.identity(question(index=3))
    assert identity != provider.identity(question(1))


def test_closing_closes_the_transport() -> None:
    script = Script([answered()])
    provider = http_provider(Chat(URL), snapshot(), Surroundings(), secrets(), transport=script)
    run(provider.close())
    assert script.closed


# ---------------------------------------------------------------- further attempts


@pytest.mark.parametrize(
    "first",
    [
        *(answered(status, b"") for status in (408, 409, 425, 429, 500, 502, 503, 504, 529)),
        answered(200, b'{"choices": [{"mess'),
        answered(200, b""),
        RESET,
        LATE,
        WireError(ErrorKind.MALFORMED, "RemoteProtocolError: illegal status line"),
    ],
    ids=str,
)
def test_what_may_pass_is_asked_again(first: HttpResponse | WireError) -> None:
    sample, script = asked(first, answered())
    assert (sample.output, sample.attempts, len(script.sent)) == ("yes", 2, 2)


@pytest.mark.parametrize(
    ("entry", "kind", "message"),
    [
        (answered(401, {"error": {"message": "no key"}}), "denied", "HTTP 401: no key"),
        (answered(403, {"error": {"message": "not you"}}), "denied", "HTTP 403: not you"),
        (
            answered(429, {"error": {"message": "spent", "code": "insufficient_quota"}}),
            "quota",
            "HTTP 429: spent",
        ),
        (answered(404, {"error": {"message": "where?"}}), "other", "HTTP 404: where?"),
        (answered(400, b"<html>"), "other", "HTTP 400: <html>"),
        (TooLongError(100), "malformed", "expected a body of at most 100 bytes"),
        (WireError(ErrorKind.OTHER, "InvalidURL: no host"), "other", "InvalidURL: no host"),
    ],
)
def test_what_no_further_attempt_changes_is_asked_once(
    entry: HttpResponse | WireError, kind: str, message: str
) -> None:
    sample, script = asked(entry)
    assert sample.error is not None
    assert sample.error.kind.value == kind
    assert sample.error.message.startswith(message)
    assert (sample.attempts, len(script.sent), sample.latency_ms) == (1, 1, None)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (RESET, ErrorKind.CONNECTION),
        (LATE, ErrorKind.TIMEOUT),
        (answered(500, b""), ErrorKind.SERVER),
        (answered(200, b"{"), ErrorKind.MALFORMED),
        (LIMITED, ErrorKind.RATE_LIMITED),
    ],
)
def test_after_the_last_attempt_the_failure_stands(
    entry: HttpResponse | WireError, kind: ErrorKind
) -> None:
    sample, script = asked(entry)
    assert sample.error is not None
    assert sample.error.kind is kind
    assert (sample.attempts, len(script.sent)) == (MOST_ATTEMPTS, MOST_ATTEMPTS)
    assert (sample.latency_ms, sample.output) == (None, None)
    assert sample.created is not None


def test_retry_after_wins_over_the_backoff() -> None:
    _, script = asked(LIMITED, answered())
    assert script.moments == [1000.0, 1007.0]


@pytest.mark.parametrize("status", [408, 500])
def test_retry_after_holds_for_every_status_that_is_asked_again(status: int) -> None:
    _, script = asked(answered(status, b"", {"retry-after": "7"}), answered())
    assert script.moments == [1000.0, 1007.0]


def test_the_wait_in_a_body_is_obeyed() -> None:
    body = {"error": {"message": "quota per minute", "details": [{"retryDelay": "23s"}]}}
    _, script = asked(answered(429, body), answered())
    assert script.moments == [1000.0, 1023.0]


def test_an_endless_wait_in_a_body_is_capped() -> None:
    body = {"error": {"message": "quota per minute", "details": [{"retryDelay": "9999999s"}]}}
    _, script = asked(answered(429, body), answered(), timeout=100.0)
    assert script.moments == [1000.0, 1000.0 + LONGEST_WAIT]


def test_the_backoff_is_drawn_below_a_bound_that_doubles() -> None:
    waits: defaultdict[int, set[float]] = defaultdict(set)
    for seed in range(30):
        _, script = asked(RESET, surroundings=Surroundings(seed=seed))
        for number, wait in enumerate(script.time.slept):
            waits[number].add(wait)
    for number, seen in waits.items():
        most = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2**number)
        assert 0 <= min(seen) < most / 4
        assert most * 3 / 4 < max(seen) <= most


def test_the_same_seed_waits_the_same() -> None:
    one, other = (asked(RESET, surroundings=Surroundings(seed=4))[1] for _ in range(2))
    assert one.time.slept == other.time.slept


def test_a_request_is_given_up_when_its_time_is_over() -> None:
    slow = answered(503, b"", {"retry-after": str(LEAST_TOTAL / 2 + 1)})
    sample, script = asked(slow, timeout=1.0)
    assert (sample.attempts, len(script.sent)) == (2, 2)
    assert script.time.now < 1000 + LEAST_TOTAL
    assert sample.error is not None
    assert "given up: the next attempt would come after 150 s in all" in sample.error.message


def test_an_attempt_that_the_budget_does_not_allow_is_not_made() -> None:
    allowed = iter([True, False])
    sample, script = asked(RESET, surroundings=Surroundings(another=lambda: next(allowed)))
    assert (sample.attempts, len(script.sent)) == (2, 2)
    assert sample.error is not None
    assert sample.error.kind is ErrorKind.CONNECTION


def test_the_budget_is_not_asked_where_no_further_attempt_follows() -> None:
    def never() -> bool:
        raise AssertionError

    for entry in (answered(), answered(401, b"")):
        asked(entry, surroundings=Surroundings(another=never))


# ---------------------------------------------------------------- limits


def _many(script: Script, number: int, **fields: Any) -> list[Sample]:
    provider = http_provider(
        Chat(URL),
        snapshot(**fields),
        Surroundings(),
        secrets(),
        transport=script,
        clock=script.time.clock,
    )
    return run(script.time.run(*(provider.answer(question(n)) for n in range(number))))


def test_no_more_requests_run_at_a_time_than_the_snapshot_says() -> None:
    script = Script([answered()], seconds=1.0)
    _many(script, 40, concurrency=7)
    assert script.most_under_way == 7


def test_what_one_request_is_told_holds_for_all() -> None:
    script = Script([LIMITED, answered()], seconds=1.0)
    samples = _many(script, 5, concurrency=2)
    assert all(sample.output == "yes" for sample in samples)
    assert not [moment for moment in script.moments if 1001 <= moment < 1008]


def test_headers_that_say_nothing_is_left_hold_all() -> None:
    spent = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m0s"}
    script = Script([answered(headers=spent), answered()], seconds=1.0)
    _many(script, 3, concurrency=1)
    assert script.moments == [1000.0, 1061.0, 1062.0]


class Strict(Chat):
    """A wire format that finds the snapshot itself at fault."""

    def read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        """Refuse whatever comes."""
        raise SnapshotError(f"{request.arm}.model", f"HTTP {response.status}")


def test_a_snapshot_at_fault_leaves_the_gate_open() -> None:
    async def work() -> None:
        provider = http_provider(
            Strict(URL),
            snapshot(concurrency=1),
            Surroundings(),
            secrets(),
            transport=Script([RESET, answered()]),
        )
        for _ in range(3):
            with pytest.raises(SnapshotError, match=r"baseline\.model: HTTP 200"):
                await provider.answer(question())

    run(work())


def test_a_provider_that_was_never_asked_closes_too() -> None:
    run(http_provider(Chat(URL), snapshot(), Surroundings(), secrets()).close())


def test_two_providers_may_share_a_limiter() -> None:
    time = Time()
    limiter = Limiter(1, clock=time.clock)
    script = Script([answered()], time=time, seconds=1.0)
    providers = [
        http_provider(
            Chat(URL),
            snapshot(),
            Surroundings(),
            secrets(),
            transport=script,
            limiter=limiter,
            clock=time.clock,
        )
        for _ in range(2)
    ]
    run(time.run(*(provider.answer(question()) for provider in providers)))
    assert script.moments == [1000.0, 1001.0]


# ---------------------------------------------------------------- secrets and strangers


@pytest.mark.parametrize(
    "entry",
    [
        answered(401, {"error": {"message": f"bad key {KEY}"}}),
        answered(500, f"no JSON: {KEY}".encode()),
        answered(401, b"", {"x-request-id": KEY}),
        answered(302, b"", {"location": f"https://x.test/?{KEY}"}),
        answered(200, f"no JSON: {KEY}".encode()),
        answered(200, {"model": KEY, "choices": [{"message": {"content": f"You sent {KEY}"}}]}),
        answered(
            200,
            b'{"choices": [{"message": {"content": "You sent ' + KEY.replace("/", "\\/").encode()
            + b'"}}]}',
        ),
        answered(200, headers={"x-request-id": KEY}),
        WireError(ErrorKind.OTHER, f"illegal header {KEY}"),
    ],
)  # fmt: skip
def test_no_secret_comes_back(entry: HttpResponse | WireError) -> None:
    sample, _ = asked(entry)
    assert KEY not in repr(sample)


class Copying(Chat):
    """A wire format that keeps the whole answer beside the sample."""

    def read(self, request: Request, response: HttpResponse) -> Sample | Failure:
        """Return a sample with everything that came."""
        return Sample("c", request.arm, output="", extra={"all": response.json()})


def test_no_secret_comes_back_in_what_a_format_keeps() -> None:
    written = KEY.replace("/", "\\/")
    body = f'{{"{written}": [1, null, "{written}"], "n": 2}}'.encode()
    provider = http_provider(
        Copying(URL), snapshot(), Surroundings(), secrets(), transport=Script([answered(200, body)])
    )
    sample = run(provider.answer(question()))
    assert sample.extra == {"all": {REDACTED: [1, None, REDACTED], "n": 2}}


def test_a_model_that_nobody_expects_ends_it() -> None:
    with pytest.raises(ProviderError, match="expected_model is 'm-2024', and 'm' answered"):
        asked(answered(), expected_model="m-2024")


def test_an_endpoint_that_does_not_say_who_answers_cannot_be_held_to_a_model() -> None:
    unnamed = answered(body={"choices": [{"message": {"content": "yes"}}]})
    with pytest.raises(ProviderError, match="does not say which model"):
        asked(unnamed, expected_model="m")
    assert asked(unnamed)[0].model is None


def test_a_blocked_answer_need_not_say_who_answers() -> None:
    blocked = answered(body={"choices": [{"message": {"content": ""}}]})
    assert asked(blocked, expected_model="m")[0].output == ""


def test_an_error_page_that_a_format_cannot_read_is_still_told_by_its_status() -> None:
    page = answered(403, b"<html>no</html>")
    provider = http_provider(
        Copying(URL), snapshot(), Surroundings(), secrets(), transport=Script([page])
    )
    sample = run(provider.answer(question()))
    assert sample.error == SampleError(ErrorKind.DENIED, "HTTP 403: <html>no</html>")


def test_the_expected_model_passes() -> None:
    assert asked(answered(), expected_model="m")[0].model == "m"


# ---------------------------------------------------------------- a real server that fails


async def _answers(
    server: Running, library: str, *, number: int, workers: int = 32, **fields: Any
) -> list[Sample]:
    settings: Snapshot = snapshot(concurrency=workers, **fields)
    provider = http_provider(
        Chat(server.url + server.path, str(settings.model)),
        settings,
        Surroundings({CHOICE: library}, seed=1),
        secrets(),
    )
    numbers = iter(range(number))
    found: list[Sample] = []

    async def work(mine: Iterator[int]) -> None:
        for n in mine:
            sample = await provider.answer(question(n))
            found.append(sample)

    try:
        await asyncio.gather(*(work(numbers) for _ in range(workers)))
    finally:
        await provider.close()
    return found


def test_every_request_is_answered_whatever_the_server_does(library: str) -> None:
    dials = Dials(
        seed=7,
        limited=0.10,
        retry_after=0.05,
        errors=0.05,
        resets=0.03,
        truncated=0.03,
        drips=0.02,
        drip_seconds=0.1,
    )
    with fault_server(dials) as server:
        samples = run(_answers(server, library, number=400), seconds=120)
        log = server.log()
    assert [sample.error for sample in samples if sample.error] == []
    assert {sample.output for sample in samples} == {f"echo: Question {n}?" for n in range(400)}
    assert {line["did"] for line in log} == {"ok", "429", "500", "reset", "truncated", "drip"}
    assert sum(sample.attempts or 0 for sample in samples) == len(log)
    by_body: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in log:
        by_body[line["body"]].append(line)
    for lines in by_body.values():
        # What was answered is the last that was sent, and nothing came before its time.
        assert [line["did"] in {"ok", "drip"} for line in lines].index(True) == len(lines) - 1
        for told, following in pairwise(lines):
            assert following["time"] - told["time"] >= (told["retry_after"] or 0.0)


@pytest.mark.parametrize(
    ("fault", "kind", "attempts"),
    [("401", ErrorKind.DENIED, 1), ("quota", ErrorKind.QUOTA, 1)],
)
def test_a_fault_that_stays_is_named_at_once(
    library: str, fault: str, kind: ErrorKind, attempts: int
) -> None:
    with fault_server(Dials(sticky=f"m={fault}")) as server:
        samples = run(_answers(server, library, number=4))
        assert len(server.log()) == 4 * attempts
    for sample in samples:
        assert sample.error is not None
        assert (sample.error.kind, sample.attempts) == (kind, attempts)


def test_a_fault_of_one_model_leaves_another_alone(library: str) -> None:
    with fault_server(Dials(sticky="other=500")) as server:
        samples = run(_answers(server, library, number=4))
    assert [sample.error for sample in samples] == [None] * 4


def test_a_request_that_is_called_off_leaves_the_provider_working(library: str) -> None:
    async def work(server: Running) -> None:
        provider = http_provider(
            Chat(server.url + server.path),
            snapshot(concurrency=1),
            Surroundings({CHOICE: library}),
            secrets(),
        )
        try:
            asking = [asyncio.create_task(provider.answer(question(n))) for n in range(3)]
            await until(lambda: bool(server.log()))
            asking[0].cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking[0]
            found = await asyncio.gather(*asking[1:])
            assert [sample.output for sample in found] == [f"echo: Question {n}?" for n in (1, 2)]
        finally:
            await provider.close()

    with fault_server(Dials(latency=0.2)) as server:
        run(work(server))


def test_a_drip_that_outlasts_the_timeout_is_a_timeout(library: str) -> None:
    allowed = iter([True, False])

    async def work(server: Running) -> Sample:
        provider = http_provider(
            Chat(server.url + server.path),
            snapshot(timeout=0.3),
            Surroundings({CHOICE: library}, another=lambda: next(allowed)),
            secrets(),
        )
        try:
            return await provider.answer(question())
        finally:
            await provider.close()

    with fault_server(Dials(drips=1.0, drip_seconds=60.0)) as server:
        sample = run(work(server))
    assert sample.error is not None
    assert (sample.error.kind, sample.attempts) == (ErrorKind.TIMEOUT, 2)
