"""A canary is looked at: its looks are read, a decision is made, and what is known is kept on disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from evalkit.core.canary import (
    Bookmarked,
    CanaryPlan,
    Decision,
    LookSource,
    Reason,
    ReasonCode,
    State,
)
from evalkit.core.errors import MeasurementError, Place, SpecError, UsageError
from evalkit.core.model import Json
from evalkit.files.json_text import JsonTextError, document_text, parse_json
from evalkit.files.locking import only_writer, sync_folder
from evalkit.files.text import whole_text
from evalkit.files.writing import LineLog, cut_to_whole_lines, write_whole
from evalkit.spec.canary_state import WAY_OUT, state_of
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.canary import advanced, begun
from evalkit.stages.canary.remember import journal_record, state_record
from evalkit.stages.canary.users import unpacked


def plan_of(loaded: LoadedEnvelope) -> CanaryPlan:
    """Return the canary of an envelope.

    Raises:
        UsageError: it has none.
    """
    if loaded.canary is None:
        raise UsageError(
            f"{loaded.path}: expected how the candidate is rolled out, found no canary:; add a line such as "
            "canary: {stages: [1%, 5%, 20%]}"
        )
    return loaded.canary


def journal_path(path: Path) -> Path:
    """Return where the decisions of a state file are written down, a line each."""
    return path.with_name(f"{path.name}.journal.jsonl")


class OpenCanary:
    """A canary whose state file is ours for now."""

    def __init__(self, path: Path, plan: CanaryPlan, state: State) -> None:
        self.path = path
        self.plan = plan
        self.state = state

    def look(self, source: LookSource, now: float) -> Decision:
        """Take in the looks that have ended, decide, keep it, and return the newest decision.

        The state is on disk before the journal has the decision, and that before anybody is told:
        whoever dies in between finds the line missing, and writes it.
        """
        before = self.state
        try:
            after = advanced(self.plan, before, source.looks(self.plan, before, now), now)
        except MeasurementError as error:
            # Nothing was taken in: the same looks are asked for again the next time.
            trouble = Reason(ReasonCode.UNREAD, str(error))
            after = advanced(self.plan, before, (), now, troubles=[trouble])
        else:
            if isinstance(source, Bookmarked):
                after = replace(after, bookmark=source.bookmark(after.watermark))
        assert after.decision is not None
        if after != before:
            self._keep(after)
        return after.decision

    def _keep(self, state: State) -> None:
        write_whole(self.path, document_text(state_record(self.plan, state)))
        sync_folder(self.path.parent)
        self.state = state
        self.settle_journal()

    def settle_journal(self) -> None:
        """Write down the newest decision, unless the journal has it."""
        decision, journal = self.state.decision, journal_path(self.path)
        cut_to_whole_lines(journal)
        if decision is not None and last_number(journal) < decision.number:
            with LineLog(journal) as log:
                log.append(journal_record(decision))


@contextmanager
def opened_canary(path: Path, plan: CanaryPlan, *, run: str | None = None) -> Iterator[OpenCanary]:
    """Hold the state file of a canary, and go on where it stands.

    Args:
        path: the state file; where it is not there, the canary begins.
        plan: what is watched.
        run: the name of the run; another one than the file's begins anew, behind what was seen.

    Raises:
        UsageError: another process holds the file, or it was begun with another plan.
        SpecError: the file is no state.
    """
    if not path.parent.is_dir():
        raise UsageError(
            f"{path}: expected a folder to keep the state in, found none; make it first"
        )
    with only_writer(path):
        canary = OpenCanary(path, plan, _state(path, plan, run))
        canary.settle_journal()
        yield canary


def read_state(path: Path) -> State:
    """Return the state that a file holds.

    Raises:
        SpecError: there is no such file, or it is no state.
    """
    state = state_of(whole_text(path), str(path))
    try:
        unpacked(state.users)
    except ValueError as error:
        text = f"not written by this version of evalkit: {error}{WAY_OUT}"
        raise SpecError.single(Place(str(path)), text, where="memory.users") from None
    return state


def last_decision(path: Path, plan: CanaryPlan) -> Decision:
    """Return the newest decision of a state file, without looking at anything.

    Raises:
        UsageError: there is none yet, or it is one of another plan.
        SpecError: the file is no state.
    """
    state = read_state(path)
    _check_plan(path, plan, state)
    if state.decision is None:
        raise UsageError(f"{path}: nothing was decided yet; name logs of both arms")
    return state.decision


def last_number(journal: Path) -> int:
    """Return the number of the newest decision in a journal; 0 where there is none.

    Raises:
        SpecError: its last line is no decision.
    """
    *_, last = [""] if not journal.is_file() else ["", *journal.read_text("utf-8").splitlines()]
    if not last:
        return 0
    try:
        found: Json = parse_json(last)
    except JsonTextError:
        found = None
    number = found.get("number") if isinstance(found, dict) else None
    if isinstance(number, int) and not isinstance(number, bool):
        return number
    raise SpecError.single(Place(str(journal)), "its last line is no decision; move the file away")


def _state(path: Path, plan: CanaryPlan, run: str | None) -> State:
    if not path.exists():
        return begun(plan, run or plan.run)
    state = read_state(path)
    if run is not None and run != state.run:
        return begun(plan, run, number=state.number, watermark=state.watermark)
    _check_plan(path, plan, state)
    return state


def _check_plan(path: Path, plan: CanaryPlan, state: State) -> None:
    if state.digest != plan.digest:
        raise UsageError(
            f"{path}: run {state.run!r} was begun with other stages, bounds or another candidate; "
            "evidence about those says nothing about these: begin another run with --run NAME"
        )
