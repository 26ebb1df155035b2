"""Cases that changed, and two runs beside each other, become JSON documents for scripts.

The same bytes for the same input; what nobody knows is ``null``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from evalkit.core.comparison import BoundBeside, FlipBeside, JudgedRun, TwoRuns
from evalkit.core.digest import plain
from evalkit.core.model import Arm, Case, Json, Sample
from evalkit.core.records import case_record
from evalkit.core.verdict import BoundResult, Flip
from evalkit.files.json_text import document_text

ARMS = {arm: arm.value for arm in Arm}
RUNS = {Arm.BASELINE: "first", Arm.CANDIDATE: "second"}
"""In flips of two runs, the earlier candidate stands in the place of the baseline."""


def changed_text(
    run: JudgedRun,
    flips: Sequence[Flip],
    cases: Mapping[str, Case],
    samples: Mapping[str, Mapping[Arm, Sample]],
) -> str:
    """Return the document of the cases of a run that changed.

    Args:
        run: with all the flips that are wanted.
        flips: those of them that are told.
        cases: the cases of these flips.
        samples: the first sample of each arm, by case.
    """
    total = len(run.verdict.facts.flips)
    return document_text(
        {
            "schema": "evalkit.diff/1",
            "run": run_record(run),
            "flips": [plain(flip) for flip in flips],
            "left_out": total - len(flips),
            "cases": _cases(flips, cases, samples, names=ARMS, redacted=run.manifest.redacted),
        }
    )


def two_runs_text(
    found: TwoRuns,
    flips: Sequence[FlipBeside],
    cases: Mapping[str, Case],
    samples: Mapping[str, Mapping[Arm, Sample]],
) -> str:
    """Return the document of two runs beside each other; arguments as of ``changed_text``."""
    redacted = found.first.manifest.redacted or found.second.manifest.redacted
    told = [item.flip for item in flips]
    return document_text(
        {
            "schema": "evalkit.diff/1",
            "first": run_record(found.first),
            "second": run_record(found.second),
            "obstacles": list(found.obstacles),
            "changes": [plain(change) for change in found.changes],
            "texts": [plain(text) for text in found.texts],
            "bounds": [_bound(item) for item in found.bounds],
            "only_in": None
            if found.cases is None
            else {"first": list(found.cases[0]), "second": list(found.cases[1])},
            "flips": [_flip(item) for item in flips],
            "left_out": len(found.flips) - len(flips),
            "cases": _cases(told, cases, samples, names=RUNS, redacted=redacted),
        }
    )


def run_record(run: JudgedRun) -> dict[str, Json]:
    """Return what identifies a run, and how it came out."""
    verdict, manifest = run.verdict, run.manifest
    return {
        "run": manifest.run,
        "path": run.path,
        "created": manifest.created,
        "evalkit": manifest.evalkit,
        "envelope": verdict.envelope,
        "verdict": verdict.outcome.value,
        "exit_code": int(verdict.exit_code),
        "sentence": verdict.sentence,
        "smoke": verdict.facts.smoke,
        "partial": manifest.partial,
        "snapshots": plain(verdict.facts.snapshots),
        "digests": plain(verdict.facts.digests),
    }


def bound_record(bound: BoundResult) -> dict[str, Json]:
    """Return what a run says about a bound, without what only a report of that run needs."""
    found = plain(bound)
    assert isinstance(found, dict)
    for name in ("sees", "settle", "detects", "decided_after"):
        del found[name]
    return found


def _bound(item: BoundBeside) -> Json:
    return {
        "name": item.name,
        "first": bound_record(item.before) if item.before else None,
        "second": bound_record(item.after) if item.after else None,
        "moved": item.moved,
        "redefined": [str(what) for what in item.redefined],
        "same_number": item.same_number,
    }


def _flip(item: FlipBeside) -> Json:
    found = plain(item.flip)
    assert isinstance(found, dict)
    return {**found, "fate": item.fate.value, "of": "first" if item.first else "second"}


def _cases(
    flips: Iterable[Flip],
    cases: Mapping[str, Case],
    samples: Mapping[str, Mapping[Arm, Sample]],
    *,
    names: Mapping[Arm, str],
    redacted: bool,
) -> Json:
    """Return the cases of flips by id; of those that are redacted nobody's text is told."""
    found: dict[str, Json] = {}
    for flip in flips:
        if flip.case in cases and flip.case not in found:
            answers = {
                names[arm]: None if redacted else _answer(sample)
                for arm, sample in samples.get(flip.case, {}).items()
            }
            found[flip.case] = {**_asked(cases[flip.case], redacted=redacted), **answers}
    return found


def _asked(case: Case, *, redacted: bool) -> dict[str, Json]:
    if redacted:
        return {"tags": list(case.tags), "input": None}
    record = plain(case_record(case))
    assert isinstance(record, dict)
    found: dict[str, Json] = {"tags": list(case.tags), "input": record["input"]}
    return found | ({"reference": record["reference"]} if "reference" in record else {})


def _answer(sample: Sample) -> Json:
    return {
        "output": sample.output,
        "refusal": sample.refusal,
        "error": plain(sample.error),
        "finish_reason": sample.finish_reason,
        "output_tokens": sample.output_tokens,
        "latency_ms": sample.latency_ms,
    }
