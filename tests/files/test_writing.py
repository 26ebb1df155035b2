"""Files are whole or not there, and a log loses no line that was written."""

from __future__ import annotations

import gzip
import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evalkit.files import writing
from evalkit.files.text import numbered_lines
from evalkit.files.writing import (
    LOOKED_THROUGH,
    LineLog,
    cut_to_whole_lines,
    replacing,
    write_lines,
    write_whole,
)


def test_a_file_is_written_with_line_feeds_in_utf_8(tmp_path: Path) -> None:
    write_whole(tmp_path / "x.txt", "é\nb\r\n\u2028")
    assert (tmp_path / "x.txt").read_bytes() == "é\nb\r\n\u2028".encode()


def test_a_file_replaces_the_one_before_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    for content in ("first, and longer", "second"):
        write_whole(path, content)
        assert path.read_text() == content
    assert os.listdir(tmp_path) == ["x.txt"]  # noqa: PTH208


def test_a_text_that_cannot_be_written_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "new \ud800")
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["x.txt"]


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "folder", "x")
    assert [item.name for item in tmp_path.iterdir()] == ["folder"]


def test_a_file_that_cannot_be_written_is_named_as_the_user_named_it(tmp_path: Path) -> None:
    path = tmp_path / "none" / "x"
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(path, "x")
    assert (caught.value.filename, caught.value.filename2) == (str(path), None)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory") as refused:
        write_whole(tmp_path / "folder", "x")
    assert refused.value.filename == str(tmp_path / "folder")


def test_what_cannot_be_read_while_a_file_is_written_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, replacing(tmp_path / "x"):
        (tmp_path / "source").read_text()
    assert caught.value.filename == str(tmp_path / "source")


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as a full disk does not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _log(path: Path, text: str) -> None:
    with LineLog(path) as log:
        log.append(text)


@pytest.mark.parametrize("write", [write_whole, _log, lambda path, text: write_lines(path, [text])])
def test_a_file_that_the_disk_has_no_room_for_is_named(
    tmp_path: Path, write: Callable[[Path, str], None]
) -> None:
    with room_for(100), pytest.raises(OSError, match="File too large") as caught:
        write(tmp_path / "x.jsonl", "x" * 5000)
    assert caught.value.filename == str(tmp_path / "x.jsonl")


def test_a_log_holds_every_value_as_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with LineLog(path) as log:
        for number in range(3):
            log.append({"n": number, "text": "é\n"})
    assert [line.text for line in numbered_lines(path)] == [
        f'{{"n":{number},"text":"é\\n"}}' for number in range(3)
    ]


def test_a_log_is_continued_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for number in range(2):
        with LineLog(path) as log:
            log.append(number)
    assert path.read_text() == "0\n1\n"


def test_a_log_is_on_disk_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LINES_PER_WRITE", 3)
    path = tmp_path / "log.jsonl"
    with LineLog(path) as log:
        sizes = []
        for number in range(7):
            log.append(number)
            sizes.append(len(path.read_text().split()))
    assert sizes == [0, 0, 3, 3, 3, 6, 6]
    assert path.read_text() == "0\n1\n2\n3\n4\n5\n6\n"


def test_a_log_can_be_put_on_disk_before_it_is_full(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with LineLog(path) as log:
        log.flush()
        assert path.read_text() == ""
        log.append(1)
        assert path.read_text() == ""
        log.flush()
        assert path.read_text() == "1\n"
        log.append(2)
    assert path.read_text() == "1\n2\n"


def test_a_log_keeps_what_came_before_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"

    def fail() -> None:
        with LineLog(path) as log:
            log.append(1)
            log.append(float("nan"))

    with pytest.raises(ValueError, match="JSON"):
        fail()
    assert path.read_text() == "1\n"


def test_a_log_without_a_line_is_an_empty_file(tmp_path: Path) -> None:
    with LineLog(tmp_path / "log.jsonl"):
        pass
    assert (tmp_path / "log.jsonl").read_bytes() == b""


def test_files_are_as_open_to_others_as_the_user_wants_them(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_whole(tmp_path / "x", "text")
    usual, found = ((tmp_path / name).stat().st_mode for name in ("usual", "x"))
    assert stat.S_IMODE(found) == stat.S_IMODE(usual)


def test_what_a_process_that_died_wrote_of_a_line_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert cut_to_whole_lines(path) == 0
    assert not path.exists()
    path.write_text('{"a":1}\n{"b":')
    assert cut_to_whole_lines(path) == 5
    assert path.read_text() == '{"a":1}\n'
    assert cut_to_whole_lines(path) == 0
    assert path.read_text() == '{"a":1}\n'


@pytest.mark.parametrize("before", ["", '{"a":1}\n', '{"a":"' + "x" * LOOKED_THROUGH + '"}\n'])
@pytest.mark.parametrize("length", range(12))
def test_a_record_that_lacks_only_the_end_of_its_line_is_whole_and_no_part_of_one_is(
    tmp_path: Path, length: int, before: str
) -> None:
    path, record = tmp_path / "log.jsonl", '{"b":"é"}'.encode()
    path.write_bytes(before.encode() + record[:length])
    whole = length >= len(record)
    assert cut_to_whole_lines(path) == (0 if whole else length)
    assert path.read_bytes() == before.encode() + (record + b"\n" if whole else b"")


def test_zeros_that_a_power_cut_left_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a":1}\n\0\0\0')
    assert cut_to_whole_lines(path) == 3
    assert path.read_text() == '{"a":1}\n'


@pytest.mark.parametrize("last", ["notes of mine", "[1, 2", "12", '"x"', " "])
def test_what_never_was_the_beginning_of_a_record_is_not_cut(tmp_path: Path, last: str) -> None:
    path = tmp_path / "notes"
    path.write_text(last)
    assert cut_to_whole_lines(path) == 0
    assert path.read_text() == f"{last}\n"


@pytest.mark.parametrize("left", ['{"a":1}', '{"a":', '{"a":1}\n'])
def test_what_is_appended_begins_a_line_and_nothing_is_cut_for_it(
    tmp_path: Path, left: str
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(left)
    with LineLog(path) as log:
        log.append({"b": 2})
    with LineLog(path) as log:
        log.append({"c": 3})
    assert path.read_text() == left.rstrip("\n") + '\n{"b":2}\n{"c":3}\n'


def test_lines_are_the_same_bytes_whenever_they_are_written(tmp_path: Path) -> None:
    for name in ("x.jsonl", "x.jsonl.gz"):
        for place in ("one", "two"):
            (tmp_path / place).mkdir(exist_ok=True)
            write_lines(tmp_path / place / name, iter([{"b": 1, "a": "é"}, [2]]))
        one, two = ((tmp_path / place / name).read_bytes() for place in ("one", "two"))
        assert one == two
        lines = [line.text for line in numbered_lines(tmp_path / "one" / name)]
        assert lines == ['{"b":1,"a":"é"}', "[2]"]
    assert gzip.decompress(one) == (tmp_path / "one" / "x.jsonl").read_bytes()


def test_lines_that_fail_leave_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_lines(path, iter([{}, object()]))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.jsonl"]  # noqa: PTH208
