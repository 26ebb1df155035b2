"""One run → its cases that changed; two runs → what differs between them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from evalkit.core.comparison import JudgedRun, TextChange, TwoRuns
from evalkit.core.errors import UsageError, suggestion
from evalkit.core.model import Arm, Case, Json, Sample
from evalkit.core.verdict import Flip, Verdict
from evalkit.files.json_text import written_id
from evalkit.files.text import numbered_lines
from evalkit.stages.contrast import two_runs
from evalkit.stages.store import CASES, SAMPLES, RunFolder

PROMPTS = ("system_prompt", "prompt", "template")
"""The keys of a snapshot that the digest of its prompts is of."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which flips are wanted; of a filter without a name, all are."""

    bounds: Collection[str] = ()
    kinds: Collection[str] = ()
    tags: Collection[str] = ()
    cases: Collection[str] = ()

    def takes(self, flip: Flip, tags: Mapping[str, Collection[str]]) -> bool:
        """Return whether a flip is wanted, given the tags of the cases."""
        return (
            (not self.bounds or flip.bound in self.bounds)
            and (not self.kinds or flip.kind in self.kinds)
            and (not self.cases or flip.case in self.cases)
            and (not self.tags or not set(self.tags).isdisjoint(tags.get(flip.case, ())))
        )


def judged_run(folder: RunFolder) -> JudgedRun:
    """Return a run that was judged.

    Raises:
        UsageError: it never was.
        SpecError: a file of it was changed by hand.
    """
    return JudgedRun(str(folder.path), folder.verdict(), folder.manifest())


def changed_cases(folder: RunFolder, wanted: Wanted) -> JudgedRun:
    """Return a run of which only the wanted flips are left.

    Raises:
        UsageError: the run was never judged, or has nothing of a name that is wanted.
    """
    run = judged_run(folder)
    _check_names([run.verdict], wanted)
    tags = _tags([folder], wanted)
    facts = run.verdict.facts
    kept = tuple(flip for flip in facts.flips if wanted.takes(flip, tags))
    return replace(run, verdict=replace(run.verdict, facts=replace(facts, flips=kept)))


def runs_beside(first: RunFolder, second: RunFolder, wanted: Wanted) -> TwoRuns:
    """Return two runs beside each other, with the bounds and the flips that are wanted.

    Raises:
        UsageError: one of them was never judged, or neither has anything of a name that is wanted.
    """
    runs = judged_run(first), judged_run(second)
    _check_names([run.verdict for run in runs], wanted)
    tags = _tags([first, second], wanted)
    ids = _ids(first), _ids(second)
    hidden = any(run.manifest.redacted for run in runs)
    texts = () if hidden else tuple(_texts(first, second))
    cases = None if ids[0] is None or ids[1] is None else (ids[0], ids[1])
    found = two_runs(*runs, texts, cases)
    return replace(
        found,
        bounds=tuple(b for b in found.bounds if not wanted.bounds or b.name in wanted.bounds),
        flips=tuple(item for item in found.flips if wanted.takes(item.flip, tags)),
    )


def candidates(
    first: RunFolder, second: RunFolder, ids: Collection[str]
) -> tuple[dict[str, Case], dict[str, dict[Arm, Sample]]]:
    """Return some cases, and what the candidates of two runs answered them.

    The earlier run's candidate stands in the place of the baseline, for the later one is held
    against it. A case of both is the one of the later run. A folder that has lost its cases or its
    samples has none to show.
    """
    if not all((run.path / name).is_file() for run in (first, second) for name in (CASES, SAMPLES)):
        return {}, {}
    cases = {**first.cases(ids), **second.cases(ids)}
    answers: dict[str, dict[Arm, Sample]] = {case: {} for case in cases}
    for run, place in ((first, Arm.BASELINE), (second, Arm.CANDIDATE)):
        for case, samples in run.first_samples(ids).items():
            if Arm.CANDIDATE in samples and case in answers:
                answers[case][place] = samples[Arm.CANDIDATE]
    return cases, answers


# ---------------------------------------------------------------- filters


def _check_names(verdicts: Iterable[Verdict], wanted: Wanted) -> None:
    verdicts = list(verdicts)
    bounds = {bound.name for verdict in verdicts for bound in verdict.bounds}
    kinds = {flip.kind for verdict in verdicts for flip in verdict.facts.flips}
    for noun, names, known in (("bound", wanted.bounds, bounds), ("kind", wanted.kinds, kinds)):
        for name in names:
            if name not in known:
                there = ", ".join(map(repr, sorted(known))) or "none"
                raise UsageError(
                    f"--{noun} {name!r}: expected one of {there}{suggestion(name, sorted(known))}"
                )


def _tags(folders: Iterable[RunFolder], wanted: Wanted) -> dict[str, Collection[str]]:
    """Return the tags of the cases, where a filter asks for them or for a case."""
    found: dict[str, Collection[str]] = {}
    if not wanted.tags and not wanted.cases:
        return found
    for folder in folders:
        only = None if wanted.tags else wanted.cases
        found |= {name: case.tags for name, case in folder.cases(only).items()}
    for name in wanted.cases:
        if name not in found:
            raise UsageError(f"--case {name!r}: the golden set has no such case")
    known = {tag for tags in found.values() for tag in tags}
    for tag in wanted.tags:
        if tag not in known:
            raise UsageError(f"--tag {tag!r}: no case has it{suggestion(tag, sorted(known))}")
    return found


# ---------------------------------------------------------------- folders


def _ids(folder: RunFolder) -> set[str] | None:
    """Return the ids of the cases of a run; nothing where it has lost them."""
    if not folder.cases_path.is_file():
        return None
    found = (written_id(line.text) for line in numbered_lines(folder.cases_path))
    return {name for name in found if name is not None}


def _texts(first: RunFolder, second: RunFolder) -> Iterator[TextChange]:
    """Yield the texts of prompts that differ; of a folder without its envelope nothing is known."""
    if not (first.envelope_path.is_file() and second.envelope_path.is_file()):
        return
    before, after = first.answered(), second.answered()
    for arm in Arm:
        for key in PROMPTS:
            old, new = (
                _text(side[arm].data, key) if arm in side else "" for side in (before, after)
            )
            if old != new:
                yield TextChange(f"{arm} {key}", old, new)


def _text(snapshot: Json, key: str) -> str:
    found = snapshot.get(key) if isinstance(snapshot, dict) else None
    if isinstance(found, dict):
        found = found.get("text")
    return found if isinstance(found, str) else ""
