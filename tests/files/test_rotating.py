"""A log that rotates: no line is lost, none is there twice, and whoever dies leaves whole lines."""

from __future__ import annotations

import errno
import gzip
import os
import random
import threading
from pathlib import Path

import pytest

from evalkit.files import rotating
from evalkit.files.following import Follower
from evalkit.files.rotating import RotatingLog

NOON = 1_790_856_000.0
HOUR = 3600.0


def opened(
    path: Path, *, rotate_bytes: int = 10**6, keep: int = 100, now: float = NOON
) -> RotatingLog:
    return RotatingLog(path, rotate_bytes=rotate_bytes, rotate_seconds=HOUR, keep=keep, now=now)


def packed(log: RotatingLog) -> None:
    """Wait until everything that was put aside is compressed."""
    while any(path.suffix == ".jsonl" for path in log.parts()):
        log._pack()
        assert log._packer is not None
        log._packer.join(30)


def lines_of(path: Path) -> list[str]:
    """Return the lines of a log, those of its parts first."""
    found: list[str] = []
    for part in [*sorted(path.parent.glob(f"{path.name}-*")), path]:
        content = gzip.decompress(part.read_bytes()) if part.suffix == ".gz" else part.read_bytes()
        found += content.decode().splitlines()
    return found


def test_lines_are_appended_and_put_aside_each_hour_and_when_there_is_no_room(
    tmp_path: Path,
) -> None:
    path = tmp_path / "traffic.jsonl"
    log = opened(path, rotate_bytes=20)
    assert log.append([b"one\n", b"two\n"], NOON)
    assert log.append([b"three\n"], NOON + 1)
    assert log.append([b"a line of its own length\n"], NOON + 2)
    assert log.append([b"four\n"], NOON + HOUR)
    assert log.append([b"five\n"], NOON + HOUR + 1)
    assert log.append([b"a clock that went back\n"], NOON)
    log.sync()
    log.sync()
    packed(log)
    log.close()
    assert [part.name for part in log.parts()] == [
        f"traffic.jsonl-20261001T{stamp}Z.jsonl.gz" for stamp in ("120002", "130000", "130001")
    ]
    assert sorted(lines_of(path)) == sorted(
        [
            "one",
            "two",
            "three",
            "a line of its own length",
            "four",
            "five",
            "a clock that went back",
        ]
    )
    assert path.read_text() == "a clock that went back\n"


def test_parts_of_one_second_have_names_of_their_own_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    log = opened(path, rotate_bytes=8, keep=3)
    for number in range(6):
        assert log.append([f"line {number}\n".encode()], NOON)
    packed(log)
    log.close()
    assert [part.name for part in log.parts()] == [
        f"traffic.jsonl-20261001T12000{second}Z.jsonl.gz" for second in (2, 3, 4)
    ]
    assert lines_of(path) == ["line 2", "line 3", "line 4", "line 5"]


RECORDS = [b'{"id":"r1","n":[1]}', b'{"id":"r2"}', b'{"id":"r3"}']
WRITTEN = b"".join(record + b"\n" for record in RECORDS)


@pytest.mark.parametrize("cut", range(len(WRITTEN) + 1))
def test_a_writer_that_died_at_any_byte_leaves_whole_lines(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "traffic.jsonl"
    path.write_bytes(WRITTEN[:cut])
    os.utime(path, (NOON, NOON))
    log = opened(path)
    log.append([b"four\n"], NOON)
    log.close()
    # A record is whole with or without the end of its line: only part of one goes, and that is told.
    there = 0
    while len(b"\n".join(RECORDS[: there + 1])) <= cut and there < len(RECORDS):
        there += 1
    assert path.read_bytes() == b"".join(record + b"\n" for record in [*RECORDS[:there], b"four"])
    half = WRITTEN[:cut].rpartition(b"\n")[2]
    assert log.cut == (0 if half in RECORDS else len(half))


def test_what_was_written_an_hour_ago_is_put_aside_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    path.write_text("old\n")
    os.utime(path, (NOON - HOUR, NOON - HOUR))
    log = opened(path)
    log.append([b"new\n"], NOON)
    packed(log)
    log.close()
    assert path.read_text() == "new\n"
    assert lines_of(path) == ["old", "new"]


def test_a_part_that_was_being_compressed_is_compressed_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    (tmp_path / "traffic.jsonl-20261001T110000Z.jsonl").write_text("one\n")
    (tmp_path / ".traffic.jsonl-20261001T110000Z.jsonl.gz").write_bytes(b"\x1f\x8b half")
    both = tmp_path / "traffic.jsonl-20261001T100000Z.jsonl"
    both.write_text("zero\n")
    both.with_name(f"{both.name}.gz").write_bytes(gzip.compress(b"zero\n"))
    log = opened(path)
    packed(log)
    log.close()
    assert sorted(part.name for part in tmp_path.iterdir()) == [
        "traffic.jsonl",
        "traffic.jsonl-20261001T100000Z.jsonl.gz",
        "traffic.jsonl-20261001T110000Z.jsonl.gz",
    ]
    assert lines_of(path) == ["zero", "one"]


def test_a_part_that_somebody_else_named_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    (tmp_path / "traffic.jsonl-kept.jsonl").write_text("one\n")
    log = opened(path, rotate_bytes=4)
    log.append([b"two\n"], NOON)
    log.append([b"six\n"], NOON)
    packed(log)
    log.close()
    assert sorted(lines_of(path)) == ["one", "six", "two"]


def test_a_part_that_somebody_else_named_is_neither_counted_nor_removed(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    for name in ("traffic.jsonl-2025-backup.jsonl", "traffic.jsonl-kept.jsonl"):
        (tmp_path / name).write_text(f"{name}\n")
    log = opened(path, rotate_bytes=4, keep=1)
    for line in (b"one\n", b"two\n", b"six\n"):
        log.append([line], NOON)
    packed(log)
    log.close()
    found = lines_of(path)
    assert found[-1] == "six"
    assert sorted(found[:-1]) == [
        "traffic.jsonl-2025-backup.jsonl",
        "traffic.jsonl-kept.jsonl",
        "two",
    ]


def test_closing_does_not_wait_for_a_part_to_be_compressed(tmp_path: Path) -> None:
    part = tmp_path / "traffic.jsonl-20261001T110000Z.jsonl"
    part.write_text("one\n")
    ended = threading.Event()
    ended.set()
    assert not rotating._packed(part, ended)
    log = opened(tmp_path / "traffic.jsonl")
    log._ended.set()
    log.close()
    part.write_text("one\n")
    log._pack_all()
    (tmp_path / "traffic.jsonl").unlink()
    part.with_name(f"{part.name}.gz").unlink(missing_ok=True)
    assert [path.name for path in tmp_path.iterdir()] == [part.name]


def test_a_part_that_cannot_be_compressed_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "traffic.jsonl-20261001T110000Z.jsonl").write_text("one\n")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as world:
        world.setattr(rotating, "copystat", full)
        log = opened(tmp_path / "traffic.jsonl")
        assert log._packer is not None
        log._packer.join(30)
        assert len(log.parts()) == 1
    packed(log)
    log.close()
    assert lines_of(log.path) == ["one"]


def test_a_full_disk_costs_lines_that_are_counted_and_leaves_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traffic.jsonl"
    log = opened(path)
    assert log.append([b"one\n"], NOON)
    write = os.write

    def full(place: int, content: memoryview) -> int:
        if len(content) < 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(place, content[:5])

    with monkeypatch.context() as world:
        world.setattr(os, "write", full)
        assert not log.append([b"two\n", b"three three\n"], NOON)
    assert log.lost == 2
    assert log.trouble is not None
    assert "No space left on device" in log.trouble
    assert path.read_bytes() == b"one\n"
    assert log.append([b"four\n"], NOON)
    assert not log.trouble

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "")

    with monkeypatch.context() as world:
        world.setattr(os, "fsync", broken)
        log.sync()
    assert log.trouble is not None
    log.close()
    assert lines_of(path) == ["one", "four"]


def test_half_a_line_that_a_full_disk_would_not_give_back_is_cut_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "traffic.jsonl"
    log = opened(path)
    assert log.append([RECORDS[0] + b"\n"], NOON)
    write = os.write

    def full(place: int, content: memoryview) -> int:
        if len(content) < 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(place, content[:5])

    def refused(*_: object) -> None:
        raise OSError(errno.EIO, "")

    with monkeypatch.context() as world:
        world.setattr(os, "write", full)
        world.setattr(os, "ftruncate", refused)
        assert not log.append([RECORDS[1] + b"\n"], NOON)
    assert path.read_bytes().endswith(b"\n" + RECORDS[1][:5])
    assert log.append([RECORDS[2] + b"\n"], NOON)
    assert (log.lost, log.cut) == (1, 5)
    log.close()
    assert path.read_bytes() == RECORDS[0] + b"\n" + RECORDS[2] + b"\n"


def test_a_file_that_another_program_takes_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    log = opened(path)
    log.append([b"one\n"], NOON)
    path.rename(tmp_path / "taken")
    log.append([b"two\n"], NOON + HOUR)
    path.rename(tmp_path / "taken too")
    path.write_bytes(RECORDS[0])  # the other program wrote a line of its own, without an end
    log.append([b"three\n"], NOON + HOUR)
    log.close()
    assert (tmp_path / "taken too").read_text() == "two\n"
    assert path.read_bytes() == RECORDS[0] + b"\nthree\n"


def test_whoever_follows_the_log_reads_every_line_once_whatever_is_rotated_and_packed(
    tmp_path: Path,
) -> None:
    path, rng = tmp_path / "traffic.jsonl", random.Random(7)
    path.write_bytes(b"")
    follower, seen, now = Follower(path), list[str](), NOON
    log = opened(path, rotate_bytes=400)
    for number in range(300):
        now += rng.choice([0, 1, 60, 900])
        assert log.append([f'{{"id": "{number}"}}\n'.encode()], now)
        if rng.random() < 0.1:
            seen += [line.text for line in follower.fresh()]
            assert not follower.lost
        if rng.random() < 0.05:
            packed(log)
        if rng.random() < 0.02:
            log.close()
            with path.open("ab") as half:
                half.write(b'{"id": "half')
            seen += [line.text for line in follower.fresh()]
            os.utime(path, (now, now))
            log = opened(path, rotate_bytes=400, now=now)
    packed(log)
    seen += [line.text for line in follower.fresh()]
    log.close()
    assert sorted(seen) == sorted(f'{{"id": "{number}"}}' for number in range(300))
