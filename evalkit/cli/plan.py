"""``evalkit plan``: what the golden set can show, before a single call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli.completing import EnvelopeArgument
from evalkit.cli.options import OtherBaseline, OtherCandidate, Repeats
from evalkit.core.verdict import ExitCode

Pilot = Annotated[
    Path | None,
    typer.Option(help="A run folder to take noise, cost and time from [default: recordings]."),
]
Assume = Annotated[
    list[str] | None,
    typer.Option(
        help="BOUND=SHARE: the rate an unchanged candidate has; of a delta, the cases that differ."
    ),
]
Aim = Annotated[
    float,
    typer.Option(min=0.5, max=0.999, help="The chance an unchanged candidate should have to pass."),
]
Parallel = Annotated[
    int, typer.Option("-j", "--jobs", min=1, help="Calls at a time, for the time they take.")
]
Curves = Annotated[bool, typer.Option("--curves", help="Show what becomes of every true value.")]
Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Exit 3 when a blocking bound has less than even chances to pass."
    ),
]
Page = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write the plan as an HTML page.")
]
PlanAsJson = Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")]


def plan(
    envelope: EnvelopeArgument,
    pilot: Pilot = None,
    assume: Assume = None,
    candidate: OtherCandidate = None,
    baseline: OtherBaseline = None,
    repeats: Repeats = None,
    aim: Aim = 0.9,
    parallel: Parallel = 16,
    curves: Curves = False,
    check: Check = False,
    output: Page = None,
    json: PlanAsJson = False,
) -> None:
    """Tell what the golden set can show about every bound, before a single call.

    For each bound: whether it can pass at all, how likely an unchanged candidate passes, the shift
    that would be caught, and how many cases it takes. Works with no data, from what is recorded, or
    from an earlier run.
    """
    from evalkit.cli.world import code_root, result_console
    from evalkit.files.writing import write_whole
    from evalkit.flows.plan import Question, plan_gate
    from evalkit.spec.envelope import load_envelope
    from evalkit.spec.overrides import Overrides
    from evalkit.stages.store import RunFolder

    overrides = Overrides(candidate=candidate, baseline=baseline, repeats=repeats)
    loaded = load_envelope(envelope, overrides=overrides, code_root=code_root())
    question = Question(
        assumed=_assumptions(assume or []),
        aim=aim,
        parallel=parallel,
        pilot=None if pilot is None else RunFolder.open(pilot),
    )
    found = plan_gate(loaded, question)
    if output is not None:
        from evalkit.report.plan.html import render_plan_html

        write_whole(output, render_plan_html(found))
    if json:
        from evalkit.report.plan.json import plan_text

        sys.stdout.write(plan_text(found))
    else:
        from evalkit.report.plan.terminal import print_plan

        print_plan(
            found, result_console(), report=None if output is None else str(output), curves=curves
        )
    sys.exit(int(ExitCode.INCONCLUSIVE if check and not found.sound else ExitCode.PASS))


def _assumptions(texts: list[str]) -> dict[str, float]:
    from evalkit.core.errors import UsageError

    found = {}
    for text in texts:
        name, _, value = text.rpartition("=")
        percent = value.endswith("%")
        try:
            share = float(value.removesuffix("%")) / (100 if percent else 1)
        except ValueError:
            share = -1.0
        if not name or not 0 <= share <= 1:
            raise UsageError(f"--assume: expected BOUND=SHARE such as accuracy=92%, found {text!r}")
        found[name] = share
    return found
