"""Logs → a run that ``judge`` takes: cases of what was asked, samples of what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evalkit.core.records import case_record
from evalkit.core.run import Origin
from evalkit.core.traffic import Tolerance
from evalkit.flows.importing.arms import chosen_arms
from evalkit.flows.importing.spool import Spool
from evalkit.flows.importing.things import Imported, Wanted
from evalkit.flows.importing.writing import kept_cases, write_lines, write_run
from evalkit.spec.traffic import NO_MAP, FieldMap
from evalkit.stages.store import RunFolder

__all__ = ["Imported", "Wanted", "import_logs"]


def import_logs(
    files: Sequence[str],
    folder: Path,
    origin: Origin,
    wanted: Wanted,
    *,
    reader: str | None = None,
    mapped: FieldMap = NO_MAP,
    skip_malformed: int = 0,
    cases: Path | None = None,
    outputs: Path | None = None,
) -> Imported:
    """Write a run of the requests in some logs, and return what was found in them.

    Args:
        files: the logs, of one format or of several.
        folder: where the run is kept; removed again if a file turns out to be wrong.
        origin: what the manifest says about the circumstances.
        wanted: what becomes which arm.
        reader: the name of the format, found out where it is not given.
        mapped: where fields stand that the format has elsewhere.
        skip_malformed: how many malformed records are passed over, and counted.
        cases: a golden set to write beside the run.
        outputs: recorded outputs of the candidate alone, to write beside the run.

    Raises:
        SpecError: a log is malformed, or its requests do not make a run.
        UsageError: it cannot be said which arm is which, or a mapped field is found nowhere.
    """
    run = RunFolder.create(folder)
    try:
        tolerance = Tolerance(skip_malformed)
        with Spool(run.path) as spool:
            spool.take(files, reader, mapped, tolerance, wanted)
            spool.check(mapped)
            chosen = chosen_arms(spool, wanted)
            known = kept_cases(spool, chosen, wanted)
            written = write_run(run, spool, chosen, known, origin=origin, outputs=outputs)
        if cases is not None:
            write_lines(cases, (case_record(case) for case in known.values()))
    except BaseException:
        run.discard()
        raise
    return replace(written, skipped=tolerance.count, problems=tuple(tolerance.problems))
