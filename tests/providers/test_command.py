"""A command is asked line by line, and whatever becomes of its process is told and cleaned up."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from textwrap import dedent, indent
from typing import Any, TypeVar

import pytest

from evalkit.core.errors import SnapshotError
from evalkit.core.model import (
    Arm,
    Case,
    CaseInput,
    ErrorKind,
    Message,
    Sample,
    Snapshot,
    SystemPrompt,
)
from evalkit.core.ports import Provider, Request, Surroundings
from evalkit.core.registry import PROVIDERS
from evalkit.providers.command import CommandOptions

COMMAND = PROVIDERS.get("command")
PATIENCE = 60.0
LOOP_FACTORY: list[Callable[[], asyncio.AbstractEventLoop]] = []

T = TypeVar("T")

LOOP = """\
import json, os, signal, subprocess, sys, time
from pathlib import Path

def say(**record):
    print(json.dumps(record))

for line in sys.stdin:
    ask = json.loads(line)
    prompt = ask["prompt"]
"""


@pytest.fixture(params=["asyncio", "uvloop"], autouse=True)
def loop(request: pytest.FixtureRequest) -> None:
    """Run in both loops, because each has its own way with processes."""
    module = asyncio if request.param == "asyncio" else pytest.importorskip("uvloop")
    LOOP_FACTORY[:] = [module.new_event_loop]


def run_in_loop(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=LOOP_FACTORY[0]) as runner:
        return runner.run(work)


def snapshot(command: str | tuple[str, ...], **given: Any) -> Snapshot:
    if isinstance(given.get("system_prompt"), str):
        given["system_prompt"] = SystemPrompt(given["system_prompt"])
    return Snapshot("command", CommandOptions(command), **given)


def asked(given: CaseInput = "Hello?", *, case_id: str = "c1", index: int = 0) -> Request:
    messages = (Message("user", given),) if isinstance(given, str) else ()
    return Request(Arm.CANDIDATE, Case(case_id, given), index, messages)


def bot(root: Path, body: str, before: str = "") -> tuple[str, ...]:
    """Write a command that does this for every line, and return its words."""
    code = before + LOOP + indent(dedent(body).strip(), " " * 4) + "\n"
    (root / "bot.py").write_text(code, encoding="utf-8")
    return (sys.executable, "bot.py")


def opened(
    root: Path | None, command: str | tuple[str, ...], *, allowed: int = 99, **given: Any
) -> Provider:
    left = [allowed]

    def another() -> bool:
        left[0] -= 1
        return left[0] >= 0

    surroundings = Surroundings(code_root=root, another=another)
    found = COMMAND.open(Arm.CANDIDATE, snapshot(command, **given), surroundings)
    assert isinstance(found, Provider)
    return found


def in_turn(provider: Provider, *requests: Request) -> list[Sample]:
    async def run() -> list[Sample]:
        try:
            async with asyncio.timeout(PATIENCE):
                return [await provider.answer(request) for request in requests]
        finally:
            await provider.close()

    return run_in_loop(run())


def answer(root: Path, body: str, request: Request | None = None, **given: Any) -> Sample:
    [found] = in_turn(opened(root, bot(root, body), **given), request or asked())
    return found


def error_of(sample: Sample) -> tuple[ErrorKind, str]:
    assert sample.error is not None, sample
    return sample.error.kind, sample.error.message


def has_ended(pid: int) -> bool:
    """Whether the process is gone, at once or soon: a signal is sent before its process ends."""
    deadline = time.monotonic() + PATIENCE
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.001)
    return not is_alive(pid)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (
        stat.exists() and stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    )


# ---------------------------------------------------------------- answers


def test_a_line_comes_back_for_each_line(tmp_path: Path) -> None:
    words = bot(tmp_path, "say(output=prompt.upper())")
    found = in_turn(opened(tmp_path, words, model="m-1"), asked("a"), asked("b", index=1))
    assert [(one.output, one.index, one.attempts) for one in found] == [("A", 0, 1), ("B", 1, 1)]
    assert {one.model_requested for one in found} == {"m-1"}
    assert all(one.latency_ms is not None and one.created is not None for one in found)


def test_a_command_is_told_everything_about_a_request(tmp_path: Path) -> None:
    body = "say(output=json.dumps(ask))"
    found = answer(tmp_path, body, params={"t": 1}, model="m-1", system_prompt="Be kind.")
    assert found.output is not None, found.error
    assert json.loads(found.output) == {
        "id": "c1", "index": 0, "messages": [{"role": "user", "content": "Hello?"}],
        "system": "Be kind.", "input": "Hello?", "prompt": "Hello?", "params": {"t": 1},
        "model": "m-1",
    }  # fmt: skip
    variables = answer(tmp_path, body, asked({"doc": "é\u2028"}))
    assert variables.output is not None
    told = json.loads(variables.output)
    assert (told["prompt"], told["messages"], told["input"]) == (None, [], {"doc": "é\u2028"})


def test_an_answer_has_the_form_of_a_recorded_output(tmp_path: Path) -> None:
    body = "say(id=ask['id'], index=ask['index'], output='x', model='m-2', latency_ms=5, note=[1])"
    found = answer(tmp_path, body, asked(index=3))
    assert (found.output, found.model, found.latency_ms, found.index) == ("x", "m-2", 5, 3)
    assert found.extra == {"note": [1]}


def test_an_error_it_tells_itself_is_no_death(tmp_path: Path) -> None:
    provider = opened(tmp_path, bot(tmp_path, "say(error='connection refused', pid=os.getpid())"))
    first, second = in_turn(provider, asked(), asked())
    assert error_of(first) == (ErrorKind.CONNECTION, "connection refused")
    assert first.attempts == 1
    assert first.extra["pid"] == second.extra["pid"]


def test_one_process_answers_many_and_many_answer_at_a_time(tmp_path: Path) -> None:
    body = """
        here = Path(str(os.getpid()))
        here.touch()
        while prompt == 'wait' and len(list(Path().glob('[0-9]*'))) < 3:
            time.sleep(0.001)
        say(output=here.name)
        """
    provider = opened(tmp_path, bot(tmp_path, body))

    async def run() -> tuple[list[Sample], list[Sample]]:
        try:
            async with asyncio.timeout(PATIENCE):
                together = await asyncio.gather(*(provider.answer(asked("wait")) for _ in range(3)))
                return together, [await provider.answer(asked("go")) for _ in range(6)]
        finally:
            await provider.close()

    together, after = run_in_loop(run())
    pids = {sample.output for sample in together}
    assert len(pids) == 3
    assert {sample.output for sample in after} <= pids
    assert not any(is_alive(int(pid)) for pid in pids if pid)


def test_a_command_may_be_a_line_that_is_split_as_a_shell_would(tmp_path: Path) -> None:
    bot(tmp_path, "say(output=sys.argv[1])")
    provider = opened(tmp_path, f"{shlex.quote(sys.executable)} bot.py 'two words; $HOME'")
    assert in_turn(provider, asked())[0].output == "two words; $HOME"


def test_it_runs_in_the_root_with_the_environment(tmp_path: Path) -> None:
    words = bot(tmp_path, "say(output=os.getcwd() + os.environ['BOT_KEY'])")
    surroundings = Surroundings({"BOT_KEY": "!"}, code_root=tmp_path)
    provider = COMMAND.open(Arm.CANDIDATE, snapshot(words), surroundings)
    assert isinstance(provider, Provider)
    assert in_turn(provider, asked())[0].output == f"{tmp_path.resolve()}!"


def test_a_command_that_answers_once_is_started_for_each_request(tmp_path: Path) -> None:
    words = bot(tmp_path, "say(output=str(os.getpid()))\nbreak")
    found = in_turn(opened(tmp_path, words), *[asked()] * 4)
    assert len({one.output for one in found}) == 4
    assert not any(one.error for one in found)


def test_many_notes_do_not_block_a_command(tmp_path: Path) -> None:
    body = "sys.stderr.write('x' * 1_000_000)\nsay(output='fine')"
    assert answer(tmp_path, body).output == "fine"


def test_a_long_question_and_a_long_answer_pass(tmp_path: Path) -> None:
    found = answer(tmp_path, "say(output=prompt)", asked("é" * 1_000_000))
    assert found.output == "é" * 1_000_000


# ---------------------------------------------------------------- failures


def test_a_process_that_dies_is_replaced_and_asked_once_more(tmp_path: Path) -> None:
    body = """
        if prompt == 'die':
            print('out of', 'memory', file=sys.stderr)
            sys.exit(3)
        say(output='fine')
        """
    provider = opened(tmp_path, bot(tmp_path, body))
    died, fine = in_turn(provider, asked("die"), asked("live"))
    assert error_of(died) == (
        ErrorKind.CONNECTION, "the command died: it ended with status 3; it noted: out of memory",
    )  # fmt: skip
    assert (died.attempts, fine.attempts, fine.output) == (2, 1, "fine")


def test_a_death_that_does_not_come_twice_is_survived(tmp_path: Path) -> None:
    body = """
        if not Path('died').exists():
            Path('died').touch()
            os.kill(os.getpid(), signal.SIGKILL)
        say(output='fine')
        """
    found = answer(tmp_path, body)
    assert (found.output, found.attempts) == ("fine", 2)


def test_nobody_is_asked_again_where_the_budget_does_not_allow_it(tmp_path: Path) -> None:
    found = answer(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)", allowed=0)
    assert error_of(found) == (ErrorKind.CONNECTION, "the command died: it was ended by SIGKILL")
    assert found.attempts == 1


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    body = """
        if prompt == 'slow':
            child = subprocess.Popen(['sleep', '600'])
            Path('pids').write_text(f'{os.getpid()} {child.pid}')
            Path('ready').touch()
            time.sleep(600)
        say(output='fine')
        """
    provider = opened(tmp_path, bot(tmp_path, body), timeout=3.0)

    async def run() -> list[Sample]:
        try:
            async with asyncio.timeout(PATIENCE):
                return [await provider.answer(asked(text)) for text in ("slow", "quick")]
        finally:
            await provider.close()

    slow, quick = run_in_loop(run())
    assert error_of(slow) == (ErrorKind.TIMEOUT, "no line within 3 s; it was ended by SIGKILL")
    assert quick.output == "fine"
    pids = [int(pid) for pid in (tmp_path / "pids").read_text(encoding="utf-8").split()]
    assert all(map(has_ended, pids))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("print('Loading…')", "expected a JSON object, found 'Loading…'; notes belong on standard error"),
        ("print()", "expected a JSON object, found ''"),
        ("print('[1]')", "expected a JSON object, found '[1]'"),
        ("print('{\"output\": NaN}')", "expected a JSON object, found "),
        ("sys.stdout.buffer.write(b'\\xff\\n')", "expected a JSON object, found '\ufffd'"),
        ("say(id='c9', output='x')", "expected the answer to 'c1', draw 0, found "),
        ("say(sample=4, output='x')", "expected the answer to 'c1', draw 0, found "),
        ("say(index=4, output='x')", "expected the answer to 'c1', draw 0, found "),
        ("say(output=3)", "expected output to be text, found 3"),
        ("say(model='m')", "expected output or error, found neither"),
        ("say(latency_ms=3)", "expected output or error, found neither"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_answer_is_malformed(tmp_path: Path, body: str, message: str) -> None:
    kind, said = error_of(answer(tmp_path, body))
    assert kind is ErrorKind.MALFORMED
    assert said.startswith(message)


def test_a_line_that_nobody_asked_for_is_never_taken_for_an_answer(tmp_path: Path) -> None:
    body = """
        if prompt == 'two': print('{"output": "1"}\\n{"output": "2"}')
        else: say(output=prompt)
        """
    provider = opened(tmp_path, bot(tmp_path, body))
    found = in_turn(provider, asked("two"), asked("then"), asked("last"))
    assert found[0].output == "1"
    kind, message = error_of(found[1])
    assert kind is ErrorKind.MALFORMED
    assert message.startswith("it wrote without being asked: ")
    assert found[2].output == "last"


def test_a_line_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.providers.command.LONGEST_LINE", 1000)
    body = """
        while prompt == 'endless': sys.stdout.write('x' * 1000)
        say(output='fine')
        """
    provider = opened(tmp_path, bot(tmp_path, body))
    endless, fine = in_turn(provider, asked("endless"), asked("short"))
    assert error_of(endless) == (ErrorKind.MALFORMED, "a line of more than 1,000 bytes")
    assert fine.output == "fine"


def test_a_command_that_does_not_read_is_ended(tmp_path: Path) -> None:
    provider = opened(tmp_path, (sys.executable, "-c", "import time; time.sleep(600)"), timeout=0.2)
    [found] = in_turn(provider, asked("x" * 1_000_000))
    assert error_of(found) == (ErrorKind.TIMEOUT, "no line within 0.2 s; it was ended by SIGKILL")


def test_what_a_dead_process_left_behind_does_not_hold_up_its_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalkit.providers.command.GRACE", 0.2)
    body = """
        child = subprocess.Popen(['sleep', '600'])
        Path('pid').write_text(str(child.pid))
        os._exit(4)
        """
    found = answer(tmp_path, body, allowed=0)
    assert error_of(found) == (ErrorKind.CONNECTION, "the command died: it ended with status 4")
    assert has_ended(int((tmp_path / "pid").read_text(encoding="utf-8")))


def test_a_request_that_is_given_up_takes_its_process_with_it(tmp_path: Path) -> None:
    body = "Path('pid').write_text(str(os.getpid()))\nPath('ready').touch()\ntime.sleep(600)"
    provider = opened(tmp_path, bot(tmp_path, body))

    def wait() -> None:
        while not (tmp_path / "ready").exists():
            time.sleep(0.001)

    async def run() -> None:
        task = asyncio.create_task(provider.answer(asked()))
        async with asyncio.timeout(PATIENCE):
            await asyncio.to_thread(wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await provider.close()

    run_in_loop(run())
    assert has_ended(int((tmp_path / "pid").read_text(encoding="utf-8")))


def test_a_process_that_will_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalkit.providers.command.GRACE", 0.05)
    words = bot(tmp_path, "say(output=str(os.getpid()))")
    code = (tmp_path / "bot.py").read_text(encoding="utf-8")
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    (tmp_path / "bot.py").write_text(
        code.replace("for line", f"{stubborn}for line") + "while True: time.sleep(600)\n",
        encoding="utf-8",
    )
    [found] = in_turn(opened(tmp_path, words), asked())
    assert found.output is not None
    assert has_ended(int(found.output))


def test_a_process_may_end_in_its_own_way_when_its_input_does(tmp_path: Path) -> None:
    words = bot(tmp_path, "say(output='x')")
    with (tmp_path / "bot.py").open("a", encoding="utf-8") as code:
        code.write("Path('saved').touch()\n")
    in_turn(opened(tmp_path, words), asked())
    assert (tmp_path / "saved").exists()


# ---------------------------------------------------------------- what is wrong with a snapshot


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError) as caught:
        in_turn(opened(tmp_path, "./none --fast"), asked())
    assert caught.value.key == "candidate.command"
    assert caught.value.message == "'./none' cannot be started: No such file or directory"


def test_no_command_runs_where_no_code_may() -> None:
    with pytest.raises(SnapshotError, match="not allowed here"):
        opened(None, "true")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "expected a command, found ''"),
        ((), "expected a command, found ()"),
        (("",), "expected a command, found ('',)"),
        (("a\0b",), "expected a command, found"),
        ("bot 'x", 'expected a command line, found "bot \'x": No closing quotation'),
        ("bot ${env:KEY}", "nobody fills in ${env:…} here"),
    ],
)
def test_what_is_no_command_is_a_lack(command: str | tuple[str, ...], message: str) -> None:
    [lack] = COMMAND.lacks(snapshot(command))
    assert lack.key == "command"
    assert lack.message.startswith(message)


# ---------------------------------------------------------------- identity


def test_the_identity_changes_with_code_and_question_but_not_with_the_draw(tmp_path: Path) -> None:
    def identity(
        body: str = "say(output='x')", request: Request | None = None, **given: Any
    ) -> str:
        return opened(tmp_path, bot(tmp_path, body), **given).identity(request or asked())

    first = identity()
    assert identity(request=asked(index=3)) == first
    others = [
        identity("say(output='y')"),
        identity(request=asked("Bye.")),
        identity(model="m-2"),
        identity(params={"t": 1}),
        identity(system_prompt="Be kind."),
        opened(tmp_path, ("bot", "x" * 5000)).identity(asked()),
    ]
    assert len({first, *others}) == 7
