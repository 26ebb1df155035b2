"""Tasks that workers find by their name."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from evalkit.core.errors import Place, SpecError

PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Chore:
    """Squares a number; some numbers bring trouble.

    ``folder`` keeps a file for each part that was begun, with the process that did.
    """

    folder: Path
    fatal: int = -1
    always: bool = False
    how: str = "SIGKILL"
    slow: int = -1
    slow_until: int = 0
    wrong: int = -1

    def __call__(self, part: int) -> object:
        (self.folder / f"{part}-{os.getpid()}").touch()
        if part == self.fatal and (self.always or not (self.folder / "died").exists()):
            (self.folder / "died").touch()
            if self.how == "exit":
                os._exit(7)
            os.kill(os.getpid(), signal.Signals[self.how])
        if part == self.slow:
            wait_for(lambda: len(list(self.folder.iterdir())) >= self.slow_until)
        if part == self.wrong:
            if self.how == "spec":
                raise SpecError.single(Place("a.jsonl", 7), "no JSON", where="line")
            if self.how == "unpackable":
                return lambda: part
            raise ZeroDivisionError(f"of part {part}")
        return part * part


def wait_for(happened: object) -> None:
    """Wait until something is so, for a while."""
    assert callable(happened)
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "what was waited for never came"
        time.sleep(0.01)


def ids(folder: Path, part: int) -> list[int]:
    """Return the processes that began a part."""
    return [int(path.name.partition("-")[2]) for path in folder.glob(f"{part}-*")]


def lives(process: int) -> bool:
    """Return whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
