"""One snapshot is laid beside itself here: what is found between its own draws is noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.core.envelope import Bound, Envelope, Require
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm
from evalkit.core.noise import BoundNoise, NoiseFloor, Share
from evalkit.core.plan_phrases import noise_sentences
from evalkit.core.rounding import six_digits
from evalkit.stats import binomial
from evalkit.stats.arrays import FloatArray, IntArray
from evalkit.stats.dealing import comparable, dealt, pooled
from evalkit.stats.evidence import Evidence, Exhibit, Observed
from evalkit.stats.standing import Standing, alarms, standing

CONFIDENCE = 0.95
USUALLY = (0.05, 0.95)
"""Nine comparisons of ten lie between these quantiles."""


@dataclass(frozen=True, slots=True)
class _Deck:
    """The draws of one bound's cases that can be dealt, and where the cases stand in the set."""

    bound: Bound
    unit: str
    draws: Observed
    evidence: Evidence
    places: IntArray


def noise_floor(
    envelope: Envelope, exhibits: Sequence[Exhibit], *, how: str, comparisons: int, seed: int
) -> NoiseFloor:
    """Return what a snapshot differs from itself by, and how often the envelope would mind.

    Args:
        envelope: what is acceptable.
        exhibits: the samples of that snapshot for each bound, in one arm or in two.
        how: where the draws come from, in words.
        comparisons: how often they are dealt out anew.
        seed: of the dealing.

    Raises:
        UsageError: no case was drawn twice.
    """
    names = sorted({case_id for exhibit in exhibits for case_id in exhibit.case_ids})
    place = {case_id: number for number, case_id in enumerate(names)}
    decks = [
        _deck(bound, exhibit, place)
        for bound, exhibit in zip(envelope.bounds, exhibits, strict=True)
    ]
    most = max(int(np.bincount(deck.draws.case).max(initial=0)) for deck in decks)
    if most < 2:
        raise UsageError(
            "no case was drawn twice, so that nothing tells noise from change; record a second draw "
            "of each case, or name a second recording of the same snapshot with --again"
        )
    rng = np.random.default_rng(seed)
    runs = [
        _compared(decks, rng.random((len(names), most)), envelope.repeats)
        for _ in range(comparisons)
    ]
    return six_digits(_summed(envelope, decks, runs, how=how, cases=len(names)))


def _deck(bound: Bound, exhibit: Exhibit, place: dict[str, int]) -> _Deck:
    draws, evidence = pooled(exhibit.evidence), exhibit.evidence
    kept = comparable(draws, evidence.cases)
    chosen = replace(evidence, arms={Arm.BASELINE: draws}).among(kept)
    places = np.array([place[case_id] for case_id in exhibit.case_ids], np.int64)[kept]
    return _Deck(bound, exhibit.unit, chosen.arms[Arm.BASELINE], chosen, places)


@dataclass(frozen=True, slots=True)
class _Run:
    """One comparison: where every bound stood, and which were shown broken."""

    standings: list[Standing]
    broken: list[bool]


def _compared(decks: Sequence[_Deck], keys: FloatArray, candidate: int) -> _Run:
    standings = [
        standing(
            deck.bound,
            dealt(deck.draws, deck.evidence, keys[deck.places], candidate=candidate),
        )
        for deck in decks
    ]
    return _Run(standings, alarms([deck.bound for deck in decks], standings))


# ---------------------------------------------------------------- sums


def _summed(
    envelope: Envelope, decks: Sequence[_Deck], runs: Sequence[_Run], *, how: str, cases: int
) -> NoiseFloor:
    bounds = [_bound_noise(deck, runs, place) for place, deck in enumerate(decks)]
    blocking = [place for place, deck in enumerate(decks) if deck.bound.blocks]
    failed = [any(run.broken[place] for place in blocking) for run in runs]
    open_ = [any(_undecided(decks[place].bound, run, place) for place in blocking) for run in runs]
    alarm = _share(failed)
    blocked = _share([open_ and not fail for open_, fail in zip(open_, failed, strict=True)])
    noisiest = _noisiest(bounds)
    sentence, lead = noise_sentences(bounds, alarm, blocked, noisiest)
    return NoiseFloor(
        envelope=envelope.name,
        how=how,
        cases=cases,
        samples=max(deck.draws.samples for deck in decks),
        comparisons=len(runs),
        bounds=tuple(bounds),
        alarm=alarm,
        blocked=blocked,
        noisiest=noisiest,
        sentence=sentence,
        lead=lead,
    )


def _bound_noise(deck: _Deck, runs: Sequence[_Run], place: int) -> BoundNoise:
    bound = deck.bound
    values = np.array([run.standings[place].value for run in runs])
    measured = np.isfinite(values).all()
    low, high = (float(np.quantile(values, q)) if measured else None for q in USUALLY)
    return BoundNoise(
        **bound.heading,
        unit=deck.unit,
        labels=bound.metric.labels,
        low=low,
        high=high,
        width=_width(bound, low, high),
        broken=_share([run.broken[place] for run in runs]) if measured else None,
        undecided=_share([_undecided(bound, run, place) for run in runs]) if measured else None,
        detail="" if measured else "no value could be compared in at least one of the comparisons",
    )


def _width(bound: Bound, low: float | None, high: float | None) -> float | None:
    """Return how much of the acceptable region the noise takes, where the region has a width."""
    limit = bound.limit
    if limit.min is None or limit.max is None or limit.max == limit.min:
        return None
    return None if low is None or high is None else (high - low) / (limit.max - limit.min)


def _undecided(bound: Bound, run: _Run, place: int) -> bool:
    proven = bound.require is Require.PROVEN
    return proven and not run.standings[place].inside and not run.broken[place]


def _share(hits: Sequence[bool]) -> Share:
    count, of, alpha = sum(hits), len(hits), 1 - CONFIDENCE
    return Share(
        count, of, binomial.lower_limit(count, of, alpha), binomial.upper_limit(count, of, alpha)
    )


def _noisiest(bounds: Sequence[BoundNoise]) -> str | None:
    """Return the bound that was broken most often, or undecided most often where none was."""
    known = [bound for bound in bounds if bound.broken and bound.undecided]
    worst = max(
        known,
        key=lambda bound: (bound.broken.count, bound.undecided.count),  # type: ignore[union-attr]
        default=None,
    )
    if worst is None or not (worst.broken and worst.undecided):
        return None
    return worst.name if worst.broken.count + worst.undecided.count else None
