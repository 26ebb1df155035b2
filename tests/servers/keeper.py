"""Runs a command for as long as its own standard input is open, and nothing of it any longer.

Whoever starts this holds the other end. When they end, in whatever way, the input ends, and the
command with all that it started is ended too: a server never outlives the tests.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

PATIENCE = 10.0
"""Seconds for a server to shut down by itself."""


def keep(command: list[str]) -> int:
    """Run a command until it ends or the standard input does; return its exit code."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        threading.Thread(target=_end_with_input, args=[process], daemon=True).start()
        code = process.wait()
        _signal(process, signal.SIGKILL)
    return code


def _end_with_input(process: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    _signal(process, signal.SIGTERM)
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the group: the command leads one, and what it starts belongs to it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
