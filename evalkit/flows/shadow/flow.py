"""Production logs of both arms + envelope → tallies → verdict, hours, slices, cases to label."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evalkit.core.digest import canonical_json
from evalkit.core.drift import Drift
from evalkit.core.envelope import EVERYTHING
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.rounding import six_digits
from evalkit.core.run import Manifest, Origin
from evalkit.core.shadow import Join, Shadow, Traffic
from evalkit.core.spreading import Executor
from evalkit.core.verdict import Digests, Facts, SnapshotSummary, Verdict
from evalkit.flows.provenance import digests_of, manifest_of
from evalkit.flows.shadow.asked import Asked, refuse_stale, refuse_strange, refuse_to_sample
from evalkit.flows.shadow.courses import courses_of
from evalkit.flows.shadow.judging import Bounds, slices_of
from evalkit.flows.shadow.numbers import Numbers, numbers_of
from evalkit.flows.shadow.parts import Parts, finer, parts_of
from evalkit.flows.shadow.plan import (
    Measurable,
    ShadowPlan,
    Tallied,
    failures,
    measurable,
    metrics_of,
)
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
    logs = _logs(followed, asked)
    beside = partial(Sights, _rates(followed, logs.of), loaded.envelope.seed)
    plan = _plan(followed, logs, asked, beside=beside, code_root=code_root)
    with hands(logs.parts.parts, executor).kept() as kept:
        with tempfile.TemporaryDirectory(prefix="evalkit-shadow-") as scratch:
            tallied = tallies(
                logs.parts.parts, plan, kept, scratch=Path(scratch), progress=progress
            )
        sights = tallied.beside
        if not isinstance(sights, Sights):  # no part has one, or nobody looked at texts
            sights = beside()
        refuse_strange(tallied, asked)
        refuse_stale(tallied, asked, now)
        courses = tuple(courses_of(followed, logs.of, tallied, asked.join, kept))
        sampled = sampled_cases(plan, logs.parts, sights, asked, kept) if asked.sample else None
    drifted, cases, samples = drift_of(followed, sights, asked, reads=logs.numbers is None)
    verdict, traffic = _judged(
        followed, logs, tallied, sights,
        asked=asked, drifted=drifted, digests=digests_of(loaded, ""),
    )  # fmt: skip
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


def _judged(
    followed: LoadedEnvelope, logs: _Logs, tallied: Tallied, sights: Sights, *, asked: Asked,
    drifted: Drift, digests: Digests,
) -> tuple[Verdict, Traffic]:  # fmt: skip
    """Return the verdict on what was counted, and what traffic that was."""
    numbers = logs.numbers
    known = (
        Known.of_texts(tallied, sights) if numbers is None else Known.of_numbers(tallied, numbers)
    )
    bounds = Bounds(
        followed,
        logs.of,
        untagged=sights.untagged and numbers is None,
        unlabelled=asked.skip_labelled,
        whole_only=numbers is not None,
    )
    traffic = traffic_of(tallied, known, asked, logs.parts)
    facts = Facts(
        digests=digests,
        snapshots={arm: SnapshotSummary(None, known.models[arm]) for arm in Arm},
        arms=summaries(tallied, known),
        notes=tuple(notes(bounds, tallied, asked, traffic, logs.parts, numbers=numbers)),
        drift=drifted,
    )
    slices = {EVERYTHING: tallied.logs, **tallied.by_slice}
    drafts = list(bounds.drafts(slices, asked.join))
    return verdict_on(followed.envelope, drafts, facts), traffic


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


@dataclass(frozen=True, slots=True)
class _Logs:
    """The logs in parts, and what can be measured of them; ``numbers`` where they hold nothing else."""

    parts: Parts
    of: Measurable
    numbers: Numbers | None


def _logs(followed: LoadedEnvelope, asked: Asked) -> _Logs:
    """Return how the logs that are asked about are read.

    Raises:
        UsageError: cases are to be drawn from logs without texts.
    """
    of = measurable(followed)
    parts = parts_of(asked.sources, reader=asked.reader, mapped=asked.mapped)
    numbers = numbers_of(followed, of, parts, mapped=asked.mapped, arms=asked.arms)
    if numbers is None:
        return _Logs(finer(parts), of, None)
    refuse_to_sample(asked)
    return _Logs(parts, numbers.of, numbers)


def _rates(loaded: LoadedEnvelope, of: Measurable) -> tuple[str, ...]:
    """Return the names of the rates that can be read off logs."""
    read = (item for item in metrics_of(loaded.envelope) if item.name not in of.unmeasurable)
    return tuple(rate_metrics(tuple(read)))


def _plan(
    loaded: LoadedEnvelope, logs: _Logs, asked: Asked, *,
    beside: Callable[[], Sights], code_root: Path | None,
) -> ShadowPlan:  # fmt: skip
    numbers = logs.numbers
    return ShadowPlan(
        document=canonical_json(loaded.document),
        path=loaded.path,
        code_root=None if code_root is None else str(code_root),
        measures=(*logs.of.measures, *failures()) if numbers is None else logs.of.measures,
        arms=asked.arms,
        reader=logs.parts.reader,
        mapped=asked.mapped,
        skip_malformed=asked.skip_malformed,
        slices=slices_of(loaded.envelope.bounds) if numbers is None else (),
        since=asked.since,
        until=asked.until,
        paired=asked.join is not Join.NONE,
        columns=None if numbers is None else numbers.columns,
        beside=beside,
    )
