"""What a shadow does with texts: some answers are compared, some requests become cases to label."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from evalkit.core.drift import Drift
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.records import case_record
from evalkit.core.shadow import CaseSample
from evalkit.core.spreading import Executor
from evalkit.core.traffic import Logged
from evalkit.files.writing import write_lines
from evalkit.flows.shadow.asked import Asked
from evalkit.flows.shadow.parts import Parts
from evalkit.flows.shadow.plan import ShadowPlan
from evalkit.flows.shadow.reading import logged_of_part
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.drift import drift
from evalkit.stages.drift.texts import Texts
from evalkit.stages.shadow.picks import drawn, wanted
from evalkit.stages.shadow.sights import Sights


def drift_of(
    loaded: LoadedEnvelope, sights: Sights, asked: Asked, *, reads: bool
) -> tuple[Drift, dict[str, Case], dict[str, dict[Arm, Sample]]]:
    """Return what the texts of both arms differ by, on some requests that both answered."""
    both = [answers for answers in sights.texts.values() if len(answers) == len(Arm)]
    cases = {
        logged.sample.case_id: _case(logged)
        for answers in both
        for logged in [answers[Arm.CANDIDATE]]
    }
    samples = {
        answers[Arm.CANDIDATE].sample.case_id: {
            arm: replace(logged.sample, arm=arm, index=0) for arm, logged in answers.items()
        }
        for answers in both
    }
    wanted_texts = reads and asked.reads_texts and loaded.envelope.reads_texts
    texts = Texts(cases, loaded.envelope.seed) if wanted_texts else None
    if texts is not None:
        for _ in texts.passing(sample for found in samples.values() for sample in found.values()):
            pass
    return drift(texts, seed=loaded.envelope.seed), cases, samples


def _case(logged: Logged) -> Case:
    return Case(
        id=logged.sample.case_id,
        input="" if logged.input is None else logged.input,
        reference=logged.reference,
        tags=logged.tags,
        cluster=logged.user,
        metadata=logged.metadata,
    )


# ---------------------------------------------------------------- cases to label


def sampled_cases(
    plan: ShadowPlan, parts: Parts, sights: Sights, asked: Asked, executor: Executor
) -> CaseSample:
    """Write requests into a new golden set; the logs are read once more for what was asked."""
    assert asked.golden is not None, "who asks for cases says where to"
    strata = sights.requests.strata()
    names = frozenset(wanted(strata, asked.sample))
    task = partial(_asked_in, plan=replace(plan, beside=None), names=names)
    found: dict[str, Logged] = {}
    for part in executor.results(task, parts.parts):
        for name, logged in part.items():
            found.setdefault(name, logged)
    cases = drawn(strata, found, asked.sample, share=sights.requests.share)
    asked.golden.parent.mkdir(parents=True, exist_ok=True)
    write_lines(asked.golden, (case_record(case) for case in cases.cases))
    return CaseSample(
        path=str(asked.golden),
        cases=len(cases.cases),
        alike=cases.alike,
        without_input=cases.without_input,
        strata=cases.strata,
    )


def _asked_in(part: object, *, plan: ShadowPlan, names: frozenset[str]) -> dict[str, Logged]:
    """Return the requests of a part that are wanted, those with an input first; runs in a worker."""
    found: dict[str, Logged] = {}
    for logged, _ in logged_of_part(part, plan):  # type: ignore[arg-type]
        name = logged.sample.case_id
        if name in names and (name not in found or found[name].input is None):
            found[name] = logged
    return found
