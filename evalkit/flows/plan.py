"""Golden set + envelope + whatever was recorded → what the golden set can show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace

from evalkit.core.asking import Forecast
from evalkit.core.envelope import Bound, Envelope
from evalkit.core.errors import SpecError, UsageError, suggestion
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.plan import Plan
from evalkit.flows.forecasts import Forecasts
from evalkit.flows.inputs import recordings, sound_cases, uncovered
from evalkit.flows.judgements import answers_of
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.aggregate import Table, aggregate, wanted_draws
from evalkit.stages.collect import collect
from evalkit.stages.consult import NO_JUDGEMENT
from evalkit.stages.consult.kept import Judgements, consulted
from evalkit.stages.plan import Ground, plan
from evalkit.stages.plan.bounds import Size
from evalkit.stages.plan.price import Meter
from evalkit.stages.score import score, unanswered
from evalkit.stages.store import RunFolder
from evalkit.stats.evidence import Exhibit

USUAL_DRAWS = 5
"""A baseline that is yet to be recorded gets so many draws a case."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan is asked for.

    ``assumed`` states, by the name of a bound, the rate that an unchanged candidate has, or the
    share of cases on which it differs; ``aim`` is the chance it should have; ``parallel`` is how
    many calls run at a time.
    """

    assumed: Mapping[str, float]
    aim: float
    parallel: int
    pilot: RunFolder | None = None


def plan_gate(loaded: LoadedEnvelope, question: Question) -> Plan:
    """Return what the golden set can show about every bound of an envelope.

    Raises:
        SpecError: with every problem of every file.
        UsageError: something is assumed about a bound that does not exist.
    """
    envelope = loaded.envelope
    _refuse_strangers(envelope, question.assumed)
    cases = sound_cases(loaded)
    prices = {arm: part.prices for arm, part in envelope.snapshots.items() if part.prices}
    meter = Meter(prices)
    seen = cases if question.pilot is None else question.pilot.cases()
    forecasts = Forecasts(envelope, loaded.plugins, cases)
    samples = forecasts.passing(meter.passing(_samples(loaded, seen, question.pilot)))
    answers = (
        nullcontext(unanswered) if question.pilot is None else answers_of(question.pilot, loaded)
    )
    with answers as found:
        scored = score(samples, seen, envelope, loaded.plugins, found)
        table = aggregate(scored, seen, envelope, loaded.plugins)
    price = meter.price(_calls(envelope, len(cases), table), parallel=question.parallel)
    draws = _draws_to_come(envelope, meter.draws, pilot=question.pilot is not None)
    return plan(
        envelope,
        list(_grounds(envelope, list(cases.values()), table if meter.draws else None)),
        cases=len(cases),
        price=replace(price, judged=_judged(envelope, forecasts, draws, question.pilot)),
        assumed=question.assumed,
        baseline_draws=meter.draws.get(Arm.BASELINE, _usual_draws(envelope)),
        aim=question.aim,
    )


def _samples(
    loaded: LoadedEnvelope, cases: Mapping[str, Case], pilot: RunFolder | None
) -> Iterator[Sample]:
    """Yield the samples of a pilot run, or else those that the envelope's recordings hold by now."""
    if pilot is not None:
        problems = uncovered(loaded, cases.values(), str(pilot.path))
        if problems:
            raise SpecError(problems)
        yield from pilot.samples(cases)
        return
    there = {arm: found for arm, found in recordings(loaded.envelope).items() if found.there}
    yield from collect(there, cases.keys())


def _grounds(envelope: Envelope, cases: Sequence[Case], table: Table | None) -> Iterator[Ground]:
    for bound in envelope.bounds:
        size = _size(bound, cases)
        if table is None:
            yield Ground(None, size, bound.metric.unit)
            continue
        exhibit = table.exhibit_for(bound)
        seen = exhibit.evidence.cases and not _is_unanswered(exhibit)
        yield Ground(exhibit if seen else None, size, exhibit.unit)


def _is_unanswered(exhibit: Exhibit) -> bool:
    """Return whether nothing was measured because nobody was asked about the samples yet."""
    reasons = {reason for arm in exhibit.gaps.values() for reason in arm}
    return NO_JUDGEMENT.reason in reasons and all(
        seen.missing == seen.samples for seen in exhibit.evidence.arms.values()
    )


def _usual_draws(envelope: Envelope) -> int:
    return envelope.repeats if Arm.BASELINE in envelope.live else USUAL_DRAWS


def _size(bound: Bound, cases: Sequence[Case]) -> Size:
    inside = [case for case in cases if bound.slice.holds(case.tags, case.metadata)]
    alone = sum(case.cluster is None for case in inside)
    return Size(len(inside), alone + len({case.cluster for case in inside} - {None}))


def _calls(envelope: Envelope, cases: int, table: Table) -> dict[Arm, float]:
    """Return the calls of the candidate and of a live baseline; of a recorded one its sentinel's."""
    each = wanted_draws(envelope, table.cases, table.arms.get(Arm.BASELINE))
    calls = {Arm.CANDIDATE: cases * float(each.mean())}
    if Arm.BASELINE in envelope.live:
        calls[Arm.BASELINE] = cases * float(envelope.repeats)
    elif envelope.sentinel is not None:
        calls[Arm.BASELINE] = float(round(cases * envelope.sentinel.share))
    return calls


def _draws_to_come(envelope: Envelope, seen: Mapping[Arm, int], *, pilot: bool) -> dict[Arm, int]:
    """Return how many draws a case an arm will have whose samples are not those of its recording."""
    draws = dict.fromkeys(envelope.live, envelope.most_repeats)
    for arm in envelope.snapshots.keys() - envelope.live:
        if pilot or arm not in seen:
            usual = USUAL_DRAWS if arm is Arm.BASELINE else envelope.most_repeats
            draws[arm] = seen.get(arm, usual)
    return draws


def _judged(
    envelope: Envelope, forecasts: Forecasts, draws: Mapping[Arm, int], pilot: RunFolder | None
) -> dict[str, Forecast]:
    """Return what is asked about the samples, at the price of the pilot's judgements where it has some."""
    found = dict(forecasts.all(draws))
    if pilot is None or not found:
        return found
    prices = {name: by.prices for name, by in envelope.consulted.items()}
    with Judgements(pilot.judgements_path) as there:
        for name, paid in consulted(there, prices).items():
            if paid.answers and paid.cost_usd is not None:
                each = paid.cost_usd / paid.answers
                found[name] = replace(found[name], cost_usd=found[name].requests * each)
    return found


def _refuse_strangers(envelope: Envelope, assumed: Mapping[str, float]) -> None:
    names = [bound.name for bound in envelope.bounds]
    for name in assumed:
        if name not in names:
            raise UsageError(f"--assume: there is no bound {name!r}{suggestion(name, names)}")
