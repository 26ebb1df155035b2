"""A folder of runs → the estimates of every bound over time, a lineage an envelope."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from evalkit.core.comparison import History, JudgedRun
from evalkit.core.errors import EvalkitError, UsageError, suggestion
from evalkit.stages.contrast import lineage
from evalkit.stages.store import MANIFEST, VERDICT, RunFolder


def history_of(
    folder: Path,
    *,
    envelopes: Collection[str] = (),
    bounds: Collection[str] = (),
    last: int | None = None,
) -> History:
    """Return the judged runs that lie in a folder.

    Args:
        folder: in which every run has a folder of its own.
        envelopes: the envelopes that are wanted; all of them where none is named.
        bounds: the bounds that are wanted; all of them where none is named.
        last: how many runs of each envelope are wanted, the newest.

    Raises:
        UsageError: there is no run in it, or what is wanted is in none of them.
    """
    if (folder / MANIFEST).is_file():
        raise UsageError(f"{folder} is a run; name the folder it lies in, such as {folder.parent}")
    if not folder.is_dir():
        raise UsageError(f"{folder}: expected a folder of runs, found no folder")
    unread: list[str] = []
    dated: list[tuple[datetime, str, JudgedRun]] = []
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            found = _run(RunFolder.open(path))
            dated.append((_moment(found), found.path, found))
        except EvalkitError as error:
            unread.append(str(error).split("\n", 1)[0])
    if not dated:
        told = "".join(f"\n{reason}" for reason in unread)
        raise UsageError(f"{folder}: expected runs that were judged, found none{told}")
    runs: dict[str, list[JudgedRun]] = {}
    for _, _, found in sorted(dated, key=lambda item: item[:2]):
        runs.setdefault(found.verdict.envelope, []).append(found)
    _check("envelope", envelopes, runs)
    wanted = {name: runs[name] for name in sorted(runs) if not envelopes or name in envelopes}
    _check("bound", bounds, _bounds(wanted.values()))
    return History(
        str(folder),
        tuple(
            lineage(name, found, bounds=bounds, last=last)
            for name, found in wanted.items()
            if not bounds or not _bounds([found]).isdisjoint(bounds)
        ),
        tuple(unread),
    )


def _run(folder: RunFolder) -> JudgedRun:
    manifest = folder.manifest()
    if "-aa-" in manifest.run and not (folder.path / VERDICT).is_file():
        raise UsageError(f"{folder.path}: holds answers of evalkit aa, which nobody judges")
    return JudgedRun(str(folder.path), folder.outline(), manifest)


def _moment(run: JudgedRun) -> datetime:
    """Return when a run was made; a time without a zone is taken to be UTC.

    Raises:
        UsageError: the manifest names no time.
    """
    try:
        found = datetime.fromisoformat(run.manifest.created)
    except ValueError:
        raise UsageError(
            f"{run.path}/{MANIFEST}: expected a time in created, found {run.manifest.created!r}"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _bounds(runs: Collection[Sequence[JudgedRun]]) -> set[str]:
    return {bound.name for found in runs for run in found for bound in run.verdict.bounds}


def _check(noun: str, wanted: Collection[str], known: Collection[str]) -> None:
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"{noun} {name!r} is in none of the runs{suggestion(name, sorted(known))}"
            )
