"""``evalkit report``: an earlier run is rendered again."""

from __future__ import annotations

from evalkit.cli.ci import Ci
from evalkit.cli.completing import RunArgument
from evalkit.cli.options import RedactFromNowOn, VerdictAsJson
from evalkit.cli.show import show_run


def report(
    run: RunArgument,
    json: VerdictAsJson = False,
    ci: Ci = None,
    redact: RedactFromNowOn = None,
) -> None:
    """Render the reports of an earlier run again.

    Nothing is judged: they show the verdict that the run folder holds.
    """
    from evalkit.stages.store import RunFolder

    show_run(run, RunFolder.open(run).verdict(), as_json=json, ci=ci, redact=redact)
