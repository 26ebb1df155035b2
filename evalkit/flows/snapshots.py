"""Every snapshot in use: what its name promises, who answered last, and until when it is served."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from evalkit.core.envelope import Envelope
from evalkit.core.errors import EvalkitError, Problem, SpecError
from evalkit.core.lifecycle import (
    Classified,
    EnvelopeInUse,
    Inventory,
    Lifecycle,
    SnapshotInUse,
)
from evalkit.core.model import Arm, Snapshot
from evalkit.core.ports import ProviderPlugin, Surroundings
from evalkit.core.registry import PROVIDERS
from evalkit.core.verdict import Verdict
from evalkit.spec.envelope import LoadedEnvelope, load_envelope
from evalkit.spec.lifecycle import shipped_table
from evalkit.spec.pins import classified, vendor_of
from evalkit.stages.store import MANIFEST, RunFolder


def loaded_envelopes(paths: Iterable[Path]) -> tuple[LoadedEnvelope, ...]:
    """Return envelopes without running any code they name.

    Raises:
        SpecError: with the problems of all of them.
    """
    loaded, problems = [], list[Problem]()
    for path in paths:
        try:
            loaded.append(load_envelope(path))
        except SpecError as error:
            problems.extend(error.problems)
    if problems:
        raise SpecError(problems)
    return tuple(loaded)


def snapshots_in_use(
    envelopes: Sequence[LoadedEnvelope],
    runs: Path,
    today: date,
    *,
    warn_days: int,
    ask: Surroundings | None = None,
    plugin_of: Callable[[str], ProviderPlugin] = PROVIDERS.get,
) -> Inventory:
    """Return what is known of every snapshot of some envelopes.

    Args:
        envelopes: as ``loaded_envelopes`` gives them.
        runs: the folder in which the folders of earlier runs lie.
        today: the day that days are counted from.
        warn_days: how near a retirement is that is warned of.
        ask: the keys to ask vendors with; nobody is asked where it is not given.
        plugin_of: where providers are found.
    """
    unread: list[str] = []
    newest = _newest_runs(runs, {loaded.envelope.name for loaded in envelopes}, unread)
    found = tuple(
        EnvelopeInUse(
            loaded.path,
            loaded.envelope.name,
            tuple(
                _in_use(arm, snapshot, plugin_of, newest.get(loaded.envelope.name))
                for arm, snapshot in loaded.envelope.snapshots.items()
            )
            + _sentinel(loaded.envelope, plugin_of)
            + _consulted(loaded.envelope, plugin_of),
        )
        for loaded in envelopes
    )
    inventory = Inventory(today, warn_days, shipped_table().checked_at, found, tuple(unread))
    return _asked(inventory, envelopes, ask, plugin_of) if ask else inventory


# ---------------------------------------------------------------- earlier runs


_OF_A_RUN = re.compile(r"(?P<name>.+)-[0-9]{8}T[0-9]{6}-[0-9a-f]+", re.DOTALL)
"""What a run is called: by its envelope, the moment and four letters of chance."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A run that was judged, and where it lies."""

    path: str
    verdict: Verdict


def _newest_runs(runs: Path, names: set[str], unread: list[str]) -> dict[str, _Run]:
    """Return the newest judged run of each envelope; what cannot be read is noted.

    The answers of ``evalkit aa`` lie beside the runs under a name of their own, and nobody judges them.
    """
    dated: list[tuple[str, RunFolder]] = []
    for path in sorted(runs.glob(f"*/{MANIFEST}")):
        folder = RunFolder(path.parent)
        try:
            manifest = folder.manifest()
        except EvalkitError as error:
            unread.append(_first_line(error))
            continue
        envelope = _OF_A_RUN.fullmatch(manifest.run)
        if envelope is not None and envelope["name"] in names:
            dated.append((manifest.created, folder))
    newest: dict[str, _Run] = {}
    for _, folder in sorted(dated, key=lambda item: item[0], reverse=True):
        if len(newest) == len(names):
            break
        try:
            verdict = folder.verdict()
        except EvalkitError as error:
            unread.append(_first_line(error))
            continue
        if verdict.envelope in names:
            newest.setdefault(verdict.envelope, _Run(str(folder.path), verdict))
    return newest


def _in_use(
    arm: Arm, snapshot: Snapshot, plugin_of: Callable[[str], ProviderPlugin], run: _Run | None
) -> SnapshotInUse:
    summary = run.verdict.facts.snapshots.get(arm) if run else None
    same = summary is not None and summary.requested == snapshot.model
    return SnapshotInUse(
        arm=arm,
        provider=snapshot.provider,
        requested=snapshot.model,
        expected=snapshot.expected_model,
        classified=classified(snapshot, plugin_of(snapshot.provider)),
        run=run.path if run else None,
        served=summary.served if summary and same else None,
        formats=summary.formats if summary and same else (),
        deprecated=summary.deprecated if summary and same else (),
    )


def _sentinel(
    envelope: Envelope, plugin_of: Callable[[str], ProviderPlugin]
) -> tuple[SnapshotInUse, ...]:
    """Return who watches a recorded baseline, if anybody does."""
    if envelope.sentinel is None:
        return ()
    used = _in_use(Arm.BASELINE, envelope.sentinel.snapshot, plugin_of, None)
    return (replace(used, sentinel=True),)


def _consulted(
    envelope: Envelope, plugin_of: Callable[[str], ProviderPlugin]
) -> tuple[SnapshotInUse, ...]:
    """Return whom metrics ask about the answers."""
    found = []
    for name, by in envelope.consulted.items():
        used = _in_use(Arm.CANDIDATE, by, plugin_of, None)
        found.append(replace(used, arm=None, metric=name))
    return tuple(found)


def _everybody(envelope: Envelope) -> list[Snapshot]:
    """Return the snapshots of an envelope in the order in which they are listed."""
    sentinel = envelope.sentinel
    watching = [sentinel.snapshot] if sentinel else []
    return [*envelope.snapshots.values(), *watching, *envelope.consulted.values()]


# ---------------------------------------------------------------- asking


def _asked(
    inventory: Inventory,
    envelopes: Sequence[LoadedEnvelope],
    ask: Surroundings,
    plugin_of: Callable[[str], ProviderPlugin],
) -> Inventory:
    """Return the inventory with what vendors say today; who does not answer is noted."""
    import asyncio

    async def answers() -> list[list[Classified | str | None]]:
        return [
            await asyncio.gather(
                *(
                    _answer(snapshot, used, plugin_of(snapshot.provider), ask, inventory.today)
                    for snapshot, used in zip(
                        _everybody(loaded.envelope), in_use.snapshots, strict=True
                    )
                )
            )
            for loaded, in_use in zip(envelopes, inventory.envelopes, strict=True)
        ]

    told = asyncio.run(answers())
    unanswered = dict.fromkeys(item for row in told for item in row if isinstance(item, str))
    found = tuple(
        replace(
            in_use,
            snapshots=tuple(
                replace(used, classified=said) if isinstance(said, Classified) else used
                for used, said in zip(in_use.snapshots, row, strict=True)
            ),
        )
        for in_use, row in zip(inventory.envelopes, told, strict=True)
    )
    return replace(inventory, envelopes=found, unanswered=tuple(unanswered))


async def _answer(
    snapshot: Snapshot,
    used: SnapshotInUse,
    plugin: ProviderPlugin,
    ask: Surroundings,
    today: date,
) -> Classified | str | None:
    """Return what is known once the vendor has spoken, why it has not, or nothing."""
    if used.classified is None or plugin.lifecycle is None:
        return None
    if vendor_of(snapshot, plugin) != plugin.vendor:
        return None  # a server that speaks the vendor's format knows nothing of its dates
    try:
        said: Lifecycle | None = await plugin.lifecycle(snapshot, ask, today)
    except EvalkitError as error:
        return _first_line(error)
    return used.classified.told(said) if said else None


def _first_line(error: EvalkitError) -> str:
    return str(error).split("\n", 1)[0]
