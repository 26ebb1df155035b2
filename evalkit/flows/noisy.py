"""A recorded baseline → how many draws of the candidate each case gets."""

from __future__ import annotations

from collections.abc import Callable

from evalkit.core.model import Arm
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.aggregate import aggregate, wanted_draws
from evalkit.stages.score import score
from evalkit.stages.store import RunFolder


def draws_by_number(run: RunFolder, loaded: LoadedEnvelope) -> Callable[[int], int]:
    """Return the draws of a case by its number in the run, as the judge will count them."""
    envelope, cases = loaded.envelope, run.cases()
    recorded = (sample for sample in run.samples(cases) if sample.arm is Arm.BASELINE)
    table = aggregate(
        score(recorded, cases, envelope, loaded.plugins), cases, envelope, loaded.plugins
    )
    wanted = wanted_draws(envelope, table.cases, table.arms[Arm.BASELINE]).tolist()
    by_id = {case.id: int(draws) for case, draws in zip(table.cases, wanted, strict=True)}
    by_number = [by_id[case_id] for case_id in cases]
    return by_number.__getitem__
