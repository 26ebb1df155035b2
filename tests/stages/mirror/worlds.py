"""Plans and requests that the tests of the mirror's stages share."""

from __future__ import annotations

import json
from typing import Any

from evalkit.core.mirror import Incoming, KeyKind, Mode, Routed, Upstream, UserKey
from evalkit.core.mirror_plan import LogPlan, MirrorPlan, Share
from evalkit.core.model import Arm
from evalkit.stages.mirror.route import Routing

SALT = b"salt" * 8
LIVE = Upstream(Arm.BASELINE, "https://live.example/v1")
CANDIDATE = Upstream(Arm.CANDIDATE, "http://candidate.example:9002/v1/")
USER = UserKey(KeyKind.HEADER, "x-user-id")
EVERYBODY = Share(1.0, "run-1")


def plan(**given: Any) -> MirrorPlan:
    """Return a plan of a shadow; ``log`` is there unless somebody says otherwise."""
    from pathlib import Path

    given.setdefault("log", LogPlan(Path("traffic.jsonl")))
    return MirrorPlan("support", "127.0.0.1:0", **{"live": LIVE, "candidate": CANDIDATE, **given})


def canary(**given: Any) -> MirrorPlan:
    """Return a plan that splits callers by a header."""
    return plan(**{"mode": Mode.CANARY, "user": USER, **given})


def incoming(
    body: object = None, *headers: tuple[str, str], target: str = "/chat/completions", **given: Any
) -> Incoming:
    """Return a request; a body that is no bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body or {"model": "m-1"}).encode()
    fields: dict[str, Any] = {
        "id": "r1", "method": "POST", "client": "192.0.2.7", "when": 1_790_856_000.25, **given,
    }  # fmt: skip
    return Incoming(target=target, headers=headers, body=content, **fields)


def routed(made: MirrorPlan, request: Incoming, share: Share = EVERYBODY) -> Routed:
    """Return where a request goes that is not refused."""
    found = Routing.of(made, SALT).routed(share, request)
    assert isinstance(found, Routed)
    return found
