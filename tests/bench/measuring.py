"""What a whole process costs: its time, its processor time and its peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one process: wall and processor time in seconds, peak memory in megabytes.

    ``peak`` is that of the largest process, ``together`` that of all that are there at once, shared
    pages counted once; looked at ten times a second, and 0 where nobody looked.
    """

    wall: float
    cpu: float
    peak: float
    together: float = 0.0


LOOK_SECONDS = 0.1


def cost_of(
    command: Sequence[str], folder: Path, *, together: bool = False, **environment: str
) -> Cost:
    """Return the cost of one run of a command, whatever it returns."""
    start = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        ended, seen = threading.Event(), [0.0]
        watching = threading.Thread(target=_watch, args=(process.pid, ended, seen))
        if together:
            watching.start()
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0  # it has been waited for
        wall = time.perf_counter() - start
        ended.set()
        if together:
            watching.join()
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, seen[0])


def _watch(process: int, ended: threading.Event, seen: list[float]) -> None:
    """Note the most memory that a process and those it began have at once, in megabytes."""
    while not ended.wait(LOOK_SECONDS):
        seen[0] = max(seen[0], sum(map(_resident, _with_children(process))))


def _with_children(process: int) -> list[int]:
    try:
        found = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:  # it has ended
        return []
    return [process, *(one for child in found.split() for one in _with_children(int(child)))]


def _resident(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def in_turn(
    commands: Sequence[Sequence[str]], folder: Path, *, rounds: int, together: bool = False
) -> tuple[list[Cost], ...]:
    """Return the costs of commands that are run in turn, so that a slow minute hits all alike."""
    found: tuple[list[Cost], ...] = tuple([] for _ in commands)
    for _ in range(rounds):
        for costs, command in zip(found, commands, strict=True):
            costs.append(cost_of(command, folder, together=together))
    return found


def ratio(costs: Sequence[Cost], yardstick: Sequence[Cost]) -> float:
    """Return the median of the ratios of processor time, pair by pair."""
    pairs = zip(costs, yardstick, strict=True)
    return statistics.median(one.cpu / other.cpu for one, other in pairs)


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        statistics.median(cost.peak for cost in costs),
        statistics.median(cost.together for cost in costs),
    )
