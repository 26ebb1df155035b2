"""The requests of all logs on disk, with what has to be known of them before they are sorted."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

from evalkit.core.digest import digest
from evalkit.core.errors import SHOWN_PROBLEMS, Place, Problem, SpecError, UsageError
from evalkit.core.model import ABSENT, Arm, Case, Sample
from evalkit.core.records import case_record, record_of, sample_of
from evalkit.core.traffic import Logged, Tolerance, sound
from evalkit.files.json_text import parse_json
from evalkit.files.text import each_file_once, file_name, numbered_lines
from evalkit.files.writing import LineLog
from evalkit.flows.importing.things import Wanted
from evalkit.spec.traffic import FieldMap, open_log

NO_LABEL = "(none)"
ID_LETTERS = 12
COUNTED = (
    "output", "input", "reference", "created", "user", "latency_ms", "ttft_ms", "input_tokens",
    "output_tokens", "reasoning_tokens", "cost_usd", "model", "finish_reason",
)  # fmt: skip
"""The fields of which an import says how many requests have them."""


class Group(NamedTuple):
    """Requests that belong to one arm: a label of one file."""

    label: str
    file: str


@dataclass(slots=True)
class Spool:
    """The requests of all logs on disk, with what has to be known of them before they are sorted."""

    beside: Path
    formats: dict[str, str] = field(default_factory=dict)
    groups: dict[Group, int] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)
    cases: dict[str, Case] = field(default_factory=dict)
    answers: dict[tuple[int, str], int] = field(default_factory=dict)
    found: Counter[str] = field(default_factory=Counter)
    mapped: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _path: Path = Path()

    def __enter__(self) -> Self:
        beside = tempfile.TemporaryDirectory(prefix=".import-", dir=self.beside)
        folder = self._stack.enter_context(beside)
        self._path = Path(folder) / "requests.jsonl"
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take(
        self,
        files: Sequence[str],
        reader: str | None,
        mapped: FieldMap,
        tolerance: Tolerance,
        wanted: Wanted,
    ) -> None:
        """Read every log to its end.

        Raises:
            SpecError: one is malformed.
        """
        with LineLog(self._path) as out:
            for file in each_file_once(files):
                log = open_log(file, reader=reader, mapped=mapped)
                self.formats[log.name] = log.reader.name
                for logged in sound(log.records(), tolerance):
                    self._add(logged, file, mapped, wanted, out)
        if not self.counts:
            names = ", ".join(f"{name} ({form})" for name, form in self.formats.items())
            raise SpecError.single(Place(file_name(files[0])), f"holds no request; read: {names}")
        if self.problems:
            raise SpecError(self.problems)

    def _add(
        self, logged: Logged, file: str, mapped: FieldMap, wanted: Wanted, out: LineLog
    ) -> None:
        name = file_name(file)
        group = self.groups.setdefault(Group(logged.arm or NO_LABEL, file), len(self.groups))
        case = _case(logged, wanted)
        sample = replace(logged.sample, case_id=case.id)
        self.counts[group] += 1
        known = self.cases.setdefault(case.id, case)
        if known.input != case.input:
            if known.input == "":
                self.cases[case.id] = case
            elif case.input != "":
                self._note(name, f"request {case.id!r} asks two different things")
        elif known.metadata != case.metadata:
            # What the requests of a case do not share is not of the case, but of its samples.
            shared = {
                key: value
                for key, value in known.metadata.items()
                if case.metadata.get(key, ABSENT) == value
            }
            self.cases[case.id] = replace(known, metadata=shared)
        if wanted.draws or wanted.by == "input":
            seen = self.answers.get((group, case.id), 0)
            self.answers[group, case.id] = seen + 1
            sample = replace(sample, index=seen)
        self._count(logged, mapped)
        out.append([group, record_of(sample)])

    def _note(self, file: str, message: str) -> None:
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(Problem(Place(file), message))

    def _count(self, logged: Logged, mapped: FieldMap) -> None:
        for name in COUNTED:
            if _known(logged, name):
                self.found[name] += 1
        for name in mapped.paths:
            if _known(logged, name):
                self.mapped[name] += 1

    def check(self, mapped: FieldMap) -> None:
        """Hold the map to having found something: a path with a mistake in it finds nothing.

        Raises:
            UsageError: a field was found in no record.
        """
        nowhere = [name for name in mapped.sought if not self.mapped[name]]
        if nowhere:
            raise UsageError(
                f"--map {nowhere[0]}=…: nothing stands there in any of "
                f"{self.counts.total():,} records; correct the path, or leave it out"
            )

    def samples(self) -> Iterator[tuple[int, Sample]]:
        """Yield the requests again, each with the number of its group."""
        for line in numbered_lines(self._path):
            item: Any = parse_json(line.text)
            group, record = item
            yield group, sample_of(record, Arm.CANDIDATE)


def _known(logged: Logged, name: str) -> bool:
    """Return whether a request tells a field."""
    if name.startswith("metadata."):
        return name.removeprefix("metadata.") in logged.metadata
    if name in {"input", "arm", "user"}:
        return getattr(logged, name) is not None
    if name == "reference":
        return logged.reference is not ABSENT
    if name in {"tags", "metadata"}:
        return bool(getattr(logged, name))
    if name in {"id", "sample"}:
        return True
    return getattr(logged.sample, name) is not None


def _case(logged: Logged, wanted: Wanted) -> Case:
    """Return what was asked as a case; whoever asked it is its cluster."""
    asked = "" if logged.input is None else logged.input
    name = logged.sample.case_id
    if wanted.by == "input":
        bare = case_record(Case("", asked))["input"]
        name = digest(bare)[:ID_LETTERS]
    return Case(name, asked, logged.reference, logged.tags, logged.user, logged.metadata)
