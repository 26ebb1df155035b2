"""A calibration file becomes labels: checked against the scorer that it is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from evalkit.core.calibration import Calibration
from evalkit.core.digest import digest
from evalkit.core.envelope import Kind, Support
from evalkit.core.labelling import Labelling, ReadAnswer, ReadSnapshot
from evalkit.core.model import Json
from evalkit.core.ports import ScorerPlugin
from evalkit.spec.document import Document, Trail
from evalkit.spec.problems import Problems
from evalkit.spec.words import Given, Range, Strict

SCHEMA = "evalkit.calibration/1"
PACE = ("prices", "timeout", "concurrency")
"""Of whom a scorer asks: how fast, and for how much, says nothing about him."""

CALIBRATED = (Kind.RATE, Kind.SCORE)
"""The kinds of values that labels can correct."""


class AnswerFile(Strict):
    """One answer that labels were drawn from."""

    id: str
    sample: int = Field(ge=0)
    output: str = Field(pattern="^[0-9a-f]{16}$")
    asked: Given[Annotated[str, Field(pattern="^[0-9a-f]{16}$")]] = None
    value: float
    stratum: int = Field(ge=0)
    labels: dict[str, float] = Field(default_factory=dict)


class AnswersFile(Strict):
    """The answers of one snapshot."""

    name: str = Field(min_length=1)
    requested: Given[str] = None
    served: list[str] = Field(default_factory=list)
    answers: list[AnswerFile]


class CalibrationFile(Strict):
    """What ``evalkit calibrate`` writes."""

    form: Literal["evalkit.calibration/1"] = Field(alias="schema")
    scorer: str
    options: str
    value: str
    kind: Literal["rate", "score"]
    support: Range
    strata: Annotated[list[str], Field(min_length=1)]
    snapshots: Annotated[list[AnswersFile], Field(min_length=1)]


def options_digest(given: Mapping[str, Json]) -> str:
    """Return the digest of what a user tells a scorer, as far as it decides what the scorer says."""
    told = dict(given)
    if isinstance(by := told.get("by"), dict):
        told["by"] = {key: value for key, value in by.items() if key not in PACE}
    return digest(told)[:16]


def calibration_record(labelling: Labelling) -> dict[str, Json]:
    """Return the document of a calibration file."""
    return {
        "schema": SCHEMA,
        "scorer": labelling.scorer,
        "options": labelling.options,
        "value": labelling.value,
        "kind": labelling.kind.value,
        "support": [labelling.support.lower, labelling.support.upper],
        "strata": list(labelling.strata),
        "snapshots": [_snapshot_record(snapshot) for snapshot in labelling.snapshots],
    }


def _snapshot_record(snapshot: ReadSnapshot) -> dict[str, Json]:
    asked: dict[str, Json] = {"requested": snapshot.requested} if snapshot.requested else {}
    answers: list[Json] = [
        {
            "id": read.case_id, "sample": read.index, "output": read.text, "value": read.value,
            "stratum": read.stratum, **({"asked": read.asked} if read.asked else {}),
            **({"labels": dict(read.labels)} if read.labels else {}),
        }
        for read in snapshot.answers
    ]  # fmt: skip
    served: list[Json] = list(snapshot.served)
    return {"name": snapshot.name, **asked, "served": served, "answers": answers}


def calibration_of(
    given: Mapping[str, Json],
    plugin: ScorerPlugin,
    options: Mapping[str, Json],
    problems: Problems,
    trail: Trail,
) -> Calibration | None:
    """Return the labels of a file, or ``None`` after noting why they are none of this scorer.

    Args:
        given: the content of the file.
        plugin: the scorer that its labels should correct.
        options: what the user tells that scorer.
        problems: where problems are noted.
        trail: where the file is named.
    """
    before = len(problems.found)
    file = problems.checked(CalibrationFile, dict(given), trail)
    if file is None:
        return None
    labelling = _labelling(file, problems, trail)
    for key, message in _misfits(labelling, plugin, options):
        problems.add((*trail, key), message)
    if len(problems.found) > before:
        return None
    return labelling.calibration(problems.document.place(trail).file, digest(dict(given)))


def labelling_of(document: Document) -> tuple[Labelling | None, Problems]:
    """Return what a calibration file of its own holds, and what is wrong with it."""
    problems = Problems(document)
    file = problems.checked(CalibrationFile, document.data)
    return (None if file is None else _labelling(file, problems, ())), problems


def _misfits(
    labelling: Labelling, plugin: ScorerPlugin, options: Mapping[str, Json]
) -> list[tuple[str, str]]:
    found = []
    made = f"the labels are of answers as {labelling.scorer} read them, and this is {plugin.id}"
    if labelling.scorer != plugin.id:
        found.append(("scorer", f"{made}; label again with: evalkit calibrate"))
    elif labelling.options != options_digest(options):
        told = f"the labels are of answers as {plugin.id} read them by other options; label again"
        found.append(("options", told))
    names = {value.name: value for value in plugin.values}
    if labelling.value not in names:
        found.append(("value", f"{plugin.id} has no value {labelling.value!r}"))
    elif names[labelling.value].kind is not labelling.kind:
        kind = names[labelling.value].kind
        found.append(("kind", f"{labelling.value} is a {kind}, found {labelling.kind.value}"))
    return found


def _labelling(file: CalibrationFile, problems: Problems, trail: Trail) -> Labelling:
    support = Support(*file.support)
    snapshots: list[ReadSnapshot] = []
    for place, snapshot in enumerate(file.snapshots):
        inside: Trail = (*trail, "snapshots", place)
        if snapshot.name in {each.name for each in snapshots}:
            problems.add((*inside, "name"), f"a second snapshot {snapshot.name!r}")
        answers = _answers(snapshot, file, problems, (*inside, "answers"))
        served = tuple(snapshot.served)
        snapshots.append(ReadSnapshot(snapshot.name, answers, snapshot.requested, served))
    return Labelling(
        scorer=file.scorer,
        options=file.options,
        value=file.value,
        kind=Kind(file.kind),
        support=support,
        strata=tuple(file.strata),
        snapshots=tuple(snapshots),
    )


def _answers(
    snapshot: AnswersFile, file: CalibrationFile, problems: Problems, trail: Trail
) -> tuple[ReadAnswer, ...]:
    low, high = file.support
    seen: set[tuple[str, int]] = set()
    for number, answer in enumerate(snapshot.answers):
        if answer.stratum >= len(file.strata):
            problems.add(
                (*trail, number, "stratum"),
                f"expected one of {len(file.strata)} strata, found {answer.stratum}",
            )
        for number_said in (answer.value, *answer.labels.values()):
            if not low <= number_said <= high:
                problems.add(
                    (*trail, number),
                    f"expected values from {low:g} to {high:g}, found {number_said:g}",
                )
        if (answer.id, answer.sample) in seen:
            problems.add(
                (*trail, number), f"sample {answer.sample} of case {answer.id!r} stands twice"
            )
        seen.add((answer.id, answer.sample))
    return tuple(
        ReadAnswer(
            each.id, each.sample, each.output, each.value, each.stratum, each.labels, each.asked
        )
        for each in snapshot.answers
    )
