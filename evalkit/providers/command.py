"""Asks a command: one line of JSON on its standard input, one line back on its standard output.

It is started once for each request at a time and asked many; it reads ``{"id", "index", "messages",
"system", "input", "prompt", "params", "model"}`` and writes the answer as recorded outputs have it:
``{"output": …}`` or ``{"error": …}``, and ``model``, ``latency_ms``, ``input_tokens`` and the rest
where it knows them. Lines must be flushed. The first answer of each process includes its start
unless it tells its own ``latency_ms``. Notes belong on standard error; the last of them are in the
message when a process dies. It is started in the repository's root, and ended with all that it
started. Answers are kept until a file among its words changes; what these load is not looked at.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import cast

from evalkit.core.digest import canonical_json
from evalkit.core.errors import ProviderError, SnapshotError
from evalkit.core.model import (
    Arm,
    ErrorKind,
    Json,
    Sample,
    SampleError,
    Snapshot,
)
from evalkit.core.ports import Lack, Provider, ProviderPlugin, Request, Surroundings, told
from evalkit.core.records import RecordError, asked_record, sample_of, turn_records
from evalkit.core.secrets import NAMED
from evalkit.files.json_text import JsonTextError, json_line, parse_json

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes; no answer of a model is longer."""
KEPT_NOTES = 2000
"""Bytes of standard error that a message may end with."""
GRACE = 1.0
"""Seconds that a process gets to end after its input has, and again after it was told to."""
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class CommandOptions:
    """Which command is asked.

    Attributes:
        command: the command and its arguments, as a list or as one line that is split as a shell
            would; no shell runs it. Paths are relative to the repository's root.
    """

    command: str | tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The command and its arguments."""
        return tuple(shlex.split(self.command)) if isinstance(self.command, str) else self.command


# ---------------------------------------------------------------- one process


class _DiedError(Exception):
    """A process ended, or closed its output, before it answered."""


class _UnreadableError(Exception):
    """A process wrote what is no answer; nobody knows what it will write next."""


class _Process(asyncio.SubprocessProtocol):
    """One running command: a line goes in, a line comes out, and what it notes is kept in part."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[bytes] | None = None
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._output = bytearray()
        self._notes = bytearray()
        self._transport: asyncio.SubprocessTransport | None = None
        self.is_dead = False
        """Whether it takes no more questions, or gives no more answers."""

    @classmethod
    async def started(
        cls, words: tuple[str, ...], folder: Path, env: Mapping[str, str]
    ) -> _Process:
        """Return a process of this command.

        Raises:
            OSError: it cannot be started.
        """
        _, protocol = await asyncio.get_running_loop().subprocess_exec(
            cls, *words, cwd=str(folder), env=dict(env), start_new_session=True
        )
        return protocol

    async def asked(self, line: bytes) -> bytes:
        """Return the line that answers a line.

        Raises:
            _DiedError: the process ended first.
            _UnreadableError: it wrote without being asked, or more than a line may hold.
        """
        if self._output.strip():
            raise _UnreadableError(f"it wrote without being asked: {_shown(self._output)}")
        self._output.clear()
        if self.is_dead or self._stdin.is_closing():
            raise _DiedError
        self._answer = self._loop.create_future()
        try:
            self._stdin.write(line)
            return await self._answer
        finally:
            self._answer = None

    async def end(self, *, kindly: bool) -> str:
        """End it with all that it started, and return how it ended.

        Args:
            kindly: let it end by itself first, because its input has ended.
        """
        assert self._transport is not None
        if kindly:
            self._stdin.close()
            if not await self._has_ended():
                self._signal(signal.SIGTERM)
                await self._has_ended()
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        await self._has_ended()
        status = self._transport.get_returncode()
        self._transport.close()
        await asyncio.sleep(0)  # the pipes close one turn later
        notes = self._notes.decode("utf-8", "replace").strip()
        return f"{_way(status)}{f'; it noted: {notes}' if notes else ''}"

    async def ended(self) -> str:
        """Wait until it has ended by itself, end what it left behind, and return how it ended."""
        await self._has_ended()
        return await self.end(kindly=False)

    # ------------------------------------------------------------ what the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the process; called first."""
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take what it wrote."""
        if fd == 2:
            self._notes += data
            del self._notes[:-KEPT_NOTES]
            return
        self._output += data
        end = self._output.find(b"\n", max(0, len(self._output) - len(data)))
        if end < 0:
            if len(self._output) > LONGEST_LINE:
                self._settle(_UnreadableError(f"a line of more than {LONGEST_LINE:,} bytes"))
                self._output.clear()
            return
        line = bytes(self._output[:end])
        if self._answer is not None and not self._answer.done():
            del self._output[: end + 1]
            self._answer.set_result(line)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Take note that it will write no more, or read no more."""
        del exc
        self.is_dead = self.is_dead or fd != 2
        if fd == 1:
            self._settle(_DiedError())

    def process_exited(self) -> None:
        """Take note that it ended; what it wrote before may still be on its way."""
        self.is_dead = True
        self._loop.call_later(GRACE, self._settle, _DiedError())

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that it ended and that everything it wrote is here."""
        del exc
        self.is_dead = True
        if not self._ended.done():
            self._ended.set_result(None)
        self._settle(_DiedError())

    # ------------------------------------------------------------ parts

    @property
    def _stdin(self) -> asyncio.WriteTransport:
        assert self._transport is not None
        return cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))

    def _settle(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    async def _has_ended(self) -> bool:
        done, _ = await asyncio.wait((self._ended,), timeout=GRACE)
        return bool(done)

    def _signal(self, number: int) -> None:
        assert self._transport is not None
        try:
            if hasattr(os, "killpg"):
                os.killpg(self._transport.get_pid(), number)
            else:
                self._transport.send_signal(number)
        except (PermissionError, ProcessLookupError):
            return  # nobody of the group is left


def _way(status: int | None) -> str:
    if status is None:
        return "it does not end"
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
        return f"it was ended by {name}"
    return f"it ended with status {status}"


def _shown(raw: bytes | bytearray) -> str:
    return repr(bytes(raw[:_SHOWN]).decode("utf-8", "replace"))


# ---------------------------------------------------------------- the provider


@dataclass(slots=True)
class Command:
    """A command as a provider: as many processes as requests were ever under way at a time."""

    snapshot: Snapshot
    words: tuple[str, ...]
    root: Path
    surroundings: Surroundings
    key: str
    code: Json
    _idle: list[_Process] = field(default_factory=list)

    def identity(self, request: Request) -> str:
        """Return the command with the digests of its files, and what it is asked."""
        asked = self._question(request)
        del asked["index"]
        return canonical_json({"provider": "command", "code": self.code, "asked": asked})

    async def answer(self, request: Request) -> Sample:
        """Return the sample of this request; if its process died, another one is asked, once."""
        line = json_line(self._question(request)).encode()
        try:
            return await self._attempt(request, line, attempts=1)
        except _DiedError as died:
            if not self.surroundings.another():
                return self._failed(request, ErrorKind.CONNECTION, str(died), attempts=1)
        try:
            return await self._attempt(request, line, attempts=2)
        except _DiedError as died:
            return self._failed(request, ErrorKind.CONNECTION, str(died), attempts=2)

    async def close(self) -> None:
        """End every process, and all that they started."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(process.end(kindly=True) for process in idle))

    # ------------------------------------------------------------ parts

    async def _attempt(self, request: Request, line: bytes, *, attempts: int) -> Sample:
        """Ask one process; it stays only if it is known what it will write next.

        Raises:
            _DiedError: it died; the message says how.
        """
        process = await self._ready()
        created = datetime.now(UTC).isoformat(timespec="seconds")
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self.snapshot.timeout):
                raw = await process.asked(line)
            latency_ms = (time.perf_counter() - started) * 1000
            record = _record(raw, request)
        except TimeoutError:
            how = await process.end(kindly=False)
            message = f"no line within {self.snapshot.timeout:g} s; {how}"
            return self._failed(request, ErrorKind.TIMEOUT, message, attempts=attempts)
        except _DiedError:
            raise _DiedError(f"the command died: {await process.ended()}") from None
        except _UnreadableError as fault:
            await process.end(kindly=False)
            return self._failed(request, ErrorKind.MALFORMED, str(fault), attempts=attempts)
        except BaseException:
            await process.end(kindly=False)
            raise
        self._idle.append(process)
        try:
            found = sample_of(record, request.arm)
        except RecordError as fault:
            return self._failed(request, ErrorKind.MALFORMED, str(fault), attempts=attempts)
        if found.output is None and found.error is None:
            message = "expected output or error, found neither"
            return self._failed(request, ErrorKind.MALFORMED, message, attempts=attempts)
        return replace(
            found,
            latency_ms=latency_ms if found.latency_ms is None else found.latency_ms,
            attempts=attempts,
            created=found.created or created,
            model_requested=found.model_requested or self.snapshot.model,
        )

    async def _ready(self) -> _Process:
        """Return a process that waits for a question."""
        while self._idle:
            process = self._idle.pop()
            if not process.is_dead:
                return process
            await process.end(kindly=False)
        environment = {**os.environ, **self.surroundings.environment}
        environment.setdefault(
            "PYTHONUNBUFFERED", "1"
        )  # or its first line would come with its last
        try:
            return await _Process.started(self.words, self.root, environment)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as cause:
            message = f"{self.words[0]!r} cannot be started: {cause.strerror}"
            raise SnapshotError(self.key, message) from cause
        except OSError as cause:
            raise ProviderError(f"{self.key}: cannot be started: {cause}") from cause

    def _question(self, request: Request) -> dict[str, Json]:
        case, system = request.case, self.snapshot.system_prompt
        return {
            "id": case.id,
            "index": request.index,
            "messages": turn_records(request.messages),
            "system": system.text if system is not None else None,
            "input": asked_record(case.input),
            "prompt": request.prompt,
            "params": dict(self.snapshot.params),
            "model": self.snapshot.model,
        }

    def _failed(self, request: Request, kind: ErrorKind, message: str, *, attempts: int) -> Sample:
        return Sample(
            request.case.id,
            request.arm,
            request.index,
            error=SampleError(kind, message),
            attempts=attempts,
            model_requested=self.snapshot.model,
        )


def _record(raw: bytes, request: Request) -> dict[str, Json]:
    """Return the record in a line.

    Raises:
        _UnreadableError: the line is none, or is about another question.
    """
    try:
        found = parse_json(raw.decode())
    except (JsonTextError, UnicodeDecodeError):
        found = None
    if not isinstance(found, dict):
        raise _UnreadableError(
            f"expected a JSON object, found {_shown(raw)}; notes belong on standard error"
        )
    own: dict[str, Json] = {"id": request.case.id, "sample": request.index}
    index = found.pop("index", request.index)
    told = {name: found.get(name, value) for name, value in own.items()}
    if told != own or index != request.index:
        raise _UnreadableError(
            f"expected the answer to {request.case.id!r}, draw {request.index}, found {_shown(raw)}"
        )
    return {**found, **own}


def _lacks(snapshot: Snapshot) -> Iterator[Lack]:
    options = cast("CommandOptions", snapshot.options)
    try:
        words = options.words
    except ValueError as error:
        yield Lack("command", f"expected a command line, found {options.command!r}: {error}")
        return
    if not words or not words[0] or any("\0" in word for word in words):
        yield Lack("command", f"expected a command, found {options.command!r}")
    if any(NAMED.search(word) for word in words):
        yield Lack("command", "nobody fills in ${env:…} here; the command reads its environment")


def _digests(words: tuple[str, ...], root: Path) -> Json:
    """Return the words of a command, each with the digest of the file of the repository it names."""
    found: list[Json] = []
    for word in words:
        digest = None
        try:
            path = (root / word).resolve()
            if path.is_relative_to(root) and path.is_file():
                digest = sha256(path.read_bytes()).hexdigest()
        except (OSError, ValueError):
            digest = None  # no file could have such a name
        found.append([word, digest])
    return found


def _open(arm: Arm, snapshot: Snapshot, surroundings: Surroundings) -> Provider:
    key = f"{arm.value}.command"
    if surroundings.code_root is None:
        raise SnapshotError(key, "runs code, which is not allowed here")
    root = surroundings.code_root.resolve()
    words = cast("CommandOptions", snapshot.options).words
    return Command(snapshot, words, root, surroundings, key, _digests(words, root))


command = ProviderPlugin(
    "command",
    CommandOptions,
    _open,
    doc=__doc__,
    lacks=_lacks,
    reads_input=True,
    runs_code=True,
    costs=told,
)
