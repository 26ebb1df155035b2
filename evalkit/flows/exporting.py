"""A run folder → the table of its samples."""

from __future__ import annotations

from evalkit.core.export import CASE_COLUMNS, SAMPLE_COLUMNS, Exported
from evalkit.stages.export import exported_rows, score_columns
from evalkit.stages.store import RunFolder


def export_run(run: RunFolder) -> Exported:
    """Return the table of a run; one that was never judged has no scores in it.

    Raises:
        SpecError: its files were changed by hand.
    """
    cases = run.cases()
    scores = score_columns(run.score_lines())
    rows = exported_rows(cases, run.samples(cases), run.score_lines(), scores)
    return Exported((*CASE_COLUMNS, *SAMPLE_COLUMNS, *scores), rows)
