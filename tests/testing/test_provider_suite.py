"""The suite for providers finds what it is there to find: one broken provider, or more, a check."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import pytest

from evalkit.core.errors import Place, SnapshotError
from evalkit.core.model import Arm, ErrorKind, Sample, SampleError, Snapshot
from evalkit.core.ports import Lack, Provider, ProviderPlugin, Recording, Request, Surroundings
from evalkit.core.registry import PROVIDERS
from evalkit.testing import any_provider, providers
from evalkit.testing.any_provider import RecordedSubject, Subject
from evalkit.testing.providers import KEY, HttpSubject
from tests.contract.subjects import openai, recorded, snapshot

Asked: TypeAlias = Callable[[Request], Awaitable[Sample]]
Change: TypeAlias = Callable[[Asked, Request], Awaitable[Sample]]
Again: TypeAlias = Callable[[Arm, Snapshot, Surroundings], Provider]
OPENED: Again = openai.plugin.open  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Altered:
    """A good provider of which one thing is broken."""

    inner: Provider
    change: Change

    def identity(self, request: Request) -> str:
        """Return what the good one returns."""
        return self.inner.identity(request)

    async def answer(self, request: Request) -> Sample:
        """Return what the change makes of it."""
        return await self.change(self.inner.answer, request)

    async def close(self) -> None:
        """Close the good one."""
        await self.inner.close()


def opening(opened: Again) -> HttpSubject:
    """Return the subject whose provider is opened so."""
    return replace(openai, plugin=replace(openai.plugin, open=opened))


def answering(change: Change) -> HttpSubject:
    """Return the subject whose provider answers so."""
    return opening(lambda *given: Altered(OPENED(*given), change))


def reading(change: Callable[[Sample], Sample]) -> HttpSubject:
    """Return the subject whose provider reads its answers so."""

    async def changed(ask: Asked, request: Request) -> Sample:
        return change(await ask(request))

    return answering(changed)


def kinds(wrong: ErrorKind) -> Callable[[Sample], Sample]:
    """Return the change that calls every failure by one name."""
    return lambda sample: (
        sample if sample.error is None else replace(sample, error=SampleError(wrong, "failed"))
    )


# ---------------------------------------------------------------- broken in answering


async def stubborn(ask: Asked, request: Request) -> Sample:
    """Ask again whatever failed, whoever allows it."""
    first = await ask(request)
    return first if first.error is None else await ask(request)


async def uncancelled(ask: Asked, request: Request) -> Sample:
    """Let the request go on when whoever asked has left."""
    going_on = asyncio.ensure_future(ask(request))
    LEFT_BEHIND.append(going_on)
    return await asyncio.shield(going_on)


async def unmoved(ask: Asked, request: Request) -> Sample:
    """Answer although the request was cancelled."""
    try:
        return await ask(request)
    except asyncio.CancelledError:
        return Sample(request.case.id, request.arm, request.index, output="", attempts=1)


async def at_ease(ask: Asked, request: Request) -> Sample:
    """Take what the endpoint refuses of the snapshot for the failure of one request."""
    try:
        return await ask(request)
    except SnapshotError as error:
        kind = SampleError(ErrorKind.OTHER, str(error))
        return Sample(request.case.id, request.arm, request.index, error=kind, attempts=1)


async def squeamish(ask: Asked, request: Request) -> Sample:
    """Raise at a control character."""
    if "\x00" in str(request.case.input):
        raise ValueError("embedded null character")
    return await ask(request)


async def mixed_up(ask: Asked, request: Request) -> Sample:
    """Give every answer to the first case."""
    return replace(await ask(request), case_id="case-0")


LEFT_BEHIND: list[asyncio.Future[Sample]] = []
STOP = threading.Event()


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    """End what the broken leave behind."""
    STOP.clear()
    yield
    STOP.set()
    LEFT_BEHIND.clear()


# ---------------------------------------------------------------- broken in opening


def hasty(arm: Arm, given: Snapshot, around: Surroundings) -> Provider:
    """Ask again at once: each attempt knows nothing of the one before."""

    async def twice(_: Asked, request: Request) -> Sample:
        found, attempts = Sample(request.case.id, request.arm), 0
        while attempts < 2:
            attempts += 1
            alone = replace(around, shared={}, another=lambda: False)
            inner = OPENED(arm, given, alone)
            found = replace(await inner.answer(request), attempts=attempts)
            await inner.close()
            if found.error is None or not around.another():
                break
        return found

    return Altered(OPENED(arm, given, around), twice)


def timid(arm: Arm, given: Snapshot, around: Surroundings) -> Provider:
    """Ask once, and never again."""
    return OPENED(arm, given, replace(around, another=lambda: False))


def warm(arm: Arm, given: Snapshot, around: Surroundings) -> Provider:
    """Send a temperature of its own."""
    return OPENED(arm, replace(given, params={"temperature": 0, **given.params}), around)


def cold(arm: Arm, given: Snapshot, around: Surroundings) -> Provider:
    """Send no parameter at all."""
    return OPENED(arm, replace(given, params={}), around)


def talkative(arm: Arm, given: Snapshot, around: Surroundings) -> Provider:
    """Tell the key with every failure."""

    async def told(ask: Asked, request: Request) -> Sample:
        found = await ask(request)
        if found.error is None:
            return found
        return replace(found, error=replace(found.error, message=around.environment[KEY]))

    return Altered(OPENED(arm, given, around), told)


def keyless(arm: Arm, given: Snapshot, around: Surroundings) -> Provider:
    """Ask without the key."""
    options = replace(given.options, api_key=None)  # type: ignore[type-var]
    return OPENED(arm, replace(given, options=options), around)


def threaded(arm: Arm, given: Snapshot, around: Surroundings) -> Provider:
    """Start a thread that nobody ends."""
    threading.Thread(target=STOP.wait, args=(60,), daemon=True).start()
    return OPENED(arm, given, around)


@dataclass(frozen=True, slots=True)
class OneIdentity(Altered):
    """Takes every question of a case for the same one."""

    def identity(self, request: Request) -> str:
        """Return the same for all that its case may ask."""
        return request.case.id


@dataclass(frozen=True, slots=True)
class DrawnIdentity(Altered):
    """Takes the number of a draw for a part of the request."""

    def identity(self, request: Request) -> str:
        """Return another for each draw."""
        return f"{request.index} {self.inner.identity(request)}"


async def plainly(ask: Asked, request: Request) -> Sample:
    """Ask, and change nothing."""
    return await ask(request)


def without(what: str) -> HttpSubject:
    """Return the subject that declares something else than it is."""
    wrong = {
        "name": {"name": "Open AI"},
        "doc": {"doc": "A provider."},
        "lacks": {"lacks": lambda _: ()},
        "lacks too much": {"lacks": lambda _: [Lack("model", "give it another")]},
        "structured": {"structured": lambda _: False},
    }[what]
    return replace(openai, plugin=replace(openai.plugin, **wrong))  # type: ignore[arg-type]


BROKEN: list[tuple[str, HttpSubject, str]] = [
    ("declaration", without("name"), "a name is small letters"),
    ("declaration", without("doc"), "doc says nothing"),
    ("lacks", without("lacks"), "a vendor is asked without a model"),
    ("lacks", without("lacks too much"), "a snapshot that gets answers is said to lack"),
    ("answer", answering(mixed_up), "says it is of ('case-0', "),
    ("answer", reading(lambda one: replace(one, latency_ms=None)), "latency_ms is None"),
    ("answer", reading(lambda one: replace(one, attempts=None)), "attempts are None"),
    ("identity", opening(lambda *a: OneIdentity(OPENED(*a), plainly)), "two questions have one"),
    ("identity", opening(lambda *a: DrawnIdentity(OPENED(*a), plainly)), "the number of the draw"),
    ("hostile question", answering(squeamish), "ValueError('embedded null character') was raised"),
    ("closing", opening(threaded), "threads run after close(): ['Thread-"),
    ("timeout", reading(kinds(ErrorKind.CONNECTION)), "silence until the time is out: expected"),
    ("timeout", answering(stubborn), "silence: asked again, and nobody allowed another attempt"),
    ("rate limit", opening(hasty), "and Retry-After was 1 s"),
    ("rate limit", reading(lambda one: replace(one, attempts=1)), "attempts are 1 where 2 were"),
    ("rate limit", reading(lambda one: replace(one, latency_ms=9e9)), "what was waited between"),
    ("rate limit", reading(kinds(ErrorKind.SERVER)), "a 429: expected rate_limited"),
    ("server error", opening(timid), "a 500 and then an answer: expected an answer, found"),
    ("server error", answering(stubborn), "asked 2 times, and nobody allowed another attempt"),
    ("denial", answering(stubborn), "a 401: asked 2 times, and must not be repeated"),
    ("denial", reading(kinds(ErrorKind.OTHER)), "a 401: expected denied"),
    ("malformed", reading(lambda one: replace(one, error=None, output="")), "taken for the answer"),
    ("malformed", reading(kinds(ErrorKind.OTHER)), "a body that is cut off: expected malformed"),
    (
        "empty text",
        reading(lambda one: one if one.output else replace(one, output=None)),
        "an empty text is None",
    ),
    (
        "usage",
        reading(lambda one: replace(one, input_tokens=one.input_tokens or 0)),
        "tokens that nobody told are (0, None)",
    ),
    ("usage", reading(lambda one: replace(one, output_tokens=None)), "3 out were read (7, None)"),
    ("refusal", reading(lambda one: replace(one, refusal=None)), "refusal 0: refusal is None"),
    (
        "refusal",
        reading(lambda one: replace(one, error=SampleError(ErrorKind.OTHER, "declined"))),
        "refusal 0: expected an answer, found the failure",
    ),
    ("objection", answering(at_ease), "a parameter is refused: expected a SnapshotError"),
    (
        "hostile text",
        reading(lambda one: replace(one, output=(one.output or "").strip())),
        "a text that is blank became ''",
    ),
    (
        "served model",
        reading(lambda one: replace(one, model="asked-1")),
        "nobody said who answered",
    ),
    ("served model", reading(lambda one: replace(one, model=None)), "the served model is read as"),
    (
        "served model",
        opening(lambda arm, one, around: OPENED(arm, replace(one, expected_model=None), around)),
        "another model than expected_model answered, and the run goes on",
    ),
    ("sent", opening(warm), "sent, and nobody gave it: temperature"),
    ("sent", opening(cold), "temperature: 0.125 was given, and is not sent"),
    ("sent", without("structured"), "structured says False, and the response schema is sent"),
    ("secret", opening(talkative), "a body that is no JSON that repeats the key shows it"),
    ("secret", opening(keyless), "the key of EVALKIT_TEST_KEY is not sent"),
    ("cancellation", answering(uncancelled), "is still under way at the endpoint"),
    ("cancellation", answering(unmoved), "does not pass the cancellation on"),
]


@pytest.mark.parametrize(
    ("check", "subject", "fault"), BROKEN, ids=[f"{name}: {said}" for name, _, said in BROKEN]
)
def test_what_is_broken_over_http_is_found(check: str, subject: HttpSubject, fault: str) -> None:
    found = providers.CHECKS[check](subject)
    assert found is not None
    assert found.startswith(f"{subject.plugin.name}: ")
    assert fault in found


def test_every_check_over_http_was_seen_to_fail() -> None:
    assert {name for name, _, _ in BROKEN} == set(providers.CHECKS)


# ---------------------------------------------------------------- without HTTP


SIMULATED = PROVIDERS.get("simulated")


def simulated(change: Change) -> Subject:
    """Return the simulated model with a change in how it answers."""
    before: Again = SIMULATED.open  # type: ignore[assignment]
    plugin = replace(SIMULATED, open=lambda *given: Altered(before(*given), change))
    slow = snapshot("simulated", latency_ms=60_000.0, sleep=True)
    return Subject(plugin, snapshot("simulated"), slow)


async def late(ask: Asked, request: Request) -> Sample:
    """Call what came too late an answer."""
    return replace(await ask(request), error=None, output="late")


@pytest.mark.parametrize(
    ("check", "change", "fault"),
    [
        ("time limit", late, "an answer that takes longer than timeout: is Sample("),
        ("giving up", unmoved, "does not pass the cancellation on"),
        ("giving up", uncancelled, "tasks run after close()"),
    ],
)
def test_what_is_broken_without_http_is_found(check: str, change: Change, fault: str) -> None:
    subject = simulated(change)
    assert any_provider.CHECKS[check](simulated(plainly)) is None
    assert fault in (any_provider.CHECKS[check](subject) or "")


# ---------------------------------------------------------------- recordings


@dataclass(slots=True)
class Forgetful:
    """A recording that can be read once."""

    inner: Recording
    read: bool = False

    @property
    def source(self) -> str:
        """What it is called."""
        return self.inner.source

    @property
    def there(self) -> bool:
        """Whether there is anything."""
        return True

    def samples(self) -> Iterator[tuple[Sample, Place]]:
        """Yield the samples the first time."""
        if not self.read:
            yield from self.inner.samples()
        self.read = True


def test_a_recording_that_changes_is_found(tmp_path: Path) -> None:
    [subject] = recorded(tmp_path).values()
    before: Callable[..., Recording] = subject.plugin.open  # type: ignore[assignment]
    plugin: ProviderPlugin = replace(subject.plugin, open=lambda *given: Forgetful(before(*given)))
    found = any_provider.recording_fault(RecordedSubject(plugin, subject.snapshot))
    assert found == "replay: read twice, it holds two things"
