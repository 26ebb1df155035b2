"""An envelope is collected as tests here: each bound is an item of ``pytest --evalkit FILE``.

Loaded by every pytest that runs where evalkit is installed, so that nothing but pytest and the
standard library is imported before an envelope is asked for. The gate itself runs in a process of
its own, once for each envelope, however many workers of pytest-xdist share its bounds.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NoReturn, Protocol
from uuid import uuid4

import pytest

UNDECIDED = ("fail", "xfail", "skip", "warn")
_SESSION = pytest.StashKey[str]()
_SHARED = "evalkit_session"


class EvalkitWarning(UserWarning):
    """A bound that cannot turn the gate is not kept, or is undecided where that only warns."""


@dataclass(frozen=True)
class GateResult:
    """What a gate said.

    ``code`` is its exit code, ``verdict`` the content of ``verdict.json`` (nothing where there is
    none), ``error`` what it said on standard error, ``folder`` where the run is kept.
    """

    code: int
    folder: Path
    error: str
    verdict: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the gate ended with 0."""
        return self.code == 0

    @property
    def outcome(self) -> str:
        """``pass``, ``fail``, ``inconclusive``, ``unmeasured``, or ``error`` without a verdict."""
        return str(self.verdict.get("verdict", "error"))

    @property
    def sentence(self) -> str:
        """The verdict in a sentence, or why there is none."""
        return str(self.verdict.get("sentence", self.error.strip()))

    @property
    def bounds(self) -> dict[str, Mapping[str, Any]]:
        """What is known about each bound, by its name; see docs/verdict.md for the keys."""
        return {bound["name"]: bound for bound in self.verdict.get("bounds", ())}


class Gate(Protocol):
    """What the fixture ``evalkit_gate`` gives."""

    def __call__(self, envelope: str | os.PathLike[str], *options: str) -> GateResult:
        """Gate an envelope with further options of ``evalkit gate``; the same again is not run again."""
        ...


# ---------------------------------------------------------------- pytest asks


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("evalkit")
    group.addoption(
        "--evalkit", action="append", default=[], metavar="ENVELOPE",
        help="gate this envelope, each of its bounds as a test (again for more)",
    )  # fmt: skip
    group.addoption(
        "--evalkit-args", default="", metavar="ARGS",
        help="further options of evalkit gate, such as '--candidate june.jsonl'",
    )  # fmt: skip
    group.addoption(
        "--evalkit-undecided", choices=UNDECIDED, default=None,
        help="what an undecided bound is [default: fail, or warn where the envelope says so]",
    )  # fmt: skip
    parser.addini(
        "evalkit_undecided", f"what an undecided bound is: {', '.join(UNDECIDED)}", default=""
    )


def pytest_configure(config: pytest.Config) -> None:
    """Have the envelopes collected like any file that is named."""
    shared = getattr(config, "workerinput", {}).get(_SHARED)
    config.stash[_SESSION] = shared or uuid4().hex
    for envelope in config.getoption("--evalkit"):
        if envelope not in config.args:
            config.args.append(envelope)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist which session it belongs to."""
    node.workerinput[_SHARED] = node.config.stash[_SESSION]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the workers shared; runs stay where they are."""
    if not hasattr(config, "workerinput") and _SESSION in config.stash:
        shutil.rmtree(_meeting_place(config), ignore_errors=True)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> EnvelopeFile | None:
    """Collect the envelopes that were asked for."""
    folder = parent.config.invocation_params.dir
    asked = {(folder / path).resolve() for path in parent.config.getoption("--evalkit")}
    return (
        EnvelopeFile.from_parent(parent, path=file_path) if file_path.resolve() in asked else None
    )


@pytest.fixture(scope="session")
def evalkit_gate(request: pytest.FixtureRequest) -> Gate:
    """Gate an envelope: ``evalkit_gate("envelope.yaml", "--candidate", "june.jsonl").passed``."""

    def gate(envelope: str | os.PathLike[str], *options: str) -> GateResult:
        return _gated(request.config, Path(envelope), options)

    return gate


# ---------------------------------------------------------------- an envelope


class EnvelopeFile(pytest.File):
    """An envelope, as a file of tests."""

    def collect(self) -> Iterator[EnvelopeBound]:
        """Yield its bounds; nobody is asked yet."""
        from evalkit.core.errors import EvalkitError

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # those of libraries are not this project's
                from evalkit.cli.world import code_root
                from evalkit.spec.envelope import load_envelope

                loaded = load_envelope(self.path, code_root=code_root())
        except EvalkitError as error:
            raise self.CollectError(str(error)) from None
        for bound in loaded.envelope.bounds:
            item = EnvelopeBound.from_parent(self, name=bound.name)
            item.blocks = loaded.envelope.inconclusive_blocks
            if self.config.pluginmanager.hasplugin("xdist"):
                item.add_marker(pytest.mark.xdist_group(f"evalkit:{self.nodeid}"))
            yield item


class EnvelopeBound(pytest.Item):
    """One bound: passed where it holds, failed where it is broken.

    ``blocks`` says whether the envelope lets nothing through that is undecided.
    """

    blocks: bool = True

    def setup(self) -> None:
        """Have the envelope gated, once; a bound that was not measured is an error, no failure."""
        options = shlex.split(self.config.getoption("--evalkit-args"))
        self.gated = _gated(self.config, self.path, options)
        found = self.gated.bounds.get(self.name)
        if found is None:
            _fail(self.gated.error.strip() or f"evalkit gate ended with {self.gated.code}")
        self.found, waiver = found, self.gated.verdict.get("waiver")
        if waiver is not None:
            return  # somebody answers for what does not hold: it is told, and fails nothing
        if found["result"] == "unmeasured" and found["severity"] == "block":
            _fail(f"{found['detail']}{self._where()}")
        stopped = self.gated.verdict.get("stopped") or {}
        if stopped and found["result"] != "broken":
            _fail("; ".join(f"{arm}: {why}" for arm, why in stopped.items()))

    def runtest(self) -> None:
        """Say what is known about the bound."""
        result, told = self.found["result"], f"{self.found['detail']}{self._where()}"
        if result == "holds":
            if self.gated.verdict.get("smoke"):
                self._undecided("a run on a part is never a pass")
            return
        waiver = self.gated.verdict.get("waiver")
        if waiver and self.name in waiver["bounds"]:
            said = f"waived by {waiver['by']}, until {waiver['until']}, because {waiver['because']}"
            warnings.warn(f"{self.name}: {said}\n{told}", EvalkitWarning, stacklevel=1)
        elif self.found["severity"] == "warn":
            warnings.warn(f"{self.name}: {told}", EvalkitWarning, stacklevel=1)
        elif result == "undecided" and self.found["require"] == "proven":
            self._undecided(self.found["detail"], *self._ways_out())
        elif result == "broken":
            _fail(told)

    def _undecided(self, *told: str) -> None:
        way = self.config.getoption("--evalkit-undecided") or self.config.getini(
            "evalkit_undecided"
        )
        if not way:
            way = "fail" if self.blocks and not self.gated.passed else "warn"
        text = "\n".join([f"cannot tell: {told[0]}", *told[1:], self._where().strip()])
        if way == "warn":
            warnings.warn(f"{self.name}: {text}", EvalkitWarning, stacklevel=1)
        elif way == "skip":
            pytest.skip(text)
        elif way == "xfail":
            pytest.xfail(text)
        else:
            _fail(text)

    def _ways_out(self) -> list[str]:
        from evalkit.core.phrases import settle_lines
        from evalkit.spec.results import verdict_of

        verdict = verdict_of(dict(self.gated.verdict), "verdict.json")
        [bound] = [bound for bound in verdict.bounds if bound.name == self.name]
        return [f"  settled by {line}" for line in settle_lines(bound)]

    def _where(self) -> str:
        return f"\nReport  {self.gated.folder / 'report.html'}"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name the file and the bound."""
        return self.path, None, self.name


def _fail(text: str) -> NoReturn:
    """Fail in words: in ``setup``, where pytest takes it for an error, or in the test itself."""
    pytest.fail(text, pytrace=False)


# ---------------------------------------------------------------- one gate for all workers


def _gated(config: pytest.Config, envelope: Path, options: Any) -> GateResult:
    """Return what the gate says; it runs where no worker of this session has run it yet."""
    session, folder = config.stash[_SESSION], config.invocation_params.dir
    asked = json.dumps([str((folder / envelope).resolve()), *options])
    key = sha256(asked.encode()).hexdigest()[:12]
    meeting = _meeting_place(config)
    meeting.mkdir(mode=0o700, exist_ok=True)
    kept = meeting / f"{key}.json"
    with _alone(meeting / f"{key}.lock"):
        if not kept.exists():
            run = folder / "reports" / f"{envelope.stem}-pytest-{session[:8]}-{key[:4]}"
            kept.write_text(
                json.dumps(_run(folder / envelope, options, run, folder)), encoding="utf-8"
            )
    told = json.loads(kept.read_text(encoding="utf-8"))
    return GateResult(told["code"], Path(told["folder"]), told["error"], told["verdict"])


def _run(envelope: Path, options: Any, run: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "evalkit", "gate", str(envelope), *options]
    done = subprocess.run(  # noqa: S603 - evalkit itself, with the options that were asked for
        [*command, "--json", "--output", str(run)],
        cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    verdict = json.loads(done.stdout) if done.stdout.startswith(b"{") else {}
    error = done.stderr.decode("utf-8", "replace")
    return {"code": done.returncode, "folder": str(run), "error": error, "verdict": verdict}


def _meeting_place(config: pytest.Config) -> Path:
    return Path(tempfile.gettempdir()) / f"evalkit-pytest-{config.stash[_SESSION]}"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other worker holds this lock, which the system takes from one that died."""
    with path.open("a+b") as stream:
        _lock(stream)
        yield


def _lock(stream: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        while not _windows_lock(stream):
            time.sleep(0.1)
        return
    fcntl.flock(stream, fcntl.LOCK_EX)


def _windows_lock(stream: IO[bytes]) -> bool:
    import msvcrt

    stream.seek(0)
    try:
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return True
