"""``evalkit calibrate``: a scorer beside people, and the labels that correct a bound."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli.options import AsJson

if TYPE_CHECKING:
    from evalkit.core.errors import Problem
    from evalkit.core.labelling import CalibrationReport
    from evalkit.flows.calibrate import Answers

What = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN METRIC | OUTPUTS…",
        help="The folder of a run and one of its metrics; with --scorer recorded outputs.",
    ),
]
Labels = Annotated[
    list[Path] | None,
    typer.Option(
        help="What people say, JSONL or CSV: id, label, sample, arm, rater; again for more."
    ),
]
Label = Annotated[
    str, typer.Option(help="Where the label stands in a line, such as labels.refusal.")
]
Ask = Annotated[
    Path | None,
    typer.Option(
        help="Ask here, answer by answer, for labels that tell most; kept in this file (.jsonl)."
    ),
]
Scorer = Annotated[
    str | None, typer.Option(help="Read recorded outputs with this scorer, without a run.")
]
Golden = Annotated[Path | None, typer.Option(help="With --scorer: the golden set of the outputs.")]
Option = Annotated[
    list[str] | None,
    typer.Option(help="With --scorer: an option of it, key=value (again for more)."),
]
Rater = Annotated[str, typer.Option(help="With --ask: who labels.")]
Most = Annotated[int | None, typer.Option(min=1, help="With --ask: stop after so many labels.")]
Order = Annotated[int, typer.Option(min=0, help="With --ask: decides the order of what is asked.")]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Write the calibration here, for an envelope."),
]


def calibrate(
    what: What,
    labels: Labels = None,
    label: Label = "label",
    ask: Ask = None,
    scorer: Scorer = None,
    golden: Golden = None,
    option: Option = None,
    rater: Rater = "1",
    most: Most = None,
    seed: Order = 0,
    output: Output = None,
    json: AsJson = False,
) -> None:
    """Compare a scorer with people, and write the labels that correct it.

    Labels come from files, or are asked for here: of each group of answers a random part, without
    showing what the scorer says, kept after every answer. What -o writes goes into the envelope,
    metrics: NAME: {scorer: …, calibration: FILE}; its labels speak of these answers only.
    """
    from evalkit.core.errors import UsageError
    from evalkit.flows.calibrate import calibrated, calibration_file, matched, raise_if, said_in

    if scorer is None and (golden is not None or option):
        raise UsageError("--golden and --option are for --scorer; a run has its own")
    answers = _answers(what, scorer, golden, option or [])
    sources: dict[Path, str | None] = dict.fromkeys(labels or ())
    if ask is not None:
        _prepare(ask)
        sources[ask] = None
    elif not sources:
        sources = _labelled_outputs(what, scorer)
    problems: list[Problem] = []
    there = {path: name for path, name in sources.items() if path != ask or path.exists()}
    found = matched(answers, said_in(answers, there, label, problems), problems)
    raise_if(problems)
    skipped = 0
    if ask is not None:
        from evalkit.cli.labelling import Session

        session = Session(answers, found, ask, rater, label, seed)
        session.run(most)
        skipped = len(session.skipped)
    labelling, report = calibrated(answers, found, skipped=skipped)
    written = {} if ask is None else {"labels": str(ask)}
    if output is not None:
        from evalkit.files.writing import write_whole

        write_whole(output, calibration_file(labelling))
        written["file"] = str(output)
    _show(report, written, as_json=json)


def _answers(
    what: list[str], scorer: str | None, golden: Path | None, options: list[str]
) -> Answers:
    from evalkit.cli.world import code_root
    from evalkit.core.errors import UsageError
    from evalkit.flows.calibrate import answers_of_outputs, answers_of_run
    from evalkit.stages.store import RunFolder

    if scorer is not None:
        paths = [Path(name) for name in what]
        return answers_of_outputs(scorer, paths, golden_set=golden, options=options)
    match what:
        case [run, metric]:
            return answers_of_run(RunFolder.open(Path(run)), metric, code_root=code_root())
    raise UsageError(f"expected RUN METRIC, found {' '.join(what)}; for outputs name a --scorer")


def _labelled_outputs(what: list[str], scorer: str | None) -> dict[Path, str | None]:
    """Return recorded outputs as files of labels: people may have labelled them there."""
    from evalkit.core.errors import UsageError
    from evalkit.flows.calibrate import snapshot_name

    if scorer is None:
        raise UsageError("expected labels: name a file with --labels, or label with --ask FILE")
    return {path: snapshot_name(path) for path in map(Path, what)}


def _prepare(log: Path) -> None:
    """See to it that somebody can be asked, and that a file can be gone on with."""
    from evalkit.core.errors import UsageError
    from evalkit.files.writing import cut_to_whole_lines

    if log.suffix != ".jsonl":
        raise UsageError(f"--ask {log}: expected a file of labels to go on with, named .jsonl")
    if not sys.stdin.isatty():
        raise UsageError("--ask asks in a terminal, and this is none; name a file with --labels")
    cut_to_whole_lines(log)


def _show(report: CalibrationReport, written: dict[str, str], *, as_json: bool) -> None:
    from evalkit.cli.world import result_console, until_read

    with until_read():
        if as_json:
            from evalkit.report.calibration.json import calibration_text

            sys.stdout.write(calibration_text(report, written))
        else:
            from evalkit.report.calibration.terminal import print_calibration

            print_calibration(report, written, result_console())
