"""Flagger asks before it gives the candidate more traffic; each step is granted once, when it is due.

Flagger says neither which step it is about to take nor whether the answer reached it. So the
steps that were granted are counted on disk, before the answer is given: a step too few holds the
rollout, a step too many would promote what nobody has looked at.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from evalkit.core.canary import CanaryPlan, ReasonCode, State
from evalkit.core.canary_wording import share_text
from evalkit.core.errors import Place, SpecError
from evalkit.core.watching import Gate, gate_of
from evalkit.files.json_text import JsonTextError, document_text, parse_json
from evalkit.files.text import whole_text
from evalkit.files.writing import write_whole


@dataclass(frozen=True, slots=True)
class Granted:
    """How many steps of a run were granted, to which revision, and when the last one was."""

    run: str = ""
    revision: str | None = None
    steps: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Ruling:
    """An answer: yes or no, and why."""

    why: str
    yes: bool = False


class Grants:
    """The steps granted to Flagger, in a file beside the state; safe to be asked from any thread."""

    def __init__(self, state: Path) -> None:
        self._path = state.with_name(f"{state.name}.granted.json")
        self._lock = threading.Lock()
        self._granted = self._read()

    def step(self, plan: CanaryPlan, state: State, *, revision: str | None, now: float) -> Ruling:
        """Return whether the candidate may have the next share of the traffic.

        Args:
            plan: the stages.
            state: of the canary.
            revision: what Flagger calls the revision that it rolls out.
            now: seconds since 1970.
        """
        with self._lock:
            granted = self._of(state, revision)
            if granted is None:
                return Ruling(f"run {state.run} is of another revision; begin another run")
            refused = _refused(plan, state, granted)
            if refused is not None:
                return Ruling(refused)
            if granted.steps == state.stage:
                self._keep(replace(granted, steps=granted.steps + 1, at=now))
                return Ruling(f"on to {share_text(plan.stages[granted.steps].share)}", yes=True)
            if _never_taken(plan, state, granted):
                self._keep(replace(granted, at=now))
                return Ruling(
                    "granted before, and the traffic shows that it was not taken", yes=True
                )
            return Ruling(_holding(state))

    def rolled_back(self, state: State, revision: str | None) -> Ruling:
        """Return whether a revision is to be taken back; one that nobody has spoken of may be it."""
        with self._lock:
            if self._of(state, revision) is None:
                return Ruling(f"run {state.run} is of another revision")
        if gate_of(state, state.stage) is Gate.ROLLBACK:
            return Ruling(f"run {state.run} was rolled back", yes=True)
        return Ruling(f"run {state.run} was not rolled back")

    def promoted(self, state: State, revision: str | None) -> Ruling:
        """Return whether a revision may have all of the traffic, which it had steps of before."""
        with self._lock:
            granted = self._of(state, revision)
        if granted is None or not granted.steps:
            return Ruling(f"run {state.run} is of another revision, or was never given traffic")
        decision = state.decision
        if decision is not None and decision.final and gate_of(state, state.stage) is Gate.PROMOTE:
            return Ruling(f"run {state.run} passed every stage", yes=True)
        return Ruling(_holding(state))

    def _of(self, state: State, revision: str | None) -> Granted | None:
        """Return what was granted to a run; nothing where it is a run of another revision."""
        granted = self._granted
        if granted.run != state.run:
            return Granted(state.run, revision)
        return granted if granted.revision == revision else None

    def _keep(self, granted: Granted) -> None:
        write_whole(self._path, document_text(asdict(granted)))
        self._granted = granted

    def _read(self) -> Granted:
        if not self._path.exists():
            return Granted()
        try:
            found = parse_json(whole_text(self._path))
        except JsonTextError:
            found = None
        match found:
            case {
                "run": str() as run, "revision": (str() | None) as revision,
                "steps": int() as steps, "at": (int() | float()) as at,
            }:  # fmt: skip
                return Granted(run, revision, steps, at)
        raise SpecError.single(
            Place(str(self._path)), "does not say what was granted; it was changed by hand"
        )


def _refused(plan: CanaryPlan, state: State, granted: Granted) -> str | None:
    """Return why there is no step to grant, whatever the traffic shows; nothing where there is one."""
    if gate_of(state, state.stage) is not Gate.HOLD:
        return f"run {state.run} is over"
    if granted.steps == len(plan.stages):
        return "the last stage is the last step; what is left is to promote"
    if granted.steps < state.stage:
        return f"run {state.run} passed stages of which no step was granted here"
    return None


def _never_taken(plan: CanaryPlan, state: State, granted: Granted) -> bool:
    """Return whether a whole look after the last grant still shows less traffic than was granted."""
    decision = state.decision
    if decision is None or decision.look is None or decision.realised is None:
        return False
    if decision.look - plan.look < granted.at:
        return False
    codes = {reason.code for reason in decision.reasons}
    return (
        ReasonCode.SHARE_OFF in codes and decision.realised < plan.stages[granted.steps - 1].share
    )


def _holding(state: State) -> str:
    reasons = () if state.decision is None else state.decision.reasons
    return "hold: " + "; ".join(reason.text for reason in reasons) if reasons else "hold"
