"""Bytes from outside become text: bounded, decoded, and with the place of what is wrong."""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.core.errors import SpecError
from evalkit.files import text
from evalkit.files.text import (
    Line,
    absolute_name,
    each_file_once,
    file_name,
    file_sha256,
    name_beside,
    numbered_lines,
    opened,
    raw_lines,
    repository_of,
    whole_text,
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return how bytes get into a file."""

    def do(content: bytes, name: str = "x.jsonl") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return do


def problem_of(read: Callable[[Path | str], object], path: Path | str) -> str:
    """Return what reading a file to its end complains about, without the folder."""
    with pytest.raises(SpecError) as caught:
        list(read(path))  # type: ignore[call-overload]
    assert len(caught.value.problems) == 1
    return str(caught.value).replace(f"{Path(path).parent}/", "")


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", [(1, "a")]),
        (b"a\n", [(1, "a")]),
        (b"a\nb\n", [(1, "a"), (2, "b")]),
        (b"a\r\nb\r\n", [(1, "a"), (2, "b")]),
        (b"\n \n\t\na\n\n\nb", [(4, "a"), (7, "b")]),
        (b"\xef\xbb\xbfa\nb", [(1, "a"), (2, "b")]),
        (b"\xef\xbb\xbf\na", [(2, "a")]),
        ("é\u2028b\x0bc\x85".encode(), [(1, "é\u2028b\x0bc\x85")]),
        (b"a\x00b\n", [(1, "a\x00b")]),
        (b"a\rb\n", [(1, "a\rb")]),
    ],
)
def test_lines_are_numbered_and_blank_ones_passed_over(
    write: Write, content: bytes, lines: list[tuple[int, str]]
) -> None:
    assert list(numbered_lines(write(content))) == lines
    assert list(numbered_lines(write(gzip.compress(content), "x.jsonl.gz"))) == lines


def test_raw_lines_keep_their_ends_and_blanks(write: Write) -> None:
    found = list(raw_lines(write(b"\xef\xbb\xbfa\r\n\n b")))
    assert found == [Line(1, "a\r\n"), Line(2, "\n"), Line(3, " b")]


def test_a_document_is_read_whole_without_its_mark(write: Write) -> None:
    assert whole_text(write(b"\xef\xbb\xbfa\r\nb")) == "a\r\nb"
    assert whole_text(write(gzip.compress("é".encode()), "x.json.gz")) == "é"
    assert whole_text(write(b"")) == ""


UTF8 = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"), max_size=20)


@given(lines=st.lists(UTF8, max_size=8))
@settings(derandomize=True, deadline=None)
def test_no_line_is_lost_or_changed(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    content = "\n".join(lines)
    path = tmp_path_factory.getbasetemp() / "property.txt"
    path.write_bytes(content.encode())
    assert "".join(line.text for line in raw_lines(path)) == content.removeprefix("\ufeff")
    assert whole_text(path) == content.removeprefix("\ufeff")


# ---------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize("read", [numbered_lines, raw_lines, whole_text])
def test_what_cannot_be_opened_is_named(
    read: Callable[[Path | str], object], tmp_path: Path, write: Write
) -> None:
    write(b"a")
    (tmp_path / "loop").symlink_to("loop")
    assert problem_of(read, tmp_path / "none.jsonl") == "none.jsonl: no such file"
    assert problem_of(read, tmp_path / "none.gz") == "none.gz: no such file"
    assert problem_of(read, tmp_path).endswith(": expected a file, found a directory")
    assert problem_of(read, tmp_path / "x.jsonl" / "y").endswith("cannot be read: Not a directory")
    assert problem_of(read, tmp_path / "loop").startswith("loop: cannot be read: Too many levels")
    assert "cannot be read: File name too long" in problem_of(read, tmp_path / ("x" * 300))
    assert problem_of(read, tmp_path / "a\0b").endswith("b': cannot be read: embedded null byte")
    assert "cannot be read: 'utf-8' codec" in problem_of(read, tmp_path / "a\ud800b")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
def test_a_file_without_permission_is_named(write: Write) -> None:
    path = write(b"a")
    path.chmod(0)
    assert problem_of(numbered_lines, path) == "x.jsonl: cannot be read: Permission denied"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails to read")
def test_a_file_that_fails_while_it_is_read_is_named() -> None:
    name = "/proc/self/mem"
    with pytest.raises(SpecError) as caught:
        list(raw_lines(name))
    assert str(caught.value) == f"{name}:1: cannot be read: Input/output error"
    with pytest.raises(SpecError) as caught:
        whole_text(name)
    assert str(caught.value).startswith(f"{name}: cannot be read: ")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"\xff", "x.jsonl:1:1: byte 0xff"),
        (b"ab\n\ncd\xc3(\n", "x.jsonl:3:3: byte 0xc3"),
        ("é日本".encode() + b"\xfe", "x.jsonl:1:4: byte 0xfe"),
        (b"\xef\xbb\xbfa\x80", "x.jsonl:1:2: byte 0x80"),
        (b"\xff\xfea\x00", "x.jsonl:1:1: byte 0xff"),
        (b"a\xed\xa0\x80", "x.jsonl:1:2: byte 0xed"),
        (b"a\n\xc3", "x.jsonl:2:1: byte 0xc3"),
    ],
)
def test_a_byte_that_is_not_utf_8_is_named_with_line_and_column(
    write: Write, content: bytes, place: str
) -> None:
    message = f"{place} is not UTF-8; save the file as UTF-8"
    assert problem_of(raw_lines, write(content)) == message
    assert problem_of(whole_text, write(content)) == message


def test_lines_before_a_fault_have_been_read(write: Write) -> None:
    lines = raw_lines(write(b"a\nb\n\xff\nc\n"))
    found = [next(lines).text, next(lines).text]
    with pytest.raises(SpecError):
        next(lines)
    assert found == ["a\n", "b\n"]


SOUND = gzip.compress(b"line\n" * 1000, mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"plain\n", "not a sound gzip file: Not a gzipped file (b'pl')"),
        (SOUND[:-20], "the gzip file is cut in the middle; copy or record it again"),
        (SOUND[:-4], "the gzip file is cut in the middle; copy or record it again"),
        (SOUND[:15], "the gzip file is cut in the middle; copy or record it again"),
        (SOUND + b"junk", "not a sound gzip file: Not a gzipped file (b'ju')"),
        (SOUND[:-8] + b"12345678", "not a sound gzip file: CRC check failed"),
        (SOUND[:12] + b"\xff\xff\xff" + SOUND[15:], "not a sound gzip file: Error -3"),
    ],
)
def test_a_damaged_gzip_file_is_an_error_and_never_a_short_file(
    write: Write, content: bytes, message: str
) -> None:
    path = write(content, "x.jsonl.gz")
    assert message in problem_of(raw_lines, path)
    assert message in problem_of(whole_text, path)


def test_gzip_files_may_be_joined_and_padded(write: Write) -> None:
    content = gzip.compress(b"a\n") + gzip.compress(b"b\n") + b"\0" * 100
    assert [line.text for line in numbered_lines(write(content, "x.gz"))] == ["a", "b"]


# ---------------------------------------------------------------- sizes


@pytest.mark.parametrize("packed", [False, True])
def test_a_line_of_50_mb_is_an_error(write: Write, packed: bool) -> None:  # noqa: FBT001
    content = b"a\n" + b"x" * 50_000_000
    path = write(gzip.compress(content, 1), "x.gz") if packed else write(content)
    assert problem_of(numbered_lines, path).endswith(
        ":2: a line longer than 16 MB; expected one object a line"
    )


def test_a_line_may_be_as_long_as_the_limit(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_LINE_BYTES", 4)
    assert [line.text for line in numbered_lines(write(b"abc\nabcd"))] == ["abc", "abcd"]
    assert ":1: a line longer than" in problem_of(numbered_lines, write(b"abcd\nb"))
    assert ":2: a line longer than" in problem_of(numbered_lines, write(b"a\nabcde"))


def test_a_large_document_is_told_to_be_lines(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "MAX_DOCUMENT_BYTES", 1 << 20)
    assert whole_text(write(b"x" * (1 << 20))) == "x" * (1 << 20)
    for path in (write(b"x" * ((1 << 20) + 1)), write(gzip.compress(b"x" * (1 << 21)), "x.gz")):
        assert problem_of(whole_text, path).endswith(
            ": expected a document of at most 1 MB; write large golden sets as JSONL, "
            "which is streamed"
        )


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs an endless file")
def test_an_endless_file_ends() -> None:
    with pytest.raises(SpecError, match=r"^/dev/zero:1: a line longer than 16 MB"):
        list(numbered_lines("/dev/zero"))


def test_lines_are_read_one_by_one(write: Write) -> None:
    lines: Iterator[Line] = numbered_lines(write(b"a\n\xff\n"))
    assert next(lines).text == "a"
    with pytest.raises(SpecError):
        next(lines)


# ---------------------------------------------------------------- standard input and names


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Return how bytes get into standard input."""

    def do(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))

    return do


def test_a_dash_is_standard_input(stdin: Callable[[bytes], None]) -> None:
    stdin(b"\xef\xbb\xbfa\n\nb\n")
    assert list(numbered_lines("-")) == [(1, "a"), (3, "b")]
    stdin(b"whole\n")
    assert whole_text(Path("-")) == "whole\n"
    stdin(b"bytes")
    with opened("-") as stream:
        assert stream.read() == b"bytes"


def test_standard_input_has_a_name_in_messages(stdin: Callable[[bytes], None]) -> None:
    stdin(b"a\n\xff")
    with pytest.raises(SpecError) as caught:
        list(numbered_lines("-"))
    assert str(caught.value).startswith("<stdin>:2:1: byte 0xff")
    assert file_name("-") == file_name(Path("-")) == "<stdin>"
    assert file_name(Path("a") / "b.yaml") == "a/b.yaml"


def test_a_file_of_several_names_is_one_file_by_its_first_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    (tmp_path / "link").symlink_to("a")
    monkeypatch.chdir(tmp_path)
    assert each_file_once(["a", "./a", "b", "link", str(tmp_path / "b")]) == ["a", "b"]
    assert each_file_once([Path("link"), Path("a")]) == [Path("link")]
    assert each_file_once(["-", "a", "-", "none"]) == ["-", "a", "none"]


def test_an_absolute_name_follows_links_and_never_fails(tmp_path: Path) -> None:
    (tmp_path / "real").touch()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "loop").symlink_to("loop")
    root = os.path.realpath(tmp_path)
    assert absolute_name(tmp_path / "link") == f"{root}/real"
    assert absolute_name(tmp_path / "none" / ".." / "x") == f"{root}/x"
    assert absolute_name(tmp_path / "loop").endswith("loop")
    assert absolute_name("a\0b") == "a\0b"


# ---------------------------------------------------------------- names


def test_a_file_is_named_as_the_one_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cases = str(tmp_path / "sets" / "cases.jsonl")
    assert name_beside(cases, "envelopes/x.yaml") == "sets/cases.jsonl"
    assert name_beside(cases, "x.yaml") == "sets/cases.jsonl"
    assert name_beside(cases, str(tmp_path / "envelopes" / "x.yaml")) == cases


def test_a_file_that_lies_elsewhere_keeps_its_whole_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    cases = str(tmp_path / "cases.jsonl")
    assert name_beside(cases, "x.yaml") == cases
    assert name_beside("-", "x.yaml") == "-"


def test_a_file_has_the_digest_that_others_print(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(path) == expected
    with pytest.raises(SpecError, match="cannot be read"):
        file_sha256(tmp_path / "absent")


def test_the_repository_of_a_file_is_found_behind_links(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "deep").mkdir(parents=True)
    assert repository_of(top / "deep" / "x.yaml") is None
    (top / ".git").write_text("gitdir: elsewhere")
    (tmp_path / "link").symlink_to(top / "deep")
    assert repository_of(tmp_path / "link" / "x.yaml") == top
