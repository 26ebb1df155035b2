"""A Python function is asked with what it names, and whatever it does ends its own sample alone."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from evalkit.core.errors import ProviderError, SnapshotError
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
from evalkit.providers.python import PythonOptions

PYTHON = PROVIDERS.get("python")


@pytest.fixture(autouse=True)
def clean_imports() -> Iterator[None]:
    """Leave the modules and the path as they were."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith(("evalkit_python_", "repo_")):
            del sys.modules[name]


def snapshot(function: str, **given: Any) -> Snapshot:
    if isinstance(given.get("system_prompt"), str):
        given["system_prompt"] = SystemPrompt(given["system_prompt"])
    return Snapshot("python", PythonOptions(function), **given)


def asked(given: CaseInput = "Hello?", *, case_id: str = "c1", index: int = 0) -> Request:
    messages = (Message("user", given),) if isinstance(given, str) else ()
    return Request(Arm.CANDIDATE, Case(case_id, given, metadata={"k": "v"}), index, messages)


def opened(root: Path | None, function: str, **given: Any) -> Provider:
    found = PYTHON.open(Arm.CANDIDATE, snapshot(function, **given), Surroundings(code_root=root))
    assert isinstance(found, Provider)
    return found


def written(root: Path, code: str, name: str = "bot.py") -> str:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(code), encoding="utf-8")
    return f"{name}:answer"


def samples(provider: Provider, *requests: Request) -> list[Sample]:
    async def run() -> list[Sample]:
        try:
            async with asyncio.timeout(20):
                return await asyncio.gather(*map(provider.answer, requests or (asked(),)))
        finally:
            await provider.close()

    return asyncio.run(run())


def answer(root: Path, code: str, request: Request | None = None, **given: Any) -> Sample:
    [found] = samples(opened(root, written(root, code), **given), request or asked())
    return found


def fault(root: Path, code: str, **given: Any) -> str:
    with pytest.raises(SnapshotError) as caught:
        opened(root, written(root, code), **given)
    assert caught.value.key == "candidate.function"
    return caught.value.message


# ---------------------------------------------------------------- answers


def test_a_function_of_the_prompt_gives_the_answer(tmp_path: Path) -> None:
    found = answer(tmp_path, "def answer(prompt): return prompt.upper()", model="m-1")
    assert (found.case_id, found.arm, found.index) == ("c1", Arm.CANDIDATE, 0)
    assert (found.output, found.error, found.attempts) == ("HELLO?", None, 1)
    assert found.model_requested == "m-1"
    assert found.latency_ms is not None
    assert found.created is not None


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_function_is_told_what_it_names(tmp_path: Path, kind: str) -> None:
    code = f"""
        {kind} answer(prompt, /, messages, *rest, system=None, own=3, **others):
            import json
            return json.dumps([prompt, messages, system, own, sorted(others.items())])
        """
    found = answer(tmp_path, code, params={"t": 1}, model="m-1", system_prompt="Be kind.")
    assert found.output is not None, found.error
    import json

    prompt, messages, system, own, others = json.loads(found.output)
    assert (prompt, system, own) == ("Hello?", "Be kind.", 3)
    assert messages == [{"role": "user", "content": "Hello?"}]
    assert others == [
        ["case_id", "c1"], ["index", 0], ["input", "Hello?"], ["metadata", {"k": "v"}],
        ["model", "m-1"], ["params", {"t": 1}],
    ]  # fmt: skip


def test_messages_open_with_the_system_prompt_where_it_is_not_taken_alone(tmp_path: Path) -> None:
    code = "def answer(messages): return ','.join(turn['role'] for turn in messages)"
    assert answer(tmp_path, code, system_prompt="Be kind.").output == "system,user"


def test_variables_reach_a_function_that_takes_the_input(tmp_path: Path) -> None:
    code = "def answer(input): return input['doc']"
    assert answer(tmp_path, code, asked({"doc": "A"})).output == "A"
    with pytest.raises(SnapshotError, match="case 'c1' holds variables") as caught:
        answer(tmp_path, "def answer(prompt): return prompt", asked({"doc": "A"}))
    assert caught.value.key == "candidate.function"


def test_a_mapping_is_read_as_a_recorded_output(tmp_path: Path) -> None:
    code = """
        def answer(prompt, index):
            return {"output": "x", "id": "mine", "sample": 9, "model": "m-2", "latency_ms": 5,
                    "input_tokens": 7, "note": ["kept"]}
        """
    found = answer(tmp_path, code, asked(index=2))
    assert (found.case_id, found.index, found.model) == ("c1", 2, "m-2")
    assert (found.latency_ms, found.input_tokens, found.extra) == (5, 7, {"note": ["kept"]})


def test_an_error_in_a_mapping_is_the_samples_error(tmp_path: Path) -> None:
    found = answer(tmp_path, "def answer(prompt): return {'error': '429 Too Many Requests'}")
    assert found.error is not None
    assert found.error.kind is ErrorKind.RATE_LIMITED


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "expected text or a mapping, found NoneType"),
        ("3", "expected text or a mapping, found int"),
        ("{}", "expected output or error, found neither"),
        ("{'output': 3}", 'expected output to be text, found 3; write "3"'),
        ("{'output': 'x', 'v': object()}", "Object of type object is not JSON serializable"),
        ("{'output': 'x', 'v': float('nan')}", "NaN is not JSON"),
        ("(x := {'output': 'x'}) | {'v': x.setdefault('self', x)}", "Circular reference detected"),
    ],
)
def test_what_is_no_answer_is_malformed(tmp_path: Path, returned: str, message: str) -> None:
    found = answer(tmp_path, f"def answer(prompt): return {returned}")
    assert found.error is not None
    assert found.error.kind is ErrorKind.MALFORMED
    assert message in found.error.message


def test_half_a_surrogate_pair_does_not_get_into_a_sample(tmp_path: Path) -> None:
    assert answer(tmp_path, "def answer(prompt): return 'a\\ud800b'").output == "a\ufffdb"


# ---------------------------------------------------------------- failures


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize(
    ("raised", "expected", "message"),
    [
        ("ValueError('bad')", ErrorKind.OTHER, "ValueError: bad (bot.py:3)"),
        ("RuntimeError('503 overloaded')", ErrorKind.SERVER, "RuntimeError: 503 overloaded (bot.py:3)"),
        ("TimeoutError()", ErrorKind.TIMEOUT, "TimeoutError (bot.py:3)"),
        ("SystemExit(0)", ErrorKind.OTHER, "SystemExit: 0 (bot.py:3)"),
        ("KeyboardInterrupt", ErrorKind.OTHER, "KeyboardInterrupt (bot.py:3)"),
        ("__import__('asyncio').CancelledError", ErrorKind.OTHER, "CancelledError (bot.py:3)"),
        ("Odd()", ErrorKind.OTHER, "Odd (bot.py:3)"),
    ],
)  # fmt: skip
def test_what_a_function_raises_is_an_error_of_its_sample(
    tmp_path: Path, kind: str, raised: str, expected: ErrorKind, message: str
) -> None:
    code = f"""
        {kind} answer(prompt):
            if prompt == 'bad': raise {raised}
            return 'fine'

        class Odd(Exception):
            def __str__(self): raise ValueError
        """
    provider = opened(tmp_path, written(tmp_path, code))
    bad, good = samples(provider, asked("bad"), asked("good"))
    assert bad.error is not None
    assert (bad.error.kind, bad.error.message) == (expected, message)
    assert good.output == "fine"


def test_an_async_function_that_takes_too_long_is_cancelled(tmp_path: Path) -> None:
    code = """
        import asyncio
        from pathlib import Path

        async def answer(prompt):
            try:
                await asyncio.sleep(60 if prompt == 'slow' else 0)
            except asyncio.CancelledError:
                Path(__file__).with_name('cancelled').touch()
                raise
            return 'fine'
        """
    provider = opened(tmp_path, written(tmp_path, code), timeout=0.05)
    slow, quick = samples(provider, asked("slow"), asked("quick"))
    assert slow.error is not None
    assert (slow.error.kind, slow.error.message) == (ErrorKind.TIMEOUT, "no answer within 0.05 s")
    assert quick.output == "fine"
    assert (tmp_path / "cancelled").exists()


def test_a_sync_function_that_hangs_is_left_behind_and_the_next_call_is_made(
    tmp_path: Path,
) -> None:
    code = """
        import threading

        go = threading.Event()

        def answer(prompt):
            if prompt == 'slow': go.wait(20)
            else: go.set()
            return 'fine'
        """
    provider = opened(tmp_path, written(tmp_path, code), timeout=0.05)

    async def run() -> list[Sample]:
        try:
            return [await provider.answer(asked(text)) for text in ("slow", "quick")]
        finally:
            await provider.close()

    slow, quick = asyncio.run(run())
    assert slow.error is not None
    assert slow.error.kind is ErrorKind.TIMEOUT
    assert quick.output == "fine"


def test_calls_that_never_come_back_end_the_collection_before_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalkit.providers.python.calling.MOST_LOST", 2)
    code = """
        import threading

        go = threading.Event()

        def answer(prompt): go.wait(20)
        """
    provider = opened(tmp_path, written(tmp_path, code), timeout=0.02)

    async def run() -> None:
        try:
            for _ in range(3):
                await provider.answer(asked())
        finally:
            await provider.close()

    with pytest.raises(ProviderError, match="2 calls of the function never came back"):
        asyncio.run(run())
    [module] = [
        found
        for name, found in sys.modules.items()
        if name.startswith("evalkit_python_") and tmp_path in Path(str(found.__file__)).parents
    ]
    module.go.set()


def test_calls_run_beside_each_other_and_reuse_their_threads(tmp_path: Path) -> None:
    code = """
        import threading

        together = threading.Barrier(8)

        def answer(prompt):
            together.wait(20)
            return threading.current_thread().name
        """
    provider = opened(tmp_path, written(tmp_path, code))
    before = threading.active_count()
    found = samples(provider, *(asked(case_id=f"c{number}") for number in range(16)))
    assert all(sample.error is None for sample in found)
    assert threading.active_count() <= before


def test_a_hidden_async_function_is_awaited(tmp_path: Path) -> None:
    code = """
        async def inner(prompt): return prompt.upper()

        def answer(prompt): return inner(prompt)
        """
    assert answer(tmp_path, code).output == "HELLO?"


def test_a_callable_object_is_asked(tmp_path: Path) -> None:
    written(tmp_path, """
        class Bot:
            async def __call__(self, prompt): return prompt.upper()
            def plain(self, prompt): return prompt.lower()

        bot = Bot()
        """)  # fmt: skip
    assert samples(opened(tmp_path, "bot.py:bot"))[0].output == "HELLO?"
    assert samples(opened(tmp_path, "bot.py:bot.plain"))[0].output == "hello?"


def test_what_a_function_prints_goes_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = """
        print('loading')

        def answer(prompt):
            print('asked', prompt)
            return 'fine'
        """
    before = sys.stdout
    provider = opened(tmp_path, written(tmp_path, code))

    async def run() -> None:
        await provider.answer(asked())
        print("the result")  # noqa: T201 - what evalkit itself writes meanwhile
        await provider.close()

    asyncio.run(run())
    assert sys.stdout is before
    said = capsys.readouterr()
    assert said.out == "the result\n"
    assert said.err == "loading\nasked Hello?\n"


# ---------------------------------------------------------------- where code may run


def test_a_module_of_the_repository_is_found_without_being_installed(tmp_path: Path) -> None:
    written(tmp_path, "def answer(prompt): return prompt.upper()", "repo_app/inner/bot.py")
    assert samples(opened(tmp_path, "repo_app.inner.bot:answer"))[0].output == "HELLO?"


def test_a_file_may_import_its_neighbours(tmp_path: Path) -> None:
    written(tmp_path, "WORD = 'Hi'", "bots/repo_words.py")
    written(tmp_path, "from repo_words import WORD\ndef answer(prompt): return WORD", "bots/b.py")
    assert samples(opened(tmp_path, "bots/b.py:answer"))[0].output == "Hi"


def test_an_installed_module_is_asked(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="has a parameter 'text'"):
        opened(tmp_path, "textwrap:dedent")


@pytest.mark.parametrize("link", [False, True])
def test_code_outside_of_the_repository_does_not_run(tmp_path: Path, *, link: bool) -> None:
    root, outside = tmp_path / "repo", tmp_path / "bot.py"
    root.mkdir()
    outside.write_text("raise SystemExit", encoding="utf-8")
    name = str(outside)
    if link:
        (root / "repo_linked.py").symlink_to(outside)
        name = "repo_linked.py"
    with pytest.raises(SnapshotError, match="code runs only from the repository"):
        opened(root, f"{name}:answer")
    if link:
        with pytest.raises(SnapshotError, match="code runs only from the repository"):
            opened(root, "repo_linked:answer")


def test_no_code_runs_where_none_is_allowed() -> None:
    with pytest.raises(SnapshotError, match="not allowed here"):
        opened(None, "textwrap:dedent")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("none.py:answer", "expected a Python file, found none at"),
        ("repo_none:answer", "no module 'repo_none' in the repository"),
        ("repo_none.deep:answer", "no module 'repo_none.deep' in the repository"),
        ("textwrap.deep:answer", "no module 'textwrap.deep' in the repository"),
        ("sys:exit", "expected a module with a file, and 'sys' has none"),
        ("bot.py:anser", "holds no function 'anser'; did you mean 'answer'?"),
        ("bot.py:WORD", "expected a function, and WORD is a str"),
    ],
)
def test_a_function_that_is_not_there_is_named(tmp_path: Path, function: str, message: str) -> None:
    written(tmp_path, "WORD = 'Hi'\ndef answer(prompt): return WORD")
    with pytest.raises(SnapshotError) as caught:
        opened(tmp_path, function)
    assert message in caught.value.message


@pytest.mark.parametrize("code", ["1 / 0", "raise SystemExit(0)", "def answer(prompt"])
def test_a_module_that_cannot_be_loaded_says_why(tmp_path: Path, code: str) -> None:
    before = sys.stdout
    with pytest.raises(ProviderError, match=r"bot\.py could not be loaded: (Zero|System|Syntax)"):
        opened(tmp_path, written(tmp_path, code))
    assert sys.stdout is before


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "def answer(promt): pass",
            "has a parameter 'promt'; did you mean 'prompt'? (known: prompt,",
        ),
        ("def answer(): pass", "takes nothing of the case"),
        ("def answer(index): pass", "takes nothing of the case"),
        ("answer = dict.fromkeys", "has a parameter 'iterable'"),
    ],
)
def test_a_function_that_cannot_be_asked_is_told_why(
    tmp_path: Path, code: str, message: str
) -> None:
    assert fault(tmp_path, code).startswith(message)


def test_a_function_that_would_not_see_what_the_snapshot_sets_is_told_why(tmp_path: Path) -> None:
    code = "def answer(prompt): pass"
    assert "takes neither system nor messages" in fault(tmp_path, code, system_prompt="Be kind.")
    assert "takes no params" in fault(tmp_path, code, params={"t": 1})


@pytest.mark.parametrize("function", ["", "bot", "bot.py", "bot:", ":answer", "a-b:c", "bot:1.x-"])
def test_what_names_no_function_is_a_lack(function: str) -> None:
    [lack] = PYTHON.lacks(snapshot(function))
    assert lack.key == "function"
    assert lack.message.startswith("expected package.module:name or path/file.py:name, found")


def test_looking_for_lacks_runs_no_code(tmp_path: Path) -> None:
    name = str(tmp_path / written(tmp_path, "raise SystemExit"))
    assert not list(PYTHON.lacks(snapshot(name)))


# ---------------------------------------------------------------- identity


def test_the_identity_changes_with_code_and_question_but_not_with_draw_or_folder(
    tmp_path: Path,
) -> None:
    def identity(
        folder: str, code: str = "def answer(prompt, index): pass", request: Request | None = None,
        **given: Any,
    ) -> str:  # fmt: skip
        root = tmp_path / folder
        return opened(root, written(root, code), **given).identity(request or asked())

    first = identity("a")
    assert identity("b") == first
    assert identity("a", request=asked(index=3)) == first
    others = [
        identity("a", code="def answer(prompt, index): return 'x'"),
        identity("a", request=asked("Bye.")),
        identity("a", model="m-2"),
        identity("a", code="def answer(prompt, params, index): pass", params={"t": 1}),
        identity("a", code="def answer(messages, index): pass", system_prompt="Be kind."),
    ]
    assert len({first, *others}) == 6
