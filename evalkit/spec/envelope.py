"""An envelope file becomes an envelope."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from evalkit.core.canary import CanaryPlan
from evalkit.core.digest import digest
from evalkit.core.envelope import Bound, Envelope, Instrument, LimitKind, Sentinel
from evalkit.core.errors import Place, Problem, SpecError, UsageError, suggestion
from evalkit.core.model import Arm, Json, Snapshot
from evalkit.core.ports import ScorerPlugin
from evalkit.spec.bounds import BoundReader, WrittenBound
from evalkit.spec.canary import CANARY, canary_of
from evalkit.spec.document import Document, read_document
from evalkit.spec.drift import DRIFT, demanded, drift_bound
from evalkit.spec.golden_set import GoldenSetReader
from evalkit.spec.grammar import NOISE_AWARE, EnvelopeFile, GoldenSet, GoldenSource
from evalkit.spec.inline import inlined
from evalkit.spec.metrics import Metrics
from evalkit.spec.overrides import NO_OVERRIDES, Overrides, overridden
from evalkit.spec.problems import Problems
from evalkit.spec.repair import repaired
from evalkit.spec.snapshots import is_live, sentinel_of, snapshot_of

NO_MEANING = {"path", "concurrency"}
"""Where recorded answers lie and how fast live ones are asked for say nothing about them."""

NOISY_REPEATS = 3
"""Draws of a case on which the recorded baseline's own draws disagree, under ``noise-aware``."""


@dataclass(frozen=True, slots=True)
class LoadedEnvelope:
    """An envelope with what its file says beyond it.

    ``document`` is the file with every file it names inside and every override applied: an
    envelope file of its own, which a run keeps. ``places`` says where each bound is written.
    ``source`` knows where each word of it is written, whatever was read in or overridden.
    ``unchecked`` names the scorers in files that were not run, ``narrowed_to`` the bounds that
    ``--only`` left. ``canary`` is how the candidate is rolled out, where the envelope says so.
    """

    path: str
    envelope: Envelope
    golden_set: tuple[GoldenSource, ...]
    document: Json
    digest: str
    scorers: Mapping[str, str]
    places: Mapping[str, Place]
    plugins: Mapping[str, ScorerPlugin]
    source: Document
    unchecked: tuple[str, ...] = ()
    narrowed_to: tuple[str, ...] = ()
    canary: CanaryPlan | None = None


def load_envelope(
    path: Path | str, *, overrides: Overrides = NO_OVERRIDES, code_root: Path | None = None
) -> LoadedEnvelope:
    """Read an envelope file and everything it names except cases and recordings.

    Args:
        path: the file.
        overrides: what the command line says instead.
        code_root: the folder below which scorers in files may run; ``None`` runs none of them.

    Raises:
        SpecError: with every problem found.
        UsageError: an override does not fit.
        PluginError: a scorer could not be loaded.
    """
    document = overridden(read_document(path), overrides)
    loaded = envelope_of(document, path, code_root=code_root)
    return _only(loaded, overrides.only) if overrides.only else loaded


def envelope_of(
    document: Document, path: Path | str, *, code_root: Path | None = None
) -> LoadedEnvelope:
    """Return what a document says that lies, or will lie, at a path.

    Raises:
        SpecError: with every problem found.
        PluginError: a scorer could not be loaded.
    """
    problems = Problems(document)
    problems.document = inlined(problems, Path(path).parent)
    file = problems.checked(EnvelopeFile, problems.document.data)
    loaded = _meaning(str(path), file, problems, code_root) if file else None
    if loaded is None or problems.found:
        further = [] if file else _further_problems(problems)
        of_cases = _golden_set_problems(problems.document)
        raise SpecError([*problems.found, *further, *of_cases])
    return loaded


def _further_problems(problems: Problems) -> list[Problem]:
    """Return what is wrong with the parts of an envelope that its grammar has no fault with."""
    data, muted = repaired(problems.document.data, problems.faults)
    rest = Problems(replace(problems.document, data=data), muted=muted | problems.muted)
    file = Problems(rest.document).checked(EnvelopeFile, data)
    if file:
        _meaning("", file, rest, None)
    return rest.found


def _golden_set_problems(document: Document) -> list[Problem]:
    """Return what is wrong with the cases of an envelope that is wrong itself.

    Nobody should correct one file only to be told about the next.
    """
    given = document.data.get("golden_set") if isinstance(document.data, dict) else None
    quiet = Problems(document)
    sources = quiet.checked(GoldenSet, {"sources": given})
    reader = GoldenSetReader(sources.sources if sources else [])
    for _ in reader.cases():
        pass
    return reader.problems


def _meaning(
    path: str, file: EnvelopeFile, problems: Problems, code_root: Path | None
) -> LoadedEnvelope:
    snapshots = {
        arm: snapshot_of(written, (arm.value,), problems)
        for arm, written in {Arm.BASELINE: file.baseline, Arm.CANDIDATE: file.candidate}.items()
        if written is not None
    }
    sentinel = _sentinel(file, snapshots, problems)
    metrics = Metrics(file.metrics, snapshots, problems, code_root=code_root)
    found = list(BoundReader(file, metrics, snapshots, problems).bounds())
    bounds, places = _named_once(found, problems)
    of_drift = drift_bound(file, snapshots, problems)
    if of_drift is not None:
        places = _with_drift(places, problems)
    used = {bound.metric.instrument for bound in bounds}
    unbound = (*metrics.unbound(used), *metrics.of_contract())
    metrics.check_calibrations([*(bound.metric for bound in bounds), *unbound])
    envelope = Envelope(
        name=file.name,
        candidate=snapshots[Arm.CANDIDATE],
        baseline=snapshots.get(Arm.BASELINE),
        bounds=bounds,
        instruments=metrics.instruments,
        metrics=unbound,
        repeats=1 if file.repeats == NOISE_AWARE else int(file.repeats),
        noisy_repeats=NOISY_REPEATS if file.repeats == NOISE_AWARE else None,
        max_missing=file.max_missing.value,
        inconclusive_blocks=file.inconclusive == "block",
        seed=file.seed,
        stops_early=file.early_stop == "betting",
        live=frozenset(arm for arm, snapshot in snapshots.items() if is_live(snapshot)),
        sentinel=sentinel,
        reads_texts=file.drift.look == "on",
        drift_bound=of_drift,
    )
    plan = canary_of(file, bounds, metrics, snapshots, problems)
    _refuse_misfits(envelope, problems)
    document = problems.document
    return LoadedEnvelope(
        path=path,
        envelope=envelope,
        golden_set=tuple(file.golden_set),
        document=document.data,
        digest=_digest(document.data),
        scorers={
            item.name: _scorer_id(item, metrics.plugins[item.name]) for item in envelope.instruments
        },
        places=places,
        plugins=metrics.plugins,
        source=document,
        unchecked=metrics.unchecked,
        canary=plan,
    )


def _sentinel(
    file: EnvelopeFile, snapshots: Mapping[Arm, Snapshot], problems: Problems
) -> Sentinel | None:
    """Return what watches the baseline; a candidate has nothing of the kind."""
    sentinel_of(file.candidate, None, Arm.CANDIDATE, problems)
    if file.baseline is None:
        return None
    return sentinel_of(file.baseline, snapshots[Arm.BASELINE], Arm.BASELINE, problems)


def _with_drift(places: Mapping[str, Place], problems: Problems) -> dict[str, Place]:
    """Return where each bound is written, with the one that the key ``drift`` makes."""
    if DRIFT in places:
        problems.add(("bounds",), f"a bound is named {DRIFT!r}, as the key is; give it a name:")
    return {**places, DRIFT: problems.document.place((DRIFT,))}


def _refuse_misfits(envelope: Envelope, problems: Problems) -> None:
    """Note what is sound by itself, and does not go with the rest of the envelope."""
    if envelope.sentinel is not None and not envelope.watched:
        problems.add(
            (Arm.BASELINE.value, "sentinel"),
            "a sentinel watches deltas of rates and scores, and no bound is one; leave it out",
        )
    if envelope.noisy_repeats is None:
        return
    if Arm.BASELINE in envelope.live:
        problems.add(
            ("repeats",), "noise-aware needs a recorded baseline, and this one is asked live"
        )
    _refuse_late_noise(envelope, problems)


def _refuse_late_noise(envelope: Envelope, problems: Problems) -> None:
    """Note a delta whose values are known only when all samples are there."""
    for bound in envelope.bounds:
        asks = bound.metric.instrument in envelope.consulted
        if asks and bound.limit.kind is LimitKind.DELTA:
            problems.add(
                ("repeats",),
                f"noise-aware looks at the baseline before the candidate is asked, and {bound.metric.name} "
                "asks somebody about the answers afterwards; write a number",
            )
            return


def _named_once(
    found: Sequence[WrittenBound], problems: Problems
) -> tuple[tuple[Bound, ...], dict[str, Place]]:
    """Return the bounds under names of their own, and where each is written.

    Two bounds on one metric and slice share the default name; the one that compares then takes
    the kind of its limit behind it.
    """
    bounds: list[Bound] = []
    places: dict[str, Place] = {}
    taken = Counter(bound.name for bound, _, _ in found)
    for bound, trail, named in found:
        name = bound.name
        if taken[name] > 1 and not named and bound.limit.kind is not LimitKind.ABSOLUTE:
            name = f"{name}.{bound.limit.kind}"
        if name in places:
            line = places[name].line
            problems.add(trail, f"a second bound named {name!r} (see line {line}); give it a name:")
        places[name] = problems.document.place(trail)
        bounds.append(replace(bound, name=name))
    return tuple(bounds), places


def _only(loaded: LoadedEnvelope, names: Sequence[str]) -> LoadedEnvelope:
    of_drift = loaded.envelope.drift_bound
    known = [bound.name for bound in loaded.envelope.bounds]
    known += [DRIFT] if of_drift is not None else []
    for name in names:
        if name not in known:
            hint = suggestion(name, known)
            raise UsageError(f"--only {name}: no such bound{hint} (known: {', '.join(known)})")
    chosen = tuple(bound for bound in loaded.envelope.bounds if bound.name in names)
    used = {bound.metric.instrument for bound in chosen}
    instruments = tuple(item for item in loaded.envelope.instruments if item.name in used)
    envelope = replace(
        loaded.envelope,
        bounds=chosen,
        instruments=instruments,
        metrics=(),
        drift_bound=of_drift if DRIFT in names else None,
    )
    if not envelope.watched:
        envelope = replace(envelope, sentinel=None)
    return replace(loaded, envelope=envelope, narrowed_to=tuple(names))


# ---------------------------------------------------------------- digests


def _digest(data: Json) -> str:
    """Return the digest of what the document demands, without where files lie."""
    assert isinstance(data, dict)
    meaning = {key: value for key, value in data.items() if key not in {"golden_set", CANARY}}
    for arm in Arm:
        if isinstance(snapshot := meaning.get(arm), dict):
            meaning[arm.value] = who_answers(snapshot)
    meaning |= demanded(meaning.pop(DRIFT, None))
    if isinstance(metrics := meaning.get("metrics"), dict):
        meaning["metrics"] = {name: _placeless(metric) for name, metric in metrics.items()}
    return digest(meaning)


def who_answers(snapshot: Mapping[str, Json]) -> dict[str, Json]:
    """Return what a snapshot says of who answers, without where on this machine anything lies."""
    found = {key: value for key, value in snapshot.items() if key not in NO_MEANING}
    if isinstance(function := found.get("function"), str):
        found["function"] = Path(function).name
    return found


def _placeless(metric: Json) -> Json:
    assert isinstance(metric, dict)
    found: dict[str, Json] = {**metric, "scorer": Path(str(metric["scorer"])).name}
    if isinstance(by := metric.get("by"), dict):
        found["by"] = who_answers(by)
    return found


def _scorer_id(instrument: Instrument, plugin: ScorerPlugin) -> str:
    """Return name and version of a scorer, with the digest of its file where it lies in one.

    For a scorer that asks somebody the digest of whom it asks, and by which options, stands behind it.
    """
    found = plugin.id
    if instrument.scorer.endswith(".py"):
        found += f":{sha256(Path(instrument.scorer).read_bytes()).hexdigest()[:12]}"
    if instrument.by is not None:
        by = replace(instrument.by, concurrency=1, timeout=1.0, prices=None)
        found += f":{digest([instrument.options, by])[:12]}"
    return found
