"""Conformance of readers: each check returns a sentence about the fault, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evalkit.core.model import ABSENT, Case, Json
from evalkit.core.ports import ReaderPlugin
from evalkit.core.records import RecordError, case_record, record_of
from evalkit.core.traffic import LogExample, Logged, logged_of

PLAIN = "plain"
HOSTILE_VALUES: Mapping[str, Json] = {
    "null": None,
    "true": True,
    "negative": -1,
    "huge": 10**30,
    "fraction": 0.5,
    "empty": "",
    "text": "NaN",
    "markup": "<script>alert(1)</script>\x00\u202e",
    "list": [],
    "list of lists": [[[]], None, 7],
    "object": {},
    "strange object": {"role": 3, "content": [None, {"type": 9}], "": {}},
    "json as text": '[{"role": 7, "content": {"a": [1]}}]',
}
"""What stands in logs where something else was expected."""


def example_fault(plugin: ReaderPlugin, example: LogExample) -> str | None:
    """Return how a reader differs from its own example, or ``None``."""
    try:
        found = [known_fields(item) for item in read_all(plugin, [*example.before, example.data])]
    except RecordError as error:
        return f"{plugin.name} calls its example malformed: {error}"
    before = [known_fields(item) for item in read_all(plugin, example.before)]
    if plugin.alone or not example.expected:
        found = found[len(before) :]
    if len(found) != len(example.expected):
        return f"{plugin.name} finds {len(found)} requests, expected {len(example.expected)}"
    for item, wanted in zip(found, example.expected, strict=True):
        for key, value in wanted.items():
            if item.get(key) != value:
                return f"{plugin.name}: {key} is {item.get(key)!r}, expected {value!r}"
    return None


def recognition_fault(plugin: ReaderPlugin, others: Sequence[ReaderPlugin]) -> str | None:
    """Return whose records a reader takes for its own, or that it does not know its own."""
    if plugin.name == PLAIN:
        others = ()  # it is asked last, and takes what no other knows
    first = plugin.examples[0]
    if not any(plugin.recognises(data) for data in (*first.before, first.data)):
        return f"{plugin.name} does not recognise its own example"
    for other in others:
        for example in other.examples:
            if other.name != plugin.name and plugin.recognises(example.data):
                return f"{plugin.name} recognises a record of {other.name}"
    for name, value in HOSTILE_VALUES.items():
        if plugin.recognises(value):
            return f"{plugin.name} recognises {name}"
    return None


def purity_fault(plugin: ReaderPlugin, example: LogExample) -> str | None:
    """Return a sentence where reading the same records twice gives two answers."""
    data = [*example.before, example.data]
    first, second = (list(read_all(plugin, data)) for _ in range(2))
    return None if first == second else f"{plugin.name} does not read the same twice"


def hostile_fault(plugin: ReaderPlugin, example: LogExample) -> str | None:
    """Return what a reader makes of a damaged record beside requests and a ``RecordError``."""
    for damaged, what in damaged_records(example.data):
        try:
            plugin.recognises(damaged)
            for _ in read_all(plugin, [*example.before, damaged]):
                pass
        except RecordError:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the fault
            return f"{plugin.name} raises {type(error).__name__} ({error}) on {what}"
    return None


def read_all(plugin: ReaderPlugin, records: Sequence[Json]) -> Iterator[Logged]:
    """Yield the logged requests of some records, from the first to the last.

    Raises:
        RecordError: one of them is malformed.
    """
    read = plugin.open()
    for data in records:
        for record in read(data):
            yield logged_of(record.fields)
    for record in read.rest():
        yield logged_of(record.fields)


def known_fields(logged: Logged) -> dict[str, Json]:
    """Return what is known of a request, under the names that records have."""
    asked = logged.input
    case = Case(logged.sample.case_id, "" if asked is None else asked, logged.reference)
    found = {**record_of(logged.sample), "arm": logged.arm, "user": logged.user}
    found |= {"when": logged.when, "tags": list(logged.tags)}
    if asked is not None:
        found["input"] = case_record(case)["input"]
    if logged.reference is not ABSENT:
        found["reference"] = case_record(case)["reference"]
    return found


def damaged_records(data: Json) -> Iterator[tuple[Json, str]]:
    """Yield a record with each value in it replaced by each hostile one, and without each key."""
    for name, value in HOSTILE_VALUES.items():
        yield value, f"{name} as a record"
    for path in _paths(data, ()):
        where = ".".join(map(str, path))
        for name, value in HOSTILE_VALUES.items():
            yield _with(data, path, value), f"{name} at {where}"


def _paths(data: Json, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    items: list[tuple[str | int, Json]] = []
    if isinstance(data, dict):
        items = list(data.items())
    elif isinstance(data, list):
        items = list(enumerate(data))
    for key, value in items:
        yield from _paths(value, (*path, key))


def _with(data: Json, path: tuple[str | int, ...], value: Json) -> Json:
    if not path:
        return value
    key, *rest = path
    if isinstance(data, dict):
        return {**data, str(key): _with(data[str(key)], tuple(rest), value)}
    assert isinstance(data, list)
    assert isinstance(key, int)
    return [*data[:key], _with(data[key], tuple(rest), value), *data[key + 1 :]]
