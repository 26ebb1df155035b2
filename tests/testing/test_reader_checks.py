"""The checks of readers find what a reader must not do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count

from evalkit.core.model import Json
from evalkit.core.ports import ReaderPlugin
from evalkit.core.records import RecordError
from evalkit.core.registry import READERS, reader
from evalkit.core.traffic import LogExample, LogRecord
from evalkit.testing.readers import example_fault, hostile_fault, purity_fault, recognition_fault

EXAMPLE = LogExample({"acme": "r1", "said": "Hi"}, [{"id": "r1", "output": "Hi"}])
TICKS = count()


def plugin(function: Callable[[Json], Iterable[LogRecord]]) -> ReaderPlugin:
    def knows(data: Json) -> bool:
        return isinstance(data, dict) and "acme" in data

    return reader("acme", recognises=knows, examples=[EXAMPLE])(function)


def sound(data: Json) -> Iterator[LogRecord]:
    if not isinstance(data, dict):
        raise RecordError("expected an object")
    yield LogRecord({"id": data.get("acme"), "output": data.get("said")}, data)


def careless(data: Json) -> Iterator[LogRecord]:
    yield LogRecord({"id": data["acme"], "output": data["said"].strip()}, data)  # type: ignore[call-overload,index,union-attr]


def ticking(data: Json) -> Iterator[LogRecord]:
    for record in sound(data):
        yield record._replace(fields={**record.fields, "cost_usd": next(TICKS)})


def silent(_data: Json) -> Iterable[LogRecord]:
    return ()


def test_a_reader_that_keeps_the_contract_has_no_fault() -> None:
    acme = plugin(sound)
    for check in (example_fault, purity_fault, hostile_fault):
        assert check(acme, EXAMPLE) is None
    assert recognition_fault(acme, list(READERS.built_in().values())) is None


def test_an_example_that_is_not_so_is_a_fault() -> None:
    assert example_fault(plugin(silent), EXAMPLE) == "acme finds 0 requests, expected 1"
    wrong = replace(EXAMPLE, expected=[{"output": "Bye"}])
    assert example_fault(plugin(sound), wrong) == "acme: output is 'Hi', expected 'Bye'"
    bad = replace(EXAMPLE, data=3)
    assert example_fault(plugin(sound), bad) == (
        "acme calls its example malformed: expected an object"
    )


def test_a_reader_that_reads_otherwise_the_second_time_is_a_fault() -> None:
    assert purity_fault(plugin(ticking), EXAMPLE) == "acme does not read the same twice"


def test_a_record_that_breaks_a_reader_is_a_fault_that_says_where() -> None:
    fault = hostile_fault(plugin(careless), EXAMPLE)
    assert fault is not None
    assert fault.startswith("acme raises TypeError")
    assert fault.endswith("on null as a record")


def test_a_reader_that_takes_what_is_not_its_own_is_a_fault() -> None:
    acme, plain = plugin(sound), READERS.get("plain")
    blind = replace(acme, recognises=lambda _data: False)
    assert recognition_fault(blind, [plain]) == "acme does not recognise its own example"
    greedy = replace(acme, recognises=lambda data: isinstance(data, dict))
    assert recognition_fault(greedy, [plain]) == "acme recognises a record of plain"
    assert recognition_fault(greedy, []) == "acme recognises object"
