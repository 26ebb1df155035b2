"""Judged runs are laid beside each other: two of them in full, or all of an envelope over time.

Nothing is estimated here: what differs is looked up, never tested. That one interval lies higher than
another a month before is for a reader to see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from evalkit.core.comparison import (
    OTHER_NUMBER,
    Aspect,
    BoundBeside,
    Change,
    Era,
    Fate,
    FlipBeside,
    JudgedRun,
    Lineage,
    Point,
    Redefined,
    Step,
    TextChange,
    TwoRuns,
)
from evalkit.core.model import Arm
from evalkit.core.verdict import BoundResult, Digests, Estimate, SnapshotSummary, Verdict
from evalkit.core.wording import count_text

NOBODY = SnapshotSummary(None, ())


def changes(before: JudgedRun, after: JudgedRun) -> Iterator[Change]:
    """Yield what differs between two runs but for their answers."""
    old, new = before.verdict.facts, after.verdict.facts
    yield from _change(Aspect.GOLDEN_SET, "", old.digests.golden_set, new.digests.golden_set)
    yield from _change(Aspect.ENVELOPE, "", old.digests.envelope, new.digests.envelope)
    for arm in Arm:
        was, now = old.snapshots.get(arm, NOBODY), new.snapshots.get(arm, NOBODY)
        yield from _change(Aspect.SNAPSHOT, arm, was.requested, now.requested)
        yield from _change(Aspect.SERVED, arm, _names(was.served), _names(now.served))
        yield from _change(
            Aspect.PROMPT, arm, old.digests.prompts.get(arm), new.digests.prompts.get(arm)
        )
        yield from _change(
            Aspect.SCHEMA, arm, old.digests.schemas.get(arm), new.digests.schemas.get(arm)
        )
    for name in sorted(old.digests.scorers.keys() | new.digests.scorers.keys()):
        yield from _change(
            Aspect.SCORER, name, old.digests.scorers.get(name), new.digests.scorers.get(name)
        )
    yield from _change(Aspect.EVALKIT, "", before.manifest.evalkit, after.manifest.evalkit)


def _change(aspect: Aspect, name: str, before: str | None, after: str | None) -> Iterator[Change]:
    if before != after:
        yield Change(aspect, str(name), before, after)


def _names(served: Sequence[str]) -> str | None:
    return ", ".join(served) or None


# ---------------------------------------------------------------- one bound


def redefined(
    before: BoundResult, after: BoundResult, old: Digests, new: Digests
) -> tuple[Redefined, ...]:
    """Return what of a bound differs between two runs but for what they found."""
    pairs = {
        Redefined.METRIC: (before.metric, after.metric),
        Redefined.STATISTIC: (before.statistic, after.statistic),
        Redefined.SLICE: (before.on, after.on),
        Redefined.KIND_OF_LIMIT: (_sort(before), _sort(after)),
        Redefined.UNIT: ((before.kind, before.unit), (after.kind, after.unit)),
        Redefined.LIMIT: (_region(before), _region(after)),
        Redefined.SCORER: (_scorer(before, old), _scorer(after, new)),
        Redefined.CONFIDENCE: (_confidence(before, after), _confidence(after, before)),
        Redefined.SEVERITY: (before.severity, after.severity),
        Redefined.REQUIRE: (before.require, after.require),
        Redefined.SCOPE: (before.scope, after.scope),
    }
    return tuple(what for what, (was, now) in pairs.items() if was != now)


def _sort(bound: BoundResult) -> tuple[str, str | None]:
    return bound.limit.kind, bound.limit.distance


def _region(bound: BoundResult) -> tuple[float | None, float | None]:
    return bound.limit.min, bound.limit.max


def _scorer(bound: BoundResult, digests: Digests) -> str | None:
    """Return who scored a bound: the instrument of its metric, which may have several values."""
    return digests.scorers.get(bound.metric) or digests.scorers.get(bound.metric.rpartition(".")[0])


def _confidence(bound: BoundResult, other: BoundResult) -> float | None:
    """Return how sure an interval is, where the other run has one as well."""
    if isinstance(bound.judged, Estimate) and isinstance(other.judged, Estimate):
        return bound.judged.confidence
    return None


# ---------------------------------------------------------------- two runs


def two_runs(
    first: JudgedRun,
    second: JudgedRun,
    texts: Sequence[TextChange],
    cases: tuple[Collection[str], Collection[str]] | None,
) -> TwoRuns:
    """Return two runs beside each other.

    Args:
        first: the earlier run.
        second: the later one.
        texts: the texts that both folders hold and that differ.
        cases: the ids of the cases of both, where both folders have them.
    """
    found = tuple(changes(first, second))
    alone = None
    if cases is not None:
        ours, theirs = cases
        alone = (
            tuple(sorted(set(ours).difference(theirs))),
            tuple(sorted(set(theirs).difference(ours))),
        )
    bounds = tuple(_bounds(first.verdict, second.verdict))
    return TwoRuns(
        first=first,
        second=second,
        obstacles=tuple(_obstacles(first, second, found, alone)),
        changes=found,
        texts=tuple(texts),
        bounds=bounds,
        flips=tuple(_flips(first.verdict, second.verdict, bounds, alone)),
        cases=alone,
    )


def _obstacles(
    first: JudgedRun,
    second: JudgedRun,
    found: Sequence[Change],
    alone: tuple[Sequence[str], Sequence[str]] | None,
) -> Iterator[str]:
    """Yield what a reader must know before any number of two runs is laid beside another."""
    names = (first.verdict.envelope, second.verdict.envelope)
    if first.manifest.run == second.manifest.run:
        yield f"Both are the same run, {first.manifest.run}."
    if names[0] != names[1]:
        yield (
            f"They are of two envelopes, {names[0]} and {names[1]}: "
            "bounds of the same name need not mean the same."
        )
    aspects = {change.aspect: change for change in found}
    if Aspect.GOLDEN_SET in aspects:
        yield f"The golden sets differ{_by(alone)}: estimates are of different cases."
    yield from _baselines(found)
    scorers = [change.name for change in found if change.aspect is Aspect.SCORER]
    if scorers:
        yield f"They were not scored alike: {', '.join(scorers)}."
    for place, run in (("first", first), ("second", second)):
        yield from _parts(place, run)
    yield from _draws(first.verdict, second.verdict)


def _parts(place: str, run: JudgedRun) -> Iterator[str]:
    """Yield what is not whole about one of the runs."""
    facts, manifest = run.verdict.facts, run.manifest
    if manifest.smoke or facts.smoke:
        why = f" ({manifest.smoke})" if manifest.smoke else ""
        yield f"The {place} is a smoke run{why}."
    if manifest.partial:
        yield f"The {place} was judged on a part of its cases."
    for arm, why in facts.stopped.items():
        yield f"The {arm} of the {place} could not be asked to the end: {why}"


def _by(alone: tuple[Sequence[str], Sequence[str]] | None) -> str:
    if alone is None:
        return ""
    only = [len(cases) for cases in alone]
    if not any(only):
        return ", in cases of the same ids"
    return f", {count_text(only[0], 'case')} only in the first and {only[1]:,} only in the second"


def _baselines(found: Sequence[Change]) -> Iterator[str]:
    other = [
        str(change.aspect)
        for change in found
        if change.name == Arm.BASELINE and change.aspect is not Aspect.SCORER
    ]
    if other:
        yield (
            f"The baselines differ ({', '.join(other)}): "
            "bounds that compare with it, and flips, are against different answers."
        )


def _draws(first: Verdict, second: Verdict) -> Iterator[str]:
    """Yield the arms that were not drawn as often, in the digits that a report shows."""
    one, two = (
        {
            arm: f"{facts.samples / facts.cases:.3g}"
            for arm, facts in verdict.facts.arms.items()
            if facts.cases
        }
        for verdict in (first, second)
    )
    for arm, often in one.items():
        if two.get(arm, often) != often:
            yield f"A case has {often} samples of the {arm} in the first, {two[arm]} in the second."


def _bounds(first: Verdict, second: Verdict) -> Iterator[BoundBeside]:
    """Yield the bounds in the order of the second run; those it has lost come last."""
    before = {bound.name: bound for bound in first.bounds}
    for bound in second.bounds:
        was = before.pop(bound.name, None)
        changed = redefined(was, bound, first.facts.digests, second.facts.digests) if was else ()
        yield BoundBeside(bound.name, was, bound, changed)
    for name, was in before.items():
        yield BoundBeside(name, was, None)


def _flips(
    first: Verdict,
    second: Verdict,
    bounds: Collection[BoundBeside],
    alone: tuple[Collection[str], Collection[str]] | None,
) -> Iterator[FlipBeside]:
    """Yield the flips of the second run, then those of the first that it does not have."""
    one, two = (
        {(flip.bound, flip.case, flip.kind): flip for flip in verdict.facts.flips}
        for verdict in (first, second)
    )
    same = {item.name for item in bounds if item.same_number}
    theirs, ours = (frozenset(cases) for cases in alone) if alone else (frozenset[str](),) * 2
    for key, flip in two.items():
        comparable = flip.bound in same and flip.case not in ours
        fate = Fate.BOTH if key in one else Fate.NEW if comparable else Fate.APART
        yield FlipBeside(flip, fate, first=False)
    for key, flip in one.items():
        if key not in two:
            comparable = flip.bound in same and flip.case not in theirs
            yield FlipBeside(flip, Fate.GONE if comparable else Fate.APART, first=True)


# ---------------------------------------------------------------- many runs


def lineage(
    envelope: str,
    runs: Sequence[JudgedRun],
    *,
    bounds: Collection[str] = (),
    last: int | None = None,
) -> Lineage:
    """Return the runs of one envelope over time.

    Args:
        envelope: its name.
        runs: oldest first.
        bounds: the bounds that are wanted; all of them where none is named.
        last: of how many runs, the newest; the changes of the first of them are since the one before.
    """
    steps = [Step(1, runs[0], ())]
    for number, (before, after) in enumerate(pairwise(runs), start=2):
        steps.append(Step(number, after, tuple(changes(before, after))))
    earlier = 0 if last is None else max(0, len(steps) - last)
    eras = [
        Era(era.name, kept)
        for era in _eras(steps, bounds)
        if (kept := tuple(point for point in era.points if point.number > earlier))
    ]
    return Lineage(envelope, tuple(steps[earlier:]), tuple(eras), earlier)


def _eras(steps: Sequence[Step], wanted: Collection[str]) -> Iterator[Era]:
    """Yield the eras of each bound, in the order in which the newest run that has it names it."""
    points: dict[str, list[Point]] = {}
    digests: dict[str, Digests] = {}
    for step in steps:
        found = step.run.verdict
        for bound in found.bounds:
            if wanted and bound.name not in wanted:
                continue
            before = points.setdefault(bound.name, [])
            changed = (
                redefined(before[-1].bound, bound, digests[bound.name], found.facts.digests)
                if before
                else ()
            )
            before.append(Point(step.number, bound, changed))
            digests[bound.name] = found.facts.digests
    order = {
        bound.name: (-step.number, place)
        for step in steps
        for place, bound in enumerate(step.run.verdict.bounds)
    }
    for name in sorted(points, key=order.__getitem__):
        era: list[Point] = []
        for point in points[name]:
            if era and not OTHER_NUMBER.isdisjoint(point.redefined):
                yield Era(name, tuple(era))
                era = []
            era.append(point)
        yield Era(name, tuple(era))
