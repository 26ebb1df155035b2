"""The options of commands that ask live snapshots, and the terms they come to."""

from __future__ import annotations

import math
import os
import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.core.asking import Limits
from evalkit.core.errors import SpecError, UsageError

if TYPE_CHECKING:
    from evalkit.core.asking import Forecast
    from evalkit.core.model import Arm, Snapshot
    from evalkit.core.run import Origin
    from evalkit.flows.terms import Terms
    from evalkit.spec.envelope import LoadedEnvelope
    from evalkit.spec.overrides import Overrides
    from evalkit.stages.store import RunFolder

CACHE = Path(".evalkit") / "answers.sqlite3"
TYPED = {"candidate", "baseline", "repeats", "seed", "inconclusive", "only", "drift"}
"""The overrides that the command line has an option for."""
DAY = 86_400.0
"""How long the answers of a snapshot that may change under its name are taken for its own."""

MaxCost = Annotated[
    float | None, typer.Option(min=0, help="Stop asking before so many US dollars are spent.")
]
MaxTime = Annotated[
    str | None, typer.Option(help="Stop asking after so long: 90 (seconds), 10m, 2h.")
]
MaxRequests = Annotated[
    int | None, typer.Option(min=1, help="Stop asking after so many requests, retries included.")
]
Jobs = Annotated[
    int | None,
    typer.Option("-j", "--concurrency", min=1, max=4096, help="Requests at a time, for each arm."),
]
Refresh = Annotated[
    bool, typer.Option("--refresh", help="Ask everything anew, whatever was answered before.")
]
StrictPins = Annotated[
    bool, typer.Option("--strict-pins", help="Refuse a model whose name can move to another one.")
]
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|min|h)?")
_SECONDS = {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Asking:
    """What the command line says about asking.

    ``command`` is what was typed, ``started`` when and where; one that is not ``resumable`` goes on
    by being typed again. Where a ``ledger`` is named it is a gate, which may end as soon as its
    verdict is settled. ``against_lock`` holds the run against the lock of its envelope; ``since``
    is the moment, ISO 8601, from which on answers count.
    """

    command: str
    limits: Limits
    started: Origin
    concurrency: int | None = None
    refresh: bool = False
    anyway: bool = False
    ledger: Path | None = None
    resumable: bool = True
    against_lock: bool = True
    since: str = ""

    def begin(
        self,
        loaded: LoadedEnvelope,
        folder: Path | None = None,
        *,
        limit: int | None = None,
        before: Path | None = None,
    ) -> RunFolder:
        """Collect a new run, into the folder or one of its own."""
        from evalkit.cli.world import folder_of
        from evalkit.flows.collecting import collect_run
        from evalkit.stages.store import RunFolder

        earlier = None if before is None else RunFolder.open(before)
        loaded, folder = self._hurried(loaded), folder_of(self.started, folder)
        with self._terms(loaded, self.started.created) as terms:
            return collect_run(loaded, folder, self.started, terms, limit=limit, before=earlier)

    def go_on(self, loaded: LoadedEnvelope, folder: Path) -> tuple[LoadedEnvelope, RunFolder]:
        """Collect what a run that was broken off still lacks, under its own envelope.

        Raises:
            UsageError: the envelope has changed since, or the run was whole already.
        """
        from evalkit.cli.world import code_root
        from evalkit.flows.collecting import go_on
        from evalkit.spec.envelope import load_envelope
        from evalkit.spec.overrides import Overrides
        from evalkit.stages.store import RunFolder

        run = RunFolder.open(folder)
        manifest = run.manifest()
        own = load_envelope(
            run.envelope_path, overrides=Overrides(only=manifest.only), code_root=code_root()
        )
        if own.digest != loaded.digest:
            raise UsageError(
                f"{loaded.path} is not what {folder} was begun with; gate it anew, without --resume: "
                "what was answered before is not asked again where it is the same"
            )
        with self._terms(own, manifest.created) as terms:
            go_on(run, self._hurried(own), terms)
        return own, run

    def _hurried(self, loaded: LoadedEnvelope) -> LoadedEnvelope:
        """Return the envelope with the concurrency of the command line."""
        if self.concurrency is None:
            return loaded
        envelope = loaded.envelope
        candidate = replace(envelope.candidate, concurrency=self.concurrency)
        baseline = envelope.baseline and replace(envelope.baseline, concurrency=self.concurrency)
        sentinel = envelope.sentinel
        if sentinel is not None:
            hurried = replace(sentinel.snapshot, concurrency=self.concurrency)
            sentinel = replace(sentinel, snapshot=hurried)
        instruments = tuple(
            item
            if item.by is None
            else replace(item, by=replace(item.by, concurrency=self.concurrency))
            for item in envelope.instruments
        )
        envelope = replace(
            envelope,
            candidate=candidate, baseline=baseline, sentinel=sentinel, instruments=instruments,
        )  # fmt: skip
        return replace(loaded, envelope=envelope)

    @contextmanager
    def _terms(self, loaded: LoadedEnvelope, begun: str) -> Iterator[Terms]:
        from evalkit.cli.progress import ProgressLine
        from evalkit.cli.world import code_root
        from evalkit.core.ports import Surroundings
        from evalkit.flows.terms import Terms

        names = {arm: _name(loaded, arm) for arm in loaded.envelope.asked}
        called = {arm.value: name for arm, name in names.items()}
        line = ProgressLine(names=names)
        try:
            yield Terms(
                cache=cache_path(),
                limits=self.limits,
                surroundings=Surroundings(environment=os.environ, code_root=code_root()),
                since={
                    place: self._oldest(snapshot, begun)
                    for place, snapshot in _whose_answers_are_kept(loaded).items()
                },
                anyway=self.anyway,
                against_lock=self.against_lock,
                settled=None if self.ledger is None else self._settled(loaded, self.ledger),
                go_on=lambda run: (
                    f"{self.command} --resume {run}" if self.resumable else self.command
                ),
                announce=lambda name, forecast: announce(
                    called.get(name, name), forecast, most=self.limits.cost_usd
                ),
                watch=line,
            )
        finally:
            line.close()

    def _settled(self, loaded: LoadedEnvelope, ledger: Path) -> Callable[[RunFolder], bool]:
        def settled(run: RunFolder) -> bool:
            # Loaded late: what computes takes a while to load, and the first request did not wait.
            from evalkit.flows.settled import verdict_is_settled
            from evalkit.stages.ledger import Ledger

            return verdict_is_settled(run, loaded, Ledger(ledger))

        return settled

    def _oldest(self, snapshot: Snapshot, begun: str) -> float:
        """Return since when answers count: where everything is asked anew, since the run began."""
        run_began = datetime.fromisoformat(begun).timestamp()
        if self.since and not self.refresh:
            return max(oldest(snapshot), datetime.fromisoformat(self.since).timestamp())
        return run_began if self.refresh else min(run_began, oldest(snapshot))


@contextmanager
def terms_of_score() -> Iterator[Callable[[Snapshot], Terms]]:
    """Give the terms on which `evalkit score` asks whoever a scorer asks."""
    from evalkit.cli.progress import ProgressLine
    from evalkit.cli.world import code_root
    from evalkit.core.ports import Surroundings
    from evalkit.flows.terms import Terms

    line = ProgressLine()

    def terms(by: Snapshot) -> Terms:
        return Terms(
            cache=cache_path(),
            surroundings=Surroundings(environment=os.environ, code_root=code_root()),
            since={"by": oldest(by)},
            announce=lambda name, forecast: announce(name, forecast, most=None),
            watch=line,
        )

    try:
        yield terms
    finally:
        line.close()


def announce(name: str, forecast: Forecast, *, most: float | None) -> None:
    """Say on standard error what is about to be asked, and what it will cost."""
    from evalkit.core.wording import count_text, money_text

    cost = forecast.cost_usd
    text = f"{name}: up to {count_text(forecast.requests, 'request')}"
    if cost is not None:
        text += f", about {money_text(cost)}"
        if most is not None and cost > most:
            text += f", of which --max-cost {most:g} pays for a part"
    typer.echo(text, err=True)


def oldest(snapshot: Snapshot) -> float:
    """Return since when answers count: of a pinned model always, of another since yesterday."""
    from evalkit.core.lifecycle import Pin
    from evalkit.core.registry import PROVIDERS
    from evalkit.spec.pins import classified

    found = classified(snapshot, PROVIDERS.get(snapshot.provider))
    pinned = found is not None and found.pin is Pin.PINNED
    return 0.0 if pinned else time.time() - DAY


def _whose_answers_are_kept(loaded: LoadedEnvelope) -> dict[str, Snapshot]:
    """Return whose answers are used again, by the place in the envelope."""
    envelope = loaded.envelope
    arms = {arm.value: envelope.snapshots[arm] for arm in envelope.live}
    return arms | {f"metrics.{name}": by for name, by in envelope.consulted.items()}


def _name(loaded: LoadedEnvelope, arm: Arm) -> str:
    """Return what an arm that is asked is called: of a recorded baseline it is the sentinel."""
    return arm.value if arm in loaded.envelope.live else "sentinel"


def typed(command: str, envelope: Path, overrides: Overrides) -> str:
    """Return what was typed to ask this, ready to be typed again."""
    words = ["evalkit", command, str(envelope)]
    for field in fields(overrides):
        value = getattr(overrides, field.name)
        values = value if isinstance(value, tuple) else (value,)
        if field.name in TYPED:
            words += [f"--{field.name}={item}" for item in values if item is not None]
    return shlex.join(words)


def limits_of(cost: float | None, duration: str | None, requests: int | None) -> Limits:
    """Return what may be spent.

    Raises:
        UsageError: the time is none.
    """
    return Limits(cost, None if duration is None else seconds_of(duration), requests)


def seconds_of(text: str) -> float:
    """Return a time in seconds.

    >>> seconds_of("90"), seconds_of("1.5m"), seconds_of("2h")
    (90.0, 90.0, 7200.0)

    Raises:
        UsageError: it is none.
    """
    found = _TIME.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not 0 < seconds < math.inf:
        raise UsageError(f"--max-time {text}: expected a time such as 90, 10m or 2h")
    return seconds


def cache_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where answers are kept: in the folder of the project, or where EVALKIT_CACHE says."""
    return Path(environment.get("EVALKIT_CACHE") or CACHE)


def envelope_to_ask(
    path: Path,
    overrides: Overrides,
    limits: Limits,
    *,
    strict_pins: bool = False,
    narrowed: Callable[[LoadedEnvelope], LoadedEnvelope] | None = None,
) -> LoadedEnvelope:
    """Return an envelope, with the prices of live arms in it where they are asked for.

    Args:
        path: the envelope.
        overrides: what the command line says instead of it.
        limits: what may be spent.
        strict_pins: refuse names that can move.
        narrowed: makes of it what is asked, where that is not all of it.

    Raises:
        SpecError: a file is wrong, or pins are strict and the name of a model can move.
        UsageError: money is limited, and what an arm costs is not known.
    """
    from evalkit.cli.world import code_root
    from evalkit.spec.envelope import load_envelope

    loaded = load_envelope(path, overrides=overrides, code_root=code_root())
    if strict_pins:
        from evalkit.spec.pins import floating

        if problems := floating(loaded):
            raise SpecError(problems)
    asked = narrowed(loaded) if narrowed else loaded
    if asked.envelope.asks:
        from evalkit.spec.prices import missing_metric_prices, missing_prices

        found = missing_prices(asked, limits)
        of_metrics = missing_metric_prices(asked, limits)
        if found or of_metrics:
            priced = replace(overrides, prices=found, metric_prices=of_metrics)
            return load_envelope(path, overrides=priced, code_root=code_root())
    return loaded
