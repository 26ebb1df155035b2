"""What is done with every part of something large, by whoever does it: here, beside, elsewhere."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from evalkit.core.errors import MeasurementError

Part = TypeVar("Part")
Result = TypeVar("Result")

ATTEMPTS = 2
"""How often a part is begun at most, where the worker that has it comes to an end."""


class Executor(Protocol):
    """Does the same with every part.

    A task is a pure function of a part; task, part and result can be pickled. Results come in the
    order of the parts, whoever was done first, so that a sum over them is the same to the last bit
    wherever it is made.
    """

    @property
    def name(self) -> str:
        """Where the work is done, as reports say it: ``this process``, ``4 processes``."""
        ...

    @property
    def apart(self) -> bool:
        """Whether the work is done where the files of this machine cannot be seen."""
        ...

    def kept(self) -> AbstractContextManager[Executor]:
        """Return one whose workers stay between calls, and are let go of at the end."""
        ...

    def results(self, task: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Yield what the task makes of each part, in order; no more are kept than are at work.

        Raises:
            EvalkitError: what the task raised, of the first part in order that failed.
            WorkerLostError: workers came to an end while they were at a part.
        """
        ...


class WorkerLostError(MeasurementError):
    """Those who did the work came to an end before it was done."""

    @classmethod
    def at(cls, part: object, how: str) -> WorkerLostError:
        """Return the error for a part whose workers ended, each of them ``how``."""
        return cls(
            f"{part}: {ATTEMPTS} workers in a row {how} while they were at this part; one that runs "
            "out of memory ends so: give it more, or cut the file into smaller ones"
        )


class TaskFailedError(Exception):
    """A task failed in a worker as none is meant to; the message is what Python said there."""

    @classmethod
    def of(cls, error: BaseException) -> TaskFailedError:
        """Return an error that can be told to another process, whatever it is about."""
        return cls("".join(traceback.format_exception(error)))


def cores() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not every system lets a process be bound to some of them
        return os.cpu_count() or 1
