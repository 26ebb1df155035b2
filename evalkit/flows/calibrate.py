"""Scored answers + what people say of them → a calibration, and what it shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from evalkit.core.calibration import asked_digest, text_digest
from evalkit.core.envelope import Instrument, Kind, Metric
from evalkit.core.errors import Place, Problem, SpecError, UsageError, suggestion
from evalkit.core.labelling import CalibrationReport, Labelling, ReadSnapshot
from evalkit.core.model import Arm, Case, Json, Sample, ScoredSample
from evalkit.core.ports import ScorerPlugin, Value
from evalkit.core.registry import SCORERS
from evalkit.files.json_text import json_line
from evalkit.flows.inputs import cases_of_run
from evalkit.flows.judgements import answers_of
from evalkit.flows.score import cases_for, scored_outputs
from evalkit.spec.calibrations import CALIBRATED, calibration_record, options_digest
from evalkit.spec.document import parse_yaml, read_document
from evalkit.spec.envelope import LoadedEnvelope, envelope_of
from evalkit.spec.labels import LabelReader, Said
from evalkit.stages.calibrate.drawing import AnswerName, Frame, Scored, frame_of, read_answers
from evalkit.stages.calibrate.worth import worth
from evalkit.stages.score import score
from evalkit.stages.store import RunFolder

NO_OPTIONS = ("scorer", "range", "calibration")
"""The keys of a metric that are not the scorer's."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers that a scorer has read, by snapshot, and how they are drawn to be labelled."""

    name: str
    scorer: ScorerPlugin
    value: Value
    options: str
    cases: Mapping[str, Case]
    scored: tuple[Scored, ...]
    snapshots: Mapping[str, str | None]
    served: Mapping[str, tuple[str, ...]]
    criteria: str = ""

    @property
    def compares(self) -> bool:
        """Whether people are asked which of two answers is better."""
        return self.scorer.remote is not None and self.scorer.remote.compares

    @property
    def frame(self) -> Frame:
        """The strata of the answers."""
        return frame_of(self.scored, self.value.kind, self.value.natural_support)


def answers_of_run(run: RunFolder, metric: str, *, code_root: Path) -> Answers:
    """Return the answers of a run, as the instrument behind a metric reads them.

    Raises:
        UsageError: the run has no such metric, or labels cannot correct it.
        SpecError: a file of the run was changed by hand.
    """
    loaded = _without_calibrations(run, code_root)
    found = _metric(loaded, metric)
    plugin = loaded.plugins[found.instrument]
    value = next(each for each in plugin.values if each.name == found.value)
    _check(metric, value)
    cases = cases_of_run(run)
    return _answers(
        metric,
        _scored_of_run(run, loaded, found, cases),
        plugin=plugin,
        value=value,
        options=_told(loaded, found),
        cases=cases,
        snapshots={arm.value: part.model for arm, part in loaded.envelope.snapshots.items()},
        criteria=_criteria(plugin, loaded, found.instrument),
    )


def answers_of_outputs(
    scorer: str, outputs: Sequence[Path], *, golden_set: Path | None, options: Sequence[str]
) -> Answers:
    """Return recorded answers, each file those of a snapshot, as a scorer reads them.

    Raises:
        UsageError: two files have one name, an option is wrong, or labels cannot correct the scorer.
        SpecError: a file is wrong.
    """
    head, dot, name = scorer.partition(".") if not scorer.endswith(".py") else (scorer, "", "")
    plugin = SCORERS.get(head)
    if plugin.remote is not None:
        raise UsageError(f"{scorer} asks somebody; calibrate the run in which it was asked")
    known = {value.name: value for value in plugin.values}
    if dot and name not in known:
        hint = suggestion(name, list(known))
        raise UsageError(f"{head} has no value {name!r}{hint} (known: {', '.join(known)})")
    value = known[name] if dot else plugin.values[0]
    _check(scorer, value)
    cases = cases_for(plugin, golden_set)
    scored: list[Read] = []
    snapshots: dict[str, str | None] = {}
    place = [each.name for each in plugin.values].index(value.name)
    for path in outputs:
        snapshot = snapshot_name(path)
        if snapshot in snapshots:
            raise UsageError(f"{path}: a second file called {snapshot}; give it another name")
        snapshots[snapshot] = None
        own = dict(cases)
        for item in scored_outputs(plugin, head, path, own, options):
            found = item.scores[head].values[place]
            if isinstance(found, float):
                scored.append((snapshot, found, item, None))
    return _answers(
        scorer,
        scored,
        plugin=plugin,
        value=value,
        options=options_digest(_pairs(options)),
        cases=cases,
        snapshots=snapshots,
    )


Read: TypeAlias = tuple[str, float, ScoredSample, Sample | None]
"""A snapshot, a value, the sample that has it, and the one it was compared with, if with any."""


def _answers(
    name: str,
    scored: Iterable[Read],
    *,
    plugin: ScorerPlugin,
    value: Value,
    options: str,
    cases: Mapping[str, Case],
    snapshots: Mapping[str, str | None],
    criteria: str = "",
) -> Answers:
    found, served = [], dict[str, set[str]]()
    for snapshot, number, item, beside in scored:
        case = cases.get(item.sample.case_id)
        asked = None if case is None else asked_digest(case, beside)
        found.append(Scored(snapshot, item.sample, text_digest(item.sample), number, asked, beside))
        models = served.setdefault(snapshot, set())
        if item.sample.model is not None:
            models.add(item.sample.model)
    if not found:
        raise UsageError(f"{name}: no answer has a value that people could be asked about")
    there = {each: tuple(sorted(models)) for each, models in served.items()}
    return Answers(
        name, plugin, value, options, cases, tuple(found), dict(snapshots), there, criteria
    )


# ---------------------------------------------------------------- labels


Labels = dict[AnswerName, dict[str, float]]
"""What each rater says of each answer."""


def matched(answers: Answers, said: Iterable[Said], problems: list[Problem]) -> Labels:
    """Return the labels by answer; what fits to no answer is noted.

    Args:
        answers: those of the run.
        said: what people say, in the order they said it.
        problems: where problems are noted.
    """
    known = {each.key: each for each in answers.scored}
    places: dict[tuple[AnswerName, str], tuple[float, Place]] = {}
    for item in said:
        found = _fitting(answers, known, item)
        if isinstance(found, str):
            problems.append(Problem(item.place, found))
            continue
        for key in found:
            before = places.get((key, item.rater))
            if item.value is None:
                places.pop((key, item.rater), None)
            elif before is not None and before[0] != item.value:
                problems.append(Problem(item.place, _contradiction(item, before)))
            else:
                places[key, item.rater] = item.value, item.place
    labels: Labels = {}
    for (key, rater), (value, _) in places.items():
        labels.setdefault(key, {})[rater] = value
    return labels


def _contradiction(item: Said, before: tuple[float, Place]) -> str:
    return (
        f"case {item.case_id!r} is labelled {item.value:g} here and {before[0]:g} in line "
        f"{before[1].line}, by rater {item.rater!r} both times; name another rater:, or leave one out"
    )


def _fitting(
    answers: Answers, known: Mapping[AnswerName, Scored], item: Said
) -> list[AnswerName] | str:
    """Return the answers that a label is about, or why there are none."""
    names = [name for name in answers.snapshots if name in answers.served]
    if item.drawn_by is not None and item.drawn_by != answers.scorer.id:
        return (
            f"the label was drawn by what {item.drawn_by} said, and this is {answers.scorer.id}: the "
            "labels are no random part of its strata any more; label again"
        )
    if item.snapshot is not None and item.snapshot not in names:
        hint = suggestion(item.snapshot, names)
        return f"expected arm to be one of {', '.join(names)}, found {item.snapshot!r}{hint}"
    if item.snapshot is None and item.text is None and len(names) > 1:
        return f"expected arm, one of {', '.join(names)}: a label is about one answer"
    wanted = names if item.snapshot is None else [item.snapshot]
    keys = [(name, item.case_id, item.index) for name in wanted]
    there = [key for key in keys if key in known]
    if not there:
        return (
            f"sample {item.index} of case {item.case_id!r} is none of the answers that were scored"
        )
    same = [key for key in there if item.text is None or known[key].sample.output == item.text]
    return (
        same
        or f"case {item.case_id!r} was answered otherwise; a label never speaks of other answers"
    )


def calibrated(
    answers: Answers, labels: Labels, *, skipped: int = 0
) -> tuple[Labelling, CalibrationReport]:
    """Return the calibration that labels make, and what it shows.

    Raises:
        UsageError: there is no label.
    """
    if not labels:
        raise UsageError(
            "no answer has a label; there is nothing to calibrate with. --label names another place of "
            "it in a line, such as labels.refusal"
        )
    frame = answers.frame
    read = read_answers(frame, answers.scored, labels)
    labelling = Labelling(
        scorer=answers.scorer.id,
        options=answers.options,
        value=answers.value.name,
        kind=answers.value.kind,
        support=answers.value.natural_support,
        strata=frame.strata,
        snapshots=tuple(
            ReadSnapshot(name, read[name], asked, answers.served[name])
            for name, asked in answers.snapshots.items()
            if name in read
        ),
    )
    clusters = {name: case.cluster for name, case in answers.cases.items()}
    return labelling, worth(labelling, clusters, skipped=skipped)


# ---------------------------------------------------------------- parts


def _without_calibrations(run: RunFolder, code_root: Path) -> LoadedEnvelope:
    """Return the envelope of a run without the labels it was judged with: they may be outdated."""
    document = read_document(run.envelope_path)
    if isinstance(data := document.data, dict) and isinstance(metrics := data.get("metrics"), dict):
        bare: dict[str, Json] = {
            name: {key: value for key, value in given.items() if key != "calibration"}
            if isinstance(given, dict)
            else given
            for name, given in metrics.items()
        }
        document = replace(document, data={**data, "metrics": bare})
    return envelope_of(document, run.envelope_path, code_root=code_root)


def _metric(loaded: LoadedEnvelope, name: str) -> Metric:
    envelope = loaded.envelope
    there = [*(bound.metric for bound in envelope.bounds), *envelope.metrics]
    known = {metric.name: metric for metric in there}
    if name not in known:
        hint = suggestion(name, list(known))
        raise UsageError(f"{name}: the run has no such metric{hint} (known: {', '.join(known)})")
    return known[name]


def _check(name: str, value: Value) -> None:
    if value.kind not in CALIBRATED:
        article = "an" if value.kind is Kind.AMOUNT else "a"
        raise UsageError(
            f"{name} is {article} {value.kind}; labels of people correct rates and scores"
        )
    if value.of_asking:
        raise UsageError(
            f"{name} is about whoever was asked, not about the answers; no person could say otherwise"
        )


def _criteria(plugin: ScorerPlugin, loaded: LoadedEnvelope, name: str) -> str:
    """Return what people have to read who are asked what a scorer asks; nothing where it asks nobody."""
    if plugin.remote is None or plugin.remote.criteria is None:
        return ""
    own = next(item for item in loaded.envelope.instruments if item.name == name)
    return plugin.remote.criteria(own.options[Arm.CANDIDATE])


def _scored_of_run(
    run: RunFolder, loaded: LoadedEnvelope, metric: Metric, cases: Mapping[str, Case]
) -> Iterator[Read]:
    envelope, name = loaded.envelope, metric.instrument
    instruments: tuple[Instrument, ...] = tuple(
        item for item in envelope.instruments if item.name == name
    )
    narrowed = replace(
        envelope,
        bounds=tuple(bound for bound in envelope.bounds if bound.metric.instrument == name),
        metrics=tuple(each for each in envelope.metrics if each.instrument == name),
        instruments=instruments,
    )
    plugin = loaded.plugins[name]
    place = [value.name for value in plugin.values].index(metric.value)
    with answers_of(run, loaded) as answers:
        for item in score(run.samples(cases), cases, narrowed, {name: plugin}, answers):
            there = item.scores.get(name)
            found = None if there is None else there.values[place]
            if there is not None and isinstance(found, float):
                yield item.sample.arm.value, found, item, there.beside


def _told(loaded: LoadedEnvelope, metric: Metric) -> str:
    """Return the digest of what the envelope tells a scorer."""
    data = loaded.document
    metrics = data.get("metrics") if isinstance(data, dict) else None
    given = metrics.get(metric.instrument) if isinstance(metrics, dict) else None
    own = given if isinstance(given, dict) else {}
    return options_digest({key: value for key, value in own.items() if key not in NO_OPTIONS})


def _pairs(options: Sequence[str]) -> dict[str, Json]:
    """Return options of a command line as an envelope would have them."""
    split = (pair.partition("=") for pair in options)
    return {key: parse_yaml(text, f"--option {key}").data for key, _, text in split}


def raise_if(problems: Sequence[Problem]) -> None:
    """Raise all problems of the files, where there are any."""
    if problems:
        raise SpecError(problems)


def said_in(
    answers: Answers, sources: Mapping[Path, str | None], key: str, problems: list[Problem]
) -> Iterator[Said]:
    """Yield what files say of answers.

    Args:
        answers: those that are labelled.
        sources: the files, and of those that are about one snapshot its name.
        key: where a label stands in a line.
        problems: where problems are noted.
    """
    value = answers.value
    reader = LabelReader(value.kind, value.natural_support, key, problems)
    for path, snapshot in sources.items():
        yield from reader.labels(path, snapshot=snapshot)


def snapshot_name(path: Path) -> str:
    """Return what the snapshot behind a recording is called."""
    return path.name.removesuffix(".gz").removesuffix(".jsonl")


def calibration_file(labelling: Labelling) -> str:
    """Return the text of a calibration file: an answer a line."""
    record = calibration_record(labelling)
    snapshots = record.pop("snapshots")
    assert isinstance(snapshots, list)
    head = json_line(record).rstrip().removesuffix("}")
    parts = [_snapshot_text(snapshot) for snapshot in snapshots]
    return f'{head},"snapshots":[\n' + ",\n".join(parts) + "\n]}\n"


def _snapshot_text(snapshot: Json) -> str:
    assert isinstance(snapshot, dict)
    answers = snapshot.pop("answers")
    assert isinstance(answers, list)
    head = json_line(snapshot).rstrip().removesuffix("}")
    lines = ",\n".join(json_line(answer).rstrip() for answer in answers)
    return f'{head},"answers":[\n{lines}\n]}}'
