"""``evalkit shadow``: production logs of both arms against the same envelope."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli.completing import EnvelopeArgument
from evalkit.cli.logs import Format, Map, SkipMalformed, labels
from evalkit.cli.options import Drift, Look, Undecided, VerdictAsJson
from evalkit.core.errors import UsageError
from evalkit.core.model import Arm
from evalkit.core.shadow import Join

if TYPE_CHECKING:
    from evalkit.core.spreading import Executor
    from evalkit.flows.shadow.flow import Told

REPORT, DOCUMENT, GOLDEN = "report.html", "shadow.json", "to-label.jsonl"
CASE_FILES = (".jsonl", ".jsonl.gz")
SECONDS_AN_HOUR = 3600.0

Logs = Annotated[
    list[str],
    typer.Argument(
        metavar="LOGS...",
        help="Files, folders, patterns or URLs; baseline=FILE and candidate=FILE where each arm has its own.",
    ),
]
ArmLabels = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ARM=LABEL",
        help="What the logs call an arm, such as candidate=canary [default: baseline, candidate].",
    ),
]
Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only requests from this time on, in UTC.")
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Only requests before this time.")]
MaxAge = Annotated[
    float | None,
    typer.Option(min=0, metavar="HOURS", help="Do not judge logs that end longer ago (exit 4)."),
]
JoinBy = Annotated[
    Join,
    typer.Option(
        help="Pair requests by id where both arms saw them (auto), although the candidate saw only a "
        "part of them (part), or never (none)."
    ),
]
SkipLabelled = Annotated[
    bool,
    typer.Option(
        "--skip-labelled",
        help="Leave bounds that logs cannot measure to the gate: they are named and decide nothing.",
    ),
]
SampleCases = Annotated[
    int,
    typer.Option(min=0, metavar="N", help="Write N requests as a golden set for people to label."),
]
Jobs = Annotated[
    int | None, typer.Option("-j", "--jobs", min=1, help="Processes [default: all cores].")
]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="tcp://HOST:PORT", help="Work on a Dask cluster (extra scale)."),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="A folder for the report [default: reports/NAME-shadow-TIME-ID]; with --sample-cases a "
        ".jsonl file is the golden set.",
    ),
]


def shadow(
    logs: Logs,
    envelope: EnvelopeArgument,
    arm: ArmLabels = None,
    reader: Format = None,
    mapped: Map = None,
    skip_malformed: SkipMalformed = 0,
    since: Since = None,
    until: Until = None,
    max_age: MaxAge = None,
    join: JoinBy = Join.AUTO,
    skip_labelled: SkipLabelled = False,
    sample_cases: SampleCases = 0,
    inconclusive: Undecided = None,
    drift: Drift = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    output: Output = None,
    json: VerdictAsJson = False,
) -> None:
    """Judge production logs in which both arms are, by the envelope of the gate.

    Bounds that need no label are judged as the gate judges them; the others are named. Shows every
    number by hour and day, and where among the traffic the arms differ most.
    """
    from evalkit.cli.world import code_root, folder_of, origin
    from evalkit.flows.shadow import flow
    from evalkit.spec.envelope import load_envelope
    from evalkit.spec.overrides import Overrides
    from evalkit.spec.traffic import field_map

    root = code_root()
    overrides = Overrides(inconclusive=inconclusive, drift=drift)
    loaded = load_envelope(envelope, overrides=overrides, code_root=root)
    started = origin(f"{loaded.envelope.name}-shadow")
    folder, golden = _places(output, folder_of(started), sample=bool(sample_cases))
    asked = flow.Asked(
        sources=_sources(logs, whole=cluster is not None),
        arms=_arms(arm or ()),
        reader=reader,
        mapped=field_map(mapped or [], metrics=flow.metric_names(loaded)),
        skip_malformed=skip_malformed,
        since=_moment("--since", since),
        until=_moment("--until", until),
        max_age=None if max_age is None else max_age * SECONDS_AN_HOUR,
        join=join,
        skip_labelled=skip_labelled,
        sample=sample_cases,
        golden=golden,
        reads_texts=drift is not Look.OFF,
    )
    told = flow.shadow(
        loaded, asked, _executor(jobs, cluster, logs), started,
        now=time.time(), code_root=root, progress=_progress,
    )  # fmt: skip
    _show(told, folder, as_json=json)
    sys.exit(int(told.shadow.verdict.exit_code))


def _progress(done: int, of: int) -> None:
    """Say on a terminal how far the work is; where standard error is a file nobody waits."""
    if sys.stderr.isatty() and of > 1:
        sys.stderr.write(f"\revalkit: {done:,} of {of:,} parts" + ("\n" if done == of else ""))
        sys.stderr.flush()


def _show(told: Told, folder: Path, *, as_json: bool) -> None:
    """Write the document and the page, and print the one or the table."""
    from evalkit.cli.world import result_console, until_read
    from evalkit.files.writing import write_whole
    from evalkit.report.shadow.json import shadow_text
    from evalkit.report.shadow.page import render_shadow_html
    from evalkit.report.shadow.terminal import print_shadow
    from evalkit.report.shadow.words import shadow_view
    from evalkit.report.view import case_text

    view = shadow_view(told.shadow, told.manifest)
    texts = {name: case_text(case, told.samples[name]) for name, case in told.cases.items()}
    document = shadow_text(told.shadow)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / DOCUMENT, document)
    page = render_shadow_html(told.shadow, view, texts, told.manifest)
    write_whole(folder / REPORT, page)
    with until_read():
        if as_json:
            sys.stdout.write(document)
        else:
            report = str(folder / REPORT)
            print_shadow(told.shadow, view, result_console(), report=report, texts=texts)


# ---------------------------------------------------------------- the command line


def _places(output: Path | None, default: Path, *, sample: bool) -> tuple[Path, Path]:
    """Return the folder of the report and the file of the golden set."""
    if output is None:
        return default, default / GOLDEN
    if output.name.endswith(CASE_FILES):
        if not sample:
            raise UsageError(f"-o {output}: expected a folder; a file holds --sample-cases N")
        if not output.parent.is_dir():
            raise UsageError(f"-o {output}: {output.parent} is no folder")
        return default, output
    if output.exists() and not output.is_dir():
        raise UsageError(f"-o {output}: expected a folder, found a file")
    return output, output / GOLDEN


def _sources(logs: Sequence[str], *, whole: bool) -> list[str | tuple[str, Arm]]:
    """Return the logs, with the arm where one is named before them.

    ``whole`` asks for whole paths: workers elsewhere have other folders that they work in.
    """
    from evalkit.wire.log_files import is_url

    def place(path: str) -> str:
        return str(Path(path).absolute()) if whole and not is_url(path) else path

    found: list[str | tuple[str, Arm]] = []
    for text in logs:
        name, sep, path = text.partition("=")
        if sep and name in tuple(Arm) and not Path(text).exists():
            found.append((place(path), Arm(name)))
        else:
            found.append(place(text))
    return found


def _arms(written: Sequence[str]) -> dict[str, Arm]:
    """Return whose label is which."""
    called = {arm: arm.value for arm in Arm} | dict(labels(written))
    if len(set(called.values())) < len(called):
        raise UsageError(f"--arm: both arms are called {called[Arm.BASELINE]!r}")
    return {label: arm for arm, label in called.items()}


def _moment(option: str, text: str | None) -> float | None:
    """Return a time as seconds since 1970; a day is its beginning."""
    from evalkit.core.records import RecordError
    from evalkit.core.traffic import unix_seconds

    if text is None:
        return None
    try:
        return unix_seconds(f"{text}T00:00:00Z" if len(text) == len("2026-10-01") else text)
    except RecordError:
        raise UsageError(
            f"{option} {text}: expected a time such as 2026-10-01 or 2026-10-01T12:00:00Z"
        ) from None


def _executor(jobs: int | None, cluster: str | None, logs: Sequence[str]) -> Executor:
    """Return who does the work: what is one part anyway is not handed to another process."""
    from evalkit.core.spreading import cores

    if cluster is not None:
        if jobs is not None:
            raise UsageError("-j is for processes on this machine, --cluster has its own workers")
        from evalkit.wire.cluster import DaskCluster

        return DaskCluster(cluster)
    from evalkit.stages.spread import InProcess, Processes

    count = jobs or (1 if len(logs) == 1 and _is_one_part(Path(logs[0])) else cores())
    return InProcess() if count == 1 else Processes(count)


def _is_one_part(path: Path) -> bool:
    return path.is_file() and path.suffix == ".gz"
