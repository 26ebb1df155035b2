"""Readers are declared as functions or classes, and found in their room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

import pytest

from evalkit.core.errors import UsageError
from evalkit.core.model import Json
from evalkit.core.ports import ReaderPlugin
from evalkit.core.registry import READERS, reader
from evalkit.core.traffic import LogRecord


def never(_data: Json) -> bool:
    return False


def test_a_function_reads_records_that_stand_alone() -> None:
    @reader("acme", recognises=never)
    def acme(data: Json) -> Iterator[LogRecord]:
        """Read Acme."""
        yield LogRecord({"id": "a"}, data)

    read = acme.open()
    assert list(read(1)) == [LogRecord({"id": "a"}, 1)]
    assert list(read.rest()) == []
    assert acme.alone
    assert acme.doc == "Read Acme."


def test_a_class_is_made_anew_for_every_log() -> None:
    @reader("acme", recognises=never, members="*.json")
    class Acme:
        def __init__(self) -> None:
            self.seen: list[Json] = []

        def __call__(self, data: Json) -> Iterable[LogRecord]:
            self.seen.append(data)
            return ()

        def rest(self) -> Iterator[LogRecord]:
            yield LogRecord({"id": str(len(self.seen))}, None)

    plugin = cast("ReaderPlugin", Acme)
    assert not plugin.alone
    assert plugin.members == "*.json"
    for _ in range(2):
        read = plugin.open()
        assert list(read(1)) == []
        assert list(read.rest()) == [LogRecord({"id": "1"}, None)]


def test_an_unknown_reader_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown reader 'otle'; did you mean 'otel'\?"):
        READERS.get("otle")
