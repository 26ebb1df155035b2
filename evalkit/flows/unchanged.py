"""Envelope + ledger → the passing run that can be relied on, or why a gate has to run.

Only a pass is relied on, and only where nothing that decides a verdict can have changed: the envelope with
all it names, the golden set, recordings to the byte, the lock, the scorers and evalkit itself. Whoever
is asked under a name that does not say which model answers may have changed, so that is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.core.digest import SetDigest, digest
from evalkit.core.errors import Problem, SpecError
from evalkit.core.lifecycle import Pin
from evalkit.core.model import Snapshot
from evalkit.core.records import case_record
from evalkit.core.registry import PROVIDERS
from evalkit.core.run import Manifest, Origin, ReliedOn
from evalkit.core.verdict import Outcome
from evalkit.files.text import file_sha256
from evalkit.flows.comparable import Comparable
from evalkit.flows.inputs import asked_cases, recordings
from evalkit.flows.provenance import manifest_of
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.pins import classified
from evalkit.stages.ledger import Ledger
from evalkit.stages.store import MANIFEST


def relied_on(loaded: LoadedEnvelope, ledger: Ledger, origin: Origin) -> ReliedOn | str:
    """Return the run whose pass still stands, or why there is none.

    Raises:
        SpecError: a file is wrong, or the baseline is not comparable.
    """
    problems: list[Problem] = []
    content, comparable = SetDigest(), Comparable.of(loaded, problems)
    for case in asked_cases(loaded, problems):
        content.add(case_record(case))
        comparable.see(case)
    comparable.finish()
    if problems:
        raise SpecError(problems)
    why = _may_have_changed(loaded)
    if why:
        return why
    manifest = comparable.noted(manifest_of(loaded, origin, content.hex(), smoke=""))
    inputs = inputs_of(loaded, manifest)
    if not inputs:
        return "a recording is read from standard input"
    found = ledger.newest(inputs)
    if found is None:
        return f"{ledger.path} knows no run of these inputs"
    if found.verdict != Outcome.PASS:
        return f"the newest run of these inputs, {found.run}, was no pass but {found.verdict}"
    folder = ledger.path.parent / found.run
    return ReliedOn(
        envelope=loaded.envelope.name,
        path=loaded.path,
        run=found.run,
        created=found.created,
        candidate=found.candidate,
        ledger=str(ledger.path),
        folder=str(folder) if (folder / MANIFEST).is_file() else None,
        digests=manifest.digests,
    )


def inputs_of(loaded: LoadedEnvelope, manifest: Manifest) -> str:
    """Return the digest of everything that decides a verdict but live answers; nothing where none can be told."""
    recorded: dict[str, str] = {}
    for arm, recording in recordings(loaded.envelope).items():
        try:
            recorded[arm.value] = file_sha256(recording.source)
        except SpecError:
            return ""
    return digest(
        {
            "digests": manifest.digests,
            "recorded": recorded,
            "lock": manifest.lock,
            "evalkit": manifest.evalkit,
            "versions": manifest.versions,
        }
    )


def _may_have_changed(loaded: LoadedEnvelope) -> str:
    """Return who may answer otherwise today without any file saying so; nothing where nobody may."""
    envelope = loaded.envelope
    if envelope.sentinel is not None:
        return "a sentinel watches the baseline at every gate"
    asked: Mapping[str, Snapshot] = {
        **{arm.value: envelope.snapshots[arm] for arm in sorted(envelope.live)},
        **{f"metric {name}": by for name, by in envelope.consulted.items()},
    }
    for name, snapshot in asked.items():
        found = classified(snapshot, PROVIDERS.get(snapshot.provider))
        if found is not None and found.pin is not Pin.PINNED:
            model = snapshot.model or snapshot.provider
            return f"the {name} is {model}, {found.pin.value}: another may answer under that name"
    return ""
