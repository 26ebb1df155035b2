"""The whole chain as processes: mirror in shadow, judged; mirror in canary, promoted or taken back; and killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.mirrors import BASELINE, CANDIDATE, PATIENCE, Callers, World, position, until, world
from tests.worlds import evalkit

STAGES = (0.01, 0.05, 0.2)
NOTICED = 1.0
"""Seconds within which a mirror follows its canary."""
MANY_KILLS = int(os.environ.get("EVALKIT_MIRROR_KILLS", "6"))
"""How many processes are killed; more of them outside CI."""
VICTIMS = ("mirror", "canary", CANDIDATE, BASELINE)


@dataclass
class Shares:
    """The shares that a canary gave, and when each was first and last seen to be so."""

    world: World
    seen: list[tuple[float, float, float]] = field(default_factory=list)

    def look(self) -> float:
        """Read the state once, and return the share."""
        before, share, after = time.monotonic(), self.world.share, time.monotonic()
        if self.seen and self.seen[-1][2] == share:
            self.seen[-1] = (self.seen[-1][0], after, share)
        else:
            # It may have been so ever since the state was last read.
            self.seen.append((self.seen[-1][1] if self.seen else before, after, share))
        return share

    def between(self, begin: float, end: float) -> list[float]:
        """Return the shares that a mirror may have gone by from one moment to another.

        The last one that was seen is that of a decision that is final.
        """
        late = begin - NOTICED
        *before, (since, _, last) = self.seen
        found = [share for since, until, share in before if since <= end and until >= late]
        return [*found, last] if since <= end else found

    def judge(self, callers: Callers) -> None:
        """Hold every answer against the shares of its time: nobody else has the candidate."""
        run = str(self.world.state["run"])
        for answered in callers.answered:
            if not answered.arm:
                continue  # an upstream that was dead; the mirror said so itself
            stands = position(run, answered.user)
            shares = self.between(answered.sent, answered.came)
            assert shares, "no share was ever seen at that time"
            if answered.arm == CANDIDATE:
                assert stands < max(shares), answered
            else:
                assert stands >= min(shares), answered


def asked(callers: Callers, enough: Callable[[], bool]) -> None:
    """Let callers ask until it is enough."""
    asyncio.run(callers.ask(enough))


def so_many(callers: Callers, more: int) -> Callable[[], bool]:
    """Return whether so many more were answered."""
    wanted = len(callers.answered) + more
    return lambda: len(callers.answered) >= wanted


def shadowed(there: World) -> None:
    """Mirror some traffic, and have it judged."""
    there.configured(canary=False)
    there.mirror.start()
    callers = Callers(there.port)
    asked(callers, so_many(callers, 500))
    assert {answered.arm for answered in callers.answered} == {BASELINE}
    assert callers.unanswered == 0
    assert there.mirror.end() == 0, there.mirror.said
    records = there.log()
    assert len({record["id"] for record in records}) == len(callers.answered)
    assert len(records) == 2 * len(callers.answered), "each arm's answer is there, also of the last"
    judged = evalkit(
        "shadow",
        "traffic.jsonl",
        "envelope.yaml",
        "--json",
        "--drift",
        "off",
        "-j",
        "1",
        folder=there.folder,
    )
    assert judged.code == 0, judged.out + judged.err
    assert judged.json["traffic"]["joined"] == "paired"
    (there.folder / "traffic.jsonl").rename(there.folder / "shadow.jsonl")


def rolling_out(there: World) -> tuple[Callers, Shares]:
    """Begin a rollout, and return callers who ask and the shares that are seen."""
    there.configured(canary=True)
    (there.folder / "traffic.jsonl").touch()
    there.canary.start()
    until(lambda: there.share > 0)
    there.mirror.start()
    return Callers(there.port, seed=1), Shares(there)


def moved(there: World) -> list[float]:
    """Return the shares that decisions brought, in order."""
    lines = (there.folder / "canary.json.journal.jsonl").read_text().splitlines()
    decisions = [json.loads(line) for line in lines]
    return [found["share"] for found in decisions if found["action"] != "hold"]


def taken_back(there: World, callers: Callers, shares: Shares) -> None:
    """Expect a rollback, and that nobody who asks a second later has the candidate."""
    asked(callers, lambda: shares.look() == 0.0)
    until(lambda: there.state.get("decision") == "rollback")
    since = shares.seen[-1][1]
    asked(callers, lambda: time.monotonic() > since + NOTICED)
    late = len(callers.answered)
    asked(callers, so_many(callers, 500))
    assert {answered.arm for answered in callers.answered[late:]} == {BASELINE}
    assert there.state["final"] is True


def test_from_a_shadow_over_three_stages_to_a_regression_that_is_taken_back(tmp_path: Path) -> None:
    with world(tmp_path, "1%, 5%, {share: 20%, min_duration: 10m}") as there:
        shadowed(there)
        callers, shares = rolling_out(there)
        asked(callers, lambda: shares.look() == STAGES[-1])
        there.fails(CANDIDATE, 0.9)
        taken_back(there, callers, shares)
        shares.judge(callers)
        assert moved(there) == [*STAGES[1:], 0.0]
        assert callers.unanswered == 0
        assert there.canary.end() == 0
        assert there.mirror.end() == 0


def test_a_candidate_that_is_as_good_gets_everything(tmp_path: Path) -> None:
    with world(tmp_path) as there:
        callers, shares = rolling_out(there)
        asked(callers, lambda: shares.look() == 1.0)
        since = shares.seen[-1][1]
        asked(callers, lambda: time.monotonic() > since + NOTICED)
        late = len(callers.answered)
        asked(callers, so_many(callers, 300))
        assert {answered.arm for answered in callers.answered[late:]} == {CANDIDATE}
        shares.judge(callers)
        assert moved(there) == [*STAGES[1:], 1.0]
        assert there.state["final"] is True


def killed(there: World, seed: int) -> None:
    """Kill one after the other at some moment, and begin it again."""
    chance = random.Random(seed)
    for number in range(MANY_KILLS):
        time.sleep(chance.uniform(0.0, 0.8))
        victim = there.processes[VICTIMS[number % len(VICTIMS)]]
        victim.kill()
        victim.start()


@pytest.mark.parametrize("seed", [5])
def test_whoever_is_killed_nobody_else_gets_the_candidate_and_it_goes_on(
    tmp_path: Path, seed: int
) -> None:
    with (
        world(tmp_path, "5%, {share: 20%, min_duration: 10m}") as there,
        ThreadPoolExecutor(1) as killer,
    ):
        callers, shares = rolling_out(there)
        callers.patience = PATIENCE + 10.0 * MANY_KILLS
        killing = killer.submit(killed, there, seed)
        asked(callers, lambda: (shares.look(), killing.done())[1])
        killing.result()
        asked(callers, lambda: shares.look() in {0.0, STAGES[-1]})
        there.fails(CANDIDATE, 0.95)
        taken_back(there, callers, shares)
        shares.judge(callers)
        assert {answered.arm for answered in callers.answered} == {BASELINE, CANDIDATE, ""}
