"""A file has one writer at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evalkit.core.errors import UsageError
from evalkit.files.locking import only_writer, sync_folder

HOLD = """
import sys, signal
from pathlib import Path
from evalkit.files.locking import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    signal.pause()
"""


def test_who_comes_second_is_told_and_who_comes_later_may(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    refused = pytest.raises(UsageError, match="another process writes it")
    with only_writer(path), refused, only_writer(path):
        pass
    with only_writer(path):
        assert (tmp_path / "state.json.lock").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UsageError), only_writer(path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=30)
    with only_writer(path):
        pass


def test_a_folder_is_synced_where_that_can_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_folder(tmp_path)

    def refused(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "open", refused)
    sync_folder(tmp_path)
    monkeypatch.undo()
    assert not [*tmp_path.iterdir()]


class OfWindows:
    """The lock of a system without ``fcntl``."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.held = False

    def locking(self, place: int, mode: int, count: int) -> None:
        """Lock, or say that somebody else has."""
        assert (place >= 0, mode, count) == (True, self.LK_NBLCK, 1)
        if self.held:
            raise OSError
        self.held = True


def test_the_lock_of_windows_is_used_where_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", OfWindows())
    with only_writer(tmp_path / "state.json"):
        pass
    with pytest.raises(UsageError), only_writer(tmp_path / "state.json"):
        pass
