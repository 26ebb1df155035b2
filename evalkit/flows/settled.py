"""A run that is being collected → can its verdict still change?"""

from __future__ import annotations

from dataclasses import replace

from evalkit.core.errors import PatternError
from evalkit.core.model import Case
from evalkit.flows.inputs import asked_whole
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.aggregate import aggregate
from evalkit.stages.ledger import Answers, Ledger, paid, question
from evalkit.stages.score import score
from evalkit.stages.settled import is_bet_on, is_settled
from evalkit.stages.store import RunFolder


def verdict_is_settled(run: RunFolder, loaded: LoadedEnvelope, ledger: Ledger) -> bool:
    """Return whether what a run was answered so far settles its verdict.

    Args:
        run: the folder, with all cases and the samples that came by now.
        loaded: the envelope.
        ledger: the looks before this one, which it pays for.
    """
    envelope, manifest, answers = loaded.envelope, run.manifest(), Answers()
    everything = run.cases()
    cases: dict[str, Case] = everything
    if is_bet_on(envelope.bounds):
        cases = asked_whole(run, envelope, everything, replace(manifest, settled=True))
    if not cases or manifest.smoke or _waits_for_texts(loaded):
        return False
    samples = (sample for sample in run.samples(everything) if sample.case_id in cases)
    scored = score(answers.passing(samples), cases, envelope, loaded.plugins)
    try:
        table = aggregate(scored, cases, envelope, loaded.plugins, looks=manifest.asked)
    except PatternError:
        return False  # it is told when all are asked: with the pattern put right, they are judged
    key = question(loaded.document, manifest.digests.golden_set)
    bounds = paid(envelope, ledger.number(key, answers.digest)).bounds
    return is_settled(bounds, [table.exhibit_for(bound).evidence for bound in bounds])


def _waits_for_texts(loaded: LoadedEnvelope) -> bool:
    """Return whether something that can turn the gate is read off the texts of all cases together."""
    drift = loaded.envelope.drift_bound
    across = any(scorer.across is not None for scorer in loaded.plugins.values())
    return across or (drift is not None and drift.blocks)
