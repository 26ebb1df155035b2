"""An envelope and the circumstances of a run become its manifest."""

from __future__ import annotations

from evalkit.core.digest import canonical_json, digest
from evalkit.core.run import Manifest, Origin
from evalkit.core.verdict import Digests
from evalkit.files.json_text import parse_json
from evalkit.files.text import name_beside
from evalkit.spec.envelope import LoadedEnvelope


def manifest_of(
    loaded: LoadedEnvelope, origin: Origin, golden_set_digest: str, *, smoke: str
) -> Manifest:
    """Return the manifest of a new run; ``smoke`` says why it is only of a part, or nothing."""
    return Manifest(
        run=origin.run,
        created=origin.created,
        evalkit=origin.evalkit,
        envelope=loaded.path,
        golden_set=tuple(name_beside(source.path, loaded.path) for source in loaded.golden_set),
        seed=loaded.envelope.seed,
        lines={name: place.line for name, place in loaded.places.items()},
        digests=digests_of(loaded, golden_set_digest),
        smoke=" ".join([smoke, *(f"--only {name}" for name in loaded.narrowed_to)]).strip(),
        only=loaded.narrowed_to,
        redacted=origin.redacted,
        commit=origin.commit,
        versions=origin.versions,
    )


def digests_of(loaded: LoadedEnvelope, golden_set_digest: str) -> Digests:
    """Return the digests of everything that decides a verdict."""
    snapshots = loaded.envelope.snapshots
    return Digests(
        golden_set=golden_set_digest,
        envelope=loaded.digest,
        prompts={
            arm: digest([snapshot.system_prompt, snapshot.prompt, snapshot.template])
            for arm, snapshot in snapshots.items()
        },
        schemas={
            arm: digest(canonical_json(parse_json(snapshot.response_schema)))
            for arm, snapshot in snapshots.items()
            if snapshot.response_schema is not None
        },
        scorers=loaded.scorers,
        calibrations={
            metric.instrument: metric.calibration.digest
            for metric in (
                *(bound.metric for bound in loaded.envelope.bounds),
                *loaded.envelope.metrics,
            )
            if metric.calibration is not None
        },
    )
