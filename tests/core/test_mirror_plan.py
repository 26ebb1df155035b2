"""What a plan leaves open does no harm."""

from __future__ import annotations

from evalkit.core.mirror import Mode, Upstream
from evalkit.core.mirror_counts import TrafficCounted
from evalkit.core.mirror_plan import MirrorPlan, Share
from evalkit.core.model import Arm


def test_a_plan_copies_and_gives_nobody_the_candidate_unless_it_says_so() -> None:
    live, candidate = (Upstream(arm, "http://x") for arm in Arm)
    plan = MirrorPlan("m", "127.0.0.1:0", live, candidate)
    assert plan.mode is Mode.SHADOW
    assert Share().value == 0.0
    assert TrafficCounted(plan.mode).share == 0.0
