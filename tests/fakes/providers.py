"""Providers whose answers a test decides: no server, no clock, and a memory of what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from evalkit.core.model import Arm, Case, ErrorKind, Message, Sample, SampleError
from evalkit.core.ports import Request


def request(number: int, arm: Arm = Arm.CANDIDATE, index: int = 0) -> Request:
    """Return the request for a case of this number."""
    text = f"Question {number}?"
    return Request(arm, Case(f"c{number}", text), index, (Message("user", text),))


def answered(asked: Request, **fields: object) -> Sample:
    """Return a good sample of a request."""
    found = Sample(asked.case.id, asked.arm, asked.index, output="yes", attempts=1)
    for name, value in fields.items():
        object.__setattr__(found, name, value)
    return found


def failed(asked: Request, kind: ErrorKind, message: str = "") -> Sample:
    """Return a failed sample of a request."""
    error = SampleError(kind, message)
    return Sample(asked.case.id, asked.arm, asked.index, error=error, attempts=1)


@dataclass(slots=True)
class Fake:
    """Answers as ``reply`` says."""

    reply: Callable[[Request], Sample] = answered
    asked: list[Request] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    closed: int = 0

    def identity(self, asked: Request) -> str:
        """Return what is asked."""
        return asked.messages[0].content

    async def answer(self, asked: Request) -> Sample:
        """Return what the test decided."""
        self.asked.append(asked)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            return self.reply(asked)
        finally:
            self.at_once -= 1

    async def close(self) -> None:
        """Count it."""
        self.closed += 1


@dataclass(slots=True)
class Notebook:
    """A memory in memory; see ``core.ports.Memory``."""

    kept: dict[tuple[str, int], Sample] = field(default_factory=dict)

    def recall(self, identity: str, asked: Request) -> Sample | None:
        """Return what was kept."""
        return self.kept.get((identity, asked.index))

    def keep(self, identity: str, asked: Request, sample: Sample) -> None:
        """Keep it."""
        self.kept[identity, asked.index] = sample
