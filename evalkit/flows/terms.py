"""On what terms live snapshots are asked: what may be spent, and where answers are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.core.asking import Forecast, Limits, Progress
from evalkit.core.model import Snapshot, billed
from evalkit.core.ports import Costs, Memory, Provider, Surroundings
from evalkit.core.registry import PROVIDERS
from evalkit.stages.ask import LiveArm, unwatched
from evalkit.stages.store import RunFolder


def _untold(name: str, forecast: Forecast) -> None:
    del name, forecast


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms live arms are asked, and whoever remote instruments ask about the samples.

    ``cache`` is where answers that were paid for are kept; ``since`` says how old one may be, in
    seconds of the epoch, by arm, and by ``metrics.NAME`` for whom an instrument asks; ``anyway`` asks
    even where no answers could prove a bound; ``settled`` says of a run whether its answers are enough,
    and the rest need not be asked; ``go_on`` returns what has to be typed to go on with a run;
    ``against_lock`` holds the run against the lock of its envelope; ``announce`` is told, before the
    first request, how many there will be and what they will cost, ``watch`` how far it is.
    """

    cache: Path
    limits: Limits = field(default_factory=Limits)
    surroundings: Surroundings = field(default_factory=Surroundings)
    since: Mapping[str, float] = field(default_factory=dict)
    anyway: bool = False
    against_lock: bool = True
    settled: Callable[[RunFolder], bool] | None = None
    go_on: Callable[[Path], str] = str
    announce: Callable[[str, Forecast], None] = _untold
    watch: Callable[[Progress], None] = unwatched


def live_arm(snapshot: Snapshot, provider: object, memory: Memory, *, total: int) -> LiveArm:
    """Return whoever answers for a snapshot, as the asking takes him."""
    assert isinstance(provider, Provider)
    plugin = PROVIDERS.get(snapshot.provider)
    free = snapshot.prices is None and plugin.costs(snapshot) is Costs.FREE
    return LiveArm(
        provider=provider,
        memory=memory,
        concurrency=snapshot.concurrency,
        total=total,
        cost=lambda sample: 0.0 if free else billed(sample, snapshot.prices),
    )
