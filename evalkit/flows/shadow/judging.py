"""What was counted of logs becomes a draft of each bound, for the judge that the gate has as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from evalkit.core.envelope import EVERYTHING, Bound, LimitKind, Severity, Slice
from evalkit.core.model import Arm
from evalkit.core.shadow import Join
from evalkit.core.verdict import Reason, Unmeasured
from evalkit.flows.shadow.plan import Measurable
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.aggregate import detector_of
from evalkit.stages.judge.drafts import Draft, Measured, drafted
from evalkit.stages.shadow.block import Measure
from evalkit.stages.shadow.claims import Claim, Matching, claims, matching, mistakes, read_with
from evalkit.stages.shadow.logs import Logs

NO_TAGS = "no request of these logs has tags"
OF_NUMBERS = "these logs hold numbers, and a slice is told by tags or metadata"
OF_SHIFT = "a shift compares whole distributions, which no tally keeps"
AS_LOGGED = ", values as logged"
"""Behind the method of a number that evalkit did not read off an answer itself."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of an envelope on logs: which of them can be measured, and why the others cannot.

    ``unlabelled`` says that the bounds which cannot be measured are left to the gate: they are named,
    and decide nothing here. ``whole_only`` says that nothing was counted by slice.
    """

    loaded: LoadedEnvelope
    of: Measurable
    untagged: bool
    unlabelled: bool
    whole_only: bool = False

    def lack(self, bound: Bound) -> str:
        """Return why a bound cannot be measured from logs; nothing where it can."""
        why = self.of.unmeasurable.get(bound.metric.name, "")
        if not why and bound.limit.kind is LimitKind.SHIFT:
            why = OF_SHIFT
        if not why and self.untagged and (bound.slice.any_of or bound.slice.all_of):
            why = NO_TAGS
        if not why and self.whole_only and bound.slice != EVERYTHING:
            why = OF_NUMBERS
        return why

    @property
    def left_to_gate(self) -> tuple[str, ...]:
        """The names of bounds that somebody has to judge elsewhere."""
        return tuple(bound.name for bound in self.loaded.envelope.bounds if self.lack(bound))

    def drafts(self, logs: Mapping[Slice, Logs], join: Join) -> Iterator[Draft]:
        """Yield what is known of each bound, in the envelope's order."""
        for bound in self.loaded.envelope.bounds:
            why = self.lack(bound)
            if why:
                yield self._unmeasured(bound, why)
            else:
                yield self._measured(bound, logs[bound.slice], join)

    def _unmeasured(self, bound: Bound, why: str) -> Draft:
        judged = replace(bound, severity=Severity.WARN) if self.unlabelled else bound
        missing = Unmeasured(Reason.NOT_IN_LOGS, f"not measurable from logs: {why}")
        return drafted(judged, missing, effect=missing if bound.limit.compares else None)

    def _measured(self, bound: Bound, logs: Logs, join: Join) -> Draft:
        metric, share = bound.metric, self.loaded.envelope.max_missing
        plugin = self.loaded.plugins[metric.instrument]
        own, other = self._measure(metric.name), self.of.fallbacks.get(metric.name)
        measure = own if other is None else read_with(logs, own, self._measure(other), share)
        value = metric.value if measure is own else metric.fallback or metric.value
        found = claims(bound, logs, measure, matched(logs, join), max_missing=share)
        logged = metric.name in self.of.as_logged
        judged = partial(_judged, guessed=measure is not own, behind=AS_LOGGED if logged else "")
        return drafted(
            bound,
            judged(found.candidate),
            baseline=judged(found.baseline),
            effect=None if found.effect is None else judged(found.effect),
            complete=_complete(found.complete),
            mistakes=mistakes(logs, measure, {item.name: item for item in self.of.measures}),
            unit=next(item.unit for item in plugin.values if item.name == value),
            detector=None if logged else detector_of(plugin, value),
        )

    def _measure(self, name: str) -> Measure:
        return next(measure for measure in self.of.measures if measure.name == name)


def matched(logs: Logs, join: Join) -> Matching:
    """Return how the arms of some logs belong together, as far as that is to be made use of."""
    judged = {Join.AUTO: tuple(Arm), Join.PART: (Arm.CANDIDATE,), Join.NONE: ()}[join]
    return matching(logs, judged)


def slices_of(envelope_bounds: tuple[Bound, ...]) -> tuple[Slice, ...]:
    """Return the slices that bounds speak about, each once, without the whole traffic."""
    found = dict.fromkeys(bound.slice for bound in envelope_bounds)
    return tuple(part for part in found if part != EVERYTHING)


def _judged(claim: Claim, *, guessed: bool, behind: str) -> Measured | Unmeasured:
    if isinstance(claim, Unmeasured):
        return claim
    engine, estimate = claim
    return Measured(
        engine,
        replace(
            estimate,
            approximate=estimate.approximate or guessed,
            method=f"{estimate.method}{behind}",
        ),
    )


def _complete(claim: Claim | None) -> Measured | None:
    if claim is None or isinstance(claim, Unmeasured):
        return None
    return Measured(*claim)
