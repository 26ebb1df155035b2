"""Asks a Python function: ``package.module:name`` or ``path/file.py:name``, sync or async.

The function names what it wants to know: ``prompt`` (the last message of the user), ``messages``
(of ``role`` and ``content``), ``system``, ``input``, ``case_id``, ``index`` (the number of the draw,
from 0), ``params``, ``model``, ``metadata``. It returns the answer's text, or a mapping as recorded
outputs have it: ``output``, ``refusal``, ``model``, ``input_tokens`` and the rest. What it raises is
an error of that sample, and of no other::

    def answer(prompt: str, system: str) -> str:
        return my_model.generate(system, prompt)

Sync functions run in threads, async ones in an event loop of their own; a sync function that
exceeds ``timeout`` cannot be ended and is left to itself. What it prints goes to standard error. It
must lie below the repository or be installed. Answers are kept until the file that holds the
function changes; what that file imports is not looked at.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from evalkit.core.digest import canonical_json
from evalkit.core.model import Arm, ErrorKind, Json, Sample, SampleError, Snapshot
from evalkit.core.ports import Lack, Provider, ProviderPlugin, Request, Surroundings, told
from evalkit.core.records import RecordError, error_kind, sample_of
from evalkit.files.json_text import parse_json
from evalkit.providers.python.asking import Asking
from evalkit.providers.python.calling import LoopThread, Outcome, Prints, Threads, raised_by, since
from evalkit.providers.python.source import FUNCTION, Code


@dataclass(frozen=True, slots=True)
class PythonOptions:
    """Which function is asked.

    Attributes:
        function: `package.module:name`, or `path/file.py:name` with a path relative to the
            envelope. A name may have dots: `Bot.answer`.
    """

    function: str


@dataclass(slots=True)
class PythonFunction:
    """A function as a provider; nothing runs before it is asked."""

    snapshot: Snapshot
    asking: Asking
    code: str
    _threads: Threads = field(default_factory=Threads)
    _loop: LoopThread | None = None
    _prints: Prints | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def identity(self, request: Request) -> str:
        """Return the function with the digest of its file, and what it is asked with."""
        known = self.asking.known(request, self.snapshot)
        known.pop("index", None)
        system = self.snapshot.system_prompt
        return canonical_json(
            {
                "provider": "python",
                "code": self.code,
                "model": self.snapshot.model,
                "params": self.snapshot.params,
                "system": system.text if system is not None else None,
                "messages": request.messages,
                "asked": known,
            }
        )

    async def answer(self, request: Request) -> Sample:
        """Return the sample of this request; see ``core.ports.Provider``."""
        known = self.asking.known(request, self.snapshot)
        if self._prints is None:
            self._prints = Prints.begin()
        created = datetime.now(UTC).isoformat(timespec="seconds")
        timeout = self.snapshot.timeout
        try:
            if _is_async(self.asking.function):
                begun = self._begun(lambda: cast("Awaitable[object]", self.asking.call(known)))
                async with asyncio.timeout(timeout):
                    outcome = await asyncio.wrap_future(begun)
            else:
                outcome = await self._threads.run(lambda: self._called(known), timeout)
        except TimeoutError:
            error = SampleError(ErrorKind.TIMEOUT, f"no answer within {timeout:g} s")
            return self._failed(request, error, created)
        return self._sample(request, outcome, created)

    async def close(self) -> None:
        """Let go of the threads, and give standard output back."""
        self._threads.close()
        if self._loop is not None:
            await asyncio.to_thread(self._loop.close)
        if self._prints is not None:
            self._prints.end()

    # ------------------------------------------------------------ parts

    def _begun(self, made: Callable[[], Awaitable[object]]) -> Future[Outcome]:
        with self._lock:
            if self._loop is None:
                self._loop = LoopThread()
        return self._loop.submit(made)

    def _called(self, known: dict[str, Json]) -> Outcome:
        """Return what came of a call, in the thread that makes it."""
        started = time.perf_counter()
        try:
            found = self.asking.call(known)
            if inspect.isawaitable(found):  # a decorator may hide that a function is async
                return self._begun(lambda: found).result()
            return Outcome(found, latency_ms=since(started))
        except BaseException as error:  # noqa: BLE001 - a stranger's code: exit() ends one sample
            return raised_by(error, started)

    def _sample(self, request: Request, outcome: Outcome, created: str) -> Sample:
        if outcome.raised:
            message = outcome.raised + outcome.where
            error = SampleError(error_kind(outcome.raised), message)
            return self._failed(request, error, created)
        value = outcome.value
        given: object = {"output": value} if isinstance(value, str) else value
        try:
            if not isinstance(given, Mapping):
                raise RecordError(f"expected text or a mapping, found {type(value).__name__}")
            # Through text, so that nothing gets further that no file could hold.
            read = cast("dict[str, Json]", parse_json(json.dumps(dict(given))))
            read |= {"id": request.case.id, "sample": request.index}
            found = sample_of(read, request.arm)
            if found.output is None and found.error is None:
                raise RecordError("expected output or error, found neither")
        except (RecursionError, TypeError, ValueError) as fault:
            error = SampleError(ErrorKind.MALFORMED, f"the function returned no answer: {fault}")
            return self._failed(request, error, created)
        return replace(
            found,
            latency_ms=outcome.latency_ms if found.latency_ms is None else found.latency_ms,
            attempts=found.attempts or 1,
            created=found.created or created,
            model_requested=found.model_requested or self.snapshot.model,
        )

    def _failed(self, request: Request, error: SampleError, created: str) -> Sample:
        return Sample(
            request.case.id,
            request.arm,
            request.index,
            error=error,
            attempts=1,
            created=created,
            model_requested=self.snapshot.model,
        )


def _is_async(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - its method is what is asked about
    )


def _lacks(snapshot: Snapshot) -> Iterator[Lack]:
    function = cast("PythonOptions", snapshot.options).function
    if not FUNCTION.fullmatch(function):
        yield Lack(
            "function",
            f"expected package.module:name or path/file.py:name, found {function!r}",
        )


def _open(arm: Arm, snapshot: Snapshot, surroundings: Surroundings) -> Provider:
    key = f"{arm.value}.function"
    function = cast("PythonOptions", snapshot.options).function
    code = Code.of(function, surroundings.code_root, key)
    identity = code.identity
    return PythonFunction(snapshot, Asking.of(code.load(), snapshot, key), identity)


python = ProviderPlugin(
    "python",
    PythonOptions,
    _open,
    doc=__doc__,
    lacks=_lacks,
    reads_input=True,
    runs_code=True,
    costs=told,
)
