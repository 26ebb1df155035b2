"""Questions over HTTP to a process that watches a canary, each answered from what it knows."""

from __future__ import annotations

import time
from collections.abc import Callable

from evalkit.core.canary_wording import share_text
from evalkit.core.model import Json
from evalkit.core.watching import Watching
from evalkit.core.wording import SPACE
from evalkit.files.json_text import JsonTextError, document_text, parse_json
from evalkit.flows.canary.grants import Grants, Ruling
from evalkit.report.canary.metrics import metrics_text
from evalkit.report.canary.pages import decision_page, gate_page
from evalkit.wire.listening import JSON, Asked, Said

METRICS = "text/plain; version=0.0.4; charset=utf-8"
MISSED_TICKS = 3
"""A watcher that missed so many looks is not well."""
SLACK = 60.0
"""Seconds that one look may take by itself."""
CONFLICT = 409
"""What no means: Flagger takes everything above 202 for a no, and asks a 5xx again at once."""


class Pages:
    """What is served; ``now`` is what ``show`` was given last."""

    def __init__(
        self, grants: Grants, every: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._grants = grants
        self._every = every
        self._monotonic = monotonic
        self._seen = monotonic()
        self._now: Watching | None = None

    def show(self, watching: Watching) -> None:
        """Serve this from now on."""
        self._now, self._seen = watching, self._monotonic()

    def __call__(self, asked: Asked) -> Said:
        """Return the answer to a question; called in several threads."""
        now = self._now
        if asked.path == "/metrics":
            return Said(200, metrics_text(now), METRICS)
        if asked.path == "/healthz":
            return self._health()
        return Said(503, "there was no look yet\n") if now is None else self._of(now, asked)

    def _of(self, now: Watching, asked: Asked) -> Said:
        if asked.path == "/decision":
            return Said(200, decision_page(now), JSON)
        if asked.path.startswith("/stages/"):
            return _gate(now, asked)
        if asked.path.startswith("/flagger/"):
            return self._flagger(now, asked)
        return Said(404, "known: /decision, /stages/PERCENT, /metrics, /healthz, /flagger/HOOK\n")

    def _health(self) -> Said:
        age = self._monotonic() - self._seen
        if age <= MISSED_TICKS * self._every + SLACK:
            return Said(200, "ok\n")
        return Said(503, f"the last look ended {age:.0f} seconds ago\n")

    # ------------------------------------------------------------ Flagger

    def _flagger(self, now: Watching, asked: Asked) -> Said:
        """Answer one of Flagger's hooks: 200 is yes, 409 is no, and the reason stands in its log."""
        revision = _revision(asked.body)
        if asked.method != "POST" or isinstance(revision, Said):
            return revision if isinstance(revision, Said) else Said(405, "expected POST\n")
        match asked.path.removeprefix("/flagger/"):
            case "confirm-traffic-increase":
                ruling = self._grants.step(now.plan, now.state, revision=revision, now=time.time())
            case "confirm-promotion":
                ruling = self._grants.promoted(now.state, revision)
            case "rollback":
                ruling = self._grants.rolled_back(now.state, revision)
            case "rollout":
                back = self._grants.rolled_back(now.state, revision)
                ruling = Ruling(back.why, yes=not back.yes)
            case _:
                return Said(
                    404,
                    "known hooks: rollout, rollback, confirm-traffic-increase, confirm-promotion\n",
                )
        return Said(200 if ruling.yes else CONFLICT, f"{ruling.why}\n".replace(SPACE, " "))


def _revision(body: bytes) -> str | Said | None:
    """Return the checksum of the revision that Flagger speaks of, or what to tell whoever sent no such body."""
    try:
        found: Json = parse_json(body.decode("utf-8")) if body else {}
    except (JsonTextError, UnicodeDecodeError):
        found = None
    if not isinstance(found, dict):
        return Said(400, "expected the JSON of a Flagger webhook\n")
    checksum = found.get("checksum")
    return checksum if isinstance(checksum, str) and checksum else None


def _gate(now: Watching, asked: Asked) -> Said:
    text = asked.path.removeprefix("/stages/").removesuffix("%")
    for index, stage in enumerate(now.plan.stages):
        if text == f"{100 * stage.share:.6g}":
            return Said(200, gate_page(now, index, asked.query.get("run")), JSON)
    known = ", ".join(share_text(stage.share) for stage in now.plan.stages).replace(SPACE, " ")
    return Said(404, document_text({"error": f"no such stage; there are {known}"}), JSON)
