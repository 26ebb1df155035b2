"""What the checks of providers share: questions, an open provider, and how a fault is told."""

from __future__ import annotations

import asyncio
import functools
import gc
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from evalkit.core.errors import EvalkitError
from evalkit.core.model import Arm, Case, Message, Sample, Snapshot
from evalkit.core.ports import Provider, ProviderPlugin, Request, Surroundings

T = TypeVar("T")
S = TypeVar("S")
LONGEST = 15.0
"""Seconds after which an answer is taken to come never; nothing here takes one of them."""
QUESTION = "Where does the tower stand?"


class FaultError(Exception):
    """What a check found; the message completes ``NAME: …``."""


def expect(holds: object, fault: str) -> None:
    """Raise the fault unless something holds."""
    if not holds:
        raise FaultError(fault)


def check(work: Callable[[S], None]) -> Callable[[S], str | None]:
    """Make a check that raises its fault one that returns it, with the name of the plug-in."""

    @functools.wraps(work)
    def told(subject: S) -> str | None:
        try:
            work(subject)
        except FaultError as fault:
            return f"{subject.plugin.name}: {fault}"  # type: ignore[attr-defined]
        return None

    return told


# ---------------------------------------------------------------- asking


def question(number: int = 0, *, text: str = QUESTION, index: int = 0) -> Request:
    """Return the request for a case of one message."""
    turns = (Message("user", text),)
    return Request(Arm.CANDIDATE, Case(f"case-{number}", text), index, turns)


@asynccontextmanager
async def opened(
    plugin: ProviderPlugin, snapshot: Snapshot, surroundings: Surroundings
) -> AsyncIterator[Provider]:
    """Open a provider for as long as the block lasts."""
    provider = plugin.open(Arm.CANDIDATE, snapshot, replace(surroundings, shared={}))
    if not isinstance(provider, Provider):
        raise FaultError(f"expected a Provider, found {type(provider).__name__}")
    try:
        yield provider
    finally:
        await provider.close()


async def outcome(provider: Provider, request: Request) -> Sample | EvalkitError:
    """Return the sample of a request, or the error that ends the run.

    Raises:
        FaultError: it takes for ever, or raises anything else.
    """
    try:
        async with asyncio.timeout(LONGEST):
            found = await provider.answer(request)
    except EvalkitError as error:
        return error
    except TimeoutError:
        raise FaultError(f"no answer within {LONGEST:g} s, whatever timeout: says") from None
    except Exception as error:
        raise FaultError(f"expected a sample, and {error!r} was raised") from error
    if not isinstance(found, Sample):
        raise FaultError(f"expected a sample, found {type(found).__name__}")
    return found


def sample_in(found: Sample | EvalkitError, when: str = "") -> Sample:
    """Return the sample; an error that ends the run is a fault."""
    if isinstance(found, Sample):
        return found
    raise FaultError(f"{when}expected a sample, and the run was ended: {found!r}")


def good(found: Sample | EvalkitError, when: str = "") -> Sample:
    """Return the sample, which must hold an answer."""
    sample = sample_in(found, when)
    expect(sample.error is None, f"{when}expected an answer, found the failure {sample.error!r}")
    return sample


async def until(condition: Callable[[], bool]) -> bool:
    """Wait until something has happened, and return whether it has."""
    for _ in range(600):
        if condition():
            return True
        await asyncio.sleep(0.005)
    return condition()


def ran(work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns, in a loop of its own."""
    return asyncio.run(work)


@contextmanager
def leaving_nothing_open() -> Iterator[None]:
    """Hold the block to closing what it opens: sockets, files, processes."""
    gc.collect()
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    leaks = [str(item.message) for item in found if issubclass(item.category, ResourceWarning)]
    expect(not leaks, f"left open after close(): {'; '.join(leaks[:3])}")


def other_tasks() -> set[asyncio.Task[Any]]:
    """Return the tasks that run beside this one."""
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
