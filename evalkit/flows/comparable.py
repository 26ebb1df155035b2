"""Is a baseline that an earlier run recorded an answer to what is asked today, by whom it is said to be?

The folder of that run says which texts its cases had and what its snapshot was. Labels may change:
references and tags are not what a model is asked. A recording on its own says neither, and is taken
at its word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from evalkit.core.digest import canonical_json
from evalkit.core.errors import Problem, SpecError
from evalkit.core.model import Arm, Case, Json
from evalkit.core.records import case_record
from evalkit.files.json_text import json_document
from evalkit.files.text import whole_text
from evalkit.flows.inputs import recordings
from evalkit.spec.document import Trail
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.golden_set import GoldenSetReader
from evalkit.spec.grammar import GoldenSource, shown
from evalkit.stages.collect import collect
from evalkit.stages.store import CASES, ENVELOPE, MANIFEST, SAMPLES

UNSAID: Mapping[str, Json] = {
    "model": None, "system_prompt": None, "prompt": None, "template": "format", "params": {},
    "response_schema": None,
}  # fmt: skip
"""What decides an answer beside the case, and what a live snapshot has that leaves it out."""

NAMED = 5
"""So many cases are named; the others are counted."""

WAY_OUT = "record the baseline anew, or name the run that was made with this"


@dataclass(slots=True)
class Comparable:
    """Looks at every case once, and then adds what is not comparable to the problems.

    ``asked`` holds of each case of the earlier run the digest of what was asked.
    """

    loaded: LoadedEnvelope
    problems: list[Problem]
    run: Path | None = None
    asked: Mapping[str, bytes] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, loaded: LoadedEnvelope, problems: list[Problem]) -> Comparable:
        """Return what looks at the cases of an envelope; there may be nothing to compare with."""
        run = _run_behind(loaded)
        if run is None:
            return cls(loaded, problems)
        reader = GoldenSetReader([GoldenSource(path=str(run / CASES))])
        asked = {case.id: _asked(case) for case, _ in reader.cases()}
        problems.extend(reader.problems)
        return cls(loaded, problems, run, asked)

    def see(self, case: Case) -> None:
        """Look at a case that is asked."""
        before = self.asked.get(case.id)
        if before is not None and before != _asked(case):
            self.changed.add(case.id)

    def finish(self) -> None:
        """Add a problem for everything that differs."""
        if self.run is None:
            return
        answered = self._answered()
        if answered:
            names = [repr(case_id) for case_id in answered[:NAMED]]
            more = len(answered) - len(names)
            listed = ", ".join(names) + (f" and {more:,} more" if more else "")
            one = "case was" if len(answered) == 1 else "cases were"
            self._add(
                ("path",),
                f"not comparable: {len(answered):,} {one} asked with another text in {self.run} "
                f"({listed}); {WAY_OUT}",
            )
        self._compare_snapshots()

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

    def _compare_snapshots(self) -> None:
        """Compare what the envelope states of the baseline with what the run has of it."""
        assert self.run is not None
        stated = _mapping(_mapping(self.loaded.document).get(Arm.BASELINE))
        arm = str(stated.get("arm"))
        file = self.run / ENVELOPE
        own = _mapping(_mapping(json_document(whole_text(file), str(file))).get(arm))
        live = own.get("provider") != stated.get("provider")
        for key, unsaid in UNSAID.items():
            if key not in stated or not (live or key in own):
                continue
            ours, theirs = _meaning(key, stated[key]), _meaning(key, own.get(key, unsaid))
            if ours != theirs:
                self._add(
                    (key,),
                    f"not comparable: expected {_said(theirs)}, as the {arm} of {self.run} was asked "
                    f"with, found {_said(ours)}; {WAY_OUT}",
                )

    def _add(self, trail: Trail, message: str) -> None:
        place = self.loaded.source.place((Arm.BASELINE.value, *trail))
        where = ".".join(map(str, (Arm.BASELINE.value, *trail)))
        self.problems.append(Problem(place, message, where))


def _run_behind(loaded: LoadedEnvelope) -> Path | None:
    """Return the folder of the run whose samples are the recorded baseline; nothing where there is none."""
    written = _mapping(_mapping(loaded.document).get(Arm.BASELINE))
    if written.get("provider") != "replay" or "arm" not in written:
        return None
    path = Path(str(written.get("path")))
    folder = path if path.is_dir() else path.parent if path.name == SAMPLES else None
    if folder is None:
        return None
    files = [folder / name for name in (MANIFEST, ENVELOPE, CASES)]
    return folder if all(file.is_file() for file in files) else None


def _asked(case: Case) -> bytes:
    """Return the digest of what a model is asked in a case; prompts take nothing else of it."""
    return sha256(canonical_json(case_record(case)["input"]).encode()).digest()


def _meaning(key: str, value: Json) -> Json:
    """Return what of a value decides answers: of a system prompt its text, not its version."""
    return value.get("text") if key == "system_prompt" and isinstance(value, dict) else value


def _said(value: Json) -> str:
    return "none" if value is None else shown(value)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}
