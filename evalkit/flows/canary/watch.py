"""A canary is looked at again and again, and what is decided is told to whoever wants to know."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evalkit.core.canary import CanaryPlan, Decision, LookSource
from evalkit.core.canary_wording import share_text
from evalkit.core.errors import UsageError
from evalkit.core.watching import Delivery, Gate, Watching, gate_of
from evalkit.flows.canary.following import FollowedSource
from evalkit.flows.canary.opened import OpenCanary
from evalkit.flows.canary.outbox import Outbox
from evalkit.wire.clock import Clock

LAST_ATTEMPTS = 5
"""So often the last decisions are announced before a watcher ends that has nothing more to do."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What a watcher works with.

    ``waited`` waits some seconds, and returns whether somebody asked it to end meanwhile. ``until``
    is the stage, from 0, that it ends with once that is decided.
    """

    canary: OpenCanary
    source: LookSource
    every: float
    clock: Clock
    waited: Callable[[float], bool]
    outbox: Outbox | None = None
    until: int | None = None

    def ticks(self) -> Iterator[Watching]:
        """Yield what is known after each look, until somebody ends it or the stage is decided.

        A look that takes longer than the time between two is followed by the next one that is due:
        those it ran into are not made up for, as every look takes in all there is.
        """
        begun, count = self.clock.monotonic(), 0
        while True:
            now, count = self.clock.wall(), count + 1
            decision = self.canary.look(self.source, now)
            yield self._seen(decision, now, count, None)
            delivery = self.outbox.deliver() if self.outbox is not None else None
            yield self._seen(decision, now, count, delivery)
            over = self.until is not None and self.gate is not Gate.HOLD
            if over or self._waited(begun):
                self._told_at_last(LAST_ATTEMPTS if over else 1)
                return

    @property
    def gate(self) -> Gate:
        """Whether the stage is decided that the watcher is to end with."""
        assert self.until is not None
        return gate_of(self.canary.state, self.until)

    def _seen(
        self, decision: Decision, now: float, count: int, delivery: Delivery | None
    ) -> Watching:
        notes = tuple(self.source.notes()) if isinstance(self.source, FollowedSource) else ()
        return Watching(
            self.canary.plan, self.canary.state, decision, now, count, self.every, delivery, notes
        )

    def _waited(self, begun: float) -> bool:
        """Wait until the next look, announcing meanwhile what was not taken; return whether to end."""
        passed = self.clock.monotonic() - begun
        due = begun + (math.floor(passed / self.every) + 1) * self.every
        while (left := due - self.clock.monotonic()) > 0:
            again = None if self.outbox is None else self.outbox.due_in
            if self.waited(left if again is None else min(left, max(again, 0.0))):
                return True
            if again is not None and again <= left and self.outbox is not None:
                self.outbox.deliver()
        return self.waited(0.0)

    def _told_at_last(self, attempts: int) -> None:
        """Announce what is left; what is still not taken is announced by the next watcher."""
        if self.outbox is None:
            return
        for attempt in range(attempts):
            if not self.outbox.deliver(now=True).waiting:
                return
            if attempt + 1 < attempts and self.waited(2.0**attempt):
                return


def stage_of(plan: CanaryPlan, share: float) -> int:
    """Return the stage, from 0, in which the candidate has a share of the traffic.

    Raises:
        UsageError: there is none.
    """
    for index, stage in enumerate(plan.stages):
        if math.isclose(stage.share, share, rel_tol=1e-9):
            return index
    known = ", ".join(share_text(stage.share) for stage in plan.stages)
    raise UsageError(f"expected the share of a stage ({known}), found {share_text(share)}")
