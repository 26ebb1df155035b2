"""One request from its arrival to its end: asked upstream, passed on as it comes, copied, noted."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.core.mirror import Head, Heard, Limits, Refused, Routed, Traffic, Trouble
from evalkit.core.model import Arm
from evalkit.wire.mirror.caller import Caller
from evalkit.wire.mirror.copies import Copies
from evalkit.wire.mirror.counters import Counters
from evalkit.wire.mirror.events import Events
from evalkit.wire.mirror.heads import Reply
from evalkit.wire.mirror.hearing import Hearing
from evalkit.wire.mirror.upstream import Asking, Upstreams

_BROKEN = "the upstream did not answer: {}"
_UNSEEN = Refused(500, "mirror_failed", "the answer could not be looked at")
_STATUS = {Trouble.TIMEOUT: 504}


@dataclass(frozen=True, slots=True)
class Work:
    """What all exchanges share."""

    traffic: Traffic
    upstreams: Upstreams
    copies: Copies
    counters: Counters
    limits: Limits
    events: Events

    def noted(self, routed: Routed, arm: Arm, heard: Heard) -> None:
        """Hand on what an arm answered; whatever comes of it, callers are served."""
        try:
            self.traffic.noted(routed, arm, heard)
        except Exception as error:  # noqa: BLE001 - nothing above may stop the traffic
            self.fault("noted", error)

    def fault(self, where: str, error: Exception) -> None:
        """Take down that something above went wrong."""
        self.events.say("fault", where=where, error=f"{type(error).__name__}: {error}")


class Exchange:
    """A caller's request, and what its arm answers."""

    __slots__ = ("_arm", "_asking", "_caller", "_hearing", "_held", "_held_size", "_over", "_reply",
                 "_routed", "_work")  # fmt: skip

    def __init__(self, work: Work, caller: Caller, routed: Routed) -> None:
        self._work = work
        self._caller = caller
        self._routed = routed
        self._arm = routed.answers.arm
        self._hearing = Hearing(work.limits.heard, keeps=routed.logged)
        self._asking: Asking | None = None
        self._reply: Reply | None = None
        self._held: list[bytes] | None = None
        self._held_size = 0
        self._over = False

    def begin(self) -> None:
        """Ask the arm that answers."""
        self._asking = self._work.upstreams.ask(self._routed.answers, self)

    # ------------------------------------------------------------ what the caller says

    def leave(self) -> None:
        """Stop asking: the caller is gone."""
        if self._over:
            return
        if self._asking is not None:
            self._asking.leave()
        self._end(Trouble.CALLER_LEFT, "the caller left")

    def pause(self) -> None:
        """Hear no more for now."""
        if self._asking is not None:
            self._asking.pause()

    def resume(self) -> None:
        """Hear more."""
        if self._asking is not None:
            self._asking.resume()

    # ------------------------------------------------------------ what the upstream says

    def sent(self) -> None:
        """Copy the request, now that the caller's own is on its way."""
        self._hearing.begin()
        if self._routed.copy is not None:
            self._work.copies.offer(self._routed)

    def interim(self, reply: Reply) -> None:
        """Pass it on."""
        self._caller.interim(reply)

    def heard(self, reply: Reply | None, data: bytes, *, ended: bool) -> None:
        """Pass on what came."""
        if self._over:
            return
        self._hearing.hear(reply.head if reply else None, data)
        self._work.counters.bytes_out += len(data)
        if reply is not None:
            self._reply = reply
            if self._is_held(reply.head):
                self._held = []
        if self._held is not None:
            self._hold(data, ended=ended)
            return
        self._over = ended
        if reply is None:
            self._caller.more(data, ended=ended)
        else:
            self._start(reply, data, ended=ended)
        if ended:
            self._end(None, "")  # the caller has it by now

    def failed(self, trouble: Trouble, message: str) -> None:
        """Say so in the mirror's own name, or cut off what has begun."""
        if self._over:
            return
        begun = self._reply is not None and self._held is None
        self._end(trouble, message)
        self._work.events.say(
            "upstream_failed",
            arm=str(self._arm), trouble=str(trouble), message=message, id=self._routed.incoming.id,
        )  # fmt: skip
        if begun:
            self._caller.cut()
            return
        code = f"upstream_{trouble}"
        refused = Refused(_STATUS.get(trouble, 502), code, _BROKEN.format(message))
        self._caller.refuse(refused, closes=False)

    # ------------------------------------------------------------ inside

    def _start(self, reply: Reply, data: bytes, *, ended: bool) -> None:
        head = self._headed(reply.head)
        try:
            self._caller.start(head, reply, data, ended=ended)
        except ValueError as error:  # what stands above put something into it that cannot be sent
            self._work.fault("headed", error)
            self._caller.start(reply.head, reply, data, ended=ended)

    def _headed(self, head: Head) -> Head:
        try:
            return self._work.traffic.headed(self._routed, head)
        except Exception as error:  # noqa: BLE001 - the caller gets what the upstream said
            self._work.fault("headed", error)
            return head

    def _is_held(self, head: Head) -> bool:
        if self._routed.incoming.method == "HEAD" or head.status in {204, 304}:
            return False
        try:
            return self._work.traffic.held(self._routed, head)
        except Exception as error:  # noqa: BLE001
            self._work.fault("held", error)
            return False

    def _hold(self, data: bytes, *, ended: bool) -> None:
        """Keep an answer until it is whole, or too long to be kept."""
        assert self._held is not None
        assert self._reply is not None
        self._held.append(data)
        self._held_size += len(data)
        if self._held_size > self._work.limits.heard:
            self._outgrow(self._reply, b"".join(self._held), ended=ended)
        elif ended:
            self._finish(b"".join(self._held))

    def _outgrow(self, reply: Reply, data: bytes, *, ended: bool) -> None:
        """Let an answer pass that is too long to be held, or keep it back."""
        self._held = None
        refused = self._outgrown(reply.head)
        self._over = ended or refused is not None
        if refused is None:
            self._start(reply, data, ended=ended)
            if ended:
                self._end(None, "")
            return
        if self._asking is not None:
            self._asking.leave()
        self._end(Trouble.TOO_LONG, refused.message)
        self._caller.refuse(refused, closes=False)

    def _outgrown(self, head: Head) -> Refused | None:
        try:
            return self._work.traffic.outgrown(self._routed, head)
        except Exception as error:  # noqa: BLE001 - as when it cannot be looked at in the end
            self._work.fault("outgrown", error)
            return _UNSEEN

    def _finish(self, body: bytes) -> None:
        """Hand on an answer that was held, as it comes from above."""
        assert self._reply is not None
        reply = self._reply
        self._end(None, "")
        try:
            finished = self._work.traffic.finished(self._routed, reply.head, body)
        except Exception as error:  # noqa: BLE001
            self._work.fault("finished", error)
            finished = _UNSEEN
        if isinstance(finished, Refused):
            self._caller.refuse(finished, closes=False)
            return
        head, body = finished
        others = tuple(item for item in head.headers if item[0] != "content-length")
        head = Head(head.status, (*others, ("content-length", str(len(body)))))
        self._caller.start(
            head, Reply(reply.head, reply.reason, reply.spelled, len(body)), body, ended=True
        )

    def _end(self, trouble: Trouble | None, message: str) -> None:
        """Count and note it, once."""
        self._over = True
        heard = self._hearing.heard(trouble, message)
        counters = self._work.counters
        if trouble is None:
            assert heard.head is not None
            counters.answer(self._arm, heard.head.status)
            counters.took(self._arm, heard.latency_ms)
        else:
            counters.troubled[self._arm, trouble] += 1
        self._work.noted(self._routed, self._arm, heard)
