"""Requests whose arms are known become the folder of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from evalkit.core.digest import SetDigest
from evalkit.core.errors import SHOWN_PROBLEMS, Place, Problem, SpecError
from evalkit.core.model import Arm, Case, Json, Sample
from evalkit.core.records import case_record, record_of
from evalkit.core.run import Manifest, Origin
from evalkit.core.verdict import Digests
from evalkit.files.json_text import json_line
from evalkit.files.text import absolute_name, file_name
from evalkit.files.writing import replacing
from evalkit.flows.importing.spool import NO_LABEL, Spool
from evalkit.flows.importing.things import Imported, Wanted
from evalkit.stages.store import RunFolder


def kept_cases(spool: Spool, chosen: Mapping[int, Arm], wanted: Wanted) -> dict[str, Case]:
    """Return the cases that a chosen arm was asked.

    Raises:
        SpecError: a request stands twice, or the arms were asked nothing in common.
    """
    answered: dict[Arm, dict[str, None]] = {arm: {} for arm in chosen.values()}
    twice: list[Problem] = []
    seen: set[tuple[Arm, str, int]] = set()
    files = {number: file_name(group.file) for group, number in spool.groups.items()}
    other_files = ""
    if len(set(files.values())) > 1:
        other_files = "; if each file is an arm, name them: --baseline FILE --candidate FILE"
    for number, sample in spool.samples():
        arm = chosen.get(number)
        if arm is None:
            continue
        key = (arm, sample.case_id, sample.index)
        if key in seen and len(twice) < SHOWN_PROBLEMS:
            message = (
                f"the {arm} answers request {sample.case_id!r} twice; if these are draws of one "
                f"case, say so: --draws{other_files}"
            )
            twice.append(Problem(Place(files[number]), message))
        seen.add(key)
        answered[arm][sample.case_id] = None
    if twice:
        raise SpecError(twice)
    everything = dict.fromkeys(chain.from_iterable(answered.values()))
    common = set.intersection(*(set(names) for names in answered.values()))
    if not common:
        hint = (
            "" if wanted.by == "input" else "; if they were asked the same, pair them: --by input"
        )
        message = f"the baseline and the candidate have no request in common{hint}"
        raise SpecError.single(Place(next(iter(files.values()))), message)
    kept = common if wanted.common else everything.keys()
    return {name: spool.cases[name] for name in everything if name in kept}


@dataclass(slots=True)
class _Counts:
    """What was written, by arm and by case."""

    samples: Counter[Arm] = field(default_factory=Counter)
    answered: dict[str, set[Arm]] = field(default_factory=dict)

    def passing(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Count samples as they pass by."""
        for sample in samples:
            self.samples[sample.arm] += 1
            self.answered.setdefault(sample.case_id, set()).add(sample.arm)
            yield sample


def write_run(
    run: RunFolder,
    spool: Spool,
    chosen: Mapping[int, Arm],
    known: Mapping[str, Case],
    *,
    origin: Origin,
    outputs: Path | None,
) -> Imported:
    """Write cases, samples, envelope and manifest, and return what was found."""
    content, counts = SetDigest(), _Counts()
    for case in run.keep_cases(known.values()):
        content.add(case_record(case))
    samples = run.keep_samples(counts.passing(_samples(spool, chosen, known)))
    recorded = (_recorded(sample) for sample in samples if sample.arm is Arm.CANDIDATE)
    if outputs is not None:
        write_lines(outputs, recorded)
    for _ in recorded:
        pass
    files = list(dict.fromkeys(group.file for group in spool.groups))
    arms = tuple(dict.fromkeys(chosen.values()))
    run.write_envelope(_document(arms, absolute_name(files[0])))
    run.write_manifest(_manifest(origin, tuple(map(file_name, files)), content.hex()))
    left = Counter[str]()
    for group, number in spool.groups.items():
        if number not in chosen:
            left[group.label] += spool.counts[number]
    return Imported(
        formats=spool.formats,
        requests=spool.counts.total(),
        arms={arm: (", ".join(_names(spool, chosen, arm)), counts.samples[arm]) for arm in arms},
        left_out=left,
        cases=len(known),
        common=sum(1 for found in counts.answered.values() if len(found) == len(arms)),
        unasked=sum(1 for case in known.values() if case.input == ""),
        found=spool.found,
        skipped=0,
        problems=(),
    )


def _samples(
    spool: Spool, chosen: Mapping[int, Arm], known: Mapping[str, Case]
) -> Iterator[Sample]:
    """Yield the samples of the cases that are kept, each with its arm."""
    for number, sample in spool.samples():
        arm = chosen.get(number)
        if arm is not None and sample.case_id in known:
            yield replace(sample, arm=arm)


def _recorded(sample: Sample) -> dict[str, Json]:
    """Return a sample as a recording of one arm has it."""
    record = record_of(sample)
    del record["arm"]
    return record


def _manifest(origin: Origin, files: tuple[str, ...], golden_set: str) -> Manifest:
    return Manifest(
        run=origin.run,
        created=origin.created,
        evalkit=origin.evalkit,
        envelope="imported",
        golden_set=files,
        seed=0,
        lines={},
        digests=Digests(golden_set, "", {}, {}, {}),
        commit=origin.commit,
        versions=origin.versions,
    )


def _names(spool: Spool, chosen: Mapping[int, Arm], arm: Arm) -> list[str]:
    """Return what the logs call an arm: its labels, or its files where they have none."""
    groups = [group for group, number in spool.groups.items() if chosen.get(number) is arm]
    return list(
        dict.fromkeys(
            file_name(group.file) if group.label == NO_LABEL else group.label for group in groups
        )
    )


def _document(arms: Iterable[Arm], path: str) -> Json:
    """Return an envelope of what answered, without a bound: ``judge`` is given one that has some."""
    snapshots: dict[str, Json] = {
        arm.value: {"provider": "replay", "path": path, "arm": arm.value} for arm in arms
    }
    return {"version": 1, "name": "imported", **snapshots, "bounds": []}


def write_lines(path: Path, records: Iterable[Mapping[str, Json]]) -> None:
    """Write a file of JSON lines whole or not at all."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(map(json_line, records))
