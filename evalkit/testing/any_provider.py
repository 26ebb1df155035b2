"""Conformance of providers, whatever they ask: each check returns a sentence about the fault, or nothing.

For those over HTTP see ``evalkit.testing.providers``, which runs these too.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace

from evalkit.core.errors import SpecError
from evalkit.core.model import Arm, ErrorKind, Sample, Snapshot
from evalkit.core.ports import Lack, ProviderPlugin, Recording, Surroundings
from evalkit.core.records import record_of, sample_of
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
from evalkit.testing.scorers import HOSTILE_OUTPUTS

AT_ONCE = 12
SHORT = 0.25
"""Seconds; the time limit under which a slow answer is waited for."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A provider plug-in, and a snapshot of it that gets answers.

    ``slow`` is one whose answers take a minute; without it, limits of time and cancellation are not
    looked at. ``surroundings`` hold what the snapshots need: keys, the root of code.
    """

    plugin: ProviderPlugin
    snapshot: Snapshot
    slow: Snapshot | None = None
    surroundings: Surroundings = field(default_factory=Surroundings)


@dataclass(frozen=True, slots=True)
class RecordedSubject:
    """A provider plug-in of answers that exist already, and a snapshot of it that has some."""

    plugin: ProviderPlugin
    snapshot: Snapshot


# ---------------------------------------------------------------- what is declared


@check
def declaration_fault(subject: Subject | RecordedSubject) -> None:
    """Name, documentation and options are what users see of a plug-in."""
    plugin = subject.plugin
    expect(re.fullmatch(r"[a-z][a-z0-9-]*", plugin.name), "a name is small letters, digits and -")
    expect(len(plugin.doc.strip()) > 30, "doc says nothing; it is what evalkit list shows")
    expect(is_dataclass(plugin.options), f"options are no dataclass: {plugin.options!r}")
    frozen = plugin.options.__dataclass_params__.frozen  # type: ignore[attr-defined]
    expect(frozen, "options are not frozen")
    text = inspect.getdoc(plugin.options) or ""
    listed = re.findall(r"^    (\w+): ", text.partition("Attributes:\n")[2], re.MULTILINE)
    names = [item.name for item in fields(plugin.options)]
    expect(listed == names, f"the docstring of the options lists {listed}, and they are {names}")


@check
def lacks_fault(subject: Subject | RecordedSubject) -> None:
    """What is missing is said by key and sentence before anybody is asked, and only then."""
    plugin, snapshot = subject.plugin, subject.snapshot
    said = list(plugin.lacks(snapshot))
    expect(not said, f"a snapshot that gets answers is said to lack {said}")
    for model in (None, "", "a-model"):
        for lack in plugin.lacks(replace(snapshot, model=model)):
            expect(isinstance(lack, Lack), f"expected a Lack, found {lack!r}")
            expect(re.fullmatch(r"[A-Za-z_][\w.-]*", lack.key), f"no key: {lack.key!r}")
            expect(lack.message.strip(), f"{lack.key} is lacking, and nothing says what to do")
    if plugin.vendor is not None:
        keys = {lack.key for lack in plugin.lacks(replace(snapshot, model=None))}
        expect("model" in keys, "a vendor is asked without a model, and nothing is lacking")


# ---------------------------------------------------------------- answers


@check
def answer_fault(subject: Subject) -> None:
    """Many are asked at a time, and each sample is that of its request."""
    ran(_many_at_once(subject))


async def _many_at_once(subject: Subject) -> None:
    requests = [question(number, index=number % 3) for number in range(AT_ONCE)]
    async with opened(subject.plugin, subject.snapshot, subject.surroundings) as provider:
        found = await asyncio.gather(*(outcome(provider, request) for request in requests))
    for request, one in zip(requests, found, strict=True):
        sample = good(one)
        own = (request.case.id, request.arm, request.index)
        other = (sample.case_id, sample.arm, sample.index)
        expect(own == other, f"the sample of {own} says it is of {other}")
        expect(isinstance(sample.output, str), f"an answer without text: {sample.output!r}")
        expect((sample.attempts or 0) >= 1, f"attempts are {sample.attempts!r}")
        took = sample.latency_ms
        expect(took is not None and took >= 0, f"latency_ms is {took!r}, and somebody waited")
        _survives(sample)


def _survives(sample: Sample) -> None:
    """A run keeps samples as lines of JSON; what comes back must be the same."""
    again = sample_of(json.loads(json.dumps(record_of(sample))), sample.arm)
    expect(again == sample, f"a sample is not what its line of JSON says: {sample}, {again}")


@check
def identity_fault(subject: Subject) -> None:
    """An answer is kept under everything that decides it, and under nothing else."""
    ran(_identities(subject))


async def _identities(subject: Subject) -> None:
    snapshot = subject.snapshot
    async with opened(subject.plugin, snapshot, subject.surroundings) as provider:
        first = provider.identity(question())
        expect(first == provider.identity(question()), "the identity of one request changes")
        expect(
            first == provider.identity(question(index=1)),
            "the identity hangs on the number of the draw, which is kept beside it",
        )
        expect(
            first != provider.identity(question(text="Another question?")),
            "two questions have one identity: one would be given the answer of the other",
        )
    other = replace(snapshot, model=f"{snapshot.model or 'a'}-2")
    async with opened(subject.plugin, other, subject.surroundings) as provider:
        expect(
            first != provider.identity(question()),
            "two models have one identity: one would be given the answers of the other",
        )


@check
def hostile_question_fault(subject: Subject) -> None:
    """Whatever a case asks, one sample comes of it."""
    ran(_hostile_questions(subject))


async def _hostile_questions(subject: Subject) -> None:
    async with opened(subject.plugin, subject.snapshot, subject.surroundings) as provider:
        for name, text in HOSTILE_OUTPUTS.items():
            asked = question(text=text)
            sample_in(await outcome(provider, asked), f"asked a text that is {name}: ")


# ---------------------------------------------------------------- endings


@check
def closing_fault(subject: Subject) -> None:
    """After ``close`` nothing runs and nothing is open."""
    before = set(threading.enumerate())
    with leaving_nothing_open():
        ran(_closed(subject, before))


async def _closed(subject: Subject, before: set[threading.Thread]) -> None:
    async with opened(subject.plugin, subject.snapshot, subject.surroundings):
        pass  # one that is never asked has something to close too, or nothing
    async with opened(subject.plugin, subject.snapshot, subject.surroundings) as provider:
        for number in range(3):
            good(await outcome(provider, question(number)))
    expect(await until(lambda: not other_tasks()), f"tasks run after close(): {other_tasks()}")

    def left() -> list[str]:
        # A pool of the event loop itself is ended with the loop.
        found = set(threading.enumerate()) - before
        return [thread.name for thread in found if not thread.name.startswith("asyncio_")]

    expect(await until(lambda: not left()), f"threads run after close(): {left()}")


@check
def time_limit_fault(subject: Subject) -> None:
    """No answer within ``timeout`` is a failure of that kind."""
    if subject.slow is not None:
        ran(_time_limit(subject, replace(subject.slow, timeout=SHORT)))


async def _time_limit(subject: Subject, slow: Snapshot) -> None:
    hurried = replace(subject.surroundings, another=lambda: False)
    async with opened(subject.plugin, slow, hurried) as provider:
        sample = sample_in(await outcome(provider, question()))
    error = sample.error
    expect(
        error is not None and error.kind is ErrorKind.TIMEOUT,
        f"an answer that takes longer than timeout: is {sample}, expected the failure timeout",
    )


@check
def giving_up_fault(subject: Subject) -> None:
    """A request that is given up ends at once, and leaves nothing behind."""
    if subject.slow is not None:
        with leaving_nothing_open():
            ran(_given_up(subject, subject.slow))


async def _given_up(subject: Subject, slow: Snapshot) -> None:
    async with opened(subject.plugin, slow, subject.surroundings) as provider:
        asking = asyncio.create_task(provider.answer(question()))
        await asyncio.wait((asking,), timeout=SHORT)  # a moment in which it begins
        expect(not asking.done(), "the slow snapshot is not slow, or holds up the event loop")
        await cancelled(asking)
    expect(await until(lambda: not other_tasks()), f"tasks run after close(): {other_tasks()}")


async def cancelled(asking: asyncio.Task[Sample]) -> None:
    """Cancel a request, and hold it to ending so."""
    asking.cancel()
    await asyncio.wait((asking,), timeout=3)
    expect(asking.done(), "a request that was cancelled goes on")
    expect(asking.cancelled(), "a request that was cancelled does not pass the cancellation on")


# ---------------------------------------------------------------- recordings


@check
def recording_fault(subject: RecordedSubject) -> None:
    """What is recorded is read the same way each time, every sample with its place."""
    found = subject.plugin.open(Arm.CANDIDATE, subject.snapshot, Surroundings())
    expect(subject.plugin.recorded, "recorded is not declared")
    if not isinstance(found, Recording):
        raise FaultError(f"expected a Recording, found {type(found).__name__}")
    expect(found.there, "there is nothing to read")
    expect(found.source, "source is empty: messages have no name for it")
    try:
        first, second = list(found.samples()), list(found.samples())
    except SpecError as error:
        raise FaultError(f"it cannot be read: {error}") from error
    expect(first, "a recording without samples")
    expect(first == second, "read twice, it holds two things")
    for sample, place in first:
        expect(sample.arm is Arm.CANDIDATE, f"the sample of another arm: {sample.arm}")
        expect(place.file and place.line, f"a sample without its place: {place}")
        _survives(sample)


CHECKS: Mapping[str, Callable[[Subject], str | None]] = {
    "declaration": declaration_fault,
    "lacks": lacks_fault,
    "answer": answer_fault,
    "identity": identity_fault,
    "hostile question": hostile_question_fault,
    "closing": closing_fault,
    "time limit": time_limit_fault,
    "giving up": giving_up_fault,
}
"""The checks of every provider that is asked, by name."""

RECORDED_CHECKS: Mapping[str, Callable[[RecordedSubject], str | None]] = {
    "declaration": declaration_fault,
    "lacks": lacks_fault,
    "recording": recording_fault,
}
"""The checks of every provider whose answers exist already, by name."""
