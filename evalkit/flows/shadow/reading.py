"""A part of the logs is read and scored here: requests with their texts become columns of numbers."""

from __future__ import annotations

import json
import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from evalkit.core.envelope import EVERYTHING, Envelope
from evalkit.core.errors import Place, Problem
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.model import Arm, Case, ErrorKind, Sample, Score
from evalkit.core.registry import READERS
from evalkit.core.traffic import Logged, Tolerance, sound
from evalkit.files.json_text import parse_json
from evalkit.files.text import Line
from evalkit.flows.shadow.parts import holds_lines, local_copy
from evalkit.flows.shadow.plan import (
    FAILED_BY,
    FALSE,
    MISSED,
    Beside,
    Seen,
    ShadowPlan,
    metrics_of,
    on_slice,
)
from evalkit.spec.document import Document
from evalkit.spec.envelope import LoadedEnvelope, envelope_of
from evalkit.spec.traffic import logged_lines, open_log
from evalkit.spec.traffic.rows import json_value
from evalkit.stages.score import score
from evalkit.stages.shadow.block import Block, hours_of
from evalkit.stages.shadow.hashing import id_hashes
from evalkit.wire.log_lines import line_chunks, lines_before, numbered
from evalkit.wire.log_rows import row_batches

BLOCK_ROWS = 1 << 16
MOST_STRANGERS = 50
"""Labels of no arm are counted by name; beyond so many the rest is counted together."""

OTHERS = "…"
NOWHERE = math.nan


# ---------------------------------------------------------------- records


def logged_of_part(part: LogPart, plan: ShadowPlan) -> Iterator[tuple[Logged, Arm]]:
    """Yield the requests of a part that count, with their arms; nothing is scored.

    Raises:
        SpecError: the file cannot be read, or too much of it is malformed.
    """
    return _Counting(part, plan).requests()


def _records(part: LogPart, plan: ShadowPlan) -> Iterator[Logged | Problem]:
    """Yield what a part holds; what is malformed comes as a problem with its place in the file."""
    if part.kind is PartKind.ROWS:
        return _of_rows(part, plan)
    if holds_lines(part.path) and READERS.get(plan.reader).alone:
        return _of_lines(part, plan)
    return _of_file(part, plan)


def _of_rows(part: LogPart, plan: ShadowPlan) -> Iterator[Logged | Problem]:
    plugin = READERS.get(plan.reader)
    for before, rows in row_batches(part):
        for found in _row_lines(rows, before, part.path):
            if isinstance(found, Problem):
                yield found
            else:
                yield from logged_lines([found], part.path, plugin, plan.mapped)


def _of_lines(part: LogPart, plan: ShadowPlan) -> Iterator[Logged | Problem]:
    plugin, before = READERS.get(plan.reader), None
    for chunk in line_chunks(part):
        for found in logged_lines(numbered(chunk, part), part.path, plugin, plan.mapped):
            if isinstance(found, Problem):
                before = lines_before(part) if before is None else before
                yield _moved(found, Place(part.path, found.place.line + before, found.place.column))
            else:
                yield found


def _of_file(part: LogPart, plan: ShadowPlan) -> Iterator[Logged | Problem]:
    with local_copy(part.path) as path:
        for found in open_log(path, reader=plan.reader, mapped=plan.mapped).records():
            if isinstance(found, Problem):
                yield _moved(found, replace(found.place, file=part.path))
            else:
                yield found


def _moved(problem: Problem, place: Place) -> Problem:
    return replace(problem, place=place)


def _row_lines(
    rows: Sequence[Mapping[str, object]], before: int, path: str
) -> Iterator[Line | Problem]:
    """Yield rows of a table as the lines of JSON that say the same."""
    for number, row in enumerate(rows, before + 1):
        try:
            found = {key: json_value(value, key) for key, value in row.items()}
        except ValueError as error:
            yield Problem(Place(path, number), str(error))
        else:
            yield Line(number, json.dumps(found))


@dataclass(slots=True)
class _Counting:
    """The requests of a part on their way; what is left out is counted."""

    part: LogPart
    plan: ShadowPlan
    tolerance: Tolerance = field(init=False)
    strangers: Counter[str] = field(default_factory=Counter)
    records: int = 0
    unlabelled: int = 0
    outside: int = 0
    undated: int = 0

    def __post_init__(self) -> None:
        self.tolerance = Tolerance(self.plan.skip_malformed)

    def requests(self) -> Iterator[tuple[Logged, Arm]]:
        """Yield the requests that count."""
        timed = self.plan.since is not None or self.plan.until is not None
        for logged in sound(_records(self.part, self.plan), self.tolerance):
            self.records += 1
            arm = self._arm(logged)
            if arm is None or (timed and not self._meant(logged)):
                continue
            yield logged, arm

    def seen(self) -> Seen:
        """Return what became of the records so far."""
        return Seen(
            records=self.records,
            malformed=self.tolerance.count,
            problems=tuple(self.tolerance.problems),
            strangers=dict(self.strangers),
            unlabelled=self.unlabelled,
            outside=self.outside,
            undated=self.undated,
        )

    def _arm(self, logged: Logged) -> Arm | None:
        if self.part.arm is not None:
            return self.part.arm
        if logged.arm is None:
            self.unlabelled += 1
            return None
        arm = self.plan.arms.get(logged.arm)
        if arm is None:
            known = logged.arm in self.strangers or len(self.strangers) < MOST_STRANGERS
            self.strangers[logged.arm if known else OTHERS] += 1
        return arm

    def _meant(self, logged: Logged) -> bool:
        """Return whether a request came at a time that was asked for."""
        if logged.when is None:
            self.undated += 1
            return False
        since, until = self.plan.since, self.plan.until
        meant = (since is None or logged.when >= since) and (until is None or logged.when < until)
        self.outside += not meant
        return meant


# ---------------------------------------------------------------- columns


class PartReading:
    """One part at work: blocks of columns, and in the end what was counted beside them."""

    def __init__(self, part: LogPart, plan: ShadowPlan) -> None:
        """Prepare to read; nothing is opened yet."""
        self._plan = plan
        self._counting = _Counting(part, plan)
        self._taken = _taken(plan)
        measured = {measure.name for measure in plan.measures}
        self._kinds = [kind for kind in ErrorKind if f"{FAILED_BY}{kind}" in measured]
        self.beside: Beside | None = None if plan.beside is None else plan.beside()

    @property
    def seen(self) -> Seen:
        """What became of the records so far."""
        return self._counting.seen()

    def blocks(self) -> Iterator[Block]:
        """Yield the requests of the part as columns, with a column for each slice.

        Raises:
            SpecError: the file cannot be read, or too much of it is malformed.
            PluginError: a scorer or a reader cannot be loaded.
        """
        rows = _Rows.empty(self._plan)
        names = [taken.name for taken in self._taken]
        names += [f"{FAILED_BY}{kind}" for kind in self._kinds]
        for logged, arm, scores in self._scored():
            values = [taken.value(scores) for taken in self._taken]
            error = logged.sample.error
            values += [float(error is not None and error.kind == kind) for kind in self._kinds]
            rows.add(logged, arm, values)
            if self.beside is not None:
                self.beside.see(logged, arm, dict(zip(names, values, strict=True)))
            if len(rows.arm) >= BLOCK_ROWS:
                yield rows.block(names)
                rows = _Rows.empty(self._plan)
        if rows.arm:
            yield rows.block(names)

    def _scored(self) -> Iterator[tuple[Logged, Arm, Mapping[str, Score]]]:
        """Yield every request with what each instrument says about its answer."""
        loaded = envelope_in_worker(self._plan.document, self._plan.path, self._plan.code_root)
        envelope = _everywhere(loaded.envelope, {taken.instrument for taken in self._taken})
        current = _Current()
        samples = current.passing(self._counting.requests())
        plugins = {item.name: loaded.plugins[item.name] for item in envelope.instruments}
        for scored in score(samples, current, envelope, plugins):
            assert current.logged is not None
            yield current.logged, scored.sample.arm, scored.scores


class _Current(dict[str, Case]):
    """The case that is scored just now: every request of a log is one of its own."""

    logged: Logged | None = None

    def passing(self, requests: Iterator[tuple[Logged, Arm]]) -> Iterator[Sample]:
        """Yield the sample of each request, while its case can be looked up."""
        for logged, arm in requests:
            self.logged = logged
            sample = logged.sample
            yield sample if sample.arm is arm else replace(sample, arm=arm)

    def __getitem__(self, _: str) -> Case:
        logged = self.logged
        assert logged is not None
        asked = "" if logged.input is None else logged.input
        return Case(
            logged.sample.case_id, asked, logged.reference, logged.tags, None, logged.metadata
        )


@dataclass(frozen=True, slots=True)
class _Taken:
    """One column: which value of which instrument, or how doubtful that value is."""

    name: str
    instrument: str
    place: int
    doubt: str = ""

    def value(self, scores: Mapping[str, Score]) -> float:
        """Return the number of a row; no number where there is none."""
        score = scores[self.instrument]
        found = score.values[self.place]
        value = found if type(found) is float else NOWHERE
        if not self.doubt:
            return value
        mistake = score.mistakes[self.place] if score.mistakes else None
        if mistake is None or math.isnan(value):
            return NOWHERE
        return mistake if (value == 1.0) is (self.doubt == FALSE) else 0.0


def _taken(plan: ShadowPlan) -> list[_Taken]:
    """Return the columns of the measures of a plan."""
    loaded = envelope_in_worker(plan.document, plan.path, plan.code_root)
    wanted = {measure.name for measure in plan.measures}
    found: dict[str, _Taken] = {}
    for metric in metrics_of(loaded.envelope):
        plugin = loaded.plugins[metric.instrument]
        places = {value.name: place for place, value in enumerate(plugin.values)}
        name, instrument, place = metric.name, metric.instrument, places[metric.value]
        columns = [_Taken(name, instrument, place)]
        columns += [_Taken(name + doubt, instrument, place, doubt) for doubt in (FALSE, MISSED)]
        if metric.fallback is not None:
            other = f"{instrument}.{metric.fallback}"
            columns.append(_Taken(other, instrument, places[metric.fallback]))
        found |= {column.name: column for column in columns if column.name in wanted}
    return list(found.values())


def _everywhere(envelope: Envelope, instruments: set[str]) -> Envelope:
    """Return an envelope under which some instruments, and no others, read every answer."""
    return replace(
        envelope,
        bounds=tuple(
            replace(bound, slice=EVERYTHING)
            for bound in envelope.bounds
            if bound.metric.instrument in instruments
        ),
        instruments=tuple(item for item in envelope.instruments if item.name in instruments),
    )


@lru_cache(maxsize=2)
def envelope_in_worker(document: str, path: str, code_root: str | None) -> LoadedEnvelope:
    """Return the envelope of a plan, read once in each process."""
    root = None if code_root is None else Path(code_root)
    return envelope_of(Document(path, parse_json(document)), path, code_root=root)


# ---------------------------------------------------------------- rows


@dataclass(slots=True)
class _Rows:
    """Rows that become a block."""

    plan: ShadowPlan
    arm: array[int]
    when: array[float]
    requests: list[str | None]
    users: list[str | None]
    values: list[list[float]]
    slices: list[array[float]]

    @classmethod
    def empty(cls, plan: ShadowPlan) -> _Rows:
        """Return rows to be filled."""
        slices = [array("d") for _ in plan.slices]
        return cls(plan, array("b"), array("d"), [], [], [], slices)

    def add(self, logged: Logged, arm: Arm, values: list[float]) -> None:
        """Take a request in."""
        self.arm.append(int(arm is Arm.CANDIDATE))
        self.when.append(NOWHERE if logged.when is None else logged.when)
        self.requests.append(logged.sample.case_id)
        self.users.append(logged.user)
        self.values.append(values)
        for column, part in zip(self.slices, self.plan.slices, strict=True):
            column.append(float(part.holds(logged.tags, logged.metadata)))

    def block(self, names: Sequence[str]) -> Block:
        """Return the rows as columns of these names."""
        values = np.array(self.values, dtype=np.float64).reshape(len(self.arm), len(names))
        metrics = {name: np.ascontiguousarray(values[:, at]) for at, name in enumerate(names)}
        for place, column in enumerate(self.slices):
            metrics[on_slice(place)] = np.array(column)
        return Block(
            np.array(self.arm, dtype=np.int8),
            hours_of(np.array(self.when)),
            metrics,
            id_hashes(self.requests),
            id_hashes(self.users),
        )
