"""Golden set + envelope + the baseline's own draws → what the baseline differs from itself by."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import nullcontext
from dataclasses import replace

from evalkit.core.errors import ProviderError, UsageError
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.noise import NoiseFloor
from evalkit.core.ports import Recording
from evalkit.core.wording import count_text
from evalkit.flows.inputs import asked_whole, recordings, sound_cases
from evalkit.flows.judgements import answers_of
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.aggregate import aggregate
from evalkit.stages.collect import collect
from evalkit.stages.noise import noise_floor
from evalkit.stages.score import score, unanswered
from evalkit.stages.store import RunFolder

NO_BASELINE = "the envelope has no baseline: that is what is laid beside itself"
SECOND = 1_000_000
"""Draws of a second recording are counted from here, beyond any of the first."""


def twice_asked(loaded: LoadedEnvelope) -> LoadedEnvelope:
    """Return the envelope that asks a live baseline every case, at least twice, and nobody else.

    It is asked as the baseline that it is, so that all that is said of it names it so; in the place
    of the candidate, whom nobody asks, stands the baseline too.

    Raises:
        UsageError: there is no baseline.
    """
    envelope = loaded.envelope
    if envelope.baseline is None:
        raise UsageError(NO_BASELINE)
    alone = replace(
        envelope,
        candidate=envelope.baseline,
        live=frozenset({Arm.BASELINE}),
        repeats=max(2, envelope.repeats),
        noisy_repeats=None,
    )
    return replace(loaded, envelope=alone)


def asked_of(loaded: LoadedEnvelope) -> LoadedEnvelope:
    """Return what is asked of an envelope: its baseline alone, and nothing where that is recorded.

    Raises:
        UsageError: there is no baseline.
    """
    if Arm.BASELINE in loaded.envelope.live:
        return twice_asked(loaded)
    return replace(loaded, envelope=replace(loaded.envelope, live=frozenset(), sentinel=None))


def measure_noise(
    loaded: LoadedEnvelope,
    *,
    again: LoadedEnvelope | None,
    comparisons: int,
    asked: RunFolder | None = None,
) -> NoiseFloor:
    """Return the noise floor of every bound of an envelope.

    Args:
        loaded: the envelope.
        again: the same with a second recording as its baseline; without it, the draws of the first
            are dealt out to both arms.
        comparisons: how often they are dealt out anew.
        asked: the answers of a live baseline, collected under ``twice_asked``.

    Raises:
        SpecError: with every problem of every file.
        UsageError: there is no baseline, or no case was drawn twice.
        ProviderError: a live baseline could not be asked to the end.
    """
    envelope = replace(loaded.envelope, live=frozenset())  # whatever was asked is there by now
    if envelope.baseline is None:
        raise UsageError(NO_BASELINE)
    cases = sound_cases(loaded)
    spent = ""
    if asked is not None:
        cases, spent = _answered(asked, loaded, cases)
    draws = _draws(loaded, again, asked, cases.keys())
    judged = nullcontext(unanswered) if asked is None else answers_of(asked, loaded)
    with judged as answers:
        scored = score(draws, cases, envelope, loaded.plugins, answers)
        table = aggregate(scored, cases, envelope, loaded.plugins)
    exhibits = [table.exhibit_for(bound).only([Arm.BASELINE]) for bound in envelope.bounds]
    how = "the draws of two recordings" if again else "the baseline's draws"
    return noise_floor(
        envelope,
        exhibits,
        how=f"{how}, dealt out to both arms at random{spent}",
        comparisons=comparisons,
        seed=envelope.seed,
    )


def _answered(
    asked: RunFolder, loaded: LoadedEnvelope, cases: dict[str, Case]
) -> tuple[dict[str, Case], str]:
    """Return the cases that a live baseline was asked whole, and what is to be said of the others.

    Raises:
        ProviderError: it could not be asked to the end.
        UsageError: a limit was reached before any case was asked whole.
    """
    manifest = asked.manifest()
    for why in manifest.stopped.values():
        raise ProviderError(f"the baseline could not be asked to the end: {why}")
    whole = asked_whole(asked, twice_asked(loaded).envelope, cases, manifest)
    if not whole:
        raise UsageError(f"no case was asked twice before {manifest.spent} was reached")
    part = f"{len(whole):,} of {count_text(len(cases), 'case')}"
    return whole, f"; {part}, then {manifest.spent} was reached" if manifest.spent else ""


def _draws(
    loaded: LoadedEnvelope,
    again: LoadedEnvelope | None,
    asked: RunFolder | None,
    case_ids: Collection[str],
) -> Iterator[Sample]:
    """Yield every draw of the baseline; those of the second recording bear numbers of their own."""
    if asked is not None:
        for sample in asked.samples(asked.cases()):
            if sample.case_id in case_ids:
                yield sample
    else:
        yield from collect(_baseline(loaded), case_ids)
    if again is not None:
        for sample in collect(_baseline(again), case_ids):
            yield replace(sample, index=SECOND + sample.index)


def _baseline(loaded: LoadedEnvelope) -> dict[Arm, Recording]:
    return {Arm.BASELINE: recordings(loaded.envelope)[Arm.BASELINE]}
