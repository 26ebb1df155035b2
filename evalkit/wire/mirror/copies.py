"""Copies go to the candidate out of band: what does not fit is dropped and counted, nobody waits for any."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from time import monotonic

from evalkit.core.mirror import CopiesCounted, CopyLimits, Heard, Outgoing, Routed, Trouble
from evalkit.core.model import Arm
from evalkit.wire.mirror.counters import Counters
from evalkit.wire.mirror.heads import Reply
from evalkit.wire.mirror.hearing import Hearing
from evalkit.wire.mirror.upstream import Asking, Upstreams

_BREATH = 0.002
"""Seconds that a copy waits at least, so that the caller's own answer goes first."""


class Copies:
    """The copies that wait, and those under way."""

    def __init__(
        self, upstreams: Upstreams, limits: CopyLimits, heard: int, *,
        counters: Counters, noted: Callable[[Routed, Arm, Heard], None],
    ) -> None:  # fmt: skip
        self._upstreams = upstreams
        self._limits = limits
        self.heard = heard
        self._counters = counters
        self._noted = noted
        self._waiting: deque[Routed] = deque()
        self._bytes = 0
        self._under_way: set[_Copy] = set()
        self._failed: Counter[Trouble] = Counter()
        self._offered = self._answered = self._dropped = 0
        self._called: asyncio.TimerHandle | None = None
        self._ended = False

    @property
    def busy(self) -> bool:
        """Whether any waits or is under way."""
        return bool(self._waiting or self._under_way)

    def offer(self, routed: Routed) -> None:
        """Take a copy, or drop it where there is no room."""
        assert routed.copy is not None
        self._offered += 1
        size = len(routed.copy.body)
        limits = self._limits
        full = len(self._waiting) >= limits.waiting or self._bytes + size > limits.waiting_bytes
        if full or self._ended:
            self._drop(routed)
            return
        self._bytes += size
        self._waiting.append(routed)
        if self._called is None and len(self._under_way) < limits.at_once:
            self._called = asyncio.get_running_loop().call_later(_BREATH, self._send)

    def counted(self) -> CopiesCounted:
        """Return what became of all that were offered."""
        return CopiesCounted(
            offered=self._offered,
            answered=self._answered,
            dropped=self._dropped,
            failed=dict(self._failed),
            waiting=len(self._waiting),
            under_way=len(self._under_way),
        )

    def watch(self, now: float) -> None:
        """End what has had its time."""
        for copy in [copy for copy in self._under_way if copy.due <= now]:
            copy.give_up(Trouble.TIMEOUT, f"no whole answer within {self._limits.timeout:g} s")

    def end(self) -> None:
        """Drop what waits, and give up what is under way."""
        self._ended = True
        while self._waiting:
            self._drop(self._waiting.popleft())
        self._bytes = 0
        for copy in list(self._under_way):
            copy.give_up(Trouble.CONNECTION, "the mirror ended")

    def settled(self, copy: _Copy, heard: Heard) -> None:
        """Take down what became of a copy, and go on with the next."""
        self._under_way.discard(copy)
        if heard.trouble is None:
            self._answered += 1
            self._counters.took(copy.asked.arm, heard.latency_ms)
        else:
            self._failed[heard.trouble] += 1
        self._noted(copy.routed, copy.asked.arm, heard)
        if self._waiting and self._called is None:
            self._called = asyncio.get_running_loop().call_later(0, self._send)

    def _send(self) -> None:
        """Send one copy; the next one waits for its turn, so that callers come between."""
        self._called = None
        if not self._waiting or len(self._under_way) >= self._limits.at_once:
            return
        routed = self._waiting.popleft()
        assert routed.copy is not None
        self._bytes -= len(routed.copy.body)
        copy = _Copy(self, routed, routed.copy, monotonic() + self._limits.timeout)
        self._under_way.add(copy)
        copy.begin(self._upstreams)
        if self._waiting and len(self._under_way) < self._limits.at_once:
            self._called = asyncio.get_running_loop().call_later(0, self._send)

    def _drop(self, routed: Routed) -> None:
        assert routed.copy is not None
        self._dropped += 1
        self._noted(routed, routed.copy.arm, Heard(None, b"", 0.0, trouble=Trouble.DROPPED))


class _Copy:
    """One copy under way."""

    __slots__ = ("_asking", "_copies", "_hearing", "_over", "asked", "due", "routed")

    def __init__(self, copies: Copies, routed: Routed, asked: Outgoing, due: float) -> None:
        self.routed = routed
        self.asked = asked
        self.due = due
        self._copies = copies
        self._hearing = Hearing(copies.heard, keeps=routed.logged)
        self._asking: Asking | None = None
        self._over = False

    def begin(self, upstreams: Upstreams) -> None:
        """Send it."""
        try:
            self._asking = upstreams.ask(self.asked, self)
        except LookupError as error:
            self.failed(Trouble.CONNECTION, str(error))

    def sent(self) -> None:
        """Begin to measure."""
        self._hearing.begin()

    def interim(self, reply: Reply) -> None:
        """Nobody waits for it."""

    def heard(self, reply: Reply | None, data: bytes, *, ended: bool) -> None:
        """Keep what came."""
        self._hearing.hear(reply.head if reply else None, data)
        if ended:
            self._settle(None, "")
        elif self._hearing.cut:
            self.give_up(Trouble.TOO_LONG, f"more than {self._copies.heard:,} bytes")

    def failed(self, trouble: Trouble, message: str) -> None:
        """Take down why there is no answer."""
        self._settle(trouble, message)

    def give_up(self, trouble: Trouble, message: str) -> None:
        """Hear no more of it."""
        if self._asking is not None:
            self._asking.leave()
        self._settle(trouble, message)

    def _settle(self, trouble: Trouble | None, message: str) -> None:
        if not self._over:
            self._over = True
            self._copies.settled(self, self._hearing.heard(trouble, message))
