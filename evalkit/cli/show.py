"""A judged run is rendered into its folder, told on standard output, and to the CI system."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.cli.ci import CI, GitHubStep, found_ci
from evalkit.core.verdict import Verdict

if TYPE_CHECKING:
    from evalkit.core.run import ReliedOn
    from evalkit.report.format import Material
    from evalkit.stages.store import RunFolder

REPORT = "report.html"


def show_run(
    folder: Path,
    verdict: Verdict,
    *,
    as_json: bool,
    command: str = "",
    ci: CI | None = None,
    redact: bool | None = None,
) -> None:
    """Write the reports of a run, print its verdict as a table or as JSON, and tell the CI system.

    Args:
        folder: the run.
        verdict: what it came to.
        as_json: print ``verdict.json`` instead of the table.
        command: what was typed, where it can be typed again to go on with the run.
        ci: for whom to write beside the run folder.
        redact: leave out the texts of models and of the golden set, in these reports and in later
            ones; nothing leaves it to the run.
    """
    from evalkit.report.format import Material
    from evalkit.report.text.redacted import without_words
    from evalkit.report.verdict.html import render_html
    from evalkit.report.view import case_text, cases_to_show, view_of
    from evalkit.stages.store import RunFolder

    run = RunFolder.open(folder)
    manifest = run.manifest()
    if redact is not None and redact is not manifest.redacted:
        manifest = replace(manifest, redacted=redact)
        run.write_manifest(manifest)
    view = view_of(without_words(verdict) if manifest.redacted else verdict, manifest)
    shown = cases_to_show(view)
    cases, samples = run.cases(shown), run.first_samples(shown)
    texts = {
        case_id: case_text(case, samples[case_id], redact=manifest.redacted)
        for case_id, case in cases.items()
    }
    report = run.write_text(REPORT, render_html(view, texts, manifest))
    material, place = Material(view, manifest, texts), found_ci(ci)
    written = _write_formats(run, material, place)
    _print(material, folder, report, as_json=as_json, command=command)
    if place is CI.GITHUB:
        files = {"run": folder, "report": report, "summary": folder / "summary.md"}
        GitHubStep(os.environ).tell(material, written["summary"], files)


def show_unchanged(found: ReliedOn, output: Path | None, *, as_json: bool, ci: CI | None) -> None:
    """Say that nothing was run, and which run is relied on, in every output that a run would have.

    Files are written only where somebody named a folder for them: it is no folder of a run.
    """
    from evalkit.cli.world import result_console, until_read
    from evalkit.report.verdict import unchanged
    from evalkit.stages.store import RunFolder

    summary = unchanged.unchanged_markdown(found)
    if output is not None:
        folder = RunFolder.create(output)
        folder.write_text("unchanged.json", unchanged.unchanged_json(found))
        folder.write_text("summary.md", summary)
        folder.write_text("junit.xml", unchanged.unchanged_junit(found))
    with until_read():
        if as_json:
            sys.stdout.write(unchanged.unchanged_json(found))
        else:
            from evalkit.report.verdict.unchanged_terminal import print_unchanged

            print_unchanged(found, result_console())
    if found_ci(ci) is CI.GITHUB:
        GitHubStep(os.environ).tell_unchanged(unchanged.unchanged_outputs(found), summary)


def _write_formats(run: RunFolder, material: Material, place: CI) -> dict[str, str]:
    """Write a file of each format, and return their texts by name."""
    from evalkit.core.errors import PluginError
    from evalkit.report.format import rendered
    from evalkit.stages.store import FILES

    texts = {}
    for made in rendered(material, place, taken={REPORT, *FILES}):
        if isinstance(made, PluginError):
            sys.stderr.write(f"evalkit: {made}\n")
        else:
            run.write_text(made.file, made.text)
            texts[made.name] = made.text
    return texts


def _print(material: Material, folder: Path, report: Path, *, as_json: bool, command: str) -> None:
    from evalkit.cli.world import result_console, until_read
    from evalkit.stages.store import verdict_text

    view, manifest = material.view, material.manifest
    with until_read():
        if as_json:
            sys.stdout.write(verdict_text(view.verdict))
        else:
            from evalkit.report.verdict.terminal import print_verdict

            unfinished = command and (manifest.stopped or manifest.spent or manifest.unasked)
            print_verdict(
                view,
                result_console(),
                report=str(report),
                command=f"evalkit judge {folder}",
                resume=f"{command} --resume {folder}" if unfinished else "",
                texts=material.texts,
            )
