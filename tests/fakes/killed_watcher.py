"""A watcher that is killed again and again, each time at another call into the operating system.

Run as a script with a JSON file of settings. The modules are loaded once; every life is a fork of
that, in which the watcher's own code runs with a clock that is always one look behind the last one it
took: whoever is killed finds the same time again. After so many calls as a life is given, the process
kills itself with SIGKILL, before or behind the call. The last life ends by itself.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from evalkit.flows.canary.following import FollowedSource
from evalkit.flows.canary.logs import LogForm
from evalkit.flows.canary.opened import OpenCanary, opened_canary, plan_of
from evalkit.flows.canary.outbox import Outbox
from evalkit.flows.canary.prometheus import prometheus_source
from evalkit.flows.canary.watch import Watch
from evalkit.spec.envelope import LoadedEnvelope, load_envelope
from evalkit.wire.clock import Clock
from evalkit.wire.transports import open_transport
from evalkit.wire.webhook import Webhook
from tests.canaries import BEGIN, LOOK, Traffic

CALLS = {
    "write",
    "fsync",
    "replace",
    "open",
    "truncate",
    "unlink",
    "send",
    "close",
    "flush",
    "connect",
    "flock",
}
"""What is counted: between two of these nothing happens that anybody else could see."""
ROTATED_EVERY = 4
"""Looks after which the log is renamed and begun anew."""


class Killer:
    """Kills its process at the call of a number; counts only where it is asked to."""

    def __init__(self, number: int | None, *, behind: bool) -> None:
        self.calls = 0
        self._number = number
        self._event = "c_return" if behind else "c_call"

    def __call__(self, frame: FrameType, event: str, called: Any) -> None:
        """See one event."""
        del frame
        if event != self._event or called.__name__ not in CALLS:
            return
        if isinstance(getattr(called, "__self__", None), (str, bytes)):
            return
        self.calls += 1
        if self.calls == self._number:
            os.kill(os.getpid(), signal.SIGKILL)


class World:
    """The log as it is at a moment: it grows, and is rotated, with the clock that is asked."""

    def __init__(self, log: Path, traffic: Traffic) -> None:
        self._log = log
        self._traffic = traffic

    def at(self, now: float) -> None:
        """Let it be as late as that; whoever was killed meanwhile finds it as it was."""
        begin, part = BEGIN, 0
        while begin < now:
            end = begin + ROTATED_EVERY * LOOK
            aside = self._log.with_name(f"{self._log.name}.{part:03d}")
            if not aside.exists():
                self._grown(begin, min(end, now))
                if now >= end:
                    self._log.rename(aside)
            begin, part = end, part + 1

    def _grown(self, begin: float, end: float) -> None:
        text = "".join(self._traffic.lines(begin, end)).encode()
        there = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as stream:
            stream.write(text[there:])


def life(settings: Mapping[str, Any], loaded: LoadedEnvelope, killer: Killer) -> int:
    """Watch until the last decision is made and announced; returns how many calls that took."""
    path = Path(settings["state"])
    world = (
        World(Path(settings["log"]), Traffic(**settings["traffic"])) if "log" in settings else None
    )
    sys.setprofile(killer)
    with opened_canary(path, plan_of(loaded)) as canary:
        clock = _clock(canary, world, killer, settings["ahead"])
        source = (
            FollowedSource([Path(settings["log"])], loaded, LogForm(), canary.state)
            if world
            else prometheus_source(loaded, {}, clock)
        )
        webhook = Webhook(settings["webhook"], os.environ).checked()
        outbox = Outbox(path, plan_of(loaded), webhook, clock)
        watch = Watch(canary, source, 1.0, clock, lambda _: False, outbox)
        for watching in watch.ticks():
            delivery = watching.delivery
            if watching.decision.final and delivery is not None and not delivery.waiting:
                break
    sys.setprofile(None)
    return killer.calls


def _clock(canary: OpenCanary, world: World | None, killer: Killer, ahead: float) -> Clock:
    """Return a clock that is always a look, and a little, behind the newest one that was taken."""

    def wall() -> float:
        now = (canary.state.watermark or BEGIN) + LOOK + ahead
        if world is not None:
            sys.setprofile(None)  # the writer of the log is somebody else
            world.at(now)
            sys.setprofile(killer)
        return now

    ticks = iter(range(10**9))
    return Clock(monotonic=lambda: 400.0 * next(ticks), wall=wall)


def main() -> None:
    """Live and be killed as the settings say, and print how the lives ended."""
    settings = json.loads(Path(sys.argv[1]).read_text())
    loaded = load_envelope(Path(settings["envelope"]))
    open_transport({})
    chance = random.Random(settings["seed"])
    ends = []
    for number in [
        chance.randint(1, settings["longest_life"]) for _ in range(settings["lives"])
    ] + [None]:
        child = os.fork()
        if child == 0:
            code = 70
            try:
                life(settings, loaded, Killer(number, behind=chance.random() < 0.5))
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        chance.random()
        ends.append(os.waitstatus_to_exitcode(status))
        if ends[-1] != -signal.SIGKILL:
            break
    sys.stdout.write(json.dumps(ends) + "\n")


if __name__ == "__main__":
    main()
