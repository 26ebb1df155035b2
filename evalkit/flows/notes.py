"""What a reader of a verdict has to know beside its numbers."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.core.envelope import Envelope
from evalkit.core.model import Arm, Snapshot
from evalkit.core.registry import PROVIDERS
from evalkit.stages.aggregate import Table


def notes(envelope: Envelope, table: Table) -> Iterator[str]:
    """Yield a sentence for whatever is not as the envelope asks for, arm by arm."""
    for arm in sorted(envelope.live):
        snapshot = envelope.snapshots[arm]
        yield from _served(arm, snapshot, table.arms[arm].served)
        yield from _unstructured(arm, snapshot)
    for bound in envelope.bounds:
        if bound.recorded_time:
            yield (
                f"{bound.name} compares times of today with recorded ones; "
                "the envelope takes them as comparable (recorded_time)."
            )


def _served(arm: Arm, snapshot: Snapshot, served: tuple[str, ...]) -> Iterator[str]:
    asked = snapshot.expected_model or snapshot.model
    others = [name for name in served if name != asked]
    if asked is not None and others:
        both = "; sometimes it was itself" if asked in served else ""
        yield f"The {arm} was asked for as {asked}, and {_listed(others)} answered{both}."


def _listed(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def _unstructured(arm: Arm, snapshot: Snapshot) -> Iterator[str]:
    plugin = PROVIDERS.get(snapshot.provider)
    if snapshot.response_schema is not None and not plugin.structured(snapshot):
        yield (
            f"The {arm} was not told the response schema: provider {snapshot.provider} has no form "
            "for it. Its answers are checked all the same."
        )
