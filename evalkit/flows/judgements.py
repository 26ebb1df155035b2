"""Judgements of a run → what finds them for the scorers, and what a reader has to know of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from evalkit.core.lifecycle import Pin
from evalkit.core.model import Case, Snapshot
from evalkit.core.registry import PROVIDERS
from evalkit.core.run import Manifest
from evalkit.core.wording import count_text, money_text
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.pins import classified
from evalkit.stages.consult import Consultations
from evalkit.stages.consult.kept import Judgements, consulted
from evalkit.stages.score import Lookup, unanswered
from evalkit.stages.store import RunFolder


@contextmanager
def answers_of(run: RunFolder, loaded: LoadedEnvelope) -> Iterator[Lookup]:
    """Give what finds the answers of a run about its samples.

    Raises:
        SpecError: a file was changed by hand.
    """
    if not loaded.envelope.consulted:
        yield unanswered
        return
    with Judgements(run.judgements_path) as there:
        yield consultations_of(run, loaded, run.cases()).lookup(there)


def consulting_notes(run: RunFolder, loaded: LoadedEnvelope, manifest: Manifest) -> Iterator[str]:
    """Yield who was asked about the answers, at what price, and what is to be said against it."""
    envelope = loaded.envelope
    if not envelope.consulted:
        return
    prices = {name: by.prices for name, by in envelope.consulted.items()}
    with Judgements(run.judgements_path) as there:
        asked = consulted(there, prices)
    for name, by in envelope.consulted.items():
        found = asked[name]
        text = f"{name} is judged by {_called(by)}: {count_text(found.answers, 'answer')}"
        if found.failures:
            text += f", {count_text(found.failures, 'failure')}"
        if found.cost_usd:
            text += f", {money_text(found.cost_usd)}"
        if name in manifest.unasked:
            # What an endpoint says may hold anything; it stands in the manifest.
            text += f"; not to the end: {manifest.unasked[name].partition(':')[0]}"
        yield f"{text}."
        others = [model for model in found.served if model != (by.expected_model or by.model)]
        if by.model is not None and others:
            yield f"{name} asked for {by.model}, and {', '.join(others[:5])} answered."
        pin = classified(by, PROVIDERS.get(by.provider))
        if pin is not None and pin.pin is Pin.FLOATING:
            yield (
                f"{name} is measured by {by.model}, a name that can move to another model: what it "
                "says today it may not say tomorrow."
            )


def consultations_of(
    run: RunFolder, loaded: LoadedEnvelope, cases: Mapping[str, Case]
) -> Consultations:
    """Return what the instruments of an envelope ask about the samples of a run."""
    found = Consultations(loaded.envelope, loaded.plugins)
    if found.compare:
        found.see(run.samples(cases))
    return found


def _called(by: Snapshot) -> str:
    return by.provider if by.model is None else f"{by.provider} {by.model}"
