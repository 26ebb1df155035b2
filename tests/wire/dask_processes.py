"""A Dask scheduler and its workers as processes of this machine, which end with the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Dask:
    """A scheduler's address, and the processes of its workers."""

    address: str
    workers: tuple[subprocess.Popen[bytes], ...]


@contextmanager
def dask(folder: Path, workers: int, **environment: str) -> Iterator[Dask]:
    """Yield a scheduler with workers of one thread each, once all of them are there."""
    found = folder / "scheduler.json"
    surroundings = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DASK_DISTRIBUTED__WORKER__MEMORY__TERMINATE": "false",
        **environment,
    }
    with ExitStack() as stack:

        def begun(role: str, *arguments: str) -> subprocess.Popen[bytes]:
            command = [
                sys.executable, "-m", f"distributed.cli.dask_{role}", "--no-dashboard",
                "--scheduler-file", str(found), *arguments,
            ]  # fmt: skip
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=surroundings,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        begun("scheduler", "--host", "127.0.0.1", "--port", "0")
        processes = tuple(
            begun(
                "worker", "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1", "--name", str(at)
            )
            for at in range(workers)
        )
        end = time.monotonic() + PATIENCE
        while not (found.exists() and found.stat().st_size):
            assert time.monotonic() < end, "the scheduler never came"
            time.sleep(0.02)
        yield Dask(json.loads(found.read_text())["address"], processes)
