"""Envelope + environment → does everything that a gate needs work? One request an arm, no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evalkit.core.asking import Limits
from evalkit.core.checkup import Finding, Health
from evalkit.core.errors import EvalkitError
from evalkit.core.model import Arm, Case, Sample, Snapshot
from evalkit.core.ports import Provider, Request, Surroundings
from evalkit.core.registry import PROVIDERS
from evalkit.flows.inputs import recordings, sound_cases
from evalkit.spec.coverage import prompts
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.ask import Budget, LiveArm, ask
from evalkit.stages.cache import Forgetful

SENTINEL = "sentinel"


def endpoint_findings(loaded: LoadedEnvelope, surroundings: Surroundings) -> Iterator[Finding]:
    """Yield what each arm of an envelope answers to its first case.

    Raises:
        SpecError: the golden set is wrong.
    """
    cases = sound_cases(loaded)
    first = next(iter(cases.values()))
    envelope = loaded.envelope
    recorded = recordings(envelope)
    for arm in envelope.snapshots:
        if arm in recorded:
            there = recorded[arm].there
            text = f"recorded in {recorded[arm].source}" if there else "the recording is not there"
            yield Finding(arm.value, Health.SOUND if there else Health.BROKEN, text)
        if arm not in envelope.asked:
            continue
        name = arm.value if arm in envelope.live else SENTINEL
        snapshot = envelope.asked[arm]
        try:
            sample = _answer(loaded, arm, snapshot, first, surroundings)
        except EvalkitError as error:
            yield Finding(name, Health.BROKEN, str(error))
        else:
            yield _finding(name, snapshot, sample)


def _answer(
    loaded: LoadedEnvelope, arm: Arm, snapshot: Snapshot, case: Case, surroundings: Surroundings
) -> Sample:
    """Return what one arm answers to one case; it is asked once, and nothing is kept."""
    budget = Budget(Limits(requests=1))
    once = replace(surroundings, another=budget.another)
    provider = PROVIDERS.get(snapshot.provider).open(arm, snapshot, once)
    assert isinstance(provider, Provider)
    request = Request(arm, case, 0, prompts(loaded.envelope)[arm].messages(case))
    kept: list[Sample] = []
    live = LiveArm(provider, Forgetful(), 1, 1, lambda _: None)
    ask([[request]], {arm: live}, budget=budget, keep=kept.append)
    (sample,) = kept
    return sample


def _finding(name: str, snapshot: Snapshot, sample: Sample) -> Finding:
    if sample.error is not None:
        text = f"{snapshot.provider} gave no answer: {sample.error.message or sample.error.kind}"
        return Finding(name, Health.BROKEN, text)
    served = sample.model or "a model that does not say its name"
    took = "" if sample.latency_ms is None else f" in {sample.latency_ms:,.0f} ms"
    asked = snapshot.expected_model or snapshot.model
    text = f"{served} answered{took}"
    if sample.model is not None and asked is not None and sample.model != asked:
        return Finding(name, Health.LACKING, f"{text}, and was asked for as {asked}")
    return Finding(name, Health.SOUND, text)
