"""A judged run is rendered into its folder and told on standard output."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from evalkit.core.verdict import Verdict

REPORT = "report.html"


def show_run(folder: Path, verdict: Verdict, *, as_json: bool, command: str = "") -> None:
    """Write the HTML report of a run, and print its verdict as a table or as JSON.

    ``command`` is what was typed, where it can be typed again to go on with the run.
    """
    from evalkit.report.html import render_html
    from evalkit.report.pairs import MOST_TEXTS
    from evalkit.report.view import case_text, cases_to_show, view_of
    from evalkit.stages.store import RunFolder, verdict_text

    run = RunFolder.open(folder)
    manifest = run.manifest()
    view = view_of(verdict, manifest)
    shown = cases_to_show(view, most=MOST_TEXTS)
    cases, samples = run.cases(shown), run.first_samples(shown)
    texts = {case_id: case_text(case, samples[case_id]) for case_id, case in cases.items()}
    report = run.write_text(REPORT, render_html(view, texts, manifest))
    try:
        if as_json:
            sys.stdout.write(verdict_text(verdict))
        else:
            from evalkit.cli.world import result_console
            from evalkit.report.terminal import print_verdict

            unfinished = command and (manifest.stopped or manifest.spent)
            print_verdict(
                view,
                result_console(),
                report=str(report),
                command=f"evalkit judge {folder}",
                resume=f"{command} --resume {folder}" if unfinished else "",
            )
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read standard output has seen enough: the exit code is still the verdict's.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
