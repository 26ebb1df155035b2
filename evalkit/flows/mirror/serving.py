"""A mirror's plan becomes a server that runs: its traffic above, its upstreams below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.core.errors import UsageError
from evalkit.core.mirror_plan import MirrorPlan
from evalkit.flows.mirror.traffic import MirrorTraffic, opened_traffic

if TYPE_CHECKING:
    from evalkit.wire.mirror.events import Log
    from evalkit.wire.mirror.server import Server

MISSING = "evalkit mirror needs an extra: pip install 'evalkit-gate[mirror]'"


@dataclass(frozen=True, slots=True)
class Serving:
    """A mirror that is open: what serves, and what decides and writes."""

    server: Server
    traffic: MirrorTraffic


def needs_installed() -> None:
    """Make sure that what a mirror needs is installed.

    Raises:
        UsageError: it is not.
    """
    from importlib.util import find_spec

    if find_spec("httptools") is None:
        raise UsageError(MISSING)


@contextmanager
def opened_mirror(plan: MirrorPlan, environment: Mapping[str, str], log: Log) -> Iterator[Serving]:
    """Open everything that a mirror writes and reads; leaving the block flushes and closes it.

    Args:
        plan: what the file says.
        environment: secrets, proxies and certificates.
        log: takes down events.

    Raises:
        UsageError: something is not installed, not set, or held by another process.
    """
    needs_installed()
    from evalkit.wire.mirror.server import Server

    def said(text: str) -> None:
        log("traffic", {"message": text})

    with opened_traffic(plan, environment, say=said) as traffic:
        server = Server(
            traffic, (plan.live.url, plan.candidate.url),
            limits=plan.limits, copies=plan.copies, environment=environment, log=log, drain=plan.drain,
        )  # fmt: skip
        yield Serving(server, traffic)
