"""Logs are found and read in parts, from the disk and from wherever fsspec reaches."""

from __future__ import annotations

import gzip
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from evalkit.core.errors import SpecError
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.wire import log_lines
from evalkit.wire.log_files import Listing, listed, opened_log
from evalkit.wire.log_lines import line_chunks, line_place, lines_before, numbered

LINES = [f'{{"id": "r{number}", "text": "{"x" * (number % 7)}é"}}' for number in range(40)]
TEXT = "\n".join(LINES) + "\n"


def whole(path: Path | str, size: int = 0) -> LogPart:
    size = size or Path(path).stat().st_size
    return LogPart(str(path), PartKind.LINES, 0, size, size)


def texts(part: LogPart, size: int = 64) -> list[str]:
    return [line.text for chunk in line_chunks(part, size) for line in numbered(chunk, part)]


# ---------------------------------------------------------------- finding


def test_a_folder_gives_its_logs_by_name_and_says_what_else_lay_there(tmp_path: Path) -> None:
    for name in ("b.jsonl.gz", "a.jsonl", "sub/c.parquet", "README.md", "_SUCCESS", ".d.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    found = listed(str(tmp_path))
    assert names(found, tmp_path) == ["a.jsonl", "b.jsonl.gz", "sub/c.parquet"]
    assert [Path(path).name for path in found.ignored] == [".d.jsonl", "README.md", "_SUCCESS"]
    assert names(listed(f"{tmp_path}/*.jsonl"), tmp_path) == ["a.jsonl"]
    assert names(listed(f"{tmp_path}/README.md"), tmp_path) == ["README.md"], (
        "who names it means it"
    )
    assert names(listed(f"{tmp_path}/**/*.parquet"), tmp_path) == ["sub/c.parquet"]


def names(found: Listing, folder: Path) -> list[str]:
    assert all(file.size == 1 for file in found.files)
    return [str(Path(file.path).relative_to(folder)) for file in found.files]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "a[1].jsonl").write_text("x")
    assert names(listed(f"{tmp_path}/a[1].jsonl"), tmp_path) == ["a[1].jsonl"]


def test_where_nothing_is_that_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    for source, said in [
        (f"{tmp_path}/nowhere", "no such file"),
        (f"{tmp_path}/*.jsonl", "no log is there; expected files of .jsonl"),
        (str(tmp_path), r"no log is there \(but .*notes.txt"),
        ("a\0b", "no such file"),
        ("memory://nowhere/x.jsonl", "no such file"),
        ("nothing://x", "cannot be opened: .*nothing"),
    ]:
        with pytest.raises(SpecError, match=said):
            listed(source)
    for path, said in [(str(tmp_path), "found a directory"), ("a\0b", "cannot be read: embedded")]:
        with pytest.raises(SpecError, match=said), opened_log(path):
            pass


def test_a_url_without_fsspec_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(
        SpecError, match=r"^s3://bucket/a: a URL needs the extra scale: pip install"
    ):
        listed("s3://bucket/a")


def test_a_store_in_memory_is_read_as_a_disk_is() -> None:
    import fsspec

    system = fsspec.filesystem("memory")
    system.pipe("/logs/b.jsonl", TEXT.encode())
    system.pipe("/logs/a.jsonl.gz", gzip.compress(TEXT.encode()))
    system.pipe("/logs/_SUCCESS", b"")
    try:
        for source in ("memory://logs", "memory://logs/*.jsonl*"):
            files = listed(source).files
            assert [file.path for file in files] == [
                "memory:///logs/a.jsonl.gz", "memory:///logs/b.jsonl",
            ]  # fmt: skip
            assert [texts(whole(file.path, file.size)) for file in files] == [LINES, LINES]
        assert listed("memory://logs").ignored == ("memory:///logs/_SUCCESS",)
        assert [file.size for file in listed("memory://logs/b.jsonl").files] == [len(TEXT.encode())]
    finally:
        system.rm("/logs", recursive=True)


def test_a_url_of_this_disk_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(TEXT)
    (file,) = listed(f"file://{tmp_path}/*.jsonl").files
    assert file.path == f"file://{tmp_path}/a.jsonl"
    assert texts(whole(file.path, file.size)) == LINES


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_log_is_read_over_http(served: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(TEXT.encode()))
    (file,) = listed(f"{served}/a.jsonl.gz").files
    assert texts(whole(file.path, file.size)) == LINES
    with pytest.raises(SpecError, match=r"b.jsonl: no such file"):
        listed(f"{served}/b.jsonl")


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("read", [1, 7, 1 << 19])
def test_parts_cut_anywhere_hold_every_line_once(
    end: str, read: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_lines, "READ_BYTES", read)
    path = tmp_path / "a.jsonl"
    path.write_text(TEXT[:-1] + end)
    size = path.stat().st_size
    for step in (1, 13, 50, 333, size):
        cuts = [*range(0, size, step), size]
        found = []
        for first, last in pairwise(cuts):
            part = LogPart(str(path), PartKind.LINES, first, last, size)
            lines = [line for chunk in line_chunks(part, 64) for line in numbered(chunk, part)]
            found += lines
            for line in lines:
                place = line_place(part, line.number)
                assert LINES[place.line - 1] == line.text
        assert [line.text for line in found] == LINES


def test_a_compressed_file_is_read_whole_however_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = gzip.compress(TEXT[:500].encode()) + gzip.compress(TEXT[500:].encode()) + b"\0" * 100
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    for read in (1, 10, 1 << 19):
        monkeypatch.setattr(log_lines, "READ_BYTES", read)
        assert texts(whole(tmp_path / "a.jsonl.gz")) == LINES
    monkeypatch.setattr(log_lines, "CHUNK_BYTES", 5)
    assert texts(whole(tmp_path / "a.jsonl.gz")) == LINES
    assert lines_before(whole(tmp_path / "a.jsonl.gz")) == 0


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\ufeff" + TEXT)
    assert texts(whole(path)) == LINES


def test_broken_files_are_named_with_what_is_wrong(tmp_path: Path) -> None:
    path, packed = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz"
    path.write_text(TEXT)
    size = path.stat().st_size
    with pytest.raises(SpecError, match=r"a.jsonl: had 5,000 bytes .* now ends after"):
        texts(whole(path, 5000))
    sound = gzip.compress(TEXT.encode())
    for content, said in [
        (sound[:-12], "ends in the middle of its compressed data"),
        (sound + sound[:9], "ends in the middle"),
        (TEXT.encode(), "is no sound gzip file"),
    ]:
        packed.write_bytes(content)
        with pytest.raises(SpecError, match=said):
            texts(whole(packed))
    path.write_bytes(TEXT.encode() + b'{"id": "\xff"}\n')
    with pytest.raises(SpecError, match=r"a.jsonl:41: is not UTF-8"):
        texts(LogPart(str(path), PartKind.LINES, size // 2, size + 13, size + 13))
    path.unlink()
    with pytest.raises(SpecError, match=r"a.jsonl: no such file"):
        texts(LogPart(str(path), PartKind.LINES, 0, size, size))


def test_a_line_that_no_log_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_lines, "MAX_LINE_BYTES", 1 << 20)
    path = tmp_path / "a.jsonl"
    for content in (
        b"x" * (3 << 20),
        TEXT.encode() + b"x" * (2 << 20) + b"\n" + TEXT.encode() * 99,
    ):
        path.write_bytes(content)
        with pytest.raises(SpecError, match="a line longer than 1 MB; expected one object a line"):
            texts(whole(path), 1 << 19)


def test_a_file_that_grows_is_read_as_far_as_it_went(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(TEXT)
    part = whole(path)
    with path.open("a") as stream:
        stream.write(TEXT)
    assert texts(part) == LINES
    assert texts(LogPart(part.path, PartKind.LINES, 0, part.size - 5, part.size)) == LINES
