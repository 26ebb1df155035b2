"""``evalkit diff``: the cases of a run that changed, or what differs between two runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli.completing import RunArgument, runs
from evalkit.cli.options import AsJson

if TYPE_CHECKING:
    from evalkit.flows.diff import Wanted
    from evalkit.stages.store import RunFolder

LIMIT = 20
EVERYTHING = 1 << 62


def diff(
    run: RunArgument,
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN2",
            help="A later run: what differs between both, in place of the cases of one.",
            autocompletion=runs,
        ),
    ] = None,
    bound: Annotated[
        list[str] | None, typer.Option(help="Only what moved for this bound; again for more.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only this kind, such as 'right -> wrong'; again for more."),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only cases with this tag; again for more.")
    ] = None,
    case: Annotated[list[str] | None, typer.Option(help="Only this case; again for more.")] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=0,
            help=f"Show so many with their texts and count the rest [default: {LIMIT}; with --json all].",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Show the cases of a run that changed between its arms, with a word diff of both answers.

    With a second run: which bounds, flips and cases differ between the two, and what of their
    inputs does. Nothing is judged, so whatever is shown, the exit code is 0; files that cannot be
    read end it with 2.
    """
    from evalkit.cli.world import until_read
    from evalkit.flows.diff import Wanted
    from evalkit.stages.store import RunFolder

    kinds = [name.replace("->", "→") for name in kind or ()]
    wanted = Wanted(bound or (), kinds, tag or (), case or ())
    most = (EVERYTHING if json else LIMIT) if limit is None else limit
    with until_read():
        if other is None:
            _one(RunFolder.open(run), wanted, most, as_json=json)
        else:
            _two(RunFolder.open(run), RunFolder.open(other), wanted, most, as_json=json)


def _one(folder: RunFolder, wanted: Wanted, most: int, *, as_json: bool) -> None:
    from evalkit.flows.diff import changed_cases

    run = changed_cases(folder, wanted)
    if as_json:
        from evalkit.report.diff.json import changed_text

        flips = run.verdict.facts.flips[:most]
        ids = {flip.case for flip in flips}
        text = changed_text(run, flips, folder.cases(ids), folder.first_samples(ids))
        sys.stdout.write(text)
        return
    from evalkit.cli.world import result_console
    from evalkit.report.diff.flip_text import flip_groups, limited, shown_cases
    from evalkit.report.diff.terminal import print_changed
    from evalkit.report.view import case_text

    groups = limited(flip_groups(run, run.verdict.facts.flips), most)
    ids = shown_cases(groups)
    cases, samples = folder.cases(ids), folder.first_samples(ids)
    redact = run.manifest.redacted
    texts = {
        name: case_text(found, samples.get(name, {}), redact=redact)
        for name, found in cases.items()
    }
    print_changed(run, groups, texts, result_console())


def _two(first: RunFolder, second: RunFolder, wanted: Wanted, most: int, *, as_json: bool) -> None:
    from evalkit.flows.diff import candidates, runs_beside

    found = runs_beside(first, second, wanted)
    if as_json:
        from evalkit.report.diff.json import two_runs_text

        flips = found.flips[:most]
        ids = {item.flip.case for item in flips}
        sys.stdout.write(two_runs_text(found, flips, *candidates(first, second, ids)))
        return
    from evalkit.cli.world import result_console
    from evalkit.report.diff.flip_text import shown_cases
    from evalkit.report.diff.runs_terminal import groups_beside, print_two_runs
    from evalkit.report.view import case_text

    groups = groups_beside(found, most)
    ids = shown_cases([group for fate in groups for group in groups[fate]])
    cases, samples = candidates(first, second, ids)
    redact = found.first.manifest.redacted or found.second.manifest.redacted
    texts = {name: case_text(asked, samples[name], redact=redact) for name, asked in cases.items()}
    print_two_runs(found, groups, texts, result_console())
