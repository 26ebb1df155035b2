"""What a whole process costs: its time, its processor time and its peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one process: wall and processor time in seconds, peak memory in megabytes."""

    wall: float
    cpu: float
    peak: float


def cost_of(command: Sequence[str], folder: Path, **environment: str) -> Cost:
    """Return the cost of one run of a command, whatever it returns."""
    start = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0  # it has been waited for
    wall = time.perf_counter() - start
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def in_turn(
    commands: Sequence[Sequence[str]], folder: Path, *, rounds: int
) -> tuple[list[Cost], ...]:
    """Return the costs of commands that are run in turn, so that a slow minute hits all alike."""
    found: tuple[list[Cost], ...] = tuple([] for _ in commands)
    for _ in range(rounds):
        for costs, command in zip(found, commands, strict=True):
            costs.append(cost_of(command, folder))
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
    )
