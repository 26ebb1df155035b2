"""How far a collection is: a line that is written over on a terminal, plain lines in a log."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import termios
from dataclasses import replace

import pytest

from evalkit.cli.progress import CLEAR, USUAL_WIDTH, ProgressLine, lines_of, width_of
from evalkit.core.asking import ArmProgress, Progress
from evalkit.core.model import Arm

BOTH = {
    Arm.BASELINE: ArmProgress(total=400, done=100),
    Arm.CANDIDATE: ArmProgress(total=400, done=50),
}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def shown(text: str) -> list[str]:
    """Return the lines that a terminal shows after these bytes."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[K|\x1b\[A|\r|\n)", text):
        if part == "\x1b[K":
            lines[row] = ""
        elif part == "\x1b[A":
            row -= 1
        elif part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part != "\r":
            lines[row] += part
    return lines


def at(done: int, seconds: float, **fields: object) -> Progress:
    part = replace(BOTH[Arm.CANDIDATE], done=done, **fields)  # type: ignore[arg-type]
    return Progress({**BOTH, Arm.CANDIDATE: part}, seconds)


# ---------------------------------------------------------------- a terminal


def test_a_terminal_shows_the_last_state_and_no_other() -> None:
    stream = Terminal()
    line = ProgressLine(stream)
    for done in (50, 60, 70):
        line(at(done, done / 10))
    found = shown(stream.getvalue())
    assert [row.split()[:2] for row in found] == [["baseline", "100/400"], ["candidate", "70/400"]]


def test_what_is_left_standing_is_followed_by_a_new_line_once() -> None:
    stream = Terminal()
    line = ProgressLine(stream)
    line(at(50, 1.0))
    line.close()
    line.close()
    assert stream.getvalue().endswith("left\n")
    assert stream.getvalue().count("\n") == 2


def test_a_line_that_was_never_begun_is_not_ended() -> None:
    stream = Terminal()
    ProgressLine(stream).close()
    assert stream.getvalue() == ""


def test_why_no_more_is_asked_stands_above_the_line_and_is_told_once() -> None:
    stream = Terminal()
    line = ProgressLine(stream)
    line(at(50, 1.0))
    for done in (51, 52):
        line(replace(at(done, 1.0, waiting=3), ending="interrupted"))
    found = shown(stream.getvalue())
    assert found[0] == (
        "no more is asked: interrupted; waiting for 3 requests under way; Ctrl-C again gives them up"
    )
    assert [row.split()[:2] for row in found[1:]] == [
        ["baseline", "100/400"],
        ["candidate", "52/400"],
    ]


FULL = ArmProgress(
    total=12000, done=5000, kept=800, errors=12, retries=34, cost_usd=1.25, waiting=16
)


def rows(text: str, columns: int) -> list[str]:
    """Return the rows that a terminal of so many columns shows: what is wider goes on below."""
    found = [""]
    row = column = 0
    for part in re.findall(r"\x1b\[K|\x1b\[A|[\s\S]", text):
        if part == "\x1b[K":
            found[row] = found[row][:column]
        elif part == "\x1b[A":
            row -= 1
        elif part == "\r":
            column = 0
        elif part == "\n":
            row, column = row + 1, 0
        else:
            if column == columns:
                row, column = row + 1, 0
            found += [""] * (row + 1 - len(found))
            found[row] = found[row][:column].ljust(column) + part
            column += 1
        found += [""] * (row + 1 - len(found))
    return found


@pytest.mark.parametrize("columns", [1, 5, 12, 20, 30, 40, 60, 80, 200])
def test_a_line_never_takes_more_than_a_row_and_none_is_left_behind(columns: int) -> None:
    stream = Terminal()
    line = ProgressLine(stream, width=lambda _: columns)
    for done in (4000, 4500, 5000):
        arms = dict.fromkeys(Arm, replace(FULL, done=done))
        line(Progress(arms, 60.0))
    found = rows(stream.getvalue(), columns)
    assert len(found) == 2
    assert all(len(row) < columns for row in found)
    if columns >= 30:
        assert all("5,000/12,000" in row for row in found)


def test_what_matters_least_is_left_out_first() -> None:
    def told(width: int) -> str:
        (line,) = lines_of(Progress({Arm.CANDIDATE: FULL}, 60.0), width=width)
        assert len(line) <= width
        return line.replace("\u00a0", " ")

    assert told(200) == (
        "candidate   5,000/12,000  42 %  70.0/s  800 kept  12 errors  34 retries  $1.25  2 min left"
    )
    assert told(80) == (
        "candidate   5,000/12,000  42 %  70.0/s  12 errors  34 retries  $1.25  2 min left"
    )
    assert told(79) == "candidate   5,000/12,000  42 %  12 errors  34 retries  $1.25  2 min left"
    assert told(60) == "candidate   5,000/12,000  42 %  12 errors  $1.25  2 min left"
    assert told(45) == "candidate   5,000/12,000  12 errors"
    assert told(30) == "candidate   5,000/12,000"
    assert told(11) == "candidate  "


def test_a_window_that_has_become_narrower_is_cleared_all_the_same() -> None:
    stream, columns = Terminal(), 100
    line = ProgressLine(stream, width=lambda _: columns)
    line(Progress({Arm.CANDIDATE: FULL}, 60.0))
    (before,) = rows(stream.getvalue(), 100)
    columns = 40
    written = len(stream.getvalue())
    line(Progress({Arm.CANDIDATE: FULL}, 60.0))
    assert -(-len(before) // 40) == 3
    assert stream.getvalue()[written:].startswith(CLEAR + "\x1b[A\x1b[K" * 2 + "candidate")


def test_a_terminal_is_asked_how_wide_it_is() -> None:
    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 57, 0, 0))
        with os.fdopen(slave, "w") as stream:
            assert width_of(stream) == 57
    finally:
        os.close(master)
    assert width_of(Terminal()) == USUAL_WIDTH


# ---------------------------------------------------------------- a log


def test_a_log_gets_a_plain_line_now_and_then() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    for seconds in range(25):
        line(at(50 + seconds, float(seconds)))
    line.close()
    found = stream.getvalue()
    assert CLEAR not in found
    assert "\x1b" not in found
    assert [row.split()[1] for row in found.splitlines() if row.startswith("candidate")] == [
        "60/400",
        "70/400",
    ]


def test_the_end_is_told_in_a_log_however_soon_it_comes() -> None:
    stream = io.StringIO()
    done = {arm: replace(part, done=400) for arm, part in BOTH.items()}
    ProgressLine(stream)(Progress(done, 0.5))
    assert len(stream.getvalue().splitlines()) == 2
    assert "400/400  100 %" in stream.getvalue()


def test_a_log_says_why_no_more_is_asked_and_what_is_waited_for() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    line(replace(at(50, 1.0, waiting=1), ending="--max-time 9"))
    line(replace(at(51, 1.1), ending="--max-time 9"))
    assert stream.getvalue() == (
        "no more is asked: --max-time 9; waiting for 1 request under way\n"
    )
    other = io.StringIO()
    ProgressLine(other)(replace(at(50, 1.0), ending="--max-requests 50"))
    assert other.getvalue() == "no more is asked: --max-requests 50\n"


def test_what_an_endpoint_says_cannot_write_elsewhere_on_the_terminal() -> None:
    for stream in (io.StringIO(), Terminal()):
        ProgressLine(stream)(replace(at(50, 1.0), ending="denied: \x1b[2J\x1b[H\r\n no\u202e key"))
        (told, *_) = stream.getvalue().splitlines()
        assert told == r"no more is asked: denied: \x1b[2J\x1b[H\x0d no\u202e key"


# ---------------------------------------------------------------- what is told


@pytest.mark.parametrize(
    ("part", "seconds", "text"),
    [
        (ArmProgress(total=0), 0.0, "0/0  100 %  0.0/s"),
        (ArmProgress(total=1200, done=7), 0.0, "    7/1,200  1 %  0.0/s"),
        (ArmProgress(total=9, done=9, kept=9), 3.0, "9/9  100 %  0.0/s  9 kept"),
        (
            ArmProgress(total=10, done=5, errors=2, retries=1, cost_usd=None),
            5.0,
            " 5/10  50 %  1.0/s  2 errors  1 retry  5 s left",
        ),
        (
            ArmProgress(total=10, done=5, errors=1, retries=2, cost_usd=1.256),
            5.0,
            " 5/10  50 %  1.0/s  1 error  2 retries  $1.26  5 s left",
        ),
    ],
)
def test_an_arm_tells_what_is_known_and_nothing_else(
    part: ArmProgress, seconds: float, text: str
) -> None:
    (line,) = lines_of(Progress({Arm.CANDIDATE: part}, seconds))
    assert line.replace("\u00a0", " ") == f"candidate  {text}"


def test_answers_that_were_kept_say_nothing_about_how_fast_others_come() -> None:
    part = ArmProgress(total=400, done=300, kept=290)
    (line,) = lines_of(Progress({Arm.CANDIDATE: part}, 10.0))
    assert "1.0/s  290 kept" in line
    assert "2 min left" in line.replace("\u00a0", " ")
