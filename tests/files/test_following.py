"""Growing files: every line once, whatever is done to the file between two readings."""

from __future__ import annotations

import gzip
import os
import random
import shutil
from pathlib import Path

import pytest

from evalkit.core.errors import SpecError
from evalkit.files import following
from evalkit.files.following import Follower


def texts(follower: Follower) -> list[str]:
    """Return the lines of one reading."""
    return [line.text for line in follower.fresh()]


def add(path: Path, *lines: str) -> None:
    """Write lines behind what a file holds."""
    with path.open("a") as stream:
        stream.writelines(f"{line}\n" for line in lines)


def pack(path: Path) -> Path:
    """Compress a file as logrotate does."""
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()
    return packed


def test_lines_come_once_and_a_line_that_is_half_written_waits(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    follower = Follower(log)
    assert texts(follower) == []
    log.write_text("one\ntw")
    assert texts(follower) == ["one"]
    assert texts(follower) == []
    add(log, "o", "three")
    assert texts(follower) == ["two", "three"]


def test_a_file_that_is_renamed_is_read_to_its_end_and_the_new_one_from_its_beginning(
    tmp_path: Path,
) -> None:
    log = tmp_path / "app.log"
    add(log, "one")
    follower = Follower(log)
    assert texts(follower) == ["one"]
    add(log, "two")
    log.rename(tmp_path / "app.log.1")
    add(log, "three")
    assert sorted(texts(follower)) == ["three", "two"]
    add(tmp_path / "app.log.1", "late words of the process that still holds it")
    assert len(texts(follower)) == 1
    assert not follower.lost


def test_parts_that_were_put_aside_before_the_start_are_not_read(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "now")
    add(tmp_path / "app.log.1", "before")
    add(tmp_path / "app.log-20261101", "long before")
    packed = pack(tmp_path / "app.log-20261101")
    add(tmp_path / "other.log.1", "another log's")
    follower = Follower(log)
    assert texts(follower) == ["now"]
    packed.rename(tmp_path / "app.log-20261102.gz")
    (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
    assert texts(follower) == []


def test_a_copy_that_lies_there_at_the_start_hides_nothing(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "one", "two")
    shutil.copy(log, tmp_path / "app.log.1")
    assert texts(Follower(log)) == ["one", "two"]


def test_a_file_that_is_copied_and_cut_gives_each_line_once(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "one")
    follower = Follower(log)
    assert texts(follower) == ["one"]
    add(log, "two")
    shutil.copy(log, tmp_path / "app.log.1")
    assert texts(follower) == ["two"], "the copy and the file hold the same"
    os.truncate(log, 0)
    add(log, "three", "four", "five")
    assert texts(follower) == ["three", "four", "five"]
    assert not follower.lost


def test_a_file_that_is_cut_without_a_copy_is_told_of(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "one", "two")
    follower = Follower(log)
    assert len(texts(follower)) == 2
    os.truncate(log, 0)
    assert texts(follower) == []
    assert follower.lost
    add(log, "three")
    assert texts(follower) == ["three"]
    assert not follower.lost


def test_a_part_that_is_packed_is_read_on_where_reading_stopped(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "one")
    follower = Follower(log)
    assert texts(follower) == ["one"]
    with log.open("a") as stream:
        stream.write("two\nhalf")
    log.rename(tmp_path / "app.log.1")
    pack(tmp_path / "app.log.1")
    add(log, "three")
    assert sorted(texts(follower)) == ["half", "three", "two"], "nobody writes the rest of it now"
    (tmp_path / "app.log.1.gz").rename(tmp_path / "app.log.2.gz")
    assert texts(follower) == []


def test_a_part_that_is_being_packed_is_read_when_it_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "one")
    follower = Follower(log)
    assert texts(follower) == ["one"]
    filler = [random.Random(7).randbytes(40).hex() for _ in range(1)] + [
        f"line {n}" for n in range(29_999)
    ]
    add(log, *filler)
    whole = gzip.compress(log.read_bytes(), mtime=0)
    log.unlink()
    packed = tmp_path / "app.log.1.gz"
    packed.write_bytes(whole[:-9])
    assert texts(follower) == []
    assert follower.unfinished == [str(packed)]
    packed.write_bytes(whole)
    assert texts(follower) == filler
    assert follower.unfinished == []


def test_a_packed_part_of_which_not_even_the_beginning_can_be_unpacked_waits(
    tmp_path: Path,
) -> None:
    log = tmp_path / "app.log"
    add(log, "one")
    (tmp_path / "app.log.1.gz").write_bytes(b"no gzip at all")
    assert texts(Follower(log)) == ["one"]


def test_reading_goes_on_from_marks(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "one")
    before = Follower(log)
    assert texts(before) == ["one"]
    add(log, "two")
    log.rename(tmp_path / "app.log.1")
    add(log, "three")
    after = Follower(log, list(before.marks.values()), current=before.current)
    assert sorted(texts(after)) == ["three", "two"]


def test_a_file_that_holds_no_whole_line_yet_is_new_until_it_does(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text("hal")
    follower = Follower(log)
    assert texts(follower) == []
    assert not follower.marks
    add(log, "f")
    assert texts(follower) == ["half"]


def test_lines_tell_where_they_begin(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    add(log, "äh", "two")
    assert [(line.start, line.path) for line in Follower(log).fresh()] == [
        (0, str(log)),
        (4, str(log)),
    ]


def test_what_is_no_utf_8_is_no_record_either(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b'{"id": "\xff"}\n')
    [text] = texts(Follower(log))
    assert text.startswith("\ufffd")


def test_a_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MAX_LINE_BYTES", 100)
    log = tmp_path / "app.log"
    add(log, "x" * 101)
    with pytest.raises(SpecError, match=r"app\.log: a line of over 100 bytes"):
        texts(Follower(log))


def test_a_folder_in_its_place_and_a_folder_that_is_not_there_give_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.log").mkdir()
    assert texts(Follower(tmp_path / "app.log")) == []
    assert texts(Follower(tmp_path / "nowhere" / "app.log")) == []


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.symlink_to(log)
    with pytest.raises(SpecError, match="cannot be read"):
        texts(Follower(log))


def test_files_that_are_gone_are_forgotten_the_oldest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_MARKS", 3)
    log = tmp_path / "app.log"
    follower = Follower(log)
    for number in range(8):
        log.write_text(f"line {number}\n")
        assert texts(follower) == [f"line {number}"]
    assert len(follower.marks) == 3
    assert follower.current == max(follower.marks)


def test_a_file_that_is_replaced_while_it_is_read_is_found_by_the_next_reading(
    tmp_path: Path,
) -> None:
    log, aside = tmp_path / "app.log", tmp_path / "app.log.1"
    add(log, "one")
    follower = Follower(log)
    assert texts(follower) == ["one"]
    add(log, "two")
    log.rename(aside)
    add(log, "three")
    lines = follower.fresh()
    first = next(lines)  # by now all files were looked at, and the other one is to come
    assert first.text == "two"
    log.rename(tmp_path / "app.log.0")
    add(log, "four", "five")
    assert [line.text for line in lines] == [], "another file bears the name by now"
    assert sorted(texts(follower)) == ["five", "four", "three"]


def test_of_no_series_of_rotations_a_line_is_lost_or_read_twice(tmp_path: Path) -> None:
    chance = random.Random(20261126)
    for trial in range(25):
        folder = tmp_path / str(trial)
        folder.mkdir()
        log, written, read = folder / "app.log", list[str](), list[str]()
        follower = Follower(log)
        assert texts(follower) == []
        for _ in range(40):
            _happens(chance, log, written)
            if chance.random() < 0.4:
                read += texts(follower)
            if chance.random() < 0.2:
                kept = list(follower.marks.values())
                numbers = list(follower.marks)
                current = None if follower.current is None else numbers.index(follower.current)
                follower = Follower(log, kept, current=current)
        read += texts(follower)
        assert sorted(read) == sorted(written), trial


def _happens(chance: random.Random, log: Path, written: list[str]) -> None:
    """Let a writer or a rotation do one thing."""
    match chance.choice(["write", "write", "write", "rename", "pack"]):
        case "write":
            line = f"{len(written)} {chance.random()}"
            written.append(line)
            add(log, line)
        case "rename" if log.exists() and len(written) > 1:
            for number in range(30, 0, -1):
                for end in ("", ".gz"):
                    part = log.with_name(f"app.log.{number}{end}")
                    if part.exists():
                        part.rename(log.with_name(f"app.log.{number + 1}{end}"))
            log.rename(log.with_name("app.log.1"))
        case "pack":
            parts = [part for part in log.parent.glob("app.log.*") if part.suffix != ".gz"]
            if parts:
                pack(parts[0])


def test_a_rotated_part_that_goes_while_parts_are_put_in_order_is_the_oldest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, gone = tmp_path / "app.log", tmp_path / "app.log.1"
    add(gone, "old")
    add(log, "new")
    stat = Path.stat

    def vanishing(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == gone.name:
            raise FileNotFoundError(path)
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", vanishing)
    assert following._age(gone) == (0.0, gone.name)
    assert following._age(log) > following._age(gone)


def test_what_is_put_aside_or_packed_while_the_folder_is_looked_at_is_neither_lost_nor_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, part = tmp_path / "app.log", tmp_path / "app.log.1"
    add(log, "one")
    follower = Follower(log)
    assert texts(follower) == ["one"]
    look, left = Follower._looked_at, ["rotate", "pack"]

    def meanwhile(self: Follower, path: Path) -> object:
        if path == log and left[:1] == ["rotate"]:
            left.pop(0)
            add(log, "two")
            log.rename(part)
            add(log, "three")
        elif path == part and left[:1] == ["pack"]:
            left.pop(0)
            pack(part)
        return look(self, path)

    monkeypatch.setattr(Follower, "_looked_at", meanwhile)
    assert sorted(texts(follower)) == ["three", "two"]
    assert left == []
    assert not follower.lost
    assert texts(follower) == []
