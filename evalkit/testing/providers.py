"""Conformance of providers over HTTP: each check returns a sentence about the fault, or nothing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

from evalkit.core.errors import ProviderError, SnapshotError
from evalkit.core.model import ErrorKind, Snapshot
from evalkit.files.json_text import JsonTextError, parse_json
from evalkit.testing import any_provider
from evalkit.testing.any_provider import SHORT, cancelled
from evalkit.testing.checking import (
    FaultError,
    check,
    expect,
    good,
    leaving_nothing_open,
    opened,
    other_tasks,
    outcome,
    question,
    ran,
    sample_in,
    until,
)
from evalkit.testing.http_subject import (
    KEY,
    SECRET,
    HttpSubject,
    Told,
    answer_at,
    answer_to,
    surroundings_of,
)
from evalkit.testing.scorers import HOSTILE_OUTPUTS
from evalkit.testing.server import Heard, Reply, ScriptedServer, scripted

WAIT = 1
"""Seconds that a Retry-After asks for: the least that every form of it can say."""

HOSTILE_BODIES: Mapping[str, bytes] = MappingProxyType(
    {
        "empty": b"",
        "null": b"null",
        "a text": b'"text"',
        "a list": b"[]",
        "an object of nothing": b"{}",
        "an object of something else": b'{"status": "ok", "items": [1, 2]}',
        "markup": b"<html><body>502 Bad Gateway</body></html>",
        "no UTF-8": b'\xff\xfe{"a": "\xc3\x28"}',
        "not a number": b'{"a": NaN}',
        "deep": b"[" * 100_000,
    }
)
"""Bodies of a success that hold no answer, as proxies and broken servers have sent them."""

_SAMPLING = (
    "temperature", "top_p", "top_k", "min_p", "seed", "max_tokens", "max_completion_tokens",
    "max_output_tokens", "frequency_penalty", "presence_penalty", "stop", "stop_sequences",
    "logprobs", "n", "candidate_count", "reasoning_effort",
)  # fmt: skip
_SPELLED = {name.replace("_", "") for name in _SAMPLING}


def _failure(
    subject: HttpSubject, reply: Reply, kind: ErrorKind, what: str, *, another: bool = False
) -> None:
    """Hold one reply to being one failure of a kind, after one request."""
    found, server = answer_to(subject, [reply], another=another)
    sample = sample_in(found, f"{what}: ")
    error = sample.error
    expect(error is not None, f"{what} is taken for the answer {sample.output!r}")
    expect(error is not None and error.kind is kind, f"{what}: expected {kind}, found {error!r}")
    why = "must not be repeated" if another else "nobody allowed another attempt"
    expect(len(server.heard) == 1, f"{what}: asked {len(server.heard)} times, and {why}")


# ---------------------------------------------------------------- failures


@check
def timeout_fault(subject: HttpSubject) -> None:
    """``timeout`` covers an attempt to its last byte."""
    whole = subject.reply()
    silent = Reply(hangs=True)
    broken_off = replace(whole, hangs=True, says=len(whole.body) // 2)
    for what, reply in {"silence": silent, "half an answer": broken_off}.items():
        found, server = answer_to(subject, [reply], another=False, timeout=SHORT)
        sample = sample_in(found, f"{what} until the time is out: ")
        error = sample.error
        expect(
            error is not None and error.kind is ErrorKind.TIMEOUT,
            f"{what} until the time is out: expected the failure timeout, found {sample}",
        )
        expect(len(server.heard) == 1, f"{what}: asked again, and nobody allowed another attempt")


@check
def rate_limit_fault(subject: HttpSubject) -> None:
    """A 429 is repeated, and not before its ``Retry-After``."""
    slower = {"error": {"message": "Rate limit reached for requests per min", "code": "429"}}
    limited = Reply(429, json.dumps(slower).encode(), {"retry-after": str(WAIT)})
    _failure(subject, limited, ErrorKind.RATE_LIMITED, "a 429")
    found, server = answer_to(subject, [limited, subject.reply()])
    sample = good(found, "a 429 and then an answer: ")
    heard = [request.moment for request in server.heard]
    expect(len(heard) == 2, f"a 429 and then an answer: asked {len(heard)} times, expected 2")
    gap = min(later - earlier for earlier, later in pairwise(heard))
    expect(gap > WAIT - 0.01, f"asked again after {gap:.2f} s, and Retry-After was {WAIT} s")
    expect(sample.attempts == 2, f"attempts are {sample.attempts} where 2 were made")
    took = sample.latency_ms or 0.0
    expect(
        took < 1000 * gap, f"latency_ms is {took:.0f} and holds what was waited between attempts"
    )


@check
def server_error_fault(subject: HttpSubject) -> None:
    """What may pass is repeated, and counted."""
    down = Reply(503, b'{"error": {"message": "The server is overloaded"}}')
    _failure(subject, replace(down, status=500), ErrorKind.SERVER, "a 500")
    for status in (500, 503):
        found, server = answer_to(subject, [replace(down, status=status), subject.reply()])
        sample = good(found, f"a {status} and then an answer: ")
        count = len(server.heard)
        expect(count == 2, f"a {status} and then an answer: asked {count} times, expected 2")
        expect(sample.attempts == 2, f"attempts are {sample.attempts} where 2 were made")


@check
def denial_fault(subject: HttpSubject) -> None:
    """A key that is refused is refused for good: the arm ends."""
    denied = Reply(401, b'{"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}')
    _failure(subject, denied, ErrorKind.DENIED, "a 401", another=True)


@check
def malformed_fault(subject: HttpSubject) -> None:
    """A success that holds no answer is a failure: never an answer, never the end of a run."""
    whole = subject.reply().body
    bodies = {"cut off": whole[: len(whole) // 2], **HOSTILE_BODIES}
    for name, body in bodies.items():
        _failure(subject, Reply(body=body), ErrorKind.MALFORMED, f"a body that is {name}")


# ---------------------------------------------------------------- answers


@check
def empty_text_fault(subject: HttpSubject) -> None:
    """Nothing said is an answer, which scorers judge."""
    found, server = answer_to(subject, [subject.reply(Told(text=""))])
    sample = good(found, "an empty text: ")
    expect(sample.output == "", f"an empty text is {sample.output!r}")
    expect(len(server.heard) == 1, "an empty text is asked for again")


@check
def usage_fault(subject: HttpSubject) -> None:
    """Tokens are those that were told; untold is unknown and not 0."""
    told, _ = answer_to(subject, [subject.reply(Told(input_tokens=7, output_tokens=3))])
    sample = good(told)
    counts = (sample.input_tokens, sample.output_tokens)
    expect(counts == (7, 3), f"of 7 tokens in and 3 out were read {counts}")
    untold, _ = answer_to(subject, [subject.reply(Told(input_tokens=None, output_tokens=None))])
    sample = good(untold, "an answer without usage: ")
    counts = (sample.input_tokens, sample.output_tokens)
    expect(counts == (None, None), f"tokens that nobody told are {counts}, expected None")


@check
def refusal_fault(subject: HttpSubject) -> None:
    """A refusal of the endpoint's own is an answer: neither a failure nor asked for again."""
    for number, reply in enumerate(subject.refusals):
        what = f"refusal {number}: "
        found, server = answer_to(subject, [reply])
        sample = good(found, what)
        expect(sample.refusal is not None, f"{what}refusal is None, expected its text or ''")
        expect(len(server.heard) == 1, f"{what}asked for again")


@check
def objection_fault(subject: HttpSubject) -> None:
    """A parameter that the endpoint refuses ends the run with its key, at the first request."""
    if subject.objection is None:
        return
    with scripted([subject.objection]) as server:
        found = answer_at(subject, server, change=_warmed)
    if not isinstance(found, SnapshotError):
        raise FaultError(f"a parameter is refused: expected a SnapshotError, found {found!r}")
    wanted = "candidate.params.temperature"
    expect(found.key == wanted, f"the key at fault is {found.key!r}, expected {wanted!r}")
    expect(len(server.heard) == 1, "a parameter is refused, and sent again")


@check
def hostile_text_fault(subject: HttpSubject) -> None:
    """What a model says is carried as it is, whatever it is."""
    for name, text in HOSTILE_OUTPUTS.items():
        found, _ = answer_to(subject, [subject.reply(Told(text=text))])
        sample = good(found, f"a text that is {name}: ")
        same = sample.output == text
        expect(same, f"a text that is {name} became {(sample.output or '')[:80]!r}")


@check
def served_model_fault(subject: HttpSubject) -> None:
    """Who answered is who says so, not who was asked."""
    found, _ = answer_to(subject, [subject.reply(Told(model=None))])
    sample = good(found, "an answer that names no model: ")
    expect(sample.model is None, f"nobody said who answered, and model is {sample.model!r}")
    if not subject.tells_model:
        return
    found, server = answer_to(subject, [subject.reply(Told(model="served-2026-01-01"))])
    sample = good(found)
    expect(sample.model == "served-2026-01-01", f"the served model is read as {sample.model!r}")
    wanted = subject.snapshot(server.url).model
    asked = sample.model_requested
    expect(asked == wanted, f"model_requested is {asked!r}, and {wanted!r} was asked")
    found, _ = answer_to(subject, [subject.reply()], expected_model="held-to-2025-01-01")
    ended = isinstance(found, ProviderError)
    expect(ended, f"another model than expected_model answered, and the run goes on: {found!r}")


# ---------------------------------------------------------------- what is sent


@check
def sent_fault(subject: HttpSubject) -> None:
    """What is asked arrives; sampling parameters only because somebody gave them."""
    with scripted([subject.reply()]) as server:
        snapshot = subject.snapshot(server.url)
        good(answer_at(subject, server))
        good(answer_at(subject, server, change=_warmed))
        good(answer_at(subject, server, change=_schemed))
    plain, warm, schemed = server.heard
    expect(
        _said(question().case.input, plain), f"the question is not in what is sent: {plain.text}"
    )
    given = {name.replace("_", "").lower() for name in snapshot.params}
    extra = sorted({name for name in _keys_of(plain) if _spelling(name) in _SPELLED - given})
    expect(not extra, f"sent, and nobody gave it: {', '.join(extra)}")
    expect("0.125" in warm.text, f"temperature: 0.125 was given, and is not sent: {warm.text}")
    told = subject.plugin.structured(_schemed(snapshot))
    there = "marked_field" in schemed.text
    expect(
        there is told,
        f"structured says {told}, and the response schema is {'' if there else 'not '}sent",
    )


def _warmed(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, params={**snapshot.params, "temperature": 0.125})


def _schemed(snapshot: Snapshot) -> Snapshot:
    schema = {
        "type": "object",
        "properties": {"marked_field": {"type": "string"}},
        "required": ["marked_field"],
        "additionalProperties": False,
    }
    return replace(snapshot, response_schema=json.dumps(schema))


def _said(text: object, heard: Heard) -> bool:
    return str(text) in heard.text or str(text).replace(" ", "%20") in heard.target


def _spelling(name: str) -> str:
    return name.replace("_", "").lower()


def _keys_of(heard: Heard) -> Iterator[str]:
    """Yield every key of a request, wherever it stands."""
    yield from re.findall(r"[?&]([^=&]+)=", heard.target)
    try:
        level = [parse_json(heard.body.decode())]
    except (JsonTextError, UnicodeDecodeError):
        return
    while level:
        value = level.pop()
        if isinstance(value, dict):
            yield from value
            level += value.values()
        elif isinstance(value, list):
            level += value


@check
def secret_fault(subject: HttpSubject) -> None:
    """A key is sent, and comes back in nothing: not where an endpoint repeats it either."""
    escaped = subject.reply(Told(text=SECRET, model=SECRET), **{"x-request-id": SECRET})
    escaped = replace(escaped, body=escaped.body.replace(b"/", b"\\/"))
    error = json.dumps({"error": {"message": f"no such key: {SECRET}", "code": SECRET}}).encode()
    replies = {
        "an answer": subject.reply(Told(text=SECRET, model=SECRET), **{"x-request-id": SECRET}),
        "an answer, escaped": escaped,
        "a body that is no JSON": Reply(body=SECRET.encode()),
        "a redirect": Reply(302, b"", {"location": f"http://127.0.0.1/{SECRET}"}),
        **{f"a {status}": Reply(status, error) for status in (400, 401, 404, 429, 500)},
    }
    for what, reply in replies.items():
        found, server = answer_to(subject, [reply], another=False)
        for heard in server.heard:
            sent = SECRET in f"{heard.text} {' '.join(heard.headers.values())}"
            expect(sent or not subject.keyed, f"the key of {KEY} is not sent; keyed=False says so")
        cause = getattr(found, "__cause__", None)
        expect(
            SECRET not in f"{found!r} {found} {cause!r}", f"{what} that repeats the key shows it"
        )

    async def identity() -> str:
        snapshot = subject.snapshot("http://127.0.0.1:9")
        async with opened(subject.plugin, snapshot, surroundings_of()) as provider:
            return provider.identity(question())

    expect(SECRET not in ran(identity()), "the identity of a request holds the key")


# ---------------------------------------------------------------- endings


@check
def cancellation_fault(subject: HttpSubject) -> None:
    """A request that is given up is given up at the endpoint too, and others go on."""
    with leaving_nothing_open(), scripted([Reply(hangs=True), subject.reply()]) as server:
        ran(_cancelled(subject, server))


async def _cancelled(subject: HttpSubject, server: ScriptedServer) -> None:
    snapshot = replace(subject.snapshot(server.url), concurrency=1)
    async with opened(subject.plugin, snapshot, surroundings_of()) as provider:
        asking = asyncio.create_task(provider.answer(question()))
        await until(lambda: bool(server.heard) or asking.done())
        expect(server.heard, "nothing is sent")
        expect(not asking.done(), "an answer that does not come is not waited for")
        await cancelled(asking)
        gone = await until(lambda: not server.open)
        expect(gone, "a request that was cancelled is still under way at the endpoint")
        good(await outcome(provider, question(1)), "after another was cancelled: ")
    gone = await until(lambda: not server.open)
    expect(gone, f"{server.open} connections are open after close()")
    expect(await until(lambda: not other_tasks()), f"tasks run after close(): {other_tasks()}")


# ---------------------------------------------------------------- all of them


def _of_any(name: str) -> Callable[[HttpSubject], str | None]:
    """Return a check of any provider, run at a server that answers."""

    def fault(subject: HttpSubject) -> str | None:
        with scripted([subject.reply()]) as server:
            plain = any_provider.Subject(
                subject.plugin, subject.snapshot(server.url), surroundings=surroundings_of()
            )
            return any_provider.CHECKS[name](plain)

    return fault


CHECKS: Mapping[str, Callable[[HttpSubject], str | None]] = MappingProxyType(
    {
        **{
            name: _of_any(name)
            for name in any_provider.CHECKS
            if name not in {"time limit", "giving up"}
        },
        "timeout": timeout_fault,
        "rate limit": rate_limit_fault,
        "server error": server_error_fault,
        "denial": denial_fault,
        "malformed": malformed_fault,
        "empty text": empty_text_fault,
        "usage": usage_fault,
        "refusal": refusal_fault,
        "objection": objection_fault,
        "hostile text": hostile_text_fault,
        "served model": served_model_fault,
        "sent": sent_fault,
        "secret": secret_fault,
        "cancellation": cancellation_fault,
    }
)
"""The checks of every provider over HTTP, by name."""

__all__ = ["CHECKS", "KEY", "SECRET", "HttpSubject", "Reply", "Told"]
