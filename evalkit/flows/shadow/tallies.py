"""Parts of the logs → columns → tallies → their sum, wherever the parts are worked on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from evalkit.core.errors import SHOWN_PROBLEMS, SpecError
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.spreading import Executor
from evalkit.flows.shadow.columns import ColumnReading
from evalkit.flows.shadow.plan import Beside, Seen, ShadowPlan, Tallied, on_slice
from evalkit.stages.shadow.block import Block, Measure
from evalkit.stages.shadow.grouping import Grouping, grouped
from evalkit.stages.shadow.logs import Logs
from evalkit.stages.shadow.pairing import Pairing, paired
from evalkit.stages.shadow.piles import REQUEST, USER, Bucket, Heap, InHand, Pile
from evalkit.stages.shadow.tally import Tally, tally_of
from evalkit.stages.spread import InProcess

if TYPE_CHECKING:  # only where texts are read is this needed
    from evalkit.flows.shadow.reading import PartReading

BUCKET_BYTES = 32 << 20
"""About so many bytes of the logs are joined at a time."""

MOST_BUCKETS = 1024
FEW_BYTES = 1 << 20
"""Logs of no more are counted here before any process beside this one had begun."""
_PACKED = {".gz": 8, ".parquet": 4}
"""How much smaller than lines some files are, about."""

Progress = Callable[[int, int], None]


def no_progress(done: int, of: int) -> None:
    """Tell nobody how many parts are done."""
    del done, of


def tallies(
    parts: Sequence[LogPart],
    plan: ShadowPlan,
    executor: Executor,
    *,
    scratch: Path,
    progress: Progress = no_progress,
) -> Tallied:
    """Return what was counted of logs: the same to the last bit, whoever did the work.

    Args:
        parts: the parts of the logs.
        plan: what is counted.
        executor: who does the work.
        scratch: an empty folder for what is put away between reading and joining.
        progress: is told how many parts are done, and of how many.

    Raises:
        SpecError: a file cannot be read, or too many records are malformed.
        WorkerLostError: workers came to an end while they were at a part.
    """
    plan = replace(plan, buckets=plan.buckets or buckets_for(parts))
    few = sum(part.weight for part in parts) <= FEW_BYTES and not executor.apart
    with (InProcess() if few else executor).kept() as kept:
        return _tallied(parts, plan, kept, scratch=scratch, progress=progress)


def _tallied(
    parts: Sequence[LogPart],
    plan: ShadowPlan,
    executor: Executor,
    *,
    scratch: Path,
    progress: Progress,
) -> Tallied:
    by = _joins(plan)
    of = len(parts) + len(by) * plan.buckets
    task = partial(_counted, plan=plan, folder=None if executor.apart else str(scratch))
    whole = _Sum.nothing(plan)
    for place, found in enumerate(executor.results(task, _numbered(parts))):
        whole.add(found, scratch / str(place))
        progress(place + 1, of)
    whole.settle(plan)
    work = _Joining(plan, executor, progress, of)
    pairs: list[Pairing] | None = None
    groups: list[Grouping] | None = None
    for start, name in zip(range(len(parts), of, plan.buckets), by, strict=True):
        if not whole.named[name]:
            continue  # nobody is named in these logs
        if name == REQUEST:
            pairs = work.sums(paired, name, whole.piles[name], start)
        else:
            groups = work.sums(grouped, name, whole.piles[name], start)
    return whole.tallied(plan, pairs, groups)


def _joins(plan: ShadowPlan) -> list[str]:
    """Return what rows are joined by."""
    columns = plan.columns
    asked = {
        REQUEST: plan.paired and (columns is None or columns.request is not None),
        USER: plan.users and (columns is None or columns.user is not None),
    }
    return [name for name, wanted in asked.items() if wanted]


def buckets_for(parts: Iterable[LogPart]) -> int:
    """Return into how many buckets rows are dealt before they are joined: the same everywhere."""
    # Groups of rows do not say how many bytes they are: the parts of a table are its file, once.
    weights: dict[object, int] = {
        part.path if part.kind is PartKind.ROWS else (part.path, part.start): part.weight
        * _PACKED.get(Path(part.path).suffix.lower(), 1)
        for part in parts
    }
    return min(MOST_BUCKETS, 1 + sum(weights.values()) // BUCKET_BYTES)


# ---------------------------------------------------------------- a part


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A part and its number, by which its files are called."""

    number: int
    part: LogPart

    def __str__(self) -> str:
        return str(self.part)


def _numbered(parts: Sequence[LogPart]) -> list[_Numbered]:
    return [_Numbered(number, part) for number, part in enumerate(parts)]


@dataclass(frozen=True, slots=True)
class _Counted:
    """What was counted of a part; ``named`` says how many rows have a request, or a user."""

    tally: Tally
    by_slice: tuple[Tally, ...]
    seen: Seen
    beside: Beside | None
    piles: dict[str, Pile]
    named: dict[str, int]


def _counted(numbered: _Numbered, *, plan: ShadowPlan, folder: str | None) -> _Counted:
    """Count a part; runs in a worker."""
    part = numbered.part
    reading = _reading(part, plan)
    heaps = {name: Heap(name, plan.buckets) for name in _joins(plan)}
    by_slice = [Tally.nothing(plan.measures) for _ in plan.slices]

    def passing() -> Iterator[Block]:
        for block in reading.blocks():
            for heap in heaps.values():
                heap.add(block)
            for place in range(len(by_slice)):
                by_slice[place] += tally_of([_on(block, place)], plan.measures)
            yield block

    tally = tally_of(passing(), plan.measures)
    piles = {name: heap.pile() for name, heap in heaps.items()}
    if folder is not None:
        place = Path(folder) / str(numbered.number)
        piles = {name: pile.kept(place.with_suffix(f".{name}")) for name, pile in piles.items()}
    named = {name: heap.named for name, heap in heaps.items()}
    return _Counted(tally, tuple(by_slice), reading.seen, reading.beside, piles, named)


def _reading(part: LogPart, plan: ShadowPlan) -> PartReading | ColumnReading:
    if plan.columns is not None:
        return ColumnReading(part, plan)
    from evalkit.flows.shadow.reading import PartReading

    return PartReading(part, plan)


def _on(block: Block, place: int) -> Block:
    """Return the rows of a block that are on a slice."""
    return block.only(np.flatnonzero(block.metrics[on_slice(place)] == 1.0))


# ---------------------------------------------------------------- a bucket


Joined = TypeVar("Joined", Pairing, Grouping)
Join: TypeAlias = "Callable[[Iterable[Block], Sequence[Measure]], Joined]"


@dataclass(frozen=True, slots=True)
class _Joining:
    """Who joins the rows that were put away, and to whom it is told how far they are."""

    plan: ShadowPlan
    executor: Executor
    progress: Progress
    of: int

    def sums(self, join: Join[Joined], by: str, piles: Sequence[Pile], done: int) -> list[Joined]:
        """Return what is counted of joined rows: of the whole, and of each slice."""
        plan = self.plan
        buckets: Sequence[Bucket] = [
            Bucket(by, number, tuple(piles)) for number in range(plan.buckets)
        ]
        if self.executor.apart:
            buckets = InHand(buckets)
        task = partial(_joined, join=join, measures=plan.measures, slices=len(plan.slices))
        total: list[Joined] = []
        for place, found in enumerate(self.executor.results(task, buckets), done + 1):
            total = [one + two for one, two in zip(total, found, strict=True)] if total else found
            self.progress(place, self.of)
        return total


def _joined(
    bucket: Bucket, *, join: Join[Joined], measures: Sequence[Measure], slices: int
) -> list[Joined]:
    """Join the rows of a bucket; runs in a worker."""
    blocks = list(bucket.blocks())
    found: list[list[Block]] = [blocks]
    found += [[_on(block, place) for block in blocks] for place in range(slices)]
    return [join(some, measures) for some in found]


# ---------------------------------------------------------------- the sum


@dataclass(slots=True)
class _Sum:
    """What was counted so far, part by part in their order."""

    tally: Tally
    by_slice: list[Tally]
    seen: Seen
    beside: Beside | None = None
    piles: dict[str, list[Pile]] = field(default_factory=lambda: defaultdict(list))
    named: Counter[str] = field(default_factory=Counter)

    @classmethod
    def nothing(cls, plan: ShadowPlan) -> _Sum:
        """Return the sum of no parts."""
        nothing = Tally.nothing(plan.measures)
        return cls(nothing, [nothing] * len(plan.slices), Seen())

    def add(self, found: _Counted, place: Path) -> None:
        """Take a part in; what is put away of it comes to lie at a place of this machine."""
        for name, pile in found.piles.items():
            self.piles[name].append(pile.kept(place.with_suffix(f".{name}")))
        self.named.update(found.named)
        self.tally += found.tally
        self.by_slice = [
            one + other for one, other in zip(self.by_slice, found.by_slice, strict=True)
        ]
        self.seen = both_seen(self.seen, found.seen)
        if found.beside is not None:
            self.beside = found.beside if self.beside is None else self.beside + found.beside

    def settle(self, plan: ShadowPlan) -> None:
        """Refuse logs of which more is malformed than is allowed; parts may each hold so much."""
        if self.seen.malformed > plan.skip_malformed:
            raise SpecError(self.seen.problems)

    def tallied(
        self, plan: ShadowPlan, pairs: list[Pairing] | None, groups: list[Grouping] | None
    ) -> Tallied:
        """Return everything, the whole and each slice."""
        logs = [
            Logs(
                tally,
                None if pairs is None else pairs[place],
                None if groups is None else groups[place],
            )
            for place, tally in enumerate([self.tally, *self.by_slice])
        ]
        by_slice = dict(zip(plan.slices, logs[1:], strict=True))
        return Tallied(logs[0], by_slice, self.seen, self.beside)


def both_seen(one: Seen, other: Seen) -> Seen:
    """Return what became of the records of both."""
    return Seen(
        records=one.records + other.records,
        malformed=one.malformed + other.malformed,
        problems=(*one.problems, *other.problems)[:SHOWN_PROBLEMS],
        strangers=dict(Counter(one.strangers) + Counter(other.strangers)),
        unlabelled=one.unlabelled + other.unlabelled,
        outside=one.outside + other.outside,
        undated=one.undated + other.undated,
    )
