"""Parts are worked on by a Dask cluster that somebody else runs: on other machines, usually.

Nothing is kept there and nothing is started: the tasks are those of a local pool, and their results
come back to this process, which adds them up in the order of the parts. That a worker comes to an
end is the scheduler's matter, which gives its tasks to another one.
"""

from __future__ import annotations

import pickle
import platform
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Generic, cast

import evalkit
from evalkit.core.errors import EvalkitError, MeasurementError, UsageError
from evalkit.core.spreading import Part, Result, TaskFailedError, WorkerLostError

if TYPE_CHECKING:
    from distributed import Future

CONNECT_SECONDS = 20.0
"""A scheduler that does not answer within this time is not there; nor are workers that do not come."""

AHEAD = 2
"""For each thread of the cluster so many parts are given away before their results are taken."""

DECIDE = ("numpy", "pyarrow", "regex")
"""Libraries whose arithmetic, reading or searching could differ between versions."""


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """Works on parts in the workers of a Dask scheduler, such as ``tcp://10.0.0.7:8786``.

    The workers need evalkit of the same version, and what they read must lie where all of them find
    it. Address, encryption and time limits are those of Dask's own configuration where it has them.
    """

    address: str
    connect_seconds: float = CONNECT_SECONDS
    apart: bool = True

    @property
    def name(self) -> str:
        """Where the work is done."""
        return f"the cluster at {self.address}"

    def results(self, task: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Yield what the task makes of each part; see ``core.spreading.Executor``.

        Raises:
            UsageError: Dask is not installed, or no scheduler can have this address.
            MeasurementError: no scheduler answers, it has no workers, or they are of other versions.
        """
        with self.kept() as connection:
            yield from connection.results(task, parts)

    @contextmanager
    def kept(self) -> Iterator[Connection]:
        """Yield a connection to the scheduler.

        Raises:
            UsageError: Dask is not installed, or no scheduler can have this address.
            MeasurementError: no scheduler answers.
        """
        with self._client() as client:
            yield Connection(self, client)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            import distributed
        except ImportError:
            raise UsageError(
                f"--cluster {self.address} needs the extra scale: pip install 'evalkit-gate[scale]'"
            ) from None
        try:
            client = cast("Any", distributed).Client(
                self.address, timeout=self.connect_seconds, set_as_default=False
            )
        except (OSError, TimeoutError) as error:
            raise MeasurementError(
                f"no scheduler answers at {self.address} within {self.connect_seconds:g} s: "
                f"{error}; start one with `dask scheduler`, or leave --cluster out"
            ) from error
        except ValueError as error:
            raise UsageError(
                f"--cluster {self.address}: {error}; expected an address as tcp://10.0.0.7:8786"
            ) from error
        try:
            yield client
        finally:
            with suppress(Exception):  # it may be gone, which has been said by then
                client.close(timeout=self.connect_seconds)


@dataclass(frozen=True, slots=True)
class Connection:
    """A scheduler that answers."""

    cluster: DaskCluster
    client: Any
    apart: bool = True

    @property
    def name(self) -> str:
        """Where the work is done."""
        return self.cluster.name

    def kept(self) -> AbstractContextManager[Connection]:
        """Return the same: whoever made it closes it."""
        return nullcontext(self)

    def results(self, task: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Yield what the task makes of each part; see ``core.spreading.Executor``.

        Raises:
            MeasurementError: the cluster has no workers, or they are of other versions.
        """
        if not parts:
            return
        ours = versions()
        width = AHEAD * self._threads()
        asked: deque[tuple[Part, Future[_Told[Result]]]] = deque()
        place = 0
        while place < len(parts) or asked:
            while place < len(parts) and len(asked) < width:
                part = parts[place]
                asked.append((part, self.client.submit(_done, task, part, pure=False)))
                place += 1
            part, future = asked.popleft()
            yield self._result(self._told(part, future, ours), ours)

    def _told(
        self, part: Part, future: Future[_Told[Result]], ours: Mapping[str, str]
    ) -> _Told[Result]:
        """Return what the worker says that did a part, once one has done it."""
        from distributed import KilledWorker

        try:
            while True:
                with suppress(TimeoutError):
                    return future.result(timeout=self.cluster.connect_seconds)
                self._threads()  # a part is waited for as long as there are workers
        except KilledWorker as error:
            raise WorkerLostError(
                f"{part}: workers of {self.name} came to an end one after the other while they had "
                "this part; one that runs out of memory ends so: give them more, or cut the file "
                "into smaller ones"
            ) from error
        except ModuleNotFoundError as error:
            raise MeasurementError(
                f"a worker of {self.name} has no module {error.name!r}; its environment needs "
                f"evalkit {ours['evalkit']} and what the scorers import"
            ) from error
        except (CancelledError, OSError) as error:
            raise MeasurementError(f"{self.name} is gone: {error}") from error

    def _result(self, told: _Told[Result], ours: Mapping[str, str]) -> Result:
        """Return the result of a part; raise what its task raised."""
        theirs = told.versions
        if theirs != ours:
            differ = sorted(name for name in ours if ours[name] != theirs.get(name))
            said = ", ".join(f"{name} {theirs.get(name)} (here {ours[name]})" for name in differ)
            raise MeasurementError(
                f"a worker of {self.name} runs other versions: {said}; the result would not be the "
                "one of this machine"
            )
        if isinstance(told.outcome, bytes):
            raise pickle.loads(told.outcome)  # noqa: S301 - a cluster may run code here anyway
        (result,) = told.outcome
        return result

    def _threads(self) -> int:
        """Return how many parts the cluster can be at; wait for its first worker."""
        seconds = self.cluster.connect_seconds
        try:
            self.client.wait_for_workers(1, timeout=seconds)
        except (OSError, TimeoutError):
            raise MeasurementError(
                f"{self.name} has no workers; start some with `dask worker {self.cluster.address}`"
            ) from None
        threads: int = sum(self.client.nthreads().values())
        return max(1, threads)


# ---------------------------------------------------------------- in a worker


@dataclass(frozen=True, slots=True)
class _Told(Generic[Result]):
    """What a worker says: with which versions, and the result alone or why there is none.

    An error goes as bytes: one that cannot be unpacked would otherwise be another error here.
    """

    versions: dict[str, str]
    outcome: tuple[Result] | bytes


def _done(task: Callable[[Part], Result], part: Part) -> _Told[Result]:
    """Do one task; runs in a worker."""
    try:
        return _Told(versions(), (task(part),))
    except EvalkitError as error:
        return _Told(versions(), pickle.dumps(error))
    except Exception as error:  # noqa: BLE001 - it is raised again where somebody hears of it
        return _Told(versions(), pickle.dumps(TaskFailedError.of(error)))


def versions() -> dict[str, str]:
    """Return the versions that decide a result."""
    python = ".".join(platform.python_version_tuple()[:2])
    found = {"evalkit": evalkit.__version__, "python": python}
    for name in DECIDE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
