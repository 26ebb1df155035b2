"""``evalkit import``: logs become a run that ``judge`` takes."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli.logs import Format, Map, SkipMalformed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalkit.flows.importing import Imported

SHOWN_PROBLEMS = 5


class By(StrEnum):
    """What makes two requests one case."""

    ID = "id"
    INPUT = "input"


Files = Annotated[
    list[str], typer.Argument(help="Logs, or results of other tools; - is standard input.")
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="The run folder [default: reports/imported-TIME-ID]."),
]
Candidate = Annotated[
    str | None, typer.Option(help="Which arm of the logs, or which file, is the candidate.")
]
Baseline = Annotated[
    str | None, typer.Option(help="Which arm of the logs, or which file, is the baseline.")
]
OneCase = Annotated[
    By, typer.Option(help="What makes two requests one case: their id, or what was asked.")
]
Draws = Annotated[
    bool, typer.Option("--draws", help="Take several answers to a case as its draws.")
]
Common = Annotated[
    bool, typer.Option("--common", help="Keep only the cases that both arms answered.")
]
Cases = Annotated[Path | None, typer.Option(help="Write what was asked as a golden set, too.")]
Outputs = Annotated[
    Path | None, typer.Option(help="Write the candidate's answers as a recording, too.")
]


def import_logs(
    files: Files,
    output: Output = None,
    reader: Format = None,
    where: Map = None,
    candidate: Candidate = None,
    baseline: Baseline = None,
    by: OneCase = By.ID,
    draws: Draws = False,
    common: Common = False,
    skip_malformed: SkipMalformed = 0,
    cases: Cases = None,
    outputs: Outputs = None,
) -> None:
    """Turn logs, or the results of another tool, into a run folder.

    Judge it with: evalkit judge RUN --envelope ENVELOPE. A path in --map is a key, keys with dots
    between them, or a JMESPath expression.
    """
    from evalkit.cli.world import folder_of, origin
    from evalkit.flows.importing import Wanted
    from evalkit.flows.importing import import_logs as imported
    from evalkit.report.text.safe import visible
    from evalkit.spec.traffic import field_map

    started = origin("imported")
    folder = folder_of(started, output)
    found = imported(
        files,
        folder,
        started,
        Wanted(baseline, candidate, by.value, draws=draws, common=common),
        reader=reader,
        mapped=field_map(where or ()),
        skip_malformed=skip_malformed,
        cases=cases,
        outputs=outputs,
    )
    lines = [
        *_lines(found),
        "",
        f"Run     {folder}",
        f"Judge   evalkit judge {folder} --envelope ENVELOPE",
    ]
    sys.stdout.write("\n".join(map(visible, lines)) + "\n")


def _lines(found: Imported) -> Iterator[str]:
    for name, reader in found.formats.items():
        yield f"read {name} as {reader}"
    yield _counted(found.requests, "request")
    for arm, (label, count) in found.arms.items():
        yield f"  {arm.value:<10} {count:>9,}  {label}"
    for label, count in found.left_out.items():
        yield f"  left out   {count:>9,}  {label}"
    both = f", {found.common:,} of them of both arms" if len(found.arms) > 1 else ""
    yield f"{_counted(found.cases, 'case')}{both}"
    if found.unasked:
        yield f"  {found.unasked:,} without what was asked: the log does not hold it"
    told = {name: _share(count, found.requests) for name, count in found.found.items()}
    silent = [name for name in _USUAL if name not in told]
    shares = dict.fromkeys(sorted(told.values(), key=_descending))
    for share in shares:
        yield f"{share} tell {', '.join(name for name, own in told.items() if own == share)}"
    if silent:
        yield f"none tell {', '.join(silent)}"
    if found.skipped:
        yield f"passed over {_counted(found.skipped, 'malformed record')}, the first of them"
        yield from (f"  {problem}" for problem in found.problems[:SHOWN_PROBLEMS])


_USUAL = ("output", "input", "latency_ms", "input_tokens", "output_tokens", "cost_usd", "model")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _share(count: int, total: int) -> str:
    """Return a share; all and not all look different, whatever the number."""
    if count == total:
        return "all"
    return f"{min(max(count / total, 0.001), 0.999):.1%}".replace("%", " %")


def _descending(share: str) -> float:
    return -100.0 if share == "all" else -float(share.removesuffix(" %"))
