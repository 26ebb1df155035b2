"""Logs that grow become looks: each line is read once, over rotations and over restarts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.core.canary import CanaryPlan, Look, State
from evalkit.core.errors import Place, Problem, SpecError, UsageError
from evalkit.core.ports import ReaderPlugin
from evalkit.core.traffic import Logged, Tolerance
from evalkit.files.following import Follower, FreshLine, Mark
from evalkit.files.text import Line, each_file_once
from evalkit.flows.canary.logs import LogForm
from evalkit.flows.canary.looks import CLOCKS_APART, Gathering
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.traffic import logged_lines, open_log


@dataclass(slots=True)
class _Reading:
    """One log that is followed.

    ``again`` is, by file, up to where lines were read before the last start: what of them lies
    before the watermark was counted then. ``waiting`` is the first place, by file and look, of the
    lines whose look nobody has taken yet; ``early`` are requests from a clock ahead of ours.
    """

    follower: Follower
    again: dict[int, int] = field(default_factory=dict)
    waiting: dict[int, dict[int, int]] = field(default_factory=dict)
    early: list[Logged] = field(default_factory=list)


class FollowedSource:
    """Looks at logs that grow; see ``core.canary.LookSource``.

    Where it stopped is kept in the state of the canary, with the looks that were taken: whoever is
    killed goes on there, and reads those lines again whose look was not over.
    """

    def __init__(
        self, paths: Sequence[Path], loaded: LoadedEnvelope, form: LogForm, state: State
    ) -> None:
        assert loaded.canary is not None
        self._form = form
        self._plan = loaded.canary
        self._gathering = Gathering(self._plan, loaded, form.labels)
        self._tolerance = Tolerance(form.skip_malformed)
        self._plugins: dict[Path, ReaderPlugin] = {}
        self._kept = state.bookmark
        kept = state.bookmark or {}
        self._readings = {
            path: _reading(path, kept.get(str(path))) for path in each_file_once(paths)
        }

    @property
    def malformed(self) -> int:
        """How many records were none, since the start."""
        return self._tolerance.count

    def notes(self) -> Iterator[str]:
        """Yield what somebody should know about the last reading."""
        for path, reading in self._readings.items():
            if reading.follower.lost:
                yield (
                    f"{path} was replaced, and what it held is not beside it; what was written to it "
                    "since it was last read is not counted"
                )
            for name in reading.follower.unfinished:
                yield f"{name} cannot be unpacked yet; it is read as soon as it can"
            if not path.exists():
                yield f"{path} is not there; it is read as soon as it is"

    def looks(self, plan: CanaryPlan, state: State, now: float) -> Iterator[Look]:
        """Yield the looks that are over.

        Raises:
            SpecError: too many records are malformed, or a file cannot be read.
            UsageError: no request names an arm, or one has no time.
        """
        self._gathering.pass_over(state.watermark)
        self._kept = None
        for path, reading in self._readings.items():
            self._read(path, reading, state.watermark, now)
        if not self._gathering.known and (self._gathering.strangers or self._gathering.unlabelled):
            labels = ", ".join(sorted(self._form.labels))
            raise UsageError(
                f"expected requests of arms named {labels}, found none; say which is which with "
                "--candidate, --baseline or --map arm=FIELD"
            )
        yield from self._gathering.looks(state.watermark, now)
        del plan

    def bookmark(self, watermark: float | None) -> Mapping[str, object]:
        """Return how far each file was read, and from where what follows the watermark is."""
        if self._kept is not None:
            return self._kept  # nothing was read since: a run that is over is not looked at
        return {
            str(path): _kept(
                reading, -math.inf if watermark is None else watermark / self._plan.look
            )
            for path, reading in self._readings.items()
        }

    # ------------------------------------------------------------ reading

    def _read(self, path: Path, reading: _Reading, watermark: float | None, now: float) -> None:
        early, reading.early = reading.early, []
        for logged in early:
            self._see(reading, logged, now)
        for line in reading.follower.fresh():
            again = line.start < reading.again.get(line.file, 0)
            for found in self._logged(path, line):
                if isinstance(found, Problem):
                    if not again:
                        self._tolerance.see(found)
                    continue
                if found.when is not None:
                    if again and watermark is not None and found.when < watermark:
                        continue  # it was counted before the last start
                    index = math.floor(found.when / self._plan.look)
                    reading.waiting.setdefault(line.file, {}).setdefault(index, line.start)
                self._see(reading, found, now)
        self._tolerance.settle()

    def _see(self, reading: _Reading, logged: Logged, now: float) -> None:
        """Take a request in; one from a clock that is little ahead of ours waits for its time."""
        if logged.when is not None and now < logged.when <= now + CLOCKS_APART:
            reading.early.append(logged)
        else:
            self._gathering.see(logged, now)

    def _logged(self, path: Path, line: FreshLine) -> Iterator[Logged | Problem]:
        if not line.text.strip():
            return
        plugin = self._plugins.get(path)
        if plugin is None:
            plugin = self._plugins[path] = self._plugin(line.path)
        # Lines of a file that is rotated have no number; where it begins is its place.
        yield from logged_lines([Line(0, line.text)], line.path, plugin, self._form.mapped)

    def _plugin(self, path: str) -> ReaderPlugin:
        plugin = open_log(path, reader=self._form.reader, mapped=self._form.mapped).reader
        if not plugin.alone:
            raise UsageError(
                f"{path}: a log of the format {plugin.name} cannot be followed, as its records belong "
                "together; read it without --watch"
            )
        return plugin


# ---------------------------------------------------------------- what is kept


def _kept(reading: _Reading, first: float) -> dict[str, object]:
    """Return the bookmark of one log; looks before the first that is wanted are forgotten."""
    marks = reading.follower.marks
    for number in [number for number in reading.waiting if number not in marks]:
        del reading.waiting[number]
    for number, places in reading.waiting.items():
        reading.waiting[number] = {index: at for index, at in places.items() if index >= first}
    numbers = list(marks)
    return {
        "current": None
        if reading.follower.current is None
        else numbers.index(reading.follower.current),
        "files": [
            {
                "length": mark.length,
                "head": mark.head,
                "read": mark.read,
                "whole": mark.whole,
                "from": min([*reading.waiting.get(number, {}).values(), mark.read]),
            }
            for number, mark in marks.items()
        ],
    }


def _reading(path: Path, kept: object) -> _Reading:
    """Return a log as it was left; from a bookmark that is none, nothing was read of it yet.

    Raises:
        SpecError: the bookmark was changed by hand.
    """
    match kept:
        case None:
            return _Reading(Follower(path))
        case {"current": (int() | None) as current, "files": [*files]}:
            found = [_mark(path, item) for item in files]
            marks = [mark for mark, _ in found]
            again = {number: read for number, (_, read) in enumerate(found)}
            return _Reading(Follower(path, marks, current=current), again)
    raise _changed(path)


def _mark(path: Path, item: object) -> tuple[Mark, int]:
    """Return from where a file is read on, and up to where it had been read."""
    match item:
        case {
            "length": int() as length, "head": str() as head, "read": int() as read,
            "whole": bool() as whole, "from": int() as start,
        }:  # fmt: skip
            return Mark(length, head, start, whole=whole and start == read), read
    raise _changed(path)


def _changed(path: Path) -> SpecError:
    return SpecError.single(
        Place(str(path)), "the state file does not say how far it was read; it was changed by hand"
    )
