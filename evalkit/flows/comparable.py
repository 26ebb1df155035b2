"""Is a recorded baseline an answer to what is asked today, by whom it is said to be?

Two know: the folder of the run that recorded it, and the lock under which it was frozen. Both say which
texts the cases had and what the snapshot was, and a lock also what was recorded. Labels may change:
references and tags are not what a model is asked. A recording of which neither knows is taken at its word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from filecmp import cmp
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from evalkit.core.digest import SetDigest, canonical_json
from evalkit.core.errors import Problem, SpecError
from evalkit.core.lock import Frozen, LockEntry
from evalkit.core.model import Arm, Case, Json, SystemPrompt
from evalkit.core.records import case_record
from evalkit.core.run import Manifest
from evalkit.core.wording import WARNING
from evalkit.files.json_text import json_document
from evalkit.files.text import absolute_name, file_sha256, whole_text
from evalkit.flows.inputs import recordings
from evalkit.flows.locked import (
    RECORDED,
    Locked,
    as_stated,
    locked,
    schema_digest,
    stated_of,
    version_of,
    written_beside,
)
from evalkit.flows.provenance import digests_of
from evalkit.spec.document import Trail
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.golden_set import GoldenSetReader
from evalkit.spec.grammar import GoldenSource
from evalkit.spec.words import shown
from evalkit.stages.collect import collect
from evalkit.stages.store import CASES, ENVELOPE, MANIFEST, SAMPLES

UNSAID: Mapping[str, Json] = {
    "model": None, "system_prompt": None, "prompt": None, "template": "format", "params": {},
    "response_schema": None,
}  # fmt: skip
"""What decides an answer beside the case, and what a live snapshot has that leaves it out."""

NAMED = 5
"""So many cases are named; the others are counted."""

INPUT_DIGEST = "input_digest"
"""The field of a frozen output that says what was asked."""

WAY_OUT = "record the baseline anew, or name the run that was made with this"
FREEZE = "evalkit baseline freeze {} --replace records it anew"


class Before(NamedTuple):
    """What the baseline was when it was recorded: by whose word, as which arm, and the way out."""

    where: str
    own: Mapping[str, Json]
    arm: str
    way_out: str


@dataclass(slots=True)
class Comparable:
    """Looks at every case once, and then adds what is not comparable to the problems.

    ``asked`` holds of each case of the earlier run the digest of what was asked, ``now`` of each case of
    today. ``remarks`` is what a reader has to know about the lock, and about both arms.
    """

    loaded: LoadedEnvelope
    problems: list[Problem]
    run: Path | None = None
    locked: Locked | None = None
    asked: Mapping[str, bytes] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    now: dict[str, bytes] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls, loaded: LoadedEnvelope, problems: list[Problem], *, against_lock: bool = True
    ) -> Comparable:
        """Return what looks at the cases of an envelope; there may be nothing to compare with.

        Raises:
            SpecError: a lock is none.
        """
        lock = locked(loaded) if against_lock else None
        lock = lock if lock is not None and lock.entry is not None else None
        run = _run_behind(loaded)
        if run is None:
            return cls(loaded, problems, locked=lock)
        reader = GoldenSetReader([GoldenSource(path=str(run / CASES))])
        asked = {case.id: asked_digest(case) for case, _ in reader.cases()}
        problems.extend(reader.problems)
        return cls(loaded, problems, run, lock, asked)

    def see(self, case: Case) -> None:
        """Look at a case that is asked."""
        if self.run is None and self.locked is None:
            return
        found = asked_digest(case)
        if self.locked is not None:
            self.now[case.id] = found
        before = self.asked.get(case.id)
        if before is not None and before != found:
            self.changed.add(case.id)

    def finish(self) -> None:
        """Add a problem for everything that differs."""
        if self.run is not None:
            self._compare_run(self.run)
        if self.locked is not None:
            assert self.locked.entry is not None
            self._compare_lock(self.locked, self.locked.entry)

    def noted(self, manifest: Manifest) -> Manifest:
        """Return the manifest of the run with what there is to know about its lock and its arms."""
        entry = self._entry
        self.remarks.extend(self.outlived())
        prompts = _prompts(self.loaded, entry)
        self.remarks.extend(_prompts_differ(prompts))
        self.remarks.extend(_copied(self.loaded))
        return replace(
            manifest,
            lock="" if entry is None else entry.digest,
            remarks=tuple(self.remarks),
            prompts=prompts,
        )

    def outlived(self, golden_set: str = "") -> Iterator[str]:
        """Yield what changed since the outputs were frozen and does not make them worthless.

        Args:
            golden_set: the digest of the whole golden set, to tell whether labels changed; empty where
                it is not looked at, as in a gate of a part.
        """
        if self._entry is not None and self._entry.baseline is not None:
            yield from _outlived(self.loaded, self._entry.baseline, golden_set)

    @property
    def _entry(self) -> LockEntry | None:
        return None if self.locked is None else self.locked.entry

    # ------------------------------------------------------------ an earlier run

    def _compare_run(self, run: Path) -> None:
        self._add_changed(self._answered(), str(run), WAY_OUT)
        arm = str(stated_of(self.loaded, Arm.BASELINE).get("arm"))
        file = run / ENVELOPE
        own = _mapping(_mapping(json_document(whole_text(file), str(file))).get(arm))
        self._compare_snapshots(Before(str(run), own, arm, WAY_OUT))

    def _answered(self) -> list[str]:
        """Return which of the changed cases the recording answers."""
        if not self.changed:
            return []
        recording = {Arm.BASELINE: recordings(self.loaded.envelope)[Arm.BASELINE]}
        try:
            answers = collect(recording, self.changed, strict=False)
            return sorted({sample.case_id for sample in answers})
        except SpecError:
            return []  # whoever reads the recording says what is wrong with it

    # ------------------------------------------------------------ a lock

    def _compare_lock(self, lock: Locked, entry: LockEntry) -> None:
        self._compare_versions(lock, entry)
        if entry.baseline is None:
            return
        way_out = FREEZE.format(self.loaded.path)
        if self.loaded.envelope.baseline is None:
            self.remarks.append(
                f"{lock.path} locks a baseline, and the envelope has none any more: nothing is compared "
                "with it."
            )
            return
        if Arm.BASELINE in self.loaded.envelope.live:
            self.remarks.append(
                f"The baseline is asked live, and not what {lock.path} keeps of it: "
                f"{entry.baseline.must_match.outputs.path}."
            )
        elif not self._compare_outputs(lock, entry, way_out):
            return
        elif _set_digest(self.now) != entry.baseline.must_match.inputs:
            self._compare_inputs(lock, way_out)
        own = as_stated(entry.baseline.must_match.snapshot)
        self._compare_snapshots(Before(str(lock.path), own, Arm.BASELINE.value, way_out))

    def _compare_outputs(self, lock: Locked, entry: LockEntry, way_out: str) -> bool:
        """Return whether the baseline is the file that was frozen, to the byte."""
        assert entry.baseline is not None
        outputs = entry.baseline.must_match.outputs
        stated = str(stated_of(self.loaded, Arm.BASELINE).get("path"))
        frozen, file = lock.outputs_path(entry), self.loaded.path
        if absolute_name(stated) != frozen:
            self._add(
                ("path",),
                f"not comparable: expected {written_beside(frozen, file)}, which {lock.path} approves, "
                f"found {written_beside(stated, file)}; write that path, or {way_out}",
            )
            return False
        try:
            found = file_sha256(frozen)
        except SpecError:
            return False  # whoever reads the recording says what is wrong with it
        if found == outputs.sha256:
            return True
        self._add(
            ("path",),
            f"not comparable: the outputs were altered since they were frozen: expected sha256 "
            f"{outputs.sha256[:12]}… as in {lock.path}, found {found[:12]}…; take the file from before, or "
            f"{way_out}",
        )
        return False

    def _compare_inputs(self, lock: Locked, way_out: str) -> None:
        """Compare what each frozen output says it was asked with what the case asks now."""
        before: dict[str, str] = {}
        recording = {Arm.BASELINE: recordings(self.loaded.envelope)[Arm.BASELINE]}
        try:
            for sample in collect(recording, self.now, strict=False):
                before[sample.case_id] = str(sample.extra.get(INPUT_DIGEST))
        except SpecError:
            return  # whoever reads the recording says what is wrong with it
        changed = sorted(
            case_id for case_id, told in before.items() if told != short(self.now[case_id])
        )
        self._add_changed(changed, str(lock.path), way_out)
        new = len(self.now.keys() - before.keys())
        if new:
            self.remarks.append(
                f"{new:,} of {len(self.now):,} cases have no answer of the baseline in {lock.path}: they were "
                "added since, or its draws are missing."
            )

    def _compare_versions(self, lock: Locked, entry: LockEntry) -> None:
        """Add a problem where the text of the candidate's prompt changed, and its version did not."""
        prompt = self.loaded.envelope.candidate.system_prompt
        known = [found for found in entry.prompts if version_of(found)]
        if prompt is None or not known or any(prompt.text == found.text for found in known):
            return
        for found in known:
            if prompt.version is None or str(prompt.version) == str(found.version):
                same = "it has none now" if prompt.version is None else "that did not"
                self._add(
                    ("system_prompt",),
                    f"the text changed since version {found.version} of {lock.path}, and {same}; write "
                    f"version: {_next(found.version)}, or restore the text",
                    arm=Arm.CANDIDATE,
                )
                return

    # ------------------------------------------------------------ both

    def _add_changed(self, answered: list[str], where: str, way_out: str) -> None:
        if answered:
            names = [repr(case_id) for case_id in answered[:NAMED]]
            more = len(answered) - len(names)
            listed = ", ".join(names) + (f" and {more:,} more" if more else "")
            one = "case was" if len(answered) == 1 else "cases were"
            self._add(
                ("path",),
                f"not comparable: {len(answered):,} {one} asked with another text in {where} "
                f"({listed}); {way_out}",
            )

    def _compare_snapshots(self, before: Before) -> None:
        """Compare what the envelope states of the baseline with what was recorded of it."""
        stated = stated_of(self.loaded, Arm.BASELINE)
        for key, ours, theirs in _differing(stated, before.own):
            self._add(
                (key,),
                f"not comparable: expected {_said(theirs)}, as the {before.arm} of {before.where} was "
                f"asked with, found {_said(ours)}; {before.way_out}",
            )

    def _add(self, trail: Trail, message: str, arm: Arm = Arm.BASELINE) -> None:
        place = self.loaded.source.place((arm.value, *trail))
        where = ".".join(map(str, (arm.value, *trail)))
        self.problems.append(Problem(place, message, where))


def asked_digest(case: Case) -> bytes:
    """Return the digest of what a model is asked in a case; prompts take nothing else of it."""
    return sha256(canonical_json(case_record(case)["input"]).encode()).digest()


def short(digest: bytes) -> str:
    """Return a digest as a frozen output has it: half of it tells texts apart as well."""
    return digest.hex()[:32]


def inputs_digest(asked: Mapping[str, bytes]) -> str:
    """Return the digest of what all cases ask, in any order."""
    return _set_digest(asked)


def _set_digest(asked: Mapping[str, bytes]) -> str:
    content = SetDigest()
    for case_id, found in asked.items():
        content.add([case_id, found.hex()])
    return content.hex()


def _run_behind(loaded: LoadedEnvelope) -> Path | None:
    """Return the folder of the run whose samples are the recorded baseline; nothing where there is none."""
    written = stated_of(loaded, Arm.BASELINE)
    if written.get("provider") != RECORDED or "arm" not in written:
        return None
    path = Path(str(written.get("path")))
    folder = path if path.is_dir() else path.parent if path.name == SAMPLES else None
    if folder is None:
        return None
    files = [folder / name for name in (MANIFEST, ENVELOPE, CASES)]
    return folder if all(file.is_file() for file in files) else None


def _differing(
    stated: Mapping[str, Json], own: Mapping[str, Json]
) -> Iterator[tuple[str, Json, Json]]:
    """Yield what two snapshots differ by, as far as both are known: of a recording only what is stated."""
    ours_live, theirs_live = (part.get("provider") != RECORDED for part in (stated, own))
    if ours_live and theirs_live and stated.get("provider") != own.get("provider"):
        yield "provider", stated.get("provider"), own.get("provider")
    for key, unsaid in UNSAID.items():
        if (ours_live or key in stated) and (theirs_live or key in own):
            ours, theirs = stated.get(key, unsaid), own.get(key, unsaid)
            if _meaning(key, ours) != _meaning(key, theirs):
                yield key, _text_of(key, ours), _text_of(key, theirs)


def _meaning(key: str, value: Json) -> Json:
    """Return what of a value decides answers: of a system prompt its text, of a schema its content."""
    if key == "response_schema" and isinstance(value, dict):
        return schema_digest(value)
    return _text_of(key, value)


def _text_of(key: str, value: Json) -> Json:
    return value.get("text") if key == "system_prompt" and isinstance(value, dict) else value


def _outlived(loaded: LoadedEnvelope, frozen: Frozen, golden_set: str) -> Iterator[str]:
    then, now = frozen.may_change, digests_of(loaded, golden_set)
    # Of scorers whose code was not run nothing is known.
    known = now.scorers.keys() if loaded.unchecked else then.scorers.keys() | now.scorers.keys()
    which = sorted(name for name in known if then.scorers.get(name) != now.scorers.get(name))
    changed = [
        name
        for name, differs in {
            "the golden set": golden_set not in {"", then.golden_set},
            "the scorers": which,
            "calibrations": then.calibrations != now.calibrations,
        }.items()
        if differs
    ]
    if changed:
        named = f" ({', '.join(which[:NAMED])})" if which else ""
        yield (
            f"Since the baseline was frozen on {frozen.at[:10]}, {' and '.join(changed)} "
            f"changed{named}: its outputs are scored anew by those of today."
        )


def _prompts(loaded: LoadedEnvelope, entry: LockEntry | None) -> dict[Arm, SystemPrompt]:
    """Return the system prompts of both arms where both are known, that of a frozen baseline by its lock."""
    found = {
        arm: snapshot.system_prompt
        for arm, snapshot in loaded.envelope.snapshots.items()
        if snapshot.system_prompt is not None
    }
    if Arm.BASELINE not in found and entry is not None and entry.baseline is not None:
        known = entry.baseline.must_match.snapshot.system_prompt
        if known is not None:
            found[Arm.BASELINE] = SystemPrompt(known.text, known.version)
    return found if found.keys() == set(Arm) else {}


def _prompts_differ(prompts: Mapping[Arm, SystemPrompt]) -> Iterator[str]:
    """Yield a sentence where both arms are told something else."""
    if len({prompt.text for prompt in prompts.values()}) < 2:
        return
    named = [
        "without a version" if prompt.version is None else f"of version {prompt.version}"
        for prompt in (prompts[Arm.BASELINE], prompts[Arm.CANDIDATE])
    ]
    yield (
        f"The system prompts of both arms differ: one {named[0]} before, one {named[1]} now; the report "
        "shows their lines."
    )


def _copied(loaded: LoadedEnvelope) -> Iterator[str]:
    """Yield that both arms play back the same answers, where another name hides it."""
    envelope = loaded.envelope
    found = recordings(envelope)
    if len(found) < len(Arm) or envelope.baseline == envelope.candidate:
        return
    document = _mapping(loaded.document)
    if len({_mapping(document[arm]).get("arm") for arm in found}) > 1:
        return  # both arms of a run lie in one file
    with suppress(OSError):  # whoever reads them says what is wrong
        if cmp(found[Arm.BASELINE].source, found[Arm.CANDIDATE].source, shallow=False):
            yield (
                f"{WARNING}the recordings of both arms hold the same bytes: the answers of the baseline were "
                "compared with themselves."
            )


def _next(version: int | str | None) -> str:
    return str(version + 1) if isinstance(version, int) else "another one"


def _said(value: Json) -> str:
    return "none" if value is None else shown(value)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}
