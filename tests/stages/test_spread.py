"""Parts are worked on in processes, whatever becomes of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Pipe
from pathlib import Path

import pytest

from evalkit.core.errors import SpecError
from evalkit.core.spreading import Executor, TaskFailedError, WorkerLostError
from evalkit.stages.spread import AHEAD, InProcess, Processes, serve
from tests.stages.chores import Chore, ids, lives, wait_for

PARTS = tuple(range(9))
SQUARES = [part * part for part in PARTS]


@pytest.fixture(autouse=True)
def _nothing_stays() -> object:
    yield
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("executor", "name"),
    [(InProcess(), "this process"), (Processes(1), "one process"), (Processes(2), "2 processes")],
)
def test_every_executor_gives_the_same_results_in_the_order_of_the_parts(
    executor: Executor, name: str, tmp_path: Path
) -> None:
    assert executor.name == name
    assert list(executor.results(Chore(tmp_path), PARTS)) == SQUARES
    assert list(executor.results(Chore(tmp_path), ())) == []


def test_the_work_is_done_by_no_more_processes_than_there_are_parts(tmp_path: Path) -> None:
    assert list(Processes(5).results(Chore(tmp_path), PARTS[:1])) == [0]
    assert ids(tmp_path, 0) != [os.getpid()]


def test_a_late_part_holds_up_those_behind_it_so_that_memory_stays_flat(tmp_path: Path) -> None:
    most = AHEAD * 2
    chore = Chore(tmp_path, slow=0, slow_until=most)
    results = Processes(2).results(chore, tuple(range(60)))
    assert next(results) == 0
    begun = {path.name.partition("-")[0] for path in tmp_path.iterdir()}
    assert len(begun) == most
    results.close()  # type: ignore[attr-defined]


def test_a_part_whose_worker_was_killed_is_begun_once_more(tmp_path: Path) -> None:
    assert list(Processes(2).results(Chore(tmp_path, fatal=4), PARTS)) == SQUARES
    assert len(ids(tmp_path, 4)) == 2


@pytest.mark.parametrize(
    ("how", "said"), [("SIGKILL", "were ended by SIGKILL"), ("exit", "ended with exit code 7")]
)
def test_a_part_that_ends_two_workers_is_named(how: str, said: str, tmp_path: Path) -> None:
    results = Processes(2).results(Chore(tmp_path, fatal=2, always=True, how=how), PARTS)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(WorkerLostError, match=f"^2: 2 workers in a row {said} while") as found:
        next(results)
    assert found.value.exit_code == 4


def test_workers_that_are_kept_do_one_task_after_the_other(tmp_path: Path) -> None:
    with Processes(2).kept() as crew:
        assert crew.name == "2 processes"
        with crew.kept() as same:
            assert list(same.results(Chore(tmp_path), PARTS)) == SQUARES
        first = {worker.pid for worker in multiprocessing.active_children()}
        results = crew.results(Chore(tmp_path, slow=1, slow_until=1000), PARTS)
        assert next(results) == 0
        wait_for(lambda: len(ids(tmp_path, 1)) == 2)
        results.close()  # type: ignore[attr-defined]
        assert len(multiprocessing.active_children()) == 1, "the one that was at work is ended"
        assert list(crew.results(Chore(tmp_path), PARTS)) == SQUARES
        assert len({worker.pid for worker in multiprocessing.active_children()} & first) == 1
    with InProcess().kept() as here:
        assert list(here.results(Chore(tmp_path), PARTS)) == SQUARES


def test_a_worker_that_ends_while_it_waits_is_replaced(tmp_path: Path) -> None:
    results = Processes(1).results(Chore(tmp_path), PARTS)
    assert next(results) == 0
    (worker,) = multiprocessing.active_children()
    worker.kill()
    worker.join()
    assert list(results) == SQUARES[1:]


def test_problems_of_files_arrive_whole_in_the_order_of_the_parts(tmp_path: Path) -> None:
    results = Processes(2).results(Chore(tmp_path, wrong=3, how="spec"), PARTS)
    assert [next(results) for _ in range(3)] == SQUARES[:3]
    with pytest.raises(SpecError, match=r"^a.jsonl:7: line: no JSON$") as found:
        next(results)
    assert found.value.problems[0].place.line == 7


@pytest.mark.parametrize(
    ("how", "said"), [("fails", "ZeroDivisionError: of part 1"), ("unpackable", "pickle")]
)
def test_what_fails_in_a_worker_says_what_python_said_there(
    how: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(TaskFailedError, match=said) as found:
        list(Processes(2).results(Chore(tmp_path, wrong=1, how=how), PARTS))
    assert "Traceback" in str(found.value)


def test_who_leaves_early_leaves_no_process_behind(tmp_path: Path) -> None:
    results = Processes(2).results(Chore(tmp_path, slow=1, slow_until=1000), PARTS)
    assert next(results) == 0
    wait_for(lambda: ids(tmp_path, 1))
    results.close()  # type: ignore[attr-defined]
    assert not lives(ids(tmp_path, 1)[0])


SCRIPT = """
import sys
from pathlib import Path
from evalkit.stages.spread import Processes
from tests.stages.chores import Chore
if __name__ == "__main__":
    try:
        list(Processes(2).results(Chore(Path(sys.argv[1]), slow=1, slow_until=1000), range(9)))
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupt_ends_everything_at_once_and_without_a_word(
    sent: signal.Signals, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    folder = tmp_path / "begun"
    folder.mkdir()
    with subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        wait_for(lambda: (ids(folder, 1) and ids(folder, 4)) or process.poll() is not None)
        if sent is signal.SIGINT:
            os.killpg(process.pid, sent)  # as a terminal does: everybody of the group hears it
            assert process.wait(20) == 130
        else:
            process.kill()
            process.wait(20)
            (worker,) = ids(folder, 1)
            for number in range(1000):
                (folder / f"enough-{number}").touch()
            wait_for(lambda: not lives(worker))
        assert process.stderr is not None
        said = process.stderr.read()
    assert not said
    assert not any(lives(number) for part in range(9) for number in ids(folder, part))


# ---------------------------------------------------------------- in a worker


def test_a_worker_ends_when_nobody_takes_what_it_has_done(tmp_path: Path) -> None:
    ours, theirs = Pipe()
    ours.send((Chore(tmp_path), 5))
    ours.close()
    serve(theirs)
    assert theirs.closed
    assert ids(tmp_path, 5) == [os.getpid()]


def test_a_worker_tells_results_and_ends_with_its_pipe(tmp_path: Path) -> None:
    ours, theirs = Pipe(duplex=True)
    chore = Chore(tmp_path, wrong=2, how="spec")
    with ours:
        ours.send((chore, 3))
        ours.send((chore, 2))
        worker = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
        worker.start()
        theirs.close()
        assert ours.recv() == 9
        assert isinstance(ours.recv(), SpecError)
    worker.join(20)
    assert worker.exitcode == 0
    worker.close()


def test_a_system_that_cannot_mask_signals_starts_workers_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(signal, "pthread_sigmask")
    assert list(Processes(1).results(Chore(tmp_path), PARTS)) == SQUARES
