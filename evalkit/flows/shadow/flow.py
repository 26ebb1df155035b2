"""Production logs of both arms + envelope → tallies → verdict, hours, slices, cases to label."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from evalkit.core.digest import canonical_json
from evalkit.core.envelope import EVERYTHING, Metric
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.rounding import six_digits
from evalkit.core.run import Manifest, Origin
from evalkit.core.shadow import Join, Shadow
from evalkit.core.spreading import Executor
from evalkit.core.verdict import Facts, SnapshotSummary
from evalkit.flows.provenance import digests_of, manifest_of
from evalkit.flows.shadow.asked import Asked, refuse_stale, refuse_strange, refuse_to_sample
from evalkit.flows.shadow.courses import courses_of
from evalkit.flows.shadow.judging import Bounds, slices_of
from evalkit.flows.shadow.numbers import Numbers, numbers_of
from evalkit.flows.shadow.parts import Parts, finer, parts_of
from evalkit.flows.shadow.plan import Measurable, ShadowPlan, measurable, metrics_of
from evalkit.flows.shadow.tallies import Progress, hands, no_progress, tallies
from evalkit.flows.shadow.texts import drift_of, sampled_cases
from evalkit.flows.shadow.traffic import Known, notes, summaries, traffic_of
from evalkit.spec.document import Document
from evalkit.spec.envelope import LoadedEnvelope, envelope_of
from evalkit.stages.judge import verdict_on
from evalkit.stages.shadow.findings import found_slices, rate_metrics
from evalkit.stages.shadow.sights import Sights

FOLLOWED = ("error_rate", "refusal", "length", "format", "toxicity", "latency_ms", "cost_usd")
"""Scorers that read every answer of a log, whatever the envelope bounds; none needs a label."""

__all__ = ["Asked", "Told", "metric_names", "shadow"]


@dataclass(frozen=True, slots=True)
class Told:
    """What came out, and the texts that a report quotes: by case what was asked and answered."""

    shadow: Shadow
    manifest: Manifest
    cases: Mapping[str, Case]
    samples: Mapping[str, Mapping[Arm, Sample]]


def shadow(
    loaded: LoadedEnvelope,
    asked: Asked,
    executor: Executor,
    origin: Origin,
    *,
    now: float,
    code_root: Path | None = None,
    progress: Progress = no_progress,
) -> Told:
    """Judge production logs of both arms by an envelope.

    Args:
        loaded: the envelope; what is usually followed is measured beside its bounds.
        asked: which logs, and what of them.
        executor: who does the work.
        origin: what the manifest says about the circumstances.
        now: seconds since 1970, against which the age of the logs is held.
        code_root: the folder below which scorers in files may run.
        progress: is told how many parts are done, and of how many.

    Raises:
        SpecError: a log cannot be read, or too much of it is malformed.
        UsageError: no request of the logs belongs to an arm.
        MeasurementError: the logs are older than is allowed.
    """
    followed = _followed(loaded, code_root)
    of = measurable(followed)
    parts = parts_of(asked.sources, reader=asked.reader, mapped=asked.mapped)
    numbers = numbers_of(followed, of, parts, mapped=asked.mapped, arms=asked.arms)
    if numbers is not None:
        refuse_to_sample(asked)
        of = numbers.of
    else:
        parts = finer(parts)
    rates = tuple(rate_metrics(tuple(_measured(followed, of))))
    beside = partial(Sights, rates, loaded.envelope.seed)
    plan = _plan(followed, of, parts, asked, numbers)
    plan = replace(plan, code_root=None if code_root is None else str(code_root), beside=beside)
    with hands(parts.parts, executor).kept() as kept:
        with tempfile.TemporaryDirectory(prefix="evalkit-shadow-") as scratch:
            tallied = tallies(parts.parts, plan, kept, scratch=Path(scratch), progress=progress)
        sights = tallied.beside
        if not isinstance(sights, Sights):  # no part has one, or nobody looked at texts
            sights = beside()
        refuse_strange(tallied, asked)
        refuse_stale(tallied, asked, now)
        courses = tuple(courses_of(followed, of, tallied, asked.join, kept))
        sampled = sampled_cases(plan, parts, sights, asked, kept) if asked.sample else None
    known = Known.of_texts(sights) if numbers is None else Known.of_numbers(tallied, numbers)
    bounds = Bounds(
        followed,
        of,
        untagged=sights.untagged and numbers is None,
        unlabelled=asked.skip_labelled,
        whole_only=numbers is not None,
    )
    traffic = traffic_of(tallied, known, asked, parts)
    drifted, cases, samples = drift_of(followed, sights, asked, reads=numbers is None)
    facts = Facts(
        digests=digests_of(loaded, ""),
        snapshots={arm: SnapshotSummary(None, known.models[arm]) for arm in Arm},
        arms=summaries(tallied, known),
        notes=tuple(notes(bounds, tallied, asked, traffic, parts)),
        drift=drifted,
    )
    slices = {EVERYTHING: tallied.logs, **tallied.by_slice}
    verdict = verdict_on(followed.envelope, list(bounds.drafts(slices, asked.join)), facts)
    found = Shadow(
        verdict=verdict,
        traffic=traffic,
        courses=courses,
        slices=found_slices(sights.slices, rate_metrics(tuple(metrics_of(followed.envelope)))),
        sampled=sampled,
    )
    quoted = {item.case for item in drifted.giveaways}
    return Told(
        shadow=six_digits(found),
        manifest=manifest_of(loaded, origin, "", smoke=""),
        cases={name: case for name, case in cases.items() if name in quoted},
        samples={name: found for name, found in samples.items() if name in quoted},
    )


def metric_names(loaded: LoadedEnvelope) -> tuple[str, ...]:
    """Return the names under which a log may hold values of metrics."""
    return (*dict.fromkeys([*(item.name for item in metrics_of(loaded.envelope)), *FOLLOWED]),)


# ---------------------------------------------------------------- the plan


def _followed(loaded: LoadedEnvelope, code_root: Path | None) -> LoadedEnvelope:
    """Return an envelope that measures what is usually followed beside what it bounds."""
    assert isinstance(loaded.document, dict)
    given = loaded.document.get("metrics")
    metrics = dict(given) if isinstance(given, dict) else {}
    for name in FOLLOWED:
        metrics.setdefault(name, {"scorer": name})
    document = Document(loaded.path, {**loaded.document, "metrics": metrics})
    return envelope_of(document, loaded.path, code_root=code_root)


def _measured(loaded: LoadedEnvelope, of: Measurable) -> Iterator[Metric]:
    """Yield the metrics that can be read off logs."""
    return (item for item in metrics_of(loaded.envelope) if item.name not in of.unmeasurable)


def _plan(
    loaded: LoadedEnvelope, of: Measurable, parts: Parts, asked: Asked, numbers: Numbers | None
) -> ShadowPlan:
    return ShadowPlan(
        document=canonical_json(loaded.document),
        path=loaded.path,
        code_root=None,
        measures=of.measures,
        arms=asked.arms,
        reader=parts.reader,
        mapped=asked.mapped,
        skip_malformed=asked.skip_malformed,
        slices=slices_of(loaded.envelope.bounds) if numbers is None else (),
        since=asked.since,
        until=asked.until,
        paired=asked.join is not Join.NONE,
        columns=None if numbers is None else numbers.columns,
    )
