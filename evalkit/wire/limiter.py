"""How fast one endpoint is asked: as fast as it says, and where it says nothing, as it bears."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.wire.clock import SYSTEM_CLOCK, Clock
from evalkit.wire.headers import LONGEST_WAIT, REQUESTS, Allowance

BURST = 3
"""So many lost connections without an answer between them are no accident: it is too much."""
MEMORY = 50
"""The mean number of tokens of a request is that of about so many of the last answers."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one attempt tells about how fast to go on.

    ``succeeded`` is an answer; ``overloaded`` a 429, 503 or 529; ``lost`` an attempt whose
    connection failed; ``wait`` the seconds the endpoint asks to wait; ``allowances`` what its
    headers say is left, by kind; ``tokens`` what the request took.
    """

    succeeded: bool = False
    overloaded: bool = False
    lost: bool = False
    wait: float | None = None
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    tokens: int | None = None


class Limiter:
    """The gate before every attempt at one model of one endpoint.

    ``enter`` waits until an attempt may go out and returns its ticket, ``leave`` takes the ticket
    back with what the attempt told. Three things hold attempts up: a moment before which nothing
    goes out, an allowance that what is under way uses up, and a window on how many are under way,
    which halves when the endpoint is overloaded and grows by one with each window of successes.
    """

    def __init__(self, concurrency: int, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._most = max(concurrency, 1)
        self._window = self._most
        self._successes = 0
        self._lost = 0
        self._under_way = 0
        self._tickets = 0
        self._last_before_halving = 0
        self._not_before = float("-inf")
        self._left: Mapping[str, int] = {}
        self._tokens: float | None = None
        self._turnstile = asyncio.Lock()
        self._room = asyncio.Event()

    @property
    def window(self) -> int:
        """How many may be under way at a time."""
        return self._window

    @property
    def hold(self) -> float:
        """The seconds before which nothing goes out."""
        return max(self._not_before - self._clock.monotonic(), 0.0)

    async def enter(self) -> int:
        """Wait until an attempt may go out; whoever came first goes first."""
        if self._turnstile.locked() or self.hold or not self._has_room():
            async with self._turnstile:
                # Only the first in the queue looks at the clock and at what is under way.
                while (hold := self.hold) or not self._has_room():
                    if hold:
                        await self._clock.sleep(hold)
                    else:
                        self._room.clear()
                        await self._room.wait()
                return self._ticket()
        return self._ticket()

    def leave(self, ticket: int, told: Told) -> None:
        """Take the ticket of an attempt back, whatever became of it."""
        self._under_way -= 1
        if told.wait is not None:
            self._hold_for(told.wait)
        if told.tokens is not None:
            self._note_tokens(told.tokens)
        explained = self._note_allowances(told.allowances)
        self._note_outcome(ticket, told, explained=explained)
        self._room.set()

    def give_back(self) -> None:
        """Take back a ticket whose attempt was called off and tells nothing."""
        self._under_way -= 1
        self._room.set()

    # ------------------------------------------------------------ the gate

    def _ticket(self) -> int:
        self._under_way += 1
        self._tickets += 1
        return self._tickets

    def _has_room(self) -> bool:
        if self._under_way >= self._window:
            return False
        if not self._under_way:
            return True  # what is left is then told anew, or the hold stands
        for kind, left in self._left.items():
            need = 1.0 if kind == REQUESTS else self._tokens or 0.0
            if (self._under_way + 1) * need > left:
                return False
        return True

    # ------------------------------------------------------------ what attempts tell

    def _hold_for(self, seconds: float) -> None:
        until = self._clock.monotonic() + min(seconds, LONGEST_WAIT)
        self._not_before = max(self._not_before, until)

    def _note_tokens(self, tokens: int) -> None:
        mean = self._tokens
        self._tokens = float(tokens) if mean is None else mean + (tokens - mean) / MEMORY

    def _note_allowances(self, allowances: Mapping[str, Allowance]) -> bool:
        """Note what is left, hold until the reset where the next request does not fit in.

        Returns whether it does not fit in, and so explains a refusal.
        """
        if not allowances:
            # What came back without a word was counted by the endpoint all the same.
            if REQUESTS in self._left:
                self._left = {**self._left, REQUESTS: max(self._left[REQUESTS] - 1, 0)}
            return False
        self._left = {kind: allowance.remaining for kind, allowance in allowances.items()}
        explained = False
        for kind, allowance in allowances.items():
            need = 1.0 if kind == REQUESTS else max(self._tokens or 1.0, 1.0)
            if allowance.remaining < need and allowance.resets_in is not None:
                self._hold_for(allowance.resets_in)
                explained = True
        return explained

    def _note_outcome(self, ticket: int, told: Told, *, explained: bool) -> None:
        self._lost = self._lost + 1 if told.lost else 0
        if (told.overloaded and not explained) or self._lost >= BURST:
            self._halve(ticket)
        elif told.succeeded and ticket > self._last_before_halving:
            self._successes += 1
            if self._successes >= self._window and self._window < self._most:
                self._window += 1
                self._successes = 0

    def _halve(self, ticket: int) -> None:
        """Halve the window, unless the attempt went out before it was halved last."""
        if ticket > self._last_before_halving:
            self._window = max(self._window // 2, 1)
            self._last_before_halving = self._tickets
            self._successes = self._lost = 0
