"""The ``canary`` key of an envelope becomes a plan: its own bounds are what a rollout is watched by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from evalkit.core.canary import CanaryPlan, Stage, Trigger, TriggerKind, Unwatched
from evalkit.core.canary_wording import span_text
from evalkit.core.digest import digest
from evalkit.core.envelope import Bound, Kind, Limit, LimitKind, Metric, Severity
from evalkit.core.errors import suggestion
from evalkit.core.model import Arm, Case, Sample, Snapshot, Unscored
from evalkit.core.ports import ScorerPlugin
from evalkit.core.wording import limit_text
from evalkit.spec.bounds import BoundReader
from evalkit.spec.document import Trail
from evalkit.spec.grammar import CanaryFile, EnvelopeFile
from evalkit.spec.metrics import Metrics
from evalkit.spec.problems import Problems
from evalkit.spec.prometheus import queries_of

CANARY = "canary"
ERRORS = "error_rate"
"""What every canary watches, whether a bound does or not."""
TOLERATED_ERRORS = 1.2
"""How many times the baseline's errors are tolerated where no bound says anything of them."""

MIN_DURATION, MAX_DURATION, LOOK = 3600.0, 86_400.0, 600.0
LOOKS_TO_STALE = 3
DETECT = 2.0
WORSE_THAN_TOLERATED = 1.5
NEGLIGIBLE = 0.001


def canary_of(
    file: EnvelopeFile,
    bounds: Sequence[Bound],
    metrics: Metrics,
    snapshots: Mapping[Arm, Snapshot],
    problems: Problems,
) -> CanaryPlan | None:
    """Return what the ``canary`` key says; nothing where there is none.

    Args:
        file: the whole envelope.
        bounds: its bounds, which are watched wherever they can be.
        metrics: where metrics come from.
        snapshots: the arms.
        problems: what is wrong is added to them.
    """
    written = file.canary
    if written is None:
        return None
    before = len(problems.found)
    stages = tuple(_stages(written, problems))
    reader = BoundReader(
        file.model_copy(update={"bounds": written.triggers}),
        metrics, snapshots, problems, at=(CANARY, "triggers"),
    )  # fmt: skip
    asked = [found.bound for found in reader.bounds()]
    watched, unwatched = _watched(written, bounds, asked, metrics, problems)
    watched += _errors(written, watched, metrics)
    _check_detect(watched, problems)
    if len(problems.found) > before:
        return None
    if not watched:
        problems.add((CANARY, "without"), "nothing is left to watch")
        return None
    confidence = written.confidence or file.confidence
    alpha = round(1 - confidence, 12)
    triggers = tuple(
        replace(trigger, alpha=alpha / (len(watched) * len(stages))) for trigger in watched
    )
    prometheus = queries_of(written.prometheus, triggers, problems)
    if len(problems.found) > before:
        return None
    used = {trigger.metric.instrument for trigger in triggers}
    look = written.look or LOOK
    plan = CanaryPlan(
        name=file.name,
        stages=stages,
        triggers=triggers,
        instruments=tuple(item for item in metrics.instruments if item.name in used),
        unwatched=tuple(unwatched),
        alpha=alpha,
        look=look,
        stale_after=written.stale_after or LOOKS_TO_STALE * look,
        negligible=NEGLIGIBLE if written.negligible is None else written.negligible.value,
        sample=1.0 if written.sample is None else written.sample.value,
        seed=file.seed,
        run=file.candidate.model or file.name,
        prometheus=prometheus,
    )
    return replace(plan, digest=_digest(plan, file.candidate.model))


def _digest(plan: CanaryPlan, model: str | None) -> str:
    """Return the digest of what evidence is gathered about; a run keeps to it."""
    watched = [
        {
            field.name: getattr(trigger, field.name)
            for field in fields(trigger)
            if field.name != "metric"
        }
        for trigger in plan.triggers
    ]
    read = [repr(replace(trigger.metric, calibration=None)) for trigger in plan.triggers]
    asked = [repr(item.options) for item in plan.instruments]
    # Where Prometheus is says nothing of what is counted there.
    queries = [replace(plan.prometheus, url="", token=None)] if plan.prometheus else []
    parts = [plan.stages, watched, read, asked, plan.look, plan.sample, plan.seed, model]
    return digest([*parts, *queries])


def _stages(written: CanaryFile, problems: Problems) -> Iterator[Stage]:
    last = 0.0
    for index, stage in enumerate(written.stages):
        trail: Trail = (CANARY, "stages", index)
        share = stage.share.value
        if share >= 1:
            problems.add(
                trail, "the whole traffic leaves no baseline to compare with; leave it out"
            )
        elif share <= last:
            problems.add(
                trail, f"expected more than the stage before, found {share:g} after {last:g}"
            )
        last = share
        least = stage.min_duration or written.min_duration or MIN_DURATION
        most = stage.max_duration or written.max_duration or max(MAX_DURATION, least)
        if most < least:
            own = stage.min_duration or stage.max_duration
            where: Trail = trail if own else (CANARY, "max_duration")
            text = f"{span_text(most)} is shorter than the min_duration, {span_text(least)}"
            problems.add(where, text)
        yield Stage(share, least, most)


# ---------------------------------------------------------------- what is watched


@dataclass(frozen=True, slots=True)
class _Refused:
    """A bound that is not watched, and why."""

    why: str


def _watched(
    written: CanaryFile,
    bounds: Sequence[Bound],
    asked: Sequence[Bound],
    metrics: Metrics,
    problems: Problems,
) -> tuple[list[Trigger], list[Unwatched]]:
    """Return the triggers of all bounds, and the bounds that have none.

    A trigger of the list takes the place of a bound of its name.
    """
    _check_without(written, [bound.name for bound in (*bounds, *asked)], problems)
    triggers = list(_of_list(written, asked, metrics, problems))
    unwatched: list[Unwatched] = []
    taken = {bound.name for bound in asked}
    for bound in bounds:
        if bound.name in taken:
            continue
        found: list[Trigger] | _Refused = _Refused("left out under without")
        if bound.name not in written.without:
            found = _triggers(bound, metrics, written, own=False)
        if isinstance(found, _Refused):
            unwatched.append(Unwatched(bound.name, found.why))
        else:
            triggers += found
    return triggers, unwatched


def _check_detect(triggers: Sequence[Trigger], problems: Problems) -> None:
    """Note a candidate that is to be found out although it is tolerated."""
    for trigger in triggers:
        if trigger.detect <= _times(trigger):
            problems.add(
                (CANARY, "detect"),
                f"expected more than the {_times(trigger):g} times that {trigger.name} tolerates, "
                f"found {trigger.detect:g}",
            )


def _check_without(written: CanaryFile, known: Sequence[str], problems: Problems) -> None:
    for index, name in enumerate(written.without):
        if name not in {*known, ERRORS}:
            hint = suggestion(name, known)
            listed = ", ".join(known)
            problems.add(
                (CANARY, "without", index), f"no such bound {name!r}{hint} (known: {listed})"
            )


def _of_list(
    written: CanaryFile, asked: Sequence[Bound], metrics: Metrics, problems: Problems
) -> Iterator[Trigger]:
    """Yield what the bounds under ``triggers`` watch."""
    seen: set[str] = set()
    for index, bound in enumerate(asked):
        found = _triggers(bound, metrics, written, own=True)
        trail: Trail = (CANARY, "triggers", index)
        if bound.name in seen:
            problems.add(trail, f"a second trigger named {bound.name!r}; give it a name:")
        seen.add(bound.name)
        if isinstance(found, _Refused):
            problems.add(trail, f"{bound.name} cannot be watched: {found.why}")
        else:
            yield from found


def _errors(written: CanaryFile, watched: Sequence[Trigger], metrics: Metrics) -> list[Trigger]:
    """Return the trigger on errors that every canary has, unless there is one or nobody wants it."""
    there = any(metrics.plugins[item.metric.instrument].name == ERRORS for item in watched)
    metric = None if there or ERRORS in written.without else metrics.named(ERRORS, (CANARY,))
    if metric is None:
        return []
    limit = Limit(LimitKind.RATIO, max=TOLERATED_ERRORS)
    return [
        Trigger(
            ERRORS, ERRORS, metric, TriggerKind.EVENTS, 0.0, tolerated=TOLERATED_ERRORS,
            detect=written.detect or DETECT, said=_said(metric.name, limit, metric.kind, metric.unit),
        )
    ]  # fmt: skip


def _triggers(
    bound: Bound, metrics: Metrics, written: CanaryFile, *, own: bool
) -> list[Trigger] | _Refused:
    """Return the triggers of a bound, one a side, or why it has none.

    Args:
        bound: what is acceptable.
        metrics: the scorers.
        written: the key.
        own: whether it stands under ``triggers``, where slices and warnings are meant.
    """
    why = _unwatchable(bound, metrics) or (None if own else _not_meant(bound))
    if why is not None:
        return _Refused(why)
    limit = bound.limit
    sides = [
        side
        for side in (
            None if limit.max is None else _above(bound, limit.max),
            None if limit.min is None else _below(bound, limit.min),
        )
        if side is not None
    ]
    if not sides:
        return _Refused("a lower limit of a quantile says nothing of what went wrong")
    both = len(sides) > 1
    return [
        replace(
            side,
            name=f"{bound.name}.{'above' if side.sign > 0 and not side.absence else 'below'}"
            if both
            else bound.name,
            slice=bound.slice,
            detect=written.detect or max(DETECT, WORSE_THAN_TOLERATED * _times(side)),
        )
        for side in sides
    ]


def _unwatchable(bound: Bound, metrics: Metrics) -> str | None:
    plugin = metrics.plugins[bound.metric.instrument]
    if bound.limit.kind is LimitKind.SHIFT:
        return "the distance of two distributions cannot be looked at again and again"
    if plugin.needs_reference or _asks_for_reference(plugin, bound.metric, metrics):
        return "it needs a reference answer, and live requests have none"
    if plugin.remote is not None:
        return "it asks somebody about every answer, which a canary does not wait for"
    if plugin.across is not None:
        return "it compares answers with each other"
    return None


def _asks_for_reference(plugin: ScorerPlugin, metric: Metric, metrics: Metrics) -> bool:
    """Return whether a scorer, as it was set up, says that it lacks a reference where none is."""
    [options] = [item.options for item in metrics.instruments if item.name == metric.instrument]
    if plugin.remote is not None or plugin.across is not None:
        return False
    try:
        score = plugin(Case("", ""), Sample("", Arm.CANDIDATE, output="1"), options[Arm.CANDIDATE])
    except Exception:  # noqa: BLE001 - a stranger's code; it is met again where requests are read
        return False
    return any(isinstance(v, Unscored) and v.reason == "no reference" for v in score.values)


def _not_meant(bound: Bound) -> str | None:
    if bound.severity is Severity.WARN:
        return "its severity is warn; list it under triggers to roll back on it"
    if not bound.slice.everything:
        return f"live requests may not be tagged {bound.slice.name}; list it under triggers if yours are"
    return None


# ---------------------------------------------------------------- one side of a limit


def _above(bound: Bound, most: float) -> Trigger:
    """Return what is watched of an upper limit."""
    limit, metric = bound.limit, bound.metric
    made = _bare(bound, Limit(limit.kind, max=most))
    if bound.statistic.quantile is not None:
        made = replace(made, kind=TriggerKind.BEYOND, limit=1 - bound.statistic.quantile)
        made = replace(made, quantile=bound.statistic.quantile)
        match limit.kind:
            case LimitKind.ABSOLUTE:
                return replace(made, threshold=most)
            case LimitKind.RATIO:
                return replace(made, stretch=most)
        return replace(made, shift=most)
    if metric.kind is Kind.RATE and limit.kind is LimitKind.ABSOLUTE:
        return replace(made, kind=TriggerKind.EVENTS, limit=most if 0 < most < 1 else None)
    if metric.kind is Kind.RATE and limit.kind is LimitKind.RATIO and most > 0:
        return replace(made, kind=TriggerKind.EVENTS, tolerated=most)
    return _compared(made, limit.kind, most)


def _below(bound: Bound, least: float) -> Trigger | None:
    """Return what is watched of a lower limit; of a quantile nothing."""
    limit, metric = bound.limit, bound.metric
    if bound.statistic.quantile is not None:
        return None
    made = replace(_bare(bound, Limit(limit.kind, min=least)), sign=-1)
    if metric.kind is Kind.RATE and limit.kind is LimitKind.ABSOLUTE:
        return replace(
            made, kind=TriggerKind.EVENTS, absence=True, sign=1,
            limit=1 - least if 0 < least < 1 else None,
        )  # fmt: skip
    return _compared(made, limit.kind, least)


def _bare(bound: Bound, side: Limit) -> Trigger:
    metric = bound.metric
    words = bound.statistic.name if metric.kind in {Kind.AMOUNT, Kind.TIME} else ""
    about = ", ".join(part for part in (metric.name, words) if part)
    of = f" on {bound.slice.name}" if bound.slice.name else ""
    return Trigger(
        bound.name, bound.name, metric, TriggerKind.MEAN, 0.0,
        said=_said(f"{about}{of}", side, metric.kind, metric.unit),
    )  # fmt: skip


def _times(trigger: Trigger) -> float:
    """Return how many times worse than the baseline a candidate may be; 1 where that is no ratio."""
    if trigger.kind is TriggerKind.EVENTS:
        return trigger.tolerated
    return trigger.factor if trigger.sign > 0 or trigger.factor <= 0 else 1 / trigger.factor


def _said(about: str, limit: Limit, kind: Kind, unit: str) -> str:
    return f"{about}: {limit_text(limit, kind, unit)}"


def _compared(made: Trigger, kind: LimitKind, value: float) -> Trigger:
    """Return a trigger on a mean: of values between two ends, or of such that have none."""
    bounded = made.metric.kind in {Kind.RATE, Kind.SCORE}
    made = replace(made, kind=TriggerKind.SCORE if bounded else TriggerKind.MEAN, tolerated=0.0)
    match kind:
        case LimitKind.ABSOLUTE:
            return replace(made, limit=value)
        case LimitKind.RATIO:
            return replace(made, factor=value)
    return replace(made, tolerated=made.sign * value)
