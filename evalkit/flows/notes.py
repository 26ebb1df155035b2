"""What a reader of a verdict has to know beside its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from evalkit.core.envelope import Bound, Envelope, Kind, LimitKind
from evalkit.core.model import Arm, Snapshot
from evalkit.core.registry import PROVIDERS
from evalkit.core.run import Manifest
from evalkit.core.wording import WARNING, count_text
from evalkit.stages.aggregate import Table


def notes(
    envelope: Envelope, table: Table, manifest: Manifest, cases: Callable[[], int]
) -> Iterator[str]:
    """Yield a sentence for whatever is not as the envelope asks for.

    Args:
        envelope: what is asked for.
        table: what was answered.
        manifest: how the asking ended.
        cases: counts those there were to ask; called only where not all were.
    """
    # A sentinel that a budget has cut short leaves no case out.
    if manifest.partial and envelope.live and len(table.cases) < (all_of_them := cases()):
        yield _partial(envelope, manifest, len(table.cases), all_of_them)
    for arm in sorted(envelope.live):
        snapshot = envelope.snapshots[arm]
        yield from _served(arm, snapshot, table.arms[arm].served)
        yield from _unstructured(arm, snapshot)
    yield from _unchecked_judges(envelope)
    yield from _failures(table)
    for bound in envelope.bounds:
        if bound.recorded_time:
            yield (
                f"{bound.name} compares times of today with recorded ones; "
                "the envelope takes them as comparable (recorded_time)."
            )


def _failures(table: Table) -> Iterator[str]:
    """Yield which scorers failed: what they failed on is missing, however few there are."""
    found: dict[tuple[Arm, str], int] = {}
    for arm, samples in table.arms.items():
        for key in samples.columns:
            for failure, count in samples.failures(key).items():
                found[arm, failure] = max(count, found.get((arm, failure), 0))
    for (arm, failure), count in sorted(found.items()):
        scorer, _, error = failure.partition(": ")
        yield f"{scorer} failed on {count_text(count, 'answer')} of the {arm} ({error}); what it failed on is missing."


def _unchecked_judges(envelope: Envelope) -> Iterator[str]:
    """Yield which bounds can turn the gate on the word of somebody whom no person has checked."""
    judges = envelope.consulted
    bounds = [bound for bound in envelope.bounds if bound.blocks]
    unchecked = [
        bound
        for bound in bounds
        if bound.metric.instrument in judges
        and bound.metric.calibration is None
        and not bound.metric.of_asking
    ]
    for name in dict.fromkeys(bound.metric.name for bound in unchecked):
        blocked = [bound for bound in unchecked if bound.metric.name == name]
        advice = (
            f"Label some of its answers: evalkit calibrate RUN {name}"
            if any(map(_corrected_by_labels, blocked))
            else "Labels cannot correct it: they correct a rate or a mean."
        )
        yield (
            f"{WARNING}{_listed([bound.name for bound in blocked])} can fail or pass the gate by what a judge "
            f"says, and its agreement with people is not known. {advice}"
        )


def _corrected_by_labels(bound: Bound) -> bool:
    mean = bound.statistic.quantile is None and bound.limit.kind is not LimitKind.SHIFT
    return mean and bound.metric.kind in {Kind.RATE, Kind.SCORE}


def _partial(envelope: Envelope, manifest: Manifest, asked: int, cases: int) -> str:
    part = f"Judged on {asked:,} of {count_text(cases, 'case')}"
    if not manifest.settled:
        return f"{part}, the first of an order fixed beforehand: {manifest.spent} was reached."
    if envelope.stops_early:
        return f"{part}: by then every bound was decided, and the rest was not asked."
    return f"{part}: whatever the rest were answered, the verdict would be the same."


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
