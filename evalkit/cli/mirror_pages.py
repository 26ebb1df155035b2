"""Questions over HTTP to a mirror that runs: is it well, and what has it done."""

from __future__ import annotations

from evalkit.cli.canary_pages import METRICS
from evalkit.flows.mirror.serving import Serving
from evalkit.report.mirror.metrics import metrics_text
from evalkit.wire.listening import Asked, Said

_STUCK = Said(503, "the event loop does not answer\n")


class MirrorPages:
    """What is served beside the traffic, at another address: no path of the endpoint is taken."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def __call__(self, asked: Asked) -> Said:
        """Return the answer to a question; called in several threads."""
        if asked.path not in {"/healthz", "/metrics"}:
            return Said(404, "known: /healthz, /metrics\n")
        try:
            counted = self._serving.server.counted()
        except TimeoutError:
            return _STUCK
        if asked.path == "/metrics":
            return Said(200, metrics_text(counted, self._serving.traffic.counted()), METRICS)
        return Said(503, "draining\n") if counted.draining else Said(200, "ok\n")
