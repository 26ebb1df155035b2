"""JSON answers pass by, and of a chosen part of the cases is kept what stands in their fields."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from evalkit.core.digest import chance_of
from evalkit.core.model import Arm, Case, Json, Sample
from evalkit.core.text import json_part
from evalkit.features.format_version import named_version
from evalkit.files.json_text import JsonTextError, parse_json, type_of

MOST_CASES = 500
"""Of more cases that many are looked at: it takes less than a second, and shows what is worth showing."""
MOST_PATHS = 500
MOST_DEPTH = 8
MOST_PARTS = 300
"""So many values of one answer are looked at."""
MOST_NAME, MOST_VALUE = 80, 60
"""Longer names and values are no fields and no choices, but texts."""
MOST_VALUES = 24
"""A field with more values than that offers no choice."""
FIRST, FEWEST_PARSED = 20, 5
"""Where fewer of the first answers of an arm are JSON, it does not answer in JSON."""
LARGEST = 1e100
"""No answer counts further; the squares of such numbers still are numbers."""
MOST_VERSIONS = 50

Step: TypeAlias = "str | None"


class Column:
    """A number for some of the cases, in the order they came."""

    __slots__ = ("places", "values")

    def __init__(self) -> None:
        self.places = array("l")
        self.values = array("d")

    def add(self, place: int, value: float) -> None:
        """Keep a number of a case."""
        self.places.append(place)
        self.values.append(value)


@dataclass(slots=True)
class Seen:
    """What one arm had at a path: how often in each answer, of which types, with which values.

    ``opened`` counts the objects whose fields were all looked at; ``ends`` are the smallest and the largest number, ``sizes`` those of lengths.
    """

    count: Column = field(default_factory=Column)
    opened: Column = field(default_factory=Column)
    types: dict[str, Column] = field(default_factory=dict)
    texts: Column = field(default_factory=Column)
    values: dict[str, Column] = field(default_factory=dict)
    numbers: Column = field(default_factory=Column)
    lengths: Column = field(default_factory=Column)
    ends: tuple[float, float] | None = None
    sizes: tuple[float, float] | None = None


@dataclass(eq=False, slots=True)
class Node:
    """A path in an answer; ``None`` in it is any item of a list. ``parent`` is what it stands in."""

    path: tuple[Step, ...]
    parent: Node | None
    inside: dict[Step, Node] = field(default_factory=dict)
    seen: dict[Arm, Seen] = field(default_factory=dict)
    chooses: bool = True


@dataclass(slots=True)
class _Tally:
    """What one answer has at one path, which it may reach several times."""

    count: int = 0
    opened: int = 0
    types: dict[str, int] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    texts: int = 0
    numbers: list[float] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)


class Fields:
    """What stands in the fields of the answers that are looked at, first draws of chosen cases.

    Args:
        cases: all cases that are judged, by id.
        seed: of the choice; the same cases are chosen whoever looks again.
    """

    def __init__(self, cases: Mapping[str, Case], seed: int) -> None:
        self.of = len(cases)
        order = sorted(cases, key=lambda case: (chance_of(f"fields {seed}", case), case))
        self.cases = [cases[case] for case in sorted(order[:MOST_CASES])]
        self._place = {case.id: place for place, case in enumerate(self.cases)}
        self.root = Node((), None)
        self.nodes = [self.root]
        self.answered: dict[Arm, Column] = {}
        self.versions: dict[Arm, Counter[str]] = {}
        self.parsed: Counter[Arm] = Counter()
        self.hopeless: set[Arm] = set()
        self.beyond = 0

    def passing(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Yield samples as they pass by, and look at the first answer to each chosen case."""
        for sample in samples:
            if sample.index == 0 and sample.output is not None:
                place = self._place.get(sample.case_id)
                if place is not None:
                    self._look(sample, place, sample.output)
            yield sample

    def _look(self, sample: Sample, place: int, output: str) -> None:
        arm = sample.arm
        value = None if arm in self.hopeless else _json(output)
        self._note_version(arm, sample.format_version or named_version(value))
        if arm in self.hopeless:
            return
        answered = self.answered.setdefault(arm, Column())
        answered.add(place, float(value is not None))
        if value is not None:
            self.parsed[arm] += 1
            self._keep(arm, place, value)
        elif len(answered.places) >= FIRST and self.parsed[arm] < FEWEST_PARSED:
            self.hopeless.add(arm)

    def _note_version(self, arm: Arm, version: str | None) -> None:
        named = self.versions.setdefault(arm, Counter())
        if version is not None:
            short = version[:MOST_NAME]
            named[short if short in named or len(named) < MOST_VERSIONS else "…"] += 1

    def _keep(self, arm: Arm, place: int, value: Json) -> None:
        tallies: dict[Node, _Tally] = {}
        self.beyond += not self._walked(value, tallies)
        for node, tally in tallies.items():
            _keep(node, node.seen.setdefault(arm, Seen()), place, tally)

    def _walked(self, value: Json, tallies: dict[Node, _Tally]) -> bool:
        """Add up what stands in an answer, and return whether all of it was looked at."""
        waiting: list[tuple[Node, Json]] = [(self.root, value)]
        whole = True
        for node, part in waiting:  # grows while it is gone through: level by level
            _add(tallies.setdefault(node, _Tally()), part)
            if not isinstance(part, (dict, list)):
                continue
            if len(waiting) + len(part) > MOST_PARTS:
                whole = False
                continue
            tallies[node].opened += isinstance(part, dict)
            steps: Iterable[tuple[Step, Json]] = (
                part.items() if isinstance(part, dict) else ((None, item) for item in part)
            )
            for step, item in steps:
                child = self._child(node, step)
                if child is None:
                    whole = False
                else:
                    waiting.append((child, item))
        return whole

    def _child(self, node: Node, step: Step) -> Node | None:
        """Return the path one step further; nothing where it is not looked at."""
        child = node.inside.get(step)
        if child is not None:
            return child
        long = step is not None and len(step) > MOST_NAME
        if long or len(node.path) >= MOST_DEPTH or len(self.nodes) >= MOST_PATHS:
            return None
        child = Node((*node.path, step), node)
        node.inside[step] = child
        self.nodes.append(child)
        return child


def _json(output: str) -> dict[str, Json] | list[Json] | None:
    """Return the object or list that an answer is, or holds in a fenced block."""
    text = json_part(output)
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        found = parse_json(text)
    except JsonTextError:
        return None
    assert isinstance(found, (dict, list))
    return found


def _add(tally: _Tally, value: Json) -> None:
    tally.count += 1
    kind = type_of(value)
    tally.types[kind] = tally.types.get(kind, 0) + 1
    match value:
        case bool():
            tally.texts += 1
            text = "true" if value else "false"
            tally.values[text] = tally.values.get(text, 0) + 1
        case str():
            tally.texts += 1
            text = value if len(value) <= MOST_VALUE else ""
            tally.values[text] = tally.values.get(text, 0) + 1
        case int() | float() if abs(value) <= LARGEST:
            tally.numbers.append(float(value))
        case list():
            tally.lengths.append(float(len(value)))


def _keep(node: Node, seen: Seen, place: int, tally: _Tally) -> None:
    seen.count.add(place, tally.count)
    if tally.opened:
        seen.opened.add(place, tally.opened)
    for kind, count in tally.types.items():
        seen.types.setdefault(kind, Column()).add(place, count)
    if tally.texts and node.chooses:
        seen.texts.add(place, tally.texts)
        for text, count in tally.values.items():
            seen.values.setdefault(text, Column()).add(place, count)
        if "" in seen.values or len(seen.values) > MOST_VALUES:
            _give_up_choices(node)
    if tally.numbers:
        seen.numbers.add(place, sum(tally.numbers) / len(tally.numbers))
        seen.ends = _wider(seen.ends, tally.numbers)
    if tally.lengths:
        seen.lengths.add(place, sum(tally.lengths) / len(tally.lengths))
        seen.sizes = _wider(seen.sizes, tally.lengths)


def _give_up_choices(node: Node) -> None:
    """Forget the values of a field that holds texts instead of offering a choice."""
    node.chooses = False
    for seen in node.seen.values():
        seen.values.clear()
        seen.texts = Column()


def _wider(ends: tuple[float, float] | None, numbers: list[float]) -> tuple[float, float]:
    every = numbers if ends is None else [*ends, *numbers]
    return min(every), max(every)
