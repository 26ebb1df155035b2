"""A run of a gate whose baseline was recorded → how far that baseline has moved, run after run.

What sentinels of earlier runs saw lies beside the ledger. A run takes a copy into its folder, so that
it can be judged again from there alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evalkit.core.model import Sample, Snapshot
from evalkit.core.run import Manifest
from evalkit.core.verdict import BaselineDrift
from evalkit.core.wording import count_text
from evalkit.flows.judgements import answers_of
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.aggregate import Table
from evalkit.stages.aggregate.columns import Key
from evalkit.stages.baseline_drift import DriftLog, Recorded, Seen, differences, drift
from evalkit.stages.score import score
from evalkit.stages.store import RunFolder
from evalkit.stats.evidence import Exhibit

BESIDE_LEDGER = "baseline_drift.jsonl"
"""What the file beside the ledger is called."""

LONGEST_CAUSE = 100
"""Of what an endpoint says in place of an answer."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the sentinel of a run was answered, and what it saw by it.

    ``asked`` is who it is. ``seen`` is this run's, a line a metric; ``drifts`` are those of all runs,
    by the name of the bound.
    """

    asked: Snapshot | None = None
    fresh: Sequence[Sample] = ()
    seen: Sequence[Seen] = ()
    drifts: Mapping[str, BaselineDrift] = field(default_factory=dict)

    def notes(self) -> Iterator[str]:
        """Yield what a reader has to know beside the bounds."""
        if self.asked is None:
            return
        held = self.asked.expected_model or self.asked.model
        others = {sample.model for sample in self.fresh if sample.model} - {held}
        if held is not None and others:
            yield f"The sentinel was asked for as {held}, and {', '.join(sorted(others))} answered."
        failures = [sample.error for sample in self.fresh if sample.error is not None]
        asked = count_text(len(self.fresh), "case")
        text = f"A sentinel asked the snapshot of the recorded baseline {asked} anew"
        if failures:
            why = (failures[0].message or failures[0].kind)[:LONGEST_CAUSE]
            text += f" and {len(failures):,} got no answer ({why})"
        stale = [name for name, found in self.drifts.items() if found.stale]
        if stale:
            yield f"{text}: by now the recording is stale for {', '.join(stale)}."
        elif self.drifts:
            yield f"{text}: no bound's recording is shown to be stale."
        else:
            yield f"{text}: of no bound has it seen anything yet."


NOBODY = Watched()


def watched(
    run: RunFolder,
    loaded: LoadedEnvelope,
    table: Table,
    manifest: Manifest,
    log: DriftLog | None = None,
) -> Watched:
    """Return what a sentinel saw of the baseline of a run, and those of the runs before it.

    Args:
        run: its folder, where all is read from.
        loaded: the envelope.
        table: what was recorded, scored.
        manifest: the name of the run.
        log: what sentinels saw before; a run that has no copy of it yet takes one.

    Raises:
        SpecError: a file was changed by hand.
    """
    if loaded.envelope.sentinel is None:
        return NOBODY
    judged, known = {case.id: case for case in table.cases}, run.cases()
    fresh = [sample for sample in run.fresh_samples(known) if sample.case_id in judged]
    recorded = Recorded()
    for sample in run.samples(known):
        recorded.see(sample)
    exhibits = {bound.name: table.exhibit_for(bound) for bound in loaded.envelope.watched}
    seen = _seen(
        fresh, recorded, loaded,
        table=table, exhibits=exhibits, run=manifest.run, folder=run,
    )  # fmt: skip
    copy, keys = DriftLog(run.drift_path), {item.key for item in seen.values()}
    if log is not None and not copy.path.exists():
        copy.add(item for item in log.of(keys) if item.run != manifest.run)
    before = copy.of(keys)
    drifts = {}
    for bound in loaded.envelope.watched:
        own = seen[table.key(bound.metric)]
        runs = [*(item for item in before if item.key == own.key), own]
        found = drift(bound, exhibits[bound.name], runs)
        if found is not None:
            drifts[bound.name] = found
    asked = loaded.envelope.sentinel.snapshot
    return Watched(asked, fresh, [item for item in seen.values() if item.differences], drifts)


def _seen(
    fresh: Sequence[Sample],
    recorded: Recorded,
    loaded: LoadedEnvelope,
    *,
    table: Table,
    exhibits: Mapping[str, Exhibit],
    run: str,
    folder: RunFolder,
) -> dict[Key, Seen]:
    """Return what was seen of each value that a watched bound is read from."""
    envelope = loaded.envelope
    assert envelope.sentinel is not None
    cases = {case.id: case for case in table.cases}
    with answers_of(folder, loaded) as answers:
        scored = list(score(fresh, cases, envelope, loaded.plugins, answers))
    instruments = {instrument.name: instrument for instrument in envelope.instruments}
    columns: dict[Key, list[Exhibit]] = {}
    for bound in envelope.watched:
        columns.setdefault(table.key(bound.metric), []).append(exhibits[bound.name])
    found = {}
    for (name, value), of_column in columns.items():
        scorer = loaded.plugins[name]
        found[name, value] = Seen(
            key=recorded.key(
                envelope.sentinel.snapshot, instruments[name], value, loaded.scorers[name]
            ),
            run=run,
            metric=f"{name}.{value}",
            differences=differences(scored, of_column, scorer, (name, value), run),
        )
    return found
