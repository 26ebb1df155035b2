"""Parts of the logs → columns → tallies → their sum, wherever the parts are worked on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evalkit.core.errors import SHOWN_PROBLEMS, SpecError
from evalkit.core.log_parts import LogPart, PartKind
from evalkit.core.spreading import Executor
from evalkit.flows.shadow.columns import ColumnReading
from evalkit.flows.shadow.parts import PART_BYTES
from evalkit.flows.shadow.plan import Beside, Seen, ShadowPlan, Tallied, on_slice
from evalkit.stages.shadow.block import Block
from evalkit.stages.shadow.joining import Joint, copies_of, joint_of, pairs_of
from evalkit.stages.shadow.piles import REQUEST, USER, Bucket, Heap, InHand, Pile
from evalkit.stages.shadow.tally import Tally, tally_of
from evalkit.stages.spread import InProcess

if TYPE_CHECKING:  # only where texts are read is this needed
    from evalkit.flows.shadow.reading import PartReading

BUCKET_BYTES = 32 << 20
"""About so many bytes of the logs are joined at a time."""

MOST_BUCKETS = 1024
PILE_ROWS = 1 << 19
"""So many rows of a part are put away at once, however many more it has."""
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
    with hands(parts, executor).kept() as kept:
        if _dealt_by(plan) == REQUEST and not _pairs(plan):
            # Nobody asks for more than whether there are copies, and the ids alone tell.
            lean = replace(plan, lean=True)
            found, copies = _tallied(parts, lean, kept, scratch=scratch, progress=progress)
            if not copies:
                return found
        return _tallied(parts, plan, kept, scratch=scratch, progress=progress)[0]


def hands(parts: Iterable[LogPart], executor: Executor) -> Executor:
    """Return who works on some parts: of little this process, before another would have begun."""
    weights = [part.weight for part in parts]
    few = sum(weights) <= (PART_BYTES if len(weights) == 1 else FEW_BYTES)
    return InProcess() if few and not executor.apart else executor


def _tallied(
    parts: Sequence[LogPart],
    plan: ShadowPlan,
    executor: Executor,
    *,
    scratch: Path,
    progress: Progress,
) -> tuple[Tallied, int]:
    """Return what was counted, and of a lean plan how many copies are among it."""
    by = _dealt_by(plan)
    passes = 0 if by is None else 2 if by == USER and _pairs(plan) else 1
    of = len(parts) + passes * plan.buckets
    task = partial(_counted, plan=plan, by=by, folder=None if executor.apart else str(scratch))
    whole = _Sum.nothing(plan)
    for place, found in enumerate(executor.results(task, _numbered(parts))):
        whole.add(found, scratch / str(place))
        progress(place + 1, of)
    whole.settle(plan)
    joining = _Joining(plan, executor, scratch, progress, of)
    if by is not None and whole.users:
        joints, rest = joining.users(
            whole.piles, len(parts), pairs=_pairs(plan) and whole.requests > 0
        )
        if rest:
            again = joining.requests(rest, len(parts) + plan.buckets, rest=True)
            joints = [one + two for one, two in zip(joints, again, strict=True)]
        progress(of, of)
    elif by is not None and whole.requests:
        joints = joining.requests(whole.piles, len(parts))
    else:
        joints = [Joint()] * (1 + len(plan.slices))
    return whole.tallied(plan, joints), joints[0].copies


def _pairs(plan: ShadowPlan) -> bool:
    """Return whether the arms are joined by the id of the request."""
    return plan.paired and (plan.columns is None or plan.columns.request is not None)


def _dealt_by(plan: ShadowPlan) -> str | None:
    """Return by what rows are dealt to be joined; a bucket of users has all rows of its requests."""
    if plan.users and (plan.columns is None or plan.columns.user is not None):
        return USER
    return REQUEST if plan.columns is None or plan.columns.request is not None else None


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
    """What was counted of a part; ``requests`` and ``users`` say how many rows name one."""

    tally: Tally
    by_slice: tuple[Tally, ...]
    seen: Seen
    beside: Beside | None
    piles: tuple[Pile, ...]
    requests: int
    users: int


def _counted(
    numbered: _Numbered, *, plan: ShadowPlan, by: str | None, folder: str | None
) -> _Counted:
    """Count a part; runs in a worker."""
    part = numbered.part
    reading = _reading(part, plan)
    heap = Heap(by or REQUEST, plan.buckets)
    piles: list[Pile] = []

    def put_away() -> None:
        place = None if folder is None else Path(folder) / str(numbered.number)
        pile = heap.pile()
        piles.append(pile if place is None else pile.kept(place.with_suffix(f".{len(piles)}")))

    by_slice = [Tally.nothing(plan.measures) for _ in plan.slices]

    def passing() -> Iterator[Block]:
        for block in reading.blocks():
            if by is not None:
                heap.add(replace(block, metrics={}) if plan.lean else block)
                if heap.rows >= PILE_ROWS:
                    put_away()
            for place in range(len(by_slice)):
                by_slice[place] += tally_of([_on(block, place)], plan.measures)
            yield block

    tally = tally_of(passing(), plan.measures)
    if heap.rows:
        put_away()
    return _Counted(
        tally,
        tuple(by_slice),
        reading.seen,
        reading.beside,
        tuple(piles),
        heap.requests,
        heap.users,
    )


def _reading(part: LogPart, plan: ShadowPlan) -> PartReading | ColumnReading:
    if plan.columns is not None:
        return ColumnReading(part, plan)
    from evalkit.flows.shadow.reading import PartReading

    return PartReading(part, plan)


def _on(block: Block, place: int) -> Block:
    """Return the rows of a block that are on a slice."""
    return block.only(np.flatnonzero(block.metrics[on_slice(place)] == 1.0))


# ---------------------------------------------------------------- a bucket


@dataclass(frozen=True, slots=True)
class _Joining:
    """Who joins the rows that were put away, and to whom it is told how far they are."""

    plan: ShadowPlan
    executor: Executor
    scratch: Path
    progress: Progress
    of: int

    def users(
        self, piles: Sequence[Pile], done: int, *, pairs: bool
    ) -> tuple[list[Joint], list[Pile]]:
        """Return what is known of users and their requests, and the requests to be looked for elsewhere."""
        folder = None if self.executor.apart else str(self.scratch)
        task = partial(_of_users, plan=self.plan, pairs=pairs, folder=folder)
        total: list[Joint] = []
        rest: list[Pile] = []
        results = self.executor.results(task, self._buckets(USER, piles))
        for number, (found, pile) in enumerate(results):
            total = _added(total, found)
            if pile is not None:
                rest.append(pile.kept(_rest(self.scratch, number)))
            self.progress(done + number + 1, self.of)
        return total, rest

    def requests(self, piles: Sequence[Pile], done: int, *, rest: bool = False) -> list[Joint]:
        """Return what is known of requests; those of the rest are of different users."""
        task = partial(_of_requests, plan=self.plan, rest=rest)
        total: list[Joint] = []
        for number, found in enumerate(self.executor.results(task, self._buckets(REQUEST, piles))):
            total = _added(total, found)
            self.progress(done + number + 1, self.of)
        return total

    def _buckets(self, by: str, piles: Sequence[Pile]) -> Sequence[Bucket]:
        buckets = [Bucket(by, number, tuple(piles)) for number in range(self.plan.buckets)]
        return InHand(buckets) if self.executor.apart else buckets


def _of_users(
    bucket: Bucket, *, plan: ShadowPlan, pairs: bool, folder: str | None
) -> tuple[list[Joint], Pile | None]:
    """Join the rows of a bucket of users; runs in a worker."""
    found, lone = joint_of(bucket.blocks(), plan.measures, _columns_on(plan), pairs=pairs)
    if lone is None:
        return found, None
    heap = Heap(REQUEST, plan.buckets)
    heap.add(lone)
    pile = heap.pile()
    return found, pile if folder is None else pile.kept(_rest(Path(folder), bucket.number))


def _of_requests(bucket: Bucket, *, plan: ShadowPlan, rest: bool) -> list[Joint]:
    """Join the rows of a bucket of requests; runs in a worker."""
    if plan.lean:
        return [copies_of(bucket.blocks())] * (1 + len(plan.slices))
    pairs = _pairs(plan)
    return pairs_of(bucket.blocks(), plan.measures, _columns_on(plan), pairs=pairs, rest=rest)


def _rest(folder: Path, number: int) -> Path:
    return folder / f"{number}.rest"


def _columns_on(plan: ShadowPlan) -> list[str]:
    return [on_slice(place) for place in range(len(plan.slices))]


def _added(total: list[Joint], found: list[Joint]) -> list[Joint]:
    return [one + two for one, two in zip(total, found, strict=True)] if total else found


# ---------------------------------------------------------------- the sum


@dataclass(slots=True)
class _Sum:
    """What was counted so far, part by part in their order."""

    tally: Tally
    by_slice: list[Tally]
    seen: Seen
    beside: Beside | None = None
    piles: list[Pile] = field(default_factory=list)
    requests: int = 0
    users: int = 0

    @classmethod
    def nothing(cls, plan: ShadowPlan) -> _Sum:
        """Return the sum of no parts."""
        nothing = Tally.nothing(plan.measures)
        return cls(nothing, [nothing] * len(plan.slices), Seen())

    def add(self, found: _Counted, place: Path) -> None:
        """Take a part in; what is put away of it comes to lie at a place of this machine."""
        for number, pile in enumerate(found.piles):
            self.piles.append(pile.kept(place.with_suffix(f".{number}")))
        self.requests += found.requests
        self.users += found.users
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

    def tallied(self, plan: ShadowPlan, joints: Sequence[Joint]) -> Tallied:
        """Return everything, the whole and each slice."""
        logs = [
            joint.logs(tally)
            for tally, joint in zip([self.tally, *self.by_slice], joints, strict=True)
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
