"""What a reader looks up: what is missing and why, what no bound names, where all came from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.core.envelope import Kind
from evalkit.core.model import Arm
from evalkit.core.run import Manifest
from evalkit.core.verdict import (
    ArmSummary,
    Estimate,
    MetricResult,
    Result,
    SliceResult,
    Unmeasured,
)
from evalkit.core.wording import SPACE, count_text, difference_text, value_text
from evalkit.report.text.safe import one_line
from evalkit.report.view import View

MOST_NAMES, MOST_NAME, MOST_TAG = 8, 120, 60


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """How many samples of an arm are missing for one reason."""

    arm: Arm
    name: str
    error: str
    missing: str
    samples: str
    share: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why bounds could not be measured, and which."""

    detail: str
    bounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric that no bound uses."""

    name: str
    statistic: str
    baseline: str
    candidate: str
    interval: str
    n: str


@dataclass(frozen=True, slots=True)
class SliceRow:
    """A metric on a tag that no bound names for it."""

    metric: str
    on: str
    baseline: str
    candidate: str
    interval: str
    change: str
    n: str


@dataclass(frozen=True, slots=True)
class Source:
    """One line of the provenance; ``exact`` text is to be copied, not to be read."""

    name: str
    text: str
    exact: bool = False


def error_rows(view: View) -> tuple[ErrorRow, ...]:
    """Return the missing samples of each arm by reason; nothing if none is missing."""
    arms = view.verdict.facts.arms
    if not any(summary.missing for summary in arms.values()):
        return ()
    return tuple(row for arm, summary in arms.items() for row in _errors(view, arm, summary))


def _errors(view: View, arm: Arm, summary: ArmSummary) -> Iterator[ErrorRow]:
    for error, count in summary.errors.items() if summary.missing else [("", 0)]:
        share = count / summary.samples if summary.samples else 0.0
        yield ErrorRow(
            arm=arm,
            name=_own_name(view, arm),
            error=error.replace("_", " ") or "none",
            missing=f"{count:,}",
            samples=f"{summary.samples:,}",
            share=value_text(share, Kind.RATE, ""),
        )


def _own_name(view: View, arm: Arm) -> str:
    name = view.names.get(arm, "")
    return "" if name == arm else name


def causes(view: View) -> tuple[Cause, ...]:
    """Return why bounds were not measured, each reason once."""
    found: dict[str, list[str]] = {}
    for row in view.rows:
        judged = row.bound.judged
        if row.bound.result is Result.UNMEASURED and isinstance(judged, Unmeasured):
            found.setdefault(judged.detail, []).append(row.title)
    return tuple(Cause(detail, tuple(bounds)) for detail, bounds in found.items())


def metric_rows(view: View) -> tuple[MetricRow, ...]:
    """Return the metrics that no bound uses."""
    return tuple(_metric(metric) for metric in view.verdict.metrics)


def _metric(metric: MetricResult) -> MetricRow:
    found = metric.candidate
    return MetricRow(
        name=metric.name,
        statistic=metric.statistic,
        baseline=_value(metric, metric.baseline),
        candidate=_value(metric, found),
        interval=_interval(metric, found),
        n="" if isinstance(found, Unmeasured) else f"{found.n:,}",
    )


def _interval(metric: MetricResult | SliceResult, found: Estimate | Unmeasured) -> str:
    if isinstance(found, Unmeasured):
        return found.detail
    low, high = (value_text(end, metric.kind, metric.unit) for end in (found.lower, found.upper))
    return _from_to(low, high)


def _from_to(low: str, high: str) -> str:
    """Return both ends of an interval, a unit that they share once."""
    number, _, unit = low.rpartition(SPACE)
    shared = number and high.endswith(f"{SPACE}{unit}")
    return f"{number if shared else low} to {high}"


def _value(metric: MetricResult | SliceResult, estimate: Estimate | Unmeasured | None) -> str:
    if not isinstance(estimate, Estimate):
        return "no value" if estimate is not None else ""
    return value_text(estimate.value, metric.kind, metric.unit)


def slice_rows(view: View) -> tuple[SliceRow, ...]:
    """Return the metrics on tags that no bound names, metric by metric, the lowest value first."""
    places = {
        (part.metric, part.statistic): place for place, part in enumerate(view.verdict.slices)
    }

    def order(part: SliceResult) -> tuple[int, float, str]:
        found = part.candidate
        value = math.inf if isinstance(found, Unmeasured) else found.value
        return places[part.metric, part.statistic], value, part.on

    return tuple(_slice(part) for part in sorted(view.verdict.slices, key=order))


def _slice(part: SliceResult) -> SliceRow:
    found, effect, change = part.candidate, part.effect, ""
    if isinstance(effect, Estimate):
        low, high = (difference_text(x, part.kind, part.unit) for x in (effect.lower, effect.upper))
        value = difference_text(effect.value, part.kind, part.unit)
        change = f"{value} [{_from_to(low, high)}]"
    return SliceRow(
        metric=part.metric if part.kind is Kind.RATE else f"{part.metric}, {part.statistic}",
        on=one_line(part.on, most=MOST_TAG),
        baseline=_value(part, part.baseline),
        candidate=_value(part, found),
        interval=_interval(part, found),
        change=change,
        n="" if isinstance(found, Unmeasured) else f"{found.n:,}",
    )


# ---------------------------------------------------------------- provenance


def provenance(view: View, manifest: Manifest) -> tuple[Source, ...]:
    """Return where a verdict came from, without the lines that have nothing to say."""
    return tuple(source for source in _sources(view, manifest) if source.text)


def _sources(view: View, manifest: Manifest) -> Iterator[Source]:
    digests = view.verdict.facts.digests
    yield Source("run", manifest.run, exact=True)
    yield Source("created", manifest.created)
    yield Source("smoke run", manifest.smoke)
    yield Source("envelope", f"{view.verdict.envelope} · {manifest.envelope}")
    yield Source("envelope digest", digests.envelope, exact=True)
    yield Source("golden set", " · ".join(manifest.golden_set))
    yield Source("golden set digest", digests.golden_set, exact=True)
    for arm, snapshot in view.verdict.facts.snapshots.items():
        requested = snapshot.requested or "no model by name"
        served = _served(snapshot.served)
        yield Source(arm, f"requested {requested}, served {served}")
        if arm in view.verdict.facts.arms:
            kept = manifest.kept.get(arm, 0)
            yield Source(f"{arm} samples", _samples(view.verdict.facts.arms[arm], kept))
        yield Source(f"{arm} prompts digest", digests.prompts.get(arm, ""), exact=True)
        yield Source(f"{arm} schema digest", digests.schemas.get(arm, ""), exact=True)
    scorers = [
        scorer if scorer.startswith(f"{name}@") else f"{name}: {scorer}"
        for name, scorer in digests.scorers.items()
    ]
    yield Source("scorers", " · ".join(scorers))
    for name, known in digests.calibrations.items():
        yield Source(f"labels of {name}, digest", known, exact=True)
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    yield Source("evalkit", f"{manifest.evalkit}{f' on {versions}' if versions else ''}")
    yield Source("seed", str(manifest.seed))
    yield Source("commit", manifest.commit or "", exact=True)


def _served(names: Sequence[str]) -> str:
    """Return what called itself by which name: an endpoint may say anything there, and ever anew."""
    shown = [one_line(name, most=MOST_NAME) or "an empty name" for name in names[:MOST_NAMES]]
    left = len(names) - len(shown)
    return ", ".join([*shown, *([f"{left:,} more"] if left else [])]) or "no name"


def _samples(summary: ArmSummary, kept: int) -> str:
    parts = [
        f"{summary.samples:,} of {count_text(summary.cases, 'case')}",
        f"{summary.missing:,} missing",
    ]
    if summary.unused:
        parts.append(f"{summary.unused:,} further ones not asked for")
    if kept:
        parts.append(f"{kept:,} answered before and not asked again")
    if summary.attempts is not None:
        parts.append(count_text(summary.attempts, "request"))
    if summary.cost_usd is not None:
        parts.append(value_text(summary.cost_usd, Kind.AMOUNT, "usd"))
    return ", ".join(parts)
