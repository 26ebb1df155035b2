"""Envelope + baseline's draws → a file of outputs that outlives its model, and the entry of a lock.

A baseline that is asked live is drawn anew, one that was recorded is copied. A candidate that was approved
may take its place, on draws that were made after the approval: those that won the gate were chosen for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.core.digest import SetDigest
from evalkit.core.errors import Problem, ProviderError, SpecError, UsageError
from evalkit.core.lock import (
    Approved,
    Frozen,
    LockedSnapshot,
    LockEntry,
    MayChange,
    MustMatch,
    Outputs,
)
from evalkit.core.model import Arm, Case, Json, Sample
from evalkit.core.records import case_record, record_of
from evalkit.core.run import Origin
from evalkit.core.wording import count_text
from evalkit.files.text import STDIN, absolute_name, file_sha256
from evalkit.files.writing import write_lines
from evalkit.flows.comparable import INPUT_DIGEST, Comparable, asked_digest, inputs_digest, short
from evalkit.flows.inputs import recordings, sound_cases
from evalkit.flows.locked import Locked, locked, locked_snapshot
from evalkit.flows.provenance import digests_of
from evalkit.flows.waiving import answers_digest
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.stages.collect import collect
from evalkit.stages.store import RunFolder

DRAWS = 5
"""So many draws a case: they lower the cases that every later gate needs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is about to be frozen: which arm of which envelope, where to, over what is there."""

    loaded: LoadedEnvelope
    arm: Arm
    draws: int
    path: Path
    locked: Locked
    differs: tuple[str, ...]

    @property
    def live(self) -> bool:
        """Whether somebody is asked."""
        return self.arm in self.loaded.envelope.live

    @property
    def since(self) -> str:
        """From which moment on answers count: after the approval of the snapshot that is asked."""
        approved = self.locked.entry.approved if self.locked.entry is not None else None
        return approved.at if approved is not None and self.arm is Arm.CANDIDATE else ""

    @property
    def before(self) -> Frozen | None:
        """What was frozen before."""
        return self.locked.entry.baseline if self.locked.entry is not None else None

    def asked(self) -> LoadedEnvelope:
        """Return the envelope that asks this arm alone, every case so often, and no judge."""
        return alone(self.loaded, self.arm, self.draws)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was frozen, and each thing that is another than before."""

    frozen: Frozen
    lock: Path
    outputs: Path
    changed: tuple[str, ...]


def alone(loaded: LoadedEnvelope, arm: Arm, draws: int) -> LoadedEnvelope:
    """Return the envelope that asks one live arm alone; in the other's place stands nobody, or it."""
    envelope = loaded.envelope
    if arm not in envelope.live:
        return replace(loaded, envelope=replace(envelope, live=frozenset(), sentinel=None))
    return replace(
        loaded,
        envelope=replace(
            envelope,
            candidate=envelope.snapshots[arm],
            baseline=None if arm is Arm.CANDIDATE else envelope.baseline,
            live=frozenset({arm}),
            repeats=draws,
            noisy_repeats=None,
            sentinel=None,
            instruments=tuple(item for item in envelope.instruments if item.by is None),
        ),
    )


def planned(
    loaded: LoadedEnvelope, arm: Arm, *, draws: int, output: Path | None, replaces: bool
) -> Plan:
    """Return what freezing would do; nobody was asked yet, and nothing is written.

    Raises:
        UsageError: there is no baseline, the candidate was not approved, or something is there already
            that nobody said to replace.
        SpecError: a lock is none, or the cases are wrong.
    """
    if arm not in loaded.envelope.snapshots:
        raise UsageError(f"{loaded.path} has no baseline to freeze; give it one")
    lock = locked(loaded)
    path = output or _beside_golden_set(loaded)
    if not path.name.endswith((".jsonl", ".jsonl.gz")):
        raise UsageError(f"-o {path}: expected a file of outputs, .jsonl or .jsonl.gz")
    if arm is Arm.CANDIDATE:
        _refuse_unapproved(loaded, lock)
    plan = Plan(loaded, arm, draws, path, lock, ())
    before = plan.before
    if before is None:
        if path.exists() and not replaces and not _is_own_source(plan):
            raise UsageError(
                f"{path} is there already, and {lock.path} does not lock it; --replace writes over it, -o "
                "names another file"
            )
        return plan
    differs = tuple(_differs(plan, before))
    if any(line.startswith("must_match") for line in differs) and not replaces:
        told = "\n".join(f"  {line}" for line in differs)
        raise UsageError(
            f"{lock.path} locks the baseline of {loaded.envelope.name!r} as it was frozen on "
            f"{before.at[:10]}, and this differs:\n{told}\n--replace freezes it anew"
        )
    return replace(plan, differs=differs)


def freeze(plan: Plan, origin: Origin, *, by: str, run: RunFolder | None) -> Outcome:
    """Write the outputs, and then the lock.

    Args:
        plan: what is frozen.
        origin: when, and by which evalkit.
        by: who approves it.
        run: the answers of a live snapshot; a recorded one is copied.

    Raises:
        ProviderError: the snapshot could not be asked to the end, or too much of it is missing.
        SpecError: a recording answers other cases, or another text of them.
        UsageError: the draws of an approved candidate are those that won the gate.
    """
    cases = sound_cases(plan.loaded)
    samples = _asked(plan, run) if run is not None else _recorded(plan, cases)
    asked = {case_id: asked_digest(case) for case_id, case in cases.items()}
    draws = max((sample.index for sample in samples), default=0) + 1
    missing = draws * len(cases) - sum(sample.error is None for sample in samples)
    _refuse_gaps(plan, cases, draws, missing)
    order = {case_id: place for place, case_id in enumerate(cases)}
    samples.sort(key=lambda sample: (order[sample.case_id], sample.index))
    path = Path(absolute_name(plan.path))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lines(path, (_line(sample, asked[sample.case_id]) for sample in samples))
    outputs = Outputs(
        path=_from_lock(plan.locked, path),
        sha256=file_sha256(path),
        cases=len(cases),
        draws=draws,
        samples=len(samples),
        missing=missing,
    )
    served = tuple(sorted({sample.model for sample in samples if sample.model is not None}))
    frozen = Frozen(
        at=origin.created,
        by=by,
        evalkit=origin.evalkit,
        must_match=MustMatch(outputs, inputs_digest(asked), _snapshot(plan, served)),
        may_change=_may_change(plan, cases),
    )
    _lock(plan, frozen)
    changed = () if plan.before is None else tuple(_changed(plan.before, frozen))
    return Outcome(frozen, plan.locked.path, plan.path, changed)


def _lock(plan: Plan, frozen: Frozen) -> None:
    """Write the entry of the lock; a candidate that is the baseline now is no longer to become it."""
    before = plan.locked.entry
    keeps = plan.arm is Arm.BASELINE
    approved = before.approved if before is not None and keeps else None
    plan.locked.write(LockEntry(_named_from(plan), frozen, approved))


def _may_change(plan: Plan, cases: Mapping[str, Case]) -> MayChange:
    digests = digests_of(plan.loaded, _set_digest(cases))
    return MayChange(digests.envelope, digests.golden_set, digests.scorers, digests.calibrations)


# ---------------------------------------------------------------- samples


def _asked(plan: Plan, run: RunFolder) -> list[Sample]:
    """Return what a live snapshot was answered.

    Raises:
        ProviderError: it could not be asked to the end.
    """
    manifest = run.manifest()
    for why in manifest.stopped.values():
        raise ProviderError(
            f"the {plan.arm} could not be asked to the end: {why}; nothing was frozen, what was answered "
            "is kept: the same command goes on"
        )
    if manifest.spent:
        raise ProviderError(
            f"not everything was asked: {manifest.spent}; nothing was frozen, what was answered is kept: "
            "the same command goes on"
        )
    return [sample for sample in run.samples(run.cases()) if sample.arm is plan.arm]


def _recorded(plan: Plan, cases: Mapping[str, Case]) -> list[Sample]:
    """Return what was recorded of a snapshot, so many draws a case.

    Raises:
        SpecError: it answers other cases, or another text of them.
        UsageError: these are the draws that won the gate.
    """
    if plan.arm is Arm.BASELINE:
        _refuse_other_texts(plan, cases)
    recording = {plan.arm: recordings(plan.loaded.envelope)[plan.arm]}
    found = [sample for sample in collect(recording, cases) if sample.index < plan.draws]
    stale = sorted(
        {
            sample.case_id
            for sample in found
            if sample.extra.get(INPUT_DIGEST, "") not in {"", short(asked_digest(cases[sample.case_id]))}
        }
    )  # fmt: skip
    if stale:
        raise UsageError(
            f"{recording[plan.arm].source}: {count_text(len(stale), 'case')} asked with another text than "
            f"the golden set has now ({', '.join(map(repr, stale[:5]))}): answers to them cannot be frozen; "
            "restore the texts, or ask a live snapshot"
        )
    approved = plan.locked.entry.approved if plan.locked.entry is not None else None
    if plan.arm is Arm.CANDIDATE and approved and answers_digest(found) == approved.answers:
        raise UsageError(
            f"{recording[plan.arm].source} holds the draws that won the gate ({approved.run}), and nobody "
            "can be asked for others: a baseline of draws that were chosen for being good makes every "
            "later candidate look worse than it is. Record others of the same snapshot, and name them as "
            "the candidate's path; or name whoever answers as the candidate, and gate that"
        )
    return found


def _refuse_other_texts(plan: Plan, cases: Mapping[str, Case]) -> None:
    """Look whether the run that recorded a baseline asked the same."""
    problems: list[Problem] = []
    comparable = Comparable.of(plan.loaded, problems, against_lock=False)
    for case in cases.values():
        comparable.see(case)
    comparable.finish()
    if problems:
        raise SpecError(problems)


def _refuse_gaps(plan: Plan, cases: Mapping[str, Case], draws: int, missing: int) -> None:
    share = missing / max(1, draws * len(cases))
    if share > plan.loaded.envelope.max_missing:
        raise ProviderError(
            f"{missing:,} of {draws * len(cases):,} draws are missing ({share:.1%}), more than max_missing "
            f"{plan.loaded.envelope.max_missing:.1%}; nothing was frozen. The same command asks for those "
            "that failed"
        )


def _line(sample: Sample, asked: bytes) -> Json:
    record = {key: value for key, value in record_of(sample).items() if key != "arm"}
    return {**record, INPUT_DIGEST: short(asked)}


# ---------------------------------------------------------------- places


def _beside_golden_set(loaded: LoadedEnvelope) -> Path:
    """Return where outputs go that nobody named a place for: ``outputs`` beside the first golden set."""
    first = loaded.golden_set[0].path
    if first == STDIN:
        raise UsageError(
            "the golden set is read from standard input; name a file for the outputs: -o"
        )
    folder = Path(os.path.relpath(Path(first).parent))
    return folder / "outputs" / f"{loaded.envelope.name}.baseline.jsonl.gz"


def _from_lock(lock: Locked, path: Path) -> str:
    return Path(os.path.relpath(path, absolute_name(lock.path.parent))).as_posix()


def _named_from(plan: Plan) -> str:
    return _from_lock(plan.locked, Path(absolute_name(plan.loaded.path)))


def _is_own_source(plan: Plan) -> bool:
    """Return whether the file to write is the recording that is copied: it is locked where it lies."""
    if plan.live:
        return False
    source = recordings(plan.loaded.envelope)[plan.arm].source
    return absolute_name(source) == absolute_name(plan.path)


def _set_digest(cases: Mapping[str, Case]) -> str:
    content = SetDigest()
    for case in cases.values():
        content.add(case_record(case))
    return content.hex()


# ---------------------------------------------------------------- what is another than before


def _refuse_unapproved(loaded: LoadedEnvelope, lock: Locked) -> None:
    """Refuse a candidate that is not the one that was approved.

    Raises:
        UsageError: it is none.
    """
    approved = lock.entry.approved if lock.entry is not None else None
    if approved is None:
        raise UsageError(
            f"no candidate of {loaded.envelope.name!r} was approved in {lock.path}; gate it, and then: "
            "evalkit approve RUN"
        )
    if why := unapproved(loaded, approved, lock.path):
        raise UsageError(why)


def unapproved(loaded: LoadedEnvelope, approved: Approved, lock: Path) -> str:
    """Return by what the candidate is not the one that a lock approves; nothing where it is."""
    now = locked_snapshot(loaded, Arm.CANDIDATE, approved.snapshot.served)
    if now == approved.snapshot:
        return ""
    told = ", ".join(_names_that_differ(approved.snapshot, now))
    return (
        f"the candidate of {loaded.path} is not the one that {lock} approves ({told}); gate this "
        "one and approve it, or name the approved one"
    )


def _differs(plan: Plan, before: Frozen) -> Iterator[str]:
    """Yield what would be another than before, as far as it is known before anybody is asked."""
    cases = sound_cases(plan.loaded)
    then = before.must_match
    now = MustMatch(
        outputs=replace(then.outputs, path=_from_lock(plan.locked, Path(absolute_name(plan.path)))),
        inputs=inputs_digest({case_id: asked_digest(case) for case_id, case in cases.items()}),
        snapshot=_snapshot(plan, then.snapshot.served),
    )
    may_change = _may_change(plan, cases)
    yield from _changed(before, replace(before, must_match=now, may_change=may_change))
    if plan.draws != then.outputs.draws and plan.live:
        yield f"must_match.outputs.draws: {then.outputs.draws} → {plan.draws}"
    frozen = Path(absolute_name(plan.locked.path.parent / then.outputs.path))
    if not frozen.is_file():
        yield f"must_match.outputs: {then.outputs.path} is not there any more"
    elif file_sha256(frozen) != then.outputs.sha256:
        yield f"must_match.outputs.sha256: {then.outputs.path} was altered since"


def _snapshot(plan: Plan, served: tuple[str, ...]) -> LockedSnapshot:
    """Return what is locked of who answered.

    Where the recording is the one that is locked already, the lock knows more than the envelope says.
    """
    stated = locked_snapshot(plan.loaded, plan.arm, served)
    then = plan.before
    if then is None or plan.live or plan.arm is Arm.CANDIDATE:
        return stated
    source = recordings(plan.loaded.envelope)[plan.arm].source
    if absolute_name(source) != absolute_name(
        plan.locked.path.parent / then.must_match.outputs.path
    ):
        return stated
    known = {
        name: value
        for name in ("model", "system_prompt", "prompt", "template", "params", "response_schema")
        if (value := getattr(stated, name)) is not None
    }
    return replace(then.must_match.snapshot, served=served, **known)


def _changed(then: Frozen, now: Frozen) -> Iterator[str]:
    """Yield each thing that is another in two recordings."""
    for part in ("must_match", "may_change"):
        for name, before, after in _pairs(getattr(then, part), getattr(now, part)):
            if before != after:
                yield f"{part}.{name}: {_shown(before)} → {_shown(after)}"


def _pairs(one: object, other: object) -> Iterator[tuple[str, object, object]]:
    for name in one.__dataclass_fields__:  # type: ignore[attr-defined]
        before, after = getattr(one, name), getattr(other, name)
        if hasattr(before, "__dataclass_fields__") and hasattr(after, "__dataclass_fields__"):
            yield from ((f"{name}.{part}", a, b) for part, a, b in _pairs(before, after))
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            for key in sorted(before.keys() | after.keys()):
                yield f"{name}.{key}", before.get(key), after.get(key)
        else:
            yield name, before, after


def _names_that_differ(one: object, other: object) -> Sequence[str]:
    return [name for name, before, after in _pairs(one, other) if before != after]


def _shown(value: object) -> str:
    text = "none" if value is None else str(value)
    text = " ".join(text.split())
    if len(text) == 64 and not set(text) - set("0123456789abcdef"):
        return f"{text[:12]}…"
    return text if len(text) <= 60 else f"{text[:57]}…"
